//! Templates of paths and bodies: texts with placeholders such as `{zone}`.

use riser_plugin::http::{Method, Request};
use serde::Deserialize;
use serde_json::Value;

use super::time_format::TimeFormat;

/// A value that Riser fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Login,
    Password,
    Zone,
    ZoneName,
    Station,
    Connector,
    Percent,
    Until,
    Description,
    Availability,
    Available,
    /// JSON's `null`, which TOML lacks.
    Null,
}

const SLOTS: [(&str, Slot); 12] = [
    ("login", Slot::Login),
    ("password", Slot::Password),
    ("zone", Slot::Zone),
    ("zone_name", Slot::ZoneName),
    ("station", Slot::Station),
    ("connector", Slot::Connector),
    ("percent", Slot::Percent),
    ("until", Slot::Until),
    ("description", Slot::Description),
    ("availability", Slot::Availability),
    ("available", Slot::Available),
    ("null", Slot::Null),
];

impl Slot {
    /// Returns its name between braces.
    pub(super) fn name(self) -> &'static str {
        SLOTS.iter().find(|(_, slot)| *slot == self).map_or("", |(name, _)| name)
    }
}

/// How a value is written, after a colon: `{percent:text}`, `{until:epoch_ms}`, `{until:epoch_ms:text}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// A number without decimals.
    Whole,
    Time(TimeFormat),
    TimeText(TimeFormat),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(Slot, Option<Form>),
}

/// A text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Template {
    parts: Vec<Part>,
}

/// Gives the value of a placeholder, in a form of times if there is one.
pub(super) type Fill<'f> = dyn Fn(Slot, Option<&TimeFormat>) -> Value + 'f;

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else {
                return Err(format!("{text:?} has a placeholder without an end"));
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(slot(name)?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }
}

fn slot(text: &str) -> Result<Part, String> {
    let (name, form) = text.split_once(':').map_or((text, None), |(name, form)| (name, Some(form)));
    let Some((_, slot)) = SLOTS.into_iter().find(|(known, _)| *known == name) else {
        let known = SLOTS.map(|(known, _)| format!("{{{known}}}")).join(", ");
        return Err(format!("{{{name}}} is not a placeholder; the placeholders are {known}"));
    };
    let form = match form {
        None => None,
        Some("text") => Some(Form::Text),
        Some("whole") => Some(Form::Whole),
        Some(form) if slot == Slot::Until => time_form(form)?,
        Some(form) => return Err(format!("{form:?} is not a form of {{{name}}}; use text or whole")),
    };
    Ok(Part::Slot(slot, form))
}

/// Parses a form of times, with `:text` behind it for a number as a text.
fn time_form(form: &str) -> Result<Option<Form>, String> {
    let (form, is_text) = form.strip_suffix(":text").map_or((form, false), |form| (form, true));
    let format = TimeFormat::try_from(form.to_owned())?;
    Ok(Some(if is_text { Form::TimeText(format) } else { Form::Time(format) }))
}

impl Template {
    /// Returns the placeholders in it.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Slot(slot, _) => Some(*slot),
        })
    }

    fn times(&self) -> impl Iterator<Item = &TimeFormat> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(_, Some(Form::Time(format) | Form::TimeText(format))) => Some(format),
            _ => None,
        })
    }

    /// Returns whether it has this placeholder.
    pub(super) fn has(&self, slot: Slot) -> bool {
        self.slots().any(|found| found == slot)
    }

    /// Returns the text before and behind the placeholder, with all others filled in.
    pub(super) fn around(&self, slot: Slot, fill: &Fill<'_>) -> Option<(String, String)> {
        let is_it = |part: &Part| matches!(part, Part::Slot(found, _) if *found == slot);
        let at = self.parts.iter().position(is_it)?;
        let text = |parts: &[Part]| parts.iter().map(|part| part_text(part, fill)).collect();
        Some((text(&self.parts[..at]), text(&self.parts[at + 1..])))
    }

    /// Returns the text.
    pub(super) fn text(&self, fill: &Fill<'_>) -> String {
        self.parts.iter().map(|part| part_text(part, fill)).collect()
    }

    /// Returns the value of the only placeholder, in its type; else the text.
    fn value(&self, fill: &Fill<'_>) -> Value {
        match self.parts.as_slice() {
            [Part::Slot(slot, form)] => slot_value(*slot, form.as_ref(), fill),
            _ => Value::String(self.text(fill)),
        }
    }

    /// Returns a path with escaped values: they come from outside and must not change the path.
    pub(super) fn path(&self, fill: &Fill<'_>) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Slot(slot, form) => escaped(&plain(&slot_value(*slot, form.as_ref(), fill))),
        };
        self.parts.iter().map(part).collect()
    }
}

fn part_text(part: &Part, fill: &Fill<'_>) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Slot(slot, form) => plain(&slot_value(*slot, form.as_ref(), fill)),
    }
}

fn slot_value(slot: Slot, form: Option<&Form>, fill: &Fill<'_>) -> Value {
    match form {
        None => fill(slot, None),
        Some(Form::Time(format)) => fill(slot, Some(format)),
        Some(Form::TimeText(format)) => Value::String(plain(&fill(slot, Some(format)))),
        Some(Form::Text) => Value::String(plain(&fill(slot, None))),
        Some(Form::Whole) => {
            let value = fill(slot, None);
            let whole = value.as_f64().and_then(|number| format!("{number:.0}").parse::<i64>().ok());
            whole.map_or(value, Value::from)
        }
    }
}

/// Returns a value as text, without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        // `25`, not `25.0`.
        Value::Number(number) => number
            .as_f64()
            .filter(|_| number.is_f64())
            .map_or_else(|| number.to_string(), |it| it.to_string()),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            segment.push(char::from(byte));
        } else {
            write!(segment, "%{byte:02X}").expect("a string takes any text");
        }
    }
    segment
}

/// A body with placeholders in its texts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) enum BodyTemplate {
    Constant(Value),
    Text(Template),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl TryFrom<toml::Value> for BodyTemplate {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        Ok(match value {
            toml::Value::String(text) => Self::Text(Template::try_from(text)?),
            toml::Value::Integer(number) => Self::Constant(number.into()),
            toml::Value::Float(number) => Self::Constant(number.into()),
            toml::Value::Boolean(truth) => Self::Constant(truth.into()),
            toml::Value::Datetime(moment) => Self::Constant(moment.to_string().into()),
            toml::Value::Array(list) => {
                Self::List(list.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            toml::Value::Table(table) => {
                let member = |(key, value)| Ok::<_, String>((key, Self::try_from(value)?));
                Self::Object(table.into_iter().map(member).collect::<Result<_, _>>()?)
            }
        })
    }
}

impl BodyTemplate {
    /// Returns the placeholders in it.
    pub(super) fn slots(&self) -> Vec<Slot> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Text(template) => template.slots().collect(),
            Self::List(list) => list.iter().flat_map(Self::slots).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, member)| member.slots()).collect(),
        }
    }

    /// Returns the forms of its times.
    pub(super) fn times(&self) -> Vec<&TimeFormat> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Text(template) => template.times().collect(),
            Self::List(list) => list.iter().flat_map(Self::times).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, member)| member.times()).collect(),
        }
    }

    fn value(&self, fill: &Fill<'_>) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Text(template) => template.value(fill),
            Self::List(list) => list.iter().map(|element| element.value(fill)).collect(),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(key, member)| (key.clone(), member.value(fill))).collect())
            }
        }
    }
}

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum BodyFormat {
    #[default]
    Json,
    Form,
}

/// The method of a call, by its name in HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct CallMethod(pub(super) Method);

impl TryFrom<String> for CallMethod {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = [Method::PUT, Method::POST, Method::PATCH, Method::DELETE, Method::GET];
        let found = known.into_iter().find(|method| method.as_str() == name);
        found
            .map(Self)
            .ok_or_else(|| format!("{name:?} is not a method; use PUT, POST, PATCH, DELETE or GET"))
    }
}

/// A call with its placeholders.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallTemplate {
    #[serde(default = "CallTemplate::usual_method")]
    pub(super) method: CallMethod,
    pub(super) path: Template,
    #[serde(default)]
    pub(super) format: BodyFormat,
    pub(super) body: Option<BodyTemplate>,
}

impl CallTemplate {
    fn usual_method() -> CallMethod {
        CallMethod(Method::PUT)
    }

    /// Returns the request.
    pub(super) fn request(&self, fill: &Fill<'_>) -> Request {
        let request = Request::new(self.method.0.clone(), self.path.path(fill));
        with_body(request, self.body.as_ref(), self.format, fill)
    }
}

/// Adds a body to a request.
pub(super) fn with_body(
    request: Request,
    body: Option<&BodyTemplate>,
    format: BodyFormat,
    fill: &Fill<'_>,
) -> Request {
    let Some(value) = body.map(|body| body.value(fill)) else { return request };
    match (format, &value) {
        (BodyFormat::Form, Value::Object(fields)) => {
            let fields: Vec<(&str, String)> =
                fields.iter().map(|(name, value)| (name.as_str(), plain(value))).collect();
            request.form(fields.iter().map(|(name, value)| (*name, value.as_str())))
        }
        _ => request.json(value.to_string()),
    }
}
