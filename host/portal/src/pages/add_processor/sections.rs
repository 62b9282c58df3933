//! The fields of the steps.

use riser_calendar::{StoredRule, Zone};
use riser_domain::{ProcessorConfiguration, RunMode};
use riser_runtime::ClassDescription;

use super::step::{MEMORY_LIMIT, Step};
use super::wizard::{CONNECTION, NEW_SCHEDULE, NO_SCHEDULE, SERVER, Wizard, prefix_of};
use crate::form_input::FormInput;
use crate::parts::{
    ConnectionTest, ErrorSummary, FieldDescription, FieldKind, FormErrors, FormFields, SecretOrigin,
    describe_settings,
};
use crate::schedule_form::{self, RuleForm};

/// Times in the preview of a schedule.
const PREVIEWED_TIMES: usize = 5;

/// A panel of a step: fields about one thing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) note: String,
    /// The choice between existing objects and a new one.
    pub(crate) choice: FormFields,
    /// The fields of a new object if there is a choice; otherwise all fields.
    pub(crate) fields: FormFields,
    /// The rule of a new schedule, after the other fields of it.
    pub(crate) rule: Option<RuleForm>,
    /// Fields for existing and new objects.
    pub(crate) always: FormFields,
    pub(crate) test: Option<ConnectionTest>,
    pub(crate) next_times: Option<NextTimes>,
}

/// The next times of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NextTimes {
    pub(crate) id: String,
    /// Local time and UTC.
    pub(crate) times: Vec<(String, String)>,
    /// Why there are none.
    pub(crate) reason: String,
}

/// The descriptions of a section, before they are drawn.
pub(super) struct Described {
    heading: String,
    note: String,
    choice: Vec<FieldDescription>,
    fields: Vec<FieldDescription>,
    /// The prefix of the fields of a rule.
    rule: Option<String>,
    always: Vec<FieldDescription>,
    test: Option<ConnectionTest>,
    next_times: Option<NextTimes>,
}

impl Described {
    fn new(heading: impl Into<String>, fields: Vec<FieldDescription>) -> Self {
        Self {
            heading: heading.into(),
            note: String::new(),
            choice: Vec::new(),
            fields,
            rule: None,
            always: Vec::new(),
            test: None,
            next_times: None,
        }
    }

    /// Replaces the test of a connection by one that has run.
    pub(super) fn show_test(&mut self, tested: &ConnectionTest) {
        if let Some(test) = &mut self.test {
            *test = tested.clone();
        }
    }

    /// Returns whether a field of this section with this name is a secret.
    pub(super) fn has_secret(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.has_secret(name))
    }
}

impl Section {
    fn forms(&mut self) -> [&mut FormFields; 3] {
        [&mut self.choice, &mut self.fields, &mut self.always]
    }
}

/// Draws the sections of a step, and the summary of their errors.
pub(super) fn draw(
    described: Vec<Described>,
    input: &FormInput,
    errors: &FormErrors,
    site_zone: &Zone,
) -> (ErrorSummary, Vec<Section>) {
    let counts: Vec<usize> = described.iter().map(|it| it.fields.len()).collect();
    let with_rule = |it: &Described| {
        let rule = it.rule.iter().flat_map(|prefix| schedule_form::descriptions(prefix, site_zone));
        let fields: Vec<FieldDescription> = it.fields.iter().cloned().chain(rule).collect();
        FormFields::new(&fields, input, errors)
    };
    let mut sections: Vec<Section> = described
        .into_iter()
        .map(|it| Section {
            choice: FormFields::new(&it.choice, input, errors),
            fields: with_rule(&it),
            rule: it.rule.map(|prefix| RuleForm::new(&prefix, input, errors, site_zone)),
            heading: it.heading,
            note: it.note,
            always: FormFields::new(&it.always, input, errors),
            test: it.test,
            next_times: it.next_times,
        })
        .collect();
    let mut forms: Vec<&mut FormFields> = sections.iter_mut().flat_map(Section::forms).collect();
    let summary = FormFields::take_summary(&mut forms, errors);
    // The summary names the errors of a rule, and the rule draws its own fields.
    for (section, count) in sections.iter_mut().zip(counts).filter(|(section, _)| section.rule.is_some()) {
        section.fields.fields.truncate(count);
    }
    (summary, sections)
}

impl Wizard<'_> {
    pub(super) fn sections(&self, step: Step, user: &str) -> Vec<Described> {
        match step {
            Step::Class | Step::Review => Vec::new(),
            Step::Name => vec![self.names()],
            Step::Connection => {
                self.connection_section(user).into_iter().chain([self.server_section(user)]).collect()
            }
            Step::Details => self.classes.iter().map(|class| self.details(class, user)).collect(),
            Step::When => self.classes.iter().map(|class| self.timing(class)).collect(),
        }
    }

    fn names(&self) -> Described {
        let name = |class: &ClassDescription| {
            FieldDescription::new(format!("{}name", prefix_of(class)), &class.name, FieldKind::Text)
                .required()
                .help(&class.about)
                .more("name-and-connection")
        };
        Described::new("Names", self.classes.iter().map(name).collect())
    }

    /// Returns the origin of a secret that is in this draft already.
    fn origin(&self, name: &str, user: &str) -> Option<SecretOrigin> {
        let is_typed = self.input.get(name).is_some_and(|secret| !secret.is_empty());
        let age = self.portal.times_of_page().age(self.changed_at);
        is_typed.then(|| SecretOrigin { set_by: user.to_owned(), age })
    }

    fn connection_section(&self, user: &str) -> Option<Described> {
        let described = self.connection_kind()?;
        let origin = |path: &str| self.origin(&format!("connection.settings.{path}"), user);
        let name = FieldDescription::new("connection.name", "Name", FieldKind::Text)
            .required()
            .more("name-of-a-connection");
        let settings = describe_settings(&described.settings, "connection.", &origin);
        let fields = std::iter::once(name).chain(settings).collect();
        Some(Described {
            choice: choice(CONNECTION, "Connection", "New connection", &self.connections()),
            note: "Typed once, stored encrypted, and used by all processors of this connection.".to_owned(),
            test: Some(ConnectionTest::not_tested(&Step::Connection.address(self.id))),
            ..Described::new(&described.name, fields)
        })
    }

    fn server_section(&self, user: &str) -> Described {
        let text = |name: &str, label: &str| {
            FieldDescription::new(format!("server.{name}"), label, FieldKind::Text)
                .required()
                .more("ews-servers")
        };
        let account = |name: &str, label: &str, kind| {
            FieldDescription::new(format!("server.account.{name}"), label, kind)
                .group("Account of the BMS")
                .more("account-of-the-bms")
        };
        let password = FieldKind::Secret(self.origin("server.account.password", user));
        let fields = vec![
            text("name", "Name"),
            text("listen", "Listen address").help(
                "127.0.0.1 is reached from this machine only. 0.0.0.0 is reached from other machines, too.",
            ),
            text("path", "Path").help("The BMS must use it exactly, with capitals.").group("Path and realm"),
            text("realm", "Realm").group("Path and realm"),
            account("name", "User name", FieldKind::Text).required(),
            account("password", "Password", password)
                .help("Leave it empty: Riser generates one and shows it before the processors are created."),
        ];
        Described {
            choice: choice(SERVER, "EWS server", "New EWS server", &self.servers()),
            note: "The BMS reads the items of these processors here.".to_owned(),
            ..Described::new("EWS server", fields)
        }
    }

    fn details(&self, class: &ClassDescription, user: &str) -> Described {
        let prefix = prefix_of(class);
        let origin = |path: &str| self.origin(&format!("{prefix}settings.{path}"), user);
        let settings = describe_settings(&class.settings, &prefix, &origin);
        let limit =
            FieldDescription::new(format!("{prefix}{MEMORY_LIMIT}"), "Memory limit", FieldKind::WholeNumber)
                .help("A run that takes more is ended.")
                .more("memory-limit")
                .unit("MiB")
                .default(ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB.to_string())
                .group("Limits");
        Described::new(self.name_of(class), settings.into_iter().chain([limit]).collect())
    }

    /// Returns the four switches by the names that users know, with the schedule before them.
    fn timing(&self, class: &ClassDescription) -> Described {
        let prefix = prefix_of(class);
        let is_scheduled = class.mode == RunMode::Scheduled;
        let flag = |name: &str, label: &str, help: &str| {
            FieldDescription::new(format!("{prefix}{name}"), label, FieldKind::YesNo)
                .help(help)
                .more("how-it-runs")
        };
        let mut choice = Vec::new();
        let mut fields = Vec::new();
        if is_scheduled {
            let name = format!("{prefix}{NEW_SCHEDULE}name");
            choice = vec![schedule_choice(&format!("{prefix}schedule"), &self.schedules())];
            let description = FieldDescription::new(name, "Name of the schedule", FieldKind::Text);
            fields = vec![description.required().more("name-of-a-schedule")];
        }
        let control = [
            Some(flag(
                "runs_at_start",
                "Runs On Start",
                "Runs when Riser starts, and when the processor is created.",
            )),
            is_scheduled.then(|| {
                flag("runs_on_schedule", "Runs On Schedule", "Off: the schedule is kept and ignored.")
            }),
            Some(flag("manually_startable", "Manually Startable", "An operator may start it.")),
            Some(flag("manually_stoppable", "Manually Stoppable", "An operator may stop it.")),
            Some(flag("active", "Is Active", "Off: it is created and never runs.")),
        ];
        let note = if is_scheduled {
            "Each run ends by itself."
        } else {
            "Runs until it is stopped, and needs no schedule. Riser starts it again if it ends early."
        };
        Described {
            note: note.to_owned(),
            choice,
            fields,
            rule: is_scheduled.then(|| format!("{prefix}{NEW_SCHEDULE}")),
            always: control.into_iter().flatten().collect(),
            next_times: is_scheduled.then(|| self.next_times(class)),
            ..Described::new(self.name_of(class), Vec::new())
        }
    }

    fn name_of(&self, class: &ClassDescription) -> String {
        self.input.text(&format!("{}name", prefix_of(class))).to_owned()
    }

    /// Returns the next times of the chosen schedule of a class.
    pub(super) fn next_times(&self, class: &ClassDescription) -> NextTimes {
        let id = format!("next-{}", class.id.replace('.', "-"));
        let none = |reason: String| NextTimes { id: id.clone(), times: Vec::new(), reason };
        let rule = match self.new_schedule(class) {
            Some(_) => self.new_rule(class).map_err(|errors| errors.to_text()),
            None => {
                let choice = self.input.text(&format!("{}schedule", prefix_of(class)));
                match self.configuration.schedules.iter().find(|known| known.name == choice) {
                    Some(schedule) => match &schedule.rule {
                        StoredRule::Known(rule) => Ok(rule.clone()),
                        StoredRule::Unreadable { reason, .. } => Err(reason.clone()),
                    },
                    None => return none("It has no schedule.".to_owned()),
                }
            }
        };
        match rule {
            Err(error) => none(format!("{}.", crate::parts::capitalised(&error))),
            Ok(rule) => {
                let times = rule.preview(self.portal.runtime().clock().now(), PREVIEWED_TIMES);
                let reason = if times.is_empty() {
                    "The rule has no time in the future.".to_owned()
                } else {
                    String::new()
                };
                NextTimes {
                    times: times.into_iter().map(|time| (time.local, time.utc)).collect(),
                    ..none(reason)
                }
            }
        }
    }
}

/// Returns the choice between existing objects and a new one; empty if there are no objects.
fn choice(name: &str, label: &str, new: &str, existing: &[&str]) -> Vec<FieldDescription> {
    if existing.is_empty() {
        return Vec::new();
    }
    let known = existing.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
    let options = known.chain([(String::new(), new.to_owned())]).collect();
    vec![FieldDescription::new(name, label, FieldKind::Choice(options)).more("add-a-processor")]
}

fn schedule_choice(name: &str, existing: &[&str]) -> FieldDescription {
    let known = existing.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
    let others = [(String::new(), "New schedule"), (NO_SCHEDULE.to_owned(), "None selected")];
    let others = others.into_iter().map(|(value, name)| (value, name.to_owned()));
    FieldDescription::new(name, "Schedule", FieldKind::Choice(known.chain(others).collect()))
        .more("schedules")
}
