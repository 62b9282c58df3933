//! The names of stored objects, for the audit trail.

use riser_domain::{AccountId, ConfigurationId, ConnectionId, EwsServerId, ScheduleId};
use sqlx::SqliteConnection;

use crate::{StoreError, UserId};

pub(crate) async fn of_ews_server(
    connection: &mut SqliteConnection,
    id: EwsServerId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT name FROM ews_servers WHERE id = ?", id.0)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn of_connection(
    connection: &mut SqliteConnection,
    id: ConnectionId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT name FROM connections WHERE id = ?", id.0)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn of_schedule(
    connection: &mut SqliteConnection,
    id: ScheduleId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT name FROM schedules WHERE id = ?", id.0)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn of_processor(
    connection: &mut SqliteConnection,
    id: ConfigurationId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT name FROM processor_configurations WHERE id = ?", id.0)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn of_user(
    connection: &mut SqliteConnection,
    id: UserId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT name FROM users WHERE id = ?", id.0).fetch_optional(connection).await?)
}

/// Returns the name of an account and that of its server.
pub(crate) async fn of_account(
    connection: &mut SqliteConnection,
    id: AccountId,
) -> Result<Option<(String, String)>, StoreError> {
    let row = sqlx::query!(
        "SELECT ews_accounts.name, ews_servers.name AS server FROM ews_accounts
         JOIN ews_servers ON ews_servers.id = ews_accounts.ews_server_id WHERE ews_accounts.id = ?",
        id.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.name, row.server)))
}
