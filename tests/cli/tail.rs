//! `opswall tail` and other commands as a user runs them: exit codes, lines and sentences.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use crate::{
    demo::server,
    tls::{Authority, FAR_OFF, LONG_AGO},
};
use demo::{Cut, Refusal, TableId};
use model::Kind;
use serde_json::Value;

/// Runs the program in a folder of its own, without settings from elsewhere.
fn opswall(folder: &Path, args: &[&str]) -> Output {
    opswall_trusting(None, folder, args)
}

/// Runs the program with the trusted certificates in a file.
fn opswall_trusting(authorities: Option<&Path>, folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(authorities.map(|file| ("SSL_CERT_FILE", file)))
        .env("HOME", folder)
        .output()
        .expect("the program starts")
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn the_dump_equals_the_rows_of_the_server() {
    follow_and_compare(&[], &[TableId::Agents, TableId::Tasks, TableId::Workflows]);
}

/// Runs are a fourth table, which is followed once it is named.
#[test]
fn runs_are_followed_like_the_others() {
    follow_and_compare(&["--runs-table", "workflow_runs"], &TableId::ALL);
}

/// The poller is gone, no row changes, and no frame says anything: the pulse that does not arrive does.
#[test]
fn a_poller_that_is_gone_is_noticed_by_the_pulse() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = demo::Options {
        rate: 0.0,
        pulse: Some(Duration::from_secs(1)),
        ..demo::Options::default()
    };
    let server = demo::Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let control = server.control();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(8));
        control.end_poller(Duration::from_secs(120));
    });
    let url = server.url();
    let output = opswall(
        folder.path(),
        &["tail", "--json", "--url", &url, "--key", "demo", "--for", "25"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    let lines = lines(&output);
    let statuses = of_kind(&lines, "status");
    let connected = statuses.iter().position(|line| line["status"] == "connected");
    let after = &statuses[connected.expect("it was live") + 1..];
    let reasons: Vec<&str> = after.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("the pulse is missing")),
        "{reasons:?}"
    );
    assert_eq!(after.last().map(|line| &line["status"]), Some(&"connecting".into()));
    let summary = lines.last().expect("a summary");
    assert_eq!(
        (&summary["connects"], of_kind(&lines, "synced").len() > 1),
        (&1.into(), true)
    );
    let tables: std::collections::HashSet<_> = of_kind(&lines, "change")
        .iter()
        .map(|line| line["table"].to_string())
        .collect();
    assert_eq!(tables.len(), 3, "the rows of the pulse are no changes: {tables:?}");
}

fn follow_and_compare(flags: &[&str], tables: &[TableId]) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(100.0);
    let control = server.control();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        control.pause();
    });
    let url = server.url();
    let output = opswall(
        folder.path(),
        &[
            &[
                "tail",
                "--json",
                "--url",
                &url,
                "--key",
                "demo",
                // The runs of the server, which the search would find, are not looked at here.
                "--tasks-table",
                "tasks",
                "--for",
                "5",
                "--dump",
                "state.jsonl",
            ],
            flags,
        ]
        .concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    let lines = lines(&output);
    let statuses: Vec<_> = of_kind(&lines, "status")
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    assert_eq!(statuses.first(), Some(&"connecting".into()));
    assert_eq!(statuses.last(), Some(&"connected".into()));
    let synced = of_kind(&lines, "synced");
    assert_eq!(synced.len(), 1);
    assert_eq!(synced[0]["epoch"], 1);
    assert_eq!(synced[0]["rows"]["agents"], 12);
    let changes = of_kind(&lines, "change");
    for change in &changes {
        let is_read = change["reading"]["state"].is_string() && change["reading"]["guessed"] == false;
        assert!(is_read || change["op"] == "delete", "{change}");
        assert!(change["source"].is_string(), "{change}");
    }
    assert!(
        changes.len() > 167,
        "the snapshot and what came after: {}",
        changes.len()
    );
    let summary = lines.last().expect("a summary");
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["changes"], changes.len());
    assert_eq!(summary["connects"], 1);
    assert_eq!(summary["resyncs"], 0);
    let agents = summary["rows"]["agents"].as_object().expect("agents by state");
    assert_eq!(agents.values().filter_map(Value::as_u64).sum::<u64>(), 12, "{summary}");

    let dump = std::fs::read_to_string(folder.path().join("state.jsonl")).expect("the dump");
    let dumped: Vec<Value> = dump
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut expected = Vec::new();
    for (kind, table) in Kind::ALL.into_iter().zip(tables) {
        let mut rows = server.control().rows(*table);
        assert!(!rows.is_empty(), "{table:?}");
        rows.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
        expected.extend(
            rows.into_iter()
                .map(|row| serde_json::json!({ "table": kind.plural(), "id": row["id"], "record": row })),
        );
    }
    assert_eq!(dumped.len(), expected.len());
    for (dumped, expected) in dumped.iter().zip(&expected) {
        for field in ["table", "id", "record"] {
            assert_eq!(dumped[field], expected[field]);
        }
        assert_eq!(
            dumped["reading"]["label"],
            expected["record"]["title"].as_str().unwrap_or_else(|| {
                expected["record"]["name"]
                    .as_str()
                    .unwrap_or_else(|| dumped["reading"]["label"].as_str().unwrap())
            })
        );
    }
}

#[test]
fn a_table_whose_grant_is_revoked_is_named_as_lost_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(200.0);
    let control = server.control();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        control.revoke_select(TableId::Tasks, Duration::from_secs(8));
    });
    let url = server.url();
    let output = opswall(
        folder.path(),
        &["tail", "--json", "--url", &url, "--key", "demo", "--for", "18"],
    );
    assert!(output.status.success(), "{}", error(&output));
    let lines = lines(&output);
    let statuses = of_kind(&lines, "status");
    let lost: Vec<(&str, usize)> = statuses
        .iter()
        .map(|line| {
            let lost = line["sources_lost"].as_array().expect("a list");
            (line["status"].as_str().expect("a word"), lost.len())
        })
        .collect();
    // It may catch up with other losses meanwhile.
    let mut connected: Vec<usize> = lost
        .iter()
        .filter(|(word, _)| *word == "connected")
        .map(|(_, lost)| *lost)
        .collect();
    connected.dedup();
    assert_eq!(connected, [0, 1, 0], "{statuses:?}");
    let named = statuses.iter().find_map(|line| line["sources_lost"][0].as_str());
    assert_eq!(named, Some("public.tasks"));
    let notices = of_kind(&lines, "notice");
    let text = |code: &str| {
        let found = notices.iter().find(|line| line["code"] == code);
        found
            .and_then(|line| line["text"].as_str())
            .unwrap_or_else(|| panic!("no {code} in {notices:?}"))
    };
    let loss = text("table_lost");
    assert!(loss.contains("public.tasks") && loss.contains("grant select"), "{loss}");
    let found = text("table_found_again");
    assert!(found.starts_with("public.tasks is followed again; "), "{found}");
}

#[test]
fn five_attempts_with_doubling_delays_end_in_one_sentence_and_exit_code_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let closed_port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|socket| socket.local_addr())
        .expect("a port");
    let url = format!("http://{closed_port}");
    let output = opswall(
        folder.path(),
        &[
            "tail",
            "--json",
            "--url",
            &url,
            "--key",
            "x",
            "--reconnect-interval-ms",
            "100",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    let statuses = of_kind(&lines, "status");
    let waits: Vec<_> = statuses
        .iter()
        .filter_map(|line| line["retry_in_ms"].as_u64())
        .collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600]);
    assert_eq!(statuses.last().map(|line| &line["status"]), Some(&"error".into()));
    let sentence = error(&output);
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.starts_with("opswall: "), "{sentence}");
}

#[test]
fn a_server_that_stops_and_returns_is_followed_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(50.0);
    let control = server.control();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1_500));
        control.refuse(Refusal::default(), Some(Duration::from_millis(700)));
        control.cut(Cut::Rst);
    });
    let url = server.url();
    let output = opswall(
        folder.path(),
        &[
            "tail",
            "--json",
            "--url",
            &url,
            "--key",
            "demo",
            "--for",
            "6",
            "--reconnect-interval-ms",
            "300",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    let lines = lines(&output);
    let mut statuses: Vec<_> = of_kind(&lines, "status")
        .iter()
        .filter_map(|line| line["status"].as_str())
        .collect();
    statuses.dedup();
    assert_eq!(&statuses[..3], ["connecting", "connected", "disconnected"]);
    assert_eq!(statuses.last(), Some(&"connected"));
    assert_eq!(of_kind(&lines, "synced").len(), 2);
    assert!(lines.iter().any(|line| line["code"] == "restored"));
}

#[test]
fn bad_input_is_one_sentence_that_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("typo.toml"), "max_reconect_attempts = 3\n").expect("a file");
    let server = server(0.0);
    let url = server.url();
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["tail"], 2, &["SUPABASE_URL"]),
        (
            &["tail", "--url", "nonsense", "--key", "x"],
            2,
            &["nonsense", "https://"],
        ),
        (
            &["tail", "--config", "typo.toml"],
            2,
            &["max_reconect_attempts", "max_reconnect_attempts"],
        ),
        (&["tail", "--url", &url, "--key", "not-a-key"], 1, &["key"]),
        (
            // One missing table costs itself alone; without any there is nothing to follow.
            &[
                "tail",
                "--url",
                &url,
                "--key",
                "demo",
                "--agents-table",
                "jobs_a",
                "--tasks-table",
                "jobs_t",
                "--workflows-table",
                "jobs_w",
            ],
            1,
            &["public.jobs_", "does not exist"],
        ),
        (
            &["tail", "--url", &url, "--key", "sb_secret_abc"],
            2,
            &["secret", "--allow-service-key"],
        ),
        (&["serve", "--faults", "drop-evry=20s"], 2, &["drop-evry", "drop-every"]),
        (&["serve", "--rate", "-5"], 2, &["--rate must be 0 or more"]),
        (&["serve", "--agents", "many"], 2, &["--agents: give a whole number"]),
        (&["serve", "--population", "wild"], 2, &["wild", "usual", "giant"]),
        (&["tial"], 2, &["unknown command 'tial'", "tail"]),
        (
            &["tail", "--url", &url, "--key", "demo", "--dump", "none/state.jsonl"],
            2,
            &["the dump", "none/state.jsonl", "there is no folder none", "create it"],
        ),
        (
            &["serve", "--listen", url.trim_start_matches("http://")],
            1,
            &["--listen"],
        ),
    ];
    for (args, code, words) in cases {
        let output = opswall(folder.path(), args);
        let sentence = error(&output);
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {sentence}");
        assert_eq!(sentence.lines().count(), 1, "{args:?}: {sentence}");
        for word in *words {
            assert!(sentence.contains(word), "{args:?} lacks {word}: {sentence}");
        }
        assert!(
            !sentence.contains("not-a-key") && !sentence.contains("sb_secret_abc"),
            "{sentence}"
        );
    }
}

#[test]
fn the_summary_is_written_for_people_and_the_log_in_a_file_has_no_colour_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(50.0);
    let url = server.url();
    let output = opswall(
        folder.path(),
        &[
            "tail",
            "--quiet",
            "--verbose",
            "--url",
            &url,
            "--key",
            "demo",
            "--for",
            "2",
            "--dump",
            "state.jsonl",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    let summary = String::from_utf8_lossy(&output.stdout);
    assert_eq!(summary.lines().count(), 1, "{summary}");
    for words in [
        " changes, ",
        " bytes in 2",
        " s of CPU time",
        ", peak memory ",
        " MB; 1 connection, 0 resyncs; 12 agents: ",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    assert!(!error(&output).contains('\u{1b}'), "{}", error(&output));
    assert!(folder.path().join("state.jsonl").is_file());
}

#[test]
fn the_settings_are_printed_with_their_origin_and_without_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("opswall.toml"), "reconnect_jitter = 0.5\n").expect("a file");
    let output = opswall(
        folder.path(),
        &[
            "config",
            "--json",
            "--url",
            "https://x.supabase.co",
            "--key",
            "sb_publishable_sesame",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("sesame"), "{text}");
    let printed: Value = serde_json::from_str(&text).expect("JSON");
    let settings = printed["settings"].as_array().expect("a list");
    let of = |name: &str| {
        settings
            .iter()
            .find(|setting| setting["name"] == name)
            .expect("the setting")
    };
    assert_eq!(of("reconnect_jitter")["value"], 0.5);
    assert!(of("reconnect_jitter")["origin"].to_string().contains("opswall.toml"));
    assert!(of("url")["origin"].to_string().contains("--url"));
}

#[test]
fn over_tls_only_a_server_with_a_trusted_certificate_is_followed() {
    let (folder, authority, server) = (tempfile::tempdir().expect("a folder"), Authority::new(), server(50.0));
    let url = authority.front("127.0.0.1", LONG_AGO, FAR_OFF, server.addr());
    let control = server.control();
    let cutter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(4));
        control.cut(Cut::Rst)
    });
    let args = [
        "tail",
        "--json",
        "--url",
        &url,
        "--key",
        "demo",
        "--reconnect-interval-ms",
        "100",
        "--for",
    ];
    let trusting = opswall_trusting(Some(&authority.file()), folder.path(), &[&args[..], &["8"]].concat());
    assert_eq!(trusting.status.code(), Some(0), "{}", error(&trusting));
    assert!(cutter.join().expect("the cut") > 0, "no connection was cut");
    let printed_lines = lines(&trusting);
    let statuses: Vec<_> = of_kind(&printed_lines, "status")
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    assert_eq!(statuses.last(), Some(&"connected".into()));
    assert_eq!(
        statuses.iter().filter(|status| **status == "connected").count(),
        2,
        "{statuses:?}"
    );
    assert!(!of_kind(&printed_lines, "change").is_empty());

    let distrusting = opswall(folder.path(), &[&args[..], &["1"]].concat());
    let printed_lines = lines(&distrusting);
    let statuses = of_kind(&printed_lines, "status");
    assert!(
        statuses.iter().all(|line| line["status"] != "connected"),
        "{statuses:?}"
    );
    let reasons: Vec<_> = statuses.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("certificate")),
        "{reasons:?}"
    );
}
