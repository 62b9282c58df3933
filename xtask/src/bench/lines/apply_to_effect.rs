//! From the start of `riser apply` to its effects on a running host, while a BMS reads from another EWS server.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use riser_ews::client::{ClientOptions, EwsClient};

use crate::bench::controller::Controller;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::bench::statistics::median;
use crate::processes::{Login, Riser};

/// Files that are applied, one after the effects of the other.
const ROUNDS: u32 = 10;
/// Values in a request of the BMS.
const IDS_IN_A_REQUEST: usize = 1_000;
/// Polling interval, which is part of the measurement.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// A later effect is a failure.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The variable with the password of the second server's accounts while a file is applied.
const PASSWORD_VARIABLE: &str = "RISER_BENCH_ANNEX_PASSWORD";
const ANNEX_PATH: &str = "/Annex/DataExchange";

/// Of all rounds.
struct Observed {
    /// Of each round: its slowest effect.
    effects_ms: Vec<f64>,
    /// Of each round: applying the same file again, which changes nothing.
    without_change_ms: Vec<f64>,
    longest_gap: Duration,
    /// In a time without changes that is as long.
    longest_gap_before: Duration,
}

/// Measures the slowest effect.
pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let observed = observe(name, programs).await?;
    Ok(Measurement {
        name,
        value: observed.effects_ms.into_iter().reduce(f64::max).context("no round")?,
        unit: Unit::Milliseconds,
        baseline: median(observed.without_change_ms),
        target: Target::AtMost(1_000.0),
    })
}

/// Measures the longest time that the BMS gets no response.
pub(in crate::bench) async fn measure_gap(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let observed = observe(name, programs).await?;
    Ok(Measurement {
        name,
        value: milliseconds(observed.longest_gap),
        unit: Unit::Milliseconds,
        baseline: Some(milliseconds(observed.longest_gap_before)),
        target: Target::AtMost(100.0),
    })
}

async fn observe(name: &str, programs: &Programs) -> anyhow::Result<Observed> {
    let site = ChargingSite::start_with(programs, "F2", &[programs.metronome_plugin.as_path()]).await?;
    let (data, plugins) = (site.directories.data(), site.directories.plugins());
    let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
    let annex = Annex { riser, bms: Login::random("bms")?, ports: [free_port()?, free_port()?] };
    annex.add().await?;
    Controller::of(&site)?.wait_for_calls("GET", "/stations", 2).await?;
    let ids = value_ids(&site.client()?).await?;
    let reader = Reader::start(site.client()?, ids);

    let (mut effects_ms, mut without_change_ms) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    for round in 1..=ROUNDS {
        let file = annex.file(round);
        let effects = annex.apply_and_wait(&file, round).await?;
        print(&format!("{name}: round {round}: {effects:?}"));
        effects_ms.push(milliseconds(effects.slowest()));
        let again = Instant::now();
        annex.apply(&file).await?;
        without_change_ms.push(milliseconds(again.elapsed()));
    }
    let end = Instant::now();
    tokio::time::sleep(end - begin).await;
    let responses = reader.end()?;
    site.end().await;
    print(&format!("{name}: the BMS got {} responses without an error", responses.len()));
    Ok(Observed {
        effects_ms,
        without_change_ms,
        longest_gap: longest_gap(&responses, begin, end).context("the BMS read nothing")?,
        longest_gap_before: longest_gap(&responses, end, Instant::now()).context("the BMS read nothing")?,
    })
}

/// The EWS server that is changed, with what belongs to it.
struct Annex<'a> {
    riser: Riser<'a>,
    bms: Login,
    /// The server moves from one to the other and back.
    ports: [u16; 2],
}

/// How long after the start of the command each change acted.
#[derive(Debug)]
struct Effects {
    schedule: Duration,
    moved_server: Duration,
    account: Duration,
    processor: Duration,
}

impl Effects {
    fn slowest(&self) -> Duration {
        self.schedule.max(self.moved_server).max(self.account).max(self.processor)
    }
}

impl Annex<'_> {
    const fn port(&self, round: u32) -> u16 {
        self.ports[(round % 2) as usize]
    }

    /// Disabled in one round, active in the next.
    const fn is_active(round: u32) -> bool {
        round.is_multiple_of(2)
    }

    fn account(round: u32) -> String {
        format!("guest {round}")
    }

    async fn add(&self) -> anyhow::Result<()> {
        let (user, port) = (self.bms.user, self.port(0));
        let file = format!(
            r#"[[ews_server]]
name = "Annex"
listen = "127.0.0.1:{port}"
path = "{ANNEX_PATH}"
  [[ews_server.account]]
  name = "{user}"
  rights = "read"
  password = {{ env = "{PASSWORD_VARIABLE}" }}

[[processor]]
name = "Metronome"
class = "riser.metronome/metronome"
ews_server = "Annex"
runs_at_start = true
settings = {{ points = 1000, beat_every = "1 s" }}
"#
        );
        self.apply(&file).await?;
        self.until_reported(Instant::now(), |status| {
            entry(status, "processors", "Metronome")["state"] == "running"
        })
        .await?;
        Ok(())
    }

    fn file(&self, round: u32) -> String {
        let (port, account, is_active) = (self.port(round), Self::account(round), Self::is_active(round));
        format!(
            r#"[[ews_server]]
name = "Annex"
listen = "127.0.0.1:{port}"
  [[ews_server.account]]
  name = "{account}"
  rights = "read"
  password = {{ env = "{PASSWORD_VARIABLE}" }}

[[schedule]]
name = "Every 15 Minutes"
rule = "every 15 min; from 2100-01-01T00:{round:02}:00Z"

[[processor]]
name = "Metronome"
active = {is_active}
"#
        )
    }

    async fn apply(&self, file: &str) -> anyhow::Result<()> {
        self.riser.apply(file, &[(PASSWORD_VARIABLE, &self.bms.password)]).await
    }

    async fn apply_and_wait(&self, file: &str, round: u32) -> anyhow::Result<Effects> {
        let state = if Self::is_active(round) { "running" } else { "disabled" };
        let next_run = format!("2100-01-01T00:{round:02}:00.000Z");
        let begin = Instant::now();
        let (applied, moved_server, account, reported) = tokio::join!(
            self.apply(file),
            self.until_served(begin, self.port(round), self.bms.user.to_owned()),
            self.until_served(begin, self.port(round), Self::account(round)),
            async {
                let mut schedule = None;
                let processor = self
                    .until_reported(begin, |status| {
                        if entry(status, "processors", "EVCE Setup")["next_run_at"] == *next_run {
                            schedule.get_or_insert_with(|| begin.elapsed());
                        }
                        schedule.is_some() && entry(status, "processors", "Metronome")["state"] == state
                    })
                    .await?;
                anyhow::Ok((schedule.context("the schedule did not change")?, processor))
            }
        );
        applied?;
        let (schedule, processor) = reported?;
        let old = self.client(self.port(round + 1), self.bms.user)?.information().await;
        ensure!(old.is_err(), "the server is still at its old address");
        Ok(Effects { schedule, moved_server: moved_server?, account: account?, processor })
    }

    /// Waits until an account can log in to the server at a port.
    async fn until_served(&self, begin: Instant, port: u16, user: String) -> anyhow::Result<Duration> {
        loop {
            if self.client(port, &user)?.information().await.is_ok() {
                return Ok(begin.elapsed());
            }
            ensure!(begin.elapsed() < TEST_TIMEOUT, "{user} cannot log in at port {port}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until `riser status` reports something.
    async fn until_reported(
        &self,
        begin: Instant,
        mut is_there: impl FnMut(&serde_json::Value) -> bool,
    ) -> anyhow::Result<Duration> {
        loop {
            let status = self.riser.status().await?;
            if is_there(&status) {
                return Ok(begin.elapsed());
            }
            ensure!(begin.elapsed() < TEST_TIMEOUT, "a change has no effect: {status}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn client(&self, port: u16, user: &str) -> anyhow::Result<EwsClient> {
        Ok(EwsClient::new(ClientOptions {
            url: format!("http://127.0.0.1:{port}{ANNEX_PATH}").parse()?,
            user_name: user.to_owned(),
            password: self.bms.password.clone().into(),
            time_limit: ClientOptions::TIME_LIMIT,
        })?)
    }
}

/// The entry with this name in a list of a status report, or null.
fn entry<'status>(status: &'status serde_json::Value, list: &str, name: &str) -> &'status serde_json::Value {
    let entries = status[list].as_array().map_or(&[][..], Vec::as_slice);
    entries.iter().find(|entry| entry["name"] == name).unwrap_or(&serde_json::Value::Null)
}

/// A BMS in a thread of its own, which reads one request after the other.
struct Reader {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<Vec<Instant>>>,
}

impl Reader {
    fn start(client: EwsClient, ids: Vec<String>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(read_until(&client, &ids, &is_over))
            }
        });
        Self { is_over, thread }
    }

    /// Returns the times of the responses; fails if one was an error.
    fn end(self) -> anyhow::Result<Vec<Instant>> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_panic| anyhow::anyhow!("the BMS panicked"))?
    }
}

async fn read_until(
    client: &EwsClient,
    ids: &[String],
    is_over: &AtomicBool,
) -> anyhow::Result<Vec<Instant>> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut responses = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let response = client.values(&ids).await.context("a BMS of another EWS server sees an error")?;
        let is_complete = response.errors.is_empty() && response.values.len() == ids.len();
        ensure!(is_complete, "a BMS of another EWS server misses values: {:?}", response.errors);
        responses.push(Instant::now());
    }
    Ok(responses)
}

/// Ids of as many values as fit a request.
async fn value_ids(client: &EwsClient) -> anyhow::Result<Vec<String>> {
    let (mut ids, mut open) = (Vec::new(), vec![String::new()]);
    while let Some(id) = open.pop() {
        let container = client.container(&id).await?;
        ids.extend(container.values.into_iter().map(|value| value.id));
        open.extend(container.containers.into_iter().map(|child| child.id));
    }
    ensure!(!ids.is_empty(), "the site has no values");
    ids.truncate(IDS_IN_A_REQUEST);
    Ok(ids)
}

/// Returns the longest time between two responses of which one is between these times.
fn longest_gap(responses: &[Instant], from: Instant, to: Instant) -> Option<Duration> {
    let gaps = responses.windows(2).filter(|pair| pair[1] > from && pair[0] < to);
    gaps.map(|pair| pair[1] - pair[0]).max()
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_that_of_its_time_alone() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let responses = [at(0), at(10), at(40), at(50), at(150)];
        assert_eq!(longest_gap(&responses, at(5), at(45)), Some(Duration::from_millis(30)));
        assert_eq!(longest_gap(&responses, at(45), at(200)), Some(Duration::from_millis(100)));
        assert_eq!(longest_gap(&responses[..1], at(0), at(9)), None);
    }
}
