//! Time spans as people write them in settings: `100 ms`, `15 s`, `15 min`, `0.5 h`, `1 d`. Host and kit read and
//! write them with this module.

use std::time::Duration;

/// Units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// Returns the span that a text names; a space before the unit may be left out.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(digits);
    let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
    let unit = Duration::from_millis(*unit_ms);
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit.as_secs_f64()).ok()
}

/// Returns the text of a span, in the largest unit that divides it.
pub fn format(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let fits = UNITS.iter().find(|(_, unit_ms)| millis >= *unit_ms && millis % unit_ms == 0);
    fits.map_or_else(|| "0 s".to_owned(), |(unit, unit_ms)| format!("{} {unit}", millis / unit_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_units() {
        let cases = [
            ("15 s", 15_000),
            ("15s", 15_000),
            (" 100 ms ", 100),
            ("15 min", 900_000),
            ("0.5 h", 1_800_000),
            ("1 d", 86_400_000),
            ("0 s", 0),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "15", "s", "15 parsecs", "-1 s", "1.2.3 s", "1e400 d", "1 h 30 min"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_span_is_written_in_the_largest_unit_that_divides_it() {
        let written = |millis| format(Duration::from_millis(millis));
        assert_eq!(
            (written(900_000), written(90_000), written(86_400_000)),
            ("15 min".into(), "90 s".into(), "1 d".into())
        );
        assert_eq!((written(1_500), written(0)), ("1500 ms".into(), "0 s".into()));
    }
}
