//! Pages of the portal on a site with 5,000 items: the time of the server for the slowest one, and the bytes of the
//! heaviest one with its style sheets and scripts.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::header::ACCEPT_ENCODING;
use tokio::sync::OnceCell;
use url::Url;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::bench::statistics::percentile;
use crate::pages::addresses::{self, PageAddress};
use crate::portal_session::PortalSession;
use crate::processes::Riser;

/// Some 90 items for each station.
const FIXTURE: &str = "stations:55";
const LEAST_ITEMS: u64 = 5_000;
/// Requests for each page.
const REQUESTS: usize = 40;
const TEST_TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// All that one visit of all pages measures.
struct Visit {
    slowest_p95_ms: f64,
    floor_p95_ms: f64,
    heaviest_kilobytes: f64,
}

/// One visit serves both lines.
static VISIT: OnceCell<Visit> = OnceCell::const_new();

pub(in crate::bench) async fn measure_time(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let visit = VISIT.get_or_try_init(|| visit(programs)).await?;
    let (value, baseline) = (visit.slowest_p95_ms, Some(visit.floor_p95_ms));
    Ok(Measurement { name, value, unit: Unit::Milliseconds, baseline, target: Target::AtMost(100.0) })
}

pub(in crate::bench) async fn measure_weight(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let visit = VISIT.get_or_try_init(|| visit(programs)).await?;
    let value = visit.heaviest_kilobytes;
    Ok(Measurement { name, value, unit: Unit::Kilobytes, baseline: None, target: Target::AtMost(150.0) })
}

async fn visit(programs: &Programs) -> anyhow::Result<Visit> {
    let site = ChargingSite::start_quietly(programs, FIXTURE, &[]).await?;
    let (data, plugins) = (site.directories.data(), site.directories.plugins());
    let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
    riser.set_login(&site.logins.admin).await?;
    let begin = Instant::now();
    while riser.status().await?["ews_servers"][0]["items"].as_u64() < Some(LEAST_ITEMS) {
        ensure!(begin.elapsed() < TEST_TIMEOUT, "the site has too few items; the log says why");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let session = PortalSession::sign_in(site.host.portal_url(), &site.logins.admin).await?;
    let floor_p95_ms = p95_ms(&session, &session.base().join("/healthz")?).await?;
    let mut visit = Visit { slowest_p95_ms: 0.0, floor_p95_ms, heaviest_kilobytes: 0.0 };
    let pages = addresses::find(&session).await?;
    ensure!(pages.len() > 10, "the portal has only {} pages", pages.len());
    for page in &pages {
        let address = session.base().join(&page.address)?;
        let p95_ms = p95_ms(&session, &address).await?;
        let kilobytes = kilobytes(&session, &address).await?;
        print_page(page, p95_ms, kilobytes);
        visit.slowest_p95_ms = visit.slowest_p95_ms.max(p95_ms);
        visit.heaviest_kilobytes = visit.heaviest_kilobytes.max(kilobytes);
    }
    site.end().await;
    Ok(visit)
}

fn print_page(page: &PageAddress, p95_ms: f64, kilobytes: f64) {
    print(&format!("  {:<50} {p95_ms:>8.2} ms {kilobytes:>8.1} kB", page.name));
}

async fn p95_ms(session: &PortalSession, address: &Url) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begin = Instant::now();
        let response = session.get(address.clone()).await?.error_for_status()?;
        response.bytes().await?;
        times.push(begin.elapsed().as_secs_f64() * 1_000.0);
    }
    percentile(times, 95).context("no request")
}

/// Returns the size of a page, its style sheets, scripts and icons, as a browser without a cache receives them.
async fn kilobytes(session: &PortalSession, address: &Url) -> anyhow::Result<f64> {
    let page = received(session, address.clone()).await?;
    let text = session.get(address.clone()).await?.text().await?;
    let mut bytes = page;
    let mut files: Vec<Url> = Vec::new();
    for attribute in ["href=\"", "src=\""] {
        for link in text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            let mut file = address.join(link)?;
            file.set_fragment(None);
            if file.path().starts_with("/static/") && !files.contains(&file) {
                files.push(file);
            }
        }
    }
    ensure!(files.len() >= 3, "{address} has no style sheets or scripts");
    for file in files {
        bytes += received(session, file).await?;
    }
    Ok(bytes / 1_000.0)
}

async fn received(session: &PortalSession, address: Url) -> anyhow::Result<f64> {
    // The client does not decompress.
    let request = session.request(address).header(ACCEPT_ENCODING, "gzip");
    let body = request.send().await?.error_for_status()?.bytes().await?;
    Ok(f64::from(u32::try_from(body.len())?))
}
