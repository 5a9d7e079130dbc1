//! Session tokens with a simulated clock: obtained before the first connect, renewed before they expire, pushed to the
//! channel, and renewed once after a refusal.

use std::time::Duration;

use crate::rig::{Rig, config, ms, seconds};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use realtime::{Effect, Event, FeedEvent, LinkStatus, PageError, SessionConfig, TokenError};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3_600);

fn signing_in() -> SessionConfig {
    SessionConfig {
        sign_in: true,
        audit_interval: Some(seconds(60)),
        ..config()
    }
}

fn jwt(user: &str, number: usize) -> String {
    let claims = json!({"role": "authenticated", "sub": user, "exp": 4_102_444_800_u64, "n": number});
    format!("eyJh.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn live(rows: &[Value]) -> Rig {
    let mut rig = Rig::started(signing_in());
    rig.grant(&jwt("u1", 0), HOUR);
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(rows);
    assert_eq!(rig.status(), LinkStatus::Connected);
    rig
}

#[test]
fn a_token_is_obtained_before_the_socket_and_reads_the_pages() {
    let mut rig = Rig::started(signing_in());
    assert_eq!((rig.opens, rig.refreshes, rig.status()), (0, 1, LinkStatus::Connecting));
    rig.grant(&jwt("u1", 0), HOUR);
    assert_eq!(rig.opens, 1);
    rig.give(Event::SocketOpened);
    assert_eq!(rig.tokens_sent(), [jwt("u1", 0)]);
    rig.join_ok();
    rig.system_ok();
    let page = rig.fetch();
    assert_eq!(page.token.expect("a token").expose(), jwt("u1", 0));
}

#[test]
fn a_refused_sign_in_is_an_error_with_its_remedy_and_an_unavailable_one_is_retried() {
    let mut rig = Rig::started(signing_in());
    let text = "the password is refused; correct the file named by [auth] password_file".to_owned();
    rig.give(Event::Token(Err(TokenError::Refused(text))));
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Error, 0));
    assert!(rig.reason().contains("password_file"));

    let mut rig = Rig::started(signing_in());
    rig.give(Event::Token(Err(TokenError::Unavailable {
        text: "HTTP 503".into(),
        retry_after: Some(seconds(20)),
    })));
    let status = rig.statuses.last().expect("a status").clone();
    assert_eq!(
        (status.status, status.retry_in_ms),
        (LinkStatus::Disconnected, Some(25_000)),
        "not sooner than the server asks for, and not with everybody else"
    );
    rig.pass(seconds(25));
    assert_eq!((rig.refreshes, rig.opens), (2, 0));
    rig.grant(&jwt("u1", 0), HOUR);
    assert_eq!(rig.opens, 1);
}

#[test]
fn a_token_is_renewed_before_its_end_and_pushed_and_the_confirmation_is_no_gap() {
    let mut rig = live(&[json!({"id": 1})]);
    let snapshots = rig.synced.len();
    rig.run(HOUR - seconds(361), &[json!({"id": 1})]);
    assert_eq!(rig.refreshes, 1, "not sooner than needed");
    rig.run(seconds(10), &[json!({"id": 1})]);
    assert_eq!(rig.refreshes, 2);
    rig.grant(&jwt("u1", 1), HOUR);
    assert_eq!(rig.tokens_sent(), [jwt("u1", 0), jwt("u1", 1)]);
    rig.pass(seconds(2));
    rig.system_ok();
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Connected, 1));
    assert!(rig.has_notice("token_renewed"));
    rig.run(seconds(10), &[json!({"id": 1})]);
    let later: Vec<_> = rig.synced.iter().skip(snapshots).collect();
    assert!(
        later.iter().all(|report| report.reconcile),
        "only looked at, never mended: {later:?}"
    );
}

#[test]
fn a_week_of_hourly_renewals_causes_no_gap() {
    let rows = [json!({"id": 1})];
    let mut rig = live(&rows);
    let statuses = rig.statuses.len();
    for number in 1..=7 * 24 * 3_600 / (3_600 - 360) {
        let refreshes = rig.refreshes;
        rig.run(HOUR - seconds(360), &rows);
        assert_eq!(rig.refreshes, refreshes + 1, "renewal {number}");
        // Heartbeats are answered as by the server.
        rig.grant(&jwt("u1", number), HOUR);
        rig.pass(seconds(2));
        rig.system_ok();
    }
    assert_eq!((rig.opens, rig.closes), (1, 0), "{:?}", rig.statuses);
    assert_eq!(rig.statuses.len(), statuses, "it was live all the while");
    assert!(
        rig.synced.iter().skip(1).all(|report| report.reconcile),
        "nothing was ever lost"
    );
}

#[test]
fn a_renewal_that_fails_is_tried_again_while_the_old_one_lasts() {
    let mut rig = live(&[]);
    rig.run(HOUR - seconds(355), &[]);
    assert_eq!(rig.refreshes, 2);
    for refreshes in 3..6 {
        rig.give(Event::Token(Err(TokenError::Unavailable {
            text: "HTTP 500".into(),
            retry_after: None,
        })));
        rig.run(seconds(45), &[]);
        assert_eq!(rig.refreshes, refreshes);
    }
    assert_eq!(rig.status(), LinkStatus::Connected);
    rig.grant(&jwt("u1", 1), HOUR);
    assert_eq!(rig.tokens_sent().len(), 2);
}

#[test]
fn an_expired_token_ends_live_even_if_changes_still_arrive() {
    let mut rig = live(&[]);
    rig.run(HOUR - seconds(355), &[]);
    let fail = |rig: &mut Rig| {
        let (text, retry_after) = ("HTTP 500".to_owned(), None);
        rig.give(Event::Token(Err(TokenError::Unavailable { text, retry_after })));
    };
    for _ in 0..6 {
        fail(&mut rig);
        assert_eq!(rig.status(), LinkStatus::Connected);
        rig.run(seconds(60), &[]);
    }
    assert_eq!(rig.status(), LinkStatus::Connecting);
    assert!(rig.reason().contains("has expired"), "{}", rig.reason());
    rig.grant(&jwt("u1", 1), HOUR);
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Connected, 1));
}

#[test]
fn v23_an_expired_token_is_renewed_and_joined_with_at_once_and_only_once() {
    let mut rig = live(&[]);
    rig.system("system", false, "Token has expired 0 seconds ago");
    assert_eq!((rig.status(), rig.refreshes, rig.opens), (LinkStatus::Connecting, 2, 1));
    rig.grant(&jwt("u1", 1), HOUR);
    assert_eq!(rig.opens, 2, "no wait");
    rig.give(Event::SocketOpened);
    assert_eq!(rig.tokens_sent(), [jwt("u1", 0), jwt("u1", 1)]);
    // V30: the fresh token is refused too.
    rig.join_error("InvalidJWTToken: Token has expired 3 seconds ago");
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Disconnected, 2));
    assert!(rig.reason().contains("clock"), "{}", rig.reason());
}

#[test]
fn v30_a_fresh_token_that_is_refused_before_anything_ever_worked_is_an_error() {
    let mut rig = Rig::started(signing_in());
    for number in 0..2 {
        rig.grant(&jwt("u1", number), HOUR);
        rig.give(Event::SocketOpened);
        rig.join_error("MalformedJWT: The token provided is not a valid JWT");
    }
    assert_eq!(rig.status(), LinkStatus::Error);
    assert!(rig.reason().contains("[auth]"), "{}", rig.reason());
}

#[test]
fn s05_a_page_that_finds_the_token_expired_renews_it_and_goes_on() {
    let mut rig = Rig::started(signing_in());
    rig.grant(&jwt("u1", 0), HOUR);
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    let page = rig.fetch();
    rig.fail(&page, PageError::Expired("JWT expired".into()));
    assert_eq!(rig.refreshes, 2);
    rig.grant(&jwt("u1", 1), HOUR);
    rig.pass(seconds(1));
    let page = rig.fetch();
    assert_eq!(page.token.clone().expect("a token").expose(), jwt("u1", 1));
    rig.answer_from(&page, &[json!({"id": 1})]);
    rig.finish_snapshot(&[json!({"id": 1})]);
    assert_eq!((rig.status(), rig.ids()), (LinkStatus::Connected, vec!["1"]));
}

#[test]
fn r20_s09_a_user_who_may_read_nothing_does_not_remove_known_rows() {
    let mut rig = live(&[json!({"id": 1})]);
    rig.run(HOUR - seconds(355), &[json!({"id": 1})]);
    rig.grant(&jwt("u2", 1), HOUR);
    rig.run(seconds(20), &[]);
    assert_eq!(rig.ids(), ["1"], "the row is kept");
    assert_ne!(rig.status(), LinkStatus::Connected);
    assert!(
        rig.statuses
            .iter()
            .filter_map(|status| status.reason.as_deref())
            .any(|text| text.contains("another user"))
            || rig.notices.iter().any(|notice| notice.text.contains("another user"))
    );
}

#[test]
fn r35_v102_after_sleep_the_token_is_renewed_first_and_the_old_socket_is_dropped_at_once() {
    let mut rig = live(&[json!({"id": 1})]);
    rig.wall += HOUR * 3;
    rig.pass(seconds(5));
    assert!(rig.has_notice("woke"));
    assert_eq!(
        (rig.closes, rig.refreshes, rig.opens, rig.status()),
        (1, 2, 1, LinkStatus::Connecting)
    );
    rig.grant(&jwt("u1", 1), HOUR);
    assert_eq!(rig.opens, 2);
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[json!({"id": 1}), json!({"id": 2})]);
    let said = rig
        .notices
        .iter()
        .find(|notice| notice.code() == "restored")
        .expect("said");
    assert!(
        said.text.contains("3 h"),
        "the time of the suspension is counted: {}",
        said.text
    );
}

#[test]
fn r35_a_frozen_process_drops_its_socket_whether_a_timer_or_a_frame_comes_first() {
    let mut rig = Rig::live(config(), &[]);
    // The process continues a minute late, with a frame of the old socket.
    rig.at += seconds(65);
    rig.lost();
    assert!(rig.has_notice("woke"));
    assert_eq!((rig.closes, rig.opens, rig.status()), (1, 2, LinkStatus::Connecting));
    // A clock set back, or forward by a little, does not count as a suspension.
    let mut rig = Rig::live(config(), &[]);
    rig.wall -= HOUR;
    rig.pass(seconds(5));
    rig.wall += seconds(10);
    rig.pass(seconds(5));
    assert_eq!((rig.closes, rig.status()), (0, LinkStatus::Connected));
}

#[test]
fn a_wall_clock_set_forward_renews_the_token_in_time() {
    let mut rig = live(&[]);
    rig.wall += seconds(14);
    rig.run(HOUR - seconds(370), &[]);
    assert_eq!(rig.refreshes, 2, "the renewal is due by the wall clock");
}

#[test]
fn a_key_that_expires_soon_is_reported_and_its_end_is_in_the_details() {
    let mut at = config();
    let ends = 1_790_000_000 + 3 * 24 * 3_600;
    let claims = json!({"role": "anon", "exp": ends}).to_string();
    at.access_token = Some(format!("eyJh.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)).as_str().into());
    let mut rig = Rig::live(at, &[]);
    assert!(rig.has_notice("token_ends"));
    rig.pass(ms(300));
    let details = rig.effects.iter().rev().find_map(|action| match action {
        Effect::Emit(FeedEvent::Link(link)) => link.token_expires_ms,
        _ => None,
    });
    assert_eq!(details, Some(ends * 1_000));
}

#[test]
fn no_token_is_in_any_report() {
    let mut rig = live(&[]);
    rig.system("system", false, &format!("bad token {}", jwt("u1", 0)));
    let said = format!("{:?}{:?}{:?}", rig.statuses, rig.notices, rig.session);
    assert!(!said.contains(&jwt("u1", 0)) && !said.contains("eyJ.a.b"));
}
