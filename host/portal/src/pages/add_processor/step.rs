use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;
use strum::{EnumIter, IntoEnumIterator as _, IntoStaticStr};

use crate::parts::Icon;

/// The field with the memory limit of a processor, after its prefix.
pub(super) const MEMORY_LIMIT: &str = "memory_limit_mib";

/// A step of the wizard. The library is chosen before there is a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, IntoStaticStr, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Step {
    Class,
    Name,
    Connection,
    Details,
    When,
    Review,
}

/// The steps at the top of each page of the wizard.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/wizard_steps.html")]
pub(crate) struct WizardSteps {
    pub(crate) marks: Vec<StepMark>,
    /// The number of the current step.
    pub(crate) current: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepMark {
    pub(crate) name: &'static str,
    pub(crate) is_current: bool,
    /// The address of a step that is done.
    pub(crate) href: Option<String>,
}

impl HtmlSafe for WizardSteps {}

impl Step {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Class => "Class",
            Self::Name => "Name",
            Self::Connection => "Connection",
            Self::Details => "Details",
            Self::When => "When",
            Self::Review => "Review",
        }
    }

    pub(crate) fn address(self, draft: i64) -> String {
        let word: &'static str = self.into();
        format!("{}/{draft}/{word}", super::ADDRESS)
    }

    pub(crate) fn next(self) -> Self {
        Self::iter().find(|step| *step > self).unwrap_or(Self::Review)
    }

    /// Returns the step before; `None` for the first.
    pub(crate) fn previous(self) -> Option<Self> {
        Self::iter().rfind(|step| *step < self)
    }

    /// Returns the step that shows a field.
    pub(crate) fn of_field(name: &str) -> Option<Self> {
        if name.starts_with("connection.") || name.starts_with("server.") {
            return Some(Self::Connection);
        }
        let (_, field) = name.strip_prefix("processor.")?.split_once('.')?;
        Some(match field {
            "name" => Self::Name,
            MEMORY_LIMIT => Self::Details,
            _ if field.starts_with("settings.") => Self::Details,
            _ => Self::When,
        })
    }
}

impl WizardSteps {
    /// Returns the steps with `current`; `None` is the choice of the library. Steps of a draft are linked.
    pub(crate) fn new(current: Option<Step>, draft: Option<i64>) -> Self {
        let library = StepMark {
            name: "Library",
            is_current: current.is_none(),
            href: current.map(|_| super::ADDRESS.to_owned()),
        };
        let of_draft = Step::iter().map(|step| StepMark {
            name: step.name(),
            is_current: current == Some(step),
            href: draft.filter(|_| current > Some(step)).map(|draft| step.address(draft)),
        });
        let marks: Vec<StepMark> = std::iter::once(library).chain(of_draft).collect();
        let current = marks.iter().position(|mark| mark.is_current).unwrap_or_default() + 1;
        Self { marks, current }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_belongs_to_a_step() {
        for (name, step) in [
            ("connection.settings.url", Some(Step::Connection)),
            ("server.account.password", Some(Step::Connection)),
            ("processor.setup.name", Some(Step::Name)),
            ("processor.setup.settings.name", Some(Step::Details)),
            ("processor.setup.memory_limit_mib", Some(Step::Details)),
            ("processor.setup.new_schedule.name", Some(Step::When)),
            ("processor.setup.runs_at_start", Some(Step::When)),
            ("", None),
            ("processor.", None),
        ] {
            assert_eq!(Step::of_field(name), step, "{name}");
        }
    }

    #[test]
    fn done_steps_are_linked_and_later_ones_are_not() {
        let steps = WizardSteps::new(Some(Step::Connection), Some(7));
        let linked: Vec<_> =
            steps.marks.iter().filter(|mark| mark.href.is_some()).map(|mark| mark.name).collect();
        assert_eq!((linked.as_slice(), steps.current), (["Library", "Class", "Name"].as_slice(), 4));
        assert_eq!(steps.marks[2].href.as_deref(), Some("/processors/add/7/name"));
        assert_eq!((Step::Class.previous(), Step::Review.next()), (None, Step::Review));
    }
}
