use sha2::{Digest, Sha256};

/// What a browser holds: 256 random bits. The store knows only their hash, so a stolen database opens no
/// session.
#[derive(Clone)]
pub(crate) struct SessionToken([u8; 32]);

impl SessionToken {
    /// A new one, from the randomness of the operating system.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The token with this text; `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The text in the cookie.
    pub(crate) fn text(&self) -> String {
        hex::encode(self.0)
    }

    /// What the store finds the session by.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The token that forms of this session carry. It says nothing about the cookie's.
    pub(crate) fn csrf(&self) -> String {
        let mut hash = Sha256::new_with_prefix(b"riser form token 1\0");
        hash.update(self.0);
        hex::encode(hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_cookie_and_shares_nothing_with_what_is_stored_or_sent() {
        let token = SessionToken::random().unwrap();
        let back = SessionToken::parse(&token.text()).unwrap();
        assert_eq!(back.hash(), token.hash());
        assert_ne!(hex::encode(token.hash()), token.text());
        assert_ne!(token.csrf(), token.text());
        assert_ne!(token.csrf(), hex::encode(token.hash()));
        assert_ne!(SessionToken::random().unwrap().text(), token.text());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "abc", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            assert!(SessionToken::parse(text).is_none(), "{text}");
        }
    }
}
