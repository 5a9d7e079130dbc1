//! `opswall schema` on a real PostgreSQL: the script runs twice, and creates everything under any names.

use std::{path::Path, process::Command};

use crate::postgres::Postgres;
use demo::TableId;
use model::schema;
use model::{Kind, Mapping, Record, Row, RowId, RowKey, SourceId, SourceMapping, Status};

/// Runs the program in a folder of its own; returns its exit code and output.
fn printed(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .arg("schema")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const ID: &str = "6f1c0e6a-0000-4000-8000-000000000001";

/// A row of a table as REST would send it.
fn row(postgres: &Postgres, table: &str) -> Record {
    serde_json::from_str(&postgres.ask(&format!("select row_to_json(t) from {table} t"))).expect("a row")
}

fn read(mapping: &Mapping, kind: Kind, record: &Record) -> Row {
    let (source, _) = mapping.first(kind).expect("a source");
    let id = mapping.id_of(source, record).expect("an id");
    assert_eq!(id, RowId::from(ID));
    mapping.read(&RowKey::new(kind, source, id), record)
}

/// Each statement of one transaction sets a later time.
fn assert_touched(postgres: &Postgres, table: &str, column: &str, set: &str) {
    let times = postgres.ask(&format!(
        "begin; select {column} from {table}; update {table} set {set}; select {column} from {table}; \
         update {table} set {set}, {column} = '2001-01-01'; select {column} from {table}; commit"
    ));
    let times: Vec<&str> = times.lines().collect();
    let [first, second, third] = times[..] else {
        panic!("{table}: {times:?}");
    };
    assert!(first < second && second < third, "{table}: {times:?}");
}

fn published(postgres: &Postgres) -> String {
    postgres.ask(
        "select string_agg(schemaname || '.' || tablename, ',' order by tablename collate \"C\") \
         from pg_publication_tables where pubname = 'supabase_realtime'",
    )
}

#[test]
fn the_script_runs_twice_and_creates_what_the_wall_needs() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (code, sql, error) = printed(folder.path(), &[]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(postgres.script(&sql), "");
    postgres.ask(&format!(
        "insert into public.agents (id, name, role, status, current_task_id) values ('{ID}', 'Ada', 'coder', 'working', '{ID}'); \
         insert into public.tasks (id, title, status, priority, progress, agent_id, workflow_id, error_message, needs_human) \
         values ('{ID}', 'Sort it', 'failed', 'high', 40, '{ID}', '{ID}', 'no room', false); \
         insert into public.workflows (id, name, status, steps_completed, steps_total) values ('{ID}', 'Nightly', 'running', 1, 4)"
    ));
    assert_eq!(postgres.script(&sql), "", "the second run");
    assert_eq!(published(&postgres), "public.agents,public.tasks,public.workflows");

    // The wall's default mapping reads a row of it.
    let mapping = Mapping::default();
    let Row::Agent(agent) = read(&mapping, Kind::Agent, &row(&postgres, "public.agents")) else {
        panic!("no agent");
    };
    assert_eq!((&*agent.label, agent.status.status), ("Ada", Status::Running));
    assert_eq!(agent.subtitle.as_deref(), Some("coder"));
    assert_eq!(agent.current_task.expect("a task").id, RowId::from(ID));
    let Row::Task(task) = read(&mapping, Kind::Task, &row(&postgres, "public.tasks")) else {
        panic!("no task");
    };
    assert_eq!((&*task.label, task.status.status), ("Sort it", Status::Failed));
    assert_eq!((task.progress, task.priority), (Some(0.4), Some(2)));
    assert_eq!(
        task.agents
            .iter()
            .chain(&task.workflow)
            .map(|key| key.id.as_str())
            .collect::<Vec<_>>(),
        [ID, ID]
    );
    assert_eq!(task.error.as_deref(), Some("no room"));
    let Row::Workflow(workflow) = read(&mapping, Kind::Workflow, &row(&postgres, "public.workflows")) else {
        panic!("no workflow");
    };
    assert_eq!((&*workflow.label, workflow.status.status), ("Nightly", Status::Running));
    assert_eq!(workflow.progress, Some(0.25));

    for table in ["public.agents", "public.tasks", "public.workflows"] {
        assert_touched(&postgres, table, "updated_at", "status = 'done'");
        assert_eq!(
            postgres.ask(&format!(
                "select count(*) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] \
                 where i.indrelid = '{table}'::regclass and a.attname = 'updated_at'"
            )),
            "1",
            "two runs make one index"
        );
        for role in ["anon", "authenticated"] {
            assert_eq!(
                postgres.ask(&format!("set role {role}; select count(*) from {table}")),
                "1"
            );
            for write in [
                format!("insert into {table} (id) values (default)"),
                format!("update {table} set status = 'idle'"),
                format!("delete from {table}"),
            ] {
                let error = postgres
                    .try_ask(&format!("set role {role}; {write}"))
                    .expect_err("refused");
                assert!(error.contains("permission denied"), "{error}");
            }
            // Hosted projects grant everything to these roles by default. Row-level security still applies.
            postgres.ask(&format!("grant insert, update, delete on {table} to {role}"));
            let error = postgres
                .try_ask(&format!("set role {role}; insert into {table} select * from {table}"))
                .expect_err("refused");
            assert!(error.contains("row-level security"), "{error}");
            let untouched = format!(
                "set role {role}; with u as (update {table} set status = 'idle' returning 1), d as (delete from {table} \
                 returning 1) select (select count(*) from u) + (select count(*) from d)"
            );
            assert_eq!(postgres.ask(&untouched), "0");
        }
    }
}

#[test]
fn the_publication_reports_committed_changes() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.script(&schema::script(&Mapping::default()).expect("SQL"));
    postgres.ask("select pg_create_logical_replication_slot('s', 'pgoutput')");
    postgres.ask("insert into public.tasks (title) values ('one'); update public.tasks set status = 'done'; delete from public.tasks");
    let kinds = postgres.ask(
        "select string_agg(chr(get_byte(data, 0)), '') from pg_logical_slot_get_binary_changes('s', null, null, \
         'proto_version', '1', 'publication_names', 'supabase_realtime')",
    );
    for kind in ['I', 'U', 'D'] {
        assert_eq!(kinds.matches(kind).count(), 1, "{kinds}");
    }
}

#[test]
fn existing_tables_and_rows_are_kept() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.ask(
        "create table public.agents (agent_id text primary key, name text); insert into public.agents values ('a1', 'Old'); \
         create role service_role nologin; create publication supabase_realtime for table public.agents",
    );
    let mut mapping = Mapping::default();
    mapping.edit(|sources| {
        sources[0].id = vec!["agent_id".into()];
        sources[0].updated_at = vec!["touched".into()];
    });
    let sql = schema::script(&mapping).expect("SQL");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(
        postgres.ask("select agent_id, name, touched is not null from public.agents"),
        "a1|Old|t"
    );
    assert_touched(&postgres, "public.agents", "touched", "name = 'New'");
    assert_eq!(published(&postgres), "public.agents,public.tasks,public.workflows");
    // The project's own programs can still write.
    postgres.ask("set role service_role; select count(*) from public.agents");
    postgres
        .ask("alter role service_role bypassrls; set role service_role; insert into public.tasks (title) values ('x')");
}

#[test]
fn a_key_of_several_columns_becomes_the_primary_key() {
    let Some(postgres) = Postgres::start() else { return };
    let mut mapping = Mapping::default();
    mapping.edit(|sources| sources[2].id = vec!["Owner".into(), "name".into()]);
    let sql = schema::script(&mapping).expect("SQL");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "", "the second run");
    postgres.ask("insert into public.workflows (\"Owner\", name) values ('acme', 'a/b'), ('acme', '')");
    assert!(
        postgres
            .try_ask("insert into public.workflows (\"Owner\", name) values ('acme', '')")
            .is_err()
    );
    let ids: Vec<String> = postgres
        .ask("select to_jsonb(w) from public.workflows w order by name")
        .lines()
        .map(|row| Record::from_json(row).expect("a row"))
        .map(|row| mapping.id_of(SourceId::new(2), &row).expect("an id").to_string())
        .collect();
    assert_eq!(ids, ["acme/", "acme/a\\/b"]);
}

#[test]
fn a_partitioned_table_is_published_once() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.ask(
        "create table public.tasks (id int primary key, title text) partition by range (id); \
         create table public.tasks_1 partition of public.tasks for values from (0) to (9)",
    );
    let sql = schema::script(&Mapping::default()).expect("SQL");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "", "the second run");
    assert_eq!(published(&postgres), "public.agents,public.tasks_1,public.workflows");
    assert_eq!(postgres.ask(&schema::list_partitions("public", "tasks")), "tasks_1");
}

#[test]
fn a_publication_of_all_tables_is_not_changed() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.ask("create publication supabase_realtime for all tables");
    let sql = schema::script(&Mapping::default()).expect("SQL");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "");
}

#[test]
fn unusual_names_work() {
    let Some(postgres) = Postgres::start() else { return };
    let long = "ü".repeat(31);
    let longer = format!("{}y", "ü".repeat(31));
    let mut mapping = Mapping::default();
    let names = [
        ("my \"Schema\" :'x'", "Agents; drop table tasks --"),
        ("select", "$opswall$ it's \\ 'quoted' $$"),
        ("select", longer.as_str()),
    ];
    mapping.edit(|sources| {
        for (of, (schema, table)) in sources.iter_mut().zip(names) {
            (of.schema, of.table) = (schema.into(), table.into());
            of.id = vec!["User".into()];
            of.label = vec!["the \"label\"".into()];
            of.status = vec!["record.status".into()];
            of.updated_at = vec![long.clone()];
        }
    });
    mapping.edit(|sources| {
        sources[2].updated_at = vec!["Zuletzt geändert".into()];
        sources[1].progress = vec!["Done so far/of how many".into()];
        sources[1].agent = vec!["assignee_ids".into()];
        sources[1].workflow = vec!["from".into()];
    });
    let sql = schema::script(&mapping).expect("SQL");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "", "the second run");
    assert_eq!(published(&postgres).matches(',').count(), 2, "{}", published(&postgres));

    for of in mapping.sources() {
        let table = schema::qualified(&of.schema, &of.table);
        postgres.ask(&format!(
            "insert into {} (\"User\", \"the \"\"label\"\"\", record) values ('{ID}', 'L', '{{\"status\": \"done\"}}')",
            table
        ));
        let column = schema::quoted(of.updated_at.first().expect("a name"));
        assert_touched(&postgres, &table, &column, "\"the \"\"label\"\"\" = 'M'");
        assert_eq!(
            postgres.ask(&format!("set role anon; select count(*) from {table}")),
            "1"
        );
    }
    let tasks = mapping.sources().get(1).expect("the tasks");
    let tasks = schema::qualified(&tasks.schema, &tasks.table);
    postgres.ask(&format!(
        "update {tasks} set \"Done so far\" = 1, \"of how many\" = 2, assignee_ids = '{{{ID}}}', \"from\" = '{ID}'"
    ));
    let Row::Task(task) = read(&mapping, Kind::Task, &row(&postgres, &tasks)) else {
        panic!("no task");
    };
    assert_eq!(
        (&*task.label, task.status.status, task.progress),
        ("M", Status::Done, Some(0.5))
    );
    assert_eq!(
        task.agents
            .iter()
            .chain(&task.workflow)
            .map(|key| key.id.as_str())
            .collect::<Vec<_>>(),
        [ID, ID]
    );
}

#[test]
fn each_remedy_fixes_its_problem() {
    let Some(postgres) = Postgres::start() else { return };
    let (schema, table) = ("My \"S\"", "the tasks");
    let name = schema::qualified(schema, table);
    postgres.ask(&format!(
        "create role anon; create publication {}; create schema {}; create table {name} (id int primary key); \
         alter table {name} enable row level security; insert into {name} values (1)",
        schema::PUBLICATION,
        schema::quoted(schema),
    ));
    let seen = || postgres.try_ask(&format!("set role anon; select count(*) from {name}"));
    assert!(seen().is_err());
    postgres.ask(&schema::grant(schema, table, "anon"));
    assert_eq!(seen().as_deref(), Ok("0"));
    for _ in 0..2 {
        postgres.ask(&schema::policy(schema, table, "anon"));
        assert_eq!(seen().as_deref(), Ok("1"));
        postgres.ask(&schema::publish(schema, table));
        assert_eq!(published(&postgres), "My \"S\".the tasks");
    }
    assert_eq!(postgres.ask(&schema::list_primary_key(schema, table)), "id");
    postgres.ask("create table public.pairs (b text, a int, primary key (b, a))");
    assert_eq!(postgres.ask(&schema::list_primary_key("public", "pairs")), "b\na");
    postgres.ask("alter table public.pairs drop constraint pairs_pkey");
    for _ in 0..2 {
        postgres.ask(&schema::primary_key("public", "pairs", &["a".into(), "b".into()]));
        assert_eq!(postgres.ask(&schema::list_primary_key("public", "pairs")), "a\nb");
    }
    postgres.ask(&schema::publish_after_drop(schema, table));
    assert_eq!(published(&postgres), "My \"S\".the tasks");
}

#[test]
fn every_reserved_word_is_quoted() {
    let Some(postgres) = Postgres::start() else { return };
    for word in postgres
        .ask("select word from pg_get_keywords() where catcode in ('R', 'T')")
        .lines()
    {
        assert_eq!(schema::quoted(word), format!("\"{word}\""));
    }
}

#[test]
fn the_default_columns_are_those_of_the_demo_feed() {
    for (kind, table) in Kind::ALL
        .into_iter()
        .zip([TableId::Agents, TableId::Tasks, TableId::Workflows])
    {
        let columns = schema::columns(&SourceMapping::of(kind)).expect("columns");
        let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        // The demo feed has no work that waits for people.
        names.retain(|name| *name != "needs_human");
        names.sort_unstable();
        let mut demo: Vec<&str> = table.columns().collect();
        demo.sort_unstable();
        assert_eq!(names, demo);
    }
}

#[test]
fn the_names_come_from_the_settings_and_a_wrong_one_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, sql, _) = printed(
        folder.path(),
        &[
            "--schema",
            "ops",
            "--tasks-table",
            "Jobs",
            "--map",
            "task.label=headline",
        ],
    );
    assert_eq!(code, Some(0));
    for part in [
        "create schema if not exists ops;",
        "ops.\"Jobs\"",
        "headline",
        "ops.agents",
    ] {
        assert!(sql.contains(part), "{part}");
    }
    for (args, words) in [
        (&["--tasks-table", "agents"][..], ["agents", "--tasks-table"]),
        (&["--map", "task.label=ctid"], ["ctid", "the source 'tasks'"]),
        (
            &[
                "--agents-table",
                "a_name_that_is_longer_than_what_postgresql_keeps_of_a_name_of_a_table",
            ],
            ["63 bytes", "the source 'a_name"],
        ),
    ] {
        let (code, sql, error) = printed(folder.path(), args);
        assert_eq!((code, sql.as_str(), error.lines().count()), (Some(2), "", 1), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

#[test]
fn the_script_of_the_pulse_runs_twice_and_walls_can_only_read_it() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (code, sql, error) = printed(folder.path(), &["--pulse", "--every", "5s"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    for _ in 0..2 {
        let told = postgres.script(&sql);
        assert!(
            told.lines().count() == 1 && told.contains("NOTICE:  pg_cron is not installed"),
            "{told}"
        );
        assert_eq!(published(&postgres), "public.opswall_pulse");
    }
    assert_eq!(postgres.ask("select id, seq from public.opswall_pulse"), "1|0");
    // The statement of the job, as it is printed.
    let raise = sql
        .split("perform cron.schedule('opswall-pulse', '5 seconds', '")
        .nth(1);
    let raise = raise.and_then(|rest| rest.split('\'').next()).expect("the statement");
    postgres.ask(raise);
    assert_eq!(
        postgres.ask("select seq, at > now() - interval '1 minute' from public.opswall_pulse"),
        "1|t"
    );
    assert_eq!(postgres.script(&sql).lines().count(), 1);
    assert_eq!(
        postgres.ask("select seq from public.opswall_pulse"),
        "1",
        "the number is kept"
    );
    for role in ["anon", "authenticated"] {
        let read = format!("set role {role}; select seq from public.opswall_pulse");
        assert_eq!(postgres.ask(&read), "1");
        for write in [
            "update public.opswall_pulse set seq = 9",
            "delete from public.opswall_pulse",
        ] {
            let error = postgres
                .try_ask(&format!("set role {role}; {write}"))
                .expect_err("refused");
            assert!(error.contains("permission denied"), "{error}");
        }
    }
    assert!(
        postgres
            .try_ask("insert into public.opswall_pulse (id) values (2)")
            .is_err(),
        "one row"
    );
}

/// A stand-in for pg_cron, which is not installed everywhere: the jobs it was given, by name.
#[test]
fn the_jobs_of_the_pulse_are_replaced_and_one_that_is_refused_is_a_notice() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    postgres.ask(
        "create schema cron; create table cron.job (jobname text primary key, schedule text, command text); \
         create function cron.schedule(name text, schedule text, command text) returns bigint language plpgsql as \
         $$ begin if schedule = '59 seconds' then raise 'invalid schedule: %', schedule; end if; \
         insert into cron.job values (name, schedule, command) on conflict (jobname) do update set schedule = \
         excluded.schedule, command = excluded.command; return 1; end $$",
    );
    let with_extension = |sql: &str| sql.replace("where extname = 'pg_cron'", "where extname = 'plpgsql'");
    for (every, schedule) in [("15s", "15 seconds"), ("1m", "* * * * *"), ("2m", "*/2 * * * *")] {
        let (_, sql, _) = printed(folder.path(), &["--pulse", "--every", every]);
        assert_eq!(postgres.script(&with_extension(&sql)), "");
        let jobs = postgres.ask("select jobname, schedule from cron.job order by jobname");
        let jobs: Vec<&str> = jobs.lines().collect();
        assert_eq!(
            jobs,
            [
                format!("opswall-pulse|{schedule}").as_str(),
                "opswall-pulse-log|17 3 * * *"
            ]
        );
    }
    let (_, sql, _) = printed(folder.path(), &["--pulse", "--every", "59s"]);
    let told = postgres.script(&with_extension(&sql));
    assert!(
        told.contains("pg_cron did not take the job: invalid schedule: 59 seconds"),
        "{told}"
    );
}

#[test]
fn the_script_of_the_pulse_names_its_cost_and_how_to_remove_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for (args, cost) in [
        (&["--pulse"][..], "173,000 messages a month"),
        (&["--pulse", "--every", "5s"], "518,000 messages a month"),
        (&["--pulse", "--every", "60s"], "43,000 messages a month"),
    ] {
        let (code, sql, _) = printed(folder.path(), args);
        assert_eq!(code, Some(0));
        for part in [
            cost,
            "cron.unschedule('opswall-pulse')",
            "drop table public.opswall_pulse",
        ] {
            assert!(sql.contains(part), "{part}: {sql}");
        }
    }
    for args in [
        &["--pulse", "--every", "3s"][..],
        &["--pulse", "--every", "90s"],
        &["--pulse", "--every", "soon"],
        &["--every", "15s"],
    ] {
        let (code, sql, error) = printed(folder.path(), args);
        assert_eq!((code, sql.as_str(), error.lines().count()), (Some(2), "", 1), "{error}");
    }
}
