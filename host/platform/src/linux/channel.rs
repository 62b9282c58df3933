//! The connection between the host and one worker: a pair of Unix sockets.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// One end of a connection between two processes. Reads and writes block.
#[derive(Debug)]
pub struct Channel(UnixStream);

impl Channel {
    /// Creates two connected ends.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Self(one), Self(other)))
    }

    /// Returns a second handle to the same end.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    /// Turns this end into an asynchronous one. Call it within a tokio runtime.
    pub fn into_async(self) -> io::Result<(ChannelReader, ChannelWriter)> {
        self.0.set_nonblocking(true)?;
        let (reader, writer) = tokio::net::UnixStream::from_std(self.0)?.into_split();
        Ok((ChannelReader(reader), ChannelWriter(writer)))
    }

    pub(super) const fn socket(&self) -> &UnixStream {
        &self.0
    }
}

impl From<OwnedFd> for Channel {
    fn from(socket: OwnedFd) -> Self {
        Self(socket.into())
    }
}

impl From<Channel> for OwnedFd {
    fn from(channel: Channel) -> Self {
        channel.0.into()
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The receiving half of an asynchronous end.
#[derive(Debug)]
pub struct ChannelReader(pub(super) OwnedReadHalf);

impl AsyncRead for ChannelReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

/// The sending half of an asynchronous end.
#[derive(Debug)]
pub struct ChannelWriter(pub(super) OwnedWriteHalf);

impl AsyncWrite for ChannelWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_blocking_end_and_an_asynchronous_end_exchange_bytes() {
        let (host, mut worker) = Channel::pair().unwrap();
        let (mut reader, mut writer) = host.into_async().unwrap();
        worker.write_all(b"hello").unwrap();
        let mut received = [0; 5];
        reader.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"hello");

        writer.write_all(b"order").await.unwrap();
        worker.read_exact(&mut received).unwrap();
        assert_eq!(&received, b"order");
        drop((reader, writer));
        assert_eq!(worker.read(&mut received).unwrap(), 0, "the host's end is closed");
    }
}
