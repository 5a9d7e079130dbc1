//! Joined columns laid over a row.

use std::{borrow::Cow, sync::Arc};

use crate::{Cell, Column, Header, Record, RowId, mapping::cell::Cells};

use super::{
    held::HeldRows,
    plan::{Give, Join, Ours, Plan, keys},
};

/// Most items of a joined list.
const MAX_ITEMS: usize = 128;
/// Most combinations of columns whose header is kept.
const MAX_HEADERS: usize = 64;

/// The cells that are laid over a row, in stored form, and the keys that they were found with.
#[derive(Default)]
pub(super) struct Overlay<'h> {
    pub(super) cells: Vec<(Column, Cow<'h, str>)>,
    /// By join; of those that find by the row's own id none.
    pub(super) keys: Vec<(usize, RowId)>,
}

impl<'h> Overlay<'h> {
    /// What is laid over a row of a source.
    pub(super) fn of(plan: &Plan, held: &'h HeldRows, source: usize, id: &RowId, own: &Record) -> Self {
        let mut overlay = Self::default();
        for (number, join) in plan.joins_of(source).iter().enumerate() {
            let (keys, is_list) = overlay.keys_of(join, id, own);
            overlay.give(plan, held, join, &keys, is_list);
            if matches!(join.ours, Ours::Columns(_)) {
                overlay.keys.extend(keys.into_iter().map(|key| (number, key)));
            }
        }
        overlay
    }

    /// The keys of the rows that a join finds, and whether they were a list.
    pub(super) fn keys_of(&self, join: &Join, id: &RowId, own: &Record) -> (Vec<RowId>, bool) {
        match &join.ours {
            Ours::Id => (vec![id.clone()], false),
            Ours::Columns(columns) => keys(columns, |column| {
                let joined = self.cells.iter().find(|(name, _)| **name == *column);
                match joined {
                    Some((_, kept)) => Some(Cell::of_kept(kept)),
                    None => Cells::of(own).get(column),
                }
            }),
        }
    }

    fn give(&mut self, plan: &Plan, held: &'h HeldRows, join: &Join, keys: &[RowId], is_list: bool) {
        let index = join.index;
        match &join.give {
            Give::Row | Give::Columns(_) => {
                let Some(row) = keys.iter().find_map(|key| held.last(plan, index, key)) else {
                    return;
                };
                match &join.give {
                    Give::Columns(columns) => self.cells.extend(columns.iter().filter_map(|(column, name)| {
                        let kept = row.record.kept_like(column)?;
                        Some((name.clone(), Cow::Borrowed(kept)))
                    })),
                    _ => {
                        let names = row.names.iter().enumerate();
                        let cells = names.map(|(at, name)| (name.clone(), Cow::Borrowed(row.record.kept(at))));
                        self.cells.extend(cells);
                    }
                }
            }
            Give::List(column, name) => {
                let rows = keys.iter().flat_map(|key| held.all(plan, index, key));
                let mut values: Vec<&str> = Vec::new();
                for kept in rows.filter_map(|row| row.record.kept_like(column)) {
                    if !Cell::of_kept(kept).is_null() && !values.contains(&kept) && values.len() < MAX_ITEMS {
                        values.push(kept);
                    }
                }
                if !values.is_empty() {
                    self.cells.push((name.clone(), Cow::Owned(list(values.into_iter()))));
                }
            }
            Give::Id(name) => {
                let mut found = keys.iter().filter_map(|key| held.first_id(index, key));
                let text = match is_list {
                    true => {
                        let ids: Vec<String> = found.map(|id| format!("\"{id}")).collect();
                        (!ids.is_empty()).then(|| list(ids.iter().map(String::as_str)))
                    }
                    false => found.next().map(|id| format!("\"{id}")),
                };
                if let Some(text) = text {
                    self.cells.push((name.clone(), Cow::Owned(text)));
                }
            }
        }
        let is_found = || keys.iter().find(|key| held.first_id(index, key).is_some());
        if let Some(marker) = &join.marker
            && let Some(key) = is_found()
        {
            self.cells.push((marker.clone(), Cow::Owned(format!("\"{key}"))));
        }
    }
}

/// A JSON array of cells in stored form.
fn list<'k>(cells: impl Iterator<Item = &'k str>) -> String {
    let mut json = String::from("[");
    for kept in cells {
        if json.len() > 1 {
            json.push(',');
        }
        match kept.strip_prefix('"') {
            // A text can always be written as JSON.
            Some(text) => json.push_str(&serde_json::to_string(text).unwrap_or_default()),
            None => json.push_str(kept),
        }
    }
    json.push(']');
    json
}

/// The headers of joined rows, shared between rows with the same columns.
#[derive(Debug, Default)]
pub(super) struct JoinedHeaders {
    known: Vec<Known>,
    last: usize,
}

#[derive(Debug)]
struct Known {
    own: Arc<Header>,
    more: Vec<Column>,
    joined: Arc<Header>,
    /// Which of the joined columns are there: of a repeated name the first.
    is_taken: Vec<bool>,
}

impl Known {
    fn new(own: &Arc<Header>, more: &[(Column, Cow<'_, str>)]) -> Self {
        let mut names = own.names().to_vec();
        let is_taken = (more.iter())
            .map(|(name, _)| {
                let is_new = !names.contains(name);
                if is_new {
                    names.push(name.clone());
                }
                is_new
            })
            .collect();
        Self {
            own: own.clone(),
            more: more.iter().map(|(name, _)| name.clone()).collect(),
            // Every name is there once.
            joined: Arc::new(Header::new(names).unwrap_or_default()),
            is_taken,
        }
    }

    fn is_of(&self, own: &Arc<Header>, more: &[(Column, Cow<'_, str>)]) -> bool {
        Arc::ptr_eq(&self.own, own)
            && self.more.len() == more.len()
            && (self.more.iter().zip(more)).all(|(known, (name, _))| Arc::ptr_eq(known, name))
    }

    fn lay(&self, own: &Record, more: &[(Column, Cow<'_, str>)]) -> Record {
        let taken = (more.iter().zip(&self.is_taken)).filter(|(_, is_taken)| **is_taken);
        own.with(taken.map(|((_, kept), _)| &**kept), &self.joined)
    }
}

impl JoinedHeaders {
    /// The row with the cells laid over it.
    pub(super) fn lay(&mut self, own: &Record, more: &[(Column, Cow<'_, str>)]) -> Record {
        if more.is_empty() {
            return own.clone();
        }
        let is_last = self
            .known
            .get(self.last)
            .is_some_and(|known| known.is_of(own.header(), more));
        if !is_last {
            let found = self.known.iter().position(|known| known.is_of(own.header(), more));
            self.last = found.unwrap_or_else(|| {
                if self.known.len() >= MAX_HEADERS {
                    self.known.clear();
                }
                self.known.push(Known::new(own.header(), more));
                self.known.len() - 1
            });
        }
        match self.known.get(self.last) {
            Some(known) => known.lay(own, more),
            None => own.clone(),
        }
    }
}

/// As [`JoinedHeaders::lay`], with a header of its own.
pub(super) fn lay_once(own: &Record, more: &[(Column, Cow<'_, str>)]) -> Record {
    match more.is_empty() {
        true => own.clone(),
        false => Known::new(own.header(), more).lay(own, more),
    }
}
