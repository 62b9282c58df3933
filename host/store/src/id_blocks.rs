//! Numbers assigned in blocks and never twice.

use sqlx::SqliteConnection;

use crate::StoreError;

/// The kinds of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numbered {
    Item,
    SetPointWrite,
    Tree,
}

/// Takes `count` consecutive numbers. Returns the first.
pub(crate) async fn take(
    connection: &mut SqliteConnection,
    what: Numbered,
    count: usize,
) -> Result<i64, StoreError> {
    let name = match what {
        Numbered::Item => "item",
        Numbered::SetPointWrite => "set_point_write",
        Numbered::Tree => "tree",
    };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let next = sqlx::query_scalar!(
        "UPDATE id_blocks SET next_id = next_id + ? WHERE name = ? RETURNING next_id",
        count,
        name
    )
    .fetch_one(connection)
    .await?;
    Ok(next - count)
}

/// Returns numbers as a JSON array, which a statement can bind as a list.
pub(crate) fn json_list(numbers: impl IntoIterator<Item = i64>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}
