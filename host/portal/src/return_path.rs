//! The address to which a form returns. It comes from the browser, so it may only name a page of this portal.

use axum::http::header::REFERER;
use axum::http::{HeaderMap, Method, Uri};
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;

use crate::guard::requested_host;
use crate::page_layout::MenuEntry;

/// Path and query of a page of the menu, or of one below it; the overview for anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnPath {
    address: String,
    page: MenuEntry,
}

impl ReturnPath {
    pub(crate) fn parse(text: &str) -> Self {
        let path = text.split('?').next().unwrap_or_default();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
            && !path.split('/').any(|segment| matches!(segment, "." | ".."));
        match MenuEntry::of_path(path) {
            Some(page) if is_plain => Self { address: text.to_owned(), page },
            _ => Self::default(),
        }
    }

    /// Returns the page to which a person returns who has to sign in for this request: the page itself, or for a form
    /// the page that contains it.
    pub(crate) fn of_request(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        if matches!(*method, Method::GET | Method::HEAD) {
            return Self::parse(uri.path_and_query().map_or("/", |address| address.as_str()));
        }
        let referer = headers.get(REFERER).and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
        let own = referer.filter(|page| {
            page.authority().map(axum::http::uri::Authority::as_str) == requested_host(headers)
        });
        own.and_then(|page| Some(Self::parse(page.path_and_query()?.as_str()))).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.address
    }

    pub(crate) fn page(&self) -> MenuEntry {
        self.page
    }

    /// Returns the address of the login page that leads back here.
    pub(crate) fn login_address(&self) -> String {
        if *self == Self::default() {
            return "/login".to_owned();
        }
        format!(
            "/login?next={}",
            form_urlencoded::byte_serialize(self.address.as_bytes()).collect::<String>()
        )
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
        assert_eq!(ReturnPath::parse("/items/1/history").as_str(), "/items/1/history");
        assert_eq!(items.login_address(), "/login?next=%2Fitems%3Fserver%3D1%26item%3Dz1%252Fs1");
        assert_eq!(ReturnPath::default().login_address(), "/login");
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
            "/items/./x",
            "/items\\x",
            "/items#x",
            "/static/riser.js",
        ] {
            assert_eq!(ReturnPath::parse(other), ReturnPath::default(), "{other}");
        }
    }

    #[test]
    fn a_form_returns_to_its_own_page_of_this_site() {
        let of = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "riser.example:8082".parse().unwrap());
            headers.insert("referer", referer.parse().unwrap());
            let uri = "/processors/1/run".parse().unwrap();
            ReturnPath::of_request(&Method::POST, &uri, &headers).address
        };
        assert_eq!(of("http://riser.example:8082/items?server=1"), "/items?server=1");
        assert_eq!(of("http://evil.example/items?server=1"), "/");
        assert_eq!(of("nonsense"), "/");
    }
}
