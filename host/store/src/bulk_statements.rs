//! The statements that write many rows at once. One statement costs the same for one row as for hundreds, so
//! these are built at run time. Macros check all other SQL of this crate.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use riser_domain::{
    Actor, EwsServerId, HistorySample, LogLevel, PointHandle, Reading, RunId, SetPointWrite, Timestamp,
};
use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::actor_columns::ActorColumns;
use crate::item_definitions::DefinitionRow;
use crate::item_rows::ItemRow;
use crate::value_columns::ValueColumns;
use crate::{NewWrite, StoreError, audit_words, stored_names};

/// Rows of one statement: enough to spread its cost (docs/adr/0011), and few enough for SQLite's limit of
/// 32,766 bound values with the widest row.
const ROWS: usize = 500;

/// Adds items, or replaces those with the same handle.
pub(crate) async fn put_items(
    connection: &mut SqliteConnection,
    rows: &[ItemRow<'_>],
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT INTO items (handle, owner_id, definition_id, position, item_id, parent_id, \
        value_item_id) ";
    const END: &str = " ON CONFLICT (handle) DO UPDATE SET definition_id = excluded.definition_id, \
        position = excluded.position, parent_id = excluded.parent_id, value_item_id = excluded.value_item_id, \
        vanished_at = NULL";
    write_rows(connection, BEGIN, END, rows, |row, item| item.bind(row)).await
}

/// Adds definitions of items. The caller assigns their ids.
pub(crate) async fn add_item_definitions(
    connection: &mut SqliteConnection,
    definitions: &[DefinitionRow],
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT INTO item_definitions (id, owner_id, node, name, description, container_kind, \
        value_kind, unit, published_by, writes_handled_by, is_writable, set_point_min, set_point_max, \
        set_point_future, set_point_options) ";
    write_rows(connection, BEGIN, "", definitions, |row, definition| definition.bind(row)).await
}

/// Adds writes to the outbox. The caller assigns their ids.
pub(crate) async fn add_writes(
    connection: &mut SqliteConnection,
    writes: &[SetPointWrite],
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT INTO set_point_writes (id, group_id, point, item_id, ews_server_id, value_type, \
        value_number, value_whole, value_text, actor_kind, actor_name, actor_server, state, reason, \
        accepted_at, changed_at, expires_at) ";
    write_rows(connection, BEGIN, "", writes, |row, write| {
        row.push_bind(write.id.0).push_bind(write.group).push_bind(i64::from(write.point.0));
        row.push_bind(write.item.as_str().to_owned()).push_bind(write.ews_server.0);
        bind_value(row, ValueColumns::from(&write.value));
        let actor = ActorColumns::from(&write.actor);
        row.push_bind(actor.kind).push_bind(actor.name).push_bind(actor.server);
        row.push_bind(write.state.as_str()).push_bind(write.reason.clone());
        row.push_bind(write.accepted_at.unix_ms()).push_bind(write.changed_at.unix_ms());
        row.push_bind(write.expires_at.unix_ms());
    })
    .await
}

const BEGIN_AUDIT: &str = "INSERT INTO audit (at, actor_kind, actor_name, actor_server, action, subject, \
    subject_name, detail) ";

/// Adds one audit entry for each set point write.
pub(crate) async fn audit_writes(
    connection: &mut SqliteConnection,
    writes: &[NewWrite],
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut servers: HashMap<EwsServerId, String> = HashMap::new();
    for write in writes {
        if let Entry::Vacant(entry) = servers.entry(write.ews_server) {
            let name = stored_names::of_ews_server(connection, write.ews_server).await?;
            entry.insert(name.unwrap_or_default());
        }
    }
    write_rows(connection, BEGIN_AUDIT, "", writes, |row, write| {
        let actor = ActorColumns::from(actor);
        row.push_bind(now.unix_ms());
        row.push_bind(actor.kind).push_bind(actor.name).push_bind(actor.server);
        row.push_bind("set").push_bind("set point").push_bind(write.item.as_str().to_owned());
        let server = servers.get(&write.ews_server).map_or("", String::as_str);
        row.push_bind(format!("{} on EWS server {server:?}", audit_words::value(&write.value)));
    })
    .await
}

/// Adds one audit entry for each item that was removed because its source no longer has it.
pub(crate) async fn audit_removed_items(
    connection: &mut SqliteConnection,
    ids: &[&str],
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    write_rows(connection, BEGIN_AUDIT, "", ids, |row, id| {
        let actor = ActorColumns::from(actor);
        row.push_bind(now.unix_ms());
        row.push_bind(actor.kind).push_bind(actor.name).push_bind(actor.server);
        row.push_bind("remove").push_bind("item").push_bind((*id).to_owned());
        row.push_bind("no longer at its source");
    })
    .await
}

/// Replaces last values.
pub(crate) async fn put_last_values(
    connection: &mut SqliteConnection,
    readings: &[(PointHandle, Reading)],
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT INTO last_values (handle, value_type, value_number, value_whole, value_text, \
        state, reason, source_time, received_time) ";
    const END: &str = " ON CONFLICT (handle) DO UPDATE SET value_type = excluded.value_type, \
        value_number = excluded.value_number, value_whole = excluded.value_whole, \
        value_text = excluded.value_text, state = excluded.state, reason = excluded.reason, \
        source_time = excluded.source_time, received_time = excluded.received_time";
    write_rows(connection, BEGIN, END, readings, |row, (handle, reading)| {
        row.push_bind(i64::from(handle.0));
        bind_value(row, ValueColumns::from(&reading.value));
        row.push_bind(i64::from(reading.state.number()));
        row.push_bind(reading.reason.as_deref().map(str::to_owned));
        row.push_bind(reading.source_time.unix_ms()).push_bind(reading.received_time.unix_ms());
    })
    .await
}

/// Adds samples to the journal. Replaces a sample of the same history and time.
pub(crate) async fn put_samples(
    connection: &mut SqliteConnection,
    samples: &[(PointHandle, HistorySample)],
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT OR REPLACE INTO sample_journal (ts, handle, value_type, value_number, \
        value_whole, value_text, state) ";
    write_rows(connection, BEGIN, "", samples, |row, (handle, sample)| {
        row.push_bind(sample.time.unix_ms()).push_bind(i64::from(handle.0));
        bind_value(row, ValueColumns::from(&sample.value));
        row.push_bind(i64::from(sample.state.number()));
    })
    .await
}

/// Adds lines to the log of a run.
pub(crate) async fn add_log_lines(
    connection: &mut SqliteConnection,
    run: RunId,
    lines: &[(Timestamp, LogLevel, String)],
) -> Result<(), StoreError> {
    const BEGIN: &str = "INSERT INTO run_log (run_id, at, level, line) ";
    write_rows(connection, BEGIN, "", lines, |row, (at, level, line)| {
        row.push_bind(run.0).push_bind(at.unix_ms()).push_bind(level.as_str()).push_bind(line.clone());
    })
    .await
}

type Row<'a> = Separated<'a, Sqlite, &'static str>;

fn bind_value(row: &mut Row<'_>, value: ValueColumns) {
    row.push_bind(value.value_type).push_bind(value.number).push_bind(value.whole).push_bind(value.text);
}

async fn write_rows<T: Sync>(
    connection: &mut SqliteConnection,
    begin: &'static str,
    end: &'static str,
    rows: &[T],
    bind: impl Fn(&mut Row<'_>, &T) + Send,
) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS) {
        let mut statement = QueryBuilder::<Sqlite>::new(begin);
        statement.push_values(chunk, |mut row, item| bind(&mut row, item));
        statement.push(end);
        // Only the full statement repeats, so only it stays prepared.
        let is_full = chunk.len() == ROWS;
        statement.build().persistent(is_full).execute(&mut *connection).await?;
    }
    Ok(())
}
