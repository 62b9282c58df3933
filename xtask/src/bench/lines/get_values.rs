//! A BMS that asks for the same 1,000 values again and again, with Digest, while they change.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::bench::affinity::{CLIENT, Pinned, SERVER};
use crate::bench::figure::{Figure, Goal, Unit};
use crate::bench::floor::Floor;
use crate::bench::load::Question;
use crate::bench::programs::Programs;
use crate::bench::say;
use crate::bench::site::MetronomeSite;
use crate::bench::statistics::median;

/// Ids in a request.
const IDS: usize = 1_000;
/// Points of the site, all of which change at each beat.
const POINTS: u32 = 10_000;
const BEAT: Duration = Duration::from_secs(1);
/// Connections of the client.
const CONNECTIONS: usize = 8;
/// Times that floor and Riser are measured, in turn.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
/// A floor below this says that the client or the machine was the limit.
const LEAST_FLOOR: f64 = 20_000.0;
/// The namespace of SOAP 1.2.
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";

pub(in crate::bench) async fn measure(name: &'static str, programs: &Programs) -> anyhow::Result<Figure> {
    let server = Pinned::to(SERVER)?;
    let site = MetronomeSite::start(programs, POINTS, BEAT).await?;
    let request = request(&site).await?;
    let question = Question { body: request, items: IDS, login: &site.bms, ews_url: site.ews_url()? };
    let answer = question.ask_once()?;
    let mut prepared = tempfile::NamedTempFile::new()?;
    prepared.write_all(&answer)?;
    let floor = Floor::start(prepared.path()).await?;
    let floor_url = floor.url.parse()?;
    drop(server);

    let _client = Pinned::to(CLIENT)?;
    let (mut rates, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(question.ask_often(&floor_url, CONNECTIONS, ROUND)?);
        rates.push(question.ask_often(&question.ews_url, CONNECTIONS, ROUND)?);
    }
    ensure!(question.ask_once()? != answer, "the values did not change meanwhile");
    site.end().await;
    let floor = median(floors).context("no round")?;
    say(&format!(
        "{name}: a plain axum server of the same answer of {} bytes makes {floor:.0} requests/s",
        answer.len()
    ));
    ensure!(
        floor >= LEAST_FLOOR,
        "invalid: a floor below {LEAST_FLOOR} requests/s says that the machine is busy or slow"
    );
    Ok(Figure {
        name,
        value: median(rates).context("no round")?,
        unit: Unit::RequestsPerSecond,
        floor: Some(floor),
        goal: Goal::RatioAtLeast(0.2),
    })
}

/// GetValues for all values of the first folder.
async fn request(site: &MetronomeSite) -> anyhow::Result<String> {
    let client = site.client()?;
    let root = client.container("").await?;
    let folder = client.container(&root.containers.first().context("there is no folder")?.id).await?;
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
