//! Schedules.

use std::time::Duration;

use riser_domain::{Schedule, ScheduleId, ScheduleRule, Timestamp};
use sqlx::SqliteConnection;

use crate::{ConfigurationTransaction, StoreError, audit_words, stored_names};

const A_SCHEDULE: &str = "a schedule";

/// A rule's columns: an interval or a cron expression.
#[derive(Default)]
struct RuleColumns {
    every_ms: Option<i64>,
    starting: Option<i64>,
    cron_expression: Option<String>,
    cron_zone: Option<String>,
}

impl From<&ScheduleRule> for RuleColumns {
    fn from(rule: &ScheduleRule) -> Self {
        match rule {
            ScheduleRule::Every { period, starting } => Self {
                every_ms: Some(i64::try_from(period.as_millis()).unwrap_or(i64::MAX)),
                starting: Some(starting.unix_ms()),
                ..Self::default()
            },
            ScheduleRule::Cron(cron) => Self {
                cron_expression: Some(cron.expression().to_owned()),
                cron_zone: Some(cron.zone().to_owned()),
                ..Self::default()
            },
        }
    }
}

impl RuleColumns {
    fn into_rule(self) -> Option<ScheduleRule> {
        match (self.every_ms, self.starting, self.cron_expression, self.cron_zone) {
            (Some(every_ms), Some(starting), ..) => {
                let period = Duration::from_millis(u64::try_from(every_ms).ok()?);
                ScheduleRule::every(period, Timestamp::from_unix_ms(starting)).ok()
            }
            (_, _, Some(expression), Some(zone)) => ScheduleRule::cron(&expression, &zone).ok(),
            _ => None,
        }
    }
}

impl ConfigurationTransaction {
    /// Adds a schedule. Ignores its id and returns the assigned one.
    pub async fn add_schedule(&mut self, schedule: &Schedule) -> Result<ScheduleId, StoreError> {
        let rule = RuleColumns::from(&schedule.rule);
        let id = sqlx::query_scalar!(
            r#"INSERT INTO schedules (name, every_ms, starting, cron_expression, cron_zone)
             VALUES (?, ?, ?, ?, ?) RETURNING id AS "id!: i64""#,
            schedule.name,
            rule.every_ms,
            rule.starting,
            rule.cron_expression,
            rule.cron_zone
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_SCHEDULE))?;
        self.audit("add", "schedule", &schedule.name, &audit_words::schedule(&schedule.rule)).await?;
        Ok(ScheduleId(id))
    }

    /// Changes the schedule with the id in it.
    pub async fn update_schedule(&mut self, schedule: &Schedule) -> Result<(), StoreError> {
        let rule = RuleColumns::from(&schedule.rule);
        let old_name = stored_names::of_schedule(&mut self.transaction, schedule.id)
            .await?
            .ok_or(StoreError::Gone(A_SCHEDULE))?;
        sqlx::query!(
            "UPDATE schedules SET name = ?, every_ms = ?, starting = ?, cron_expression = ?, cron_zone = ?
             WHERE id = ?",
            schedule.name,
            rule.every_ms,
            rule.starting,
            rule.cron_expression,
            rule.cron_zone,
            schedule.id.0
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_SCHEDULE))?;
        let words = audit_words::schedule(&schedule.rule);
        let detail = audit_words::with_old_name(&old_name, &schedule.name, &words);
        self.audit("update", "schedule", &schedule.name, &detail).await
    }

    /// Removes a schedule. Refused while a processor configuration uses it.
    pub async fn remove_schedule(&mut self, id: ScheduleId) -> Result<(), StoreError> {
        let name = sqlx::query_scalar!("DELETE FROM schedules WHERE id = ? RETURNING name", id.0)
            .fetch_optional(&mut *self.transaction)
            .await
            .map_err(StoreError::about("the schedule"))?
            .ok_or(StoreError::Gone(A_SCHEDULE))?;
        self.audit("remove", "schedule", &name, "").await
    }
}

pub(crate) async fn list(connection: &mut SqliteConnection) -> Result<Vec<Schedule>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, name, every_ms, starting, cron_expression, cron_zone FROM schedules ORDER BY name"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let rule = RuleColumns {
                every_ms: row.every_ms,
                starting: row.starting,
                cron_expression: row.cron_expression,
                cron_zone: row.cron_zone,
            };
            let rule = rule
                .into_rule()
                .ok_or_else(|| StoreError::damaged("schedules", "cron_expression", &row.id))?;
            Ok(Schedule { id: ScheduleId(row.id), name: row.name, rule })
        })
        .collect()
}
