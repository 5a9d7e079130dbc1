//! The rows that complete others, found by their keys.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    Cell, Column, Header, Op, Record, RowId,
    mapping::{
        cell::{self, Cells},
        time,
    },
};

use super::plan::{Order, Plan, keys};

/// Of a key of which only the last row matters, most rows that are kept: the others come next when the last one goes.
const MAX_BEHIND_LAST: usize = 64;
/// Most headers of a table whose joined names are kept.
const MAX_HEADERS: usize = 16;

/// The rows of all tables that are joined.
#[derive(Debug, Default)]
pub(super) struct HeldRows {
    tables: Vec<Table>,
    /// The rows of each key, by index.
    groups: Vec<HashMap<RowId, BTreeSet<Place>>>,
    /// Rows of all tables.
    count: usize,
    /// Changes so far.
    changes: u64,
}

#[derive(Debug, Default)]
struct Table {
    rows: HashMap<RowId, Held>,
    names: Vec<(Arc<Header>, Arc<[Column]>)>,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) record: Record,
    /// The joined names of its columns, in the order of its header.
    pub(super) names: Arc<[Column]>,
    /// Where it is found: the index, the key, and its rank there.
    places: Vec<(usize, RowId, Rank)>,
}

/// A row among those of its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    rank: Rank,
    row: RowId,
}

/// What rows of one key are ordered by.
#[derive(Debug, Clone)]
struct Rank {
    /// Rows without a value come first, then texts, numbers and times.
    class: u8,
    number: f64,
    text: Box<str>,
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.class.cmp(&other.class))
            .then_with(|| self.number.total_cmp(&other.number))
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}

impl Rank {
    fn of(order: &Order, record: &Record, id: &RowId, change: u64) -> Self {
        let number = |class, number, text: &str| Self {
            class,
            number,
            text: text.into(),
        };
        match order {
            // Numbers as texts are ordered by their value.
            Order::Id => number(0, id.as_str().len() as f64, ""),
            Order::Changed => number(0, change as f64, ""),
            Order::Column(column) => match Cells::of(record).get(column) {
                Some(Cell::Text(text)) => match time::of_text(&text) {
                    // Two times within a millisecond are told apart by their text.
                    Some(ms) => number(3, ms as f64, &text),
                    None => number(1, 0.0, &text),
                },
                Some(Cell::Number(digits)) => number(2, cell::number(digits).unwrap_or(0.0), digits),
                _ => number(0, 0.0, ""),
            },
        }
    }
}

impl HeldRows {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            tables: plan.of_table.iter().map(|_| Table::default()).collect(),
            groups: plan.indexes.iter().map(|_| HashMap::new()).collect(),
            count: 0,
            changes: 0,
        }
    }

    /// Rows of all tables.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Keeps a row as it is now, or removes it. Returns the keys, with their index, of which something is different now.
    /// A new row is not taken unless `has_room`; then the result is `None`.
    pub(super) fn apply(
        &mut self,
        plan: &Plan,
        table: usize,
        op: Op,
        id: &RowId,
        record: &Record,
        has_room: bool,
    ) -> Option<Vec<(usize, RowId)>> {
        let Self {
            tables,
            groups,
            count,
            changes,
        } = self;
        *changes += 1;
        let Some(at) = tables.get_mut(table) else {
            return Some(Vec::new());
        };
        let known = at.rows.get(id);
        if op != Op::Delete && known.is_some_and(|held| held.record == *record) {
            return Some(Vec::new());
        }
        let mut places = Vec::new();
        if op != Op::Delete {
            for (number, index) in (plan.indexes_of(table).iter()).filter_map(|at| Some((*at, plan.indexes.get(*at)?)))
            {
                let cells = Cells::of(record);
                let (keys, _) = keys(&index.theirs, |column| cells.get(column));
                for key in keys {
                    let place = (number, key, Rank::of(&index.order, record, id, *changes));
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
        if known.is_none() && !places.is_empty() && !has_room {
            return None;
        }
        let old = at.rows.remove(id).map(|held| held.places).unwrap_or_default();
        *count -= usize::from(!old.is_empty());
        for (index, key, rank) in &old {
            remove(groups, *index, key, &Place::of(rank, id));
        }
        let mut touched: Vec<(usize, RowId)> = Vec::new();
        for (index, key, _) in old.iter().chain(&places) {
            let is_among =
                |places: &[(usize, RowId, Rank)]| places.iter().any(|(of, other, _)| of == index && other == key);
            let keys_only = plan.indexes.get(*index).is_some_and(|index| index.keys_only);
            let is_same = keys_only && is_among(&old) && is_among(&places);
            let is_known = touched.iter().any(|(of, other)| of == index && other == key);
            if !is_same && !is_known {
                touched.push((*index, key.clone()));
            }
        }
        if places.is_empty() {
            return Some(touched);
        }
        for (index, key, rank) in &places {
            if let Some(groups) = groups.get_mut(*index) {
                groups.entry(key.clone()).or_default().insert(Place::of(rank, id));
            }
        }
        let names = at.names_of(record.header(), plan.names.get(table).map_or("", String::as_str));
        *count += 1;
        let crowded: Vec<(usize, RowId)> = (places.iter())
            .filter(|(index, key, _)| {
                let is_last_only = plan.indexes.get(*index).is_some_and(|index| index.last_only);
                let group = groups.get(*index).and_then(|groups| groups.get(key));
                is_last_only && group.is_some_and(|group| group.len() > MAX_BEHIND_LAST)
            })
            .map(|(index, key, _)| (*index, key.clone()))
            .collect();
        at.rows.insert(
            id.clone(),
            Held {
                record: record.clone(),
                names,
                places,
            },
        );
        for (index, key) in crowded {
            let first = groups
                .get_mut(index)
                .and_then(|groups| groups.get_mut(&key)?.pop_first());
            let Some(first) = first else { continue };
            if let Some(held) = at.rows.get_mut(&first.row) {
                held.places.retain(|(of, other, _)| *of != index || *other != key);
                if held.places.is_empty() {
                    at.rows.remove(&first.row);
                    *count -= 1;
                }
            }
        }
        Some(touched)
    }

    /// The last row of a key.
    pub(super) fn last(&self, plan: &Plan, index: usize, key: &RowId) -> Option<&Held> {
        let place = self.groups.get(index)?.get(key)?.last()?;
        self.row(plan.indexes.get(index)?.table, &place.row)
    }

    /// The id of the first row of a key.
    pub(super) fn first_id(&self, index: usize, key: &RowId) -> Option<&RowId> {
        let place = self.groups.get(index)?.get(key)?.first()?;
        Some(&place.row)
    }

    /// The rows of a key, in their order.
    pub(super) fn all<'h>(&'h self, plan: &Plan, index: usize, key: &RowId) -> impl Iterator<Item = &'h Held> {
        let table = plan.indexes.get(index).map_or(usize::MAX, |index| index.table);
        let places = self.groups.get(index).and_then(|groups| groups.get(key));
        (places.into_iter().flatten()).filter_map(move |place| self.row(table, &place.row))
    }

    fn row(&self, table: usize, id: &RowId) -> Option<&Held> {
        self.tables.get(table)?.rows.get(id)
    }
}

impl Place {
    fn of(rank: &Rank, row: &RowId) -> Self {
        Self {
            rank: rank.clone(),
            row: row.clone(),
        }
    }
}

fn remove(groups: &mut [HashMap<RowId, BTreeSet<Place>>], index: usize, key: &RowId, place: &Place) {
    let Some(groups) = groups.get_mut(index) else { return };
    if let Some(group) = groups.get_mut(key) {
        group.remove(place);
        if group.is_empty() {
            groups.remove(key);
        }
    }
}

impl Table {
    /// The joined names of a header's columns: `TABLE.COLUMN`.
    fn names_of(&mut self, header: &Arc<Header>, table: &str) -> Arc<[Column]> {
        if let Some((_, names)) = self.names.iter().find(|(known, _)| Arc::ptr_eq(known, header)) {
            return names.clone();
        }
        let joined = |name: &Column| -> Column { format!("{table}.{name}").into() };
        let names: Arc<[Column]> = header.names().iter().map(joined).collect();
        if self.names.len() >= MAX_HEADERS {
            self.names.clear();
        }
        self.names.push((header.clone(), names.clone()));
        names
    }
}
