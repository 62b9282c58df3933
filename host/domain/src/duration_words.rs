use std::time::Duration;

/// Returns a length of time for people, in the largest units that matter: `4 s`, `12 min`, `1 h 9 min`, `4 d`.
pub fn duration_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_shown_in_the_largest_units_that_matter() {
        let words = |seconds| duration_words(Duration::from_secs(seconds));
        assert_eq!([words(0), words(59), words(60), words(4_140)], ["0 s", "59 s", "1 min", "1 h 9 min"]);
        assert_eq!([words(86_399), words(400_000)], ["23 h 59 min", "4 d"]);
    }
}
