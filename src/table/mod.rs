//! The rows as a table: those that the finder found, or all of them, in the order of a column (`crates/sheet`). Rows are read and
//! sorted in pieces that fit into a frame, and only those that changed again.

mod export;

use std::time::{Duration, Instant};

use bevy::prelude::*;
use query::Field;
use sheet::{Column, ColumnSet, SortKey, Sorting};

pub use self::export::ExportFormat;
pub(crate) use self::export::MOST_COPIED;
use self::export::{Export, Saving};
use crate::{
    fleet::{FleetMapping, SeenRow, SeenRows, Touched},
    frame::FrameSystems,
    messages::StateFilter,
    search::Search,
};
use model::{Mapping, RowKey};

/// Time for reading and sorting rows in one frame.
const BUDGET: Duration = Duration::from_millis(4);
/// Rows between two looks at the clock.
const PIECE: usize = 128;
/// Columns that are shown at first.
const FIRST_COLUMNS: usize = 14;
/// The fields among them.
const FIRST_FIELDS: [Field; 7] = [
    Field::State,
    Field::Kind,
    Field::Label,
    Field::Agent,
    Field::Workflow,
    Field::Age,
    Field::Activity,
];
/// Rows that are read for the names of columns.
const MOST_READ: usize = 2_000;

/// A change of what the table shows.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum TableChange {
    /// It is opened or closed.
    Open(bool),
    /// It is sorted by this column; by the same again, in the other direction.
    SortBy(Column),
    /// It is sorted by this column, with the greatest value first or not.
    Order(Column, bool),
    /// It shows exactly these columns.
    Show(Vec<Column>),
    /// These rows are saved in a file.
    Export(ExportFormat, Vec<RowKey>),
}

/// The rows of the table in their order. Without rows while it is closed.
#[derive(Resource, Debug)]
pub(crate) struct Table {
    is_open: bool,
    columns: Vec<Column>,
    /// The columns that the rows have.
    names: ColumnSet,
    by: Column,
    sorting: Sorting,
    /// Rows that are still to be read.
    waiting: Vec<Entity>,
    /// How many rows were to be read at the beginning.
    begun_with: usize,
    /// The set that is shown: by the finder's version, and by the states that are dimmed.
    set: (u64, StateFilter),
}

impl Default for Table {
    fn default() -> Self {
        Self {
            is_open: false,
            columns: Vec::new(),
            names: ColumnSet::default(),
            by: Column::Field(Field::State),
            sorting: Sorting::new(false),
            waiting: Vec::new(),
            begun_with: 0,
            set: (0, StateFilter::default()),
        }
    }
}

impl Table {
    /// Whether it is shown.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The columns that are shown, in their order.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns that the rows have beside the fields.
    pub(crate) fn names(&self) -> &ColumnSet {
        &self.names
    }

    /// The column by which the rows are sorted, and whether the greatest value is first.
    pub(crate) fn order(&self) -> (&Column, bool) {
        (&self.by, self.sorting.is_descending())
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.sorting.len()
    }

    /// The row at a place of the order.
    pub(crate) fn row(&self, at: usize) -> Option<&RowKey> {
        self.sorting.row(at)
    }

    /// The place of a row in the order.
    pub(crate) fn position(&self, row: &RowKey) -> Option<usize> {
        self.sorting.position(row)
    }

    /// All rows in their order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &RowKey> {
        (0..self.len()).filter_map(|at| self.row(at))
    }

    /// The share that is done while rows are read and sorted over several frames.
    pub(crate) fn progress(&self) -> Option<f32> {
        if self.waiting.len() > PIECE {
            return Some(1.0 - self.waiting.len() as f32 / self.begun_with.max(1) as f32);
        }
        (!self.sorting.is_sorted()).then(|| self.sorting.progress())
    }

    /// Reads all rows anew.
    fn begin(&mut self, rows: &SeenRows, is_descending: bool) {
        self.sorting = Sorting::new(is_descending);
        self.waiting = rows.entities().collect();
        // The first ones are read first.
        self.waiting.reverse();
        self.begun_with = self.waiting.len();
    }

    fn change(&mut self, change: &TableChange, rows: &SeenRows, mapping: &Mapping) {
        match change {
            TableChange::Open(true) if !self.is_open => {
                self.is_open = true;
                self.names = ColumnSet::default();
                for seen in rows.entities().take(MOST_READ).filter_map(|row| rows.get(row)) {
                    self.names.add(seen.columns);
                }
                if self.columns.is_empty() {
                    self.columns = first_columns(&self.names, mapping);
                }
                self.begin(rows, self.sorting.is_descending());
            }
            TableChange::Open(false) => {
                self.is_open = false;
                self.sorting = Sorting::new(self.sorting.is_descending());
                self.waiting = Vec::new();
            }
            TableChange::SortBy(column) => {
                let is_descending = self.by == *column && !self.sorting.is_descending();
                self.by = column.clone();
                self.begin(rows, is_descending);
            }
            TableChange::Order(column, is_descending) => {
                self.by = column.clone();
                self.begin(rows, *is_descending);
            }
            TableChange::Show(columns) => self.columns = columns.clone(),
            TableChange::Open(true) | TableChange::Export(..) => {}
        }
    }

    /// Reads what a row is sorted by.
    fn offer(&mut self, seen: &SeenRow, rows: &SeenRows, now_ms: i64) {
        let label_of = |key: &RowKey| rows.label(key);
        let row = rows.read(seen, &label_of, now_ms).with_names_only();
        let key = self
            .by
            .read(&row)
            .map_or(SortKey::NULL, |value| SortKey::of(&value, now_ms));
        self.sorting.offer(seen.key, key);
    }
}

/// The columns at first: the fields, and columns of the rows that say something else than those do.
fn first_columns(names: &ColumnSet, mapping: &Mapping) -> Vec<Column> {
    let sources = mapping.sources().iter();
    let told: Vec<&str> = sources
        .flat_map(|source| source.label.iter().chain(&source.status))
        .map(String::as_str)
        .collect();
    let is_told = |column: &Column| matches!(column, Column::Named(name) if told.contains(&&**name));
    let mut columns = names.choice(&FIRST_FIELDS, sheet::MOST_COLUMNS);
    columns.retain(|column| !is_told(column));
    columns.truncate(FIRST_COLUMNS);
    columns
}

pub(super) fn plugin(app: &mut App) {
    app.add_message::<TableChange>()
        .init_resource::<Table>()
        .init_resource::<Saving>()
        .add_systems(Update, (follow, export::report).in_set(FrameSystems::Place));
}

fn follow(
    mut table: ResMut<Table>,
    mut changes: MessageReader<TableChange>,
    rows: SeenRows,
    touched: Res<Touched>,
    search: Res<Search>,
    filter: Res<StateFilter>,
    mapping: Res<FleetMapping>,
    mut saving: ResMut<Saving>,
) {
    let table = table.bypass_change_detection();
    for change in changes.read() {
        if let TableChange::Export(format, keys) = change {
            saving.begin(Export::new(keys, &table.columns, *format, &rows, &mapping));
        }
        table.change(change, &rows, &mapping.0);
    }
    if !table.is_open {
        return;
    }
    let set = (search.version, *filter);
    if table.set != set {
        table.set = set;
        table.begin(&rows, table.sorting.is_descending());
    } else {
        table.waiting.extend(touched.iter());
        table.begun_with = table.begun_with.max(table.waiting.len());
    }
    let until = Instant::now() + BUDGET;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let is_shown = |seen: &SeenRow| {
        let is_found = !search.is_active() || search.rows.contains(&seen.row);
        is_found && !filter.dims(seen.state.status)
    };
    while let Some(row) = table.waiting.pop() {
        match rows.get(row).filter(is_shown) {
            Some(seen) => table.offer(&seen, &rows, now_ms),
            None => {
                if let Some(key) = rows.key(row) {
                    table.sorting.remove(key);
                }
            }
        }
        if table.waiting.len().is_multiple_of(PIECE) && Instant::now() >= until {
            return;
        }
    }
    table.begun_with = 0;
    table.sorting.sort(&mut || Instant::now() >= until);
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Record;

    #[test]
    fn what_a_field_says_is_no_column_at_first() {
        let mut names = ColumnSet::default();
        let record = r#"{"id": 1, "title": "a", "status": "done", "retries": 2, "api_key": "sk"}"#;
        names.add(&Record::from_json(record).expect("a row"));
        let columns = first_columns(&names, &Mapping::default());
        let named: Vec<&str> = columns.iter().map(Column::name).collect();
        assert!(named.starts_with(&["state", "kind", "label"]), "{named:?}");
        assert!(named.contains(&"retries") && named.contains(&"id"), "{named:?}");
        for told in ["title", "status", "api_key"] {
            assert!(!named.contains(&told), "{named:?}");
        }
    }
}
