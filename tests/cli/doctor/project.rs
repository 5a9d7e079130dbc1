//! Faults of a project: key, rights, publication, socket.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use demo::{Keys, Options, Server};
use serde_json::json;

use super::{
    program::{Report, diagnose, expect},
    scripted::{Script, serve},
};
use crate::demo::server;

fn examined(script: Script) -> Report {
    let url = serve(script);
    diagnose(&["--url", &url, "--key", "sb_publishable_sesame"])
}

fn with_page(path: &str, status: u16, body: serde_json::Value) -> Script {
    Script {
        pages: [(path.to_owned(), (status, body))].into(),
        ..Script::default()
    }
}

/// A JWT without a signature.
fn jwt(claims: &serde_json::Value) -> String {
    format!(
        "eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl",
        URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}

#[test]
fn a_healthy_project_passes_every_check_and_its_key_is_never_shown() {
    let server = server(100.0);
    let key = "sb_publishable_open_sesame";
    for vsn in ["1.0.0", "2.0.0"] {
        let report = diagnose(&["--url", &server.url(), "--key", key, "--wait", "10", "--vsn", vsn]);
        assert_eq!((report.code, report.overall()), (0, "ok"), "{}", report.text);
        assert!(!report.text.contains("sesame"), "{}", report.text);
        expect(report.check("settings"), "ok", &["flag --url", "flag --key"]);
        expect(report.check("key"), "ok", &["publishable"]);
        expect(report.of_table("rest", "public.agents"), "ok", &["12 rows"]);
        expect(report.check("heartbeat"), "ok", &[]);
        expect(report.check("change"), "ok", &["after its commit"]);
    }
}

#[test]
fn runs_are_checked_once_they_have_a_table() {
    let options = Options {
        rate: 100.0,
        runs: true,
        ..Options::default()
    };
    let server = Server::start((std::net::Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let url = server.url();
    let asked = ["--url", &url, "--key", "sb_publishable_x", "--wait", "10"];
    let report = diagnose(&[&asked[..], &["--runs-table", "workflow_runs"]].concat());
    assert_eq!((report.code, report.overall()), (0, "ok"), "{}", report.text);
    expect(report.of_table("rest", "public.workflow_runs"), "ok", &["rows"]);
    expect(report.of_table("subscribed", "public.workflow_runs"), "ok", &[]);
    expect(report.check("join"), "ok", &["4"]);
    let report = diagnose(&asked);
    assert!(!report.text.contains("workflow_runs"), "{}", report.text);
}

#[test]
fn the_absence_of_changes_is_no_failure_and_a_statement_is_suggested() {
    let server = server(0.0);
    let report = diagnose(&["--url", &server.url(), "--key", "demo"]);
    assert_eq!(report.code, 0, "{}", report.text);
    expect(
        report.check("change"),
        "skipped",
        &[
            "none came in 0.2 s",
            "unknown",
            "--wait",
            "update public.agents set id = id",
        ],
    );
}

#[test]
fn a_refused_key_is_reported_with_the_remedy() {
    let options = Options {
        rate: 0.0,
        keys: Keys::Only(vec!["another".into()]),
        ..Options::default()
    };
    let server = Server::start(([127, 0, 0, 1], 0).into(), options).expect("a server");
    let report = diagnose(&["--url", &server.url(), "--key", "sb_publishable_sesame"]);
    assert_eq!(report.code, 1);
    assert!(!report.text.contains("sesame"), "{}", report.text);
    let failed = report
        .checks()
        .iter()
        .find(|check| check["result"] == "failed")
        .expect("a failure");
    assert!(
        ["auth", "rest"].contains(&failed["name"].as_str().unwrap()),
        "{failed:#}"
    );
    expect(failed, "failed", &["Invalid API key", "publishable key", "--key"]);
}

#[test]
fn a_key_refused_by_the_gateway_blocks_the_later_checks() {
    let body =
        json!({"message": "Invalid API key", "hint": "Double check your Supabase `anon` or `service_role` API key."});
    let report = examined(with_page("/auth/v1/health", 401, body));
    expect(report.check("auth"), "failed", &["Invalid API key", "publishable key"]);
    expect(
        report.of_table("rest", "public.tasks"),
        "skipped",
        &["because auth failed"],
    );
    expect(report.check("websocket"), "skipped", &["because auth failed"]);
    assert_eq!(report.code, 1);
}

#[test]
fn keys_are_read() {
    let year_2100 = 4_102_444_800_i64;
    let soon = jiff::Timestamp::now().as_second() + 3 * 86_400;
    let on = |claims: &serde_json::Value, more: &[&str]| {
        let key = jwt(claims);
        let url = serve(Script::default());
        let mut args = vec!["--url", url.as_str(), "--key", key.as_str()];
        args.extend(more);
        let report = diagnose(&args);
        assert!(!report.text.contains(&key), "{}", report.text);
        report
    };
    let report = on(&json!({"role": "anon", "exp": 1_600_000_000, "iss": "supabase"}), &[]);
    assert_eq!(report.code, 1);
    expect(
        report.check("key"),
        "failed",
        &["role anon", "2020-09-13", "publishable key"],
    );
    expect(report.check("websocket"), "skipped", &["because key failed"]);

    expect(
        on(&json!({"role": "anon", "exp": year_2100}), &[]).check("key"),
        "ok",
        &["role anon", "2100-01-01"],
    );
    expect(
        on(&json!({"role": "anon", "exp": soon}), &[]).check("key"),
        "warning",
        &["days left", "[auth]"],
    );
    expect(
        on(&json!({"exp": year_2100}), &[]).check("key"),
        "failed",
        &["role or expiry"],
    );
    let service = json!({"role": "service_role", "exp": year_2100});
    let report = on(&service, &["--allow-service-key"]);
    expect(
        report.check("key"),
        "warning",
        &["service_role", "row-level security", "publishable"],
    );
    assert_eq!(report.code, 0, "{}", report.text);

    // The key is checked without the network, so the name of another project is never looked up.
    let other = jwt(&json!({"role": "anon", "exp": year_2100, "ref": "another"}));
    let url = serve(Script::default());
    let report = diagnose(&[
        "--realtime-url",
        &format!("{}/realtime/v1/websocket", url.replace("http", "ws")),
        "--rest-url",
        "none",
        "--key",
        &other,
    ]);
    expect(report.check("key"), "ok", &["role anon"]);
    expect(report.check("auth"), "skipped", &[]);
    expect(
        report.of_table("rest", "public.tasks"),
        "skipped",
        &["only the stream is used"],
    );
    expect(report.of_table("subscribed", "public.tasks"), "ok", &[]);
}

#[test]
fn a_missing_table_is_named_and_the_others_pass() {
    let server = server(0.0);
    let report = diagnose(&["--url", &server.url(), "--key", "demo", "--tasks-table", "jobs"]);
    assert_eq!(report.code, 1);
    expect(
        report.of_table("rest", "public.jobs"),
        "failed",
        &["PGRST205", "--tasks-table", "opswall schema", "notify pgrst"],
    );
    expect(
        report.of_table("subscribed", "public.jobs"),
        "failed",
        &[
            "does not exist",
            "--tasks-table",
            "alter publication supabase_realtime add table public.jobs;",
        ],
    );
    for table in ["public.agents", "public.workflows"] {
        expect(report.of_table("rest", table), "ok", &[]);
        expect(report.of_table("subscribed", table), "ok", &[]);
    }
    assert_eq!(report.results("failed"), ["rest", "subscribed"]);
}

#[test]
fn an_unpublished_table_is_named_with_the_statement() {
    let refused = |table: &str| {
        format!(
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect \
             parameters: [event: *, schema: public, table: {table}, filters: [], select: nil]"
        )
    };
    let script = Script {
        // Neither the table nor anything with a name of the form of its partitions is published.
        system: ["My Tasks", "My Tasks_%"]
            .map(|table| (table.to_owned(), ("error".to_owned(), refused(table))))
            .into(),
        ..Script::default()
    };
    let url = serve(script);
    let report = diagnose(&["--url", &url, "--key", "sb_publishable_x", "--tasks-table", "My Tasks"]);
    assert_eq!(report.code, 1);
    let check = report.of_table("subscribed", "public.My Tasks");
    expect(check, "failed", &["not in the publication", "every 60 s"]);
    let sql = check["sql"].as_str().expect("a statement");
    assert!(
        sql.contains("alter publication supabase_realtime add table public.\"My Tasks\";"),
        "{sql}"
    );
    expect(report.of_table("rest", "public.My Tasks"), "ok", &["1 row"]);
    expect(report.of_table("subscribed", "public.agents"), "ok", &[]);
    assert_eq!(report.results("failed"), ["subscribed"]);
}

#[test]
fn other_answers_of_postgrest_are_explained() {
    let error = |code: &str, message: &str| json!({"code": code, "details": null, "hint": null, "message": message});
    for (status, body, result, words) in [
        (
            400,
            error("42703", "column tasks.id does not exist"),
            "failed",
            &["no column id", "id in the [[sources]] of tasks"][..],
        ),
        (
            406,
            error("PGRST106", "Invalid schema: ops"),
            "failed",
            &["exposed schemas"],
        ),
        (
            401,
            error("PGRST303", "JWT expired"),
            "failed",
            &["expired", "publishable key"],
        ),
        (
            500,
            error("57014", "canceling statement due to statement timeout"),
            "failed",
            &["statement_timeout"],
        ),
        (
            503,
            error("PGRST002", "Could not query the database"),
            "failed",
            &["down or starting"],
        ),
        (429, json!({"message": "slow down"}), "failed", &["too many requests"]),
        (
            404,
            json!({"message": "no Route matched with those values"}),
            "failed",
            &["no REST interface"],
        ),
        (
            200,
            json!([{"id": "1", "name": "Ada"}]),
            "warning",
            &["no column says the status", "updated_at", "opswall schema"],
        ),
        (
            200,
            json!([{"name": "Ada"}]),
            "failed",
            &["no id", "id in the [[sources]] of tasks"],
        ),
    ] {
        let report = examined(with_page("/rest/v1/tasks", status, body));
        expect(report.of_table("rest", "public.tasks"), result, words);
        assert_eq!(report.code, i32::from(result == "failed"));
        expect(report.of_table("rest", "public.agents"), "ok", &[]);
    }
}

#[test]
fn an_unanswered_heartbeat_is_reported_as_a_dead_socket() {
    let url = serve(Script {
        answers_beats: false,
        ..Script::default()
    });
    let report = diagnose(&["--url", &url, "--key", "sb_publishable_x", "--timeout", "1"]);
    assert_eq!(report.code, 1);
    expect(report.check("heartbeat"), "failed", &["no answer in 1 s", "dead"]);
    expect(report.check("change"), "skipped", &["because heartbeat failed"]);
    assert_eq!(report.results("failed"), ["heartbeat"]);
}

#[test]
fn a_text_from_the_server_cannot_control_the_terminal_or_show_the_key() {
    let body = json!({"message": "\u{1b}[2J sb_publishable_sesame \u{202e}".repeat(200)});
    let report = examined(with_page("/rest/v1/tasks", 418, body));
    let found = report.of_table("rest", "public.tasks")["found"]
        .as_str()
        .expect("a text")
        .to_owned();
    assert!(
        !found.contains(['\u{1b}', '\u{202e}']) && !found.contains("sesame") && found.len() < 2_000,
        "{found}"
    );
}
