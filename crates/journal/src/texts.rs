//! The texts of an entry, in one sequence of bytes: its label, and of a change the columns.
//!
//! A text is its length in two bytes and its UTF-8. A column is a byte that says which values follow, its name, and the
//! values.

use model::{Difference, text::clean};

use crate::{
    rules::{Class, Rules},
    value,
};

/// Characters of a label that are kept.
const MOST_LABEL: usize = 80;
/// Characters of a column's name that are kept: no name in PostgreSQL has more.
const MOST_NAME: usize = 64;
/// Columns of a change that are kept; of those beyond, their number.
const MOST_COLUMNS: usize = 16;
/// Once a change's texts have this many bytes, columns that follow are only counted.
const MOST_BYTES: usize = 4_096;

/// The values are kept.
const WITH_VALUES: u8 = 1;
/// The row had the column before.
const HAD: u8 = 2;
/// The row has the column.
const HAS: u8 = 4;
/// The column changes all the time.
const ROUTINE: u8 = 8;

/// A column of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedColumn<'j> {
    /// Its name.
    pub name: &'j str,
    /// The value before and after; absent where only that it changed is kept: of a secret column, and of one that changes all
    /// the time.
    pub values: Option<Values<'j>>,
    /// It changes all the time.
    pub is_routine: bool,
}

/// The values of a column before and after a change, each as one line of at most 120 characters; `None`: the row did not
/// have the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Values<'j> {
    /// Before.
    pub old: Option<&'j str>,
    /// After.
    pub new: Option<&'j str>,
}

fn push(texts: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(0);
    texts.extend(length.to_le_bytes());
    if length > 0 {
        texts.extend(text.as_bytes());
    }
}

fn take<'t>(texts: &mut &'t [u8]) -> Option<&'t str> {
    let (length, rest) = texts.split_at_checked(2)?;
    let length = u16::from_le_bytes(length.try_into().ok()?);
    let (text, rest) = rest.split_at_checked(usize::from(length))?;
    *texts = rest;
    std::str::from_utf8(text).ok()
}

/// The texts of an entry that has only one.
pub(crate) fn of(text: &str, most: usize) -> Box<[u8]> {
    let mut texts = Vec::with_capacity(text.len().min(most * 4) + 2);
    push(&mut texts, &clean(text, most));
    texts.into()
}

/// The texts of an entry of a row: its label.
pub(crate) fn of_label(label: &str) -> Box<[u8]> {
    of(label, MOST_LABEL)
}

/// Builds the texts of changes. Its buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    texts: Vec<u8>,
    value: String,
}

/// The texts of a change.
#[derive(Debug)]
pub(crate) struct Written {
    pub texts: Box<[u8]>,
    /// Only columns changed that change all the time.
    pub is_routine: bool,
    /// All columns are numbers that became other numbers, those that change all the time aside.
    pub is_numeric: bool,
}

impl Writer {
    /// The texts of a change with these columns; `None` when nothing differs. Columns that change all the time come last.
    pub(crate) fn write<'r>(
        &mut self,
        label: &str,
        rules: &mut Rules,
        differences: impl Iterator<Item = Difference<'r>>,
    ) -> Option<Written> {
        self.texts.clear();
        push(&mut self.texts, &clean(label, MOST_LABEL));
        // The number of columns that are not kept is written here in the end.
        let others_at = self.texts.len();
        self.texts.extend([0, 0]);
        let mut routine: [Option<&str>; MOST_COLUMNS] = [None; MOST_COLUMNS];
        let (mut routines, mut columns, mut others) = (0, 0, 0_u16);
        let mut is_numeric = true;
        for Difference { column, old, new } in differences {
            let class = rules.class(column);
            if class == Class::Routine {
                match routine.get_mut(routines) {
                    Some(place) => *place = Some(column),
                    None => others = others.saturating_add(1),
                }
                routines += 1;
                continue;
            }
            columns += 1;
            if columns > MOST_COLUMNS || self.texts.len() > MOST_BYTES {
                others = others.saturating_add(1);
                continue;
            }
            let is_number = |cell: &Option<model::Cell<'_>>| matches!(cell, Some(model::Cell::Number(_)));
            is_numeric &= is_number(&old) && is_number(&new) && class == Class::Plain;
            let mut flags = if class == Class::Plain { WITH_VALUES } else { 0 };
            flags |= if old.is_some() { HAD } else { 0 } | if new.is_some() { HAS } else { 0 };
            self.texts.push(flags);
            push(&mut self.texts, &clean(column, MOST_NAME));
            if class == Class::Plain {
                for cell in [&old, &new].into_iter().flatten() {
                    self.value.clear();
                    value::write(&mut self.value, cell, &|name| rules.is_secret(name));
                    push(&mut self.texts, &self.value);
                }
            }
        }
        if columns + routines == 0 {
            return None;
        }
        for column in routine.into_iter().flatten() {
            if self.texts.len() > MOST_BYTES {
                others = others.saturating_add(1);
                continue;
            }
            self.texts.push(ROUTINE);
            push(&mut self.texts, &clean(column, MOST_NAME));
        }
        if let Some(place) = self.texts.get_mut(others_at..others_at + 2) {
            place.copy_from_slice(&others.to_le_bytes());
        }
        Some(Written {
            texts: self.texts.as_slice().into(),
            is_routine: columns == 0,
            is_numeric: is_numeric && columns > 0 && others == 0,
        })
    }

    /// The texts of two changes of the same numbers, one after the other, as those of one change; `None` where the columns
    /// are not the same.
    pub(crate) fn fold(&mut self, older: &[u8], newer: &[u8]) -> Option<Box<[u8]>> {
        if label(older) != label(newer) {
            return None;
        }
        let mut newer_columns = Columns::of(newer);
        self.texts.clear();
        push(&mut self.texts, label(newer));
        self.texts.extend([0, 0]);
        for old in Columns::of(older).filter(|column| !column.is_routine) {
            let new = newer_columns
                .next()
                .filter(|new| new.name == old.name && !new.is_routine)?;
            self.texts.push(WITH_VALUES | HAD | HAS);
            push(&mut self.texts, new.name);
            push(&mut self.texts, old.values?.old?);
            push(&mut self.texts, new.values?.new?);
        }
        for column in newer_columns {
            if !column.is_routine {
                return None;
            }
            self.texts.push(ROUTINE);
            push(&mut self.texts, column.name);
        }
        Some(self.texts.as_slice().into())
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.capacity() + self.value.capacity()
    }
}

/// The label of an entry of a row, or the text of another entry.
pub(crate) fn label(mut texts: &[u8]) -> &str {
    take(&mut texts).unwrap_or_default()
}

/// The columns of a change: first those with values in the order of the table, then those that change all the time.
#[derive(Debug, Clone, Default)]
pub struct Columns<'j> {
    rest: &'j [u8],
    others: u16,
}

impl<'j> Columns<'j> {
    pub(crate) fn of(texts: &'j [u8]) -> Self {
        let mut rest = texts;
        let _label = take(&mut rest);
        match rest.split_first_chunk() {
            Some((others, rest)) => Self {
                rest,
                others: u16::from_le_bytes(*others),
            },
            None => Self::default(),
        }
    }

    /// How many more columns changed than are kept.
    pub fn others(&self) -> u16 {
        self.others
    }
}

impl<'j> Iterator for Columns<'j> {
    type Item = ChangedColumn<'j>;

    fn next(&mut self) -> Option<Self::Item> {
        let (flags, mut rest) = self.rest.split_first()?;
        let name = take(&mut rest)?;
        let values = if flags & WITH_VALUES == 0 {
            None
        } else {
            let old = if flags & HAD == 0 { None } else { Some(take(&mut rest)?) };
            let new = if flags & HAS == 0 { None } else { Some(take(&mut rest)?) };
            Some(Values { old, new })
        };
        self.rest = rest;
        Some(ChangedColumn {
            name,
            values,
            is_routine: flags & ROUTINE != 0,
        })
    }
}

/// The texts without the values of secret columns, and without values that may have a secret one inside; `None`: there is
/// none of these.
pub(crate) fn masked(texts: &[u8], is_secret: &dyn Fn(&str) -> bool) -> Option<Box<[u8]>> {
    let is_masked = |column: &ChangedColumn<'_>| {
        let is_json = |text: Option<&str>| text.is_some_and(|text| text.starts_with(['{', '[']));
        column
            .values
            .is_some_and(|values| is_secret(column.name) || is_json(values.old) || is_json(values.new))
    };
    let columns = Columns::of(texts);
    if !columns.clone().any(|column| is_masked(&column)) {
        return None;
    }
    let mut out = Vec::with_capacity(texts.len());
    push(&mut out, label(texts));
    out.extend(columns.others.to_le_bytes());
    for column in columns {
        let values = if is_masked(&column) { None } else { column.values };
        let mut flags = if column.is_routine { ROUTINE } else { 0 };
        if let Some(Values { old, new }) = values {
            flags |= WITH_VALUES | if old.is_some() { HAD } else { 0 } | if new.is_some() { HAS } else { 0 };
        }
        out.push(flags);
        push(&mut out, column.name);
        if let Some(Values { old, new }) = values {
            [old, new].into_iter().flatten().for_each(|text| push(&mut out, text));
        }
    }
    Some(out.into())
}
