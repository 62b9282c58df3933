//! Which installation the files belong to.

use riser_domain::Timestamp;

use crate::StoreError;
use crate::database::Database;

const RISER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns the id of the installation, and whether this call created it.
pub(crate) async fn adopt(riser: &Database, now: Timestamp) -> Result<(String, bool), StoreError> {
    let known = sqlx::query!("SELECT id, riser_version FROM instance").fetch_optional(riser.read()).await?;
    if let Some(instance) = &known
        && instance.riser_version == RISER_VERSION
    {
        return Ok((instance.id.clone(), false));
    }
    let mut transaction = riser.write().await?;
    let now_ms = now.unix_ms();
    let id = sqlx::query_scalar!(
        "INSERT INTO instance (one, id, riser_version, created_at) VALUES (1, lower(hex(randomblob(16))), ?, ?)
         ON CONFLICT (one) DO UPDATE SET riser_version = excluded.riser_version
         RETURNING id",
        RISER_VERSION,
        now_ms
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok((id, known.is_none()))
}

/// Binds an unclaimed history to this installation. Returns whether the history belongs to it.
pub(crate) async fn claim_history(history: &Database, instance_id: &str) -> Result<bool, StoreError> {
    let mut transaction = history.write().await?;
    let owner = sqlx::query_scalar!(
        "INSERT INTO history_of (one, instance_id, riser_version) VALUES (1, ?, ?)
         ON CONFLICT (one) DO UPDATE SET riser_version = excluded.riser_version
             WHERE riser_version <> excluded.riser_version
         RETURNING instance_id",
        instance_id,
        RISER_VERSION
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let owner = match owner {
        Some(owner) => owner,
        None => {
            sqlx::query_scalar!("SELECT instance_id FROM history_of").fetch_one(&mut *transaction).await?
        }
    };
    if owner != instance_id {
        return Ok(false);
    }
    transaction.commit().await?;
    Ok(true)
}
