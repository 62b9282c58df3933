//! HTTP with Digest: one login for many calls.

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use parking_lot::Mutex;
use reqwest::Response;
use riser_domain::DigestAlgorithm;
use secrecy::SecretString;
use url::Url;

use super::error::ClientError;
use super::read_response::read_envelope;
use super::{ClientOptions, RequestWriter, trust};
use crate::auth_header::{DigestParameters, push_quoted};
use crate::digest::{DigestRequest, Ha1};
use crate::fault::content_type_with;
use crate::xml::Element;

/// Largest response in bytes.
const LARGEST_RESPONSE: usize = 16 * 1024 * 1024;
/// A nonce of this age may be stale, and a server may close the connection when a large body comes with it.
const OLD_NONCE: Duration = Duration::from_secs(30);
/// Size of a body that servers read without a login.
const SMALL_BODY: usize = 32 * 1024;

#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
    url: Url,
    user_name: String,
    password: SecretString,
    login: Mutex<Option<LoginInUse>>,
}

/// An accepted challenge, which serves further requests with a rising count.
#[derive(Debug)]
struct LoginInUse {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: DigestAlgorithm,
    ha1: Ha1,
    count: u32,
    since: Instant,
}

impl Transport {
    pub(super) fn new(options: ClientOptions, trusted_pem: Option<&[u8]>) -> Result<Self, ClientError> {
        // The process may have installed a provider already; any works.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder();
        if let Some(pem) = trusted_pem {
            builder = builder.tls_backend_preconfigured(trust::trusting(pem)?);
        }
        let http = builder
            .timeout(options.time_limit)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|source| ClientError::Unreachable { url: options.url.clone(), source })?;
        Ok(Self {
            http,
            url: options.url,
            user_name: options.user_name,
            password: options.password,
            login: Mutex::default(),
        })
    }

    /// Calls an operation and reads its response. Logs in again whenever the server asks for it.
    pub(super) async fn call<T>(
        &self,
        request: RequestWriter,
        read: impl FnOnce(Element<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let operation = request.operation;
        let content_type = content_type_with(&operation.request_action());
        let body = request.finish();
        let mut authorization = self.authorization(body.len());
        if authorization.is_none() {
            let response = self.send(&content_type, None, String::new()).await?;
            self.accept_challenge(&response)?;
            authorization = self.authorization(0);
        }
        let mut response = self.send(&content_type, authorization, body.clone()).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // A second login helps only if the server says that the nonce is stale.
            if !self.accept_challenge(&response)? {
                self.forget_login();
                return Err(ClientError::Refused);
            }
            let authorization = self.authorization(0);
            response = self.send(&content_type, authorization, body).await?;
        }
        match response.status() {
            StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_REQUEST => {
                read_envelope(&self.body(response).await?, operation, read)
            }
            StatusCode::UNAUTHORIZED => Err(ClientError::Refused),
            other => Err(ClientError::Status(other.as_u16())),
        }
    }

    async fn send(
        &self,
        content_type: &str,
        authorization: Option<String>,
        body: String,
    ) -> Result<Response, ClientError> {
        let mut request = self.http.post(self.url.clone()).header(CONTENT_TYPE, content_type).body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request.send().await.map_err(|source| self.unreachable(source))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|source| self.unreachable(source))? {
            if body.len() + part.len() > LARGEST_RESPONSE {
                return Err(ClientError::BadResponse("larger than 16 MiB"));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn unreachable(&self, source: reqwest::Error) -> ClientError {
        let (url, source) = (self.url.clone(), source.without_url());
        match trust::certificate_fault(&source) {
            Some(fault) => ClientError::Untrusted { url, fault },
            None => ClientError::Unreachable { url, source },
        }
    }

    /// Returns the header for the next request; `None` if a new challenge is needed.
    fn authorization(&self, body_bytes: usize) -> Option<String> {
        let mut login = self.login.lock();
        let login = login.as_mut()?;
        if body_bytes > SMALL_BODY && login.since.elapsed() > OLD_NONCE {
            return None;
        }
        login.count += 1;
        Some(login.authorization(&self.user_name, &target(&self.url)))
    }

    fn forget_login(&self) {
        *self.login.lock() = None;
    }

    /// Accepts the best challenge of a response. Returns `false` if the server says that the password is
    /// wrong.
    fn accept_challenge(&self, response: &Response) -> Result<bool, ClientError> {
        if response.status() != StatusCode::UNAUTHORIZED {
            return Err(ClientError::Status(response.status().as_u16()));
        }
        let lines: Vec<DigestParameters<'_>> = response
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|line| DigestParameters::parse(line.to_str().ok()?))
            .collect();
        let offers = |algorithm: DigestAlgorithm| {
            lines.iter().find(|line| {
                line.get("algorithm").unwrap_or("MD5").parse::<DigestAlgorithm>().ok() == Some(algorithm)
                    && line.get("qop").is_some_and(|qop| qop.split(',').any(|it| it.trim() == "auth"))
            })
        };
        let (algorithm, line) = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5]
            .into_iter()
            .find_map(|algorithm| Some((algorithm, offers(algorithm)?)))
            .ok_or(ClientError::NoDigest)?;
        let (Some(realm), Some(nonce)) = (line.get("realm"), line.get("nonce")) else {
            return Err(ClientError::NoDigest);
        };
        let is_stale = line.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        let login = LoginInUse {
            realm: realm.to_owned(),
            nonce: nonce.to_owned(),
            opaque: line.get("opaque").map(str::to_owned),
            algorithm,
            ha1: Ha1::derive(algorithm, &self.user_name, realm, &self.password),
            count: 0,
            since: Instant::now(),
        };
        *self.login.lock() = Some(login);
        Ok(is_stale)
    }
}

impl LoginInUse {
    fn authorization(&self, user_name: &str, target: &str) -> String {
        let mut random = [0_u8; 12];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        let client_nonce = hex::encode(random);
        let nonce_count = format!("{:08x}", self.count);
        let response = self.ha1.response(&DigestRequest {
            method: "POST",
            uri: target,
            nonce: &self.nonce,
            nonce_count: &nonce_count,
            client_nonce: &client_nonce,
        });
        let mut header = String::from("Digest username=");
        push_quoted(&mut header, user_name);
        for (name, value) in [
            ("realm", self.realm.as_str()),
            ("nonce", &self.nonce),
            ("uri", target),
            ("cnonce", &client_nonce),
            ("response", response.as_str()),
        ] {
            header.push_str(", ");
            header.push_str(name);
            header.push('=');
            push_quoted(&mut header, value);
        }
        if let Some(opaque) = &self.opaque {
            header.push_str(", opaque=");
            push_quoted(&mut header, opaque);
        }
        header.push_str(", qop=auth, nc=");
        header.push_str(&nonce_count);
        header.push_str(", algorithm=");
        header.push_str(self.algorithm.as_str());
        header
    }
}

/// Path and query as in the request line.
fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
