//! Frames on a stream: four bytes of length, little endian, then postcard.
//!
//! The worker reads blocking. The host reads asynchronously; its reads may be cancelled between any two bytes.

use std::io::{self, Read};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::long_work;

/// The largest expected frame, a declared tree of 10,000 stations with 400,000 points, has about 80 MB.
const LONGEST_FRAME_BYTES: usize = 128 << 20;

const LENGTH_BYTES: usize = 4;

/// Decoding a longer frame may take milliseconds.
const LONG_FRAME_BYTES: usize = 256 << 10;

/// Memory kept between two frames; the buffer of a larger frame is freed.
const KEPT_BYTES: usize = 1 << 20;

/// Why a frame could not be sent or received.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {0} bytes exceeds the limit of 128 MiB")]
    TooLong(usize),
    #[error("the received bytes are not a frame")]
    NotAFrame(#[source] postcard::Error),
    #[error("the frame cannot be encoded")]
    Encode(#[source] postcard::Error),
    #[error("the connection between host and worker broke")]
    Io(#[from] io::Error),
}

/// Encodes a frame, length first.
pub fn encode<T: Serialize>(frame: &T) -> Result<Vec<u8>, FrameError> {
    let bytes = postcard::to_io(frame, vec![0; LENGTH_BYTES]).map_err(FrameError::Encode)?;
    with_length(bytes)
}

fn with_length(mut bytes: Vec<u8>) -> Result<Vec<u8>, FrameError> {
    let length = bytes.len() - LENGTH_BYTES;
    match u32::try_from(length) {
        Ok(fits) if length <= LONGEST_FRAME_BYTES => {
            bytes[..LENGTH_BYTES].copy_from_slice(&fits.to_le_bytes());
            Ok(bytes)
        }
        _ => Err(FrameError::TooLong(length)),
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(bytes).map_err(FrameError::NotAFrame)? {
        (frame, []) => Ok(frame),
        _ => Err(FrameError::NotAFrame(postcard::Error::DeserializeBadEncoding)),
    }
}

fn announced_length(bytes: [u8; LENGTH_BYTES]) -> Result<usize, FrameError> {
    let length = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
    if length > LONGEST_FRAME_BYTES { Err(FrameError::TooLong(length)) } else { Ok(length) }
}

/// Waits for the next frame. Returns `None` when the other side has closed the stream.
pub fn read_blocking<T: DeserializeOwned>(stream: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut length = [0; LENGTH_BYTES];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = announced_length(length)?;
    // A larger buffer grows with the received bytes and not with the announced length.
    let mut bytes = Vec::with_capacity(length.min(KEPT_BYTES));
    if stream.take(length as u64).read_to_end(&mut bytes)? < length {
        return Ok(None);
    }
    decode(&bytes).map(Some)
}

/// Reads frames from an asynchronous stream.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    received: Vec<u8>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub const fn new(stream: R) -> Self {
        Self { stream, received: Vec::new() }
    }

    /// Returns the next frame, or `None` at the end of the stream. No bytes are lost when the future is dropped early.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        loop {
            if let Some(length) = self.complete_frame()? {
                let decoding = || decode(&self.received[LENGTH_BYTES..length]);
                let frame = if length > LONG_FRAME_BYTES { long_work(decoding) } else { decoding() };
                self.discard(length);
                return frame.map(Some);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Returns the length of the first frame, with its prefix, once it is complete.
    fn complete_frame(&mut self) -> Result<Option<usize>, FrameError> {
        let Some(length) = self.received.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let whole = announced_length(*length)? + LENGTH_BYTES;
        if self.received.len() < whole {
            // Doubling avoids an allocation for each small read.
            let room = (whole - self.received.len()).min(self.received.len().max(64 * 1024));
            self.received.reserve(room);
            return Ok(None);
        }
        Ok(Some(whole))
    }

    fn discard(&mut self, length: usize) {
        self.received.drain(..length);
        if self.received.is_empty() && self.received.capacity() > KEPT_BYTES {
            self.received = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::LogLevel;

    use super::*;
    use crate::frames::FromWorker;

    fn line(text: &str) -> FromWorker {
        FromWorker::Log { level: LogLevel::Info, text: text.to_owned() }
    }

    fn text(frame: Option<FromWorker>) -> Option<String> {
        match frame? {
            FromWorker::Log { text, .. } => Some(text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_blocking_stream_returns_frames_in_order() {
        let bytes = [encode(&line("one")).unwrap(), encode(&line("two")).unwrap()].concat();
        let mut stream = bytes.as_slice();
        assert_eq!(text(read_blocking(&mut stream).unwrap()).as_deref(), Some("one"));
        assert_eq!(text(read_blocking(&mut stream).unwrap()).as_deref(), Some("two"));
        assert!(read_blocking::<FromWorker>(&mut stream).unwrap().is_none());
    }

    #[test]
    fn a_stream_that_ends_inside_a_frame_returns_none() {
        let bytes = encode(&line("one")).unwrap();
        for length in 0..bytes.len() {
            assert!(read_blocking::<FromWorker>(&mut &bytes[..length]).unwrap().is_none(), "{length}");
        }
    }

    #[tokio::test]
    async fn frames_are_complete_however_the_stream_is_split() {
        let (mut near, far) = tokio::io::duplex(3);
        let bytes = [encode(&line("one")).unwrap(), encode(&line(&"x".repeat(100_000))).unwrap()].concat();
        let sender =
            tokio::spawn(async move { tokio::io::AsyncWriteExt::write_all(&mut near, &bytes).await });
        let mut reader = FrameReader::new(far);
        assert_eq!(text(reader.next().await.unwrap()).as_deref(), Some("one"));
        assert_eq!(text(reader.next().await.unwrap()).unwrap().len(), 100_000);
        sender.await.unwrap().unwrap();
        assert!(reader.next::<FromWorker>().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn bytes_that_are_not_a_frame_are_refused() {
        let refused = |bytes: Vec<u8>| async move {
            FrameReader::new(bytes.as_slice()).next::<FromWorker>().await.unwrap_err().to_string()
        };
        assert_eq!(refused(vec![0xff; 8]).await, "a frame of 4294967295 bytes exceeds the limit of 128 MiB");
        assert_eq!(refused(vec![1, 0, 0, 0, 0x7f]).await, "the received bytes are not a frame");
        let mut with_more = encode(&line("one")).unwrap();
        with_more.push(0);
        with_more[0] += 1;
        assert_eq!(refused(with_more).await, "the received bytes are not a frame");
    }
}
