//! Where a form comes back to. It arrives from outside, so it may only name a page of this portal.

use serde::{Deserialize, Deserializer};

/// Path and query of a page of this portal; the overview for anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnPath(String);

/// Pages a form may come back to.
const PAGES: [&str; 1] = ["/items"];

impl ReturnPath {
    pub(crate) fn parse(text: &str) -> Self {
        let is_page =
            |page: &str| text.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'));
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain && PAGES.into_iter().any(is_page) { Self(text.to_owned()) } else { Self::default() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnPath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl<'de> Deserialize<'de> for ReturnPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_portal_are_returned_to() {
        assert_eq!(
            ReturnPath::parse("/items?server=1&item=z1%2Fs1").as_str(),
            "/items?server=1&item=z1%2Fs1"
        );
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/itemsx",
            "/logout",
            "/items\r\nx",
            "/items/../x",
        ] {
            assert_eq!(ReturnPath::parse(elsewhere).as_str(), "/", "{elsewhere}");
        }
    }
}
