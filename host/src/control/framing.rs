//! Messages on the control socket: one JSON value per line, of bounded length.

use std::io;

use riser_platform::{ChannelReader, ChannelWriter, ControlStream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

/// Longest request in bytes. A configuration of thousands of processors is a tenth of it.
pub(super) const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// Longest reply in bytes.
pub(super) const MAX_REPLY_BYTES: usize = 64 * 1024 * 1024;

/// Reads one side of a connection.
#[derive(Debug)]
pub(super) struct MessageReader {
    lines: BufReader<ChannelReader>,
    max_bytes: usize,
}

/// Writes the other side.
#[derive(Debug)]
pub(super) struct MessageWriter {
    stream: ChannelWriter,
}

/// Why a message could not be read. It contains no text of the message, which may hold a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the message is longer than {} MiB", .0 / (1024 * 1024))]
    TooLong(usize),
    #[error("the connection ended within a message")]
    Truncated,
    #[error("the message is not JSON: column {column}")]
    NotJson { column: usize },
    #[error("the message is not one that this version of Riser knows")]
    Unknown,
    #[error("the connection failed")]
    Io(#[from] io::Error),
}

/// Splits a connection. Messages that are read may have `max_bytes`.
pub(super) fn split(stream: ControlStream, max_bytes: usize) -> (MessageReader, MessageWriter) {
    let (read, write) = stream.into_split();
    (MessageReader { lines: BufReader::new(read), max_bytes }, MessageWriter { stream: write })
}

impl MessageReader {
    /// Returns the next message; `None` when the other side has hung up.
    pub(super) async fn read<Message: DeserializeOwned>(&mut self) -> Result<Option<Message>, ReadError> {
        let Some(line) = read_line(&mut self.lines, self.max_bytes).await? else { return Ok(None) };
        serde_json::from_slice(&line).map(Some).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => ReadError::Unknown,
            _ => ReadError::NotJson { column: error.column() },
        })
    }

    /// Completes when the other side hangs up, or sends data out of turn.
    pub(super) async fn hung_up(&mut self) {
        let _ = self.lines.fill_buf().await;
    }
}

impl MessageWriter {
    pub(super) async fn write(&mut self, message: &(impl Serialize + Sync)) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.write_all(&line).await
    }
}

async fn read_line(
    lines: &mut (impl AsyncBufRead + Unpin),
    max_bytes: usize,
) -> Result<Option<Vec<u8>>, ReadError> {
    let mut line = Vec::new();
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    lines.take(limit).read_until(b'\n', &mut line).await?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() >= max_bytes => Err(ReadError::TooLong(max_bytes)),
        Some(_) => Err(ReadError::Truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_ends_at_its_limit_and_a_half_line_is_not_a_message() {
        let read = async |text: &str, max_bytes| {
            let found = read_line(&mut BufReader::new(text.as_bytes()), max_bytes).await;
            found
                .map(|line| line.map(|line| String::from_utf8(line).unwrap()))
                .map_err(|error| error.to_string())
        };
        assert_eq!(read("", 8).await, Ok(None));
        assert_eq!(read("1234\n5", 4).await, Ok(Some("1234".to_owned())));
        assert_eq!(read("half", 8).await, Err("the connection ended within a message".to_owned()));
        assert_eq!(read("12345", 4).await, Err("the message is longer than 0 MiB".to_owned()));
    }
}
