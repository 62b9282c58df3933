//! Waits like a BMS for the first value from the charge controller's meters.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use riser_ews::client::{ClientError, ClientOptions, ContainerResponse, EwsClient, ValueFacts};

use crate::processes::Login;

/// Offline until EVCE Status has read the meters once.
const LIVE_POINT: &str = "SiteOverallActivePowerTotal";
/// A set point that every zone has.
const SET_POINT: &str = "ZoneReduction";
/// The contract's number of the state Good.
const GOOD: u8 = 0;
/// A generous limit.
const FIRST_VALUE_TIMEOUT: Duration = Duration::from_mins(1);
/// Polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The first live value, and a set point to write.
pub(super) struct LiveValue {
    pub(super) point: ValueFacts,
    pub(super) text: String,
    /// The set point and the name of its zone.
    pub(super) set_point: Option<(ValueFacts, String)>,
}

/// Polls until the value is Good.
pub(super) async fn wait_for_first(ews_url: &str, bms: &Login) -> anyhow::Result<LiveValue> {
    let client = EwsClient::new(ClientOptions {
        url: ews_url.parse().context("Riser announced an unusable address")?,
        user_name: bms.user.to_owned(),
        password: bms.password.clone().into(),
        time_limit: ClientOptions::TIME_LIMIT,
    })?;
    let mut last_error = None;
    let polling = async {
        loop {
            match poll(&client).await {
                Ok(Some(value)) => return value,
                result => last_error = result.err(),
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let found = tokio::time::timeout(FIRST_VALUE_TIMEOUT, polling).await;
    found
        .map_err(|_| last_error.map_or_else(|| anyhow!("{LIVE_POINT} is never Good"), anyhow::Error::from))
        .with_context(|| {
            format!(
                "no live value came over EWS within {} s; the log says why",
                FIRST_VALUE_TIMEOUT.as_secs()
            )
        })
}

/// Returns the value if it exists and is Good.
async fn poll(client: &EwsClient) -> Result<Option<LiveValue>, ClientError> {
    let root = client.container("").await?;
    for site in &root.containers {
        let site = client.container(&site.id).await?;
        let Some(point) = value_named(&site, LIVE_POINT) else { continue };
        let response = client.values(&[&point.id]).await?;
        let Some(value) = response.values.into_iter().find(|value| value.state.number() == GOOD) else {
            continue;
        };
        let set_point = find_set_point(client, &site).await?;
        return Ok(Some(LiveValue { point: point.clone(), text: value.text, set_point }));
    }
    Ok(None)
}

async fn find_set_point(
    client: &EwsClient,
    site: &ContainerResponse,
) -> Result<Option<(ValueFacts, String)>, ClientError> {
    for zone in &site.containers {
        let zone = client.container(&zone.id).await?;
        if let Some(point) = value_named(&zone, SET_POINT) {
            return Ok(Some((point.clone(), zone.container.name)));
        }
    }
    Ok(None)
}

fn value_named<'a>(container: &'a ContainerResponse, name: &str) -> Option<&'a ValueFacts> {
    container.values.iter().find(|value| value.name == name)
}
