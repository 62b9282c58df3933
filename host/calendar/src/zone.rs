use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use riser_domain::{NotAMoment, Timestamp};

use crate::zone_database::ZoneDatabase;

/// No offset change of any zone repeats or skips more than this.
pub(crate) const LONGEST_CHANGE_S: i64 = 48 * 3_600;

/// Writes moments in whole seconds. It is faster than a pattern, and pages contain many moments.
static RFC_3339: DateTimePrinter = DateTimePrinter::new().precision(Some(0));

/// A time zone of the IANA database.
#[derive(Clone)]
pub struct Zone {
    name: Arc<str>,
    rules: TimeZone,
}

/// Error of a zone name that the database does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone {
    pub(crate) name: String,
    /// A name of the database that is similar.
    pub(crate) similar: Option<String>,
}

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown time zone {:?}; ", self.name)?;
        match &self.similar {
            Some(similar) => write!(f, "did you mean {similar}?"),
            None => f.write_str("use a name such as Europe/Paris or UTC"),
        }
    }
}

impl std::error::Error for UnknownZone {}

/// A span of real time in which a zone has one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit is part of the names")]
pub(crate) struct OffsetPeriod {
    /// A time in the period, in seconds since 1970; its first one unless the period was found by a time in it.
    pub(crate) start_s: i64,
    /// The first second after the period.
    pub(crate) end_s: i64,
    /// Local time minus UTC.
    pub(crate) offset_s: i64,
}

impl Zone {
    /// Returns UTC.
    pub fn utc() -> Self {
        Self { name: "UTC".into(), rules: TimeZone::UTC }
    }

    /// Reads compiled zone data, a file of the zoneinfo directory.
    pub(crate) fn from_tzif(name: &str, data: &[u8]) -> Result<Self, jiff::Error> {
        Ok(Self { name: name.into(), rules: TimeZone::tzif(name, data)? })
    }

    /// Returns the IANA name, such as `Europe/Paris`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the local time at a moment.
    pub fn civil(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(to_jiff(at))
    }

    /// Returns the offset from UTC at a moment.
    pub fn offset(&self, at: Timestamp) -> Offset {
        self.rules.to_offset(to_jiff(at))
    }

    /// Returns the first moment at which the clock of the zone has reached a local time.
    ///
    /// A local time that a clock change skips gives the moment of the change. A local time that a clock change
    /// repeats gives the first of its two moments.
    pub fn timestamp(&self, local: DateTime) -> Timestamp {
        let with = |offset: Offset| {
            let bound = if local.year() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
            from_jiff(offset.to_timestamp(local).unwrap_or(bound))
        };
        match self.rules.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => with(offset),
            AmbiguousOffset::Fold { before, .. } => with(before),
            AmbiguousOffset::Gap { before, after } => {
                // The later offset gives a moment before the change, the earlier one a moment after it.
                let earliest = with(after);
                let mut changes = self.rules.following(to_jiff(earliest));
                changes.next().map_or_else(|| with(before), |change| from_jiff(change.timestamp()))
            }
        }
    }

    /// Returns a moment in RFC 3339, in whole seconds with the offset of the zone: `2026-11-23T10:30:15+01:00`, or
    /// with `Z` in UTC.
    pub fn rfc_3339(&self, at: Timestamp) -> String {
        let at = to_jiff(at);
        if self.name() == "UTC" {
            RFC_3339.timestamp_to_string(&at)
        } else {
            RFC_3339.timestamp_with_offset_to_string(&at, self.rules.to_offset(at))
        }
    }

    /// Returns the local time at a moment with its offset, for people: `2026-11-23 10:30:15 +01:00`. Both passes of a
    /// repeated hour differ.
    pub fn local_text(&self, at: Timestamp) -> String {
        self.text(at, "%Y-%m-%d %H:%M:%S %:z")
    }

    /// Replaces the moments in UTC of a text, such as `2026-11-23T09:30:15.000Z`, by local times.
    pub fn localize(&self, text: &str) -> String {
        let mut localized = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(begin) = rest.find(|first: char| first.is_ascii_digit()) {
            localized.push_str(&rest[..begin]);
            rest = &rest[begin..];
            let others = rest.find(|other| !is_part_of_moment(other)).unwrap_or(rest.len());
            // A full stop may follow.
            let end = rest[..others].find('Z').map_or(others, |last| last + 1);
            let (word, after) = rest.split_at(end);
            match word.parse() {
                Ok(moment) => localized.push_str(&self.local_text(moment)),
                Err(NotAMoment) => localized.push_str(word),
            }
            rest = after;
        }
        localized + rest
    }

    /// Returns the local time at a moment by a pattern of `strftime`.
    pub(crate) fn text(&self, at: Timestamp, pattern: &str) -> String {
        jiff::ZonedDateTime::new(to_jiff(at), self.rules.clone()).strftime(pattern).to_string()
    }

    /// Returns the moment of a local time: the first of two that a clock change repeats, `None` for a time that a
    /// clock change skips.
    pub fn exact_timestamp(&self, local: DateTime) -> Option<Timestamp> {
        let offset = match self.rules.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset,
            AmbiguousOffset::Gap { .. } => return None,
        };
        Some(Timestamp::from_local(local, offset.seconds().into()))
    }

    /// Whether the database prefers this name over others for the same zone.
    pub(crate) fn is_primary(&self) -> bool {
        self.rules.is_primary()
    }

    /// Returns the period around a moment.
    pub(crate) fn period_at(&self, unix_s: i64) -> OffsetPeriod {
        let at = seconds_to_jiff(unix_s);
        let offset = self.rules.to_offset(at);
        let mut changes = self.rules.following(at).skip_while(|change| change.offset() == offset);
        let end_s = changes.next().map_or(i64::MAX, |change| change.timestamp().as_second());
        OffsetPeriod { start_s: unix_s, end_s, offset_s: offset.seconds().into() }
    }

    /// Returns the first local second that the clock of the zone has not shown up to a moment, inclusive.
    ///
    /// After a change back this is later than the local time: the clock repeats what it has shown.
    pub(crate) fn first_new_local_s(&self, unix_s: i64) -> i64 {
        let at = seconds_to_jiff(unix_s);
        let local_s = unix_s.saturating_add(self.rules.to_offset(at).seconds().into());
        let after = seconds_to_jiff(unix_s.saturating_add(1));
        let recent = self.rules.preceding(after).map(|change| change.timestamp().as_second());
        let recent = recent.take_while(|change_s| *change_s > unix_s.saturating_sub(LONGEST_CHANGE_S));
        let shown = recent.map(|change_s| {
            let before = self.rules.to_offset(seconds_to_jiff(change_s - 1));
            change_s + i64::from(before.seconds())
        });
        shown.fold(local_s.saturating_add(1), i64::max)
    }
}

fn is_part_of_moment(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '-' | ':' | '.' | 'T' | 'Z')
}

/// Equal names. One process reads each name from one place.
impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name).finish()
    }
}

/// Looks the name up in [`ZoneDatabase::current`], without regard to case.
impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        ZoneDatabase::current().zone(name)
    }
}

/// Returns the same moment, limited to the range of the calendar: years -9999 to 9999.
fn to_jiff(at: Timestamp) -> jiff::Timestamp {
    let limit = if at < Timestamp::EPOCH { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.unix_ms()).unwrap_or(limit)
}

fn seconds_to_jiff(unix_s: i64) -> jiff::Timestamp {
    let limit = if unix_s < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_second(unix_s).unwrap_or(limit)
}

fn from_jiff(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        from_jiff(text.parse().unwrap())
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[test]
    fn a_zone_is_found_without_regard_to_case_and_named_as_in_the_database() {
        assert_eq!(zone("europe/PARIS").name(), "Europe/Paris");
        assert_eq!(zone("utc"), Zone::utc());
    }

    #[test]
    fn an_unknown_zone_is_refused_with_the_similar_name() {
        let refuse = |name: &str| Zone::from_str(name).unwrap_err().to_string();
        assert_eq!(refuse("Europe/Pari"), "unknown time zone \"Europe/Pari\"; did you mean Europe/Paris?");
        assert_eq!(refuse("vancouver"), "unknown time zone \"vancouver\"; did you mean America/Vancouver?");
        assert_eq!(refuse("New York"), "unknown time zone \"New York\"; did you mean America/New_York?");
        let without = "unknown time zone \"Olympus Mons\"; use a name such as Europe/Paris or UTC";
        assert_eq!(refuse("Olympus Mons"), without);
        assert!(refuse("").ends_with("use a name such as Europe/Paris or UTC"));
        assert!(refuse("../../etc/passwd").ends_with("use a name such as Europe/Paris or UTC"));
        assert!(refuse(&"x/".repeat(5_000)).len() < 200);
    }

    #[test]
    fn a_skipped_local_time_is_the_moment_of_the_change() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(berlin.timestamp(date(2026, 3, 29).at(2, 30, 0, 0)), at("2026-03-29T01:00:00Z"));
        // Pacific/Apia left out 2011-12-30.
        let apia = zone("Pacific/Apia");
        assert_eq!(apia.timestamp(date(2011, 12, 30).at(9, 0, 0, 0)), at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn a_repeated_local_time_is_its_first_moment() {
        let berlin = zone("Europe/Berlin");
        assert_eq!(berlin.timestamp(date(2026, 10, 25).at(2, 30, 0, 0)), at("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn local_times_and_offsets_follow_the_zone() {
        let kathmandu = zone("Asia/Kathmandu");
        assert_eq!(kathmandu.civil(at("2026-11-28T12:00:00Z")), date(2026, 11, 28).at(17, 45, 0, 0));
        assert_eq!(kathmandu.offset(at("2026-11-28T12:00:00Z")).seconds(), 20_700);
        let end = Timestamp::from_unix_ms(i64::MAX);
        assert_eq!(zone("Europe/Berlin").civil(end).year(), 9999);
    }

    #[test]
    fn moments_in_a_text_become_local_times() {
        let berlin = zone("Europe/Berlin");
        for (text, expected) in [
            (
                "the run for 2026-10-25T00:30:00.000Z covers it",
                "the run for 2026-10-25 02:30:00 +02:00 covers it",
            ),
            ("before 2026-10-25T01:30:00Z; é", "before 2026-10-25 02:30:00 +01:00; é"),
            (
                "2026-10-25T00:30:00.000Z, 2026-10-25T00:30:00.000Z.",
                "2026-10-25 02:30:00 +02:00, 2026-10-25 02:30:00 +02:00.",
            ),
            (
                "run 12 at 10:00, 2026-10-25T00:30:00+02:00, 5Z",
                "run 12 at 10:00, 2026-10-25T00:30:00+02:00, 5Z",
            ),
            ("", ""),
        ] {
            assert_eq!(berlin.localize(text), expected);
        }
    }
}
