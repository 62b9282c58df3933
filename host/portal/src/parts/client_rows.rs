use askama::Template;
use askama::filters::HtmlSafe;
use riser_ews::ClientRecord;

use super::request_rows::client_words;
use crate::wall_time::{Age, Moment, WallTime};

/// The clients of an EWS server: the rows of a table.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/client_rows.html")]
pub(crate) struct ClientRows {
    pub(crate) rows: Vec<ClientRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClientRow {
    pub(crate) address: String,
    pub(crate) user_agent: String,
    pub(crate) account: String,
    pub(crate) requests: u64,
    pub(crate) first: Moment,
    pub(crate) last: Age,
}

impl HtmlSafe for ClientRows {}

impl ClientRows {
    pub(crate) fn new(clients: &[ClientRecord], times: &WallTime) -> Self {
        Self { rows: clients.iter().map(|client| ClientRow::new(client, times)).collect() }
    }
}

impl ClientRow {
    fn new(client: &ClientRecord, times: &WallTime) -> Self {
        Self {
            address: client_words(client.address),
            user_agent: client.user_agent.to_string(),
            account: client.account.to_string(),
            requests: client.requests,
            first: times.moment(client.first_request_at),
            last: times.age(client.last_request_at),
        }
    }
}
