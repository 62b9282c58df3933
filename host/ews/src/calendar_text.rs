//! The text of moments (`xs:dateTime`) and lengths of time (`xs:duration`).

use jiff::civil::DateTime;
use riser_calendar::Zone;
use riser_domain::Timestamp;

/// The first and the last moment that four digits of a year can name.
const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Appends a moment in UTC with milliseconds: `2026-11-23T09:30:15.000Z`. Moments outside the years 1 to 9999
/// are written as the nearest one inside.
pub(crate) fn push_date_time(out: &mut String, moment: Timestamp) {
    let unix_ms = moment.unix_ms().clamp(FIRST_MS, LAST_MS);
    let time = Timestamp::from_unix_ms(unix_ms).to_utc();
    push_digits(out, time.year().unsigned_abs().into(), 4);
    for (before, part) in [
        ('-', time.month()),
        ('-', time.day()),
        ('T', time.hour()),
        (':', time.minute()),
        (':', time.second()),
    ] {
        out.push(before);
        push_digits(out, part.unsigned_abs().into(), 2);
    }
    out.push('.');
    push_digits(out, time.millisecond().unsigned_abs().into(), 3);
    out.push('Z');
}

fn push_digits(out: &mut String, number: u32, width: u32) {
    for power in (0..width).rev() {
        out.push(char::from_digit(number / 10_u32.pow(power) % 10, 10).unwrap_or('0'));
    }
}

/// Parses a moment with any offset. Without an offset it is local time in `zone`: the earlier one where the
/// clock shows it twice, `None` where the clock skips it.
pub(crate) fn parse_date_time(text: &str, zone: &Zone) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let local = DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text).ok()?;
    zone.exact_timestamp(local)
}

/// Appends a length of time: `PT1H30M`, `PT0S`, `-PT0.5S`.
pub(crate) fn push_duration(out: &mut String, duration_ms: i64) {
    if duration_ms < 0 {
        out.push('-');
    }
    let total_ms = duration_ms.unsigned_abs();
    let [second, minute, hour] = [SECOND_MS, MINUTE_MS, HOUR_MS].map(i64::unsigned_abs);
    out.push_str("PT");
    for (unit, count) in [('H', total_ms / hour), ('M', total_ms % hour / minute)] {
        if count > 0 {
            out.push_str(itoa::Buffer::new().format(count));
            out.push(unit);
        }
    }
    let rest_ms = total_ms % minute;
    if rest_ms > 0 || total_ms == 0 {
        out.push_str(itoa::Buffer::new().format(rest_ms / second));
        let fraction = format!("{:03}", rest_ms % second);
        if let fraction @ [_, ..] = fraction.trim_end_matches('0').as_bytes() {
            out.push('.');
            out.extend(fraction.iter().copied().map(char::from));
        }
        out.push('S');
    }
}

/// Parses an `xs:duration` in milliseconds and truncates the rest. Rejects years and months, which have no
/// fixed length.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1_i128, rest),
        None => (1, text),
    };
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let mut total_ms = 0_i128;
    let rest = take_unit(days, 'D', DAY_MS, &mut total_ms)?;
    if !rest.is_empty() {
        return None;
    }
    let rest = take_unit(time, 'H', HOUR_MS, &mut total_ms)?;
    let rest = take_unit(rest, 'M', MINUTE_MS, &mut total_ms)?;
    total_ms += seconds_ms(rest)?;
    i64::try_from(sign * total_ms).ok()
}

/// Splits `<digits><unit>` from the start, if present. Returns the rest.
fn take_unit<'a>(text: &'a str, unit: char, unit_ms: i64, total_ms: &mut i128) -> Option<&'a str> {
    let Some((digits, rest)) = text.split_once(unit) else { return Some(text) };
    *total_ms += i128::from(whole(digits)?) * i128::from(unit_ms);
    Some(rest)
}

fn seconds_ms(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    let seconds = text.strip_suffix('S')?;
    let (digits, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
    Some(i128::from(whole(digits)?) * i128::from(SECOND_MS) + i128::from(whole(&thousandths)?))
}

fn whole(digits: &str) -> Option<i64> {
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Zone {
        "Europe/Berlin".parse().unwrap()
    }

    #[test]
    fn moments_beyond_four_digits_of_a_year_are_written_as_the_nearest_one() {
        let check = |unix_ms, expected: &str| {
            let mut out = String::new();
            push_date_time(&mut out, Timestamp::from_unix_ms(unix_ms));
            assert_eq!(out, expected);
        };
        check(1_795_426_215_007, "2026-11-23T09:30:15.007Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
        check(i64::MIN, "0001-01-01T00:00:00.000Z");
    }

    #[test]
    fn moments_are_parsed_with_any_offset_or_as_local_time() {
        let expected = Some(Timestamp::from_unix_ms(1_795_426_215_000));
        for text in [
            "2026-11-23T09:30:15Z",
            "2026-11-23T09:30:15.000Z",
            "2026-11-23T10:30:15+01:00",
            "2026-11-23T03:00:15-06:30",
            "2026-11-23T10:30:15",
            "2026-11-23T10:30:15.0000000",
        ] {
            assert_eq!(parse_date_time(text, &berlin()), expected, "{text}");
        }
        let twice = parse_date_time("2026-10-25T02:30:00", &berlin());
        assert_eq!(twice, parse_date_time("2026-10-25T02:30:00+02:00", &berlin()));
        for text in ["2026-03-29T02:30:00", "2026-11-23", "23.11.2026 09:30", "2026-13-01T00:00:00Z"] {
            assert_eq!(parse_date_time(text, &berlin()), None, "{text}");
        }
    }

    #[test]
    fn durations_are_parsed_without_years_and_months() {
        let check = |text, expected| assert_eq!(parse_duration(text), expected, "{text}");
        check("PT1H30M", Some(5_400_000));
        check("P1DT0.5S", Some(86_400_500));
        check("-PT1.2345S", Some(-1_234));
        check("P2D", Some(172_800_000));
        for text in ["P1Y", "P1M", "PT", "P", "", "1H", "PT1", "PT1M1H", "PT1.S", "PT-1S", "P99999999999999D"]
        {
            check(text, None);
        }
    }
}
