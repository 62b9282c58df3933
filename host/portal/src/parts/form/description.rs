use crate::wall_time::Age;

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldDescription {
    /// Its name in the form: the path of the field in the draft, from the object on.
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) kind: FieldKind,
    pub(crate) default: Option<String>,
    pub(crate) example: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) is_required: bool,
    /// The heading of its group.
    pub(crate) group: Option<String>,
    /// The section of the guide `pages` about it.
    pub(crate) section: Option<&'static str>,
}

/// The values that a field accepts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FieldKind {
    Text,
    Address,
    Number,
    WholeNumber,
    YesNo,
    /// Values and their names.
    Choice(Vec<(String, String)>),
    /// A secret, with its origin if one is stored.
    Secret(Option<SecretOrigin>),
    /// Several values, one per line.
    Lines,
    Group(Vec<FieldDescription>),
    /// Several groups with these fields.
    Entries(Vec<FieldDescription>),
}

/// Who stored a secret, and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SecretOrigin {
    pub(crate) set_by: String,
    pub(crate) age: Age,
}

impl FieldDescription {
    pub(crate) fn new(name: impl Into<String>, label: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            help: String::new(),
            kind,
            default: None,
            example: None,
            unit: None,
            is_required: false,
            group: None,
            section: None,
        }
    }

    /// Returns whether this field, or the one inside it with this name, is a secret.
    pub(crate) fn has_secret(&self, name: &str) -> bool {
        match &self.kind {
            FieldKind::Secret(_) => self.name == name,
            FieldKind::Group(fields) => fields.iter().any(|field| field.has_secret(name)),
            FieldKind::Entries(fields) => {
                let entry = name.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix('['));
                let inner = entry.and_then(|rest| rest.split_once("].")).map(|(_, inner)| inner);
                inner.is_some_and(|inner| fields.iter().any(|field| field.has_secret(inner)))
            }
            _ => false,
        }
    }

    pub(crate) fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Links the section of the guide `pages` about it.
    pub(crate) fn more(self, section: &'static str) -> Self {
        Self { section: Some(section), ..self }
    }

    pub(crate) fn default(self, value: impl Into<String>) -> Self {
        Self { default: Some(value.into()), ..self }
    }

    pub(crate) fn unit(self, unit: impl Into<String>) -> Self {
        Self { unit: Some(unit.into()), ..self }
    }

    pub(crate) fn group(self, heading: impl Into<String>) -> Self {
        Self { group: Some(heading.into()), ..self }
    }
}
