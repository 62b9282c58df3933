//! A year of quarter-hour samples: from the click to the drawn chart in a browser.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;
use crate::bench::site::YearSite;
use crate::bench::statistics::percentile;
use crate::chromium::Chromium;
use crate::pages::addresses;
use crate::portal_session::PortalSession;

/// Openings of the page that are measured.
const OPENINGS: usize = 15;
/// A generous limit for the samples.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Points that the chart of a full year has at least.
const LEAST_POINTS: u32 = 1_000;

/// Notes the time from the begin of the navigation to the picture after the chart is drawn, in milliseconds.
const OBSERVE: &str = r#"
    new MutationObserver((_, observer) => {
        if (!document.querySelector("[data-drawn]")) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.drawnAfterMs = performance.now(); }));
    }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-drawn"] });
"#;

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = YearSite::start(programs).await?;
    let portal_url = site.host.portal_url().to_owned();
    let session = PortalSession::sign_in(&portal_url, &site.admin).await?;
    let address = year_of_history(&session).await?;
    let chromium = Chromium::start().await?;
    let tab = chromium.open().await?;
    tab.sign_in(&portal_url, &site.admin).await?;
    tab.run_in_every_page(OBSERVE).await?;
    let mut times = Vec::with_capacity(OPENINGS);
    for _ in 0..OPENINGS {
        tab.goto(&address).await?;
        tab.wait_until("window.drawnAfterMs").await?;
        let points: u32 = tab.run("return +document.querySelector('[data-drawn]').dataset.drawn;").await?;
        ensure!(points >= LEAST_POINTS, "the chart has only {points} points");
        times.push(tab.run::<f64>("return window.drawnAfterMs;").await?);
    }
    tab.close().await?;
    site.end().await;
    let value = percentile(times, 95).context("no opening")?;
    Ok(Measurement { name, value, unit: Unit::Milliseconds, baseline: None, target: Target::AtMost(500.0) })
}

/// Finds the page of the history with the longest span.
async fn year_of_history(session: &PortalSession) -> anyhow::Result<String> {
    let begin = Instant::now();
    loop {
        let pages = addresses::find(session).await?;
        let history = pages.iter().find(|page| page.address.starts_with("/items/history?"));
        if let Some(history) = history {
            let page = session.get(session.base().join(&history.address)?).await?.text().await?;
            let year = addresses::links(&page).find(|link| link.contains("=1y") || link.contains("=year"));
            let year = year.context("the page of a history offers no year")?;
            return Ok(session.base().join(&year)?.to_string());
        }
        ensure!(begin.elapsed() < TEST_TIMEOUT, "no history appears; the log says why");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
