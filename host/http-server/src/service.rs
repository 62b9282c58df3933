use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use hyper::body::Body;
use hyper::{Request, Response};

use crate::request_body::RequestBody;

/// The addresses of both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionAddrs {
    pub client: SocketAddr,
    pub local: SocketAddr,
    pub is_tls: bool,
}

/// Responds to the requests of a listener.
pub trait HttpService: Send + Sync + 'static {
    type ResponseBody: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;

    /// Responds to a request.
    fn respond(
        &self,
        request: Request<RequestBody>,
        connection: ConnectionAddrs,
    ) -> impl Future<Output = Response<Self::ResponseBody>> + Send;

    /// Responds on a connection above [`HttpLimits::connections`](crate::HttpLimits::connections). The response
    /// must close the connection.
    fn overloaded(&self) -> Response<Self::ResponseBody>;
}
