//! What reading a site of 1,000 stations once costs: time on a processor of the host and its workers together,
//! from the request to the stored values, beside parsing the same answers and doing nothing with them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::bench::figure::{Figure, Goal, Unit};
use crate::bench::process_facts::{children_of, time_on_processor};
use crate::bench::programs::Programs;
use crate::bench::say;
use crate::bench::site::ChargingSite;
use crate::bench::statistics::median;

const FIXTURE: &str = "stations:1000";
/// Polls before measuring begins: Setup is over and all is warm.
const POLLS_BEFORE: usize = 3;
/// Polls that are measured.
const POLLS: usize = 8;
/// Time between two looks at what the controller was asked.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Eight polls every five seconds take 40 s.
const PATIENCE: Duration = Duration::from_mins(3);
/// Times that the answers are parsed.
const PARSES: usize = 51;

pub(in crate::bench) async fn measure(name: &'static str, programs: &Programs) -> anyhow::Result<Figure> {
    let site = ChargingSite::start(programs, FIXTURE).await?;
    let controller = Controller { site: &site, http: browser()? };
    controller.wait_for_polls(POLLS_BEFORE).await?;
    let before = time_of_riser(&site)?;
    controller.wait_for_polls(POLLS_BEFORE + POLLS).await?;
    let cycle = time_of_riser(&site)?.saturating_sub(before) / u32::try_from(POLLS)?;
    let answers = controller.answers().await?;
    site.end().await;
    let bytes: usize = answers.iter().map(String::len).sum();
    say(&format!("{name}: the answers to a poll have {bytes} bytes"));
    Ok(Figure {
        name,
        value: cycle.as_secs_f64() * 1_000.0,
        unit: Unit::Milliseconds,
        floor: Some(parse_ms(&answers)?),
        goal: Goal::None,
    })
}

/// The simulated controller, as it is asked by others than Riser.
struct Controller<'a> {
    site: &'a ChargingSite,
    http: reqwest::Client,
}

impl Controller<'_> {
    /// Waits until the stations were read so often since the start, and for the answer to be worked in.
    async fn wait_for_polls(&self, count: usize) -> anyhow::Result<()> {
        let requests =
            format!("{}/_sim/requests?method=GET&path=/stations", self.site.simulator.announced.control_url);
        let begin = Instant::now();
        loop {
            let log: Value = self.http.get(&requests).send().await?.json().await?;
            let seen = log["requests"].as_array().context("the simulator shows no requests")?.len();
            if seen >= count {
                tokio::time::sleep(Duration::from_secs(1)).await;
                return Ok(());
            }
            ensure!(begin.elapsed() < PATIENCE, "only {seen} polls within {} s", PATIENCE.as_secs());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What a poll is answered.
    async fn answers(&self) -> anyhow::Result<[String; 2]> {
        let api_url = &self.site.simulator.announced.api_url;
        let login = &self.site.logins.controller;
        let credentials = json!({ "login": login.user, "password": login.password });
        let answer: Value =
            self.http.post(format!("{api_url}/login")).json(&credentials).send().await?.json().await?;
        let token = answer["token"].as_str().context("the simulator gives no token")?;
        let read = async |path| -> anyhow::Result<String> {
            let request = self.http.get(format!("{api_url}{path}")).bearer_auth(token);
            Ok(request.send().await?.error_for_status()?.text().await?)
        };
        Ok([read("/zones").await?, read("/stations").await?])
    }
}

fn time_of_riser(site: &ChargingSite) -> anyhow::Result<Duration> {
    let host = site.host.process_id()?;
    let mut total = time_on_processor(host)?;
    for worker in children_of(host)? {
        total += time_on_processor(worker)?;
    }
    Ok(total)
}

fn parse_ms(answers: &[String]) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..PARSES {
        let begin = Instant::now();
        for answer in answers {
            std::hint::black_box(serde_json::from_str::<IgnoredAny>(answer)?);
        }
        times.push(begin.elapsed().as_secs_f64() * 1_000.0);
    }
    median(times).context("nothing was parsed")
}

/// A client for the simulator, whose certificate is its own.
fn browser() -> anyhow::Result<reqwest::Client> {
    // The process may have chosen a provider already; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build()?)
}
