//! Column names, kept once: every row of a table shares them.

use std::{collections::HashMap, sync::Arc};

use crate::domain::{Column, Record};

/// Most names kept. PostgreSQL allows 1,600 columns in a table and there are three tables; whatever is beyond is
/// hostile and gets names of its own.
const MAX_NAMES: usize = 4_800;

/// The names seen so far. Rows of a table come with their columns in the same order, so each name remembers which one
/// followed it last: finding a name is one comparison in the ordinary case.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: Vec<Known>,
    by_text: HashMap<Column, usize>,
    /// Where the search goes on from.
    last: Option<usize>,
    first: Option<usize>,
}

#[derive(Debug)]
struct Known {
    name: Column,
    follower: Option<usize>,
}

impl Names {
    /// Call before the first column of a row.
    pub(super) fn start_row(&mut self) {
        self.last = None;
    }

    /// The shared name for `text`.
    pub(super) fn intern(&mut self, text: &str) -> Column {
        let guess = match self.last {
            Some(last) => self.known.get(last).and_then(|known| known.follower),
            None => self.first,
        };
        if let Some(at) = guess
            && let Some(known) = self.known.get(at)
            && &*known.name == text
        {
            self.last = Some(at);
            return known.name.clone();
        }
        let at = match self.by_text.get(text) {
            Some(at) => *at,
            None if self.known.len() >= MAX_NAMES => return text.into(),
            None => {
                let name: Column = text.into();
                self.known.push(Known {
                    name: name.clone(),
                    follower: None,
                });
                self.by_text.insert(name, self.known.len() - 1);
                self.known.len() - 1
            }
        };
        match self.last {
            Some(last) => {
                if let Some(known) = self.known.get_mut(last) {
                    known.follower = Some(at);
                }
            }
            None => self.first = Some(at),
        }
        self.last = Some(at);
        self.known
            .get(at)
            .map_or_else(|| text.into(), |known| known.name.clone())
    }

    /// The same row with shared names.
    pub(super) fn share(&mut self, record: Record) -> Record {
        self.start_row();
        record.map_columns(|column| {
            let shared = self.intern(&column);
            // Equal text, so the order of the columns stays.
            if Arc::ptr_eq(&shared, &column) { column } else { shared }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_allocation_and_hostile_numbers_of_names_are_not_kept() {
        let mut names = Names::default();
        for _ in 0..3 {
            names.start_row();
            let (id, title) = (names.intern("id"), names.intern("title"));
            names.start_row();
            assert!(Arc::ptr_eq(&id, &names.intern("id")));
            assert!(Arc::ptr_eq(&title, &names.intern("title")));
        }
        for number in 0..10_000 {
            assert_eq!(&*names.intern(&format!("c{number}")), format!("c{number}"));
        }
        assert_eq!(names.known.len(), MAX_NAMES);
    }
}
