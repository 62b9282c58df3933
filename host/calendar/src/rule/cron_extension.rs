//! `L`, `W` and `#`, which the `cron` crate does not read. Most of them have a monthly pattern.

use super::cron_field::{DAY, WEEKDAY};
use super::error::RuleError;
use super::monthly::ORDINALS;
use super::times::time_text;
use super::weekdays::NAMES;

/// Refuses a field with one of them, with the monthly pattern of the same days.
pub(super) fn refuse_extensions([minute, hour, day, month, weekday]: [&str; 5]) -> Result<(), RuleError> {
    let refuse = |field: &str, character: &str, days: &[String]| {
        let time = match (minute.parse(), hour.parse()) {
            (Ok(minute @ 0..=59), Ok(hour @ 0..=23)) => time_text((hour * 60_u32 + minute) * 60),
            _ => "TIMES".to_owned(),
        };
        let pattern = format!("monthly on {} at {time}", days.join(", "));
        let months = if month == "*" { "" } else { ", which runs in every month" };
        let reason =
            format!("{character} is not supported in a cron expression; write \"{pattern}\"{months}");
        Err(RuleError::unreadable(field, reason))
    };
    for part in day.split(',') {
        if let Some(reason) = without_pattern(&part.to_ascii_uppercase()) {
            return Err(RuleError::unreadable(part, reason));
        }
    }
    if day.split(',').any(is_last) {
        let days = day.split(',').map(|part| {
            if is_last(part) {
                return Ok("last".to_owned());
            }
            DAY.value(part, part).map(|day| day.to_string())
        });
        return refuse(day, "L", &days.collect::<Result<Vec<_>, _>>()?);
    }
    if weekday.split(',').any(is_last) {
        let reason = "L alone is not a day of the week; name the day, such as SAT";
        return Err(RuleError::unreadable(weekday, reason));
    }
    if let Some(first) = weekday.split(',').find_map(extension) {
        let days = weekday.split(',').map(|part| match extension(part) {
            Some(extension) => extension.monthly_day(part),
            None => Err(RuleError::unreadable(
                weekday,
                format!(
                    "{} is not supported in a cron expression; use a weekly rule for {part}, and a monthly rule for \
                     the others",
                    first.character()
                ),
            )),
        });
        return refuse(weekday, first.character(), &days.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(())
}

fn is_last(part: &str) -> bool {
    part.eq_ignore_ascii_case("L")
}

/// Returns why a day of the month in upper case cannot be written in another way.
fn without_pattern(day: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let nearest =
        "no pattern follows the working days; name a weekday, as in \"monthly on last Fri at 06:00\"";
    if day == "LW" || day == "WL" {
        return Some(format!("{day}, the last working day of a month, is not supported: {nearest}"));
    }
    if day.strip_suffix('W').is_some_and(|day| day.is_empty() || is_number(day)) {
        return Some(format!("{day}, the working day nearest to a date, is not supported: {nearest}"));
    }
    let days = day.strip_prefix("L-").filter(|days| is_number(days))?;
    Some(format!(
        "{day}, {days} days before the last one, is not supported: no pattern counts days from the end of a month; \
         name a day from 1 to 31, or write monthly on last"
    ))
}

/// A part of a field of weekdays.
#[derive(Clone, Copy, Debug)]
enum Extension<'a> {
    /// `5L`: the last Friday.
    Last(&'a str),
    /// `2#3`: the third Tuesday.
    Nth(&'a str, &'a str),
}

fn extension(part: &str) -> Option<Extension<'_>> {
    if let Some((weekday, nth)) = part.split_once('#') {
        let is_last = nth.eq_ignore_ascii_case("L");
        return Some(if is_last { Extension::Last(weekday) } else { Extension::Nth(weekday, nth) });
    }
    let weekday = part.strip_suffix(['L', 'l'])?;
    WEEKDAY.value(part, weekday).is_ok().then_some(Extension::Last(weekday))
}

impl Extension<'_> {
    const fn character(self) -> &'static str {
        match self {
            Self::Last(_) => "L",
            Self::Nth(..) => "#",
        }
    }

    /// Returns the day in a monthly pattern: `3rd Tue`.
    fn monthly_day(self, part: &str) -> Result<String, RuleError> {
        let (Self::Last(weekday) | Self::Nth(weekday, _)) = self;
        let value = WEEKDAY.value(part, weekday)?;
        // Monday is the first name; Sunday is 0 and 7.
        let name = NAMES[(value as usize + 6) % 7];
        let Self::Nth(_, nth) = self else { return Ok(format!("last {name}")) };
        let number = nth.parse::<usize>().ok().and_then(|nth| nth.checked_sub(1));
        let ordinal = number.and_then(|index| ORDINALS.get(index)).ok_or_else(|| {
            RuleError::unreadable(part, "the number after # is 1 to 5: the week of the month")
        })?;
        Ok(format!("{ordinal} {name}"))
    }
}
