//! An audit list as a table for spreadsheets (RFC 4180).

use bytes::Bytes;
use colophon_db::Db;
use futures::Stream;
use futures::stream::try_unfold;

use super::{Chain, Event, spelled, store};
use crate::Result;

const COLUMNS: &str = "seq,at,actor,action,subject,details,ip,user_agent,hash\r\n";
/// What is read from the database at once.
const PAGE: i64 = 500;

/// The whole list, oldest first, written while it is read. A failure half-way breaks it off.
pub fn csv(db: Db, chain: impl Into<Chain>) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let chain = chain.into().id();
    try_unfold((db, Some(0)), move |(db, after)| async move {
        let Some(after) = after else {
            return Ok(None);
        };
        let events = store::after(&db, chain, after, PAGE).await?;
        let mut text = String::new();
        if after == 0 {
            text.push_str(COLUMNS);
        }
        events.iter().for_each(|event| line(&mut text, event));
        let full = events.len() as i64 == PAGE;
        let next = events.last().filter(|_| full).map(|event| event.seq);
        Ok(Some((Bytes::from(text), (db, next))))
    })
}

fn line(text: &mut String, event: &Event) {
    let member = |name| event.member(name).unwrap_or_default();
    let details: Vec<String> = event
        .details()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let cells = [
        event.seq.to_string(),
        spelled(event.at),
        event.actor.clone(),
        event.action.clone(),
        event.subject.clone(),
        details.join("; "),
        member("ip"),
        member("user_agent"),
        hex::encode(&event.hash),
    ];
    text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
    text.push_str("\r\n");
}

/// A cell that a spreadsheet shows and does not calculate: a browser may call itself `=1+1`, and
/// what begins like a formula gets an apostrophe in front (OWASP, CSV injection).
fn quoted(cell: &str) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let guard = if cell.starts_with(FORMULA) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (cell, expected) in [
            ("plain", r#""plain""#),
            ("a,\"b\"", r#""a,""b""""#),
            ("=HYPERLINK(\"x\")", r#""'=HYPERLINK(""x"")""#),
            ("+1", r#""'+1""#),
            ("-1", r#""'-1""#),
            ("@SUM(A1)", r#""'@SUM(A1)""#),
            ("\t=1", "\"'\t=1\""),
            ("＝1", r#""'＝1""#),
            ("", r#""""#),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
