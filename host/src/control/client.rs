//! The command's end of the control socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use riser_platform::{ControlConnectError, connect_control};
use tokio::time::error::Elapsed;

use super::framing::{self, MAX_REPLY_BYTES, MessageReader, MessageWriter, ReadError};
use super::moment::show_in;
use super::protocol::{Failure, Hello, PROTOCOL_VERSION, Reply, Request};

/// Time a host has to greet; one that is starting takes a moment.
const HELLO_TIMEOUT: Duration = Duration::from_secs(30);
/// Time a host has to reply; starting and stopping a processor takes up to half of it.
const REPLY_TIMEOUT: Duration = Duration::from_mins(2);

/// A connection to the host that uses a data directory, for one request.
#[derive(Debug)]
pub(crate) struct Client {
    reader: MessageReader,
    writer: MessageWriter,
}

/// Why a request to the host failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(transparent)]
    Connect(#[from] ControlConnectError),
    #[error("the host ended before it got the request; repeat the command")]
    Ended,
    #[error("the host ended before it replied")]
    HungUp,
    #[error("the host does not reply; its log may say why")]
    Silent(#[from] Elapsed),
    #[error(
        "the host runs Riser {host} and this command is Riser {command}: use the program that the host runs, or \
         restart the host"
    )]
    OtherVersion { host: String, command: &'static str },
    #[error("the reply of the host cannot be used")]
    Unreadable(#[source] io::Error),
    #[error("the host replied to another request")]
    Unexpected,
    #[error(transparent)]
    Refused(#[from] Failure),
}

impl Client {
    /// Connects. Returns `None` if no host listens in the directory.
    pub(crate) async fn connect(directory: &Path) -> Result<Option<Self>, ClientError> {
        let stream = match connect_control(directory).await {
            Ok(stream) => stream,
            Err(ControlConnectError::NotListening) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (reader, writer) = framing::split(stream, MAX_REPLY_BYTES);
        let mut client = Self { reader, writer };
        tokio::time::timeout(HELLO_TIMEOUT, client.greet()).await??;
        Ok(Some(client))
    }

    async fn greet(&mut self) -> Result<(), ClientError> {
        self.write(&Hello::of_client()).await?;
        let hello: Hello = self.read().await?;
        if hello.riser_control != PROTOCOL_VERSION {
            return Err(ClientError::OtherVersion {
                host: hello.release,
                command: env!("CARGO_PKG_VERSION"),
            });
        }
        // A name that this program does not know has other data than the host. Its times are in the zone of the shell.
        if let Some(zone) = hello.time_zone.and_then(|name| name.parse().ok()) {
            show_in(zone);
        }
        Ok(())
    }

    /// Sends the request and returns the reply.
    pub(crate) async fn ask(mut self, request: &Request) -> Result<Reply, ClientError> {
        self.send(request).await?;
        tokio::time::timeout(REPLY_TIMEOUT, self.next()).await?
    }

    /// Sends a request that has several replies; [`Self::next`] returns them.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<(), ClientError> {
        self.write(request).await
    }

    /// Returns the next reply, without a time limit.
    pub(crate) async fn next(&mut self) -> Result<Reply, ClientError> {
        match self.read().await? {
            Reply::Failed(failure) => Err(failure.into()),
            reply => Ok(reply),
        }
    }

    async fn write(&mut self, message: &(impl serde::Serialize + Sync)) -> Result<(), ClientError> {
        if self.writer.write(message).await.is_ok() {
            return Ok(());
        }
        // A host that refuses a message says why before it hangs up.
        match tokio::time::timeout(REPLY_TIMEOUT, self.read()).await? {
            Ok(Reply::Failed(failure)) => Err(failure.into()),
            _ => Err(ClientError::HungUp),
        }
    }

    async fn read<Message: serde::de::DeserializeOwned>(&mut self) -> Result<Message, ClientError> {
        match self.reader.read().await {
            Ok(Some(message)) => Ok(message),
            Ok(None) | Err(ReadError::Truncated | ReadError::Io(_)) => Err(ClientError::HungUp),
            Err(error) => Err(ClientError::Unreadable(io::Error::other(error))),
        }
    }
}
