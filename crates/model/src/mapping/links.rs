//! The links of a row to other rows.

use crate::{Cell, RowId};

use super::cell::{self, Cells};

/// Most agents taken from one task's assignment columns.
pub const MAX_AGENTS_PER_TASK: usize = 16;

/// Most tasks taken from one task's dependency columns.
pub const MAX_DEPENDENCIES_PER_TASK: usize = 32;

/// Longer texts are not parsed as arrays of ids.
const MAX_ARRAY_BYTES: usize = 16 * 1_024;

/// The id in a link column. A boolean is not an id; of an embedded row it is its `id`.
fn id(value: Cell<'_>) -> Option<RowId> {
    match value {
        Cell::Bool(_) => None,
        Cell::Object(fields) => fields
            .get("id")
            .filter(|inner| !matches!(inner, Cell::Object(_)))
            .and_then(id),
        Cell::Text(text) if cell::is_blank(&text) => None,
        value => RowId::from_value(value),
    }
}

/// The first named cell that holds an id.
pub(super) fn one(cells: &Cells<'_>, names: &[String]) -> Option<RowId> {
    cells.first(names, id)
}

/// As [`one`], for columns that hold prose in some projects ("reviewing the pull request"): a text with spaces is not an
/// id.
pub(super) fn one_unless_prose(cells: &Cells<'_>, names: &[String]) -> Option<RowId> {
    cells.first(names, |value| {
        id(value).filter(|id| !id.as_str().contains(char::is_whitespace))
    })
}

/// The agents of a task: first the id of the first column that holds a single one, then those of the first column that
/// holds several. Some projects have both an `assignee` and `assignees`.
pub(super) fn agents(cells: &Cells<'_>, names: &[String]) -> Vec<RowId> {
    let mut agents = Vec::new();
    let mut has_single = false;
    let mut has_several = false;
    for name in names {
        let Some(value) = cells.get(name) else {
            continue;
        };
        match value {
            Cell::List(items) if !has_several => {
                // Hostile arrays are long, so reading is bounded too.
                for item in items.iter().take(MAX_AGENTS_PER_TASK * 4) {
                    push(&mut agents, id(item), MAX_AGENTS_PER_TASK);
                }
                has_several = !agents.is_empty();
            }
            Cell::Text(text) if !has_several && is_array_text(&text) => {
                for item in array_text(&text).take(MAX_AGENTS_PER_TASK * 4) {
                    push(&mut agents, Some(item.into()), MAX_AGENTS_PER_TASK);
                }
                has_several = !agents.is_empty();
            }
            Cell::List(_) => {}
            value if !has_single => {
                if let Some(id) = id(value) {
                    agents.retain(|other| *other != id);
                    agents.insert(0, id);
                    agents.truncate(MAX_AGENTS_PER_TASK);
                    has_single = true;
                }
            }
            _ => {}
        }
        if has_single && has_several {
            break;
        }
    }
    agents
}

/// The tasks that a task waits for, from the first column that holds any. The task itself and texts with spaces ("the
/// design review") are left out.
pub(super) fn tasks(cells: &Cells<'_>, names: &[String], own: &RowId) -> Vec<RowId> {
    let mut tasks = Vec::new();
    let mut take = |found: Option<RowId>| {
        let is_id = |id: &RowId| id != own && !id.as_str().contains(char::is_whitespace);
        push(&mut tasks, found.filter(is_id), MAX_DEPENDENCIES_PER_TASK);
        tasks.len()
    };
    for name in names {
        let taken = match cells.get(name) {
            None => 0,
            Some(Cell::List(items)) => items
                .iter()
                .take(MAX_DEPENDENCIES_PER_TASK * 4)
                .map(|item| take(id(item)))
                .last()
                .unwrap_or(0),
            Some(Cell::Text(text)) if is_array_text(&text) => array_text(&text)
                .take(MAX_DEPENDENCIES_PER_TASK * 4)
                .map(|item| take(Some(item.into())))
                .last()
                .unwrap_or(0),
            Some(value) => take(id(value)),
        };
        if taken > 0 {
            break;
        }
    }
    tasks
}

fn push(ids: &mut Vec<RowId>, id: Option<RowId>, most: usize) {
    if let Some(id) = id
        && ids.len() < most
        && !ids.contains(&id)
    {
        ids.push(id);
    }
}

/// Whether a text looks like an array: PostgreSQL's `{a,b}`, or a JSON array in a text column.
fn is_array_text(text: &str) -> bool {
    text.len() <= MAX_ARRAY_BYTES
        && ((text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']')))
}

/// The items of such a text. Ids contain neither commas nor quotes, so splitting is enough.
fn array_text(text: &str) -> impl Iterator<Item = &str> {
    text.get(1..text.len().saturating_sub(1))
        .unwrap_or_default()
        .split(',')
        .map(|item| item.trim().trim_matches('"'))
        .filter(|item| !item.is_empty() && item.len() <= 256 && *item != "NULL" && *item != "null")
}
