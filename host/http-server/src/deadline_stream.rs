//! A stream with the deadlines that hyper lacks: for a whole header after its first byte (an idle connection may
//! wait longer), and for a client that does not read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::limits::HttpLimits;

/// The state of a connection, shared between its stream and its service.
#[derive(Debug)]
pub(crate) struct ConnectionPhase(AtomicU8);

const IDLE: u8 = 0;
const HEADER: u8 = 1;
const REQUEST: u8 = 2;

impl ConnectionPhase {
    /// A new connection must send its first header immediately.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(HEADER)))
    }

    /// A whole header has arrived.
    pub(crate) fn request_begins(&self) {
        self.0.store(REQUEST, Ordering::Relaxed);
    }

    /// The response is ready. The next header may start later.
    pub(crate) fn request_ends(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(crate) struct DeadlineStream<S> {
    stream: S,
    phase: Arc<ConnectionPhase>,
    header_deadline: Duration,
    header: Pin<Box<Sleep>>,
    write_deadline: Duration,
    write: Pin<Box<Sleep>>,
    is_write_stuck: bool,
}

impl<S> DeadlineStream<S> {
    pub(crate) fn new(stream: S, phase: Arc<ConnectionPhase>, limits: &HttpLimits) -> Self {
        let HttpLimits { header_deadline, write_deadline, .. } = *limits;
        Self {
            stream,
            phase,
            header_deadline,
            header: Box::pin(sleep(header_deadline)),
            write_deadline,
            write: Box::pin(sleep(write_deadline)),
            is_write_stuck: false,
        }
    }

    /// Fails a write that waits longer than its deadline for the client to read.
    fn guard_write<T>(
        &mut self,
        poll: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.is_write_stuck = false;
            return poll;
        }
        if !self.is_write_stuck {
            self.is_write_stuck = true;
            self.write.as_mut().reset(Instant::now() + self.write_deadline);
        }
        match self.write.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(context, buffer);
        if poll.is_ready() {
            let is_first_byte = buffer.filled().len() > before
                && this.phase.0.compare_exchange(IDLE, HEADER, Ordering::Relaxed, Ordering::Relaxed).is_ok();
            if is_first_byte {
                this.header.as_mut().reset(Instant::now() + this.header_deadline);
            }
            return poll;
        }
        if this.phase.0.load(Ordering::Relaxed) == HEADER && this.header.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(context, buffer);
        this.guard_write(poll, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(context, buffers);
        this.guard_write(poll, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // TLS holds back bytes that the client has no room for until it is flushed.
        let poll = Pin::new(&mut this.stream).poll_flush(context);
        this.guard_write(poll, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_shutdown(context);
        this.guard_write(poll, context)
    }
}
