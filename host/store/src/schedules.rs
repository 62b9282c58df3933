//! Schedules.

use riser_calendar::Schedule;
use riser_domain::ScheduleId;
use sqlx::SqliteConnection;

use crate::{ConfigurationTransaction, StoreError, audit_words, stored_names};

const A_SCHEDULE: &str = "a schedule";

impl ConfigurationTransaction {
    /// Adds a schedule. Ignores its id and returns the assigned one.
    pub async fn add_schedule(&mut self, schedule: &Schedule) -> Result<ScheduleId, StoreError> {
        let rule = schedule.rule.to_string();
        let id = sqlx::query_scalar!(
            r#"INSERT INTO schedules (name, rule) VALUES (?, ?) RETURNING id AS "id!: i64""#,
            schedule.name,
            rule
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_SCHEDULE))?;
        self.audit("add", "schedule", &schedule.name, &rule).await?;
        Ok(ScheduleId(id))
    }

    /// Changes the schedule with the id in it.
    pub async fn update_schedule(&mut self, schedule: &Schedule) -> Result<(), StoreError> {
        let rule = schedule.rule.to_string();
        let old_name = stored_names::of_schedule(&mut self.transaction, schedule.id)
            .await?
            .ok_or(StoreError::Gone(A_SCHEDULE))?;
        sqlx::query!(
            "UPDATE schedules SET name = ?, rule = ? WHERE id = ?",
            schedule.name,
            rule,
            schedule.id.0
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_SCHEDULE))?;
        let detail = audit_words::with_old_name(&old_name, &schedule.name, &rule);
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
    let rows =
        sqlx::query!("SELECT id, name, rule FROM schedules ORDER BY name").fetch_all(connection).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let Ok(rule) = row.rule.parse();
            Schedule { id: ScheduleId(row.id), name: row.name, rule }
        })
        .collect())
}
