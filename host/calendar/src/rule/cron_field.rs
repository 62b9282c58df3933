//! The fields of a cron expression: their values, and why a part of a field cannot be read.

use super::error::RuleError;
use super::months;
use super::weekdays::parse_weekday;

/// A kind of field.
#[derive(Debug)]
pub(super) struct CronField {
    /// A sentence with all values.
    values: &'static str,
    plural: &'static str,
    /// A way to write a step that is longer than the field.
    instead_of_long_step: &'static str,
    first: u32,
    last: u32,
    /// Returns the value of a name.
    named: fn(&str) -> Option<u32>,
    /// Whether `?` means each value.
    has_question_mark: bool,
    /// Whether a range or a step may begin with a name, and whether a range may mix names and numbers.
    mixes_names: bool,
}

pub(super) const SECOND: CronField = CronField {
    values: "a second is 0 to 59",
    plural: "seconds",
    instead_of_long_step: "for one run a minute write one second, such as 0",
    last: 59,
    ..NUMBERS
};

pub(super) const MINUTE: CronField = CronField {
    values: "a minute is 0 to 59",
    plural: "minutes",
    instead_of_long_step: "for one run an hour write one minute, such as 0",
    last: 59,
    ..NUMBERS
};

pub(super) const HOUR: CronField = CronField {
    values: "an hour is 0 to 23",
    plural: "hours",
    instead_of_long_step: "for one run a day write one hour, such as 6",
    last: 23,
    ..NUMBERS
};

pub(super) const DAY: CronField = CronField {
    values: "a day of the month is 1 to 31",
    plural: "days",
    instead_of_long_step: "for one run a month write one day, such as 1",
    first: 1,
    last: 31,
    has_question_mark: true,
    ..NUMBERS
};

pub(super) const MONTH: CronField = CronField {
    values: "a month is 1 to 12 or JAN to DEC",
    plural: "months",
    instead_of_long_step: "for one run a year write one month, such as 1",
    first: 1,
    last: 12,
    named: month,
    ..NUMBERS
};

pub(super) const WEEKDAY: CronField = CronField {
    values: "a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT",
    plural: "days of the week",
    instead_of_long_step: "for one run a week write one day, such as 1",
    last: 7,
    named: |text| parse_weekday(text).map(|from_monday| (from_monday + 1) % 7),
    has_question_mark: true,
    mixes_names: true,
    ..NUMBERS
};

const NUMBERS: CronField = CronField {
    values: "",
    plural: "",
    instead_of_long_step: "",
    first: 0,
    last: 0,
    named: |_| None,
    has_question_mark: false,
    mixes_names: false,
};

/// A part of a field between commas: the values from the first to the last, in steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) step: u32,
    text: &'a str,
}

impl CronField {
    /// Reads the parts of a field.
    pub(super) fn parts<'a>(&self, field: &'a str) -> Result<Vec<Part<'a>>, RuleError> {
        if field.split(',').any(str::is_empty) {
            return Err(RuleError::unreadable(field, "a comma needs a value on both sides, without spaces"));
        }
        field.split(',').map(|part| self.part(part)).collect()
    }

    fn part<'a>(&self, text: &'a str) -> Result<Part<'a>, RuleError> {
        let wrong = |reason: String| Err(RuleError::unreadable(text, reason));
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let step = match step {
            None => None,
            Some(step) => Some(self.step(text, step)?),
        };
        if range.is_empty() {
            return wrong(format!("a value is missing before the step; write *{text}"));
        }
        if range == "*" || (range == "?" && self.has_question_mark) {
            return Ok(Part { first: self.first, last: self.last, step: step.unwrap_or(1), text });
        }
        if range == "?" {
            return wrong("? is for days only; write *".to_owned());
        }
        let (first, last) = match range.split_once('-') {
            // A step without an end counts to the end of the field: 5/15.
            None => (range, None),
            Some((first, last)) => (first, Some(last)),
        };
        if last.is_some_and(|last| last.is_empty() || last.contains('-'))
            || first.is_empty()
            || (last.is_some() && (first == "*" || last == Some("*")))
        {
            return wrong("a range has two values, such as 1-5".to_owned());
        }
        let value = |value: &str| self.value(text, value);
        let begin = value(first)?;
        let end = match last {
            None if step.is_some() => self.last,
            None => begin,
            Some(last) => value(last)?,
        };
        if !self.mixes_names {
            let is_name = |value: &str| !value.starts_with(|first: char| first.is_ascii_digit());
            if last.is_some_and(|last| is_name(first) != is_name(last)) {
                return wrong(format!("a range has two numbers or two names; write {begin}-{end}"));
            }
            if last.is_none() && step.is_some() && is_name(first) {
                return wrong(format!("a step begins with a number; write {begin}/{}", step.unwrap_or(1)));
            }
        }
        Ok(Part { first: begin, last: end, step: step.unwrap_or(1), text })
    }

    fn step(&self, part: &str, step: &str) -> Result<u32, RuleError> {
        let number = number(step);
        let most = if self.first == 0 { self.last.max(1) } else { self.last };
        if let Some(step) = number.filter(|step| (1..=most).contains(step)) {
            return Ok(step);
        }
        let mut reason = format!("the step of {} is a number from 1 to {most}", self.plural);
        if number.is_some_and(|step| step > most) {
            reason = format!("{reason}; {}", self.instead_of_long_step);
        }
        Err(RuleError::unreadable(part, reason))
    }

    /// Reads a value by number or name.
    pub(super) fn value(&self, part: &str, text: &str) -> Result<u32, RuleError> {
        let value = number(text).or_else(|| (self.named)(text));
        value.filter(|value| (self.first..=self.last).contains(value)).ok_or_else(|| {
            let hint = if self.last == HOUR.last && value == Some(24) {
                "; midnight is 0"
            } else if self.last == DAY.last && parse_weekday(text).is_some() {
                "; days of the week are the last field"
            } else {
                ""
            };
            RuleError::unreadable(part, format!("{}{hint}", self.values))
        })
    }
}

impl Part<'_> {
    /// Refuses `22-6`, with the two ranges that it means.
    pub(super) fn refuse_backward(&self, field: &CronField) -> Result<(), RuleError> {
        let Self { first, last, step, text } = *self;
        if first <= last {
            return Ok(());
        }
        let range = |from: u32, to: u32| if from == to { from.to_string() } else { format!("{from}-{to}") };
        let (first, last) = (range(first, field.last), range(field.first, last));
        let meant = if step == 1 { format!("write {first},{last}") } else { "write two ranges".to_owned() };
        Err(RuleError::unreadable(text, format!("the range runs backwards; {meant}")))
    }

    /// Refuses a range that begins late in the week and ends early in the next one.
    pub(super) fn refuse_backward_week(&self) -> Result<(), RuleError> {
        let Self { first, last, text, .. } = *self;
        if first <= last {
            return Ok(());
        }
        let meant = match last {
            0 => format!("{first}-7"),
            1 => format!("{first}-7,1"),
            _ => format!("{first}-7,1-{last}"),
        };
        let reason = format!("the range runs backwards over the end of the week; write {meant}");
        Err(RuleError::unreadable(text, reason))
    }

    /// Returns 7 for a Sunday by name at the end of a range: `SAT-SUN`.
    pub(super) fn with_sunday_at_end(self) -> Self {
        let range = self.text.split('/').next().unwrap_or_default();
        let is_named = range.split_once('-').is_some_and(|(_, last)| number(last).is_none());
        if self.last == 0 && self.first > 0 && is_named { Self { last: 7, ..self } } else { self }
    }
}

fn month(text: &str) -> Option<u32> {
    let fits = |name: &&str| name.eq_ignore_ascii_case(text) || name[..3].eq_ignore_ascii_case(text);
    months::NAMES.iter().zip(1..).find(|(name, _)| fits(name)).map(|(_, number)| number)
}

/// Reads a number without a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
