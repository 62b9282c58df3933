use std::time::Duration;

/// How long clients may take, and how many may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// For the TLS handshake.
    pub handshake_deadline: Duration,
    /// From the first byte of a header, or from the start of a connection, to the complete header.
    pub header_deadline: Duration,
    /// Between two requests on a connection. Longer than a BMS polls, or each poll pays for a new login.
    pub idle_timeout: Duration,
    /// For the body of a request, from the moment the server waits for it.
    pub body_deadline: Duration,
    /// For a client to read on.
    pub write_deadline: Duration,
    /// Connections served at the same time.
    pub connections: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            handshake_deadline: Duration::from_secs(10),
            header_deadline: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            body_deadline: Duration::from_secs(30),
            write_deadline: Duration::from_secs(30),
            connections: 1_000,
        }
    }
}
