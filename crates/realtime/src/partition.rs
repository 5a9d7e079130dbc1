//! The names that a table's changes come under: its own, or those of its partitions.

use super::api::Table;

impl Table {
    /// The names to ask for. The server tells changes of a partitioned table under the leaf's name, and does not match
    /// them with the parent's.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.partitions.is_empty().then_some(self.table.as_str());
        own.into_iter().chain(self.partitions.iter().map(String::as_str))
    }

    /// A change of this name is one of this table.
    pub(super) fn is_told_as(&self, schema: &str, table: &str) -> bool {
        self.schema == schema && (self.table == table || self.partitions.iter().any(|pattern| is_like(table, pattern)))
    }
}

/// SQL's `LIKE` without an escape character, which is how the server matches names: `%` is any run, `_` any one
/// character. Takes time linear in each run.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last `%` stood, and how much of the text it has taken so far.
    let mut run: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(at) {
        match (pattern.get(of), run) {
            (Some('%'), _) => {
                run = Some((of, at));
                of += 1;
            }
            (Some(wanted), _) if *wanted == '_' || wanted == letter => {
                at += 1;
                of += 1;
            }
            (_, Some((star, taken))) => {
                run = Some((star, taken + 1));
                of = star + 1;
                at = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(of).all(|left| *left == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_the_server_matches_them() {
        for (text, pattern, expected) in [
            ("tasks_2026_10", "tasks_2026_%", true),
            ("tasks_2026_10", "tasks_%_10", true),
            ("tasksx2026x10", "tasks_2026_10", true),
            ("tasks", "tasks_%", false),
            ("tasks_", "tasks_%", true),
            ("tasks", "%", true),
            ("tasks", "task_", true),
            ("tasks", "task", false),
            ("tasks", "t%k%s", true),
            ("", "%%", true),
            ("tasks", "Tasks", false),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaab", "%a%a%a%a%a%a%a%a%a%c", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
