//! Inserting many rows with one statement.

use crate::{Engine, Error, Sql, Tx, Val};

/// Bound parameters that fit one statement on both engines (SQLite allows 32,766, PostgreSQL
/// 65,535).
const MAX_PARAMETERS: usize = 16_000;

/// Rows per statement are rounded down to a power of two, so that the engines' statement
/// caches see a handful of texts, not hundreds.
fn chunk_length(remaining: usize, columns: usize) -> usize {
    let most = (MAX_PARAMETERS / columns.max(1)).max(1);
    let rows = remaining.min(most).max(1);
    1 << rows.ilog2()
}

/// Inserts `rows` into `table (columns)`, followed by `suffix` (an `ON CONFLICT` clause or
/// nothing), and tells how many rows went in.
///
/// `table`, `columns` and `suffix` become SQL text: constants only.
///
/// # Errors
/// As [`Error`] sorts them.
pub async fn insert_rows<const N: usize>(
    tx: &mut Tx,
    table: &'static str,
    columns: [&'static str; N],
    suffix: &'static str,
    rows: impl ExactSizeIterator<Item = [Val; N]>,
) -> Result<u64, Error> {
    let mut inserted = 0;
    for (sql, values) in statements(tx.engine(), table, columns, suffix, rows) {
        inserted += tx.exec(sql, values).await?;
    }
    Ok(inserted)
}

fn statements<const N: usize>(
    engine: Engine,
    table: &'static str,
    columns: [&'static str; N],
    suffix: &'static str,
    mut rows: impl ExactSizeIterator<Item = [Val; N]>,
) -> Vec<(Sql, Vec<Val>)> {
    let mut statements = Vec::new();
    while rows.len() > 0 {
        let length = chunk_length(rows.len(), N);
        let mut text = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        let mut values = Vec::with_capacity(length * N);
        for (number, row) in rows.by_ref().take(length).enumerate() {
            text.push_str(if number == 0 { "(" } else { ", (" });
            for (column, value) in row.into_iter().enumerate() {
                if column > 0 {
                    text.push(',');
                }
                match engine {
                    // SQLite takes `$1` for a name, and searches all names for each.
                    Engine::Sqlite => text.push('?'),
                    Engine::Postgres => {
                        text.push('$');
                        text.push_str(&(number * N + column + 1).to_string());
                    }
                }
                values.push(value);
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(suffix);
        statements.push((Sql::Built(text), values));
    }
    statements
}
