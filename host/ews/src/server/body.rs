use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use riser_http_server::{RequestBody, RequestBodyError};

/// Largest body of a request in bytes (`security`, S-41).
const LARGEST_BODY: u64 = 1024 * 1024;
/// Largest body that is read and dropped to keep the connection of a client that must log in first.
const LARGEST_DROPPED: u64 = 64 * 1024;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    Broken,
}

impl From<RequestBodyError> for BodyError {
    fn from(error: RequestBodyError) -> Self {
        match error {
            RequestBodyError::TooSlow => Self::TooSlow,
            RequestBodyError::Broken(_) => Self::Broken,
        }
    }
}

/// Reads a whole body. Never holds more than the limit.
pub(super) async fn read(body: RequestBody) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > LARGEST_BODY {
        return Err(BodyError::TooLarge);
    }
    collect(body).await
}

async fn collect(mut body: RequestBody) -> Result<Bytes, BodyError> {
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        if (whole.len() + data.len()) as u64 > LARGEST_BODY {
            return Err(BodyError::TooLarge);
        }
        whole.reserve(expected.saturating_sub(whole.len()));
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// Reads and drops a body. Returns `false` if the connection must be closed instead.
pub(super) async fn drop_small(mut body: RequestBody) -> bool {
    if body.size_hint().lower() > LARGEST_DROPPED {
        return false;
    }
    let mut dropped = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        dropped += frame.data_ref().map_or(0, |data| data.len() as u64);
        if dropped > LARGEST_DROPPED {
            return false;
        }
    }
    true
}
