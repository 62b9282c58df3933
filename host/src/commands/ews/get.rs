use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use riser_ews::client::{EwsClient, ValueFacts, ValueResponse};

use super::login::LoginArgs;
use crate::FAILED;
use crate::commands::write_line;

/// Ids per call. Servers respond to this many quickly.
const IDS_IN_A_CALL: usize = 100;

/// Arguments of `riser ews get`.
#[derive(Args, Debug)]
pub(super) struct GetArgs {
    #[command(flatten)]
    login: LoginArgs,
    /// Ids of values, as `riser ews browse` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

pub(super) async fn run(arguments: &GetArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let client = arguments.login.client()?;
    show(&client, &arguments.ids, out).await
}

/// Shows each value on its own line, then each refusal. A refusal makes the command fail.
async fn show(client: &EwsClient, ids: &[String], out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut exit = ExitCode::SUCCESS;
    for ids in ids.chunks(IDS_IN_A_CALL) {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let response = client.items(&ids).await?;
        for (facts, value) in &response.values {
            write_line(out, format_args!("{}", line(facts, value)))?;
        }
        for history in &response.histories {
            write_line(
                out,
                format_args!("{}  history of {}; read that value instead", history.id, history.value_item),
            )?;
        }
        for error in &response.errors {
            write_line(out, format_args!("{}  refused: {}", error.id, error.message))?;
            exit = ExitCode::from(FAILED);
        }
    }
    Ok(exit)
}

/// Returns a line such as `zone/reduction  10 %  Good`.
pub(super) fn line(facts: &ValueFacts, value: &ValueResponse) -> String {
    let unit = if facts.unit.is_empty() { String::new() } else { format!(" {}", facts.unit) };
    format!("{}  {}{unit}  {}", value.id, value.text, value.state)
}

#[cfg(test)]
mod tests {
    use riser_domain::Value;

    use super::*;
    use crate::commands::ews::server_in_memory::ServerInMemory;

    #[tokio::test]
    async fn values_are_shown_with_unit_and_state_and_refusals_fail() {
        let server = ServerInMemory::start().await;
        let mut out = Vec::new();
        let ids = ["power", "reduction"].map(str::to_owned);
        assert_eq!(show(&server.client(), &ids, &mut out).await.unwrap(), ExitCode::SUCCESS);
        assert_eq!(String::from_utf8(out).unwrap(), "power  3.5 kW  Good\nreduction  10 kW  Good\n");

        let mut out = Vec::new();
        let exit = show(&server.client(), &["x".to_owned(), "power".to_owned()], &mut out).await.unwrap();
        assert_eq!(exit, ExitCode::from(FAILED));
        assert_eq!(String::from_utf8(out).unwrap(), "power  3.5 kW  Good\nx  refused: INVALID_ID\n");
    }

    #[tokio::test]
    async fn text_from_a_server_cannot_control_the_terminal() {
        let server = ServerInMemory::start().await;
        server.source.add_value("name", "zone", Value::String("a\u{9b}31m\nb\u{202e}".into()), None);
        let mut out = Vec::new();
        show(&server.client(), &["name".to_owned()], &mut out).await.unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(said.starts_with("name  a\\u{9b}31m\\nb\\u{202e}") && said.lines().count() == 1, "{said:?}");
    }
}
