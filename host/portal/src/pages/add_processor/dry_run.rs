//! The dry run of the review: a run of the first processor whose results are shown and not stored.

use std::collections::HashMap;

use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{DeclaredTree, EwsItem, LogLevel, RunMode};
use riser_runtime::{ClassDescription, DryRunReport};

use super::step::Step;
use super::wizard::{Wizard, prefix_of};
use crate::parts::{FormErrors, Icon, StateMark, capitalised};

/// Containers that are shown.
const SHOWN: usize = 20;

/// The dry run of one processor: its button, and the result of the last run.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/dry_run.html")]
pub(crate) struct DryRunPanel {
    pub(crate) processor: String,
    /// Where the form is sent.
    pub(crate) action: String,
    pub(crate) csrf: String,
    /// `None` before the first run.
    pub(crate) result: Option<DryRunResult>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DryRunResult {
    /// Why it failed, and what to do about it.
    pub(crate) failure: Option<(String, String)>,
    /// Such as `412 items would be created: 17 containers, 377 values, 18 histories.`
    pub(crate) sentence: String,
    pub(crate) containers: Vec<ShownContainer>,
    pub(crate) left_out: usize,
    pub(crate) log: Vec<(&'static str, String)>,
}

/// A container that would be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownContainer {
    /// The names of the containers above and its own.
    pub(crate) path: String,
    /// Such as `12 values, 3 containers`.
    pub(crate) content: String,
}

impl HtmlSafe for DryRunPanel {}

impl DryRunPanel {
    /// Returns the panel of the first class that runs once and needs no other class; `None` if there is none.
    pub(super) fn new(wizard: &Wizard<'_>, csrf: &str) -> Option<Self> {
        let class = class_of(wizard)?;
        let processor = wizard.input.text(&format!("{}name", prefix_of(class))).to_owned();
        Some(Self { processor, action: Step::Review.address(wizard.id), csrf: csrf.to_owned(), result: None })
    }

    /// Runs the class with the settings of the draft.
    pub(super) async fn run(self, wizard: &Wizard<'_>) -> Self {
        let result = match wizard.portal.runtime().dry_run(&wizard.draft(), &self.processor).await {
            Ok(report) => DryRunResult::new(&report),
            Err(error) => {
                let errors = FormErrors::of_draft(&error, &wizard.objects());
                let what = format!("Nothing was run. {}", capitalised(&errors.to_text()));
                DryRunResult { failure: Some((what, String::new())), ..DryRunResult::default() }
            }
        };
        Self { result: Some(result), ..self }
    }

    fn mark(&self) -> Option<StateMark> {
        self.result.as_ref().map(|result| match result.failure {
            None => StateMark::new("good", Icon::Done, "Succeeded"),
            Some(_) => StateMark::new("alarm", Icon::Failed, "Failed"),
        })
    }
}

fn class_of<'w>(wizard: &'w Wizard<'_>) -> Option<&'w ClassDescription> {
    wizard.classes.iter().find(|class| class.mode == RunMode::Scheduled && class.requires.is_none())
}

impl DryRunResult {
    fn new(report: &DryRunReport) -> Self {
        let mut containers = shown_containers(&report.tree);
        let left_out = containers.len().saturating_sub(SHOWN);
        containers.truncate(SHOWN);
        let failure = report.failure.as_ref().map(|failure| {
            let remedy = if failure.remedy.is_empty() {
                String::new()
            } else {
                format!("{}.", capitalised(&failure.remedy))
            };
            (format!("{}.", capitalised(&failure.what)), remedy)
        });
        let line = |(level, text): &(LogLevel, String)| (level.as_str(), text.clone());
        Self {
            failure,
            sentence: sentence(report),
            containers,
            left_out,
            log: report.log.iter().map(line).collect(),
        }
    }
}

fn sentence(report: &DryRunReport) -> String {
    let items = &report.tree.items;
    let count = |is: fn(&EwsItem) -> bool| items.iter().filter(|item| is(item)).count();
    let containers = count(|item| matches!(item, EwsItem::Container(_)));
    let values = count(|item| matches!(item, EwsItem::Value(_)));
    let writable =
        count(|item| matches!(item, EwsItem::Value(value) if value.definition.set_point.is_some()));
    let histories = count(|item| matches!(item, EwsItem::History(_)));
    if items.is_empty() {
        return "The run declares no items.".to_owned();
    }
    let mut words = vec![counted(containers, "container"), counted(values, "value")];
    if writable > 0 {
        words.push(format!("{writable} of them writable"));
    }
    words.push(counted(histories, "history"));
    format!("{} would be created: {}.", counted(items.len(), "item"), words.join(", "))
}

/// Returns the containers level by level, each with its content.
fn shown_containers(tree: &DeclaredTree) -> Vec<ShownContainer> {
    // Each container with its path, its level, and the numbers of its values, histories and containers.
    let mut found: Vec<(String, usize, [usize; 3])> = Vec::new();
    let mut index_of: HashMap<&str, usize> = HashMap::new();
    for item in &tree.items {
        let above = item.parent().and_then(|parent| index_of.get(parent.as_str())).copied();
        let kind = match item {
            EwsItem::Value(_) => 0,
            EwsItem::History(_) => 1,
            EwsItem::Container(container) => {
                let (path, level) = match above.map(|above| &found[above]) {
                    Some((path, level, _)) => (format!("{path} / {}", container.definition.name), level + 1),
                    None => (container.definition.name.to_string(), 0),
                };
                index_of.insert(container.id.as_str(), found.len());
                found.push((path, level, [0; 3]));
                2
            }
        };
        if let Some(above) = above {
            found[above].2[kind] += 1;
        }
    }
    found.sort_by_key(|(_, level, _)| *level);
    found
        .into_iter()
        .map(|(path, _, counts)| {
            let words = counts.into_iter().zip(["value", "history", "container"]);
            let words = words.filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun));
            let content = words.collect::<Vec<_>>().join(", ");
            ShownContainer { path, content: if content.is_empty() { "empty".to_owned() } else { content } }
        })
        .collect()
}

/// Returns a count with its noun, such as `1 value` or `9 histories`.
fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::{
        ContainerDefinition, ContainerItem, ContainerKind, EwsItemId, SetPointRule, ValueDefinition,
        ValueItem, ValueKind,
    };
    use riser_runtime::DryRunFailure;

    use super::*;

    fn container(id: &str, parent: Option<&str>) -> EwsItem {
        EwsItem::Container(ContainerItem {
            id: EwsItemId::new(id),
            parent: parent.map(EwsItemId::new),
            definition: ContainerDefinition {
                name: id.to_uppercase().into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        })
    }

    fn value(id: &str, parent: &str, is_writable: bool) -> EwsItem {
        EwsItem::Value(ValueItem {
            id: EwsItemId::new(id),
            parent: EwsItemId::new(parent),
            definition: ValueDefinition {
                name: id.into(),
                description: "".into(),
                kind: ValueKind::Double,
                unit: "".into(),
                set_point: is_writable.then(SetPointRule::default),
                published_by: "status".into(),
                writes_handled_by: is_writable.then(|| "status".into()),
            }
            .into(),
        })
    }

    #[test]
    fn a_tree_is_shown_level_by_level_with_its_content() {
        let items = vec![
            container("z", None),
            value("p", "z", false),
            container("z1", Some("z")),
            container("s1", Some("z1")),
            value("s1/p", "s1", true),
            value("s1/q", "s1", false),
            container("z2", Some("z")),
        ];
        let report = DryRunReport { tree: DeclaredTree { items }, ..DryRunReport::default() };
        let result = DryRunResult::new(&report);
        let shown: Vec<_> =
            result.containers.iter().map(|it| (it.path.as_str(), it.content.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("Z", "1 value, 2 containers"),
                ("Z / Z1", "1 container"),
                ("Z / Z2", "empty"),
                ("Z / Z1 / S1", "2 values")
            ]
        );
        assert_eq!(
            result.sentence,
            "7 items would be created: 4 containers, 3 values, 1 of them writable, 0 histories."
        );
        assert_eq!((result.left_out, result.failure), (0, None));
    }

    #[test]
    fn many_containers_are_cut_and_a_failure_has_its_remedy() {
        let items = (0..30).map(|number| container(&format!("c{number}"), None)).collect();
        let failure = DryRunFailure { what: "login refused".to_owned(), remedy: "check the user".to_owned() };
        let report = DryRunReport {
            tree: DeclaredTree { items },
            failure: Some(failure),
            log: vec![(LogLevel::Warn, "slow".to_owned())],
            ..DryRunReport::default()
        };
        let result = DryRunResult::new(&report);
        assert_eq!((result.containers.len(), result.left_out), (SHOWN, 10));
        assert_eq!(result.failure, Some(("Login refused.".to_owned(), "Check the user.".to_owned())));
        assert_eq!(DryRunResult::new(&DryRunReport::default()).sentence, "The run declares no items.");
    }
}
