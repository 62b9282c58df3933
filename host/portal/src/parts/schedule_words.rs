use riser_calendar::{PreviewTime, ScheduleRule, StoredRule};

use crate::wall_time::WallTime;

/// Times that are shown of a schedule.
const NEXT_TIMES: usize = 5;

/// A schedule in words, with its next times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduleWords {
    pub(crate) sentence: String,
    pub(crate) zone: String,
    /// Why its rule starts nothing.
    pub(crate) problem: Option<String>,
    pub(crate) next: Vec<PreviewTime>,
}

impl ScheduleWords {
    pub(crate) fn new(rule: &StoredRule, times: &WallTime) -> Self {
        match rule {
            StoredRule::Known(rule) => Self::of_rule(rule, times),
            StoredRule::Unreadable { text, reason } => Self {
                sentence: text.clone(),
                zone: String::new(),
                problem: Some(reason.clone()),
                next: Vec::new(),
            },
        }
    }

    pub(crate) fn of_rule(rule: &ScheduleRule, times: &WallTime) -> Self {
        Self {
            sentence: rule.sentence(),
            zone: rule.zone().to_string(),
            problem: None,
            next: rule.preview(times.now(), NEXT_TIMES),
        }
    }
}
