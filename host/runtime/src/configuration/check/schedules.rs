use riser_calendar::{Schedule, ScheduleRule, StoredRule};
use riser_domain::ScheduleId;

use super::identity::{SCHEDULE, match_identities};
use super::{Basis, Differences, Errors, Planned, SecretChange, lines_of};
use crate::configuration::draft::ScheduleDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::plan::PlanLine;

const FORMS: &str = "a schedule has a rule, such as rule = \"every 15 min\" or rule = \"0 6 * * *\"";

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
        let stored_rule = stored.map(|it| &it.rule);
        let Some(rule) = rule(matched.draft, stored_rule, basis, &matched.path, errors) else { continue };
        let id = stored.map_or(ScheduleId(0), |schedule| schedule.id);
        let schedule = Schedule { id, name: matched.draft.identity.name.clone(), rule };
        let mut differences = Differences::default();
        if let Some(stored) = stored {
            differences.field("it runs", &stored.rule, &schedule.rule, ToString::to_string);
        }
        let stored_name = stored.map(|stored| stored.name.as_str());
        let secrets = SecretChange::default();
        lines_of("schedule", (stored_name, &schedule.name), &differences, &secrets, lines);
        planned.push(Planned::wanted(stored, schedule, secrets));
    }
    planned
}

fn rule(
    draft: &ScheduleDraft,
    stored: Option<&StoredRule>,
    basis: &Basis<'_>,
    path: &FieldPath,
    errors: &mut Errors,
) -> Option<StoredRule> {
    let Some(text) = &draft.rule else {
        if stored.is_none() {
            errors.add(path, FORMS);
        }
        return stored.cloned();
    };
    if stored.is_some_and(|stored| stored.to_string() == *text) {
        // Also text that cannot be read: a file that was exported changes nothing.
        return stored.cloned();
    }
    match ScheduleRule::parse(text, basis.site_zone) {
        Ok(rule) => Some(rule.into()),
        Err(error) => {
            errors.add(&path.key("rule"), error.to_string());
            None
        }
    }
}
