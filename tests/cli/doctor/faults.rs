//! Faults that real projects have, produced by the demo feed's server: rights, publication, refusals, invalid answers.

use std::time::Duration;

use demo::{AnswerFault, Api, Control, Delays, HANDSHAKES, JOINS, Options, Refusal, Server, Subscribe, TableId};

use super::program::{Report, diagnose, expect};
use crate::demo::server;

/// The report on a feed with 100 changes per second, after `spoil` has changed it.
fn examined(args: &[&str], spoil: impl FnOnce(&Control)) -> Report {
    let server = server(100.0);
    spoil(&server.control());
    let url = server.url();
    let mut all = vec!["--url", url.as_str(), "--key", "sb_publishable_sesame"];
    all.extend(args);
    let report = diagnose(&all);
    assert!(!report.text.contains("sesame"), "{}", report.text);
    report
}

#[test]
fn an_unpublished_table_is_distinguished_from_a_missing_one() {
    let report = examined(&[], |control| {
        control.rules(TableId::Tasks, |rules| rules.is_published = false)
    });
    assert_eq!(report.code, 1);
    let check = report.of_table("subscribed", "public.tasks");
    expect(check, "failed", &["not in the publication", "every 60 s"]);
    expect(
        check,
        "failed",
        &["alter publication supabase_realtime add table public.tasks;"],
    );
    assert!(!check.to_string().contains("partitions"), "{check:#}");
    expect(report.of_table("rest", "public.tasks"), "ok", &["rows"]);
    expect(report.of_table("subscribed", "public.agents"), "ok", &[]);
    assert_eq!(report.results("failed"), ["subscribed"]);
}

#[test]
fn a_role_without_the_right_to_read_is_reported_with_the_statements() {
    let report = examined(&["--wait", "10"], |control| {
        for table in TableId::ALL {
            control.rules(table, |rules| rules.denied.insert("anon".into()));
        }
    });
    assert_eq!(report.code, 1);
    expect(
        report.of_table("rest", "public.tasks"),
        "failed",
        &[
            "permission denied",
            "grant select on public.tasks to anon;",
            "for select to anon using (true);",
        ],
    );
    expect(
        report.check("change"),
        "warning",
        &["may not select", "grant select on public.", " to anon;"],
    );
}

#[test]
fn a_table_without_visible_rows_may_have_row_level_security() {
    let report = examined(&[], |control| control.rules(TableId::Agents, |rules| rules.restrict()));
    assert_eq!((report.code, report.overall()), (0, "warning"));
    let check = report.of_table("rest", "public.agents");
    expect(check, "warning", &["0 rows", "row-level security", "anon"]);
    expect(
        check,
        "warning",
        &[
            "create policy",
            "on public.agents for select to anon using (true);",
            "select count(*)",
        ],
    );
    expect(report.of_table("rest", "public.tasks"), "ok", &[]);
}

#[test]
fn a_table_without_a_primary_key_is_reported() {
    let report = examined(&["--wait", "10"], |control| {
        for table in TableId::ALL {
            control.rules(table, |rules| rules.is_keyless = true);
        }
    });
    expect(
        report.check("change"),
        "warning",
        &["primary key", "add primary key (id);"],
    );
    assert_eq!(report.code, 0, "{}", report.text);
    let quiet = examined(&["--wait", "0.2"], |control| {
        control.set_rate(0.0);
        control.rules(TableId::Tasks, |rules| rules.is_keyless = true);
    });
    // It is known without a change, and is not "ok" anywhere.
    expect(
        quiet.of_table("rest", "public.tasks"),
        "warning",
        &["no primary key", "reads it every 60 s", "add primary key (id);"],
    );
    expect(
        quiet.of_table("subscribed", "public.tasks"),
        "warning",
        &["no primary key"],
    );
    expect(quiet.of_table("subscribed", "public.agents"), "ok", &[]);
    assert_eq!((quiet.code, quiet.overall()), (0, "warning"), "{}", quiet.text);
}

#[test]
fn a_view_is_named_as_one_and_no_statement_publishes_it() {
    let report = examined(&[], |control| {
        control.rules(TableId::Workflows, |rules| rules.is_view = true)
    });
    assert_eq!(report.code, 0, "{}", report.text);
    let check = report.of_table("subscribed", "public.workflows");
    expect(check, "warning", &["is a view", "every 60 s", "--workflows-table"]);
    assert_eq!(check["sql"], serde_json::Value::Null);
    expect(report.of_table("rest", "public.workflows"), "ok", &["rows"]);
}

#[test]
fn partitions_are_accepted_when_they_are_set_and_named_when_they_are_not() {
    let partitioned = |control: &Control| {
        control.rules(TableId::Tasks, |rules| rules.partition = Some("tasks_2026_10".into()));
    };
    for names in ["tasks_2026_%", "tasks_2026_10"] {
        let map = format!("task.partitions={names}");
        let report = examined(&["--map", &map, "--wait", "10"], partitioned);
        assert_eq!(report.code, 0, "{}", report.text);
        let check = report.of_table("subscribed", "public.tasks");
        expect(check, "ok", &["under the names", names]);
        expect(report.check("change"), "ok", &["after its commit"]);
    }
    let report = examined(&[], partitioned);
    assert_eq!(report.code, 1);
    expect(
        report.of_table("subscribed", "public.tasks"),
        "failed",
        &[
            "tables with names like tasks_% are",
            "partitions = [\"tasks_%\"] in the [[sources]] of tasks",
            "pg_inherits where inhparent = 'public.tasks'::regclass",
        ],
    );
    let report = examined(&["--map", "task.partitions=jobs_%"], partitioned);
    assert_eq!(report.code, 1);
    expect(
        report.of_table("subscribed", "public.tasks"),
        "failed",
        &[
            "no table of the publication",
            "jobs_%",
            "correct partitions in the [[sources]] of tasks",
        ],
    );
}

#[test]
fn a_key_of_several_columns_is_read_and_one_that_repeats_is_a_warning() {
    let keyed = |control: &Control| {
        control
            .rules(TableId::Tasks, |rules| rules.set_key(&["status", "id"]))
            .expect("columns of the table");
    };
    let report = examined(&["--map", "task.id=status,id"], keyed);
    expect(report.of_table("rest", "public.tasks"), "ok", &["rows"]);
    let report = examined(&["--map", "task.id=status"], keyed);
    assert_eq!((report.code, report.overall()), (0, "warning"), "{}", report.text);
    expect(
        report.of_table("rest", "public.tasks"),
        "warning",
        &[
            "the status of another row",
            "shows rows with the same status as one",
            "[[sources]] of tasks: id = [",
            "i.indisprimary",
        ],
    );
    let report = examined(&["--map", "task.id=status,nr"], keyed);
    expect(
        report.of_table("rest", "public.tasks"),
        "failed",
        &["no column", "id in the [[sources]] of tasks"],
    );
}

#[test]
fn too_many_joins_are_called_joins_also_when_the_socket_ends() {
    let report = examined(&[], |control| {
        control.refuse_joins("ClientJoinRateLimitReached: Too many joins per second", 3)
    });
    expect(report.check("join"), "failed", &["the project has too many joins"]);
    let refusal = Refusal {
        text: Some("Too many joins per second".into()),
        status: "429".parse().expect("a status"),
        ..Refusal::default()
    };
    let report = examined(&[], |control| control.refuse(refusal, None));
    expect(report.check("websocket"), "failed", &["the project has too many joins"]);
}

#[test]
fn pages_that_the_server_cuts_are_reported() {
    let report = examined(&[], |control| {
        control.set_behaviour(|behaviour| behaviour.max_rows = 50)
    });
    expect(report.of_table("rest", "public.tasks"), "ok", &["pages of 50 at most"]);
    expect(report.of_table("rest", "public.agents"), "ok", &["12 rows"]);
    assert!(
        !report.of_table("rest", "public.agents")["found"]
            .to_string()
            .contains("pages")
    );
}

#[test]
fn a_subscription_that_is_never_confirmed_is_distinguished_from_a_late_one() {
    let never = |behaviour: &mut demo::Behaviour| behaviour.subscribe = Subscribe::Never;
    let report = examined(&["--timeout", "0.4"], |control| control.set_behaviour(never));
    assert_eq!(report.code, 1);
    for table in ["public.agents", "public.tasks", "public.workflows"] {
        expect(
            report.of_table("subscribed", table),
            "failed",
            &["not confirmed in 1 s", "wal_level", "pg_replication_slots"],
        );
    }
    expect(report.check("heartbeat"), "ok", &[]);
    expect(report.check("change"), "skipped", &["because subscribed failed"]);

    let late = |behaviour: &mut demo::Behaviour| behaviour.subscribe = Subscribe::ErrorFirst;
    let report = examined(&["--wait", "10"], |control| control.set_behaviour(late));
    assert_eq!((report.code, report.overall()), (0, "ok"), "{}", report.text);
}

#[test]
fn every_refusal_of_a_handshake_is_explained() {
    for handshake in HANDSHAKES {
        let refusal = Refusal::named(handshake.name).expect("a refusal");
        let report = examined(&[], |control| control.refuse(refusal, None));
        assert_eq!(report.code, 1, "{}", handshake.name);
        expect(
            report.check("websocket"),
            "failed",
            &[handshake.text, &handshake.status.to_string()],
        );
        expect(report.check("join"), "skipped", &["because websocket failed"]);
        expect(report.of_table("rest", "public.tasks"), "ok", &[]);
    }
    let suspended = Refusal {
        text: Some("Realtime was disabled for this tenant".into()),
        status: "403".parse().expect("a status"),
        ..Refusal::default()
    };
    let report = examined(&[], |control| control.refuse(suspended, None));
    expect(
        report.check("websocket"),
        "failed",
        &["switched off", "switch it on in the project's settings"],
    );
}

#[test]
fn every_refusal_of_a_join_is_explained() {
    for join in JOINS {
        let report = examined(&[], |control| control.refuse_joins(join.name, 3));
        assert_eq!(report.code, 1, "{}", join.name);
        // After a refusal the later checks are skipped.
        expect(report.check("join"), "failed", &[]);
        expect(report.check("heartbeat"), "skipped", &["because join failed"]);
        expect(
            report.of_table("subscribed", "public.tasks"),
            "skipped",
            &["because join failed"],
        );
    }
    let report = examined(&[], |control| {
        control.refuse_joins("PrivateOnly: This project only allows private channels", 3)
    });
    expect(
        report.check("join"),
        "failed",
        &["private channels only", "allow public access"],
    );
}

#[test]
fn a_server_as_slow_as_a_hosted_one_passes_every_check() {
    let options = Options {
        delays: Delays::REAL,
        rate: 50.0,
        ..Options::default()
    };
    let server = Server::start(([127, 0, 0, 1], 0).into(), options).expect("a server");
    server
        .control()
        .refuse_joins("ConnectionRateLimitReached: Too many connected users", 1);
    let report = diagnose(&["--url", &server.url(), "--key", "sb_publishable_x"]);
    expect(report.check("join"), "failed", &["Too many connected users", "limits"]);
    let report = diagnose(&["--url", &server.url(), "--key", "sb_publishable_x", "--wait", "10"]);
    assert_eq!((report.code, report.overall()), (0, "ok"), "{}", report.text);
}

#[test]
fn each_invalid_answer_is_one_finding() {
    for (spoil, words) in [
        (AnswerFault::Html(200), &["not JSON", "rest_url"][..]),
        (AnswerFault::Html(503), &["HTTP 503", "down or starting"]),
        (AnswerFault::Garbage, &["not JSON"]),
        (AnswerFault::Half, &["not JSON"]),
        (AnswerFault::Truncate, &["REST does not answer"]),
        (AnswerFault::Hangup, &["REST does not answer"]),
        (AnswerFault::Endless, &["larger than 8 MiB"]),
        (AnswerFault::Wait(30.0), &["no answer in 2 s"]),
        (AnswerFault::Drip(1), &["no answer in 2 s"]),
        (
            AnswerFault::Redirect("https://elsewhere.example/".into()),
            &["elsewhere", "final address"],
        ),
    ] {
        let name = format!("{spoil:?}");
        let report = examined(&["--timeout", "2"], |control| {
            control.inject_answer_fault(Api::Rest, spoil, 0, 1_000)
        });
        assert_eq!(report.code, 1, "{name}");
        expect(report.of_table("rest", "public.agents"), "failed", words);
        // The stream does not depend on REST.
        expect(report.check("websocket"), "ok", &[]);
    }
}

#[test]
fn an_auth_that_is_down_is_a_warning_and_the_other_checks_run() {
    let down = Refusal {
        sockets: false,
        auth: true,
        ..Refusal::default()
    };
    let report = examined(&["--wait", "10"], |control| {
        control.refuse(down, Some(Duration::from_secs(600)))
    });
    let auth = report.check("auth");
    assert!(
        ["ok", "warning"].contains(&auth["result"].as_str().expect("a word")),
        "{auth:#}"
    );
    assert_eq!(report.code, 0, "{}", report.text);
    let report = examined(&[], |control| {
        control.inject_answer_fault(Api::Auth, AnswerFault::Html(502), 0, 10)
    });
    expect(report.check("auth"), "warning", &["HTTP 502", "down or starting"]);
    assert_eq!(report.code, 0, "{}", report.text);
}
