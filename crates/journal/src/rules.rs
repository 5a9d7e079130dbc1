//! Which columns are treated how.

use std::{collections::HashMap, fmt, sync::Arc};

use foldhash::fast::RandomState;

/// Column names whose treatment is remembered. Of those beyond, it is found anew each time.
const MOST_REMEMBERED: usize = 512;

/// Parts of the names of columns that change all the time and say nothing alone: lower case, without `_` and `-`.
const ROUTINE_PARTS: [&str; 7] = [
    "heartbeat",
    "lastseen",
    "lastping",
    "keepalive",
    "lastactive",
    "lastactivity",
    "lastcheckin",
];
/// Names of such columns, written the same way.
const ROUTINE_NAMES: [&str; 11] = [
    "updated",
    "updatedat",
    "modified",
    "modifiedat",
    "lastupdated",
    "lastupdatedat",
    "lastmodified",
    "progress",
    "progresspct",
    "progresspercent",
    "percentcomplete",
];

/// Whether a column by its name changes all the time and says nothing alone: the time of the last update, a heartbeat, a
/// progress. `updatedAt` is `updated_at`.
pub fn is_routine(column: &str) -> bool {
    let name: String = column
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    ROUTINE_NAMES.contains(&name.as_str()) || ROUTINE_PARTS.iter().any(|part| name.contains(part))
}

/// How a column is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Its values are kept.
    Plain,
    /// Only that it changed is kept. A change of such columns alone is folded.
    Routine,
    /// Only that it changed is kept.
    Secret,
}

/// A question about the name of a column.
type ByName = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Which columns are treated how.
pub struct Rules {
    is_secret: ByName,
    is_routine: ByName,
    remembered: HashMap<Arc<str>, Class, RandomState>,
    /// Bytes of the names that are remembered.
    bytes: usize,
}

impl Rules {
    /// Rules by two questions about the name of a column: whether its values may not be kept, and whether it changes all the
    /// time and says nothing alone ([`is_routine`] by default).
    pub fn new(
        is_secret: impl Fn(&str) -> bool + Send + Sync + 'static,
        is_routine: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            is_secret: Box::new(is_secret),
            is_routine: Box::new(is_routine),
            remembered: HashMap::default(),
            bytes: 0,
        }
    }

    pub(crate) fn is_secret(&self, column: &str) -> bool {
        (self.is_secret)(column)
    }

    pub(crate) fn class(&mut self, column: &Arc<str>) -> Class {
        if let Some(class) = self.remembered.get(column) {
            return *class;
        }
        let class = if (self.is_secret)(column) {
            Class::Secret
        } else if (self.is_routine)(column) {
            Class::Routine
        } else {
            Class::Plain
        };
        // Longer names are no names of columns in PostgreSQL.
        if self.remembered.len() < MOST_REMEMBERED && column.len() <= 64 {
            self.bytes += column.len();
            self.remembered.insert(column.clone(), class);
        }
        class
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.remembered.capacity() * (size_of::<(Arc<str>, Class)>() + 1) + self.bytes
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_change_all_the_time_are_found_by_their_names() {
        for name in [
            "updated_at",
            "updatedAt",
            "last_heartbeat_at",
            "lastSeen",
            "progress",
            "Progress_Pct",
        ] {
            assert!(is_routine(name), "{name}");
        }
        for name in [
            "status",
            "updated_by",
            "created_at",
            "title",
            "progress_note",
            "attempts",
        ] {
            assert!(!is_routine(name), "{name}");
        }
    }

    #[test]
    fn what_is_remembered_of_names_is_bounded() {
        let mut rules = Rules::new(|name| name.contains("key"), is_routine);
        for number in 0..10_000 {
            assert_eq!(rules.class(&format!("key_{number}").into()), Class::Secret);
        }
        assert_eq!(rules.class(&"x".repeat(100_000).into()), Class::Plain);
        assert!(rules.bytes() < 128 * MOST_REMEMBERED, "{}", rules.bytes());
    }
}
