//! Examples of the page of the host's log.

use askama::Template;
use riser_domain::{LogLevel, Role};
use riser_store::RunLogLine;

use super::HOSTILE;
use super::examples::{ago, flowing, signed_in, times};
use crate::host_log::{Component, ComponentLevel};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::log::{LogNote, LogPage, LogQuery};

pub(super) fn all() -> Vec<(String, String)> {
    let lines: Vec<RunLogLine> = (1..)
        .zip([LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error])
        .map(|(number, level)| RunLogLine {
            number,
            at: ago(90_000 / number.unsigned_abs()),
            level,
            line: format!("runtime: {HOSTILE} {}", "very long ".repeat(20)),
        })
        .collect();
    let levels = vec![
        ComponentLevel { component: Component::Runtime, level: Some(LogLevel::Debug), until: Some(ago(0)) },
        ComponentLevel { component: Component::Ews, level: Some(LogLevel::Error), until: None },
        ComponentLevel { component: Component::Host, level: None, until: None },
    ];
    let page = |role, lines: &[RunLogLine], text: &str, has_removed| {
        let context = signed_in(role, "Anna Keller", "/log").context;
        let layout = PageLayout::new(MenuEntry::Log, "Office Park North", context, &flowing(), &times());
        let query = LogQuery { q: text.to_owned(), component: text.to_owned(), ..LogQuery::default() };
        let oldest = lines.first().map(|line| (line.at, has_removed));
        let note = LogNote::new(oldest, &times());
        LogPage::new(layout, query, (lines, note), (levels.clone(), "info,sqlx=warn"), &times())
    };
    [
        ("usual", page(Role::Admin, &lines, "", true)),
        ("viewer", page(Role::Viewer, &lines, HOSTILE, false)),
        ("empty", page(Role::Admin, &[], "", false)),
    ]
    .into_iter()
    .map(|(name, page)| (format!("log-{name}"), page.render().unwrap()))
    .collect()
}
