//! The one HTTP client that plugins use: deadlines, no redirects to other hosts, a cap on responses, pinned
//! certificates, the connection limiter before and after each request, retries with jitter and a budget.

mod client;
mod error;
mod request;
mod retry;
mod trust;

pub use client::{HttpClient, Response};
pub use error::HttpError;
pub use request::{Request, RequestBody};
pub use reqwest::Method;
pub use trust::{CertificatePin, Trust};

pub use crate::abi::messages::{ActionResult, LimitedAction};
