//! The official JavaScript client on the demo feed's server. It needs Node and `npm ci` in tests/interop, and prints why it
//! was skipped.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use demo::{Options, Server};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// Why the official client cannot run here, if it cannot.
fn obstacle() -> Option<&'static str> {
    let node = Command::new("node").arg("--version").output();
    if !node.is_ok_and(|output| output.status.success()) {
        return Some("there is no node on the path");
    }
    if !folder().join("node_modules/@supabase/realtime-js").is_dir() {
        return Some("tests/interop/node_modules is not there: run `npm ci` in tests/interop");
    }
    None
}

fn run_client(version: Option<&str>) {
    if let Some(reason) = obstacle() {
        println!("SKIPPED, the official client did not join our server: {reason}");
        return;
    }
    let options = Options {
        rate: 30.0,
        broadcast: true,
        ..Options::default()
    };
    let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), options).expect("a server");
    let mut node = Command::new("node");
    node.arg("interop.mjs")
        .current_dir(folder())
        .env("OPSWALL_DEMO_URL", server.url());
    if let Some(version) = version {
        node.env("OPSWALL_DEMO_VSN", version);
    }
    let output = node.output().expect("node runs");
    let output_text = String::from_utf8_lossy(&output.stdout);
    let error_text = String::from_utf8_lossy(&output.stderr);
    println!("{output_text}");
    assert!(
        output.status.success() && output_text.contains("interop passed"),
        "{output_text}\n{error_text}"
    );
}

#[test]
fn the_official_client_joins_and_receives_changes() {
    run_client(None);
}

#[test]
fn the_official_client_works_with_the_older_serializer() {
    run_client(Some("1.0.0"));
}
