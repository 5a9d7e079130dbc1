//! The sign-in of `[auth]`, against the demo feed's Auth endpoints.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use demo::{Account, AuthOptions, Options, Server};

use super::program::{Report, diagnose, expect};

const PASSWORD: &str = "open sesame";

fn server() -> Server {
    let options = Options {
        rate: 50.0,
        auth: AuthOptions {
            accounts: vec![Account::checked("wall@example.com", PASSWORD).expect("an account")],
            ..AuthOptions::default()
        },
        ..Options::default()
    };
    Server::start(([127, 0, 0, 1], 0).into(), options).expect("a server")
}

/// A file that only its owner may read.
fn secret(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    path.to_str().expect("UTF-8").to_owned()
}

fn signed_in(server: &Server, password: &str) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let file = secret(folder.path(), "password", password);
    diagnose(&[
        "--url",
        &server.url(),
        "--key",
        "sb_publishable_x",
        "--email",
        "wall@example.com",
        "--password-file",
        &file,
        "--wait",
        "10",
    ])
}

#[test]
fn a_signed_in_user_reads_with_that_role() {
    let server = server();
    let report = signed_in(&server, PASSWORD);
    assert_eq!((report.code, report.overall()), (0, "ok"), "{}", report.text);
    expect(report.check("auth"), "ok", &[]);
    expect(report.check("sign_in"), "ok", &["reads as authenticated", "60 min"]);
    expect(report.of_table("rest", "public.tasks"), "ok", &["rows"]);
    for name in ["join", "heartbeat", "change"] {
        expect(report.check(name), "ok", &[]);
    }
    assert!(!report.text.contains("eyJ"), "no token is shown: {}", report.text);
    let seen = server.control().state().seen;
    assert_eq!((seen.grants, seen.joins_with_token), (1, 3));
}

#[test]
fn a_wrong_password_blocks_the_later_checks() {
    let server = server();
    let report = signed_in(&server, "close sesame");
    assert_eq!(report.code, 1);
    expect(report.check("sign_in"), "failed", &["password"]);
    expect(
        report.of_table("rest", "public.tasks"),
        "skipped",
        &["because sign_in failed"],
    );
    expect(report.check("websocket"), "skipped", &["because sign_in failed"]);
    assert_eq!(report.results("failed"), ["sign_in"]);
    assert!(!report.text.contains("sesame"), "{}", report.text);
}

#[test]
fn without_auth_only_the_key_is_used() {
    let report = diagnose(&["--url", &server().url(), "--key", "sb_publishable_x"]);
    expect(
        report.check("sign_in"),
        "skipped",
        &["no sign-in configured", "using the key only"],
    );
}
