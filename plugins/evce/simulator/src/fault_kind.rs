//! The kinds of faults of the API.

use serde::{Deserialize, Serialize};

/// The kind of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The connection is closed without a response; for the whole API it is refused before TLS.
    Down,
    /// The response is delayed by `latency`.
    Latency,
    /// 401: `TOKEN_EXPIRED`, for a login `BAD_CREDENTIALS`.
    #[serde(rename = "401")]
    Unauthorized,
    /// 429 with `Retry-After`.
    #[serde(rename = "429")]
    TooManyRequests,
    #[serde(rename = "500")]
    InternalError,
    /// 503: `STARTING`, with `Retry-After`.
    #[serde(rename = "503")]
    Starting,
    /// The request takes effect, and the response ends in the middle of the document.
    TruncatedJson,
    /// 200 with a login page; the request has no effect.
    Html,
    /// The request takes effect, and the connection is closed without a response.
    ResponseLost,
    /// The connection is closed without a response, and without an effect, if it served a request before.
    CloseOnReuse,
    /// An error with `status` and `code`.
    Error,
    /// A list is empty.
    EmptyList,
    /// A list ends after `keep` objects.
    ShortList,
    /// A field has another value, `raw`, which need not be JSON.
    SetField,
    /// A field is missing.
    RemoveField,
    /// A field has another name, `to`.
    RenameField,
    /// No response ever; the connection stays open.
    BlackHole,
    /// The connection is reset in the middle of the body.
    CutBody,
    /// The body arrives byte by byte, one each `latency`.
    Drip,
    /// The response ends the connection.
    NoKeepAlive,
    /// 301 to the same path without TLS; the request has no effect.
    Redirect,
    /// 200 and no body.
    EmptyBody,
    /// Text after the document.
    TrailingGarbage,
    /// A byte that is not UTF-8 in the first text.
    InvalidUtf8,
    ByteOrderMark,
    /// JSON with the type of plain text.
    WrongContentType,
    /// The response promises more bytes than it has.
    WrongContentLength,
    /// The response claims gzip and is not.
    BrokenGzip,
    /// 100 MiB of spaces in few bytes of gzip.
    GzipBomb,
    /// 100 MiB of spaces.
    HugeBody,
    /// A million arrays in each other.
    DeepNesting,
    /// Each object has its first member twice, the second time null.
    DuplicateKeys,
    /// Each object has a member that no dialect knows.
    ExtraFields,
    /// Each number is a text.
    TextNumbers,
    /// The first object of a list is in it twice.
    DuplicateObject,
    /// The first object of a list is missing, as if one before it had gone between two pages.
    PageDrift,
    /// A write succeeds and has no effect.
    WriteIgnored,
    /// A write succeeds and takes effect after `latency` of the cars' clock.
    WriteLate,
    /// A write takes effect, and another user overwrites it at once.
    Overwritten,
}

impl FaultKind {
    /// Returns whether faults of this kind add up.
    pub(crate) const fn adds_up(self) -> bool {
        matches!(self, Self::Latency | Self::SetField | Self::RemoveField | Self::RenameField)
    }
}
