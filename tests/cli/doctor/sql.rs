//! Runs every statement that `doctor` recommends, on a real PostgreSQL in the state for which it is recommended.

use demo::{Control, Subscribe, TableId};
use model::Mapping;
use model::schema;
use serde_json::{Value, json};

use super::{
    program::{Report, diagnose},
    scripted::{Script, serve},
};
use crate::{demo::server, postgres::Postgres};

fn of_demo(rate: f64, args: &[&str], spoil: impl FnOnce(&Control)) -> Report {
    let server = server(rate);
    spoil(&server.control());
    let url = server.url();
    let mut all = vec!["--url", url.as_str(), "--key", "sb_publishable_x"];
    all.extend(args);
    diagnose(&all)
}

fn sql(check: &Value) -> String {
    check["sql"]
        .as_str()
        .unwrap_or_else(|| panic!("no statement in {check:#}"))
        .to_owned()
}

/// Reports on servers that each have one fault.
struct Reports {
    unpublished: Report,
    denied: Report,
    hidden: Report,
    keyless: Report,
    unconfirmed: Report,
    quiet: Report,
    missing: Report,
    slow: Report,
    partitioned: Report,
    shared: Report,
}

fn reports() -> Reports {
    let unpublished = of_demo(0.0, &[], |control| {
        control.rules(TableId::Tasks, |rules| rules.is_published = false)
    });
    let denied = of_demo(100.0, &["--wait", "10"], |control| {
        for table in TableId::ALL {
            control.rules(table, |rules| rules.denied.insert("anon".into()));
        }
    });
    let hidden = of_demo(0.0, &[], |control| {
        control.rules(TableId::Agents, |rules| rules.restrict())
    });
    let keyless = of_demo(100.0, &["--wait", "10"], |control| {
        for table in TableId::ALL {
            control.rules(table, |rules| rules.is_keyless = true);
        }
    });
    let unconfirmed = of_demo(0.0, &["--timeout", "0.4"], |control| {
        control.set_behaviour(|behaviour| behaviour.subscribe = Subscribe::Never)
    });
    let quiet = of_demo(0.0, &[], |_| {});
    let missing = of_demo(0.0, &["--tasks-table", "jobs"], |_| {});
    let slow = json!({"code": "57014", "details": null, "hint": null, "message": "canceling statement"});
    let url = serve(Script {
        pages: [("/rest/v1/tasks".to_owned(), (500, slow))].into(),
        ..Script::default()
    });
    let slow = diagnose(&["--url", &url, "--key", "sb_publishable_x"]);
    let partitioned = of_demo(0.0, &[], |control| {
        control.rules(TableId::Tasks, |rules| rules.partition = Some("tasks_2026_10".into()))
    });
    let shared = of_demo(0.0, &["--map", "task.id=status"], |_| {});
    Reports {
        unpublished,
        denied,
        hidden,
        keyless,
        unconfirmed,
        quiet,
        missing,
        slow,
        partitioned,
        shared,
    }
}

#[test]
fn every_recommended_statement_runs() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.script(&schema::script(&Mapping::default()).expect("SQL"));
    postgres.ask("insert into public.agents (name) values ('Ada')");
    let reports = reports();
    let drop_keys = "alter table public.agents drop constraint agents_pkey; alter table public.tasks drop constraint \
                     tasks_pkey; alter table public.workflows drop constraint workflows_pkey";
    // What is broken first, the recommended statement, and a query that is true afterwards.
    for (before, statement, after) in [
        (
            "alter publication supabase_realtime drop table public.tasks",
            sql(reports.unpublished.of_table("subscribed", "public.tasks")),
            "select count(*) = 1 from pg_publication_tables where tablename = 'tasks'",
        ),
        (
            "revoke select on public.tasks from anon; drop policy \"opswall reads\" on public.tasks",
            sql(reports.denied.of_table("rest", "public.tasks")),
            "select has_table_privilege('anon', 'public.tasks', 'select')",
        ),
        (
            "select 1",
            sql(reports.denied.check("change")),
            "select has_table_privilege('anon', 'public.tasks', 'select')",
        ),
        (
            "drop policy \"opswall reads\" on public.agents",
            sql(reports.hidden.of_table("rest", "public.agents")),
            "set role anon; select count(*) = 1 from public.agents",
        ),
        (
            "select 1",
            sql(reports.unconfirmed.of_table("subscribed", "public.tasks")),
            "select true",
        ),
        (
            "create temporary table before as select updated_at from public.agents",
            sql(reports.quiet.check("change")),
            "select true",
        ),
        (
            "select 1",
            sql(reports.missing.of_table("rest", "public.jobs")),
            "select true",
        ),
        (
            "create table public.jobs (id int primary key)",
            sql(reports.missing.of_table("subscribed", "public.jobs")),
            "select true",
        ),
        (
            "select 1",
            sql(reports.slow.of_table("rest", "public.tasks")),
            "select 'statement_timeout=8s' = any(rolconfig) from pg_roles where rolname = 'anon'",
        ),
        (
            drop_keys,
            sql(reports.keyless.check("change")),
            "select count(*) = 1 from pg_index where indisprimary and indrelid::regclass::text in \
          ('agents', 'tasks', 'workflows', 'public.agents', 'public.tasks', 'public.workflows')",
        ),
        (
            "select 1",
            sql(reports.keyless.of_table("rest", "public.workflows")),
            "select count(*) = 1 from pg_index where indisprimary and indrelid = 'public.workflows'::regclass",
        ),
        (
            "select 1",
            sql(reports.shared.of_table("rest", "public.tasks")),
            "select true",
        ),
        (
            "drop table public.tasks; create table public.tasks (id int primary key) partition by range (id); create table \
             public.tasks_2026_10 partition of public.tasks for values from (0) to (9)",
            sql(reports.partitioned.of_table("subscribed", "public.tasks")),
            "select count(*) = 1 from pg_publication_tables where tablename = 'tasks_2026_10'",
        ),
    ] {
        postgres.ask(before);
        for run in ["the first run", "the second run"] {
            // It panics at the first error.
            postgres.script(&statement);
            assert_eq!(postgres.ask(after), "t", "{run}: {statement}");
        }
    }
}
