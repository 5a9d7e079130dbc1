//! Rows as text for other programs: complete values, bounded in total. Masked columns and fields are left out.

use std::{borrow::Cow, io};

use csv_core::{WriteResult, Writer, WriterBuilder};
use query::Row;

use super::{Column, Typed, typed::number};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Rows, without the heading.
    pub rows: usize,
    /// Bytes.
    pub bytes: usize,
    /// Rows were left out because they would have exceeded the bound.
    pub is_cut: bool,
}

/// Writes a heading and rows, separated by tabs, for a spreadsheet to paste. Values with tabs, quotes or line ends are
/// quoted. At most `most_bytes` are written, and whole rows only.
///
/// A text that a spreadsheet would take for a formula is preceded by an apostrophe.
///
/// # Errors
/// Those of the output.
pub fn tsv<R: Row>(
    out: &mut impl io::Write,
    columns: &[Column],
    rows: impl IntoIterator<Item = R>,
    most_bytes: usize,
) -> io::Result<Exported> {
    delimited(out, WriterBuilder::new().delimiter(b'\t'), columns, rows, most_bytes)
}

/// As [`tsv`], separated by commas and with lines that end as RFC 4180 says.
///
/// # Errors
/// Those of the output.
pub fn csv<R: Row>(
    out: &mut impl io::Write,
    columns: &[Column],
    rows: impl IntoIterator<Item = R>,
    most_bytes: usize,
) -> io::Result<Exported> {
    let ends = csv_core::Terminator::CRLF;
    delimited(out, WriterBuilder::new().terminator(ends), columns, rows, most_bytes)
}

/// Writes each row as one line of JSON: an object of the columns that the row has. Numbers keep every digit. At most
/// `most_bytes` are written, and whole rows only.
///
/// # Errors
/// Those of the output.
pub fn json_lines<R: Row>(
    out: &mut impl io::Write,
    columns: &[Column],
    rows: impl IntoIterator<Item = R>,
    most_bytes: usize,
) -> io::Result<Exported> {
    let columns = headed(columns);
    let mut bounded = Bounded::new(out, most_bytes);
    let mut line = Vec::new();
    for row in rows {
        line.clear();
        line.push(b'{');
        for (name, column) in &columns {
            let Some(value) = column.read(&row) else { continue };
            if line.len() > 1 {
                line.push(b',');
            }
            serde_json::to_writer(&mut line, name)?;
            line.push(b':');
            push_json(&mut line, &value)?;
            if line.len() > bounded.left {
                break;
            }
        }
        line.extend_from_slice(b"}\n");
        if !bounded.write_row(&line)? {
            break;
        }
    }
    Ok(bounded.exported)
}

fn push_json(line: &mut Vec<u8>, value: &Typed<'_>) -> io::Result<()> {
    match value {
        Typed::Masked | Typed::Null => line.extend_from_slice(b"null"),
        Typed::Flag(_) | Typed::Number { .. } | Typed::Json(_) | Typed::Span(_) => {
            line.extend_from_slice(value.whole().as_bytes());
        }
        // A number in a column of times is written as it came.
        Typed::Time { text, .. } if number(text).is_some() => line.extend_from_slice(text.as_bytes()),
        _ => serde_json::to_writer(line, &value.whole())?,
    }
    Ok(())
}

/// The columns that are not masked, with headings that differ: a field that has the name of a column of the table is
/// headed `field:state`.
fn headed(columns: &[Column]) -> Vec<(String, &Column)> {
    let is_taken = |name: &str| {
        columns
            .iter()
            .any(|column| matches!(column, Column::Named(own) if **own == *name))
    };
    let heading = |column: &Column| {
        let mut name = column.name().to_owned();
        while matches!(column, Column::Field(_)) && is_taken(&name) {
            name.insert_str(0, "field:");
        }
        name
    };
    let open = columns.iter().filter(|column| !column.is_masked());
    open.map(|column| (heading(column), column)).collect()
}

/// An output that takes rows as long as they fit.
struct Bounded<'o, W> {
    out: &'o mut W,
    left: usize,
    exported: Exported,
}

impl<'o, W: io::Write> Bounded<'o, W> {
    fn new(out: &'o mut W, most_bytes: usize) -> Self {
        Self {
            out,
            left: most_bytes,
            exported: Exported {
                rows: 0,
                bytes: 0,
                is_cut: false,
            },
        }
    }

    /// Whether the line fitted.
    fn write(&mut self, line: &[u8]) -> io::Result<bool> {
        let Some(left) = self.left.checked_sub(line.len()) else {
            self.exported.is_cut = true;
            return Ok(false);
        };
        self.out.write_all(line)?;
        self.left = left;
        self.exported.bytes += line.len();
        Ok(true)
    }

    fn write_row(&mut self, line: &[u8]) -> io::Result<bool> {
        let fits = self.write(line)?;
        self.exported.rows += usize::from(fits);
        Ok(fits)
    }
}

fn delimited<R: Row>(
    out: &mut impl io::Write,
    format: &WriterBuilder,
    columns: &[Column],
    rows: impl IntoIterator<Item = R>,
    most_bytes: usize,
) -> io::Result<Exported> {
    let columns = headed(columns);
    let mut line = Delimited {
        writer: format.build(),
        out: Vec::new(),
    };
    let mut bounded = Bounded::new(out, most_bytes);
    for (at, (name, _)) in columns.iter().enumerate() {
        line.push_field(at, name, false);
    }
    line.end();
    if !bounded.write(&line.out)? {
        return Ok(bounded.exported);
    }
    for row in rows {
        line.out.clear();
        for (at, (_, column)) in columns.iter().enumerate() {
            let value = column.read(&row).unwrap_or(Typed::Null);
            let is_number = matches!(value, Typed::Number { .. } | Typed::Span(_));
            line.push_field(at, &value.whole(), is_number);
            if line.out.len() > bounded.left {
                break;
            }
        }
        line.end();
        if !bounded.write_row(&line.out)? {
            break;
        }
    }
    Ok(bounded.exported)
}

/// A line in progress.
struct Delimited {
    writer: Writer,
    out: Vec<u8>,
}

impl Delimited {
    /// Appends what the writer writes.
    fn with(&mut self, mut write: impl FnMut(&mut Writer, &mut [u8]) -> (WriteResult, usize)) {
        let mut buffer = [0; 1_024];
        loop {
            let (result, written) = write(&mut self.writer, &mut buffer);
            self.out.extend_from_slice(buffer.get(..written).unwrap_or_default());
            if matches!(result, WriteResult::InputEmpty) {
                return;
            }
        }
    }

    fn push_field(&mut self, at: usize, text: &str, is_number: bool) {
        if at > 0 {
            self.with(|writer, out| writer.delimiter(out));
        }
        let text = match !is_number && is_formula(text) {
            true => Cow::Owned(format!("'{text}")),
            false => Cow::Borrowed(text),
        };
        // Whether it is quoted is decided at the first call, which has all of it.
        let mut rest = text.as_bytes();
        self.with(|writer, out| {
            let (result, read, written) = writer.field(rest, out);
            rest = rest.get(read..).unwrap_or_default();
            (result, written)
        });
    }

    fn end(&mut self) {
        self.with(Writer::terminator);
    }
}

/// Whether a spreadsheet would evaluate a text. Those of full width are signs too for some of them.
fn is_formula(text: &str) -> bool {
    let has_sign = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_plain = || {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
    };
    has_sign && !(is_plain() && number(text).is_some())
}
