//! Answers, but for what two databases may have of their own: ids, times, the order of a table's rows.

use bytes::Bytes;
use haversack_core::protocol::{Head, Line};
use haversack_core::{Error, ErrorCode};
use serde_json::value::RawValue;

/// An answer as it came.
pub type Lines = Result<Vec<Bytes>, Error>;

/// The lines of an answer, parsed.
#[derive(Debug)]
pub struct Answer {
    pub head: Head,
    pub lines: Vec<Line>,
    pub cursor: String,
}

pub fn parse(lines: &[Bytes]) -> Option<Answer> {
    let mut parsed: Vec<Line> = lines
        .iter()
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    match (parsed.remove(0), parsed.pop()?) {
        (Line::Head(head), Line::End { cursor }) => Some(Answer {
            head,
            lines: parsed,
            cursor,
        }),
        _ => None,
    }
}

/// An answer as text that is to be equal, byte for byte.
pub fn text(lines: &Lines) -> Vec<String> {
    match lines {
        Ok(lines) => Sorted::of(lines),
        Err(error) => vec![serde_json::to_string(error).unwrap()],
    }
}

pub fn is_busy(lines: &Lines) -> bool {
    lines
        .as_ref()
        .is_err_and(|error| error.code == ErrorCode::Overloaded)
}

#[derive(serde::Deserialize)]
struct RowsLine<'a> {
    table: String,
    #[serde(borrow, default)]
    rows: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    keys: Vec<&'a RawValue>,
}

/// The rows and removals of each table, sorted, in the place of the first.
#[derive(Default)]
struct Sorted {
    text: Vec<String>,
    open: Option<(String, Vec<String>)>,
}

impl Sorted {
    fn of(lines: &[Bytes]) -> Vec<String> {
        let mut sorted = Self::default();
        for line in lines {
            let text = std::str::from_utf8(line).unwrap();
            if text.starts_with(r#"{"line":"rows""#) || text.starts_with(r#"{"line":"removed""#) {
                let RowsLine { table, rows, keys } = serde_json::from_str(text).unwrap();
                let name = format!("{table} {}", if keys.is_empty() { "rows" } else { "gone" });
                if sorted.open.as_ref().is_none_or(|(open, _)| *open != name) {
                    sorted.close();
                    sorted.open = Some((name, Vec::new()));
                }
                let (_, all) = sorted.open.as_mut().unwrap();
                all.extend(rows.iter().chain(&keys).map(|raw| raw.get().to_owned()));
                continue;
            }
            sorted.close();
            sorted.text.push(anonymous(text));
        }
        sorted.close();
        sorted.text
    }

    fn close(&mut self) {
        if let Some((name, mut rows)) = self.open.take() {
            rows.sort_unstable();
            self.text.push(format!("{name}: {}", rows.join("\n  ")));
        }
    }
}

/// A line without the history's name, the time, and the cursor; of a pull alone that goes on where its cursor
/// ends also without `last`, which it need not read.
fn anonymous(line: &str) -> String {
    match serde_json::from_str(line).unwrap() {
        Line::Head(head) => {
            let line = line.replacen(&head.epoch, "EPOCH", 1).replacen(
                &format!("\"time\":{}", head.time),
                "\"time\":TIME",
                1,
            );
            if head.snapshot || !head.verdicts.is_empty() {
                return line;
            }
            line.replacen(&format!("\"last\":{}", head.last), "\"last\":LAST", 1)
        }
        Line::End { cursor } => line.replacen(&cursor, "CURSOR", 1),
        Line::Rows { .. } | Line::Removed { .. } | Line::Error(_) => line.to_owned(),
    }
}
