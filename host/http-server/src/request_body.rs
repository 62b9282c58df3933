//! The body of a request, with a deadline.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RequestBodyError {
    #[error("the client did not send the whole body in time")]
    TooSlow,
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

/// The body of a request. Reading it fails if the client takes longer than the deadline.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    deadline: Duration,
    /// Starts with the first wait: most bodies arrive together with their header.
    timer: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(crate) const fn new(incoming: Incoming, deadline: Duration) -> Self {
        Self { incoming, deadline, timer: None }
    }

    /// Gives the client another time for the body. Call it before the body is read.
    pub const fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(RequestBodyError::from)));
        }
        let deadline = this.deadline;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(deadline)));
        timer.as_mut().poll(context).map(|()| Some(Err(RequestBodyError::TooSlow)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
