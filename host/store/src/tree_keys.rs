//! The keys in front of item ids, and the owners of the trees of an EWS server.

use std::collections::BTreeMap;

use riser_domain::{ConnectionId, EwsServerId, TreeKey, TreeOwner};
use sqlx::{SqliteConnection, SqlitePool};

use crate::id_blocks::{self, Numbered};
use crate::{Store, StoreError};

impl Store {
    /// Returns the key of a tree; assigns one if it has none.
    pub async fn tree_key(&self, owner: &TreeOwner) -> Result<TreeKey, StoreError> {
        let mut transaction = self.riser().write().await?;
        let key = assign(&mut transaction, &owner.plugin, owner.connection).await?;
        transaction.commit().await?;
        Ok(key)
    }
}

/// Returns the key of the tree of a plugin and connection; assigns the next one if it has none.
pub(crate) async fn assign(
    connection: &mut SqliteConnection,
    plugin: &str,
    of: Option<ConnectionId>,
) -> Result<TreeKey, StoreError> {
    let connection_id = of.map(|id| id.0);
    let known = sqlx::query_scalar!(
        "SELECT key FROM tree_keys WHERE plugin = ? AND connection_id IS ?",
        plugin,
        connection_id
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(key) = known {
        return key_from(key);
    }
    let key = id_blocks::take(connection, Numbered::Tree, 1).await?;
    sqlx::query!(
        "INSERT INTO tree_keys (key, plugin, connection_id) VALUES (?, ?, ?)",
        key,
        plugin,
        connection_id
    )
    .execute(connection)
    .await
    .map_err(StoreError::about("the connection of the tree"))?;
    key_from(key)
}

/// Returns the row number of an owner; adds the row if there is none.
pub(crate) async fn ensure_owner(
    connection: &mut SqliteConnection,
    owner: &TreeOwner,
) -> Result<i64, StoreError> {
    let key = assign(connection, &owner.plugin, owner.connection).await?.0;
    let known = sqlx::query_scalar!(
        "SELECT id FROM tree_owners WHERE ews_server_id = ? AND tree_key = ?",
        owner.ews_server.0,
        key
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    sqlx::query_scalar!(
        r#"INSERT INTO tree_owners (ews_server_id, tree_key) VALUES (?, ?) RETURNING id AS "id!: i64""#,
        owner.ews_server.0,
        key
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::about("the EWS server of the tree"))
}

/// Returns all owners by their row numbers.
pub(crate) async fn load_owners(database: &SqlitePool) -> Result<BTreeMap<i64, TreeOwner>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, ews_server_id, plugin, connection_id FROM tree_owners JOIN tree_keys ON key = tree_key"
    )
    .fetch_all(database)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let ews_server = EwsServerId(row.ews_server_id);
            let connection = row.connection_id.map(ConnectionId);
            (row.id, TreeOwner { ews_server, plugin: row.plugin, connection })
        })
        .collect())
}

fn key_from(key: i64) -> Result<TreeKey, StoreError> {
    u32::try_from(key).map(TreeKey).map_err(|_| StoreError::damaged("tree_keys", "key", &key))
}
