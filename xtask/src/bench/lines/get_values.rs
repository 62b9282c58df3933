//! A BMS that asks for the same 1,000 values again and again, with Digest, while they change.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::bench::affinity::{CLIENT, Pinned, SERVER};
use crate::bench::baseline::Baseline;
use crate::bench::load::Question;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::programs::Programs;
use crate::bench::site::MetronomeSite;
use crate::bench::statistics::median;

/// Ids in a request.
const IDS: usize = 1_000;
/// Points of the site, all of which change at each beat.
const POINTS: u32 = 10_000;
const BEAT: Duration = Duration::from_secs(1);
/// Connections of the client.
const CONNECTIONS: usize = 8;
/// Rounds of baseline and Riser, in turn.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// Below this, the client or the machine is the limit.
const MIN_BASELINE: f64 = 20_000.0;
/// The namespace of SOAP 1.2.
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let server = Pinned::to(SERVER)?;
    let site = MetronomeSite::start(programs, POINTS, BEAT).await?;
    let request = request(&site).await?;
    let question = Question { body: request, items: IDS, login: &site.bms, ews_url: site.ews_url()? };
    let response = question.ask_once()?;
    let mut prepared = tempfile::NamedTempFile::new()?;
    prepared.write_all(&response)?;
    let baseline = Baseline::start(prepared.path()).await?;
    let baseline_url = baseline.url.parse()?;
    drop(server);

    let _client = Pinned::to(CLIENT)?;
    let (mut rates, mut baselines) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        baselines.push(question.ask_often(&baseline_url, CONNECTIONS, ROUND)?);
        rates.push(question.ask_often(&question.ews_url, CONNECTIONS, ROUND)?);
    }
    ensure!(question.ask_once()? != response, "the values did not change meanwhile");
    site.end().await;
    let baseline = median(baselines).context("no round")?;
    print(&format!(
        "{name}: a plain axum server of the same response of {} bytes makes {baseline:.0} requests/s",
        response.len()
    ));
    ensure!(
        baseline >= MIN_BASELINE,
        "invalid: a baseline below {MIN_BASELINE} requests/s says that the machine is busy or slow"
    );
    Ok(Measurement {
        name,
        value: median(rates).context("no round")?,
        unit: Unit::RequestsPerSecond,
        baseline: Some(baseline),
        target: Target::RatioAtLeast(0.2),
    })
}

/// GetValues for all values of the first folder.
async fn request(site: &MetronomeSite) -> anyhow::Result<String> {
    let client = site.client()?;
    let root = client.container("").await?;
    let folder = client.container(&root.containers.first().context("the tree has no folder")?.id).await?;
    ensure!(folder.values.len() == IDS, "the folder has {} values", folder.values.len());
    let ids: Vec<&str> = folder.values.iter().map(|value| value.id.as_str()).collect();
    let ids = ids.join("</Id><Id>");
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"{SOAP}\"><s:Body>\
         <GetValuesRequest xmlns=\"{}\" version=\"1.2\"><GetValuesIds><Id>{ids}</Id></GetValuesIds></GetValuesRequest>\
         </s:Body></s:Envelope>",
        riser_ews::NAMESPACE
    ))
}
