//! The names of a row's columns, which the rows of a table share.

use std::sync::Arc;

/// A column name, shared between the rows that have it.
pub type Column = Arc<str>;

/// Names in the order in which a row's cells are kept, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Header {
    names: Box<[Column]>,
    /// Places in `names`, in the order of the names.
    sorted: Box<[u32]>,
    /// No name needs escapes in JSON.
    plain: bool,
}

impl Header {
    /// `None` when a name is given twice.
    pub fn new(names: Vec<Column>) -> Option<Self> {
        let mut by_name: Vec<(&Column, u32)> = names.iter().zip(0..).collect();
        by_name.sort_unstable();
        if by_name
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        {
            return None;
        }
        let sorted = by_name.into_iter().map(|(_, place)| place).collect();
        let needs_escapes = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        Some(Self {
            plain: !names.iter().any(|name| name.bytes().any(needs_escapes)),
            names: names.into_boxed_slice(),
            sorted,
        })
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Every name is written in JSON as it is.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// In the order of the cells.
    pub fn names(&self) -> &[Column] {
        &self.names
    }

    /// Names and their places, in the order of the names.
    pub fn sorted(&self) -> impl ExactSizeIterator<Item = (&Column, usize)> {
        self.sorted.iter().map(|place| {
            let place = *place as usize;
            // Places are those of `names`.
            #[expect(clippy::indexing_slicing, reason = "made together with the names")]
            (&self.names[place], place)
        })
    }

    /// Where the cell of this name is.
    #[inline]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        // Rows begin with their key in nearly every table, and it is what is asked for most.
        if self.names.first().is_some_and(|first| **first == *name) {
            return Some(0);
        }
        let name_at = |place: &u32| self.names.get(*place as usize).map_or("", |name| &**name);
        let at = self.sorted.binary_search_by(|place| name_at(place).cmp(name)).ok()?;
        self.sorted.get(at).map(|place| *place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_at_its_place_and_none_is_there_twice() {
        let header = Header::new(["id", "title", "a", "zz"].map(Column::from).into()).expect("names");
        for (place, name) in header.names().iter().enumerate() {
            assert_eq!(header.place_of(name), Some(place));
        }
        assert_eq!(header.place_of("b"), None);
        let sorted: Vec<_> = header.sorted().map(|(name, _)| &**name).collect();
        assert_eq!(sorted, ["a", "id", "title", "zz"]);
        assert_eq!(Header::new(["a", "b", "a"].map(Column::from).into()), None);
    }
}
