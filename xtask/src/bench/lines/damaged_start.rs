//! From the start of Riser, on data that is damaged, to a page that says what happened: the slowest of several damages.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::first_page::free_port;
use crate::bench::controller::http_client;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::processes::Riser;

/// Polling interval, which is part of the measurement.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Time for Setup to declare the site, and for values to be written, before the damage.
const IDLE_DELAY: Duration = Duration::from_secs(8);
/// A longer start is a failure.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a page of `riser.db`.
const PAGE_BYTES: usize = 4_096;

type Damage = fn(&Path) -> std::io::Result<()>;

/// Damages of `riser.db` and `history.db`, each with a name for people.
const DAMAGES: [(&str, &str, Damage); 7] = [
    ("an empty database", "riser.db", |file| fs::write(file, "")),
    ("half a database", "riser.db", |file| {
        let half = fs::metadata(file)?.len() / 2;
        OpenOptions::new().write(true).open(file)?.set_len(half)
    }),
    ("a page of noise", "riser.db", |file| overwrite(file, 5 * PAGE_BYTES as u64, &[0xA5; PAGE_BYTES])),
    ("a byte of the header", "riser.db", |file| overwrite(file, 3, b"X")),
    ("a directory", "riser.db", |file| {
        fs::remove_file(file)?;
        fs::create_dir(file)
    }),
    ("a write-ahead log of noise", "riser.db-wal", |file| fs::write(file, vec![0x5A; 40_000])),
    ("a history of noise", "history.db", |file| overwrite(file, 0, &[0xA5; PAGE_BYTES])),
];

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = ChargingSite::start(programs, "F2").await?;
    tokio::time::sleep(IDLE_DELAY).await;
    let directories = site.end().await;
    let (data, plugins) = (directories.data(), directories.plugins());
    let backup = tempfile::tempdir()?;
    copy_files(&data, backup.path())?;
    let mut slowest = ("", Duration::ZERO);
    for (case, file, damage) in DAMAGES {
        fs::remove_dir_all(&data)?;
        fs::create_dir(&data)?;
        copy_files(backup.path(), &data)?;
        damage(&data.join(file)).context(case)?;
        let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
        let took = time_to_page(&riser).await.context(case)?;
        slowest = if took > slowest.1 { (case, took) } else { slowest };
    }
    print(&format!("{name}: {} damages, the slowest is {}", DAMAGES.len(), slowest.0));
    Ok(Measurement {
        name,
        value: slowest.1.as_secs_f64() * 1_000.0,
        unit: Unit::Milliseconds,
        baseline: None,
        target: Target::AtMost(2_000.0),
    })
}

/// Starts Riser and waits until it is alive and has a page for somebody who is not signed in.
async fn time_to_page(riser: &Riser<'_>) -> anyhow::Result<Duration> {
    let port = free_port()?;
    let browser = http_client()?;
    let begin = Instant::now();
    let mut host = riser.spawn_host(port, Stdio::null())?;
    let took = loop {
        let alive = browser.get(format!("http://127.0.0.1:{port}/healthz")).send().await;
        if alive.is_ok_and(|response| response.status().is_success()) {
            let page = browser.get(format!("http://127.0.0.1:{port}/login")).send().await?.text().await?;
            ensure!(page.contains("</html>"), "there is no page");
            break begin.elapsed();
        }
        ensure!(begin.elapsed() < TEST_TIMEOUT, "there is no portal after {} s", TEST_TIMEOUT.as_secs());
        tokio::time::sleep(POLL_INTERVAL).await;
    };
    host.kill().await?;
    Ok(took)
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(file)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}
