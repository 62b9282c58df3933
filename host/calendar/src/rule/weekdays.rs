//! Days of the week by name. Bit 0 of a set is Monday.

use super::error::RuleError;

pub(super) const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub(super) const LONG_NAMES: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Returns the number of a day, Monday is 0, by its short or long name.
pub(super) fn parse_weekday(text: &str) -> Option<u32> {
    let is_it = |names: &[&str; 7]| names.iter().position(|name| name.eq_ignore_ascii_case(text));
    is_it(&NAMES).or_else(|| is_it(&LONG_NAMES)).and_then(|day| u32::try_from(day).ok())
}

/// Reads `Mon-Fri, Sun`.
pub(super) fn parse_weekdays(text: &str) -> Result<u8, RuleError> {
    let day = |name: &str| {
        parse_weekday(name.trim()).ok_or_else(|| {
            RuleError::unreadable(name.trim(), "write days as Mon, Tue, Wed, Thu, Fri, Sat, Sun")
        })
    };
    let mut days = 0;
    for part in text.split(',') {
        match part.split_once('-') {
            None => days |= 1 << day(part)?,
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                let set = |from: u32, to: u32| (from..=to).fold(0, |set, day| set | 1 << day);
                if first > last {
                    let meant = weekdays_text(set(first, 6) | set(0, last));
                    return Err(RuleError::unreadable(
                        part.trim(),
                        format!("the week begins on Monday, so this range runs backwards; write {meant}"),
                    ));
                }
                days |= set(first, last);
            }
        }
    }
    Ok(days)
}

/// Returns the days with ranges of three and more: `Mon-Fri, Sun`.
pub(super) fn weekdays_text(days: u8) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut day = 0;
    while day < 7 {
        let run = (day..7).take_while(|day| days & (1 << day) != 0).count();
        match run {
            0 => {}
            1 => parts.push(NAMES[day].to_owned()),
            2 => parts.extend([NAMES[day].to_owned(), NAMES[day + 1].to_owned()]),
            _ => parts.push(format!("{}-{}", NAMES[day], NAMES[day + run - 1])),
        }
        day += run.max(1);
    }
    parts.join(", ")
}
