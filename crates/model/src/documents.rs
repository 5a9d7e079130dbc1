//! The documents that list statuses, colours and default columns contain every entry of the tables in `status.rs`,
//! `theme.rs` and `mapping/source.rs`.

use crate::{
    Kind, SourceMapping, Status,
    theme::{Rgb, ThemeName, Token},
};

const VISUAL_LANGUAGE: &str = include_str!("../../../docs/visual-language.md");
const SCHEMAS: &str = include_str!("../../../docs/schemas.md");

/// The rows of the table below this header, as written.
fn rows<'d>(document: &'d str, header: &str) -> Vec<&'d str> {
    let (_, table) = document
        .split_once(header)
        .unwrap_or_else(|| panic!("no table has the header {header}"));
    let rows = table.lines().skip(2);
    rows.take_while(|line| line.starts_with('|')).collect()
}

/// Each row of the table must begin as expected, in this order, and there must be no further row.
fn assert_rows(path: &str, document: &str, header: &str, expected: &[String]) {
    let rows = rows(document, header);
    let missing: Vec<&str> = expected
        .iter()
        .filter(|begin| !rows.iter().any(|row| row.starts_with(begin.as_str())))
        .map(String::as_str)
        .collect();
    assert!(
        missing.is_empty(),
        "add to the table `{header}` in {path} the rows that begin with\n  {}\n",
        missing.join("\n  ")
    );
    for (at, row) in rows.iter().enumerate() {
        let begin = expected.get(at);
        assert!(
            begin.is_some_and(|begin| row.starts_with(begin.as_str())),
            "the table `{header}` in {path} has `{row}` where it should have {begin:?}"
        );
    }
}

fn hex(Rgb(red, green, blue): Rgb) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

fn dark(token: Token) -> String {
    hex(ThemeName::Dark.theme().colors.get(token))
}

/// The statuses before this one use the same colour.
fn is_repeated(status: Status) -> bool {
    Status::ALL
        .into_iter()
        .take(status.index())
        .any(|before| before.color() == status.color())
}

#[test]
fn the_table_of_statuses_is_complete() {
    let expected = Status::ALL.map(|status| {
        let (word, token) = (status.word(), status.color());
        match is_repeated(status) {
            true => format!("| {word} | `{}` |", token.name()),
            false => format!("| {word} | `{}` {} |", token.name(), dark(token)),
        }
    });
    let header = "| status | colour (dark) | shape |";
    assert_rows("docs/visual-language.md", VISUAL_LANGUAGE, header, &expected);
}

#[test]
fn the_table_of_colours_lists_every_colour_that_no_status_has() {
    let is_status_color = |token| Status::ALL.into_iter().any(|status| status.color() == token);
    let expected: Vec<String> = Token::ALL
        .into_iter()
        .filter(|token| !is_status_color(*token))
        .map(|token| {
            let values = ThemeName::ALL.map(|name| hex(name.theme().colors.get(token)));
            format!("| `{}` | {} |", token.name(), values.join(" | "))
        })
        .collect();
    let header = "| token | dark | light | high-contrast | use |";
    assert_rows("docs/visual-language.md", VISUAL_LANGUAGE, header, &expected);
}

#[test]
fn the_table_of_status_words_is_complete() {
    let expected: Vec<String> = Status::ALL
        .into_iter()
        .filter(|status| !status.words().is_empty())
        .map(|status| format!("| {} | {} |", status.word(), status.words()))
        .collect();
    assert_rows("docs/schemas.md", SCHEMAS, "| status | words |", &expected);
}

#[test]
fn the_table_of_columns_lists_every_role_and_its_default_columns() {
    let rows = rows(SCHEMAS, "| role | kinds | default columns, in order |").join("\n");
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/');
    let listed: Vec<&str> = rows.split(|c| !is_name(c)).collect();
    for kind in Kind::ALL {
        let usual = SourceMapping::of(kind);
        for role in SourceMapping::ROLES {
            let columns = usual.columns(role).map(Vec::as_slice).unwrap_or_default();
            let missing = columns.iter().find(|column| !listed.contains(&column.as_str()));
            assert_eq!(missing, None, "docs/schemas.md lacks a default column of {role}");
            assert!(
                columns.is_empty() || listed.contains(role),
                "docs/schemas.md lacks the role {role}"
            );
        }
    }
}
