//! Signing in over real sockets: by password and by refresh token, for a long time, against refusals and outages.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use crate::{
    account::{KEY, PASSWORD, Place, refresh_token, server},
    listener::Listener,
};
use demo::{AnswerFault, Api, ErrorShape, Refusal, TableId};
use realtime::{Command, LinkStatus};
use serde_json::json;
use settings::FeedSettings;

fn reason(listener: &Listener) -> String {
    let status = listener.statuses.last().expect("a status");
    status.reason.clone().unwrap_or_default()
}

fn notices(listener: &Listener, code: &str) -> usize {
    listener.notices.iter().filter(|notice| notice.code() == code).count()
}

#[test]
fn with_e_mail_and_password_it_signs_in_and_joins_as_the_user() {
    let (place, server) = (Place::new(), server(3_600, 100.0));
    let mut listener = place.by_password(&server);
    listener.until_connected();
    assert_eq!(listener.status_words(), ["connecting", "connected"]);
    listener.until("the end of the token", |listener| {
        listener.link.token_expires_ms.is_some()
    });
    let seen = server.control().state().seen;
    assert_eq!((seen.grants, seen.refused_grants, seen.joins_with_token), (1, 0, 1));
    server.control().pause();
    listener.until_equal(&server.control());
}

/// Twenty lives of a token, renewed at half of each: nobody notices.
#[test]
fn short_lived_tokens_are_renewed_again_and_again_without_one_gap() {
    let (place, server) = (Place::new(), server(2, 300.0));
    place.write("token", &refresh_token(&server));
    let mut listener = place.by_token(&server);
    listener.until_connected();
    let mut files = BTreeSet::from([place.token()]);
    for _ in 0..12 {
        let pushes = server.control().state().seen.token_pushes;
        listener.until("another token", |_| server.control().state().seen.token_pushes > pushes);
        files.insert(place.token());
    }
    assert_eq!(
        listener.status_words(),
        ["connecting", "connected"],
        "{:?}",
        listener.notices
    );
    let seen = server.control().state().seen;
    assert_eq!((seen.connects, seen.joins, seen.refused_grants), (1, 1, 0));
    assert!(
        files.len() >= 10,
        "each new refresh token is written down: {}",
        files.len()
    );
    server.control().pause();
    listener.until_equal(&server.control());
}

#[test]
fn a_rotated_refresh_token_is_in_its_file_before_anything_else_and_the_owners_alone() {
    let (place, server) = (Place::new(), server(2, 50.0));
    // A used token is refused at once: a client that loses its successor cannot refresh any more.
    server.control().set_reuse_interval(Duration::ZERO);
    place.write("token", &refresh_token(&server));
    let first = place.token();
    for round in 0..6_u64 {
        let mut listener = place.by_token(&server);
        listener.until_connected();
        assert_ne!(place.token(), first, "round {round}");
        // Stopped at any moment of a renewal, the next start goes on.
        listener.listen_for(Duration::from_millis(700 + 130 * round));
        drop(listener);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(place.path("token"))
                .expect("the file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
    let names = fs::read_dir(place.0.path()).expect("the folder").count();
    assert_eq!(names, 2, "nothing is left beside the two files");
}

#[test]
fn a_wrong_password_is_one_sentence_and_a_corrected_file_is_read_on_reconnect() {
    for shape in [ErrorShape::Coded, ErrorShape::OAuth] {
        let (place, server) = (Place::new(), server(3_600, 0.0));
        server.control().set_auth_errors(shape);
        place.write("password", "wrong horse");
        let mut listener = place.by_password(&server);
        listener.until("the refusal", |listener| listener.status() == LinkStatus::Error);
        let said = reason(&listener);
        assert!(
            said.contains("password is wrong") && said.contains("first line of"),
            "{said}"
        );
        assert!(!said.contains("wrong horse") && !said.contains('\n'), "{said}");
        assert_eq!(
            server.control().state().seen.connects,
            0,
            "nothing is opened without a token"
        );

        place.write("password", PASSWORD);
        assert!(listener.worker.command(Command::Reconnect));
        listener.until_connected();
    }
}

#[test]
fn auth_endpoints_that_are_down_or_odd_are_tried_again() {
    let (place, server) = (Place::new(), server(3_600, 0.0));
    let control = server.control();
    for (spoil, said) in [
        (
            AnswerFault::Status {
                status: 503,
                text: "upstream is away".into(),
                retry_after: None,
            },
            "HTTP 503",
        ),
        (AnswerFault::Html(200), "returns a web page"),
        (AnswerFault::Html(502), "HTTP 502"),
        (
            AnswerFault::Redirect("http://127.0.0.1:1/".into()),
            "the server redirects",
        ),
        (AnswerFault::Truncate, "signing in"),
        (AnswerFault::Half, "incomplete or not a session"),
        (AnswerFault::Garbage, "incomplete or not a session"),
        (AnswerFault::Endless, "larger than"),
        (AnswerFault::Empty, "no usable session token"),
        (AnswerFault::Hangup, "signing in"),
    ] {
        let name = format!("{spoil:?}");
        control.inject_answer_fault(Api::Auth, spoil, 0, 2);
        let mut listener = place.by_password(&server);
        listener.until_connected();
        let reasons: Vec<_> = listener
            .statuses
            .iter()
            .filter_map(|status| status.reason.clone())
            .collect();
        assert!(
            reasons.iter().any(|reason| reason.contains(said)),
            "{name}: {reasons:?}"
        );
        assert!(!reasons.concat().contains(PASSWORD), "{name}: {reasons:?}");
    }
}

#[test]
fn an_outage_of_the_auth_endpoints_is_outlived_by_the_token_in_force() {
    let (place, server) = (Place::new(), server(6, 50.0));
    let mut listener = place.by_password(&server);
    listener.until_connected();
    let refusal = Refusal {
        sockets: false,
        auth: true,
        ..Refusal::default()
    };
    server.control().refuse(refusal, Some(Duration::from_secs(4)));
    let grants = server.control().state().seen.grants;
    listener.until("a renewal after the outage", |_| {
        server.control().state().seen.grants > grants
    });
    server.control().pause();
    listener.until_connected();
    listener.until_equal(&server.control());
}

#[test]
fn a_session_that_was_ended_goes_on_by_the_password() {
    for shape in [ErrorShape::Coded, ErrorShape::OAuth] {
        let (place, server) = (Place::new(), server(2, 100.0));
        server.control().set_auth_errors(shape);
        let mut listener = place.by_password(&server);
        listener.until_connected();
        server.control().revoke_sessions();
        let pushes = server.control().state().seen.token_pushes;
        listener.until("a new session", |_| server.control().state().seen.token_pushes > pushes);
        assert!(
            server.control().state().seen.refused_grants >= 1,
            "the refresh token was refused"
        );
        assert_eq!(listener.status_words(), ["connecting", "connected"], "nobody noticed");
    }
}

#[test]
fn a_refresh_token_that_is_no_longer_good_is_said_and_a_new_one_in_the_file_heals_it() {
    let (place, server) = (Place::new(), server(3_600, 0.0));
    let used = refresh_token(&server);
    place.write("token", &used);
    server.control().revoke_sessions();
    let mut listener = place.by_token(&server);
    listener.until("the refusal", |listener| listener.status() == LinkStatus::Error);
    let said = reason(&listener);
    assert!(said.contains("sign in again") && said.contains("token"), "{said}");
    assert!(!said.contains(&used), "{said}");

    place.write("token", &refresh_token(&server));
    assert!(listener.worker.command(Command::Reconnect));
    listener.until_connected();
}

/// A wall and a tail with one file: each takes over what the other wrote.
#[test]
fn two_programs_share_a_refresh_token_file() {
    let (place, server) = (Place::new(), server(3, 50.0));
    place.write("token", &refresh_token(&server));
    let mut one = place.by_token(&server);
    one.until_connected();
    let mut other = place.by_token(&server);
    other.until_connected();
    for _ in 0..8 {
        one.listen_for(Duration::from_millis(500));
        other.listen_for(Duration::from_millis(500));
    }
    for listener in [&one, &other] {
        assert_eq!(
            listener.status_words(),
            ["connecting", "connected"],
            "{:?}",
            listener.notices
        );
    }
}

#[test]
fn a_file_that_cannot_be_written_is_a_notice_once_and_the_token_lives_in_memory() {
    let (place, server) = (Place::new(), server(2, 50.0));
    let folder = place.path("away");
    fs::create_dir(&folder).expect("a folder");
    let mut settings = {
        fs::write(folder.join("token"), refresh_token(&server)).expect("written");
        fs::rename(folder.join("token"), place.path("token")).expect("moved");
        place.settings(&server.url(), true)
    };
    settings.reconcile_interval = None;
    // Where the token stood there is no folder any more.
    let away = place.0.path().with_extension("gone");
    fs::rename(place.0.path(), &away).expect("moved away");
    let mut listener = Listener::start(settings);
    listener.until_connected();
    listener.until("the notice", |listener| notices(listener, "token_unsaved") > 0);
    let grants = server.control().state().seen.grants;
    listener.until("more renewals", |_| server.control().state().seen.grants > grants + 3);
    assert_eq!(notices(&listener, "token_unsaved"), 1);
    assert_eq!(listener.status_words(), ["connecting", "connected"]);
    fs::rename(away, place.0.path()).expect("moved back");
}

/// A role that row-level security does not bind is refused from the Auth endpoints as it is from a key.
#[test]
fn a_session_of_the_service_role_is_refused_unless_allowed() {
    let (place, server) = (Place::new(), server(3_600, 0.0));
    let session = json!({
        "access_token": server.control().token("service_role", 3_600),
        "expires_in": 3_600,
        "refresh_token": "next",
    });
    let body = session.to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let auth = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}/auth/v1", auth.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for socket in auth.incoming() {
            let mut socket = socket.expect("a connection");
            // The whole request is in the first packets, and this test does not care what it says.
            let _ = socket.read(&mut [0; 4_096]);
            let _ = socket.write_all(answer.as_bytes());
        }
    });
    for allowed in [false, true] {
        let mut settings = place.settings(&server.url(), false);
        settings.allow_service_key = allowed;
        settings.auth.as_mut().expect("a sign-in").url = url.parse().expect("a url");
        let mut listener = Listener::start(settings);
        if allowed {
            listener.until_connected();
        } else {
            listener.until("the refusal", |listener| listener.status() == LinkStatus::Error);
            let said = reason(&listener);
            assert!(
                said.contains("service_role") && said.contains("--allow-service-key"),
                "{said}"
            );
        }
    }
}

/// Rows that only signed-in users see: a wall by key alone sees none and says so or stays empty, a signed-in one sees
/// the policy's rows, by snapshot, by stream and over renewals.
#[test]
fn rows_behind_row_level_security_are_followed_as_the_user_who_signed_in() {
    let (place, server) = (Place::new(), server(2, 200.0));
    let control = server.control();
    for table in TableId::ALL {
        control
            .rules(table, |rules| rules.allow("authenticated", "true"))
            .expect("a policy");
    }
    let mut anonymous = Listener::start(FeedSettings {
        auth: None,
        ..place.settings(&server.url(), false)
    });
    let mut user = place.by_password(&server);
    user.until_connected();
    anonymous.listen_for(Duration::from_secs(5));
    assert!(anonymous.rows.is_empty(), "the key alone sees nothing");
    control.pause();
    user.until_equal(&control);
    assert!(!user.rows.is_empty());
    assert_eq!(user.status_words(), ["connecting", "connected"], "{:?}", user.notices);
    assert!(control.state().seen.token_pushes >= 2);
}

#[test]
fn the_handle_of_the_network_thread_prints_no_secret() {
    let (place, server) = (Place::new(), server(3_600, 50.0));
    place.write("token", &refresh_token(&server));
    for by_token in [false, true] {
        let settings = place.settings(&server.url(), by_token);
        let printed_settings = format!("{settings:?}");
        let mut listener = Listener::start(settings);
        listener.until_connected();
        let printed = format!("{printed_settings} {:?}", listener.worker);
        for secret in [KEY, PASSWORD, &place.token(), "eyJ"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
