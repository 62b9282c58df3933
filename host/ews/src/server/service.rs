//! Maps HTTP requests to HTTP responses: path, method, login, body, and the status of each failure.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HOST,
    HeaderName, RETRY_AFTER, USER_AGENT, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use parking_lot::RwLock;
use riser_domain::EwsServer;
use riser_http_server::{ConnectionAddrs, RequestBody};

use super::body::{self, BodyError};
use super::content_type::SoapContentType;
use super::endpoint::{EwsEndpoint, SoapMessage, SoapResponse};
use super::gzip;
use super::traffic::{Caller, RequestFacts};
use crate::contract::FaultName;
use crate::fault::Fault;
use crate::source::EwsAccount;
use crate::wsdl;

/// The path with the spelling mistake of the vendor's screens; an alias of the right one.
const ALIAS_PATH: &str = "/EcoStructure/DataExchange";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

pub(super) type HttpResponse = Response<Full<Bytes>>;

/// The EWS servers of one listener, by path.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    by_path: RwLock<HashMap<String, Arc<EwsEndpoint>>>,
}

impl Endpoints {
    /// Serves an endpoint at its path and replaces a previous one.
    pub(super) fn add(&self, endpoint: Arc<EwsEndpoint>) {
        let path = without_final_slash(&endpoint.server().path).to_owned();
        self.by_path.write().insert(path, endpoint);
    }

    /// Serves an endpoint no longer, unless another one is at its path.
    pub(super) fn remove(&self, endpoint: &Arc<EwsEndpoint>) {
        let path = without_final_slash(&endpoint.server().path);
        let mut by_path = self.by_path.write();
        if by_path.get(path).is_some_and(|served| Arc::ptr_eq(served, endpoint)) {
            by_path.remove(path);
        }
    }

    /// Whether its path leads to this endpoint.
    pub(super) fn serves(&self, endpoint: &Arc<EwsEndpoint>) -> bool {
        let path = without_final_slash(&endpoint.server().path);
        self.by_path.read().get(path).is_some_and(|served| Arc::ptr_eq(served, endpoint))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_path.read().is_empty()
    }

    pub(super) fn find(&self, path: &str) -> Option<Arc<EwsEndpoint>> {
        let path = without_final_slash(path);
        let by_path = self.by_path.read();
        let is_alias = || (path == ALIAS_PATH).then_some(EwsServer::DEFAULT_PATH);
        by_path.get(path).or_else(|| by_path.get(is_alias()?)).cloned()
    }
}

fn without_final_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Processes one request.
pub(super) async fn serve(
    request: Request<RequestBody>,
    endpoints: &Endpoints,
    connection: ConnectionAddrs,
    disk_deadline: Duration,
) -> HttpResponse {
    let Some(endpoint) = endpoints.find(request.uri().path()) else {
        return text_response(StatusCode::NOT_FOUND, "no EWS server has this path; paths are case-sensitive");
    };
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_reading && let Some(response) = describe(&request, endpoint.server(), connection) {
        return response;
    }
    if !is_reading && request.method() != Method::POST {
        let mut response = text_response(StatusCode::METHOD_NOT_ALLOWED, "send SOAP 1.2 by POST");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return response;
    }
    let (head, incoming) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let authorization = only_text(&head.headers, &AUTHORIZATION);
    let (began, address) = (endpoint.read_clock(), connection.client.ip());
    let account = match endpoint.log_in(authorization, head.method.as_str(), target, (address, began)) {
        Ok(account) => account,
        Err(challenges) => return challenge(challenges, &head.headers, incoming).await,
    };
    if is_reading {
        return text_response(
            StatusCode::OK,
            "this is an EWS server: send SOAP 1.2 by POST; add ?wsdl for its description",
        );
    }
    let (response, facts) = exchange(&endpoint, &head.headers, incoming, &account, disk_deadline).await;
    let user_agent = text(&head.headers, &USER_AGENT).unwrap_or_default();
    endpoint.record(Caller { account: &account, address, user_agent, began }, facts);
    response
}

/// Reads the message of a logged-in client and processes it. Returns the response, and the facts to record.
async fn exchange(
    endpoint: &EwsEndpoint,
    headers: &HeaderMap,
    incoming: RequestBody,
    account: &EwsAccount,
    disk_deadline: Duration,
) -> (HttpResponse, RequestFacts) {
    let failed = |response: HttpResponse| {
        let facts = RequestFacts::http_error(response.status());
        (response, facts)
    };
    let content_type = only_text(headers, &CONTENT_TYPE).and_then(SoapContentType::parse);
    let is_encoded =
        text(headers, &CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
    let (Some(content_type), false) = (content_type, is_encoded) else {
        let response = text_response(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/soap+xml without compression",
        );
        return failed(keep_or_close(response, headers, incoming).await);
    };
    let body = match body::read(incoming).await {
        Ok(body) => body,
        Err(error) => return failed(body_failure(error)),
    };
    let message = SoapMessage { body, content_type, soap_action: text(headers, &SOAP_ACTION) };
    let (response, facts) = endpoint.respond(message, account, disk_deadline).await;
    (soap_response(response, gzip::is_asked_for(text(headers, &ACCEPT_ENCODING))), facts)
}

/// Returns the WSDL without a login: client generators cannot log in.
fn describe(
    request: &Request<RequestBody>,
    server: &EwsServer,
    connection: ConnectionAddrs,
) -> Option<HttpResponse> {
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
        return Some(text_response(StatusCode::NOT_FOUND, "there are ?wsdl, ?singleWsdl and ?xsd=0"));
    };
    let mut response = Response::new(Full::new(Bytes::from(document)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    Some(response)
}

/// The host name that the client used, or the local address.
fn host(headers: &HeaderMap, connection: ConnectionAddrs) -> String {
    text(headers, &HOST)
        .filter(|host| !host.is_empty() && host.len() < 256)
        .filter(|host| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-_[]".contains(&byte)))
        .map_or_else(|| connection.local.to_string(), str::to_owned)
}

/// Requests a login, with one header line for each algorithm.
async fn challenge(challenges: Vec<String>, headers: &HeaderMap, incoming: RequestBody) -> HttpResponse {
    let mut response = text_response(StatusCode::UNAUTHORIZED, "log in with HTTP Digest");
    for line in challenges {
        if let Ok(line) = HeaderValue::from_str(&line) {
            response.headers_mut().append(WWW_AUTHENTICATE, line);
        }
    }
    keep_or_close(response, headers, incoming).await
}

/// Reads and drops a small body to keep the connection. A client that waits for `100 Continue` must not get
/// it, and a large body is not worth it.
async fn keep_or_close(
    mut response: HttpResponse,
    headers: &HeaderMap,
    incoming: RequestBody,
) -> HttpResponse {
    if headers.contains_key(EXPECT) || !body::drop_small(incoming).await {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn body_failure(error: BodyError) -> HttpResponse {
    let (status, text) = match error {
        BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the limit is 1 MiB; request fewer items"),
        BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        BodyError::Broken => (StatusCode::BAD_REQUEST, "the body is incomplete"),
    };
    let mut response = text_response(status, text);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The response while too many connections are open.
pub(super) fn overloaded() -> HttpResponse {
    let fault = Fault::Contract { operation: None, name: FaultName::TimeOut };
    let response = SoapResponse {
        status: StatusCode::SERVICE_UNAVAILABLE,
        content_type: fault.content_type(),
        envelope: fault.envelope(),
    };
    let mut response = soap_response(response, false);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn soap_response(soap: SoapResponse, is_gzip_asked_for: bool) -> HttpResponse {
    let compressed = is_gzip_asked_for.then(|| gzip::compress(soap.envelope.as_bytes())).flatten();
    let is_compressed = compressed.is_some();
    let body = compressed.unwrap_or_else(|| soap.envelope.into_bytes());
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = soap.status;
    if let Ok(content_type) = HeaderValue::try_from(soap.content_type) {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    if is_compressed {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn text_response(status: StatusCode, text: &'static str) -> HttpResponse {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
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

/// The text of a header, which may exceed ASCII: clients send account names unencoded.
fn utf8(line: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(line.as_bytes()).ok()
}
