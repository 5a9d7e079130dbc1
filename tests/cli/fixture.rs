//! `opswall serve --fixture`: a script's tables, read and followed by the program itself.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::postgres;

/// Against hanging, not for measuring.
const WATCHDOG: Duration = Duration::from_secs(60);

const SCRIPT: &str = "
    create table agents (id bigint primary key, name text not null, status text not null);
    create table tasks (id bigint primary key, title text not null, status text not null, agent_id bigint references agents);
    create table workflows (id bigint primary key, name text not null, status text not null);
    insert into agents values (1, 'Ada', 'idle');
    insert into tasks values (1, 'Write', 'queued', 1);
    insert into workflows values (1, 'Daily', 'active');
    grant select on agents, tasks, workflows to anon;
    alter publication supabase_realtime add table agents, tasks;
";

/// A running `opswall serve --fixture`.
struct Serve {
    child: Child,
    url: String,
    /// The command that changes rows, word by word.
    psql: Vec<String>,
}

impl Serve {
    /// Starts it on a script; `None` where PostgreSQL is not installed.
    fn start(folder: &Path, sql: &str) -> Option<Self> {
        if !postgres::is_here() {
            return None;
        }
        fs::write(folder.join("tables.sql"), sql).expect("written");
        let mut child = program(folder, &["serve", "--listen", "127.0.0.1:0", "--fixture", "tables.sql"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (mut url, mut psql) = (None, None);
        for line in lines {
            let line = line.expect("text");
            if let Some((_, text)) = line.split_once("The demo feed is at ") {
                url = Some(text.to_owned());
            }
            if let Some(command) = line.strip_prefix("Change rows: ") {
                psql = Some(command.split(' ').map(str::to_owned).collect());
                break;
            }
        }
        Some(Self {
            child,
            url: url.expect("its address"),
            psql: psql.expect("the command that changes rows"),
        })
    }

    fn change(&self, sql: &str) {
        let (program, args) = self.psql.split_first().expect("a command");
        let output = Command::new(program)
            .args(args)
            .args(["-q", "-c", sql])
            .output()
            .expect("psql");
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The folder of its PostgreSQL.
    fn folder(&self) -> PathBuf {
        let host = self.psql.iter().skip_while(|word| *word != "-h").nth(1);
        PathBuf::from(host.expect("a host"))
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(sent.success());
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal("-TERM");
            let _ = self.child.wait();
        }
    }
}

fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opswall"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < WATCHDOG, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn changes_made_by_psql_arrive_and_a_table_that_is_not_published_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(serve) = Serve::start(folder.path(), SCRIPT) else {
        return;
    };
    let dump = folder.path().join("rows.jsonl");
    let mut tail = program(
        folder.path(),
        &["tail", "--json", "--for", "60", "--url", &serve.url, "--key", "demo"],
    )
    .args(["--dump", "rows.jsonl"])
    .stdout(Stdio::piped())
    .spawn()
    .expect("the program starts");
    let mut lines = BufReader::new(tail.stdout.take().expect("its output")).lines();
    let mut until = |is_it: &dyn Fn(&Value) -> bool| {
        let mut seen = Vec::new();
        for line in &mut lines {
            let line: Value = serde_json::from_str(&line.expect("text")).expect("each line is JSON");
            let found = is_it(&line);
            seen.push(line);
            if found {
                return seen;
            }
        }
        panic!("it ended: {seen:?}");
    };
    until(&|line| line["kind"] == "status" && line["status"] == "connected");
    serve.change("insert into tasks values (2, 'Read', 'running', 1)");
    let seen = until(&|line| line["kind"] == "change" && line["record"]["title"] == "Read");
    assert_eq!(seen.last().expect("a line")["id"], "2");
    serve.change("update agents set status = 'offline'");
    until(&|line| line["kind"] == "change" && line["record"]["status"] == "offline");
    serve.change("delete from tasks where id = 1");
    let seen = until(&|line| line["kind"] == "change" && line["op"] == "delete");
    assert_eq!(seen.last().expect("a line")["id"], "1");

    let id = tail.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill")
            .success()
    );
    let rest: Vec<String> = lines.map(|line| line.expect("text")).collect();
    assert!(tail.wait().expect("it ends").success(), "{rest:?}");
    let rows = fs::read_to_string(&dump).expect("the dump");
    let rows: Vec<Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |table: &str| rows.iter().filter(|row| row["table"] == table).collect::<Vec<_>>();
    assert_eq!(of("agents").len(), 1, "{rows:?}");
    assert_eq!(of("agents")[0]["record"]["status"], "offline");
    assert_eq!(of("tasks").len(), 1);
    assert_eq!(of("tasks")[0]["record"]["title"], "Read");

    let doctor = program(
        folder.path(),
        &["doctor", "--url", &serve.url, "--key", "demo", "--wait", "0"],
    )
    .output();
    let doctor = doctor.expect("the program starts");
    let text = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        text.contains("alter publication supabase_realtime add table public.workflows"),
        "{text}"
    );
}

#[test]
fn nothing_is_left_behind_however_it_ends() {
    for signal in ["-TERM", "-INT", "-KILL"] {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(mut serve) = Serve::start(folder.path(), SCRIPT) else {
            return;
        };
        let data = serve.folder();
        let pid = fs::read_to_string(data.join("data/postmaster.pid")).expect("a running server");
        let pid = pid.lines().next().expect("a number").to_owned();
        let is_running = || {
            Command::new("kill")
                .args(["-0", &pid])
                .output()
                .is_ok_and(|kill| kill.status.success())
        };
        assert!(is_running());
        serve.signal(signal);
        let status = serve.child.wait().expect("it ends");
        assert_eq!(status.success(), signal != "-KILL", "{signal}: {status}");
        if signal == "-KILL" {
            wait_until("the server has ended", || !is_running());
            wait_until("the folder is gone", || !data.exists());
        }
        assert!(!is_running() && !data.exists(), "{signal}");
    }
}

#[test]
fn what_cannot_be_served_is_one_sentence() {
    if !postgres::is_here() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("broken.sql"),
        "create table a (id int);\n\ninsert into a values ('x');\n",
    )
    .expect("written");
    let serve = |args: &[&str], path: &str| -> Output {
        let mut command = program(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--fixture"]);
        command
            .args(args)
            .env("PATH", path)
            .output()
            .expect("the program starts")
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let error = |output: &Output| {
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).trim().to_owned()
    };
    assert_eq!(
        error(&serve(&["broken.sql"], &path)),
        "opswall: broken.sql fails in the statement that ends at line 3: invalid input syntax for type integer: \"x\""
    );
    assert_eq!(
        error(&serve(&["none.sql"], &path)),
        "opswall: cannot read none.sql: give the path of a file with SQL"
    );
    let both = serve(&["broken.sql", "--agents", "3"], &path);
    assert_eq!(both.status.code(), Some(2));
}
