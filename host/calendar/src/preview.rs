//! The next times of a rule in words: the list of `riser schedule next` and of pages.

use riser_domain::Timestamp;

use crate::rule::ScheduleRule;
use crate::zone::Zone;

/// A time of a rule, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewTime {
    pub at: Timestamp,
    /// The time in the zone of the rule, such as `Tue 2026-12-15 07:00:00 -07:00 MST`.
    pub local: String,
    /// The time in UTC, such as `2026-12-15T14:00:00Z`.
    pub utc: String,
}

impl ScheduleRule {
    /// Returns at most `count` times after a moment, in words. Jitter is not part of them.
    pub fn preview(&self, after: Timestamp, count: usize) -> Vec<PreviewTime> {
        self.next_times(after, count).into_iter().map(|at| PreviewTime::new(at, self.zone())).collect()
    }
}

impl PreviewTime {
    fn new(at: Timestamp, zone: &Zone) -> Self {
        // A zone without an abbreviation has the offset in its place.
        let abbreviation = zone.text(at, "%Z");
        let has_name = abbreviation.starts_with(|first: char| first.is_ascii_alphabetic());
        let pattern = if has_name { "%a %F %T%.f %:z %Z" } else { "%a %F %T%.f %:z" };
        Self { at, local: zone.text(at, pattern), utc: Zone::utc().text(at, "%FT%T%.fZ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rule: &str, after: &str, count: usize) -> Vec<[String; 2]> {
        let rule = ScheduleRule::parse(rule, &Zone::utc()).unwrap();
        let times = rule.preview(after.parse().unwrap(), count);
        let expected = rule.next_times(after.parse().unwrap(), count);
        assert_eq!(times.iter().map(|time| time.at).collect::<Vec<_>>(), expected);
        times.into_iter().map(|time| [time.local, time.utc]).collect()
    }

    #[test]
    fn both_passes_of_a_repeated_hour_differ_in_their_offset() {
        assert_eq!(
            texts("30 * * * *; zone Europe/Berlin", "2026-10-25T00:00:00Z", 3),
            [
                ["Sun 2026-10-25 02:30:00 +02:00 CEST", "2026-10-25T00:30:00Z"],
                ["Sun 2026-10-25 02:30:00 +01:00 CET", "2026-10-25T01:30:00Z"],
                ["Sun 2026-10-25 03:30:00 +01:00 CET", "2026-10-25T02:30:00Z"],
            ]
        );
    }

    #[test]
    fn a_number_in_place_of_an_abbreviation_and_whole_seconds_are_left_out() {
        assert_eq!(
            texts("every 1500 ms; zone Asia/Dubai", "2026-12-15T00:00:00Z", 2),
            [
                ["Tue 2026-12-15 04:00:01.5 +04:00", "2026-12-15T00:00:01.5Z"],
                ["Tue 2026-12-15 04:00:03 +04:00", "2026-12-15T00:00:03Z"],
            ]
        );
    }

    #[test]
    fn a_rule_that_ends_has_fewer_times() {
        let rule = "0 9 * * *; zone America/Vancouver; until 2026-12-15";
        assert_eq!(
            texts(rule, "2026-12-14T20:00:00Z", 5),
            [["Tue 2026-12-15 09:00:00 -07:00 MST", "2026-12-15T16:00:00Z"]]
        );
        assert!(texts(rule, "2027-01-01T00:00:00Z", 5).is_empty());
    }
}
