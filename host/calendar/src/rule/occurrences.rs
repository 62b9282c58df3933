use jiff::civil::DateTime;
use riser_domain::Timestamp;

use super::ScheduleRule;
use super::bound::Bound;
use super::clauses::Clauses;
use super::interval::Interval;
use super::pattern::Pattern;
use super::wall::{DAY_S, WallSearch, wall_seconds};
use crate::zone::{LONGEST_CHANGE_S, OffsetPeriod, Zone};

/// The begin of the year 0, the first that a rule can name.
const EARLIEST_MS: i64 = -62_167_219_200_000;

/// The times of a rule after a moment, in ascending order.
#[derive(Debug)]
pub struct Occurrences<'a> {
    zone: &'a Zone,
    source: Source<'a>,
    dates: Dates,
    /// The last moment of the rule, at most that of the calendar.
    until_ms: i64,
    /// Around the latest time, with one offset from UTC.
    period: OffsetPeriod,
}

#[derive(Debug)]
enum Source<'a> {
    Elapsed { interval: Interval, anchor_ms: i64, from_ms: i64 },
    Wall { search: WallSearch<'a>, runs_in_real_time: bool, from_wall_s: i64 },
}

impl<'a> Occurrences<'a> {
    pub(super) fn new(rule: &'a ScheduleRule, after: Timestamp) -> Self {
        let begin = rule.clauses.from.map(|from| from.first_moment(&rule.zone).unix_ms());
        let from_ms = after.unix_ms().saturating_add(1).max(begin.unwrap_or(EARLIEST_MS)).max(EARLIEST_MS);
        // The last whole second before.
        let before_s = (from_ms - i64::from(from_ms > i64::MIN)).div_euclid(1_000);
        let period = rule.zone.period_at(before_s);
        let source = match &rule.pattern {
            Pattern::Elapsed(interval) => {
                Source::Elapsed { interval: *interval, anchor_ms: begin.unwrap_or(0), from_ms }
            }
            Pattern::Wall(pattern) => {
                let runs_in_real_time = pattern.runs_in_real_time();
                let from_wall_s = if runs_in_real_time {
                    before_s.saturating_add(period.offset_s).saturating_add(1)
                } else {
                    rule.zone.first_new_local_s(before_s)
                };
                Source::Wall { search: WallSearch::new(&**pattern), runs_in_real_time, from_wall_s }
            }
        };
        let until = rule.clauses.until.filter(|until| !matches!(until, Bound::Date(_)));
        let until_ms = until.map_or(i64::MAX, |until| until.first_moment(&rule.zone).unix_ms());
        let until_ms = until_ms.min(jiff::Timestamp::MAX.as_millisecond());
        Self { zone: &rule.zone, source, dates: Dates::new(&rule.clauses), until_ms, period }
    }

    fn next_elapsed_ms(&mut self) -> Option<i64> {
        let Source::Elapsed { interval, anchor_ms, from_ms } = &mut self.source else { return None };
        loop {
            let time_ms = interval.at_or_after(*anchor_ms, *from_ms)?;
            *from_ms = time_ms.checked_add(1)?;
            if self.dates.allow_all() {
                return Some(time_ms);
            }
            let time_s = time_ms.div_euclid(1_000);
            if time_s >= self.period.end_s {
                self.period = self.zone.period_at(time_s);
            }
            match self.dates.check(time_s + self.period.offset_s) {
                Check::Allowed => return Some(time_ms),
                Check::ResumeAt(wall_s) => {
                    let local = wall_time(wall_s)?;
                    // Not later when a change back repeats an end of a date: then the next time is tried.
                    *from_ms = self.zone.timestamp(local).unix_ms().max(*from_ms);
                }
                Check::Ended { days } if days < Dates::REPEATED_DAYS => {}
                Check::Ended { .. } => return None,
            }
        }
    }

    fn next_wall_ms(&mut self) -> Option<i64> {
        let Source::Wall { search, runs_in_real_time, from_wall_s } = &mut self.source else { return None };
        loop {
            let wall_s = search.at_or_after(*from_wall_s)?;
            let mut time_s = wall_s - self.period.offset_s;
            if time_s >= self.period.end_s {
                // Far ahead, the periods between have no part in this.
                let is_far = !*runs_in_real_time && time_s - self.period.end_s > 2 * LONGEST_CHANGE_S;
                let next_s = if is_far { time_s - LONGEST_CHANGE_S } else { self.period.end_s };
                self.period = self.zone.period_at(next_s);
                if *runs_in_real_time {
                    *from_wall_s = self.period.start_s + self.period.offset_s;
                }
                continue;
            }
            match self.dates.check(wall_s) {
                Check::Allowed => {}
                Check::ResumeAt(resume_s) => {
                    *from_wall_s = resume_s;
                    continue;
                }
                Check::Ended { days } if *runs_in_real_time && days < Dates::REPEATED_DAYS => {
                    // A change back may lead to the last date again.
                    *from_wall_s = wall_s + 1;
                    continue;
                }
                Check::Ended { .. } => return None,
            }
            if !*runs_in_real_time {
                // The change at the start of the period skipped this local time.
                time_s = time_s.max(self.period.start_s);
            }
            // A run for a skipped time covers all times up to its moment.
            *from_wall_s = wall_s.max(time_s + self.period.offset_s) + 1;
            return time_s.checked_mul(1_000);
        }
    }
}

impl Iterator for Occurrences<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let time_ms = match self.source {
            Source::Elapsed { .. } => self.next_elapsed_ms()?,
            Source::Wall { .. } => self.next_wall_ms()?,
        };
        (time_ms <= self.until_ms).then(|| Timestamp::from_unix_ms(time_ms))
    }
}

/// The dates of a rule, in local seconds.
#[derive(Debug)]
struct Dates {
    first_s: i64,
    /// After the last date.
    end_s: i64,
    except: Vec<(i64, i64)>,
}

enum Check {
    Allowed,
    /// No run before this local second.
    ResumeAt(i64),
    /// The last date passed this many days ago.
    Ended {
        days: i64,
    },
}

impl Dates {
    /// A change back repeats less than this.
    const REPEATED_DAYS: i64 = 2;

    fn new(clauses: &Clauses) -> Self {
        let date = |bound: Option<Bound>| match bound {
            Some(Bound::Date(date)) => Some(wall_seconds(date.into())),
            _ => None,
        };
        Self {
            first_s: date(clauses.from).unwrap_or(i64::MIN),
            end_s: date(clauses.until).map_or(i64::MAX, |last_s| last_s + DAY_S),
            except: clauses.except.iter().map(|range| range.wall_range()).collect(),
        }
    }

    fn allow_all(&self) -> bool {
        self.first_s == i64::MIN && self.end_s == i64::MAX && self.except.is_empty()
    }

    fn check(&self, wall_s: i64) -> Check {
        if wall_s < self.first_s {
            return Check::ResumeAt(self.first_s);
        }
        if wall_s >= self.end_s {
            return Check::Ended { days: (wall_s - self.end_s) / DAY_S };
        }
        match self.except.iter().find(|(first_s, end_s)| (*first_s..*end_s).contains(&wall_s)) {
            Some((_, end_s)) => Check::ResumeAt(*end_s),
            None => Check::Allowed,
        }
    }
}

fn wall_time(wall_s: i64) -> Option<DateTime> {
    Some(jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_second(wall_s).ok()?))
}
