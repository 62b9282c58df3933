//! What misbehaving plugins cost others: how long each of them takes a slot, the gaps between the polls of EVCE
//! Status beside them, and the responses to a BMS. The responses beside plain loops with the priority and the processors
//! of a worker are the floor: no host can do better than the scheduler of the machine.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::Permissions;
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use riser_ews::client::EwsClient;
use riser_platform::take_short_turns;
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use super::set_point::now_ms;
use crate::bench::controller::Controller;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::processes::Riser;

/// Classes that a person has to stop.
const STOPPED: [&str; 6] =
    ["endless-loop", "ignores-stop", "deadlock", "signal-handlers", "floods-log", "floods-values"];
/// Classes that end by themselves, or because the host ends them.
const OTHERS: [&str; 20] = [
    "panic",
    "panic-in-drop",
    "double-panic",
    "panic-in-thread",
    "segfault",
    "abort",
    "exit-zero",
    "stack-overflow",
    "memory-leak",
    "many-threads",
    "opens-files",
    "closes-descriptors",
    "prints",
    "not-finite",
    "invalid-utf8",
    "others-points",
    "double-ids",
    "cycle",
    "long-names",
    "many-points",
];

/// Polling interval of EVCE Status.
const PERIOD_MS: f64 = 5_000.0;
/// Values in a request of the BMS.
const IDS: usize = 20;
/// Time between two requests of the BMS.
const PAUSE: Duration = Duration::from_millis(5);
/// Time for which the responses without misbehaving plugins are measured.
const QUIET: Duration = Duration::from_secs(20);
/// The priority of a worker, which `host/platform/src/linux/turns.rs` sets.
const WORKER_NICENESS: &str = "10";
/// Processes of the floor: as many as there are classes that never leave the processor, and one that just started.
const LOOPS: usize = 4;
/// Shortest time with misbehaving plugins, so that some polls fall into it.
const SHORTEST: Duration = Duration::from_secs(40);
/// Limit for the end of a run.
const TEST_TIMEOUT: Duration = Duration::from_mins(2);
/// Time between two looks at the status. Each look starts a program that competes with the host.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// All that one round measures.
struct Round {
    worst_slot: Duration,
    longest_gap: Duration,
    quiet_p99: Duration,
    p99_beside_loops: Duration,
    p99: Duration,
}

/// One round serves all lines.
static ROUND: OnceCell<Round> = OnceCell::const_new();

pub(in crate::bench) async fn measure_slot(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let round = ROUND.get_or_try_init(|| round(name, programs)).await?;
    let target = Target::AtMost(15_000.0);
    Ok(Measurement { name, value: ms(round.worst_slot), unit: Unit::Milliseconds, baseline: None, target })
}

pub(in crate::bench) async fn measure_gap(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let round = ROUND.get_or_try_init(|| round(name, programs)).await?;
    let (value, baseline) = (ms(round.longest_gap), Some(PERIOD_MS));
    // The gap is at most 1.5 times the period.
    Ok(Measurement {
        name,
        value,
        unit: Unit::Milliseconds,
        baseline,
        target: Target::RatioAtLeast(1.0 / 1.5),
    })
}

pub(in crate::bench) async fn measure_p99(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let round = ROUND.get_or_try_init(|| round(name, programs)).await?;
    let (value, baseline) = (ms(round.p99), Some(ms(round.quiet_p99)));
    // It grows by 20 % at most.
    Ok(Measurement {
        name,
        value,
        unit: Unit::Milliseconds,
        baseline,
        target: Target::RatioAtLeast(1.0 / 1.2),
    })
}

/// Measures the responses beside plain loops. There is no target: this depends on the machine alone.
pub(in crate::bench) async fn measure_floor(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let round = ROUND.get_or_try_init(|| round(name, programs)).await?;
    let (value, baseline) = (ms(round.p99_beside_loops), Some(ms(round.quiet_p99)));
    Ok(Measurement { name, value, unit: Unit::Milliseconds, baseline, target: Target::None })
}

async fn round(name: &str, programs: &Programs) -> anyhow::Result<Round> {
    let site = ChargingSite::start_quietly(programs, "F2", &[programs.misbehaving_plugin.as_path()]).await?;
    let (data, plugins) = (site.directories.data(), site.directories.plugins());
    let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
    riser.apply(&cases(), &[]).await?;
    let controller = Controller::of(&site)?;
    controller.wait_for_calls("GET", "/stations", 3).await?;
    let ids = some_values(&site.client()?).await?;

    let script = site.directories.data().with_file_name("patient-riser");
    let as_worker = as_worker().join(" ");
    write_script(&script, &format!("exec {as_worker} '{}' \"$@\"", programs.riser.display()))?;
    // Its commands do not compete with the responses.
    let riser = Riser { program: &script, ..riser };

    let quiet = Responses::start(site.client()?, ids.clone());
    tokio::time::sleep(QUIET).await;
    let quiet = quiet.end().await?;

    let loops = Loops::start()?;
    let beside_loops = Responses::start(site.client()?, ids.clone());
    tokio::time::sleep(QUIET).await;
    let beside_loops = beside_loops.end().await?;
    drop(loops);

    let begin_ms = now_ms();
    let begin = Instant::now();
    let busy = Responses::start(site.client()?, ids);
    for class in STOPPED {
        riser.output(&["run", class]).await?;
    }
    let mut slots = Vec::new();
    for class in OTHERS {
        slots.push((class, time_to_free_slot(&riser, class).await?));
    }
    tokio::time::sleep(SHORTEST.saturating_sub(begin.elapsed())).await;
    for stopping in STOPPED.map(|class| {
        let mut command = riser.command(&["stop", class]);
        tokio::spawn(async move {
            let began = Instant::now();
            let is_stopped = command.status().await?.success();
            anyhow::Ok((class, is_stopped.then(|| began.elapsed())))
        })
    }) {
        let (class, took) = stopping.await??;
        slots.push((class, took.with_context(|| format!("{class} was not stopped"))?));
    }
    let busy = busy.end().await?;
    let end_ms = now_ms();
    let calls = controller.wait_for_calls("GET", "/stations", 1).await?;
    let times: Vec<i64> = calls.iter().map(|call| call.unix_ms).collect();
    site.end().await;

    let during = |pair: &&[i64]| pair[1] >= begin_ms && pair[0] <= end_ms;
    let longest_gap = times.windows(2).filter(during).map(|pair| pair[1] - pair[0]).max();
    let longest_gap = longest_gap.context("no poll fell into the time of the misbehaving plugins")?;
    let (slowest, worst) = slots.iter().max_by_key(|(_, took)| *took).copied().context("no class ran")?;
    print(&format!(
        "{name}: {} classes, the slowest is {slowest}; {} and {} responses of {IDS} values",
        slots.len(),
        quiet.len(),
        busy.len()
    ));
    Ok(Round {
        worst_slot: worst,
        longest_gap: Duration::from_millis(longest_gap.unsigned_abs()),
        quiet_p99: p99(quiet)?,
        p99_beside_loops: p99(beside_loops)?,
        p99: p99(busy)?,
    })
}

/// Writes a program of the shell.
fn write_script(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, format!("#!/bin/sh\n{text}\n"))?;
    Ok(std::fs::set_permissions(file, Permissions::from_mode(0o700))?)
}

/// Returns the processors of all classes, on their own EWS server.
fn cases() -> String {
    let mut text = "[[ews_server]]\nname = \"Cases\"\nlisten = \"127.0.0.1:0\"\npath = \"/Cases\"\n\
                    realm = \"Riser\"\n"
        .to_owned();
    for class in STOPPED.into_iter().chain(OTHERS) {
        // The million points need memory to reach the host at all.
        let memory_mib = if class == "many-points" { 2_048 } else { 64 };
        let _infallible = write!(
            text,
            "\n[[processor]]\nname = \"{class}\"\nclass = \"riser.misbehaving/{class}\"\news_server = \"Cases\"\n\
             runs_at_start = false\nmemory_limit_mib = {memory_mib}\n"
        );
    }
    text
}

/// Runs a class. Returns the time until no worker of it runs.
async fn time_to_free_slot(riser: &Riser<'_>, class: &str) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    // It fails for a run that has failed already.
    let _has_failed = riser.command(&["run", class]).stderr(std::process::Stdio::null()).status().await?;
    loop {
        let status = riser.status().await?;
        let processors = status["processors"].as_array().context("the status has no processors")?;
        let state = processors.iter().find(|it| it["name"] == class).map(|it| &it["state"]);
        match state.and_then(|state| state.as_str()) {
            Some("running") => {}
            Some(_) => return Ok(begin.elapsed()),
            None => bail!("the status does not have {class}"),
        }
        ensure!(begin.elapsed() < TEST_TIMEOUT, "{class} still runs");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Returns the ids of some values of the site.
async fn some_values(client: &EwsClient) -> anyhow::Result<Vec<String>> {
    let (mut open, mut ids) = (vec![String::new()], HashSet::new());
    while let Some(id) = open.pop() {
        let container = client.container(&id).await?;
        ids.extend(container.values.into_iter().map(|value| value.id));
        if ids.len() >= IDS {
            return Ok(ids.into_iter().take(IDS).collect());
        }
        open.extend(container.containers.into_iter().map(|child| child.id));
    }
    bail!("the site has only {} values", ids.len())
}

/// Returns the command that starts another one with the priority and the processors of a worker, which are all but the
/// first (`host/platform/src/linux/turns.rs`).
fn as_worker() -> Vec<String> {
    let mut words = ["nice", "-n", WORKER_NICENESS].map(str::to_owned).to_vec();
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    if processors > 1 {
        words.extend(["taskset".to_owned(), "--cpu-list".to_owned(), format!("1-{}", processors - 1)]);
    }
    words
}

/// Processes that compute for ever, as a worker that never stops does. They end when this is dropped.
struct Loops {
    _processes: Vec<Child>,
}

impl Loops {
    fn start() -> anyhow::Result<Self> {
        let start = |_| {
            let mut command = Command::new("env");
            command.args(as_worker()).args(["sh", "-c", "while :; do :; done"]).kill_on_drop(true);
            command.spawn()
        };
        Ok(Self { _processes: (0..LOOPS).map(start).collect::<Result<_, _>>()? })
    }
}

/// A BMS that asks again and again. It has a thread with short turns: the plugins do not delay a BMS on a machine of its
/// own.
struct Responses(std::thread::JoinHandle<anyhow::Result<Vec<Duration>>>, tokio::sync::watch::Sender<bool>);

impl Responses {
    fn start(client: EwsClient, ids: Vec<String>) -> Self {
        let (end, ended) = tokio::sync::watch::channel(false);
        let asking = async move {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let mut times = Vec::new();
            while !*ended.borrow() {
                let begin = Instant::now();
                let response = client.values(&ids).await?;
                times.push(begin.elapsed());
                ensure!(
                    response.values.len() == ids.len(),
                    "a response has {} values",
                    response.values.len()
                );
                tokio::time::sleep(PAUSE).await;
            }
            Ok(times)
        };
        let thread = std::thread::spawn(move || {
            // An older Linux has no turns to set.
            let _usual_turns = take_short_turns();
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(asking)
        });
        Self(thread, end)
    }

    async fn end(self) -> anyhow::Result<Vec<Duration>> {
        self.1.send_replace(true);
        let ended = tokio::task::spawn_blocking(|| self.0.join()).await?;
        ended.unwrap_or_else(|_panicked| bail!("the thread of the BMS panicked"))
    }
}

fn p99(mut times: Vec<Duration>) -> anyhow::Result<Duration> {
    times.sort();
    let index = times.len() * 99 / 100;
    times.get(index).copied().context("the BMS got no response")
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
