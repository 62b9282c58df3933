use askama::Template;
use askama::filters::HtmlSafe;
use jiff::civil::Date;
use riser_calendar::ScheduleRule;
use riser_domain::Timestamp;
use riser_store::Configuration;

use super::Icon;
use crate::wall_time::WallTime;

const DAYS: usize = 7;
/// More runs of one processor on a day are one line.
const MOST_LINES: usize = 4;
/// Times of one processor that are looked at. A rule with more is shown in words.
const MOST_TIMES: usize = 2_000;

/// The planned runs of the next seven days, by day.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/week.html")]
pub(crate) struct Week {
    pub(crate) days: Vec<WeekDay>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WeekDay {
    /// Such as `Thu`.
    pub(crate) weekday: String,
    /// Such as `25 March`.
    pub(crate) date: String,
    pub(crate) is_today: bool,
    pub(crate) runs: Vec<PlannedRun>,
}

/// A planned run, or several of one processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedRun {
    /// The time of day, or the first and the last of several times with their number.
    pub(crate) when: String,
    pub(crate) processor: i64,
    pub(crate) name: String,
}

impl HtmlSafe for Week {}

impl Week {
    /// Returns `None` if no run is planned.
    pub(crate) fn new(whole: &Configuration, times: &WallTime) -> Option<Self> {
        let now = times.now();
        let today = times.civil(now).date();
        let dates: Vec<Date> = today.series(jiff::ToSpan::day(1)).take(DAYS).collect();
        let mut planned: Vec<Vec<(String, PlannedRun)>> = dates.iter().map(|_| Vec::new()).collect();
        for processor in whole.processors.iter().filter(|it| it.flags.active && it.flags.runs_on_schedule) {
            let schedule = whole.schedules.iter().find(|it| Some(it.id) == processor.schedule);
            let Some(rule) = schedule.and_then(|it| it.rule.known()) else { continue };
            for (index, lines) in lines(rule, now, &dates, times).into_iter().enumerate() {
                planned[index].extend(lines.into_iter().map(|(order, when)| {
                    (order, PlannedRun { when, processor: processor.id.0, name: processor.name.clone() })
                }));
            }
        }
        if planned.iter().all(Vec::is_empty) {
            return None;
        }
        let days = dates.iter().zip(planned).map(|(date, mut runs)| {
            runs.sort_by(|(one, _), (other, _)| one.cmp(other));
            WeekDay {
                weekday: date.strftime("%a").to_string(),
                date: date.strftime("%-d %B").to_string(),
                is_today: *date == today,
                runs: runs.into_iter().map(|(_, run)| run).collect(),
            }
        });
        Some(Self { days: days.collect() })
    }
}

/// Returns for each date the texts of the planned times, each with the text by which it is sorted.
fn lines(
    rule: &ScheduleRule,
    now: Timestamp,
    dates: &[Date],
    times: &WallTime,
) -> Vec<Vec<(String, String)>> {
    let mut by_day: Vec<Vec<String>> = dates.iter().map(|_| Vec::new()).collect();
    let mut count = 0;
    for at in rule.occurrences(now).take(MOST_TIMES) {
        let local = times.civil(at);
        let Some(day) = dates.iter().position(|date| *date == local.date()) else { break };
        by_day[day].push(local.strftime("%H:%M").to_string());
        count += 1;
    }
    let is_cut = count == MOST_TIMES;
    let line = |day: Vec<String>| match day.as_slice() {
        _ if is_cut => vec![(String::new(), rule.sentence())],
        [first, .., last] if day.len() > MOST_LINES => {
            vec![(first.clone(), format!("{first} to {last}, {} runs", day.len()))]
        }
        times => times.iter().map(|time| (time.clone(), time.clone())).collect(),
    };
    by_day.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use riser_calendar::{Schedule, Zone};
    use riser_domain::{
        ClassId, ConfigurationId, EwsServerId, ProcessorConfiguration, ProcessorFlags, ScheduleId,
    };

    use super::*;

    /// Friday 26 March 2027, 12:00 in Paris.
    const NOW: Timestamp = Timestamp::from_unix_ms(1_806_058_800_000);

    fn week(rules: &[&str], flags: ProcessorFlags) -> Option<Vec<(String, Vec<String>)>> {
        let paris: Zone = "Europe/Paris".parse().unwrap();
        let mut whole = Configuration::default();
        for (number, rule) in (1..).zip(rules) {
            let rule = ScheduleRule::parse(rule, &paris).unwrap().into();
            whole.schedules.push(Schedule { id: ScheduleId(number), name: format!("S{number}"), rule });
            whole.processors.push(ProcessorConfiguration {
                id: ConfigurationId(number),
                name: format!("P{number}"),
                class: ClassId { plugin: "a".to_owned(), class: "b".to_owned() },
                connection: None,
                ews_server: EwsServerId(1),
                schedule: Some(ScheduleId(number)),
                flags,
                settings_json: "{}".to_owned(),
                secret_keys: Vec::new(),
                memory_limit_mib: 256,
            });
        }
        let days = Week::new(&whole, &WallTime::for_page(paris, NOW))?.days;
        let text = |run: &PlannedRun| format!("{} {}", run.when, run.name);
        let day =
            |day: &WeekDay| (format!("{} {}", day.weekday, day.date), day.runs.iter().map(text).collect());
        Some(days.iter().map(day).collect())
    }

    #[test]
    fn planned_runs_are_sorted_by_day_and_time() {
        let days = week(&["30 2 * * *", "weekly on Sun at 01:00", "every 1 h"], ProcessorFlags::default());
        let days = days.unwrap();
        assert_eq!(days.len(), 7);
        assert_eq!(days[0], ("Fri 26 March".to_owned(), vec!["13:00 to 23:00, 11 runs P3".to_owned()]));
        // Summer time begins: 02:30 does not exist, and the day has 23 hours.
        let sunday = ["00:00 to 23:00, 23 runs P3", "01:00 P2", "03:00 P1"].map(ToOwned::to_owned);
        assert_eq!(days[2], ("Sun 28 March".to_owned(), sunday.into()));
    }

    #[test]
    fn a_rule_with_very_many_times_is_shown_in_words() {
        let days = week(&["every 1 s"], ProcessorFlags::default()).unwrap();
        assert!(days.iter().all(|(_, runs)| *runs == ["Every 1 s P1"]), "{days:?}");
    }

    #[test]
    fn a_week_without_planned_runs_is_left_out() {
        let off = ProcessorFlags { runs_on_schedule: false, ..ProcessorFlags::default() };
        assert_eq!(week(&["every 1 h"], off), None);
        assert_eq!(week(&[], ProcessorFlags::default()), None);
        let ended = format!("every 1 h; until {}", NOW.minus(Duration::from_hours(48)));
        assert_eq!(week(&[ended.as_str()], ProcessorFlags::default()), None);
    }
}
