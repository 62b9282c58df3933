//! `cargo xtask torture`: kills the host again and again while clients change things, and then searches for every
//! change that was acknowledged.
//!
//! The product has no code for this. All points at which the host is killed are observed from outside.

mod databases;
mod kill_point;
mod ledger;
mod portal_forms;
mod random;
mod site;
mod writers;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;

use self::kill_point::KillPoint;
use self::ledger::Ledger;
use self::random::Random;
use self::site::Site;
use self::writers::Writers;

/// Arguments of `cargo xtask torture`.
#[derive(Args, Debug)]
pub(crate) struct TortureArgs {
    /// Number of kills
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    kills: u32,
    /// Repeats the random times of an earlier torture
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Use the programs and libraries in this directory instead of building them
    #[arg(long, value_name = "DIR", env = "RISER_PROGRAMS", hide = true)]
    programs: Option<PathBuf>,
}

/// Kills the host, and fails if a change is lost or a database is damaged.
pub(crate) fn run(arguments: &TortureArgs) -> anyhow::Result<ExitCode> {
    // One thread: Linux signals a child when the thread that started it ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(torture(arguments))
}

async fn torture(arguments: &TortureArgs) -> anyhow::Result<ExitCode> {
    let seed = arguments.seed.map_or_else(random::seed, Ok)?;
    print(&format!("torture: {} kills, --seed {seed}", arguments.kills));
    let mut random = Random::new(seed);
    let site = Site::prepare(arguments.programs.as_deref()).await?;
    let ledger = Arc::new(Ledger::default());
    let mut kills = [0_u32; KillPoint::ALL.len()];
    for number in 0..arguments.kills {
        let index = number as usize % KillPoint::ALL.len();
        let point = KillPoint::ALL[index];
        let round = kill_once(&site, point, &ledger, &mut random);
        round.await.with_context(|| format!("kill {} {}, --seed {seed}", number + 1, point.as_str()))?;
        databases::check_copy(&site.data())
            .await
            .with_context(|| format!("after kill {} {}, --seed {seed}", number + 1, point.as_str()))?;
        kills[index] += 1;
    }
    let host = site.start().await?;
    let lost = ledger.find_lost(&site, &host).await?;
    host.end(std::future::pending()).await;
    let files = databases::check_copy(&site.data()).await?;
    site.end().await;

    let mut out = std::io::stdout();
    writeln!(out, "{:<52} {:>6}", "host killed", "times")?;
    for (point, times) in KillPoint::ALL.iter().zip(kills) {
        writeln!(out, "{:<52} {times:>6}", point.as_str())?;
    }
    writeln!(out, "\n{:<24} {:>8} {:>13} {:>6}", "changes", "started", "acknowledged", "lost")?;
    for line in ledger.lines(&lost) {
        writeln!(out, "{line}")?;
    }
    let files = files.join(", ");
    writeln!(out, "\nintegrity_check and foreign_key_check after each kill: clean ({files})")?;
    ensure!(lost.is_empty(), "acknowledged changes are lost: {lost:?}; --seed {seed}");
    ensure!(ledger.has_acknowledged_each(), "a client had no change acknowledged, so nothing is proved");
    Ok(ExitCode::SUCCESS)
}

/// Starts the host and its clients, and kills it at a point.
async fn kill_once(
    site: &Site,
    point: KillPoint,
    ledger: &Arc<Ledger>,
    random: &mut Random,
) -> anyhow::Result<()> {
    if point == KillPoint::WhileItStarts {
        return site.kill_while_starting(random).await;
    }
    let host = site.start().await?;
    let writers = Writers::start(site, &host, ledger).await?;
    point.wait(site, &host, &writers, random).await?;
    host.kill().await?;
    writers.stop().await
}

/// Prints progress on standard error; standard output is for the result.
fn print(text: &str) {
    // A failure to print has no remedy.
    let _ = writeln!(std::io::stderr(), "{text}");
}
