//! From an HTTP request to an HTTP answer: path, method, login, body, and what each failure is called.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HOST,
    HeaderName, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use riser_domain::EwsServer;
use riser_http_server::{ConnectionAddrs, RequestBody};

use super::body::{self, BodyError};
use super::content_type::SoapContentType;
use super::endpoint::{EwsEndpoint, SoapAnswer, SoapMessage};
use super::gzip;
use crate::contract::FaultName;
use crate::fault::Fault;
use crate::wsdl;

/// The path as the vendor's screens misspell it; served beside the right one.
const ALIAS_PATH: &str = "/EcoStructure/DataExchange";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

pub(super) type Answer = Response<Full<Bytes>>;

/// The EWS servers of one listener, by path.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    by_path: RwLock<HashMap<String, Arc<EwsEndpoint>>>,
}

impl Endpoints {
    /// Serves an endpoint at its path in place of one that was there.
    pub(super) fn add(&self, endpoint: Arc<EwsEndpoint>) {
        let path = without_final_slash(&endpoint.server().path).to_owned();
        self.by_path.write().unwrap_or_else(PoisonError::into_inner).insert(path, endpoint);
    }

    fn find(&self, path: &str) -> Option<Arc<EwsEndpoint>> {
        let path = without_final_slash(path);
        let by_path = self.by_path.read().unwrap_or_else(PoisonError::into_inner);
        let is_alias = || (path == ALIAS_PATH).then_some(EwsServer::DEFAULT_PATH);
        by_path.get(path).or_else(|| by_path.get(is_alias()?)).cloned()
    }
}

fn without_final_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Answers one request.
pub(super) async fn serve(
    request: Request<RequestBody>,
    endpoints: &Endpoints,
    connection: ConnectionAddrs,
    disk_deadline: Duration,
) -> Answer {
    let Some(endpoint) = endpoints.find(request.uri().path()) else {
        return text_answer(
            StatusCode::NOT_FOUND,
            "no EWS server has this path; paths are exact to the letter",
        );
    };
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_reading && let Some(answer) = describe(&request, endpoint.server(), connection) {
        return answer;
    }
    if !is_reading && request.method() != Method::POST {
        let mut answer = text_answer(StatusCode::METHOD_NOT_ALLOWED, "send SOAP 1.2 by POST");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return answer;
    }
    let (head, incoming) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let authorization = only_text(&head.headers, &AUTHORIZATION);
    let account = match endpoint.log_in(authorization, head.method.as_str(), target, connection.client.ip()) {
        Ok(account) => account,
        Err(challenges) => return challenge(challenges, &head.headers, incoming).await,
    };
    if is_reading {
        return text_answer(
            StatusCode::OK,
            "this is an EWS server: send SOAP 1.2 by POST; ?wsdl describes it",
        );
    }
    let content_type = only_text(&head.headers, &CONTENT_TYPE).and_then(SoapContentType::parse);
    let is_encoded =
        text(&head.headers, &CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
    let (Some(content_type), false) = (content_type, is_encoded) else {
        let answer =
            text_answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/soap+xml, not compressed");
        return keep_or_close(answer, &head.headers, incoming).await;
    };
    let body = match body::read(incoming).await {
        Ok(body) => body,
        Err(error) => return body_failure(error),
    };
    let message = SoapMessage { body, content_type, soap_action: text(&head.headers, &SOAP_ACTION) };
    let answer = endpoint.answer(message, &account, disk_deadline).await;
    soap_answer(answer, gzip::is_asked_for(text(&head.headers, &ACCEPT_ENCODING)))
}

/// The contract, for anyone who asks: generators of clients cannot log in.
fn describe(
    request: &Request<RequestBody>,
    server: &EwsServer,
    connection: ConnectionAddrs,
) -> Option<Answer> {
    let query = request.uri().query()?;
    let document = if ["wsdl", "singleWsdl"].iter().any(|known| query.eq_ignore_ascii_case(known)) {
        let address = server.public_url.clone().unwrap_or_else(|| {
            let scheme = if connection.is_tls { "https" } else { "http" };
            let host = host(request.headers(), connection);
            format!("{scheme}://{host}{}", without_final_slash(request.uri().path()))
        });
        wsdl::definitions(&address)
    } else if query.eq_ignore_ascii_case("xsd=0") {
        wsdl::types()
    } else {
        return Some(text_answer(StatusCode::NOT_FOUND, "there are ?wsdl, ?singleWsdl and ?xsd=0"));
    };
    let mut answer = Response::new(Full::new(Bytes::from(document)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    Some(answer)
}

/// The host as the client knows it, or the address it reached.
fn host(headers: &HeaderMap, connection: ConnectionAddrs) -> String {
    text(headers, &HOST)
        .filter(|host| !host.is_empty() && host.len() < 256)
        .filter(|host| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-_[]".contains(&byte)))
        .map_or_else(|| connection.local.to_string(), str::to_owned)
}

/// Asks for a login, one header line for each algorithm.
async fn challenge(challenges: Vec<String>, headers: &HeaderMap, incoming: RequestBody) -> Answer {
    let mut answer = text_answer(StatusCode::UNAUTHORIZED, "log in with HTTP Digest");
    for line in challenges {
        if let Ok(line) = HeaderValue::from_str(&line) {
            answer.headers_mut().append(WWW_AUTHENTICATE, line);
        }
    }
    keep_or_close(answer, headers, incoming).await
}

/// Reads a small body that nobody needs, so that the connection can go on. A client that waits for word to
/// send its body must not get it, and a large body is not worth it.
async fn keep_or_close(mut answer: Answer, headers: &HeaderMap, incoming: RequestBody) -> Answer {
    if headers.contains_key(EXPECT) || !body::drop_small(incoming).await {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn body_failure(error: BodyError) -> Answer {
    let (status, text) = match error {
        BodyError::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "a request may have 1 MiB; ask for fewer items")
        }
        BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the body is broken"),
    };
    let mut answer = text_answer(status, text);
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The answer while too many connections are open.
pub(super) fn overloaded() -> Answer {
    let fault = Fault::Contract { operation: None, name: FaultName::TimeOut };
    let answer = SoapAnswer {
        status: StatusCode::SERVICE_UNAVAILABLE,
        content_type: fault.content_type(),
        envelope: fault.envelope(),
    };
    let mut answer = soap_answer(answer, false);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn soap_answer(soap: SoapAnswer, is_gzip_asked_for: bool) -> Answer {
    let compressed = is_gzip_asked_for.then(|| gzip::compress(soap.envelope.as_bytes())).flatten();
    let is_compressed = compressed.is_some();
    let body = compressed.unwrap_or_else(|| soap.envelope.into_bytes());
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = soap.status;
    if let Ok(content_type) = HeaderValue::try_from(soap.content_type) {
        answer.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    if is_compressed {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        answer.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    answer
}

fn text_answer(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// The text of a header's first line.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The text of a header that has exactly one line.
fn only_text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => utf8(line),
        _ => None,
    }
}

/// The text of a header, which may go beyond ASCII: clients send names of accounts as they are.
fn utf8(line: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(line.as_bytes()).ok()
}
