//! Futures and the HTTP client on the host in memory: they end with the run, and the limiter hears of each request.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use riser_plugin::LogLevel;
use riser_plugin::http::{HttpClient, HttpError, Method, Request, Response, Trust};
use riser_plugin::prelude::*;
use riser_plugin_testing::{ActionResult, FailureMessage, LimitedAction, MemoryHost, RunEnd, json};

/// A device at an address.
#[derive(Connection)]
#[connection(id = "device", name = "Device")]
struct Device {
    /// Where it is.
    #[setting(kind = "address")]
    base_url: String,
}

impl Device {
    fn test(&self, host: &TestHost) -> Outcome {
        host.stage("HTTP", || match get(host.host(), &self.base_url, "/") {
            Ok(response) => Ok(((), format!("status {}", response.status))),
            Err(error) => Err((error.to_string(), "look at its address".to_owned())),
        })
    }
}

fn get(host: &Host, base_url: &str, path: &str) -> Result<Response, HttpError> {
    let client = HttpClient::new(host, base_url, &Trust::Nothing)?;
    client.send(LimitedAction::Request, &Request::get(path), classify)
}

fn classify(response: &Response) -> ActionResult {
    match response.retry_after() {
        Some(pause) => {
            ActionResult::Throttled { pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
        }
        None => ActionResult::Done,
    }
}

/// Returns a request with an effect.
fn put() -> Request {
    Request::with_json(Method::PUT, "/limit", "{}")
}

/// Sends one request and logs its status.
struct Sender(Request);

impl Processor for Sender {
    type Settings = ();
    const CLASS: Class = Class::scheduled("sender", "Sender").needs::<Device>();

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let device = host.connection::<Device>()?;
        let client = HttpClient::new(host, &device.base_url, &Trust::Nothing)?;
        host.log(LogLevel::Info, "asking");
        let response = client.send(LimitedAction::Request, &self.0, classify)?;
        host.log(LogLevel::Info, &format!("{} {}", response.status, response.body.len()));
        Ok(())
    }
}

/// Returns a host whose device sends these responses, one for each connection. An empty one closes the connection.
fn host_with(responses: Vec<Vec<u8>>) -> MemoryHost {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for response in responses {
            let (stream, _) = listener.accept().unwrap();
            reply(stream, &response);
        }
    });
    MemoryHost::new().connection::<Device>(json!({ "base_url": base_url }))
}

fn reply(mut stream: TcpStream, response: &[u8]) {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut chunk).unwrap();
        request.extend_from_slice(&chunk[..length]);
    }
    // A client that has seen enough goes away.
    let _gone = stream.write_all(response);
}

/// Returns the text of one request up to this end, and a host that sends it to its device.
fn received(request: Request, end: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}/api", listener.local_addr().unwrap());
    let device = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = String::new();
        let mut chunk = [0; 1024];
        while !text.ends_with(end) {
            let length = stream.read(&mut chunk).unwrap();
            text.push_str(std::str::from_utf8(&chunk[..length]).unwrap());
        }
        stream.write_all(&response("200 OK", 0)).unwrap();
        text
    });
    let host = MemoryHost::new().connection::<Device>(json!({ "base_url": base_url }));
    assert_eq!(host.run(Sender(request)), RunEnd::Succeeded);
    device.join().unwrap()
}

fn response(head: &str, body_bytes: usize) -> Vec<u8> {
    let mut response =
        format!("HTTP/1.1 {head}\r\nContent-Length: {body_bytes}\r\nConnection: close\r\n\r\n").into_bytes();
    response.resize(response.len() + body_bytes, b' ');
    response
}

fn results(host: &MemoryHost) -> Vec<ActionResult> {
    host.limiter_reports().into_iter().map(|report| report.result).collect()
}

fn last_line(host: &MemoryHost) -> String {
    host.log().pop().map(|line| line.text).unwrap_or_default()
}

#[test]
fn a_redirect_is_returned_and_not_followed() {
    let host = host_with(vec![response("302 Found\r\nLocation: http://127.0.0.1:1/", 3)]);
    assert_eq!(host.run(Sender(Request::get("/"))), RunEnd::Succeeded);
    assert_eq!((last_line(&host).as_str(), results(&host)), ("302 3", vec![ActionResult::Done]));
}

#[test]
fn headers_parameters_and_forms_reach_the_device() {
    let request =
        Request::new(Method::POST, "/token").query("site", "a b").header("X-Api-Key", "k1").basic("u", "p");
    let text = received(request.form([("grant_type", "password"), ("username", "u&1")]), "username=u%261");
    assert!(text.starts_with("POST /api/token?site=a+b HTTP/1.1\r\n"), "{text}");
    for header in
        ["x-api-key: k1", "authorization: Basic dTpw", "content-type: application/x-www-form-urlencoded"]
    {
        assert!(text.to_lowercase().contains(&format!("\r\n{}\r\n", header.to_lowercase())), "{text}");
    }
    assert!(text.ends_with("\r\n\r\ngrant_type=password&username=u%261"), "{text}");
}

#[test]
fn a_header_that_http_does_not_allow_is_refused_without_its_text() {
    let host = host_with(Vec::new());
    let what = host.run(Sender(Request::get("/").header("X-Key", "hidden\r\nX: 1"))).failure().what;
    assert!(what.contains("does not allow") && !what.contains("hidden"), "{what}");
}

#[test]
fn a_link_is_followed_only_below_the_base_address() {
    struct Links;
    impl Processor for Links {
        type Settings = ();
        const CLASS: Class = Class::scheduled("links", "Links").needs::<Device>();
        fn run(&self, host: &Host, (): ()) -> Outcome {
            let client = HttpClient::new(host, "https://10.0.0.5:8443/api/v2/", &Trust::Nothing)?;
            for link in [
                "https://10.0.0.5:8443/api/v2/zones?page=2",
                "/api/v2/zones?page=3#part",
                "?page=4",
                "zones/5",
                "https://10.0.0.6:8443/api/v2/zones",
                "http://10.0.0.5:8443/api/v2/zones",
                "https://u@10.0.0.5:8443/api/v2/zones",
                "/api/v20/zones",
                "../../admin",
            ] {
                let path = client.linked_path("/zones?page=1", link).unwrap_or_else(|| "-".to_owned());
                host.log(LogLevel::Info, &path);
            }
            Ok(())
        }
    }
    let host = MemoryHost::new().connection::<Device>(json!({ "base_url": "https://10.0.0.5" }));
    assert_eq!(host.run(Links), RunEnd::Succeeded);
    let paths: Vec<String> = host.log().into_iter().map(|line| line.text).collect();
    assert_eq!(
        paths,
        ["/zones?page=2", "/zones?page=3", "/zones?page=4", "/zones/5", "-", "-", "-", "-", "-"]
    );
}

#[test]
fn a_requested_pause_reaches_the_limiter() {
    let host = host_with(vec![response("429 Slow\r\nRetry-After: 7", 0)]);
    host.run(Sender(Request::get("/")));
    assert_eq!(results(&host), [ActionResult::Throttled { pause_ms: 7_000 }]);
}

#[test]
fn a_read_without_response_is_retried_and_a_write_is_not() {
    let host = host_with(vec![Vec::new(), response("200 OK", 2)]);
    assert_eq!(host.run(Sender(Request::get("/"))), RunEnd::Succeeded);
    assert_eq!(results(&host), [ActionResult::Failed, ActionResult::Done]);

    let host = host_with(vec![Vec::new(), response("200 OK", 2)]);
    let FailureMessage { what, is_retryable, .. } = host.run(Sender(put())).failure();
    assert!(what.contains("does not respond") && is_retryable, "{what}");
    assert_eq!(results(&host), [ActionResult::Failed]);
}

/// Sends three requests and a write.
struct Repeater;

impl Processor for Repeater {
    type Settings = ();
    const CLASS: Class = Class::scheduled("repeater", "Repeater").needs::<Device>();

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let device = host.connection::<Device>()?;
        let client = HttpClient::new(host, &device.base_url, &Trust::Nothing)?;
        for _ in 0..3 {
            client.send(LimitedAction::Request, &Request::get("/"), classify)?;
        }
        client.send(LimitedAction::Request, &put(), classify)?;
        Ok(())
    }
}

#[test]
fn a_kept_connection_that_is_closed_on_reuse_is_replaced_and_later_none_is_kept() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    // Each connection takes one request, offers to stay open, and is closed when the next one comes.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                reply(stream.try_clone().unwrap(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                let _closed = stream.read_exact(&mut [0]);
            });
        }
    });
    let host = MemoryHost::new().connection::<Device>(json!({ "base_url": base_url }));
    assert_eq!(host.run(Repeater), RunEnd::Succeeded);
    assert_eq!(
        results(&host),
        [ActionResult::Done, ActionResult::Done, ActionResult::Done, ActionResult::Done]
    );
}

#[test]
fn a_response_above_the_limit_is_cut_off() {
    let host = host_with(vec![response("200 OK", 21 << 20)]);
    let what = host.run(Sender(put())).failure().what;
    assert!(what.ends_with("exceeds 20 MiB"), "{what}");
}

#[test]
fn an_address_with_a_password_is_refused_before_anything_is_sent() {
    let host = MemoryHost::new().connection::<Device>(json!({ "base_url": "https://a:b@device.local" }));
    let what = host.run(Sender(put())).failure().what;
    assert!(what.contains("login and password do not belong into it"), "{what}");
}

#[test]
fn a_request_that_hangs_ends_with_the_run() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let host = MemoryHost::new().connection::<Device>(json!({ "base_url": base_url }));
    let run = host.launch(Sender(Request::get("/")));
    host.until(|host| last_line(host) == "asking");
    assert_eq!(run.stop(), RunEnd::Cancelled);
}

#[test]
fn a_connection_test_sends_through_the_same_client() {
    let (stages, end) = host_with(vec![response("204 No Content", 0)]).test_connection::<Device>();
    assert_eq!((stages[0].finding.as_str(), end), ("status 204", RunEnd::Succeeded));
}

#[test]
fn a_future_is_dropped_when_the_run_is_cancelled() {
    /// Logs that it was dropped.
    struct Dropped<'a>(&'a Host);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.log(LogLevel::Info, "dropped");
        }
    }
    struct Waiter;
    impl Processor for Waiter {
        type Settings = ();
        const CLASS: Class = Class::long_running("waiter", "Waiter");
        fn run(&self, host: &Host, (): ()) -> Outcome {
            let sum = host.block_on(async { 40 + 2 })?;
            host.block_on(async {
                let _dropped = Dropped(host);
                host.log(LogLevel::Info, &sum.to_string());
                std::future::pending::<()>().await;
            })?;
            Ok(())
        }
    }
    let host = MemoryHost::new();
    let run = host.launch(Waiter);
    host.until(|host| last_line(host) == "42");
    assert_eq!(run.stop(), RunEnd::Cancelled);
    assert_eq!(last_line(&host), "dropped");
}
