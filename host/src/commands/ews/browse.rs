use std::collections::HashSet;
use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use riser_domain::ContainerKind;
use riser_ews::client::{ContainerResponse, EwsClient, HistoryFacts, ValueFacts};

use super::login::LoginArgs;
use crate::commands::write_line;

/// Arguments of `riser ews browse`.
#[derive(Args, Debug)]
pub(super) struct BrowseArgs {
    #[command(flatten)]
    login: LoginArgs,
    /// Container to start with [default: the root]
    #[arg(default_value = "", hide_default_value = true)]
    id: String,
    /// Number of levels to show [default: all]
    #[arg(long, value_name = "LEVELS", default_value_t = usize::MAX, hide_default_value = true)]
    depth: usize,
}

pub(super) async fn run(arguments: &BrowseArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let client = arguments.login.client()?;
    show_tree(&client, &arguments.id, arguments.depth, out).await?;
    Ok(ExitCode::SUCCESS)
}

/// A container that has not been shown yet.
struct Waiting {
    id: String,
    name: String,
    kind: ContainerKind,
    level: usize,
}

/// Shows a container and its content, depth first. Each line ends with the id.
async fn show_tree(client: &EwsClient, id: &str, depth: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let top = client.container(id).await?;
    let mut shown = HashSet::from([top.container.id.clone()]);
    let mut waiting = Vec::new();
    write_line(
        out,
        format_args!("{}  {}  {}", top.container.name, top.container.kind.as_str(), top.container.id),
    )?;
    show_items(&top, 1, out)?;
    let mut open = Some((top, 1));
    while let Some((container, level)) = open.take() {
        let children = container.containers.into_iter().rev();
        waiting.extend(children.map(|child| Waiting {
            id: child.id,
            name: child.name,
            kind: child.kind,
            level,
        }));
        while let Some(next) = waiting.pop() {
            // A server may list a container below itself.
            if next.level > depth || !shown.insert(next.id.clone()) {
                continue;
            }
            write_line(
                out,
                format_args!("{}{}  {}  {}", indent(next.level), next.name, next.kind.as_str(), next.id),
            )?;
            if next.level < depth {
                let container = client.container(&next.id).await?;
                show_items(&container, next.level + 1, out)?;
                open = Some((container, next.level + 1));
                break;
            }
        }
    }
    Ok(())
}

fn show_items(container: &ContainerResponse, level: usize, out: &mut impl Write) -> std::io::Result<()> {
    let indent = indent(level);
    for ValueFacts { id, name, kind, unit, is_writeable, .. } in &container.values {
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let writeable = if *is_writeable { ", writeable" } else { "" };
        write_line(out, format_args!("{indent}{name}  {}{unit}{writeable}  {id}", kind.as_str()))?;
    }
    for HistoryFacts { id, name, value_item, .. } in &container.histories {
        write_line(out, format_args!("{indent}{name}  history of {value_item}  {id}"))?;
    }
    Ok(())
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::ews::server_in_memory::ServerInMemory;

    async fn shown(id: &str, depth: usize) -> String {
        let server = ServerInMemory::start().await;
        let mut out = Vec::new();
        show_tree(&server.client(), id, depth, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    const ZONE: &str =
        "Zone 1  Folder  zone\n  reduction  Double kW, writeable  reduction\n  power  Double kW  power\n";

    #[tokio::test]
    async fn the_whole_tree_is_shown_from_its_root() {
        let zone = ZONE.replace("Zone", "  Zone").replace("\n  ", "\n    ");
        assert_eq!(
            shown("", usize::MAX).await,
            format!("Test  Server  root\n{zone}  Empty  Folder  empty\n")
        );
    }

    #[tokio::test]
    async fn a_part_of_the_tree_is_shown_when_asked_for() {
        assert_eq!(
            shown("", 1).await,
            "Test  Server  root\n  Zone 1  Folder  zone\n  Empty  Folder  empty\n"
        );
        assert_eq!(shown("zone", usize::MAX).await, ZONE);
    }

    #[tokio::test]
    async fn an_unknown_container_is_named() {
        let server = ServerInMemory::start().await;
        let error = show_tree(&server.client(), "x", 1, &mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains("\"x\": INVALID_ID"), "{error}");
    }
}
