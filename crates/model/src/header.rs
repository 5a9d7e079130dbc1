//! The column names of a row, shared between the rows of a table.

use std::sync::Arc;

/// A column name, shared between the rows that have that column.
pub type Column = Arc<str>;

/// Column names in the order in which a row's cells are stored, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Header {
    names: Box<[Column]>,
    /// Indices into `names`, sorted by name.
    sorted: Box<[u32]>,
    /// No name needs to be escaped in JSON.
    plain: bool,
    /// One bit for each name ([`name_bit`]), so that most names that no row has are rejected without a search.
    bits: u64,
    /// A name has a capital letter: it may be `workflowId` where the mapping says `workflow_id`.
    has_capitals: bool,
}

impl Header {
    /// A header of these names; `None` when a name occurs twice.
    pub fn new(names: Vec<Column>) -> Option<Self> {
        let mut by_name: Vec<(&Column, u32)> = names.iter().zip(0..).collect();
        by_name.sort_unstable();
        if by_name
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
        {
            return None;
        }
        let sorted = by_name.into_iter().map(|(_, index)| index).collect();
        let needs_escapes = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        Some(Self {
            plain: !names.iter().any(|name| name.bytes().any(needs_escapes)),
            bits: names.iter().fold(0, |bits, name| bits | name_bit(name)),
            has_capitals: names.iter().any(|name| has_capital(name)),
            names: names.into_boxed_slice(),
            sorted,
        })
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether every name is written in JSON without escapes.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// The names in the order of the cells.
    pub fn names(&self) -> &[Column] {
        &self.names
    }

    /// Names and the indices of their cells, sorted by name.
    pub fn sorted(&self) -> impl ExactSizeIterator<Item = (&Column, usize)> {
        self.sorted.iter().map(|index| {
            let index = *index as usize;
            #[expect(clippy::indexing_slicing, reason = "the indices are made from the names")]
            (&self.names[index], index)
        })
    }

    /// The index of the cell of this name.
    #[inline]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        // The key is the first column of nearly every table, and the one that is read most often.
        if self.names.first().is_some_and(|first| **first == *name) {
            return Some(0);
        }
        let name_at = |index: &u32| self.names.get(*index as usize).map_or("", |name| &**name);
        let at = self.sorted.binary_search_by(|index| name_at(index).cmp(name)).ok()?;
        self.sorted.get(at).map(|index| *index as usize)
    }

    /// The index of the cell that a mapping means by a name: of exactly this name, or else of the same words in camel
    /// case (`workflowId` or `workflowID` for `workflow_id`).
    pub(crate) fn index_like(&self, name: &str) -> Option<usize> {
        if self.bits & name_bit(name) != 0
            && let Some(index) = self.index_of(name)
        {
            return Some(index);
        }
        if !self.has_capitals {
            return None;
        }
        self.names.iter().position(|column| is_camel_of(column, name))
    }
}

/// One of 64 bits for a name, by its length and two of its letters.
fn name_bit(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    let mix = usize::from(first) * 7 + usize::from(last) * 3 + bytes.len() * 5;
    1 << (mix & 63)
}

fn has_capital(name: &str) -> bool {
    name.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a name in camel case has the words of a name in snake case. An underscore between the words of either is passed
/// over, so that `Workflow_Id` is one too.
fn is_camel_of(camel: &str, snake: &str) -> bool {
    if !has_capital(camel) {
        return false;
    }
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes()
            .filter(|byte| *byte != b'_')
            .map(|byte| byte.to_ascii_lowercase())
    }
    letters(camel).eq(letters(snake))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_at_its_index_and_a_repeated_name_is_refused() {
        let header = Header::new(["id", "title", "a", "zz"].map(Column::from).into()).expect("names");
        for (index, name) in header.names().iter().enumerate() {
            assert_eq!(header.index_of(name), Some(index));
        }
        assert_eq!(header.index_of("b"), None);
        let sorted: Vec<_> = header.sorted().map(|(name, _)| &**name).collect();
        assert_eq!(sorted, ["a", "id", "title", "zz"]);
        assert_eq!(Header::new(["a", "b", "a"].map(Column::from).into()), None);
    }

    #[test]
    fn a_name_in_camel_case_is_found_by_its_words() {
        let header = Header::new(
            ["id", "workflowId", "startedAT", "Run_Id", "url"]
                .map(Column::from)
                .into(),
        )
        .expect("names");
        let found = |name: &str| header.index_like(name).map(|index| &*header.names()[index]);
        assert_eq!(found("workflow_id"), Some("workflowId"));
        assert_eq!(found("started_at"), Some("startedAT"));
        assert_eq!(found("run_id"), Some("Run_Id"));
        assert_eq!(found("id"), Some("id"));
        assert_eq!(found("u_rl"), None, "a name without a capital is what it is");
        assert_eq!(found("workflow"), None);
    }
}
