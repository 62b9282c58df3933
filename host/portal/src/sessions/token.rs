use sha2::{Digest, Sha256};

/// The secret of a session: 256 random bits in the browser's cookie. The store holds only the hash, so a stolen
/// database opens no session.
#[derive(Clone)]
pub(crate) struct SessionToken([u8; 32]);

impl SessionToken {
    /// Creates a token from the randomness of the operating system.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Parses the text of a cookie.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Returns the text for the cookie.
    pub(crate) fn text(&self) -> String {
        hex::encode(self.0)
    }

    /// Returns the hash under which the store keeps the session.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// Returns the token for the forms of this session. It does not reveal the cookie's token.
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
    fn a_token_survives_the_cookie_and_differs_from_its_hash_and_form_token() {
        let token = SessionToken::random().unwrap();
        let back = SessionToken::parse(&token.text()).unwrap();
        assert_eq!(back.hash(), token.hash());
        assert_ne!(hex::encode(token.hash()), token.text());
        assert_ne!(token.csrf(), token.text());
        assert_ne!(token.csrf(), hex::encode(token.hash()));
        assert_ne!(SessionToken::random().unwrap().text(), token.text());
    }

    #[test]
    fn text_that_is_not_a_token_is_refused() {
        for text in ["", "abc", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            assert!(SessionToken::parse(text).is_none(), "{text}");
        }
    }
}
