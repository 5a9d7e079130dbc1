//! What the property tests of the session share: a modelled server that answers everything for a while, its pages, and the
//! number of cases.

use std::collections::VecDeque;

use crate::rig::Rig;
use proptest::prelude::ProptestConfig;
use realtime::{Command, LinkStatus, PageQuery, PageRequest};
use serde_json::Value;

/// Most pages that are answered in one round.
const MAX_PAGES: usize = 200;

/// Pages that were read at one moment and have not arrived yet.
pub(crate) type ReadPages = VecDeque<(PageRequest, Vec<Value>)>;

/// A modelled server with the session that it answers. A step that the session did not ask for does nothing.
pub(crate) trait Recovering {
    fn rig(&mut self) -> &mut Rig;
    fn read_pages(&mut self) -> &mut ReadPages;
    /// The rows that a request gets now, at most `max_rows` of a page.
    fn rows_of(&self, request: &PageRequest, max_rows: usize) -> Vec<Value>;
    /// Processes the session's effects, and checks that the status is justified.
    fn look(&mut self);
    /// Grants the session token, where the test has sign-ins.
    fn sign_in(&mut self) {}
    fn open(&mut self);
    fn join(&mut self);
    fn confirm(&mut self);
    /// Delivers the next change; false when there is none.
    fn deliver(&mut self) -> bool;
    /// Answers probes, where the test has audits.
    fn answer_probes(&mut self) {}
    fn answer_heartbeats(&mut self);

    /// Reads the page that was asked for first, as the table is now.
    fn read(&mut self, max_rows: usize) {
        if !self.rig().fetches.is_empty() {
            let request = self.rig().fetch();
            let rows = self.rows_of(&request, max_rows);
            self.read_pages().push_back((request, rows));
        }
    }

    /// One of the pages that were read arrives.
    fn arrive(&mut self, which: usize) {
        let count = self.read_pages().len();
        if count > 0
            && let Some((request, rows)) = self.read_pages().remove(which % count)
        {
            self.rig().answer(&request, &rows);
            self.look();
        }
    }

    /// Answers everything that the session has asked for; the user reconnects a session that has given up.
    fn answer_everything(&mut self) {
        if self.rig().status() == LinkStatus::Error {
            self.rig().user(Command::Reconnect);
        }
        self.look();
        self.sign_in();
        self.open();
        self.join();
        self.confirm();
        while self.deliver() {}
        for _ in 0..MAX_PAGES {
            if self.rig().fetches.is_empty() && self.read_pages().is_empty() {
                break;
            }
            self.read(1_000);
            self.arrive(0);
        }
        self.answer_probes();
        self.answer_heartbeats();
        self.look();
    }
}

/// The rows, in the order of their ids, that a request gets: at most `max_rows` of a page.
pub(crate) fn selected(rows: impl Iterator<Item = (i64, Value)>, query: &PageQuery, max_rows: usize) -> Vec<Value> {
    match query {
        PageQuery::After { after, limit } => {
            let after = after
                .as_ref()
                .map_or(i64::MIN, |id| id.as_str().parse().expect("an id"));
            let rows = rows.filter(|(id, _)| *id > after);
            rows.take((*limit).min(max_rows)).map(|(_, row)| row).collect()
        }
        PageQuery::Ids(ids) => {
            let is_asked_for = |id: &i64| ids.iter().any(|asked| *asked.as_str() == id.to_string());
            rows.filter(|(id, _)| is_asked_for(id)).map(|(_, row)| row).collect()
        }
    }
}

/// A change of the table `todos` whose record is not an object.
pub(crate) fn broken_change(topic: &str) -> String {
    format!(
        r#"[null,null,"{topic}","postgres_changes",{{"ids":[100],"data":{{"schema":"public","table":"todos","type":"UPDATE","record":[1]}}}}]"#
    )
}

/// As many cases as `PROPTEST_CASES` says, else 10,000.
pub(crate) fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(10_000),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    }
}
