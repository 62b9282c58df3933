//! Bodies of responses under faults: other bytes, other headers, and bodies that come slowly or end early.

use std::collections::VecDeque;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::document_change;
use crate::faults::{FaultKind, Met};
use crate::field_change;

const MEBIBYTE: usize = 1 << 20;
/// Length of the large bodies, in mebibytes.
const LARGE_MIB: usize = 100;
const NESTED: usize = 1_000_000;

/// 100 MiB of spaces, compressed.
static BOMB: LazyLock<Bytes> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let spaces = vec![b' '; MEBIBYTE];
    for _ in 0..LARGE_MIB {
        // Writing to memory does not fail.
        let _ = encoder.write_all(&spaces);
    }
    Bytes::from(encoder.finish().unwrap_or_default())
});

/// Closes the connection: before a response, or in the middle of one.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes the connection")]
pub(crate) struct Dropped;

/// A body in parts, with a wait before each, that may end with the connection.
pub(crate) struct BentBody {
    parts: VecDeque<Bytes>,
    wait: Option<(Duration, Pin<Box<Sleep>>)>,
    /// The connection is closed after the last part.
    is_cut: bool,
    /// Waited once before the end, so that all before it is on its way.
    is_flushed: bool,
    /// A header has another length.
    has_other_length: bool,
}

/// Applies the fault of a request to its response.
pub(super) fn bend(met: &Met, headers: &mut HeaderMap, body: Bytes) -> BentBody {
    let Some(kind) = met.kind else { return BentBody::whole(body) };
    match kind {
        FaultKind::NoKeepAlive => drop(headers.insert(CONNECTION, HeaderValue::from_static("close"))),
        FaultKind::WrongContentType => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        }
        FaultKind::BrokenGzip | FaultKind::GzipBomb => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        FaultKind::WrongContentLength => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len() + 10));
            return BentBody { has_other_length: true, ..BentBody::whole(body) };
        }
        FaultKind::CutBody => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            let half = body.slice(..body.len() / 2);
            return BentBody { is_cut: true, has_other_length: true, ..BentBody::whole(half) };
        }
        FaultKind::Drip => return BentBody::dripping(&body, Duration::from_millis(met.span_ms)),
        FaultKind::HugeBody => {
            let spaces = Bytes::from(vec![b' '; MEBIBYTE]);
            return BentBody { parts: vec![spaces; LARGE_MIB].into(), ..BentBody::whole(Bytes::new()) };
        }
        _ => {}
    }
    BentBody::whole(changed(kind, met.details.keep, body))
}

/// Returns the bytes of a body under a fault.
fn changed(kind: FaultKind, keep: usize, body: Bytes) -> Bytes {
    let joined = |first: &[u8], second: &[u8]| Bytes::from([first, second].concat());
    match kind {
        FaultKind::TruncatedJson => body.slice(..body.len() / 2),
        FaultKind::EmptyList => field_change::cut_list(&body, 0),
        FaultKind::ShortList => field_change::cut_list(&body, keep),
        FaultKind::EmptyBody => Bytes::new(),
        FaultKind::TrailingGarbage => joined(&body, b"\n<!-- 0.03 s -->"),
        FaultKind::InvalidUtf8 => match body.iter().position(|byte| *byte == b'"') {
            Some(quote) => Bytes::from([&body[..=quote], b"\xff", &body[quote + 1..]].concat()),
            None => joined(&body, b"\xff"),
        },
        FaultKind::ByteOrderMark => joined("\u{feff}".as_bytes(), &body),
        FaultKind::BrokenGzip => joined(b"\x1f\x8b\x08\0", &body),
        FaultKind::GzipBomb => BOMB.clone(),
        FaultKind::DeepNesting => Bytes::from(["[".repeat(NESTED), "]".repeat(NESTED)].concat()),
        FaultKind::DuplicateKeys => document_change::with_duplicate_keys(&body),
        FaultKind::ExtraFields => document_change::with_extra_fields(&body),
        FaultKind::TextNumbers => document_change::with_text_numbers(&body),
        FaultKind::DuplicateObject => document_change::with_duplicate_object(&body),
        FaultKind::PageDrift => document_change::without_first_object(&body),
        _ => body,
    }
}

impl BentBody {
    fn whole(body: Bytes) -> Self {
        let parts = if body.is_empty() { VecDeque::new() } else { VecDeque::from([body]) };
        Self { parts, wait: None, is_cut: false, is_flushed: false, has_other_length: false }
    }

    fn dripping(body: &Bytes, interval: Duration) -> Self {
        let parts = (0..body.len()).map(|at| body.slice(at..=at)).collect();
        let wait = Some((interval, Box::pin(tokio::time::sleep(interval))));
        Self { parts, wait, ..Self::whole(Bytes::new()) }
    }

    /// Returns the bytes that are still to be sent.
    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }
}

impl Body for BentBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some((interval, wait)) = &mut self.wait {
            ready!(wait.as_mut().poll(context));
            let next = tokio::time::Instant::now() + *interval;
            wait.as_mut().reset(next);
        }
        if self.parts.is_empty() && self.has_other_length && !self.is_flushed {
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(match self.parts.pop_front() {
            Some(part) => Some(Ok(Frame::data(part))),
            None if self.is_cut => Some(Err(Dropped)),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty() && !self.has_other_length
    }

    fn size_hint(&self) -> SizeHint {
        if self.has_other_length {
            return SizeHint::default();
        }
        SizeHint::with_exact(u64::try_from(self.bytes()).unwrap_or(u64::MAX))
    }
}
