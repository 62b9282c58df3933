//! From a plugin's call of `publish` with 10,000 values to their being read over EWS.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use riser_ews::client::EwsClient;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;
use crate::bench::site::MetronomeSite;
use crate::bench::statistics::median;

const POINTS: u32 = 10_000;
const BEAT: Duration = Duration::from_millis(250);
/// Beats that are measured.
const BEATS: usize = 40;
/// Several times what so many beats take.
const TEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Ids that a request may have.
const IDS_IN_A_REQUEST: usize = 5_000;
/// The point that says when its batch was published.
const PUBLISHED_AT: &str = "published-at-ns";

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = MetronomeSite::start(programs, POINTS, BEAT).await?;
    let client = site.client()?;
    let root = client.container("").await?;
    let stamp = root.values.iter().find(|value| value.name == PUBLISHED_AT).context("there is no stamp")?;
    let mut points = Vec::new();
    for folder in &root.containers {
        points.extend(client.container(&folder.id).await?.values.into_iter().map(|value| value.id));
    }
    ensure!(points.len() == usize::try_from(POINTS)?, "the site has {} values", points.len());

    let mut last = published_at(&client, &stamp.id).await?;
    let (mut ways, mut reads) = (Vec::new(), Vec::new());
    let first = Instant::now();
    while ways.len() < BEATS {
        ensure!(first.elapsed() < TEST_TIMEOUT, "the metronome has stopped after {} beats", ways.len());
        let begin = Instant::now();
        let seen = published_at(&client, &stamp.id).await?;
        if seen == last {
            reads.push(milliseconds(begin.elapsed()));
            continue;
        }
        // A clock that was set back meanwhile gives nothing to measure.
        ways.extend(now().checked_sub(seen).map(milliseconds));
        last = seen;
        check_that_all_changed(&client, &points).await?;
    }
    site.end().await;
    Ok(Measurement {
        name,
        value: median(ways).context("no beat")?,
        unit: Unit::Milliseconds,
        // What reading one value takes when nothing happens: no way can be seen to be shorter.
        baseline: median(reads),
        target: Target::AtMost(5.0),
    })
}

async fn published_at(client: &EwsClient, id: &str) -> anyhow::Result<Duration> {
    let response = client.values(&[id]).await?;
    let text = &response.values.first().context("the stamp has gone")?.text;
    Ok(Duration::from_nanos(text.parse()?))
}

/// All values are of one beat: the one that was just seen, or a later one when reading took long.
async fn check_that_all_changed(client: &EwsClient, points: &[String]) -> anyhow::Result<()> {
    let mut beats = Vec::new();
    for ids in points.chunks(IDS_IN_A_REQUEST) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let values = client.values(&ids).await?.values;
        ensure!(values.len() == ids.len(), "values are missing");
        let first = values[0].text.clone();
        ensure!(values.iter().all(|value| value.text == first), "a response mixes two beats");
        beats.push(first.parse::<f64>()?);
    }
    ensure!(beats.iter().all(|beat| beat - beats[0] <= 1.0), "a part of the values did not change");
    Ok(())
}

/// Time since 1970 by this machine's clock, which the plugin shares.
#[expect(clippy::disallowed_methods, reason = "the stamp that it is compared with is of the same clock")]
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
