use std::time::Duration;

use riser_domain::{Schedule, ScheduleError, ScheduleId, ScheduleRule, Timestamp};
use riser_worker_host::{parse_duration, write_duration};

use super::identity::{SCHEDULE, match_identities};
use super::{Basis, Differences, Errors, Planned, SecretChange, lines_of};
use crate::configuration::draft::ScheduleDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::plan::PlanLine;

const FORMS: &str = "a schedule has either every = \"15 min\" or cron = \"0 6 * * *\"";

pub(super) fn check(
    drafts: &[ScheduleDraft],
    basis: &Basis<'_>,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> Vec<Planned<Schedule>> {
    let stored_schedules = &basis.current.configuration.schedules;
    let names: Vec<&str> = stored_schedules.iter().map(|schedule| schedule.name.as_str()).collect();
    let mut planned = Vec::new();
    for matched in match_identities(SCHEDULE, &FieldPath::default(), drafts, &names, errors) {
        let stored = matched.stored.map(|index| &stored_schedules[index]);
        if let (true, Some(stored)) = (matched.removes, stored) {
            lines.push(PlanLine::removal(format!("schedule {:?} removed", stored.name)));
            planned.push(Planned::removed(stored.clone()));
            continue;
        }
        let Some(rule) = rule(matched.draft, stored.map(|it| &it.rule), &matched.path, errors) else {
            continue;
        };
        let id = stored.map_or(ScheduleId(0), |schedule| schedule.id);
        let schedule = Schedule { id, name: matched.draft.identity.name.clone(), rule };
        let mut differences = Differences::default();
        if let Some(stored) = stored {
            differences.field("it runs", &stored.rule, &schedule.rule, in_words);
        }
        let stored_name = stored.map(|stored| stored.name.as_str());
        let secrets = SecretChange::default();
        lines_of("schedule", (stored_name, &schedule.name), &differences, &secrets, lines);
        planned.push(Planned::wanted(stored, schedule, secrets));
    }
    planned
}

fn in_words(rule: &ScheduleRule) -> String {
    match rule {
        ScheduleRule::Every { period, starting } => {
            let start =
                if *starting == Timestamp::EPOCH { String::new() } else { format!(" from {starting}") };
            format!("every {}{start}", write_duration(*period))
        }
        ScheduleRule::Cron(cron) => format!("{:?} in {}", cron.expression(), cron.zone()),
    }
}

fn rule(
    draft: &ScheduleDraft,
    stored: Option<&ScheduleRule>,
    path: &FieldPath,
    errors: &mut Errors,
) -> Option<ScheduleRule> {
    let (stored_every, stored_cron) = match stored {
        Some(ScheduleRule::Every { period, starting }) => (Some((*period, *starting)), None),
        Some(ScheduleRule::Cron(cron)) => (None, Some(cron)),
        None => (None, None),
    };
    let is_interval = draft.every.is_some() || (draft.cron.is_none() && stored_every.is_some());
    let is_cron = draft.cron.is_some() || (draft.every.is_none() && stored_cron.is_some());
    if draft.start.is_some() && !is_interval {
        errors.add(&path.key("start"), "start counts the runs of every; write every beside it");
    }
    if draft.time_zone.is_some() && !is_cron {
        errors.add(&path.key("time_zone"), "time_zone belongs to a cron expression; write cron beside it");
    }
    match (is_interval, is_cron) {
        (true, false) => {
            let period = match &draft.every {
                Some(every) => parse_duration(every).or_else(|| {
                    errors.add(
                        &path.key("every"),
                        "every takes a time span such as \"15 min\", \"1 h\" or \"30 s\"",
                    );
                    None
                }),
                None => stored_every.map(|(period, _)| period),
            };
            let starting = match &draft.start {
                Some(start) => parse_moment(start).or_else(|| {
                    errors.add(&path.key("start"), "start takes a moment such as 2026-11-23T06:00:00Z");
                    None
                }),
                // Multiples counted from 1970 fall on full hours and quarters.
                None => Some(stored_every.map_or(Timestamp::EPOCH, |(_, starting)| starting)),
            };
            // The store keeps milliseconds.
            let period = Duration::from_millis(u64::try_from(period?.as_millis()).unwrap_or(u64::MAX));
            let rule = ScheduleRule::every(period, starting?);
            rule.map_err(|error| errors.add(&path.key("every"), error.to_string())).ok()
        }
        (false, true) => {
            let expression = draft.cron.as_deref().or(stored_cron.map(riser_domain::CronRule::expression))?;
            let zone = draft.time_zone.clone().or_else(|| Some(stored_cron?.zone().to_owned()));
            let zone =
                zone.unwrap_or_else(|| iana_time_zone::get_timezone().unwrap_or_else(|_| "UTC".to_owned()));
            match ScheduleRule::cron(expression, &zone) {
                Ok(rule) => return Some(rule),
                Err(error @ ScheduleError::UnknownZone(_)) => {
                    errors.add(&path.key("time_zone"), error.to_string());
                    // The expression may be wrong as well.
                    if let Err(error) = ScheduleRule::cron(expression, "UTC") {
                        errors.add(&path.key("cron"), error.to_string());
                    }
                }
                Err(error) => errors.add(&path.key("cron"), error.to_string()),
            }
            None
        }
        _ => {
            errors.add(path, FORMS);
            None
        }
    }
}

fn parse_moment(text: &str) -> Option<Timestamp> {
    let moment = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_unix_ms(moment.timestamp_millis()))
}
