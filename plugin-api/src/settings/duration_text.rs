use std::time::Duration;

/// Reads `15 s`, `15 min`, `24 h`, `500 ms`, `30 d`; a space before the unit may be left out.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_with_their_unit() {
        assert_eq!(parse("15 s"), Some(Duration::from_secs(15)));
        assert_eq!(parse("15min"), Some(Duration::from_mins(15)));
        assert_eq!(parse(" 0.5 h "), Some(Duration::from_mins(30)));
        for wrong in ["", "15", "min", "15 weeks", "-1 s", "1e400 d"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
