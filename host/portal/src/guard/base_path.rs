use std::fmt;
use std::str::FromStr;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, REFERER, SET_COOKIE};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// The attributes of pages that contain addresses.
const ADDRESS_ATTRIBUTES: [&str; 7] =
    ["href", "src", "action", "data-events", "data-chart", "hx-get", "hx-post"];

/// The path under which a reverse proxy shows the portal, such as `/riser`; empty for the root.
///
/// Handlers and templates know only addresses from the root. This type removes the path from requests, whether the proxy
/// has done so already or not, and puts it in front of the addresses in responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(String);

/// A text that is not a base path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a path of letters, digits and -._~ such as /riser")]
pub struct NotABasePath;

impl FromStr for BasePath {
    type Err = NotABasePath;

    fn from_str(text: &str) -> Result<Self, NotABasePath> {
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Ok(Self::default());
        }
        let parts = text.strip_prefix('/').ok_or(NotABasePath)?;
        let is_plain = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
                && !matches!(part, "" | "." | "..")
        };
        if parts.split('/').all(is_plain) { Ok(Self(text.to_owned())) } else { Err(NotABasePath) }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BasePath {
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the path in front of the addresses in HTML. Text from outside contains no quotation marks in HTML, so it is
    /// not changed.
    pub(crate) fn in_html(&self, html: String) -> String {
        if self.is_root() {
            return html;
        }
        ADDRESS_ATTRIBUTES.iter().fold(html, |html, attribute| {
            html.replace(&format!(" {attribute}=\"/"), &format!(" {attribute}=\"{}/", self.0))
        })
    }

    /// Removes the path from the address of a request, and from the page it comes from.
    pub(crate) fn strip(&self, request: &mut Request) {
        if self.is_root() {
            return;
        }
        if let Some(uri) = self.stripped(request.uri()) {
            *request.uri_mut() = uri;
        }
        let referer =
            request.headers().get(REFERER).and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
        if let Some(page) = referer.and_then(|page| self.stripped(&page))
            && let Ok(page) = HeaderValue::from_str(&page.to_string())
        {
            request.headers_mut().insert(REFERER, page);
        }
    }

    fn stripped(&self, uri: &Uri) -> Option<Uri> {
        let address = uri.path_and_query()?.as_str();
        let rest = address.strip_prefix(&self.0)?;
        let address = match rest.bytes().next() {
            Some(b'/') => rest.to_owned(),
            None | Some(b'?') => format!("/{rest}"),
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(address).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Puts the path in front of the addresses in a response.
    pub(crate) async fn apply(&self, response: Response) -> Response {
        if self.is_root() {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        self.apply_to_headers(&mut parts.headers);
        let is_html =
            parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if !is_html {
            return Response::from_parts(parts, body);
        }
        // Pages are in memory already.
        let Ok(html) = to_bytes(body, usize::MAX).await else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let html = self.in_html(String::from_utf8_lossy(&html).into_owned());
        parts.headers.remove(CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(html))
    }

    fn apply_to_headers(&self, headers: &mut HeaderMap) {
        let own_page = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let own_page = own_page.filter(|page| page.starts_with('/') && !page.starts_with("//"));
        if let Some(location) = own_page.and_then(|page| HeaderValue::from_str(&format!("{self}{page}")).ok())
        {
            headers.insert(LOCATION, location);
        }
        let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        for cookie in cookies {
            let text = cookie.to_str().unwrap_or_default().replace("; Path=/", &format!("; Path={self}/"));
            // Browsers accept the prefix `__Host-` with the path `/` only.
            let text = if cookie.as_bytes().starts_with(b"__Host-") { None } else { text.parse().ok() };
            headers.append(SET_COOKIE, text.unwrap_or(cookie));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;
    use crate::testing::examples::all;

    fn base() -> BasePath {
        "/riser/".parse().unwrap()
    }

    #[test]
    fn a_base_path_is_plain_and_may_end_with_a_slash() {
        assert_eq!(base(), BasePath("/riser".to_owned()));
        assert!("/".parse::<BasePath>().unwrap().is_root());
        for wrong in ["riser", "//", "/a//b", "/../x", "/a b", "/a\"", "/ä", "https://x.example/riser"] {
            assert_eq!(wrong.parse::<BasePath>(), Err(NotABasePath), "{wrong}");
        }
    }

    #[test]
    fn requests_lose_the_path_whether_the_proxy_removed_it_or_not() {
        let strip = |address: &str| {
            let mut request = Request::get(address).body(Body::empty()).unwrap();
            request.headers_mut().insert(REFERER, "http://x.example/riser/items?a=1".parse().unwrap());
            base().strip(&mut request);
            assert_eq!(request.headers()[REFERER], "http://x.example/items?a=1");
            request.uri().to_string()
        };
        assert_eq!(strip("/riser/items?a=1"), "/items?a=1");
        assert_eq!(strip("/items?a=1"), "/items?a=1");
        assert_eq!(strip("/riser"), "/");
        assert_eq!(strip("/riser?a"), "/?a");
        assert_eq!(strip("/riserx"), "/riserx");
    }

    /// Fails when a page has an attribute with an address that is not in the list, or a listed attribute without an address.
    #[test]
    fn all_addresses_in_all_pages_get_the_path() {
        for (name, html) in all() {
            let html = base().in_html(html);
            for (at, _) in html.match_indices("=\"/") {
                let attribute = html[..at].rsplit(' ').next().unwrap();
                let value = html[at + 2..].split('"').next().unwrap();
                let is_text = matches!(attribute, "value" | "data-copy" | "aria-keyshortcuts");
                assert!(is_text || value.starts_with("/riser/"), "{name}: {attribute}={value}");
            }
            assert!(!html.contains(HOSTILE), "{name}");
        }
    }

    #[tokio::test]
    async fn redirects_and_cookies_get_the_path() {
        let response = Response::builder()
            .header(LOCATION, "/login?next=%2Fitems")
            .header(SET_COOKIE, "riser-8082=x; HttpOnly; Path=/; SameSite=Strict")
            .header(SET_COOKIE, "__Host-riser-8082=x; Path=/; Secure");
        let response = base().apply(response.body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()[LOCATION], "/riser/login?next=%2Fitems");
        let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies[0], "riser-8082=x; HttpOnly; Path=/riser/; SameSite=Strict");
        assert_eq!(cookies[1], "__Host-riser-8082=x; Path=/; Secure");
        let elsewhere = Response::builder().header(LOCATION, "https://x.example/").body(Body::empty());
        assert_eq!(base().apply(elsewhere.unwrap()).await.headers()[LOCATION], "https://x.example/");
    }
}
