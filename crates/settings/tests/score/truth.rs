//! The truth files: one line for each row that is shown.

use model::{Kind, Status};

/// A row as it should be shown.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) label: String,
    pub(crate) state: Status,
    pub(crate) needs_person: bool,
    /// `role:table/id`
    pub(crate) links: Vec<String>,
}

pub(crate) fn parse(text: &str) -> Vec<Line> {
    text.lines().skip(1).filter(|line| !line.is_empty()).map(line).collect()
}

fn line(line: &str) -> Line {
    let cells: Vec<&str> = line.split('\t').collect();
    let [table, id, kind, label, state, person, links] = cells.as_slice() else {
        panic!("not seven cells: {line}");
    };
    let kind = Kind::ALL.into_iter().find(|known| known.singular() == *kind);
    let state = Status::ALL.into_iter().find(|known| known.word() == *state);
    Line {
        table: (*table).to_owned(),
        id: (*id).to_owned(),
        kind: kind.unwrap_or_else(|| panic!("no kind: {line}")),
        label: (*label).to_owned(),
        state: state.unwrap_or_else(|| panic!("no state: {line}")),
        needs_person: *person == "yes",
        links: links
            .split(',')
            .filter(|link| *link != "-")
            .map(str::to_owned)
            .collect(),
    }
}
