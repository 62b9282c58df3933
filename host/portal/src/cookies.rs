//! Reading cookies.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// The value of the first cookie with this name.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("ab=1; b=2;c"));
        headers.append(COOKIE, HeaderValue::from_static("d=3=4"));
        assert_eq!(find(&headers, "b"), Some("2"));
        assert_eq!(find(&headers, "d"), Some("3=4"));
        assert_eq!(find(&headers, "c"), None);
    }
}
