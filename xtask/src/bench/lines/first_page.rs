//! From the start of Riser, on the data of a whole site, to the first page of its portal.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::bench::controller::http_client;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::bench::statistics::median;
use crate::processes::Riser;

/// Starts that are measured.
const STARTS: usize = 11;
/// Time for Setup to declare the site, and for values to be written, before the first of them.
const IDLE_DELAY: Duration = Duration::from_secs(8);
/// Polling interval, which is part of the measurement.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// A longer start is a failure.
const TEST_TIMEOUT: Duration = Duration::from_secs(10);

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = ChargingSite::start(programs, "F2").await?;
    tokio::time::sleep(IDLE_DELAY).await;
    let directories = site.end().await;
    let (data, plugins) = (directories.data(), directories.plugins());
    let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
    let (mut starts, mut baselines) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        baselines.push(process_start_ms(&programs.riser).await?);
        let port = free_port()?;
        let browser = http_client()?;
        let begin = Instant::now();
        let (host, page_after) = tokio::join!(riser.serve(port), first_page(&browser, port, begin));
        host?.end(std::future::pending()).await;
        starts.push(page_after?.as_secs_f64() * 1_000.0);
    }
    Ok(Measurement {
        name,
        value: median(starts).context("no start")?,
        unit: Unit::Milliseconds,
        baseline: median(baselines),
        target: Target::AtMost(100.0),
    })
}

/// Polls until the login page exists.
async fn first_page(browser: &reqwest::Client, port: u16, begin: Instant) -> anyhow::Result<Duration> {
    let page = format!("http://127.0.0.1:{port}/login");
    loop {
        if let Ok(response) = browser.get(&page).send().await {
            ensure!(response.status().is_success(), "the login page responses {}", response.status());
            ensure!(response.text().await?.contains("<form"), "the login page has no form");
            return Ok(begin.elapsed());
        }
        ensure!(begin.elapsed() < TEST_TIMEOUT, "the portal has no page after {} s", TEST_TIMEOUT.as_secs());
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Returns the time to start and end the program without any work.
async fn process_start_ms(program: &Path) -> anyhow::Result<f64> {
    let begin = Instant::now();
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).status().await?;
    ensure!(status.success(), "the program does not start");
    Ok(begin.elapsed().as_secs_f64() * 1_000.0)
}

pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
