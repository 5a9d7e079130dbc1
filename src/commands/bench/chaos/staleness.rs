//! How long Live was reported while a change was committed that was not shown and that was older than a proof may be.
//!
//! A source that is reported as lost is labelled for its own rows: those do not count.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::observer::Rows;

/// The column that says when a row of the feed was last changed.
const CHANGED: &str = "updated_at";

/// What the server holds and the connection has not reported.
#[derive(Debug)]
pub(super) struct Staleness {
    max_age: Duration,
    /// Rows whose last known change is not shown: when it was made, `None` for a delete, and since when it is seen here.
    hidden: HashMap<String, (Option<String>, Instant)>,
    /// The last look.
    looked: Option<Instant>,
    /// Time of Live with such a change older than the age of a proof.
    pub(super) unlabelled: Duration,
}

impl Staleness {
    /// Nothing is hidden yet. `max_age`: the age of a proof from which on Live must not be reported.
    pub(super) fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            hidden: HashMap::new(),
            looked: None,
            unlabelled: Duration::ZERO,
        }
    }

    /// Compares what is shown with what the server holds now. `is_lost`: whether the row of this key is of a source that is
    /// reported as lost.
    pub(super) fn look(
        &mut self,
        now: Instant,
        is_live: bool,
        is_lost: impl Fn(&str) -> bool,
        shown: &Rows,
        server: &Rows,
    ) {
        for (key, row) in server {
            let (theirs, ours) = (changed(row), shown.get(key).and_then(changed));
            if ours >= theirs && ours.is_some() {
                self.hidden.remove(key);
                continue;
            }
            // A change that was hidden until now and is shown meanwhile makes room for the next one.
            let is_shown = |hidden: &Option<String>| hidden.is_some() && ours >= *hidden;
            match self.hidden.get(key) {
                Some((hidden, _)) if !is_shown(hidden) => {}
                _ => drop(self.hidden.insert(key.clone(), (theirs, now))),
            }
        }
        for key in shown.keys().filter(|key| !server.contains_key(*key)) {
            match self.hidden.get(key) {
                Some((None, _)) => {}
                _ => drop(self.hidden.insert(key.clone(), (None, now))),
            }
        }
        self.hidden
            .retain(|key, _| server.contains_key(key) || shown.contains_key(key));
        let since_last = self.looked.replace(now).map(|last| now.saturating_duration_since(last));
        let is_stale = |(key, (_, since)): (&String, &(Option<String>, Instant))| {
            now.saturating_duration_since(*since) > self.max_age && !is_lost(key)
        };
        if is_live && self.hidden.iter().any(is_stale) {
            self.unlabelled += since_last.unwrap_or_default();
        }
    }
}

fn changed(row: &Value) -> Option<String> {
    row.get(CHANGED)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(rows: &[(&str, u32)]) -> Rows {
        let row = |(key, second): &(&str, u32)| {
            let row = json!({"updated_at": format!("2026-11-23T10:00:{second:02}+00:00")});
            ((*key).to_owned(), row)
        };
        rows.iter().map(row).collect()
    }

    /// Looks each second for half a minute; the rows shown and held are functions of the second.
    fn unlabelled(is_live: bool, shown: impl Fn(u32) -> Rows, server: impl Fn(u32) -> Rows) -> u64 {
        unlabelled_but("none", is_live, shown, server)
    }

    /// The same while the row of this key is of a lost source.
    fn unlabelled_but(lost: &str, is_live: bool, shown: impl Fn(u32) -> Rows, server: impl Fn(u32) -> Rows) -> u64 {
        let mut staleness = Staleness::new(Duration::from_secs(10));
        let start = Instant::now();
        for second in 0..30 {
            let now = start + Duration::from_secs(second.into());
            staleness.look(now, is_live, |key| key == lost, &shown(second), &server(second));
        }
        staleness.unlabelled.as_secs()
    }

    #[test]
    fn a_hidden_change_counts_from_the_age_of_a_proof_on_and_only_while_live() {
        let old = |_: u32| rows(&[("a", 1)]);
        assert_eq!(unlabelled(true, old, |_| rows(&[("a", 2)])), 19, "an update");
        assert_eq!(unlabelled(true, old, |_| rows(&[])), 19, "a delete");
        assert_eq!(unlabelled(true, |_| rows(&[]), old), 19, "an insert");
        assert_eq!(unlabelled(false, old, |_| rows(&[("a", 2)])), 0);
        assert_eq!(unlabelled(true, old, old), 0);
    }

    #[test]
    fn rows_of_a_lost_source_are_labelled_and_others_are_not() {
        let old = |_: u32| rows(&[("a", 1), ("b", 1)]);
        let only = |_: u32| rows(&[("a", 2), ("b", 1)]);
        assert_eq!(unlabelled_but("a", true, old, only), 0);
        assert_eq!(unlabelled_but("b", true, old, only), 19);
    }

    #[test]
    fn a_row_that_always_changes_is_not_stale_while_each_change_is_shown() {
        let server = |second: u32| rows(&[("a", second + 1)]);
        assert_eq!(
            unlabelled(true, |second| rows(&[("a", second.saturating_sub(2))]), server),
            0
        );
        assert_eq!(unlabelled(true, |second| rows(&[("a", second.min(5))]), server), 14);
    }
}
