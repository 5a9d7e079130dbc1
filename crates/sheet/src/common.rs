//! What several rows have in common.

use std::collections::HashMap;

use model::{Kind, PerKind, Status};
use query::{Field, Row, Value};

use super::{Column, Typed};

/// Columns that are looked at.
const MOST_COLUMNS: usize = 200;
/// Longer values are not reported as common.
const MAX_VALUE_BYTES: usize = 4_096;

/// What the rows that were added have in common. Rows are added one by one, so that a caller with many can spread them over
/// several frames.
#[derive(Debug, Clone)]
pub struct Common {
    rows: usize,
    statuses: HashMap<Status, usize>,
    kinds: PerKind<usize>,
    columns: Vec<Facts>,
}

/// The numbers of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    /// Rows that have a number in it; the others have none or null.
    pub count: usize,
    /// The sum, in floating point; not finite where it exceeds that.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

#[derive(Debug, Clone)]
struct Facts {
    column: Column,
    same: Same,
    /// `None` once a value was something else than a number.
    sum: Option<Sum>,
}

#[derive(Debug, Clone)]
enum Same {
    /// No row has been added.
    Unknown,
    Value(String),
    Different,
}

impl Common {
    /// Nothing yet, about the first 200 of these columns that are not masked.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        let facts = |column| Facts {
            column,
            same: Same::Unknown,
            sum: Some(Sum {
                count: 0,
                sum: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
            }),
        };
        let open = columns.into_iter().filter(|column| !column.is_masked());
        Self {
            rows: 0,
            statuses: HashMap::new(),
            kinds: PerKind::default(),
            columns: open.take(MOST_COLUMNS).map(facts).collect(),
        }
    }

    /// Adds a row.
    pub fn add(&mut self, row: &impl Row) {
        self.rows += 1;
        row.any(Field::State, &mut |value| {
            if let Value::State(status, _) = value {
                *self.statuses.entry(status).or_default() += 1;
            }
            true
        });
        row.any(Field::Kind, &mut |value| {
            if let Value::Kind(kind) = value {
                self.kinds[kind] += 1;
            }
            true
        });
        for facts in &mut self.columns {
            facts.add(row);
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows have each status, the most severe first, then in the order of the screen; those that no row has are
    /// left out.
    pub fn statuses(&self) -> Vec<(Status, usize)> {
        let others = Status::ALL.into_iter().filter(|status| !status.is_trouble());
        let all = Status::troubles().chain(others);
        all.filter_map(|status| Some((status, *self.statuses.get(&status)?)))
            .collect()
    }

    /// How many rows are of each kind; those of which none is are left out.
    pub fn kinds(&self) -> Vec<(Kind, usize)> {
        let all = Kind::ALL.into_iter().map(|kind| (kind, self.kinds[kind]));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// The columns that have the same value in every row, and the value as it is exported. What is null or absent in every
    /// row is left out, and so are values of more than 4,096 bytes.
    pub fn same(&self) -> impl Iterator<Item = (&Column, &str)> {
        self.columns.iter().filter_map(|facts| match &facts.same {
            Same::Value(value) if !value.is_empty() => Some((&facts.column, value.as_str())),
            _ => None,
        })
    }

    /// The columns in which some row has a number, and none anything else but null.
    pub fn sums(&self) -> impl Iterator<Item = (&Column, Sum)> {
        self.columns
            .iter()
            .filter_map(|facts| Some((&facts.column, facts.sum.filter(|sum| sum.count > 0)?)))
    }
}

impl Facts {
    fn add(&mut self, row: &impl Row) {
        if self.sum.is_none() && matches!(self.same, Same::Different) {
            return;
        }
        let value = self.column.read(row).unwrap_or(Typed::Null);
        match (&value, &mut self.sum) {
            (Typed::Null, _) | (_, None) => {}
            (Typed::Number { value: Some(value), .. }, Some(sum)) => sum.add(*value),
            (_, sum) => *sum = None,
        }
        if matches!(self.same, Same::Different) {
            return;
        }
        if is_long(&value) {
            self.same = Same::Different;
            return;
        }
        let whole = value.whole();
        match &self.same {
            Same::Unknown => self.same = Same::Value(whole.into_owned()),
            Same::Value(first) if **first == *whole => {}
            Same::Value(_) | Same::Different => self.same = Same::Different,
        }
    }
}

fn is_long(value: &Typed<'_>) -> bool {
    let bytes = match value {
        Typed::Json(cell) => cell.nested().map_or(0, str::len),
        _ => value.whole().len(),
    };
    bytes > MAX_VALUE_BYTES
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }
}
