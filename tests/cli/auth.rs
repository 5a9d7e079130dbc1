//! Signing in as a user starts the program: what is printed, dumped and left in files.

use std::{
    fs,
    path::Path,
    process::{Command as Process, Output, Stdio},
    time::{Duration, Instant},
};

use crate::account::{KEY, PASSWORD, Place, forgiving, refresh_token, server};
use demo::{AnswerFault, Api};
use lab::server_rows;
use serde_json::Value;

fn opswall(folder: &Path, flags: &[String], more: &[&str]) -> Output {
    Process::new(env!("CARGO_BIN_EXE_opswall"))
        .arg("tail")
        .args(flags)
        .args(more)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("RUST_LOG", "trace")
        .output()
        .expect("the program starts")
}

/// Everything printed at the loudest, searched for everything secret: on a good run and on refused ones.
#[test]
fn no_secret_is_ever_printed() {
    let (place, server) = (Place::new(), server(2, 50.0));
    let control = server.control();
    let first = refresh_token(&server);
    place.write("token", &first);
    let echo = |text: &str| AnswerFault::Status {
        status: 400,
        text: text.to_owned(),
        retry_after: None,
    };
    let dump = place.path("dump").to_string_lossy().into_owned();
    let loud = ["-v", "--json", "--for", "4", "--dump", &dump];
    let mut printed = Vec::new();
    for (by_token, spoil) in [
        (true, None),
        (false, None),
        (false, Some(echo(PASSWORD))),
        (true, Some(echo(&format!("bad key {KEY}")))),
    ] {
        if let Some(spoil) = spoil {
            control.inject_answer_fault(Api::Auth, spoil, 0, 1);
        }
        let output = opswall(place.0.path(), &place.flags(&server.url(), by_token), &loud);
        control.clear_answer_faults();
        printed.extend(output.stdout);
        printed.extend(output.stderr);
        printed.extend(fs::read(place.path("dump")).unwrap_or_default());
    }
    let printed = String::from_utf8_lossy(&printed);
    assert!(
        printed.contains("\"connected\"") && printed.contains("\"error\""),
        "{printed}"
    );
    for secret in [PASSWORD, KEY, &first, &place.token(), "eyJ"] {
        assert!(!printed.contains(secret), "a secret was printed");
    }
    let settings = place.settings(&server.url(), false);
    let debug = format!("{settings:?} {:?}", place.settings(&server.url(), true));
    for secret in [PASSWORD, KEY, &place.token()] {
        assert!(!debug.contains(secret), "{debug}");
    }
}

/// `tail --dump` while tokens come and go: the server's rows.
#[test]
fn a_dump_after_many_tokens_equals_the_servers_rows() {
    let (place, server) = (Place::new(), server(2, 200.0));
    let control = server.control();
    let pausing = server.control();
    let pause = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(8));
        pausing.pause();
    });
    let dump = place.path("dump").to_string_lossy().into_owned();
    let output = opswall(
        place.0.path(),
        &place.flags(&server.url(), false),
        &["--json", "--for", "12", "--dump", &dump],
    );
    pause.join().expect("paused");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        !text.contains("\"disconnected\""),
        "no gap: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut rows = std::collections::BTreeMap::new();
    for line in fs::read_to_string(&dump).expect("the dump").lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let kind = row["table"].as_str().expect("a table").trim_end_matches('s');
        rows.insert(
            format!("{kind} {}", row["id"].as_str().expect("an id")),
            row["record"].clone(),
        );
    }
    assert_eq!(rows, server_rows(&control));
    assert!(control.state().seen.token_pushes >= 5);
}

/// Killed without a chance to tidy up, at any moment of a renewal: the file still opens the door. As on a real server the
/// token before the current one is good, for those who never got the answer.
#[cfg(unix)]
#[test]
fn killed_at_any_moment_the_next_start_signs_in() {
    let (place, server) = (Place::new(), forgiving(2, 50.0, true));
    server.control().set_reuse_interval(Duration::ZERO);
    place.write("token", &refresh_token(&server));
    for round in 0..10_u64 {
        let mut child = Process::new(env!("CARGO_BIN_EXE_opswall"))
            .args(["tail", "--quiet"])
            .args(place.flags(&server.url(), true))
            .env_clear()
            .env("HOME", place.0.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let grants = server.control().state().seen.grants;
        let started = Instant::now();
        while server.control().state().seen.grants < grants + 2 {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "round {round}: it signs in"
            );
            std::thread::sleep(Duration::from_millis(1 + round % 3));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        place.token();
    }
    let mut listener = place.by_token(&server);
    listener.until_connected();
}
