//! Refusals, and what each class of them leads to.

use super::*;

#[test]
fn a_final_refusal_is_an_error_at_once_and_names_the_remedy() {
    let mut rig = Rig::started(config());
    rig.refused(401, "Failed to validate JWT signature");
    assert_eq!(rig.status(), LinkStatus::Error);
    assert!(
        rig.reason().contains("refused the key") && rig.reason().contains("--key"),
        "{}",
        rig.reason()
    );
    rig.pass(seconds(1));
    assert_eq!(rig.wake, None);
    assert!(rig.has_notice("refused"));

    let mut rig = Rig::started(config());
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system("postgres_changes", false, "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos, filters: [], select: nil]");
    assert_eq!(
        (rig.status(), rig.closes),
        (LinkStatus::Connecting, 0),
        "it may be read"
    );
    rig.join_ok();
    let page = rig.fetch();
    rig.fail(
        &page,
        PageError::Denied("the table public.todos does not exist; create it".into()),
    );
    assert_eq!((rig.status(), rig.closes), (LinkStatus::Error, 1));
    assert!(
        rig.reason().contains("public.todos does not exist; create it"),
        "{}",
        rig.reason()
    );

    let mut rig = Rig::started(realtime::SessionConfig {
        snapshots: false,
        ..config()
    });
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system("postgres_changes", false, &crate::rig::not_published("todos"));
    assert_eq!((rig.status(), rig.closes), (LinkStatus::Error, 1));
    assert!(
        rig.reason().contains("public.todos does not exist or is not published")
            && rig
                .reason()
                .contains("alter publication supabase_realtime add table public.todos"),
        "{}",
        rig.reason()
    );

    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.fail(
        &page,
        PageError::Fatal("the key may not read public.todos; grant select".into()),
    );
    assert_eq!(rig.status(), LinkStatus::Error);
    assert!(rig.reason().contains("grant select"));
}

#[test]
fn a_refusal_after_success_is_retried() {
    let mut rig = Rig::live(config(), &[]);
    rig.lost();
    rig.pass(seconds(3));
    rig.refused(401, "API key is missing");
    assert_eq!(rig.status(), LinkStatus::Disconnected);
    rig.pass(seconds(6));
    rig.give(Event::SocketOpened);
    rig.join_error("TenantNotFound: Tenant with the given ID does not exist");
    assert_eq!(rig.status(), LinkStatus::Disconnected);
}

#[test]
fn a_server_at_its_limits_is_retried_more_slowly() {
    let mut rig = Rig::started(config());
    rig.refused(429, "Too many connected users");
    // Half of the random share of up to a half.
    assert_eq!(waits(&rig), [6_250]);
    rig.pass(ms(6_250));
    rig.refused(403, "Realtime was disabled for this tenant");
    assert_eq!(waits(&rig), [6_250, 75_000]);
}

#[test]
fn close_codes_of_the_server_are_reported() {
    for (reason, words) in [
        (
            CloseReason::Frame {
                code: 1000,
                text: String::new(),
            },
            "code 1000",
        ),
        (
            CloseReason::Frame {
                code: 1012,
                text: "restart".into(),
            },
            "code 1012: restart",
        ),
        (CloseReason::Lost("connection reset".into()), "connection reset"),
    ] {
        let mut rig = Rig::live(config(), &[]);
        rig.give(Event::SocketClosed(reason));
        assert_eq!(rig.status(), LinkStatus::Disconnected);
        assert!(rig.reason().contains(words), "{}", rig.reason());
        assert_eq!(rig.closes, 0, "it is closed already");
    }
}

#[test]
fn no_table_at_all_is_an_error() {
    let rig = Rig::started(realtime::SessionConfig {
        sources: Vec::new(),
        ..config()
    });
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Error, 0));
}

#[test]
fn an_unreachable_server_is_named_in_the_reason() {
    let mut rig = Rig::started(config());
    rig.give(Event::ConnectFailed(ConnectFailure::Unreachable(
        "no route to the server".into(),
    )));
    assert!(rig.reason().contains("no route to the server"));
}
