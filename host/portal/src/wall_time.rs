//! Times as people read them: in the portal's time zone, with ISO 8601 on hover.

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::civil::DateTime;
use riser_calendar::Zone;
use riser_domain::Timestamp;

/// Formats times for one rendering, in one zone and relative to one moment.
#[derive(Clone, Debug)]
pub(crate) struct WallTime {
    zone: Zone,
    now: Timestamp,
    ages: Ages,
}

/// Where ages are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ages {
    /// On the server, for browsers without scripts. The page's script counts on from there.
    OnServer,
    /// In the browser, so that a part whose ages alone changed is the same text as before.
    InBrowser,
}

/// The time since an event. The page's script counts on.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/age.html")]
pub(crate) struct Age {
    iso: String,
    words: String,
}

impl HtmlSafe for Age {}

#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/moment.html")]
pub(crate) struct Moment {
    iso: String,
    words: String,
}

impl HtmlSafe for Moment {}

impl WallTime {
    /// Returns the format for a whole page.
    pub(crate) const fn for_page(zone: Zone, now: Timestamp) -> Self {
        Self { zone, now, ages: Ages::OnServer }
    }

    /// Returns the format for live parts, which only a page with a script receives.
    pub(crate) const fn for_live_parts(zone: Zone, now: Timestamp) -> Self {
        Self { zone, now, ages: Ages::InBrowser }
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn age(&self, at: Timestamp) -> Age {
        let words = match self.ages {
            Ages::OnServer => duration_words(self.now.since(at)),
            Ages::InBrowser => String::new(),
        };
        Age { iso: self.iso(at), words }
    }

    pub(crate) fn moment(&self, at: Timestamp) -> Moment {
        Moment { iso: self.iso(at), words: self.words(at) }
    }

    /// Returns `14:32:09` for today, `24 March 14:32` for this year, `16 December 2149 08:27` for any other year.
    pub(crate) fn words(&self, at: Timestamp) -> String {
        let (then, now) = (self.civil(at), self.civil(self.now));
        let pattern = if then.date() == now.date() {
            "%H:%M:%S"
        } else if then.year() == now.year() {
            "%-d %B %H:%M"
        } else {
            "%-d %B %Y %H:%M"
        };
        then.strftime(pattern).to_string()
    }

    /// Returns the current date, such as `Thursday 25 March 2027`.
    pub(crate) fn date(&self) -> String {
        self.date_of(self.now)
    }

    /// Returns the date of a moment, such as `Thursday 25 March 2027`.
    pub(crate) fn date_of(&self, at: Timestamp) -> String {
        self.civil(at).strftime("%A %-d %B %Y").to_string()
    }

    /// Returns the time of day with milliseconds, such as `14:32:09.104`.
    pub(crate) fn precise_time(&self, at: Timestamp) -> String {
        self.civil(at).strftime("%H:%M:%S%.3f").to_string()
    }

    /// Returns the local time of a moment.
    pub(crate) fn civil(&self, at: Timestamp) -> DateTime {
        self.zone.civil(at)
    }

    fn iso(&self, at: Timestamp) -> String {
        self.zone.rfc_3339(at)
    }
}

/// Returns `4 s`, `12 min`, `1 h 9 min` or `4 d`. The page's script formats ages in the same way.
pub(crate) fn duration_words(duration: Duration) -> String {
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

    const NOON_IN_PARIS: Timestamp = Timestamp::from_unix_ms(1_805_972_400_000);

    #[test]
    fn ages_are_shown_in_their_largest_units() {
        let words = |seconds| duration_words(Duration::from_secs(seconds));
        assert_eq!([words(0), words(59), words(60), words(4_140)], ["0 s", "59 s", "1 min", "1 h 9 min"]);
        assert_eq!([words(86_399), words(400_000)], ["23 h 59 min", "4 d"]);
    }

    fn paris() -> Zone {
        "Europe/Paris".parse().unwrap()
    }

    #[test]
    fn times_are_shown_in_the_given_zone() {
        let times = WallTime::for_page(paris(), NOON_IN_PARIS);
        assert_eq!(times.words(NOON_IN_PARIS), "12:00:00");
        assert_eq!(times.words(NOON_IN_PARIS.minus(Duration::from_hours(24))), "24 March 12:00");
        assert_eq!(times.words(Timestamp::EPOCH), "1 January 1970 01:00");
        assert_eq!(times.date(), "Thursday 25 March 2027");
        assert_eq!(times.moment(NOON_IN_PARIS).iso, "2027-03-25T12:00:00+01:00");
    }

    #[test]
    fn live_parts_contain_no_age_text() {
        let earlier = NOON_IN_PARIS.minus(Duration::from_secs(4));
        assert_eq!(WallTime::for_page(Zone::utc(), NOON_IN_PARIS).age(earlier).words, "4 s");
        assert_eq!(WallTime::for_live_parts(Zone::utc(), NOON_IN_PARIS).age(earlier).words, "");
    }
}
