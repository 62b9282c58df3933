//! The tab History: the versions of the configuration with their differences. An earlier one can be restored.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Redirect;
use riser_domain::ProcessorConfiguration;
use riser_store::{Configuration, ProcessorVersion};
use serde::Deserialize;
use serde_json::Value;

use super::change::restore_draft;
use super::{Done, Frame, Shown, Tab};
use crate::form::{Form, PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::pages::processor::change::reasons;
use crate::parts::{Icon, capitalised};
use crate::sessions::{Admin, Viewer};
use crate::state::PortalState;
use crate::wall_time::Moment;

/// The versions of a processor, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/history.html")]
pub(crate) struct HistoryTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) versions: Vec<ShownVersion>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownVersion {
    pub(crate) version: i64,
    pub(crate) at: Moment,
    pub(crate) by: String,
    pub(crate) is_first: bool,
    pub(crate) is_current: bool,
    pub(crate) new_secrets: Vec<String>,
    /// The differences to the version before.
    pub(crate) differences: Vec<Difference>,
}

/// A field that a change has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RestoreForm {
    version: i64,
    /// The newest version when the page was drawn.
    newest: i64,
}

/// `GET /processors/{id}/history`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<HistoryTab>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let versions = portal.runtime().store().list_processor_versions(shown.configuration.id).await?;
    Ok(Page(HistoryTab {
        frame: shown.frame(Tab::History, &signed_in.context.user, done.notice()),
        versions: shown_versions(&shown, &versions),
        layout: shown.layout(signed_in),
    }))
}

/// `POST /processors/{id}/history`
pub(crate) async fn restore(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    Form(form): Form<RestoreForm>,
) -> Result<Redirect, PageError> {
    let shown = Shown::find(&portal, id)?;
    let versions = portal.runtime().store().list_processor_versions(shown.configuration.id).await?;
    let newest = versions.first().ok_or(PageError::NoSuchPage)?;
    if newest.version != form.newest {
        let (who, at) = (&newest.actor, shown.times.words(newest.at));
        return Err(PageError::Refused(format!(
            "{who} changed this processor at {at}. Look at the history again before you restore a version"
        )));
    }
    let version = versions.iter().find(|it| it.version == form.version).ok_or(PageError::NoSuchPage)?;
    let draft = riser_runtime::ConfigurationDraft {
        base_version: Some(shown.whole.version),
        processors: vec![restore_draft(&portal, &version.processor, Some(&shown.configuration))],
        ..riser_runtime::ConfigurationDraft::default()
    };
    if let Err(error) = portal.runtime().configure(draft, signed_in.actor()).await {
        let number = form.version;
        return Err(PageError::Refused(format!("version {number} cannot be restored: {}", reasons(&error))));
    }
    Ok(Redirect::to(&format!("{}?saved=version", shown.address(Tab::History))))
}

fn shown_versions(shown: &Shown<'_>, versions: &[ProcessorVersion]) -> Vec<ShownVersion> {
    let line = |(index, version): (usize, &ProcessorVersion)| {
        let before = versions.get(index + 1);
        ShownVersion {
            version: version.version,
            at: shown.times.moment(version.at),
            by: capitalised(&version.actor.to_string()),
            is_first: version.version == 1,
            is_current: index == 0,
            new_secrets: version.new_secrets.iter().map(|key| setting_label(shown, key)).collect(),
            differences: before
                .map(|before| differences(shown, &before.processor, &version.processor))
                .unwrap_or_default(),
        }
    };
    versions.iter().enumerate().map(line).collect()
}

fn differences(
    shown: &Shown<'_>,
    before: &ProcessorConfiguration,
    after: &ProcessorConfiguration,
) -> Vec<Difference> {
    let mut found = Vec::new();
    for ((field, before), (_, after)) in
        fields(&shown.whole, before).into_iter().zip(fields(&shown.whole, after))
    {
        if before != after {
            found.push(Difference { field: field.to_owned(), before, after });
        }
    }
    let (before, after) = (settings(&before.settings_json), settings(&after.settings_json));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let value = |settings: &BTreeMap<String, String>| settings.get(key).cloned().unwrap_or_default();
        if before.get(key) != after.get(key) {
            found.push(Difference {
                field: setting_label(shown, key),
                before: value(&before),
                after: value(&after),
            });
        }
    }
    found
}

/// Returns the fields that are not settings, with their names as pages show them.
fn fields(whole: &Configuration, processor: &ProcessorConfiguration) -> [(&'static str, String); 10] {
    let flag = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
    let gone = || "one that was removed".to_owned();
    let connection = processor.connection.map(|id| {
        let known = whole.connections.iter().find(|it| it.id == id);
        known.map_or_else(gone, |it| it.name.clone())
    });
    let schedule = processor.schedule.map(|id| {
        let known = whole.schedules.iter().find(|it| it.id == id);
        known.map_or_else(gone, |it| it.name.clone())
    });
    let server = whole.ews_servers.iter().find(|it| it.id == processor.ews_server);
    let flags = processor.flags;
    [
        ("Name", processor.name.clone()),
        ("Connection", connection.unwrap_or_default()),
        ("EWS server", server.map_or_else(gone, |it| it.name.clone())),
        ("Schedule", schedule.unwrap_or_default()),
        ("Enabled", flag(flags.active)),
        ("Runs On Start", flag(flags.runs_at_start)),
        ("Manually Startable", flag(flags.manually_startable)),
        ("Runs On Schedule", flag(flags.runs_on_schedule)),
        ("Manually Stoppable", flag(flags.manually_stoppable)),
        ("Memory limit", format!("{} MiB", processor.memory_limit_mib)),
    ]
}

/// Returns the settings by their paths, such as `proxies[0].host`.
fn settings(json: &str) -> BTreeMap<String, String> {
    fn add(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(group) => {
                for (key, value) in group {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    add(&path, value, found);
                }
            }
            Value::Array(entries) => {
                for (index, value) in entries.iter().enumerate() {
                    add(&format!("{path}[{index}]"), value, found);
                }
            }
            Value::Null => {}
            Value::String(text) => {
                found.insert(path.to_owned(), text.clone());
            }
            other => {
                found.insert(path.to_owned(), other.to_string());
            }
        }
    }
    let mut found = BTreeMap::new();
    add("", &serde_json::from_str(json).unwrap_or_default(), &mut found);
    found
}

/// Returns the label of a setting, or its path.
fn setting_label(shown: &Shown<'_>, path: &str) -> String {
    let settings = shown.class().map(|class| class.settings.settings.as_slice()).unwrap_or_default();
    let described = settings.iter().find(|setting| setting.key == path);
    described.map_or_else(|| path.to_owned(), |setting| setting.label.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_compared_by_their_paths() {
        let json = r#"{"poll":"15 s","proxies":[{"host":"a","port":1}],"names":["x"],"none":null,"on":true}"#;
        let expected = [
            ("names[0]", "x"),
            ("on", "true"),
            ("poll", "15 s"),
            ("proxies[0].host", "a"),
            ("proxies[0].port", "1"),
        ];
        let found = settings(json);
        assert_eq!(
            found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>(),
            expected
        );
        assert!(settings("broken").values().all(String::is_empty));
    }
}
