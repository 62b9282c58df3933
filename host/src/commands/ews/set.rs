use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use clap::Args;
use riser_calendar::Zone;
use riser_domain::{ValueKind, ValueState};
use riser_ews::client::{EwsClient, ValueFacts, ValueResponse};
use riser_ews::parse_value;

use super::get::line;
use super::login::LoginArgs;
use crate::FAILED;
use crate::commands::write_line;

/// Pause between two reads while waiting for the confirmation.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Arguments of `riser ews set`.
#[derive(Args, Debug)]
pub(super) struct SetArgs {
    #[command(flatten)]
    login: LoginArgs,
    /// Id of a writeable value
    id: String,
    /// The value, such as 20, true, or 2026-12-24T18:00:00Z
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// Seconds to wait until the device confirms; 0 does not wait
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
}

pub(super) async fn run(arguments: &SetArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let client = arguments.login.client()?;
    let SetArgs { id, value, wait, .. } = arguments;
    write(&client, id, value, Duration::from_secs(*wait), out).await
}

/// Writes a value, then reads it until the device confirms it, the device has another value, or the time is over.
async fn write(
    client: &EwsClient,
    id: &str,
    value_text: &str,
    timeout: Duration,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let facts = read(client, id).await?.0;
    let results = client.set_values(&[(id, value_text)]).await?;
    let refusal = results.iter().find(|result| !result.is_success);
    ensure!(!results.is_empty(), "the EWS server returned no result for {id:?}");
    if let Some(refusal) = refusal {
        bail!("{id} was not written: {}", explain(&refusal.message, &facts));
    }
    write_line(out, format_args!("{id}  accepted"))?;
    if timeout.is_zero() {
        return Ok(ExitCode::SUCCESS);
    }
    let begin = Instant::now();
    loop {
        let (facts, now) = read(client, id).await?;
        let is_write = is_same(facts.kind, &now.text, value_text);
        if now.state == ValueState::Good {
            write_line(out, format_args!("{}", line(&facts, &now)))?;
            if is_write {
                write_line(out, format_args!("confirmed after {:.1} s", begin.elapsed().as_secs_f64()))?;
                return Ok(ExitCode::SUCCESS);
            }
            write_line(out, format_args!("not confirmed: the device has another value"))?;
            return Ok(ExitCode::from(FAILED));
        }
        if begin.elapsed() >= timeout {
            write_line(out, format_args!("{}", line(&facts, &now)))?;
            write_line(
                out,
                format_args!("not confirmed within {} s; the server keeps trying", timeout.as_secs()),
            )?;
            return Ok(ExitCode::from(FAILED));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

async fn read(client: &EwsClient, id: &str) -> anyhow::Result<(ValueFacts, ValueResponse)> {
    let mut response = client.items(&[id]).await?;
    if let Some(found) = response.values.pop() {
        return Ok(found);
    }
    match response.errors.pop() {
        Some(error) => {
            bail!("there is no value {id:?} ({}); `riser ews browse` shows them all", error.message)
        }
        None => bail!("{id:?} is not a value"),
    }
}

/// Explains the most frequent error codes of the contract.
fn explain(message: &str, facts: &ValueFacts) -> String {
    match message {
        "VALUE_NOT_WRITEABLE" => "it is read-only".to_owned(),
        "INVALID_VALUE" => {
            format!("the text is not a {}, or not one of the allowed values", facts.kind.as_str())
        }
        "OUT_OF_RANGE" => "the value is out of its range".to_owned(),
        "PERMISSION_DENIED" => "this account may only read".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns whether two texts have the same meaning.
fn is_same(kind: ValueKind, one: &str, other: &str) -> bool {
    let meaning = |text| parse_value(kind, text, &Zone::utc()).ok();
    one == other || meaning(one).is_some_and(|one| meaning(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::ews::server_in_memory::ServerInMemory;

    const TEST_TIMEOUT: Duration = Duration::from_secs(30);

    async fn writing(server: &ServerInMemory, value_text: &str, timeout: Duration) -> (ExitCode, String) {
        let mut out = Vec::new();
        let exit = write(&server.client(), "reduction", value_text, timeout, &mut out).await.unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn a_write_that_is_read_back_is_confirmed() {
        let server = ServerInMemory::start().await;
        let writing = writing(&server, "20.0", TEST_TIMEOUT);
        let confirming = async {
            while !server.shows("reduction", "20", ValueState::Uncertain).await {
                tokio::task::yield_now().await;
            }
            server.source.confirm("reduction");
        };
        let ((exit, said), ()) = tokio::join!(writing, confirming);
        assert_eq!(exit, ExitCode::SUCCESS);
        let expected = "reduction  accepted\nreduction  20 kW  Good\nconfirmed after ";
        assert!(said.starts_with(expected), "{said}");
    }

    #[tokio::test]
    async fn an_unconfirmed_write_fails_and_says_why() {
        let server = ServerInMemory::start().await;
        let (exit, said) = writing(&server, "30", Duration::from_millis(1)).await;
        assert_eq!(exit, ExitCode::from(FAILED));
        assert!(
            said.contains("reduction  30 kW  Uncertain") && said.contains("not confirmed within"),
            "{said}"
        );
        let (exit, said) = writing(&server, "40", Duration::ZERO).await;
        assert_eq!((exit, said.as_str()), (ExitCode::SUCCESS, "reduction  accepted\n"));
    }

    #[tokio::test]
    async fn refusals_say_what_is_wrong() {
        let server = ServerInMemory::start().await;
        let refusal = async |id: &str, value_text: &str| {
            let written = write(&server.client(), id, value_text, TEST_TIMEOUT, &mut Vec::new()).await;
            written.unwrap_err().to_string()
        };
        assert_eq!(refusal("power", "1").await, "power was not written: it is read-only");
        assert_eq!(
            refusal("reduction", "200").await,
            "reduction was not written: the value is out of its range"
        );
        assert!(refusal("reduction", "much").await.contains("not a Double"));
        assert!(refusal("x", "1").await.contains("riser ews browse"));
    }

    #[test]
    fn texts_are_compared_by_their_meaning() {
        assert!(is_same(ValueKind::Double, "20", "2.0E1"));
        assert!(is_same(ValueKind::DateTime, "2026-11-24T00:00:00.000Z", "2026-11-24T01:00:00+01:00"));
        assert!(!is_same(ValueKind::String, "a", "A"));
    }
}
