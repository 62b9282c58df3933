//! The address to which a form returns. It comes from the browser, so it may only name a page of this portal.

use serde::{Deserialize, Deserializer};

use crate::page_layout::MenuEntry;

/// Path and query of a page in the menu; the overview for anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnPath {
    address: String,
    page: MenuEntry,
}

impl ReturnPath {
    pub(crate) fn parse(text: &str) -> Self {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_at = |page: &MenuEntry| {
            text.strip_prefix(page.href()).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
        };
        match MenuEntry::ALL.into_iter().find(is_at) {
            Some(page) if is_plain => Self { address: text.to_owned(), page },
            _ => Self::default(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.address
    }

    pub(crate) fn page(&self) -> MenuEntry {
        self.page
    }
}

impl Default for ReturnPath {
    fn default() -> Self {
        let page = MenuEntry::default();
        Self { address: page.href().to_owned(), page }
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
    fn a_page_of_the_portal_is_kept_with_its_query() {
        let items = ReturnPath::parse("/items?server=1&item=z1%2Fs1");
        assert_eq!((items.as_str(), items.page()), ("/items?server=1&item=z1%2Fs1", MenuEntry::Items));
        assert_eq!(ReturnPath::parse("/").page(), MenuEntry::Overview);
    }

    #[test]
    fn any_other_address_becomes_the_overview() {
        for other in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/itemsx",
            "/logout",
            "/items\r\nx",
            "/items/../x",
        ] {
            assert_eq!(ReturnPath::parse(other), ReturnPath::default(), "{other}");
        }
    }
}
