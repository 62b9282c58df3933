//! A client that repeats a request as fast as possible over persistent connections, each with a new digest
//! count, and counts the items in every response.
//!
//! Threads that block, one for each connection, cost the client least: its processor must not be the limit.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use memchr::memmem;
use url::Url;

use crate::processes::Login;

/// A longer silence of the server is a failure.
const TEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The start of an item.
const ITEM: &[u8] = b"<ValueItem>";
/// Most headers of a response.
const MOST_HEADERS: usize = 32;
/// Largest response in bytes.
const LARGEST_RESPONSE: usize = 1024 * 1024;

/// A request and its login.
pub(super) struct Question<'a> {
    pub(super) body: String,
    /// Items in each response.
    pub(super) items: usize,
    pub(super) login: &'a Login,
    /// The server that requires the login; the baseline gets the same header.
    pub(super) ews_url: Url,
}

/// An open connection with its count of logins.
struct Connection<'a> {
    question: &'a Question<'a>,
    challenge: WwwAuthenticateHeader,
    stream: TcpStream,
    request: Vec<u8>,
    /// Buffer of a response, and the number of received bytes.
    room: Box<[u8]>,
    received: usize,
}

impl Question<'_> {
    /// Returns one response of the EWS server.
    pub(super) fn ask_once(&self) -> anyhow::Result<Vec<u8>> {
        let mut connection = Connection::open(self, address(&self.ews_url)?)?;
        connection.ask()?;
        Ok(connection.body()?.to_vec())
    }

    /// Returns requests per second with this number of connections and duration.
    pub(super) fn ask_often(&self, url: &Url, connections: usize, long: Duration) -> anyhow::Result<f64> {
        let address = address(url)?;
        let open = (0..connections).map(|_| Connection::open(self, address));
        let open = open.collect::<anyhow::Result<Vec<_>>>()?;
        let begin = Instant::now();
        let responses = std::thread::scope(|scope| {
            let asking = |mut connection: Connection<'_>| -> anyhow::Result<u32> {
                let mut responses = 0;
                while begin.elapsed() < long {
                    connection.ask()?;
                    responses += 1;
                }
                Ok(responses)
            };
            let threads: Vec<_> = open.into_iter().map(|it| scope.spawn(move || asking(it))).collect();
            let counts = threads.into_iter().map(|thread| thread.join().expect("asking does not panic"));
            counts.sum::<anyhow::Result<u32>>()
        })?;
        Ok(f64::from(responses) / begin.elapsed().as_secs_f64())
    }
}

impl<'a> Connection<'a> {
    fn open(question: &'a Question<'a>, address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TEST_TIMEOUT))?;
        let challenge = challenge(&question.ews_url)?;
        let room = vec![0; LARGEST_RESPONSE].into_boxed_slice();
        Ok(Self { question, challenge, stream, request: Vec::new(), room, received: 0 })
    }

    /// Sends the request and reads the whole response.
    fn ask(&mut self) -> anyhow::Result<()> {
        let Question { body, items, login, ews_url } = self.question;
        let path = ews_url.path();
        let context =
            AuthContext::new_with_method(login.user, &*login.password, path, None::<&[u8]>, HttpMethod::POST);
        let authorization = self.challenge.respond(&context)?;
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nHost: measured\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
             Content-Length: {}\r\nAuthorization: {authorization}\r\n\r\n",
            body.len()
        )?;
        self.request.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.request)?;
        self.receive()?;
        let counted = memmem::find_iter(self.body()?, ITEM).count();
        ensure!(counted == *items, "an response holds {counted} items and not {items}");
        Ok(())
    }

    fn receive(&mut self) -> anyhow::Result<()> {
        self.received = 0;
        let mut whole = None;
        while whole.is_none_or(|bytes| self.received < bytes) {
            let count = self.stream.read(&mut self.room[self.received..])?;
            ensure!(count > 0, "the server hung up, or its response is larger than {LARGEST_RESPONSE} bytes");
            self.received += count;
            if whole.is_none() {
                whole = self.whole_bytes()?;
            }
        }
        Ok(())
    }

    /// Returns the size of the whole response after its head has arrived.
    fn whole_bytes(&self) -> anyhow::Result<Option<usize>> {
        let Some(head) = self.head_bytes() else { return Ok(None) };
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(&self.room[..head])?;
        if response.code != Some(200) {
            bail!("the server responses {:?} {}", response.code, response.reason.unwrap_or_default());
        }
        let length =
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = std::str::from_utf8(length.context("the response does not say its length")?.value)?;
        Ok(Some(head + length.parse::<usize>()?))
    }

    fn head_bytes(&self) -> Option<usize> {
        Some(memmem::find(&self.room[..self.received], b"\r\n\r\n")? + 4)
    }

    fn body(&self) -> anyhow::Result<&[u8]> {
        Ok(&self.room[self.head_bytes().context("nothing was received")?..self.received])
    }
}

/// Asks a server for a login. Each connection does, since a count of one nonce is taken once.
fn challenge(url: &Url) -> anyhow::Result<WwwAuthenticateHeader> {
    let mut stream = TcpStream::connect(address(url)?)?;
    write!(stream, "GET {} HTTP/1.1\r\nHost: measured\r\nConnection: close\r\n\r\n", url.path())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let line = response.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
    Ok(digest_auth::parse(line.context("the server asks for no login")?)?)
}

fn address(url: &Url) -> anyhow::Result<SocketAddr> {
    url.socket_addrs(|| None)?.first().copied().context("the server has no address")
}
