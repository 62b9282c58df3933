//! Processor time of a host whose 10,000 processors wait for the times of 10,000 schedules. The baseline is a
//! host without any.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::bench::measurement::{Measurement, Target, Unit};
use crate::bench::process_facts::time_on_processor;
use crate::bench::programs::Programs;
use crate::bench::site::Directories;
use crate::processes::Riser;

const SCHEDULES: u32 = 10_000;
/// The start is over when a whole second costs less than this.
const QUIET_SECOND: Duration = Duration::from_millis(100);
const MEASURED: Duration = Duration::from_secs(30);
/// A host that is still busy after this long has failed.
const TEST_TIMEOUT: Duration = Duration::from_mins(2);
/// The variable with the password of the connection, which no run uses.
const PASSWORD_VARIABLE: &str = "RISER_BENCH_EVCE_PASSWORD";

pub(in crate::bench) async fn measure(
    name: &'static str,
    programs: &Programs,
) -> anyhow::Result<Measurement> {
    let baseline = percent_of_a_core(programs, 0).await?;
    Ok(Measurement {
        name,
        value: percent_of_a_core(programs, SCHEDULES).await?,
        unit: Unit::PercentOfACore,
        baseline: Some(baseline),
        target: Target::AtMost(1.0),
    })
}

async fn percent_of_a_core(programs: &Programs, schedules: u32) -> anyhow::Result<f64> {
    let directories = Directories::with_plugins(&[&programs.evce_plugin])?;
    let (data, plugins) = (directories.data(), directories.plugins());
    let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
    riser.apply(&configuration(schedules)?, &[(PASSWORD_VARIABLE, "not-used")]).await?;
    let host = riser.serve(0).await?;
    let process = host.process_id()?;
    let begin = Instant::now();
    while time_spent(process, Duration::from_secs(1)).await? > QUIET_SECOND {
        ensure!(begin.elapsed() < TEST_TIMEOUT, "the host does not become idle");
    }
    let spent = time_spent(process, MEASURED).await?;
    host.end(std::future::pending()).await;
    Ok(spent.as_secs_f64() / MEASURED.as_secs_f64() * 100.0)
}

/// Time on a processor during a span from now on.
async fn time_spent(process: u32, span: Duration) -> anyhow::Result<Duration> {
    let before = time_on_processor(process)?;
    tokio::time::sleep(span).await;
    Ok(time_on_processor(process)?.saturating_sub(before))
}

/// The schedules differ in their minute and hour, and their first times are far away.
fn configuration(schedules: u32) -> anyhow::Result<String> {
    let mut text = format!(
        r#"[[ews_server]]
name = "Measured"
listen = "127.0.0.1:0"
path = "/EcoStruxure/DataExchange"
realm = "Riser"

[[connection]]
name = "EVCE"
kind = "riser.evce/evce"
  [connection.settings]
  base_url = "https://127.0.0.1:1/api"
  login = "bmsApi"
  password = {{ env = "{PASSWORD_VARIABLE}" }}
"#
    );
    for number in 0..schedules {
        let (minute, hour) = (number % 60, number / 60 % 24);
        write!(
            text,
            r#"
[[schedule]]
name = "Schedule {number}"
rule = "{minute} {hour} * * *; from 2099-01-01"

[[processor]]
name = "Setup {number}"
class = "riser.evce/setup"
connection = "EVCE"
ews_server = "Measured"
schedule = "Schedule {number}"
runs_at_start = false
"#
        )?;
    }
    Ok(text)
}
