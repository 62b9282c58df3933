//! `0 6 * * 1-5`: cron expressions. The `cron` crate reads them, except for days of the week.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cron::TimeUnitSpec;

use super::cron_extension::refuse_extensions;
use super::cron_field::{DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY};
use super::error::RuleError;
use super::pattern::Pattern;
use super::sentence::{CronFields, cron_sentence};
use super::wall::{Month, WallPattern};

/// Abbreviations of other tools, and the expressions they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The values of an expression, one bit for each.
#[derive(Debug)]
struct CronExpression {
    /// The fields as written, with one space between them.
    text: String,
    seconds: u64,
    minutes: u64,
    hours: u32,
    /// Bit 0 is the first.
    days: u32,
    /// Bit 1 is January.
    months: u32,
    /// Bit 0 is Monday.
    weekdays: u8,
    runs_in_real_time: bool,
}

/// Reads five fields (minute, hour, day of month, month, day of week), or six with seconds first.
pub(super) fn parse(text: &str) -> Result<Pattern, RuleError> {
    if let Some((_, meant)) = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Err(RuleError::unreadable(text, format!("write {meant}")));
    }
    if text.starts_with('@') {
        return Err(RuleError::unreadable(
            text,
            "it is not a name that Riser can replace; write the fields, such as 0 0 * * *, or an interval, such as \
             every 15 min",
        ));
    }
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    let text = fields.join(" ");
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    let [second, minute, hour, day, month, weekday] = fields[..] else {
        return Err(RuleError::FieldCount(fields.len()));
    };
    refuse_extensions([minute, hour, day, month, weekday])?;
    if !is_any(day) && !is_any(weekday) {
        return Err(RuleError::BothDays);
    }
    for (field, kind) in [(second, &SECOND), (minute, &MINUTE), (hour, &HOUR), (day, &DAY), (month, &MONTH)] {
        for part in kind.parts(field)? {
            part.refuse_backward(kind)?;
        }
    }
    let weekdays = parse_weekdays(weekday)?;
    // The fields have been checked, so the crate has no other reason to refuse them.
    let wall_times = cron::Schedule::from_str(&format!("{second} {minute} {hour} {day} {month} *"))
        .map_err(|_| RuleError::unreadable(&text, "it is not a cron expression"))?;
    let expression = CronExpression {
        seconds: bits(wall_times.seconds()),
        minutes: bits(wall_times.minutes()),
        hours: low_half(bits(wall_times.hours())),
        days: low_half(bits(wall_times.days_of_month()) >> 1),
        months: low_half(bits(wall_times.months())),
        weekdays,
        runs_in_real_time: [second, minute, hour].iter().any(|field| field.starts_with('*')),
        text,
    };
    Ok(Pattern::Wall(Arc::new(expression)))
}

fn is_any(field: &str) -> bool {
    field == "*" || field == "?"
}

/// Returns a bit for each value of a field.
fn bits(values: &impl TimeUnitSpec) -> u64 {
    values.iter().fold(0, |bits, value| bits | 1 << value)
}

/// Returns the 32 lowest bits. Hours, days and months have no others.
fn low_half(bits: u64) -> u32 {
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default()
}

/// Reads a field with days of the week as in crontab: 0 and 7 are Sunday. Bit 0 of the set is Monday.
fn parse_weekdays(field: &str) -> Result<u8, RuleError> {
    let mut days = 0_u8;
    for part in WEEKDAY.parts(field)? {
        let part = part.with_sunday_at_end();
        part.refuse_backward_week()?;
        for day in (part.first..=part.last).step_by(part.step as usize) {
            // Sunday is 0 and 7 in crontab, and 6 in the set.
            days |= 1 << ((day + 6) % 7);
        }
    }
    Ok(days)
}

impl WallPattern for CronExpression {
    fn days(&self, month: &Month) -> u32 {
        if self.months & (1 << month.number()) == 0 {
            return 0;
        }
        self.days & month.weekdays(self.weekdays)
    }

    fn time_from(&self, second: u32) -> Option<u32> {
        let (mut hour, mut minute) = (second / 3_600, second / 60 % 60);
        let mut in_minute = bit_from(self.seconds, second % 60);
        if self.minutes & (1 << minute) == 0 || in_minute.is_none() {
            in_minute = None;
        }
        if self.hours & (1 << hour) != 0 {
            if let Some(second) = in_minute {
                return Some(hour * 3_600 + minute * 60 + second);
            }
            if let Some(later) = bit_from(self.minutes, minute + 1) {
                return Some(hour * 3_600 + later * 60 + self.seconds.trailing_zeros());
            }
        }
        hour = bit_from(self.hours.into(), hour + 1)?;
        minute = self.minutes.trailing_zeros();
        Some(hour * 3_600 + minute * 60 + self.seconds.trailing_zeros())
    }

    fn sentence(&self) -> String {
        let Self { seconds, minutes, hours, days, months, weekdays, .. } = *self;
        cron_sentence(&CronFields { seconds, minutes, hours, days, months, weekdays })
    }

    fn runs_in_real_time(&self) -> bool {
        self.runs_in_real_time
    }
}

/// Returns the lowest bit at or after a position.
fn bit_from(bits: u64, position: u32) -> Option<u32> {
    let rest = bits.checked_shr(position)?;
    (rest != 0).then(|| position + rest.trailing_zeros())
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reason(text: &str) -> String {
        match parse(text) {
            Ok(pattern) => panic!("{text} is accepted as {pattern}"),
            Err(error) => error.to_string(),
        }
    }

    const REASONS: &[(&str, &str)] = &[
        ("60 * * * *", r#""60" cannot be read: a minute is 0 to 59"#),
        ("99 * * * *", r#""99" cannot be read: a minute is 0 to 59"#),
        ("-1 * * * *", r#""-1" cannot be read: a range has two values, such as 1-5"#),
        ("+5 * * * *", r#""+5" cannot be read: a minute is 0 to 59"#),
        ("1.5 * * * *", r#""1.5" cannot be read: a minute is 0 to 59"#),
        ("5m * * * *", r#""5m" cannot be read: a minute is 0 to 59"#),
        ("* 24 * * *", r#""24" cannot be read: an hour is 0 to 23; midnight is 0"#),
        ("* 25 * * *", r#""25" cannot be read: an hour is 0 to 23"#),
        ("60 0 6 * * *", r#""60" cannot be read: a second is 0 to 59"#),
        ("0 6 0 * *", r#""0" cannot be read: a day of the month is 1 to 31"#),
        ("0 6 32 * *", r#""32" cannot be read: a day of the month is 1 to 31"#),
        (
            "0 6 MON * *",
            r#""MON" cannot be read: a day of the month is 1 to 31; days of the week are the last field"#,
        ),
        ("0 6 * 0 *", r#""0" cannot be read: a month is 1 to 12 or JAN to DEC"#),
        ("0 6 * 13 *", r#""13" cannot be read: a month is 1 to 12 or JAN to DEC"#),
        ("0 6 * JANU *", r#""JANU" cannot be read: a month is 1 to 12 or JAN to DEC"#),
        ("0 6 * JAN-3 *", r#""JAN-3" cannot be read: a range has two numbers or two names; write 1-3"#),
        ("0 6 * JAN/2 *", r#""JAN/2" cannot be read: a step begins with a number; write 1/2"#),
        ("0 6 * NOV-FEB *", r#""NOV-FEB" cannot be read: the range runs backwards; write 11-12,1-2"#),
        (
            "0 6 * * 8",
            r#""8" cannot be read: a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT"#,
        ),
        (
            "0 6 * * 9-1",
            r#""9-1" cannot be read: a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT"#,
        ),
        (
            "0 6 * * MOONDAY",
            r#""MOONDAY" cannot be read: a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT"#,
        ),
        (
            "0 6 * * FRI-MON",
            r#""FRI-MON" cannot be read: the range runs backwards over the end of the week; write 5-7,1"#,
        ),
        (
            "0 6 * * 5-1",
            r#""5-1" cannot be read: the range runs backwards over the end of the week; write 5-7,1"#,
        ),
        (
            "*/61 * * * *",
            r#""*/61" cannot be read: the step of minutes is a number from 1 to 59; for one run an hour write one minute, such as 0"#,
        ),
        (
            "*/60 * * * *",
            r#""*/60" cannot be read: the step of minutes is a number from 1 to 59; for one run an hour write one minute, such as 0"#,
        ),
        ("*/0 * * * *", r#""*/0" cannot be read: the step of minutes is a number from 1 to 59"#),
        ("*/x * * * *", r#""*/x" cannot be read: the step of minutes is a number from 1 to 59"#),
        ("*/-5 * * * *", r#""*/-5" cannot be read: the step of minutes is a number from 1 to 59"#),
        ("*/ * * * *", r#""*/" cannot be read: the step of minutes is a number from 1 to 59"#),
        ("/15 * * * *", r#""/15" cannot be read: a value is missing before the step; write */15"#),
        (
            "0-30/90 * * * *",
            r#""0-30/90" cannot be read: the step of minutes is a number from 1 to 59; for one run an hour write one minute, such as 0"#,
        ),
        (
            "0 */24 * * *",
            r#""*/24" cannot be read: the step of hours is a number from 1 to 23; for one run a day write one hour, such as 6"#,
        ),
        (
            "0 6 */32 * *",
            r#""*/32" cannot be read: the step of days is a number from 1 to 31; for one run a month write one day, such as 1"#,
        ),
        (
            "0 6 * */13 *",
            r#""*/13" cannot be read: the step of months is a number from 1 to 12; for one run a year write one month, such as 1"#,
        ),
        (
            "0 6 * * */8",
            r#""*/8" cannot be read: the step of days of the week is a number from 1 to 7; for one run a week write one day, such as 1"#,
        ),
        ("1/2/3 * * * *", r#""1/2/3" cannot be read: the step of minutes is a number from 1 to 59"#),
        ("1, 2 * * * *", r#""1," cannot be read: a comma needs a value on both sides, without spaces"#),
        ("1,,2 * * * *", r#""1,,2" cannot be read: a comma needs a value on both sides, without spaces"#),
        (",5 * * * *", r#"",5" cannot be read: a comma needs a value on both sides, without spaces"#),
        ("0 22-6 * * *", r#""22-6" cannot be read: the range runs backwards; write 22-23,0-6"#),
        ("0 20-2/2 * * *", r#""20-2/2" cannot be read: the range runs backwards; write two ranges"#),
        ("0 1-2-3 * * *", r#""1-2-3" cannot be read: a range has two values, such as 1-5"#),
        ("0 -5 * * *", r#""-5" cannot be read: a range has two values, such as 1-5"#),
        ("0 5- * * *", r#""5-" cannot be read: a range has two values, such as 1-5"#),
        ("0 *-5 * * *", r#""*-5" cannot be read: a range has two values, such as 1-5"#),
        ("? * * * *", r#""?" cannot be read: ? is for days only; write *"#),
        (
            "0 6 L * *",
            r#""L" cannot be read: L is not supported in a cron expression; write "monthly on last at 06:00""#,
        ),
        (
            "0 6 L 2 *",
            r#""L" cannot be read: L is not supported in a cron expression; write "monthly on last at 06:00", which runs in every month"#,
        ),
        (
            "*/5 * L * *",
            r#""L" cannot be read: L is not supported in a cron expression; write "monthly on last at TIMES""#,
        ),
        (
            "0 6 1,L * *",
            r#""1,L" cannot be read: L is not supported in a cron expression; write "monthly on 1, last at 06:00""#,
        ),
        (
            "0 6 LW * *",
            r#""LW" cannot be read: LW, the last working day of a month, is not supported: no pattern follows the working days; name a weekday, as in "monthly on last Fri at 06:00""#,
        ),
        (
            "0 6 15W * *",
            r#""15W" cannot be read: 15W, the working day nearest to a date, is not supported: no pattern follows the working days; name a weekday, as in "monthly on last Fri at 06:00""#,
        ),
        (
            "0 6 W * *",
            r#""W" cannot be read: W, the working day nearest to a date, is not supported: no pattern follows the working days; name a weekday, as in "monthly on last Fri at 06:00""#,
        ),
        (
            "0 6 L-3 * *",
            r#""L-3" cannot be read: L-3, 3 days before the last one, is not supported: no pattern counts days from the end of a month; name a day from 1 to 31, or write monthly on last"#,
        ),
        (
            "0 6 WED * *",
            r#""WED" cannot be read: a day of the month is 1 to 31; days of the week are the last field"#,
        ),
        ("0 6 * * L", r#""L" cannot be read: L alone is not a day of the week; name the day, such as SAT"#),
        (
            "0 6 * * 5L",
            r#""5L" cannot be read: L is not supported in a cron expression; write "monthly on last Fri at 06:00""#,
        ),
        (
            "0 6 * * FRIL",
            r#""FRIL" cannot be read: L is not supported in a cron expression; write "monthly on last Fri at 06:00""#,
        ),
        (
            "0 6 * * 1#2",
            r#""1#2" cannot be read: # is not supported in a cron expression; write "monthly on 2nd Mon at 06:00""#,
        ),
        (
            "0 6 * * 1#1,3#3",
            r#""1#1,3#3" cannot be read: # is not supported in a cron expression; write "monthly on 1st Mon, 3rd Wed at 06:00""#,
        ),
        (
            "0 6 * * MON#L",
            r#""MON#L" cannot be read: L is not supported in a cron expression; write "monthly on last Mon at 06:00""#,
        ),
        ("0 6 * * 1#6", r#""1#6" cannot be read: the number after # is 1 to 5: the week of the month"#),
        ("0 6 * * 1#", r#""1#" cannot be read: the number after # is 1 to 5: the week of the month"#),
        (
            "0 6 * * 8#2",
            r#""8#2" cannot be read: a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT"#,
        ),
        (
            "0 6 * * 0#2",
            r#""0#2" cannot be read: # is not supported in a cron expression; write "monthly on 2nd Sun at 06:00""#,
        ),
        (
            "0 6 * * 1#2,5",
            r#""1#2,5" cannot be read: # is not supported in a cron expression; use a weekly rule for 5, and a monthly rule for the others"#,
        ),
        (
            "0 6 1 * 1",
            "a cron expression names days of the month or days of the week, not both; leave one of them *",
        ),
        (
            "0 6 * *",
            "a cron expression has 5 fields (minute hour day month weekday) or 6 with seconds first, not 4",
        ),
        (
            "* * * * * * *",
            "a cron expression has 5 fields (minute hour day month weekday) or 6 with seconds first, not 7; for years, use the clauses from and until",
        ),
        ("@daily", r#""@daily" cannot be read: write 0 0 * * *"#),
        (
            "@reboot",
            r#""@reboot" cannot be read: it is not a name that Riser can replace; write the fields, such as 0 0 * * *, or an interval, such as every 15 min"#,
        ),
        (
            "@every 5m",
            r#""@every 5m" cannot be read: it is not a name that Riser can replace; write the fields, such as 0 0 * * *, or an interval, such as every 15 min"#,
        ),
        (
            "*",
            "a cron expression has 5 fields (minute hour day month weekday) or 6 with seconds first, not 1",
        ),
        ("0 6 * * 1#2#3", r#""1#2#3" cannot be read: the number after # is 1 to 5: the week of the month"#),
        ("0 6 1,99L * *", r#""99L" cannot be read: a day of the month is 1 to 31"#),
        (
            "0 6 * * APRIL",
            r#""APRIL" cannot be read: a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT"#,
        ),
    ];

    #[test]
    fn each_wrong_expression_has_its_reason() {
        for (text, expected) in REASONS {
            assert_eq!(reason(text), *expected, "{text}");
        }
    }

    proptest! {
        /// The check of the fields finds everything that the crate refuses.
        #[test]
        fn the_crate_reads_what_the_check_accepts(
            fields in prop::collection::vec("[0-9*?/,\\-JANFEBSULWa-c#]{1,6}|[0-9*]{1,2}([-/][0-9]{1,2}){0,2}", 5..7),
        ) {
            let text = fields.join(" ");
            if let Err(error) = parse(&text) {
                prop_assert!(!error.to_string().contains("not a cron expression"), "{}", text);
            }
        }
    }
}
