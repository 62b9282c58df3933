//! Resident memory of a host and its workers, with the demo site, after some polls and a walk of the tree.

use std::time::Duration;

use anyhow::Context as _;
use riser_ews::client::EwsClient;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::process_facts::{Memory, children_of};
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;

/// Several polls of five seconds.
const WARM_UP: Duration = Duration::from_secs(22);

pub(in crate::bench) async fn measure_host(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = used_site(programs).await?;
    let memory = Memory::of(site.host.process_id()?)?;
    site.end().await;
    Ok(measurement(name, memory, 40.0))
}

/// The largest of the long-running EVCE workers.
pub(in crate::bench) async fn measure_worker(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = used_site(programs).await?;
    let workers = children_of(site.host.process_id()?)?;
    let memories = workers.into_iter().map(Memory::of).collect::<anyhow::Result<Vec<_>>>()?;
    site.end().await;
    Ok(measurement(name, memories.into_iter().max().context("no worker runs")?, 8.0))
}

async fn used_site(programs: &Programs) -> anyhow::Result<ChargingSite> {
    let site = ChargingSite::start(programs, "F2").await?;
    tokio::time::sleep(WARM_UP).await;
    read_everything(&site.client()?).await?;
    Ok(site)
}

/// Goes through the whole tree and reads all values, as a BMS does when it connects.
async fn read_everything(client: &EwsClient) -> anyhow::Result<()> {
    let mut open = vec![String::new()];
    while let Some(id) = open.pop() {
        let container = client.container(&id).await?;
        let values: Vec<&str> = container.values.iter().map(|value| value.id.as_str()).collect();
        if !values.is_empty() {
            client.values(&values).await?;
        }
        open.extend(container.containers.into_iter().map(|child| child.id));
    }
    Ok(())
}

/// Prints the parts of the memory and returns the whole.
fn measurement(name: &'static str, memory: Memory, at_most: f64) -> Measurement {
    print(&format!(
        "{name}: {:.1} MB are its own; {:.1} MB are pages of program and libraries, shared by host and workers",
        megabytes(memory.own),
        megabytes(memory.resident - memory.own),
    ));
    let value = megabytes(memory.resident);
    Measurement { name, value, unit: Unit::Megabytes, baseline: None, target: Target::AtMost(at_most) }
}

#[expect(clippy::cast_precision_loss, reason = "no process has so much memory")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
