//! Vectors of the snapshot: pages and their merge with the stream.

use super::*;

#[test]
fn s01_s02_s03_reading_goes_on_until_an_empty_page() {
    let mut rig = Rig::syncing(config());
    let thousand: Vec<Value> = (0..1_000).map(|id| json!({ "id": id })).collect();
    let page = rig.fetch();
    rig.answer(&page, &thousand);
    let page = rig.fetch();
    assert_eq!(
        page.query,
        PageQuery::After {
            after: Some("999".into()),
            limit: 1_000
        }
    );
    rig.answer(&page, &[json!({"id": 1_000})]); // fewer than asked for is not the end
    let page = rig.fetch();
    rig.answer(&page, &[]);
    rig.pass(seconds(1));
    assert_eq!(rig.state.len(), 1_001);
}

#[test]
fn s06_a_page_that_may_never_be_read_is_an_error_with_its_remedy() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.fail(
        &page,
        PageError::Fatal("the key may not read public.todos; grant select on it".into()),
    );
    assert_eq!(rig.status(), LinkStatus::Error);
}

#[test]
fn s07_a_page_too_large_is_halved() {
    let mut rig = Rig::syncing(config());
    for limit in [1_000, 500, 250, 125, 62, 50] {
        let page = rig.fetch();
        assert_eq!(page.query, PageQuery::After { after: None, limit });
        rig.fail(&page, PageError::TooLarge("57014".into()));
    }
    rig.pass(seconds(1));
    let page = rig.fetch();
    rig.answer(&page, &[json!({"id": 1})]);
    rig.finish_snapshot(&[]);
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn s08_a_passing_failure_is_waited_out_and_changes_are_kept_meanwhile() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.fail(
        &page,
        PageError::Transient {
            text: "503".into(),
            retry_after: Some(seconds(3)),
        },
    );
    give(&mut rig, V42);
    rig.pass(ms(2_900));
    assert!(rig.fetches.is_empty());
    rig.pass(ms(100));
    rig.finish_snapshot(&[json!({"id": 1, "title": "a"})]);
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn s08_failures_without_end_count_as_a_lost_connection() {
    let mut rig = Rig::syncing(config());
    for _ in 0..100 {
        if let Some(page) = rig.fetches.pop() {
            rig.fail(
                &page,
                PageError::Transient {
                    text: "503".into(),
                    retry_after: None,
                },
            );
        }
        if rig.status() != LinkStatus::Connecting {
            break;
        }
        rig.pass(ms(500));
    }
    assert_eq!(rig.statuses.last().expect("one").retry_in_ms, Some(3_000));
    assert!(rig.reason().contains("503"), "{}", rig.reason());
}

#[test]
fn s09_an_empty_answer_wipes_nothing_before_it_is_confirmed() {
    let mut rig = live(&[json!({"id": 1})]);
    give(&mut rig, V03);
    assert!(resyncs(&mut rig));
    let page = rig.fetch();
    rig.answer(&page, &[]);
    assert_eq!(rig.ids(), ["1"]);
    rig.pass(seconds(1));
    let page = rig.fetch();
    rig.answer(&page, &[]);
    rig.pass(seconds(1));
    assert!(rig.state.is_empty(), "two readings agree");
}

#[test]
fn s11_commits_between_pages_are_all_there_in_the_end() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.answer(&page, &[json!({"id": 2, "v": 0}), json!({"id": 4, "v": 0})]);
    rig.insert(json!({"id": 1, "v": 1})); // below the cursor
    rig.delete(2); // on a page already read
    rig.change("UPDATE", Some(json!({"id": 3, "v": 1})), Some(json!({"id": 9}))); // across the cursor
    let page = rig.fetch();
    rig.answer(&page, &[]);
    let now = [
        json!({"id": 1, "v": 1}),
        json!({"id": 3, "v": 1}),
        json!({"id": 4, "v": 0}),
    ];
    rig.finish_snapshot(&now);
    assert_eq!(rig.state.values().cloned().collect::<Vec<_>>(), now);
}
