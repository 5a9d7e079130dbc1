//! A snapshot page by page: merging, shared keys, answers too large, sources that cannot be read.

use super::*;
use crate::connection::testing;

struct Run {
    fixture: testing::Fixture,
    sync: Sync,
}

impl Run {
    fn new(sources: usize) -> Self {
        let mut run = Self {
            fixture: testing::Fixture::new(sources),
            sync: Sync::first(sources, 100, Duration::ZERO),
        };
        run.fixture.request(|requests| run.sync.begin(requests));
        run
    }

    fn answer(&mut self, id: u64, result: Result<Page, PageError>) -> Option<Outcome> {
        let remedies = Remedies::default();
        let sync = &mut self.sync;
        self.fixture
            .request(|requests| sync.answer(id, result, false, false, &remedies, requests))
    }

    fn pass(&mut self, time: Duration) -> Option<Outcome> {
        self.fixture.at += time;
        let sync = &mut self.sync;
        self.fixture.request(|requests| sync.run(requests))
    }
}

#[test]
fn pages_are_read_until_an_empty_one_and_merged_after_a_pause() {
    let mut run = Run::new(1);
    for page in [vec![testing::record(r#"{"id":"1"}"#)], Vec::new()] {
        let [request] = run.fixture.fetched().try_into().expect("one page");
        assert_eq!(run.answer(request.id, Ok(page)), None);
    }
    assert_eq!(run.pass(SETTLE), Some(Outcome::Complete));
    let merged = run.sync.merge(&mut run.fixture.sources).expect("whole");
    assert_eq!((merged.added, merged.changes.len()), (1, 1));
}

#[test]
fn rows_that_share_a_key_are_counted_and_reported_once() {
    let mut run = Run::new(1);
    let row = |id: &str, n: u32| testing::record(&format!(r#"{{"id":"{id}","n":{n}}}"#));
    for page in [
        vec![row("", 1), row("", 2), row("a", 3), row("a", 4), row("a", 5)],
        vec![row("b", 6)],
        Vec::new(),
    ] {
        let [request] = run.fixture.fetched().try_into().expect("one page");
        assert_eq!(run.answer(request.id, Ok(page)), None);
    }
    assert_eq!(run.pass(SETTLE), Some(Outcome::Complete));
    let merged = run.sync.merge(&mut run.fixture.sources).expect("whole");
    let kept: Vec<(String, String)> = merged
        .changes
        .iter()
        .map(|change| (change.id.to_string(), change.record.get("n").expect("n").to_string()))
        .collect();
    let last = [("", "2"), ("a", "5"), ("b", "6")].map(|(id, n)| (id.to_owned(), n.to_owned()));
    assert_eq!(kept, last, "the last row of each key stays");
    let (tracked, _) = run.fixture.sources.get_mut(0).expect("a source");
    assert!(!tracked.has_unique_key());
    let report = tracked.take_shared_key_report(&Remedies::default()).expect("a report");
    assert!(
        report.starts_with("3 rows of ") && report.ends_with("name every column of its key."),
        "{report}"
    );
    assert_eq!(tracked.take_shared_key_report(&Remedies::default()), None);
    run.fixture.sources.close();
    let (tracked, _) = run.fixture.sources.get_mut(0).expect("a source");
    assert!(
        tracked.take_shared_key_report(&Remedies::default()).is_some(),
        "again on the next connection"
    );
}

#[test]
fn an_answer_too_large_halves_the_page_and_failures_end_the_snapshot() {
    let mut run = Run::new(1);
    let [request] = run.fixture.fetched().try_into().expect("one page");
    assert_eq!(run.answer(request.id, Err(PageError::TooLarge("57014".into()))), None);
    let mut outcome = None;
    for _ in 0..10 {
        outcome = run.pass(Duration::from_secs(30));
        for request in run.fixture.fetched() {
            assert!(matches!(request.query, PageQuery::After { limit: 50, .. }));
            let error = PageError::Transient {
                text: "503".into(),
                retry_after: None,
            };
            outcome = run.answer(request.id, Err(error));
        }
        if outcome.is_some() {
            break;
        }
    }
    assert!(
        matches!(
            outcome,
            Some(Outcome::Failed {
                class: Class::Retry,
                ..
            })
        ),
        "{outcome:?}"
    );
}

#[test]
fn one_unreadable_source_is_left_out_and_all_of_them_are_a_failure() {
    let mut run = Run::new(2);
    let [first, second] = run.fixture.fetched().try_into().expect("two pages");
    let denied = || Err(PageError::Denied("no".into()));
    let unreadable = run.answer(first.id, denied());
    assert!(matches!(unreadable, Some(Outcome::Unreadable { at: 0, .. })));
    let failed = run.answer(second.id, denied());
    assert!(matches!(
        failed,
        Some(Outcome::Failed {
            class: Class::Fatal,
            ..
        })
    ));
}

#[test]
fn a_snapshot_with_a_gap_in_it_is_not_merged() {
    let mut run = Run::new(1);
    run.sync.restart_later();
    assert!(run.sync.merge(&mut run.fixture.sources).is_err());
}
