//! From a value that a plugin publishes to the picture in a browser, while 19 other browsers follow the same page.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;
use crate::bench::site::MetronomeSite;
use crate::bench::statistics::percentile;
use crate::chromium::Chromium;
use crate::portal_session::PortalSession;
use crate::processes::Login;

/// Streams besides that of the measured browser.
const OTHER_STREAMS: usize = 19;
const POINTS: u32 = 1_000;
const BEAT: Duration = Duration::from_millis(500);
/// Longer than the measurement.
const STREAM_TIMEOUT: Duration = Duration::from_mins(5);
/// Changes of the value that are measured.
const CHANGES: usize = 60;

/// Notes, for each change of the value with the time of publishing, the time until the next picture in milliseconds.
/// Its text is the number of nanoseconds since 1970.
const OBSERVE: &str = r#"
    window.latencies = [];
    let last = "";
    const read = () => {
        const row = [...document.querySelectorAll("main tr")].find((r) => r.textContent.includes("published-at-ns"));
        const digits = row?.textContent.replace("published-at-ns", "").replace(/[\s\u00a0\u202f,]/g, "").match(/\d{19}/)?.[0];
        if (!digits || digits === last) return;
        const isFirst = last === "";
        last = digits;
        const published = Number(BigInt(digits) / 1000000n);
        if (!isFirst) requestAnimationFrame(() => window.latencies.push(Date.now() - published));
    };
    new MutationObserver(read).observe(document.body, { childList: true, subtree: true, characterData: true });
    read();
"#;

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = MetronomeSite::start(programs, POINTS, BEAT).await?;
    let admin = Login::random("admin")?;
    site.set_login(programs, &admin).await?;
    let portal_url = site.host.portal_url().to_owned();
    let chromium = Chromium::start().await?;
    let tab = chromium.open().await?;
    tab.sign_in(&portal_url, &admin).await?;
    tab.goto(&format!("{portal_url}/items?server=1")).await?;
    tab.wait_until("document.querySelector('[data-events]')").await?;
    let stream: String = tab.run("return document.querySelector('[data-events]').dataset.events;").await?;

    let mut streams = JoinSet::new();
    for _ in 0..OTHER_STREAMS {
        let session = PortalSession::sign_in(&portal_url, &admin).await?;
        let request = session.request(session.base().join(&stream)?).timeout(STREAM_TIMEOUT);
        let mut response = request.send().await?.error_for_status()?;
        let first = response.chunk().await?.context("the stream is empty")?;
        ensure!(!first.is_empty(), "the stream is empty");
        streams.spawn(async move { while let Ok(Some(_)) = response.chunk().await {} });
    }
    tab.run::<()>(OBSERVE).await?;
    tokio::time::sleep(BEAT * u32::try_from(CHANGES)?).await;
    tab.wait_until(&format!("window.latencies.length >= {CHANGES}")).await?;
    ensure!(streams.len() == OTHER_STREAMS && streams.try_join_next().is_none(), "a stream has ended");
    let latencies: Vec<f64> = tab.run("return window.latencies;").await?;
    tab.close().await?;
    drop(streams);
    site.end().await;
    let value = percentile(latencies, 95).context("no change")?;
    Ok(Measurement { name, value, unit: Unit::Milliseconds, baseline: None, target: Target::AtMost(1_000.0) })
}
