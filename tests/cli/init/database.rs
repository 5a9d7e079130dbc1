//! `--database-url`, on a PostgreSQL that asks for a password and offers TLS, as the database of a project does.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use demo::{Fixture, Options, Postgres, Server};

use super::{Run, run_in, tables};
use crate::tls::{Authority, FAR_OFF, LONG_AGO};

const KEY: &str = "sb_publishable_hidden";
const PASSWORD: &str = "hidden-word";

/// A server of a schema of another project whose database is reached by TCP, and the folder of the commands.
struct Project {
    server: Server,
    port: u16,
    authority: Authority,
    folder: tempfile::TempDir,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Writes a file in the folder of the data, as the user who runs PostgreSQL.
fn write(postgres: &Postgres, name: &str, text: &str) {
    let sql = format!(
        "copy (select line from unnest(string_to_array($text${text}$text$, E'\\n')) with ordinality l(line, n) order by n) \
         to program 'umask 077; cat > {name}'"
    );
    ask(postgres, &sql);
}

fn ask(postgres: &Postgres, sql: &str) -> String {
    let output = postgres.psql(["-c", sql]).expect("psql starts");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{sql}: {problem}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Lets PostgreSQL read its files again, and waits until it has.
fn reload(postgres: &Postgres) {
    ask(postgres, "alter system set deadlock_timeout = '2s'");
    ask(postgres, "select pg_reload_conf()");
    while ask(postgres, "show deadlock_timeout") != "2s" {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

impl Project {
    /// `host`: the host in the certificate of the database; without one it has no TLS. `None` where PostgreSQL is not
    /// installed.
    fn start(host: Option<&str>) -> Option<Self> {
        if !crate::postgres::is_here() {
            return None;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agent_kanban.sql");
        let port = free_port();
        let fixture = Fixture::load_into(|| Postgres::start_on_tcp(port), &script).expect("a database");
        let authority = Authority::new();
        let postgres = fixture.postgres();
        if let Some(host) = host {
            let (certificate, key) = authority.issue(host, LONG_AGO, FAR_OFF);
            write(postgres, "server.crt", &certificate);
            write(postgres, "server.key", &key);
            ask(postgres, "alter system set ssl = on");
        }
        write(
            postgres,
            "pg_hba.conf",
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256",
        );
        ask(postgres, &format!("alter role postgres password '{PASSWORD}'"));
        reload(postgres);
        let server = Server::start_on((Ipv4Addr::LOCALHOST, 0).into(), Options::default(), fixture);
        Some(Self {
            server: server.expect("a server"),
            port,
            authority,
            folder: tempfile::tempdir().expect("a folder"),
        })
    }

    fn address(&self, rest: &str) -> String {
        format!("postgresql://postgres:{PASSWORD}@127.0.0.1:{}/{rest}", self.port)
    }

    fn run(&self, command: &[&str], address: &str) -> Run {
        let url = self.server.url();
        let project = ["--url", &url, "--key", KEY, "--database-url", address];
        let run = run_in(self.folder.path(), &[command, &project].concat());
        assert!(!run.stdout.contains(PASSWORD), "{}", run.stdout);
        assert!(!run.stderr.contains(PASSWORD), "{}", run.stderr);
        run
    }

    /// `init` finds the tables by the catalogue, and the file keeps no word of the address.
    fn assert_found(&self, address: &str) {
        let run = self.run(&["init", "--json", "--force"], address);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{address}: {}", run.stdout);
        let found = run.json();
        let tables = tables(&found);
        assert!(tables.len() >= 3, "{address}: {tables:?}");
        assert_eq!(found["asked"]["requests"], 0, "{address}");
        let text = fs::read_to_string(self.folder.path().join("opswall.toml")).expect("the file");
        assert!(
            !text.contains(PASSWORD) && !text.contains(&self.port.to_string()),
            "{text}"
        );
    }

    fn assert_refused(&self, address: &str, expected: &str) {
        let run = self.run(&["init", "--json", "--force"], address);
        assert_eq!(run.code, 1, "{address}: {}", run.stdout);
        assert!(run.sentence().contains(expected), "{address}: {}", run.stderr);
    }

    fn file(&self) -> PathBuf {
        self.authority.file()
    }
}

#[test]
fn init_and_doctor_read_the_catalogue_by_tcp_and_say_what_is_wrong() {
    let Some(project) = Project::start(None) else {
        return;
    };
    let address = project.address("postgres");
    project.assert_found(&address);
    let checks_of = |address: &str| {
        fs::remove_file(project.folder.path().join("opswall.toml")).ok();
        let run = project.run(&["doctor", "--json", "--wait", "0"], address);
        let checks = run.json()["checks"].as_array().expect("a list").clone();
        let of_catalogue = |check: &serde_json::Value| check["name"] == "catalogue";
        checks.into_iter().filter(of_catalogue).collect::<Vec<_>>()
    };
    let checks = checks_of(&address);
    assert!(checks.len() >= 3, "{checks:?}");
    let result_of = |table: &str| {
        let check = checks.iter().find(|check| check["table"] == table);
        check.expect(table)["result"].clone()
    };
    assert_eq!(result_of("public.tasks"), "ok", "{checks:?}");
    // It is not in the publication, which REST cannot show.
    assert_eq!(result_of("public.teams"), "failed", "{checks:?}");
    let wrong = format!("postgresql://postgres:{PASSWORD}s@127.0.0.1:{}/postgres", project.port);
    let checks = checks_of(&wrong);
    assert_eq!(checks.len(), 1, "{checks:?}");
    assert_eq!(checks[0]["result"], "failed");
    assert!(
        checks[0]["do"].as_str().unwrap_or_default().contains("password"),
        "{checks:?}"
    );

    project.assert_refused(&wrong, "check user and password");
    project.assert_refused(
        &format!("postgresql://postgres@127.0.0.1:{}/postgres", project.port),
        "check user and password",
    );
    project.assert_refused(&project.address("elsewhere"), "no such database");
    project.assert_refused(&project.address("postgres?sslmode=require"), "offers no TLS");
    project.assert_refused(&project.address("postgres?sslmode=sometimes"), "sslmode");
    for unreachable in ["127.0.0.1:1", "nowhere.invalid"] {
        let address = format!("postgresql://postgres:{PASSWORD}@{unreachable}/postgres");
        project.assert_refused(&address, "cannot be reached");
    }
    // A host that never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let silent = silent.local_addr().expect("an address");
    let address = format!("postgresql://postgres:{PASSWORD}@{silent}/postgres");
    project.assert_refused(&address, "no answer in 5 s");
}

#[test]
fn the_certificate_of_the_database_is_checked_as_the_address_says() {
    let Some(project) = Project::start(Some("127.0.0.1")) else {
        return;
    };
    let with = |options: &str| project.address(&format!("postgres?{options}"));
    let authority = project.file();
    let authority = authority.display();
    project.assert_refused(&project.address("postgres"), "not trusted");
    project.assert_refused(&with("sslmode=verify-full"), "not trusted");
    project.assert_refused(&with("sslmode=verify-full&sslrootcert=/nowhere.crt"), "sslrootcert");
    for options in [
        format!("sslrootcert={authority}"),
        format!("sslmode=verify-full&sslrootcert={authority}"),
        // Neither of them verifies a certificate without authorities.
        "sslmode=require".to_owned(),
        "sslmode=disable".to_owned(),
    ] {
        project.assert_found(&with(&options));
    }
    let other = Authority::new();
    let other = other.file();
    project.assert_refused(
        &with(&format!("sslmode=require&sslrootcert={}", other.display())),
        "not trusted",
    );
}

#[test]
fn a_certificate_of_another_host_is_refused_unless_only_its_issuer_is_checked() {
    let Some(project) = Project::start(Some("db.example")) else {
        return;
    };
    let authority = project.file();
    let with = |mode: &str| {
        let options = format!("postgres?sslmode={mode}&sslrootcert={}", authority.display());
        project.address(&options)
    };
    project.assert_refused(&with("verify-full"), "another host");
    project.assert_found(&with("verify-ca"));
}
