//! Replays a recording: a server that sends the recorded responses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::client::{Exchange, Recording};

/// Returns the address of a server that sends the responses of a recording, each to the request with its method and
/// path.
pub(super) fn serve(recording: Recording) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let recording = Arc::new(recording);
    // The thread ends with the process of the test.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let recording = Arc::clone(&recording);
            thread::spawn(move || respond(stream.unwrap(), &recording));
        }
    });
    base_url
}

fn respond(stream: TcpStream, recording: &Recording) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    reader.read_line(&mut head).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().to_ascii_lowercase().strip_prefix("content-length:") {
            Some(text) => length = text.trim().parse().ok()?,
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let mut words = head.split(' ');
    let (method, path) = (words.next()?, words.next()?);
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
        response.push_str(&format!("{name}: {value}\r\n"));
    }
    reader.get_mut().write_all(format!("{response}\r\n{body}").as_bytes()).ok()
}
