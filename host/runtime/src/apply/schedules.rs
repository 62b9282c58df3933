//! `[[schedule]]`: name, and `every` (with `start`) or `cron` (with `time_zone`).

use riser_domain::{Schedule, ScheduleId, ScheduleRule, Timestamp};
use riser_store::{ConfigurationTransaction, StoreError};
use riser_worker::parse_duration;

use super::fault::Faults;
use super::section::Section;
use super::{Check, read_name};

const FORMS: &str = "a schedule has either every = \"15 min\" or cron = \"0 6 * * *\"";

pub(super) struct Plan {
    pub(super) wanted: Schedule,
    is_new: bool,
    is_changed: bool,
}

pub(super) fn read(check: &Check<'_>, sections: Vec<Section<'_>>, faults: &mut Faults<'_>) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    for mut section in sections {
        let is_taken = |name: &str| plans.iter().any(|plan| plan.wanted.name == name);
        let Some(name) = read_name(&mut section, "schedule", is_taken, faults) else {
            section.finish(faults);
            continue;
        };
        let stored = check.now.schedules.iter().find(|schedule| schedule.name == name.value);
        let rule = rule(&mut section, stored.map(|schedule| &schedule.rule), faults);
        section.finish(faults);
        let Some(rule) = rule else { continue };
        let id = stored.map_or(ScheduleId(0), |schedule| schedule.id);
        let wanted = Schedule { id, name: name.value, rule };
        plans.push(Plan { is_new: stored.is_none(), is_changed: stored != Some(&wanted), wanted });
    }
    plans
}

fn rule(
    section: &mut Section<'_>,
    stored: Option<&ScheduleRule>,
    faults: &mut Faults<'_>,
) -> Option<ScheduleRule> {
    let (every, cron) = (section.text("every", faults), section.text("cron", faults));
    let start = section.moment("start", faults);
    let zone = section.text("time_zone", faults);
    if let (Some(start), None) = (&start, &every) {
        faults.add(start.place.clone(), "start counts the runs of every: write every beside it");
    }
    if let (Some(zone), None) = (&zone, &cron) {
        faults.add(zone.place.clone(), "time_zone is that of a cron expression: write cron beside it");
    }
    match (every, cron) {
        (Some(every), None) => {
            let Some(period) = parse_duration(&every.value) else {
                faults.add(every.place, "every takes a time span such as \"15 min\", \"1 h\" or \"30 s\"");
                return None;
            };
            // Multiples counted from 1970 fall on full hours and quarters.
            let starting = match start {
                None => Timestamp::EPOCH,
                Some(start) => match chrono::DateTime::parse_from_rfc3339(&start.value) {
                    Ok(moment) => Timestamp::from_unix_ms(moment.timestamp_millis()),
                    Err(_) => {
                        faults.add(start.place, "start takes a moment such as 2026-11-23T06:00:00Z");
                        return None;
                    }
                },
            };
            ScheduleRule::every(period, starting)
                .map_err(|error| faults.add(every.place, error.to_string()))
                .ok()
        }
        (None, Some(cron)) => {
            let zone = zone.map_or_else(
                || iana_time_zone::get_timezone().unwrap_or_else(|_| "UTC".to_owned()),
                |zone| zone.value,
            );
            ScheduleRule::cron(&cron.value, &zone)
                .map_err(|error| faults.add(cron.place, error.to_string()))
                .ok()
        }
        (None, None) if stored.is_some() => stored.cloned(),
        _ => {
            faults.add(section.place().clone(), FORMS);
            None
        }
    }
}

pub(super) async fn execute(
    plans: Vec<Plan>,
    transaction: &mut ConfigurationTransaction,
    told: &mut Vec<String>,
) -> Result<(), StoreError> {
    for plan in plans {
        if plan.is_new {
            transaction.add_schedule(&plan.wanted).await?;
            told.push(format!("schedule {:?} added", plan.wanted.name));
        } else if plan.is_changed {
            transaction.update_schedule(&plan.wanted).await?;
            told.push(format!("schedule {:?} changed", plan.wanted.name));
        }
    }
    Ok(())
}
