//! Replays a recording: a server that sends the recorded responses and keeps the requests.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::client::{Exchange, Recording};

/// A server that sends the responses of a recording, each to the request with its method and path. Others get 404.
pub(super) struct Replay {
    pub(super) base_url: String,
    recording: Arc<Mutex<Arc<Recording>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    /// Starts it. Its threads end with the process of the test.
    pub(super) fn serve(recording: Recording) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        let recording = Arc::new(Mutex::new(Arc::new(recording)));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (served, log) = (Arc::clone(&recording), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (recording, log) = (Arc::clone(&served.lock().unwrap()), Arc::clone(&log));
                thread::spawn(move || respond(stream.unwrap(), &recording, &log));
            }
        });
        Self { base_url, recording, requests }
    }

    /// Sends the responses of another recording from now on.
    pub(super) fn replace(&self, recording: Recording) {
        *self.recording.lock().unwrap() = Arc::new(recording);
    }

    /// Returns all requests so far: the request line, headers with small letters, an empty line, the body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the paths of all requests so far.
    pub(super) fn paths(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests
            .map(|request| request.split(' ').nth(1).unwrap_or_default().replacen("/api", "", 1))
            .collect()
    }
}

fn respond(stream: TcpStream, recording: &Recording, log: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    reader.read_line(&mut head).ok()?;
    let mut length = 0;
    let mut text = head.clone();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.split_once(':') {
            Some((name, value)) => write!(text, "{}:{value}", name.to_ascii_lowercase()).ok()?,
            None => text.push_str(&line),
        }
        match line.trim().to_ascii_lowercase().strip_prefix("content-length:") {
            Some(text) => length = text.trim().parse().ok()?,
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    // A connection test opens one connection without a request.
    if !head.is_empty() {
        log.lock().unwrap().push(format!("{text}{}", String::from_utf8_lossy(&body)));
    }
    let mut words = head.split(' ');
    let (method, path) = (words.next()?, words.next()?.strip_prefix("/api")?);
    let found = recording.exchanges.iter().find(|it| it.method == method && it.path == path);
    let missing = Exchange {
        method: method.to_owned(),
        path: path.to_owned(),
        status: 404,
        headers: Vec::new(),
        body: serde_json::Value::Null,
    };
    let Exchange { status, headers, body, .. } = found.unwrap_or(&missing);
    let body = body.to_string();
    let mut response =
        format!("HTTP/1.1 {status} Recorded\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(response, "{name}: {value}\r\n").ok()?;
    }
    reader.get_mut().write_all(format!("{response}\r\n{body}").as_bytes()).ok()
}
