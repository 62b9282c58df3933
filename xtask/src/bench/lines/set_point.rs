//! From a set point written over EWS to its arrival at the charge controller.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use riser_ews::client::EwsClient;

use crate::bench::controller::Controller;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::bench::statistics::median;

/// A set point that every zone has, in per cent.
const SET_POINT: &str = "ZoneReduction";
/// Set points that are written, one after another has arrived.
const WRITES: i32 = 15;
const PATH: &str = "/zones";

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = ChargingSite::start(programs, "F2").await?;
    let controller = Controller::of(&site)?;
    // Setup reads them once; with the second time Status has begun.
    controller.wait_for_calls("GET", "/stations", 2).await?;
    let client = site.client()?;
    let set_point = find(&client).await?;
    let mut ways = Vec::new();
    for write in 1..=WRITES {
        let begin_ms = now_ms();
        let results = client.set_values(&[(&set_point, &write.to_string())]).await?;
        ensure!(results.iter().all(|result| result.is_success), "Riser refuses a set point");
        let calls = controller.wait_for_calls("PUT", PATH, usize::try_from(write)?).await?;
        let arrived = calls.last().context("nothing arrived")?;
        ways.push(f64::from(i32::try_from(arrived.unix_ms - begin_ms)?));
    }
    site.end().await;
    Ok(Measurement {
        name,
        value: median(ways).context("nothing was written")?,
        unit: Unit::Milliseconds,
        baseline: None,
        target: Target::AtMost(2_000.0),
    })
}

async fn find(client: &EwsClient) -> anyhow::Result<String> {
    let mut open = vec![String::new()];
    while let Some(id) = open.pop() {
        let container = client.container(&id).await?;
        if let Some(value) = container.values.into_iter().find(|value| value.name == SET_POINT) {
            return Ok(value.id);
        }
        open.extend(container.containers.into_iter().map(|child| child.id));
    }
    anyhow::bail!("there is no {SET_POINT}")
}

/// Milliseconds since 1970 by this machine's clock, which the simulator shares.
#[expect(clippy::disallowed_methods, reason = "the moment that it is compared with is of the same clock")]
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
