//! The portal behind nginx and `HAProxy`: login, live stream, and clients that are told apart.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};

use reqwest::StatusCode;
use reqwest::header::{ACCEPT_ENCODING, COOKIE, LOCATION, ORIGIN, SET_COOKIE};

use crate::browser::{Driver, text_until};
use crate::controller::{Controller, http_client_builder};
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD};
use crate::programs;
use crate::waiting::until;
use crate::wizard::Person;

const OPERATOR: &str = "olga";
/// Clients behind a proxy. The proxies themselves use 127.0.0.1.
const OWNER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const ATTACKER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const COLLEAGUE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
/// Attempts to choose a port that no other test has taken meanwhile.
const ATTEMPTS: usize = 5;

/// nginx. `{pass}` is the address to which it passes requests.
const NGINX: &str = "
daemon off;
user root;
pid {directory}/pid;
error_log {directory}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  gzip on;
  server {
    listen {listen};
    location /riser/ {
      proxy_pass {pass};
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
";

/// `HAProxy`. `{header}` adds the header with the client's address.
const HAPROXY: &str = "
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  compression algo gzip
  compression type text/html text/event-stream
frontend portal
  bind {listen}
  {header}
  default_backend riser
backend riser
  server riser {upstream}
";

/// A running proxy. Dropping it ends the process.
struct Proxy {
    child: Child,
    url: String,
    _directory: tempfile::TempDir,
}

impl Proxy {
    async fn nginx(pass: &str, base: &str) -> Self {
        Self::start(&["nginx", "-c"], &NGINX.replace("{pass}", pass), base).await
    }

    async fn haproxy(host: &Host, header: &str) -> Self {
        let upstream = host.portal_url.strip_prefix("http://").unwrap();
        let configuration = HAPROXY.replace("{upstream}", upstream).replace("{header}", header);
        Self::start(&["haproxy", "-db", "-f"], &configuration, "").await
    }

    async fn start(command: &[&str], configuration: &str, base: &str) -> Self {
        for _ in 0..ATTEMPTS {
            let directory = tempfile::tempdir().unwrap();
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let listen = format!("127.0.0.1:{port}");
            let text = configuration
                .replace("{listen}", &listen)
                .replace("{directory}", directory.path().to_str().unwrap());
            let file = directory.path().join("proxy.conf");
            std::fs::write(&file, text).unwrap();
            let mut child = Command::new(command[0])
                .args(&command[1..])
                .arg(&file)
                .stdin(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("{} cannot be started: {error}", command[0]));
            let is_up = until("the proxy", async || {
                if child.try_wait().unwrap().is_some() {
                    return Ok(false);
                }
                tokio::net::TcpStream::connect(&listen).await.map(|_| true)
            });
            if is_up.await {
                return Self { child, url: format!("http://{listen}{base}"), _directory: directory };
            }
        }
        panic!("{} does not stay up", command[0]);
    }

    /// Sends the login form from a client's address.
    async fn log_in(&self, client: IpAddr, name: &str, password: &str) -> reqwest::Response {
        let (origin, _) = self.url.split_once("/riser").unwrap_or((&self.url, ""));
        browser(client)
            .post(format!("{}/login", self.url))
            .header(ORIGIN, origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("user={name}&password={}", password.replace(' ', "+")))
            .send()
            .await
            .unwrap()
    }

    /// Guesses passwords as fast as possible.
    async fn guess(&self, client: IpAddr) {
        for number in 0..50 {
            let status = self.log_in(client, ADMIN, &format!("guess {number}")).await.status();
            assert!(matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS), "{status}");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // nginx ends its workers when it is asked to.
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

fn browser(client: IpAddr) -> reqwest::Client {
    http_client_builder().local_address(client).no_proxy().build().unwrap()
}

/// A host with two users, started with these arguments.
fn start(arguments: &[&str]) -> (Installation, Host) {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    assert!(installation.user(&["add", OPERATOR, "--role", "operator"], ADMIN_PASSWORD).is_success);
    let host = installation.start_with(&[&["--portal-listen", "127.0.0.1:0"], arguments].concat());
    (installation, host)
}

/// Signs in, reads pages and the live stream, and guesses passwords from another address.
async fn use_portal(proxy: &Proxy, base: &str, installation: &Installation) {
    let signed_in = proxy.log_in(OWNER, ADMIN, ADMIN_PASSWORD).await;
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    assert_eq!(signed_in.headers()[LOCATION].to_str().unwrap(), format!("{base}/"));
    let cookie = signed_in.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains(&format!("; Path={base}/")), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let client = browser(OWNER);
    let get = |path: &str| client.get(format!("{}{path}", proxy.url)).header(COOKIE, cookie);

    let page = get("/").send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
    let script = format!("<script src=\"{base}/static/riser.js\"");
    assert!(page.contains(&script) && page.contains(&format!("href=\"{base}/items\"")), "{page}");
    let script = get("/static/riser.js").send().await.unwrap();
    assert_eq!(script.status(), StatusCode::OK);
    let redirect = browser(OWNER).get(format!("{}/items", proxy.url)).send().await.unwrap();
    assert_eq!(redirect.headers()[LOCATION].to_str().unwrap(), format!("{base}/login?next=%2Fitems"));

    // The first event arrives whole while the stream goes on.
    let stream = get("/events/overview").header(ACCEPT_ENCODING, "gzip").send().await.unwrap();
    let mut stream = stream.error_for_status().unwrap();
    assert!(!stream.headers().contains_key("content-encoding"), "{:?}", stream.headers());
    let mut received = String::new();
    while !received.contains("\n\n") {
        received.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("an event")));
    }
    assert!(received.contains("event: parts") && received.contains("connection-bar"), "{received}");
    assert!(received.contains(&format!("href=\\\"{base}/")), "{received}");

    proxy.guess(ATTACKER).await;
    assert_eq!(proxy.log_in(OWNER, ADMIN, ADMIN_PASSWORD).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(proxy.log_in(COLLEAGUE, OPERATOR, ADMIN_PASSWORD).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(proxy.log_in(ATTACKER, ADMIN, ADMIN_PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
    let audit = installation.ask(&["audit"]).text;
    assert!(audit.contains("127.0.0.2") && audit.contains("127.0.0.4"), "{audit}");
}

#[tokio::test]
async fn nginx_that_removes_the_base_path_and_nginx_that_keeps_it() {
    for kept in ["/", ""] {
        let (installation, host) = start(&["--trusted-proxy", "127.0.0.1", "--portal-base-path", "/riser/"]);
        let proxy = Proxy::nginx(&format!("{}{kept}", host.portal_url), "/riser").await;
        use_portal(&proxy, "/riser", &installation).await;
    }
}

#[tokio::test]
async fn haproxy_that_names_clients_in_either_header() {
    for header in ["option forwardfor", "http-request set-header Forwarded for=%[src]"] {
        let (installation, host) = start(&["--trusted-proxy", "127.0.0.0/31"]);
        let proxy = Proxy::haproxy(&host, header).await;
        use_portal(&proxy, "", &installation).await;
    }
}

#[tokio::test]
async fn the_wizard_adds_processors_behind_each_proxy() {
    for base in ["/riser", ""] {
        let controller = Controller::start("F1");
        let installation = Installation::new(&[programs::library("riser-evce")]);
        installation.add_admin(ADMIN, ADMIN_PASSWORD);
        let base_path = format!("{base}/");
        let host = installation.start_with(&[
            "--portal-listen",
            "127.0.0.1:0",
            "--trusted-proxy",
            "127.0.0.1",
            "--portal-base-path",
            &base_path,
        ]);
        let proxy = if base.is_empty() {
            Proxy::haproxy(&host, "option forwardfor").await
        } else {
            Proxy::nginx(&format!("{}/", host.portal_url), base).await
        };
        let driver = Driver::start();
        let person = Person::signed_in_at(&driver, &proxy.url).await;
        person.click("Add processor").await;
        person.add_all_processors(&controller).await;
        person.heading("Processors").await;
        // The row changes without a new page, over the event stream.
        text_until(&person.page, "//tr[contains(., 'EVCE Status')]", "Running").await;
        let address = person.page.current_url().await.unwrap();
        assert!(address.as_str().starts_with(&format!("{}/processors", proxy.url)), "{address}");
        let errors = driver.console_errors(&person.page).await;
        assert!(errors.is_empty(), "{errors:#?}");
        person.page.close().await.unwrap();
        host.stop();
    }
}

#[tokio::test]
async fn without_trust_in_the_proxy_all_clients_are_one() {
    let (_installation, host) = start(&[]);
    let proxy = Proxy::haproxy(&host, "option forwardfor").await;
    assert_eq!(proxy.log_in(OWNER, ADMIN, ADMIN_PASSWORD).await.status(), StatusCode::SEE_OTHER);
    proxy.guess(ATTACKER).await;
    let refused = proxy.log_in(OWNER, ADMIN, ADMIN_PASSWORD).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn a_proxy_or_a_path_that_cannot_be_used_is_refused() {
    let installation = Installation::new(&[]);
    for (option, value, message) in [
        (
            "--trusted-proxy",
            "proxy.example",
            "give an address or a network, such as 127.0.0.1 or 10.1.0.0/16",
        ),
        ("--portal-base-path", "riser", "give a path of letters, digits and -._~ such as /riser"),
    ] {
        let refused = installation.run(&["serve", "--portal-listen", "127.0.0.1:0", option, value]);
        assert!(refused.exit_code == Some(2) && refused.text.contains(message), "{}", refused.text);
    }
}
