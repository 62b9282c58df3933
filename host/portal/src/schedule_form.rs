//! The rule of a schedule as fields of a form, and back. Only `riser-calendar` reads and checks rules: the form joins
//! the texts of its fields.

use riser_calendar::{ScheduleRule, Zone};

use crate::form_input::FormInput;
use crate::parts::{Field, FieldDescription, FieldKind, FormErrors};

pub(crate) const NAME: &str = "name";
pub(crate) const KIND: &str = "kind";
const EVERY: &str = "every";
const WEEKLY_TIMES: &str = "weekly_times";
const DATES: &str = "dates";
const MONTHLY_TIMES: &str = "monthly_times";
const CRON: &str = "cron";
const ZONE: &str = "zone";
const MISFIRE: &str = "misfire";
const WITHIN: &str = "within";
const OVERLAP: &str = "overlap";
/// Clauses that one field holds as they are.
const TEXT_CLAUSES: [&str; 4] = ["from", "until", "except", "jitter"];

const DAYS: [(&str, &str); 7] =
    [("Mon", "Mo"), ("Tue", "Tu"), ("Wed", "We"), ("Thu", "Th"), ("Fri", "Fr"), ("Sat", "Sa"), ("Sun", "Su")];

/// A kind of pattern, with its name in the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) value: &'static str,
    pub(crate) name: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind { value: "every", name: "Interval" },
    Kind { value: "weekly", name: "Weekly" },
    Kind { value: "monthly", name: "Monthly" },
    Kind { value: "cron", name: "Cron" },
];

/// A day of the week in the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) field: String,
    pub(crate) name: &'static str,
    pub(crate) short: &'static str,
    pub(crate) is_chosen: bool,
}

/// The fields of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RuleForm {
    /// Before the name of each field.
    pub(crate) prefix: String,
    pub(crate) kind: String,
    pub(crate) days: Vec<Day>,
    pub(crate) every: Field,
    pub(crate) weekly_times: Field,
    pub(crate) dates: Field,
    pub(crate) monthly_times: Field,
    pub(crate) cron: Field,
    /// Zone and dates.
    pub(crate) clauses: Vec<Field>,
    /// Fields that most rules leave as they are.
    pub(crate) more: Vec<Field>,
    /// Whether one of them has a value.
    pub(crate) is_more_open: bool,
    pub(crate) descriptions: Vec<FieldDescription>,
}

impl RuleForm {
    /// The names of the fields in `input` and `errors` begin with the prefix.
    pub(crate) fn new(prefix: &str, input: &FormInput, errors: &FormErrors, site_zone: &Zone) -> Self {
        let descriptions = descriptions(prefix, site_zone);
        let field = |name: &str| {
            let name = format!("{prefix}{name}");
            let described = descriptions.iter().find(|it| it.name == name);
            let described =
                described.cloned().unwrap_or_else(|| FieldDescription::new(&name, &name, FieldKind::Text));
            Field::new(&described, input, errors)
        };
        let input = &input.below(prefix);
        let days = DAYS.map(|(name, short)| Day {
            field: format!("{prefix}{}", day_field(name)),
            name,
            short,
            is_chosen: input.is_on(&day_field(name)),
        });
        let is_default = [(MISFIRE, "once"), (OVERLAP, "skip"), (WITHIN, ""), ("except", ""), ("jitter", "")]
            .iter()
            .all(|(name, default)| input.text(name).is_empty() || input.text(name) == *default);
        Self {
            prefix: prefix.to_owned(),
            kind: kind_of(input).value.to_owned(),
            days: days.into(),
            every: field(EVERY),
            weekly_times: field(WEEKLY_TIMES),
            dates: field(DATES),
            monthly_times: field(MONTHLY_TIMES),
            cron: field(CRON),
            clauses: [ZONE, "from", "until"].map(field).into(),
            more: ["except", MISFIRE, WITHIN, OVERLAP, "jitter"].map(field).into(),
            is_more_open: !is_default,
            descriptions,
        }
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    pub(crate) fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }
}

/// The section of the help about rules.
const SECTION: &str = "rules-of-a-schedule";

/// Describes the fields of a rule.
pub(crate) fn descriptions(prefix: &str, site_zone: &Zone) -> Vec<FieldDescription> {
    let named =
        |name: &str, label, kind| FieldDescription::new(format!("{prefix}{name}"), label, kind).more(SECTION);
    let text = |name, label, help: &str| named(name, label, FieldKind::Text).help(help);
    let choice = |name, label, options: &[(&str, &str)]| {
        let options = options.iter().map(|(value, name)| ((*value).to_owned(), (*name).to_owned()));
        named(name, label, FieldKind::Choice(options.collect()))
    };
    vec![
        text(EVERY, "Every", "A span of real time, such as 15 min, 6 h or 1 d."),
        text(WEEKLY_TIMES, "At", "Times of day, such as 07:00, 12:30."),
        text(DATES, "On", "Days of the month and weekdays, such as 1, 15, last, 2nd Tue or last Fri."),
        text(MONTHLY_TIMES, "At", "Times of day, such as 07:00, 12:30."),
        text(CRON, "Cron expression", "Minute, hour, day of month, month, day of week, such as 0 6 * * 1-5."),
        text(ZONE, "Time zone", &format!("Empty for the zone of the site, {site_zone}.")),
        text("from", "First date", "Such as 2026-12-01. Empty: from now on."),
        text("until", "Last date", "Such as 2027-03-31. Empty: without end."),
        text("except", "Not on", "Dates, such as 2026-12-24, 2027-02-01..2027-02-07."),
        choice(
            MISFIRE,
            "Missed runs",
            &[
                ("once", "One run makes up for all missed ones"),
                ("skip", "Left out"),
                ("all", "Made up for, the latest 10"),
            ],
        ),
        text(WITHIN, "Made up for within", "Such as 2 h. Empty: at any age."),
        choice(
            OVERLAP,
            "Due while the run before is under way",
            &[("skip", "Left out"), ("queue", "Runs afterwards"), ("stop", "Stops the one before")],
        ),
        text("jitter", "Spread over", "Each run begins up to this much later, such as 30 s."),
    ]
}

/// Returns the fields of a new schedule.
pub(crate) fn input_of_new() -> FormInput {
    let mut input = input_of_rule("every 15 min");
    for (day, _) in &DAYS[..5] {
        input.set(day_field(day), "true");
    }
    for (name, value) in
        [(WEEKLY_TIMES, "07:00"), (DATES, "last"), (MONTHLY_TIMES, "06:00"), (CRON, "0 6 * * 1-5")]
    {
        input.set(name, value);
    }
    input
}

/// Returns the fields of a stored rule. A rule that cannot be read is shown as a cron expression, with its error.
pub(crate) fn input_of_rule(text: &str) -> FormInput {
    let mut input = FormInput::default();
    let mut parts = text.split(';').map(str::trim);
    let pattern = parts.next().unwrap_or_default();
    let (word, rest) = pattern.split_once(' ').unwrap_or((pattern, ""));
    let on_and_at = rest.strip_prefix("on ").and_then(|rest| rest.rsplit_once(" at "));
    let kind = match (word, on_and_at) {
        ("every", _) => {
            input.set(EVERY, rest);
            "every"
        }
        ("weekly", Some((days, times))) => {
            for day in days_of(days) {
                input.set(day_field(day), "true");
            }
            input.set(WEEKLY_TIMES, times);
            "weekly"
        }
        ("monthly", Some((dates, times))) => {
            input.set(DATES, dates);
            input.set(MONTHLY_TIMES, times);
            "monthly"
        }
        ("cron", _) => {
            input.set(CRON, rest);
            "cron"
        }
        _ => {
            input.set(CRON, pattern);
            "cron"
        }
    };
    input.set(KIND, kind);
    for clause in parts {
        let (name, value) = clause.split_once(' ').unwrap_or((clause, ""));
        if name == MISFIRE {
            let (policy, within) = value.split_once(" within ").unwrap_or((value, ""));
            input.set(MISFIRE, policy);
            input.set(WITHIN, within);
        } else {
            input.set(name, value);
        }
    }
    input
}

/// Returns the rule of the fields.
///
/// # Errors
/// With the field that the calendar refuses.
pub(crate) fn rule_of(input: &FormInput, site_zone: &Zone) -> Result<ScheduleRule, FormErrors> {
    let mut errors = FormErrors::default();
    let fields =
        [EVERY, WEEKLY_TIMES, DATES, MONTHLY_TIMES, CRON, ZONE, WITHIN].into_iter().chain(TEXT_CLAUSES);
    for name in fields {
        if input.text(name).contains(';') {
            errors.add(name, "takes no semicolon");
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (mut text, field) = pattern_of(input);
    let mut rule = ScheduleRule::parse(&text, site_zone).map_err(|error| at(field, &error))?;
    // Each clause is added alone, so that an error belongs to a field.
    for (field, clause) in clauses_of(input) {
        text = format!("{text}; {clause}");
        rule = ScheduleRule::parse(&text, site_zone).map_err(|error| at(field, &error))?;
    }
    Ok(rule)
}

fn at(field: &str, error: &riser_calendar::RuleError) -> FormErrors {
    let mut errors = FormErrors::default();
    errors.add(field, error.to_string());
    errors
}

/// Returns the pattern and the field that shows its error.
fn pattern_of(input: &FormInput) -> (String, &'static str) {
    match kind_of(input).value {
        "weekly" => {
            let chosen = DAYS.iter().map(|(day, _)| *day).filter(|day| input.is_on(&day_field(day)));
            let days: Vec<&str> = chosen.collect();
            (format!("weekly on {} at {}", days.join(", "), input.text(WEEKLY_TIMES)), WEEKLY_TIMES)
        }
        "monthly" => (format!("monthly on {} at {}", input.text(DATES), input.text(MONTHLY_TIMES)), DATES),
        "cron" => (format!("cron {}", input.text(CRON)), CRON),
        _ => (format!("every {}", input.text(EVERY)), EVERY),
    }
}

/// Returns the clauses, each with its field.
fn clauses_of(input: &FormInput) -> Vec<(&'static str, String)> {
    let mut clauses = Vec::new();
    for name in [ZONE].into_iter().chain(TEXT_CLAUSES) {
        let value = input.text(name);
        if !value.is_empty() {
            clauses.push((name, format!("{name} {value}")));
        }
    }
    let (policy, within) = (input.text(MISFIRE), input.text(WITHIN));
    match (policy, within) {
        ("" | "once", "") => {}
        ("", within) => clauses.push((WITHIN, format!("misfire once within {within}"))),
        (policy, "") => clauses.push((MISFIRE, format!("misfire {policy}"))),
        (policy, within) => clauses.push((WITHIN, format!("misfire {policy} within {within}"))),
    }
    let overlap = input.text(OVERLAP);
    if !overlap.is_empty() {
        clauses.push((OVERLAP, format!("overlap {overlap}")));
    }
    clauses
}

fn kind_of(input: &FormInput) -> Kind {
    let chosen = input.text(KIND);
    KINDS.into_iter().find(|kind| kind.value == chosen).unwrap_or(KINDS[0])
}

fn day_field(day: &str) -> String {
    format!("day_{}", day.to_lowercase())
}

/// Returns the days of a text such as `Mon-Fri, Sun`.
fn days_of(text: &str) -> Vec<&'static str> {
    let index = |day: &str| DAYS.iter().position(|(name, _)| *name == day.trim());
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Some(first), Some(last)) = (index(first), index(last)) {
            days.extend(DAYS.iter().take(last + 1).skip(first).map(|(name, _)| *name));
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Zone {
        "Europe/Paris".parse().unwrap()
    }

    #[test]
    fn a_stored_rule_comes_back_from_its_fields() {
        for text in [
            "every 15 min",
            "every 1 d; from 2026-12-01; zone Europe/Berlin",
            "weekly on Mon-Fri at 07:00, 12:30",
            "weekly on Mon, Wed, Sat-Sun at 07:00; misfire skip; overlap queue",
            "monthly on 1, last, 2nd Tue at 06:00; until 2099-03-31; except 2026-12-24..2027-01-01",
            "0 6 * * 1-5; misfire all within 2 h; overlap stop; jitter 30 s",
            "every 1 h; misfire once within 2 h",
        ] {
            let stored = ScheduleRule::parse(text, &paris()).unwrap();
            let again = rule_of(&input_of_rule(&stored.to_string()), &Zone::utc());
            assert_eq!(again.map_err(|errors| errors.to_text()), Ok(stored), "{text}");
        }
    }

    #[test]
    fn an_error_belongs_to_its_field() {
        let mut new = input_of_new();
        new.set(NAME, "Night");
        for (field, value, kind) in [
            (EVERY, "15 parsecs", "every"),
            (EVERY, "", "every"),
            (WEEKLY_TIMES, "25:00", "weekly"),
            (DATES, "32", "monthly"),
            (CRON, "0 6 31 2 *", "cron"),
            (CRON, &"* ".repeat(5_000), "cron"),
            (ZONE, "Europe/Atlantis", "every"),
            ("from", "tomorrow", "every"),
            ("until", "2020-01-01; jitter 1 s", "every"),
            ("except", "2026-13-01", "every"),
            (WITHIN, "soon", "every"),
            ("jitter", "1 h", "every"),
        ] {
            let mut input = new.clone();
            input.set(KIND, kind);
            input.set(field, value);
            let errors = rule_of(&input, &paris()).unwrap_err();
            assert!(errors.has(field), "{field} {value}: {}", errors.to_text());
        }
        let mut no_day = new;
        no_day.set(KIND, "weekly");
        for (day, _) in DAYS {
            no_day.set(day_field(day), "false");
        }
        assert!(rule_of(&no_day, &paris()).unwrap_err().has(WEEKLY_TIMES));
    }
}
