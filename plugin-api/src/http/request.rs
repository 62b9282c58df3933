use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use reqwest::Method;

/// A request, relative to the client's base address. Its headers, its query and its body may contain secrets, so
/// `Debug` shows none of them.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path below the base address, with its query.
    pub path: String,
    /// Headers, each a name and a value, besides those of the client and the body.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<RequestBody>,
}

/// The body of a request and its type.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestBody {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub content: String,
}

impl Request {
    /// Returns a request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// Returns a GET request.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Returns a request with any method and a JSON body.
    pub fn with_json(method: Method, path: impl Into<String>, body: impl Into<String>) -> Self {
        Self::new(method, path).json(body)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<String>) -> Self {
        self.body = Some(RequestBody { content_type: "application/json", content: body.into() });
        self
    }

    /// Sets the body of a form: `application/x-www-form-urlencoded`, as OAuth 2 requires it.
    #[must_use]
    pub fn form<'f>(mut self, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.body =
            Some(RequestBody { content_type: "application/x-www-form-urlencoded", content: form.finish() });
        self
    }

    /// Adds a bearer token.
    #[must_use]
    pub fn bearer(self, token: impl fmt::Display) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Adds login and password by HTTP Basic (RFC 7617), in UTF-8.
    #[must_use]
    pub fn basic(self, login: &str, password: &str) -> Self {
        let credentials = BASE64.encode(format!("{login}:{password}"));
        self.header("Authorization", format!("Basic {credentials}"))
    }

    /// Adds a header, such as an API key or a cookie. A request with a name or a value that HTTP does not allow
    /// fails when it is sent.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter to the query of the path, escaped.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(name, value);
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.path.push(separator);
        self.path.push_str(&query.finish());
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{} {path}", self.method)
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.content_type, self.content.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(request: &Request) -> (&str, &str) {
        let (name, value) = request.headers.last().unwrap();
        (name, value)
    }

    #[test]
    fn basic_credentials_are_those_of_rfc_7617() {
        let request = Request::get("/").basic("Aladdin", "open sesame");
        assert_eq!(header(&request), ("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!(header(&Request::get("/").basic("test", "123\u{a3}")).1, "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn parameters_and_forms_are_escaped() {
        let request = Request::get("/zones?all").query("limit", "5").query("key", "a b&c=\u{e4}");
        assert_eq!(request.path, "/zones?all&limit=5&key=a+b%26c%3D%C3%A4");
        let request = Request::new(Method::POST, "/token").form([("username", "u&1"), ("password", "p=2")]);
        let body = request.body.unwrap();
        assert_eq!(body.content, "username=u%261&password=p%3D2");
        assert_eq!(body.content_type, "application/x-www-form-urlencoded");
    }

    #[test]
    fn debug_shows_no_secret() {
        let request = Request::with_json(Method::POST, "/login?key=hidden", "hidden").bearer("hidden");
        assert_eq!(
            format!("{request:?} {:?}", request.body.as_ref().unwrap()),
            "POST /login application/json, 6 bytes"
        );
    }
}
