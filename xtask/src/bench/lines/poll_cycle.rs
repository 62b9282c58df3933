//! The cost of polling a site of 1,000 stations: processor time of the host and its workers, from the request
//! to the stored values, compared with only parsing the same responses.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::de::IgnoredAny;

use crate::bench::controller::Controller;
use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::print;
use crate::bench::process_facts::{children_of, time_on_processor};
use crate::bench::programs::Programs;
use crate::bench::site::ChargingSite;
use crate::bench::statistics::median;

const FIXTURE: &str = "stations:1000";
/// Polls before measuring begins: Setup is over and all is warm.
const POLLS_BEFORE: usize = 3;
/// Polls that are measured.
const POLLS: usize = 8;
/// Time to process a poll, far below the polling interval of five seconds.
const APPLY_TIMEOUT: Duration = Duration::from_secs(1);
/// Rounds of parsing the responses.
const PARSES: usize = 51;

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let site = ChargingSite::start(programs, FIXTURE).await?;
    let controller = Controller::of(&site)?;
    let time_after_polls = async |count| {
        controller.wait_for_calls("GET", "/stations", count).await?;
        tokio::time::sleep(APPLY_TIMEOUT).await;
        time_of_riser(&site)
    };
    let before = time_after_polls(POLLS_BEFORE).await?;
    let after = time_after_polls(POLLS_BEFORE + POLLS).await?;
    let cycle = after.saturating_sub(before) / u32::try_from(POLLS)?;
    let responses = controller.responses().await?;
    site.end().await;
    let bytes: usize = responses.iter().map(String::len).sum();
    print(&format!("{name}: the responses to a poll have {bytes} bytes"));
    Ok(Measurement {
        name,
        value: cycle.as_secs_f64() * 1_000.0,
        unit: Unit::Milliseconds,
        baseline: Some(parse_ms(&responses)?),
        target: Target::None,
    })
}

fn time_of_riser(site: &ChargingSite) -> anyhow::Result<Duration> {
    let host = site.host.process_id()?;
    let mut total = time_on_processor(host)?;
    for worker in children_of(host)? {
        total += time_on_processor(worker)?;
    }
    Ok(total)
}

fn parse_ms(responses: &[String]) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..PARSES {
        let begin = Instant::now();
        for response in responses {
            std::hint::black_box(serde_json::from_str::<IgnoredAny>(response)?);
        }
        times.push(begin.elapsed().as_secs_f64() * 1_000.0);
    }
    median(times).context("nothing was parsed")
}
