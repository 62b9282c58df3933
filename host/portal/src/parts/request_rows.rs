use std::net::IpAddr;
use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use riser_ews::{RequestOutcome, RequestRecord};

use super::{Icon, StateMark};
use crate::wall_time::{Moment, WallTime};

/// The latest requests of EWS clients: the rows of a table.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/request_rows.html")]
pub(crate) struct RequestRows {
    /// Whether each row names its EWS server.
    pub(crate) has_servers: bool,
    pub(crate) rows: Vec<RequestRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RequestRow {
    pub(crate) at: Moment,
    /// The id and name of the EWS server.
    pub(crate) server: (i64, String),
    pub(crate) client: String,
    pub(crate) account: String,
    pub(crate) operation: Option<&'static str>,
    pub(crate) items: usize,
    pub(crate) took: Option<String>,
    pub(crate) mark: StateMark,
}

impl HtmlSafe for RequestRows {}

impl RequestRow {
    pub(crate) fn new(request: &RequestRecord, server: (i64, &str), times: &WallTime) -> Self {
        Self {
            at: times.moment(request.at),
            server: (server.0, server.1.to_owned()),
            client: client_words(request.client),
            account: request.account.to_string(),
            operation: request.operation,
            items: request.items,
            took: (request.outcome != RequestOutcome::RefusedLogin).then(|| took_words(request.took)),
            mark: mark(&request.outcome, request.items),
        }
    }
}

/// Returns an address without the prefix of IPv4 addresses on a listener for IPv6.
pub(crate) fn client_words(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

fn mark(outcome: &RequestOutcome, items: usize) -> StateMark {
    match outcome {
        RequestOutcome::Ok => StateMark::new("good", Icon::Done, "OK"),
        RequestOutcome::RefusedItems(refused) => {
            StateMark::new("warn", Icon::Failed, format!("{refused} of {items} refused"))
        }
        RequestOutcome::Fault(reason) => StateMark::new("alarm", Icon::Failed, reason.clone()),
        RequestOutcome::HttpError(status) => {
            StateMark::new("alarm", Icon::Failed, format!("HTTP error {status}"))
        }
        RequestOutcome::RefusedLogin => StateMark::new("warn", Icon::Key, "Login refused"),
    }
}

/// Returns `0.4 ms` below 10 ms, `24 ms` below a second, and `1.5 s` above.
fn took_words(took: Duration) -> String {
    let (tenths, ms) = (took.as_micros() / 100, took.as_millis());
    match ms {
        0..10 => format!("{}.{} ms", tenths / 10, tenths % 10),
        10..1_000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_digits_or_three() {
        let words = |us| took_words(Duration::from_micros(us));
        assert_eq!([words(40), words(9_260), words(24_900)], ["0.0 ms", "9.2 ms", "24 ms"]);
        assert_eq!([words(999_999), words(1_590_000)], ["999 ms", "1.5 s"]);
    }

    #[test]
    fn an_ipv4_client_of_a_listener_for_both_is_shown_as_such() {
        assert_eq!(client_words("::ffff:192.0.2.7".parse().unwrap()), "192.0.2.7");
        assert_eq!(client_words("2001:db8::7".parse().unwrap()), "2001:db8::7");
    }
}
