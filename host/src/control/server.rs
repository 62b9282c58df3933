//! The host's end of the control socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use riser_domain::Actor;
use riser_platform::{ControlListener, ControlStream, Peer};
use riser_runtime::{ClockConfirmation, ConnectionDraft, ExportScope, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::framing::{self, MAX_REQUEST_BYTES, MessageReader, MessageWriter, ReadError};
use super::moment::Moment;
use super::protocol::{Configured, Failure, Hello, PROTOCOL_VERSION, Reply, Request};
use super::stored::{self, LogReader};
use super::{processors, status_report};

/// Clients served at the same time; more wait to be accepted.
const MAX_CLIENTS: usize = 256;
/// Time a client has to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Time a client has to take a reply; a person may read a log page by page.
const REPLY_TIMEOUT: Duration = Duration::from_mins(10);
/// Time between two reads of a log that is followed. A run writes its lines every 500 ms.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(250);
/// Time for the replies that are under way when the host ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Wait after a client could not be accepted, as when there are no file descriptors left.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// A control socket that is served.
#[derive(Debug)]
pub(crate) struct ControlServer {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl ControlServer {
    pub(crate) fn start(listener: ControlListener, runtime: Runtime) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, runtime, stop.clone()));
        Self { stop, task }
    }

    /// Removes the socket, and hangs up on all clients once they have the replies that are under way.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!("the control socket failed: {error}");
        }
    }
}

async fn serve(listener: ControlListener, runtime: Runtime, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(MAX_CLIENTS));
    let mut clients = JoinSet::new();
    let accept = async || {
        let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
        listener.accept().await.map(|(stream, peer)| (permit, stream, peer))
    };
    loop {
        let accepted = tokio::select! {
            accepted = accept() => accepted,
            Some(_) = clients.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((permit, stream, peer)) => {
                clients.spawn(serve_client(permit, (stream, peer), runtime.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!("a client of the control socket could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
    drop(listener);
    let replies = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSE_TIMEOUT, replies).await.is_err() {
        clients.shutdown().await;
    }
}

async fn serve_client(
    _permit: OwnedSemaphorePermit,
    (stream, peer): (ControlStream, Peer),
    runtime: Runtime,
    stop: CancellationToken,
) {
    let (mut reader, mut writer) = framing::split(stream, MAX_REQUEST_BYTES);
    let hello = Hello::of_host(&runtime.zone());
    let received = tokio::select! {
        biased;
        received = receive((&mut reader, &mut writer), peer, &hello, REQUEST_TIMEOUT) => received,
        () = stop.cancelled() => return,
    };
    let request = match received {
        Ok(Some(request)) => request,
        Ok(None) => return,
        Err(failure) => {
            tracing::warn!("a request from {} was refused: {failure}", peer.user);
            // A client that has gone does not need it.
            let _ = tokio::time::timeout(REQUEST_TIMEOUT, writer.write(&Reply::Failed(failure))).await;
            return;
        }
    };
    tokio::select! {
        served = Handler { runtime: &runtime, writer: &mut writer, peer }.serve(request) => {
            if let Err(error) = served {
                tracing::debug!("a reply to {} was not sent: {error}", peer.user);
            }
        }
        () = reader.hung_up() => tracing::debug!("{} hung up before the reply was complete", peer.user),
    }
}

/// Returns the request; `None` when the client has hung up or speaks another version.
async fn receive(
    (reader, writer): (&mut MessageReader, &mut MessageWriter),
    peer: Peer,
    hello: &Hello,
    timeout: Duration,
) -> Result<Option<Request>, Failure> {
    if !peer.is_allowed() {
        return Err(Failure::NotAllowed { user: peer.user.to_string() });
    }
    let received = tokio::time::timeout(timeout, async {
        let Some(client) = reader.read::<Hello>().await? else { return Ok(None) };
        if writer.write(hello).await.is_err() || client.riser_control != PROTOCOL_VERSION {
            // The client knows both versions and prints what to do.
            return Ok(None);
        }
        reader.read().await
    });
    let bad_request = |reason: String| Failure::BadRequest { reason };
    match received.await {
        Ok(received) => received.map_err(|error: ReadError| bad_request(error.to_string())),
        Err(_) => Err(bad_request(format!("it was not complete after {} s", timeout.as_secs()))),
    }
}

/// Serves one request.
struct Handler<'client> {
    runtime: &'client Runtime,
    writer: &'client mut MessageWriter,
    peer: Peer,
}

impl Handler<'_> {
    async fn serve(mut self, request: Request) -> io::Result<()> {
        let reply = match request {
            Request::Log { run, follow } => self.log(run, follow).await,
            Request::TestConnection { connection } => self.test_connection(&connection).await,
            other => self.reply(other).await,
        };
        let reply = reply.unwrap_or_else(Reply::Failed);
        self.send(&reply).await
    }

    /// Replies to a request with one reply.
    async fn reply(&self, request: Request) -> Result<Reply, Failure> {
        let store = self.runtime.store();
        Ok(match request {
            Request::Status => Reply::Status(status_report::status(self.runtime).await?),
            Request::Problems => Reply::Problems(status_report::problems(self.runtime)),
            Request::Run { processor } => {
                self.note(&format!("start {processor:?}"));
                Reply::Started(processors::start(self.runtime, &processor).await?)
            }
            Request::Stop { processor } => {
                self.note(&format!("stop {processor:?}"));
                Reply::Stopped(processors::stop(self.runtime, &processor).await?)
            }
            Request::Release { processor } => {
                self.note(&format!("release {processor:?}"));
                processors::release(self.runtime, &processor).await?;
                Reply::Released
            }
            Request::Runs { processor, count } => {
                Reply::Runs(stored::runs(store, processor.as_deref(), count).await?)
            }
            Request::Log { run, .. } => Reply::LogEnd(stored::run(store, run).await?),
            Request::TestConnection { connection } => {
                Reply::ConnectionTested { passed: self.runtime.test_connection(&connection, drop).await? }
            }
            Request::Audit { count } => Reply::Audit(stored::audit(store, count).await?),
            Request::Users => Reply::Users(stored::users(store).await?),
            Request::Schedules => Reply::Schedules(status_report::schedules(self.runtime).await?),
            Request::ConfirmClock => {
                self.note("confirm the clock");
                let ClockConfirmation { now, was_implausible } =
                    self.runtime.confirm_clock(&Actor::CommandLine).await?;
                Reply::ClockConfirmed { now: Moment(now), was_implausible }
            }
            Request::Plan { draft } => Reply::Plan(self.runtime.plan(&draft).await?),
            Request::Configure { draft } => {
                self.note("change the configuration");
                let riser_runtime::Configured { plan, problems } =
                    self.runtime.configure(draft, Actor::CommandLine).await?;
                let problems = problems.into_iter().map(|it| format!("{}; {}", it.what, it.remedy)).collect();
                Reply::Configured(Configured { plan, problems })
            }
            Request::Export { with_disabled } => {
                let scope = if with_disabled { ExportScope::All } else { ExportScope::WithoutDisabled };
                Reply::Exported(self.runtime.export(scope))
            }
        })
    }

    /// Sends the log page by page; one that is followed ends with its run.
    async fn log(&mut self, run: i64, follow: bool) -> Result<Reply, Failure> {
        let mut log = LogReader::new(run);
        loop {
            // Read before the lines: a run that is over has written all of them.
            let report = stored::run(self.runtime.store(), run).await?;
            loop {
                let lines = log.next_page(self.runtime.store()).await?;
                if lines.is_empty() {
                    break;
                }
                self.send_part(&Reply::Log(lines)).await?;
            }
            if !follow || report.state.is_over() {
                return Ok(Reply::LogEnd(report));
            }
            tokio::time::sleep(FOLLOW_INTERVAL).await;
        }
    }

    /// Sends each stage as it begins and ends.
    async fn test_connection(&mut self, connection: &ConnectionDraft) -> Result<Reply, Failure> {
        self.note(&format!("test the connection {:?}", connection.identity.name));
        let (sender, mut stages) = mpsc::unbounded_channel();
        let test = self.runtime.test_connection(connection, move |stage| {
            // The receiver lives as long as the test.
            let _ = sender.send(stage);
        });
        let mut test = std::pin::pin!(test);
        loop {
            let stage = tokio::select! {
                biased;
                Some(stage) = stages.recv() => stage,
                tested = &mut test => {
                    let passed = tested?;
                    while let Ok(stage) = stages.try_recv() {
                        self.send_part(&Reply::TestStage(stage)).await?;
                    }
                    return Ok(Reply::ConnectionTested { passed });
                }
            };
            self.send_part(&Reply::TestStage(stage)).await?;
        }
    }

    /// Sends one of several replies.
    async fn send_part(&mut self, reply: &Reply) -> Result<(), Failure> {
        self.send(reply).await.map_err(|error| Failure::Internal { sentence: error.to_string() })
    }

    async fn send(&mut self, reply: &Reply) -> io::Result<()> {
        tokio::time::timeout(REPLY_TIMEOUT, self.writer.write(reply)).await?
    }

    /// Logs who asked for a change.
    fn note(&self, what: &str) {
        let process = self.peer.process.map(|id| format!(", process {id}")).unwrap_or_default();
        tracing::info!("command line ({}{process}): {what}", self.peer.user);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    use super::*;

    /// Returns the result of reading these bytes from a client that stays connected.
    async fn received(bytes: &[u8], timeout: Duration) -> Result<Option<Request>, Failure> {
        let (mut client, host) = UnixStream::pair().unwrap();
        let host = ControlStream::from(host);
        let peer = Peer::of(&host).unwrap();
        let (mut reader, mut writer) = framing::split(host, 64);
        client.write_all(bytes).await.unwrap();
        receive((&mut reader, &mut writer), peer, &Hello::of_client(), timeout).await
    }

    #[tokio::test]
    async fn a_client_that_hangs_within_a_line_is_refused_after_a_while() {
        let refused = received(b"{\"riser_control\":1,", Duration::ZERO).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the host does not understand the request: it was not complete after 0 s"
        );
    }

    #[tokio::test]
    async fn only_a_known_request_after_a_greeting_of_this_version_is_served() {
        let hello = serde_json::to_string(&Hello::of_client()).unwrap();
        let after_hello =
            async |request: &str| received(format!("{hello}\n{request}\n").as_bytes(), REQUEST_TIMEOUT).await;
        assert!(matches!(after_hello(r#"{"request":"status"}"#).await, Ok(Some(Request::Status))));
        for (request, reason) in [
            ("garbage", "the message is not JSON: column 1"),
            (r#"{"request":"explode"}"#, "the message is not one that this version of Riser knows"),
            (r#"{"request":"run"}"#, "the message is not one that this version of Riser knows"),
            (&"x".repeat(65), "the message is longer than 0 MiB"),
        ] {
            let refused = after_hello(request).await.unwrap_err();
            assert_eq!(refused, Failure::BadRequest { reason: reason.to_owned() });
        }
        assert!(matches!(
            received(b"{\"riser_control\":2,\"release\":\"9.0\"}\n", REQUEST_TIMEOUT).await,
            Ok(None)
        ));
    }
}
