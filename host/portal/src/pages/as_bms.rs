//! An item as the BMS sees it: the requests about it with the responses of the EWS server, and as commands of curl.

use askama::Template;
use axum::extract::State;
use riser_domain::{EwsItem, EwsServerId};
use riser_ews::{Exchange, ReadOperation, indent_xml};
use riser_runtime::EwsServerStatus;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::form::QueryOf;
use crate::items_address::ItemsAddress;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, location, name_of};
use crate::sessions::Viewer;
use crate::state::PortalState;

/// Longest response that is shown. A container can have thousands of items.
const LONGEST_SHOWN: usize = 100_000;

/// The server and the item in an address.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ExchangeAddress {
    server: i64,
    item: String,
}

#[derive(Clone, Debug, Template)]
#[template(path = "pages/as_bms.html")]
pub(crate) struct AsBmsPage {
    pub(crate) layout: PageLayout,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) item_href: String,
    pub(crate) server: String,
    pub(crate) exchanges: Vec<ShownExchange>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownExchange {
    pub(crate) operation: &'static str,
    /// Such as `200 OK, 412 bytes`.
    pub(crate) facts: String,
    pub(crate) request: String,
    pub(crate) response: String,
    /// The response is longer than shown.
    pub(crate) is_cut: bool,
    pub(crate) curl: String,
}

/// `GET /items/as-bms`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(address): QueryOf<ExchangeAddress>,
) -> Result<Page<AsBmsPage>, PageError> {
    let ExchangeAddress { server, item } = address;
    let server = EwsServerId(server);
    let tree = portal.runtime().items(server);
    let node = tree.find(&item).and_then(|handle| tree.node(handle)).ok_or(PageError::NoSuchPage)?;
    let system = portal.system_status();
    let status = system.servers.iter().find(|known| known.ews_server == server);
    let status = status.ok_or(PageError::NoSuchPage)?;
    let operations: &[ReadOperation] = match node.item() {
        Some(EwsItem::Value(_)) => &[ReadOperation::GetValues, ReadOperation::GetItems],
        Some(EwsItem::History(_)) => &[ReadOperation::GetItems],
        Some(EwsItem::Container(_)) | None => &[ReadOperation::GetContainerItems],
    };
    let account = account_of(&portal, server);
    let mut exchanges = Vec::new();
    for operation in operations {
        let exchange = portal.runtime().ews_exchange(server, *operation, node.id()).await;
        let exchange = exchange.ok_or(PageError::NoSuchPage)?;
        exchanges.push(ShownExchange::new(&exchange, status, &account));
    }
    let parent = node.item().and_then(|item| item.parent());
    let is_value = matches!(node.item(), Some(EwsItem::Value(_)));
    let times = portal.times_of_page();
    Ok(Page(AsBmsPage {
        name: name_of(&tree, node),
        location: location(&tree, node.handle),
        item_href: ItemsAddress {
            server: Some(server.0),
            container: parent.map(ToString::to_string),
            item: is_value.then(|| node.id().to_owned()),
            from: 0,
        }
        .to_string(),
        server: status.name.clone(),
        exchanges,
        layout: PageLayout::new(MenuEntry::Items, &portal.site_name(), signed_in.context, &system, &times),
    }))
}

/// Returns the name of the first account of a server.
fn account_of(portal: &PortalState, server: EwsServerId) -> String {
    let configuration = portal.runtime().configuration();
    let account = configuration.accounts.iter().find(|account| account.ews_server == server);
    account.map_or_else(|| "NAME".to_owned(), |account| account.name.clone())
}

impl ExchangeAddress {
    pub(crate) fn new(server: i64, item: &str) -> Self {
        Self { server, item: item.to_owned() }
    }

    pub(crate) fn href(&self) -> String {
        let query = Serializer::new(String::new())
            .append_pair("server", &self.server.to_string())
            .append_pair("item", &self.item)
            .finish();
        format!("/items/as-bms?{query}")
    }
}

impl ShownExchange {
    fn new(exchange: &Exchange, server: &EwsServerStatus, account: &str) -> Self {
        let Exchange { operation, request, status, response, .. } = exchange;
        let indented = indent_xml(response);
        let end = indented.floor_char_boundary(LONGEST_SHOWN);
        Self {
            operation,
            facts: format!("{status}, {} bytes", response.len()),
            request: indent_xml(request),
            is_cut: end < indented.len(),
            response: indented[..end].to_owned(),
            curl: curl(exchange, &server.address, account),
        }
    }
}

/// Returns the command that sends the request. It asks for the password of the account.
fn curl(exchange: &Exchange, url: &str, account: &str) -> String {
    let header = format!("Content-Type: {}", exchange.content_type);
    let [account, header, body, url] = [account, &header, &exchange.request, url].map(quoted);
    format!("curl --digest --user {account} --header {header} --data-binary {body} {url}")
}

/// Returns a text as one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word_for_a_shell_whatever_is_in_it() {
        for text in ["a b", "it's", "$(reboot)", "`x`", "a\"b\\", "'; rm -rf /; '", ""] {
            let command = format!("printf %s {}", quoted(text));
            let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }
    }
}
