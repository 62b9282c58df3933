use askama::Template;
use askama::filters::HtmlSafe;

use super::{FieldDescription, FieldKind, FormErrors, SecretOrigin};
use crate::form_input::FormInput;
use crate::parts::Icon;

/// Most entries of a list.
const MOST_ENTRIES: usize = 1_000;

/// A field as it is drawn: label, control, help, default and error.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/form/field.html")]
pub(crate) struct Field {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    /// The section of the guide `pages` about it.
    pub(crate) section: Option<&'static str>,
    pub(crate) is_required: bool,
    pub(crate) error: Option<String>,
    pub(crate) control: Control,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Control {
    Line { value: String, input_type: &'static str, input_mode: &'static str, placeholder: String },
    Lines { value: String },
    YesNo { is_on: bool },
    Choice { options: Vec<ChoiceOption> },
    Secret { stored: Option<SecretOrigin> },
    Group { fields: Vec<Field> },
    Entries { entries: Vec<Vec<Field>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChoiceOption {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) is_chosen: bool,
}

impl HtmlSafe for Field {}

impl Field {
    pub(crate) fn new(description: &FieldDescription, input: &FormInput, errors: &FormErrors) -> Self {
        let name = &description.name;
        let value = || {
            let given = input.get(name).map(ToOwned::to_owned);
            given.or_else(|| description.default.clone()).unwrap_or_default()
        };
        let line = |input_type, input_mode| Control::Line {
            value: value(),
            input_type,
            input_mode,
            placeholder: description.example.clone().unwrap_or_default(),
        };
        let control = match &description.kind {
            FieldKind::Text => line("text", "text"),
            FieldKind::Address => line("url", "url"),
            FieldKind::Number => line("text", "decimal"),
            FieldKind::WholeNumber => line("text", "numeric"),
            FieldKind::YesNo => Control::YesNo { is_on: value() == "true" },
            FieldKind::Choice(options) => Control::Choice { options: choice(options, &value()) },
            FieldKind::Secret(stored) => Control::Secret { stored: stored.clone() },
            FieldKind::Lines => Control::Lines { value: value() },
            FieldKind::Group(fields) => Control::Group {
                fields: fields.iter().map(|field| Self::new(field, input, errors)).collect(),
            },
            FieldKind::Entries(fields) => Control::Entries { entries: entries(name, fields, input, errors) },
        };
        Self {
            id: id_of_field(name),
            name: name.clone(),
            label: description.label.clone(),
            help: help_of(description),
            unit: description.unit.clone().unwrap_or_default(),
            section: description.section,
            is_required: description.is_required,
            error: errors.at(name),
            control,
        }
    }

    /// Returns this field or the one inside it with this name.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.inner().into_iter().find_map(|field| field.find(name))
    }

    /// Returns whether it or a field inside it has an error.
    pub(super) fn needs_attention(&self) -> bool {
        self.error.is_some() || self.inner().into_iter().any(Self::needs_attention)
    }

    fn inner(&self) -> Vec<&Self> {
        match &self.control {
            Control::Group { fields } => fields.iter().collect(),
            Control::Entries { entries } => entries.iter().flatten().collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the ids of the texts that describe the control.
    fn described_by(&self) -> String {
        let help = (!self.help.is_empty()).then(|| format!("{}-help", self.id));
        let error = self.error.is_some().then(|| format!("{}-error", self.id));
        help.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }
}

/// Returns the id of the control of a field. Links in the summary lead to it.
pub(crate) fn id_of_field(name: &str) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    format!("f-{}", name.chars().map(safe).collect::<String>())
}

fn help_of(description: &FieldDescription) -> String {
    let unit = description.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let default = match (&description.kind, &description.default) {
        (FieldKind::YesNo, _) | (_, None) => String::new(),
        (_, Some(default)) if default.is_empty() => String::new(),
        (FieldKind::Choice(options), Some(default)) => {
            let name = options.iter().find(|(value, _)| value == default).map(|(_, name)| name);
            format!("Default: {}.", name.unwrap_or(default))
        }
        (_, Some(default)) => format!("Default: {default}{unit}."),
    };
    [description.help.as_str(), default.as_str()].join(" ").trim().to_owned()
}

fn choice(options: &[(String, String)], value: &str) -> Vec<ChoiceOption> {
    let option = |(known, name): &(String, String)| ChoiceOption {
        value: known.clone(),
        name: name.clone(),
        is_chosen: known == value,
    };
    options.iter().map(option).collect()
}

/// Returns the given entries and an empty one to add another.
fn entries(
    name: &str,
    fields: &[FieldDescription],
    input: &FormInput,
    errors: &FormErrors,
) -> Vec<Vec<Field>> {
    let given = (0..MOST_ENTRIES).take_while(|index| input.has_any(&format!("{name}[{index}]"))).count();
    (0..=given)
        .map(|index| {
            let of_entry = |field: &FieldDescription| {
                let name = format!("{name}[{index}].{}", field.name);
                Field::new(&FieldDescription { name, ..field.clone() }, input, errors)
            };
            fields.iter().map(of_entry).collect()
        })
        .collect()
}
