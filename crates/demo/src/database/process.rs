//! A PostgreSQL server of its own, from the binaries of this machine: its data is in a temporary folder, clients connect
//! through a Unix socket in that folder, and both end with the process that started it, however that process ends.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::DemoError;

/// The oldest version that is used.
const OLDEST: u32 = 15;
/// Time limit of a start, which takes about two seconds.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// Time limit of an end, before the server is killed.
const END_DEADLINE: Duration = Duration::from_secs(10);
/// PostgreSQL's usual port: part of the socket's name.
const PORT: u16 = 5432;
/// The superuser, as in a Supabase project, and the database.
pub(super) const SUPERUSER: &str = "postgres";
/// Runs the server until it reads a line. Its standard input ends without one when the process that started it is gone, even by
/// a signal that cannot be handled; then it removes the folder, too. The arguments are the folder and the command.
const GUARDIAN: &str = r#"
folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r _ <&3 || touch "$folder/orphan"; kill -INT "$server" ) &
watcher=$!
wait "$server"
kill "$watcher" 2>/dev/null
if [ -e "$folder/orphan" ]; then rm -rf "$folder"; fi
"#;

/// A running PostgreSQL server. Dropping it ends the server and removes its data.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    guardian: Child,
    /// The server ends when this is closed.
    lifeline: Option<ChildStdin>,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    /// Whether this machine has the binaries.
    pub fn is_installed() -> bool {
        binaries().is_some()
    }

    /// Starts a server with an empty database. It takes about two seconds.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start; the sentence says what to do.
    pub fn start() -> Result<Self, DemoError> {
        Self::start_on("", PORT)
    }

    /// Starts a server that listens at a port of this machine's own address, too.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start; the sentence says what to do.
    pub fn start_on_tcp(port: u16) -> Result<Self, DemoError> {
        Self::start_on("127.0.0.1", port)
    }

    fn start_on(address: &str, port: u16) -> Result<Self, DemoError> {
        let bin = binaries().ok_or_else(|| {
            DemoError::Database(format!(
                "there is no PostgreSQL {OLDEST} or newer here (postgres, initdb, psql): install it from the system's packages, \
                 for example with apt-get install postgresql"
            ))
        })?;
        let folder = tempfile::Builder::new()
            .prefix("opswall-")
            .tempdir()
            .map_err(|error| failed("make a temporary folder", &error))?;
        if is_root() {
            run(Command::new("chown").arg(format!("{SUPERUSER}:")).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        run(as_owner(bin.join("initdb").as_os_str())
            .args([
                "--no-sync",
                "--no-instructions",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg(format!("--username={SUPERUSER}"))
            .arg("--pgdata")
            .arg(&data)
            .current_dir(folder.path()))?;
        let log = fs::File::create(folder.path().join("log")).map_err(|error| failed("write a log", &error))?;
        let mut guardian = as_owner(OsStr::new("/bin/sh"))
            .args(["-c", GUARDIAN, "opswall-postgres"])
            .arg(folder.path())
            .arg(bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .arg(format!("--listen_addresses={address}"))
            .arg(format!("--port={port}"))
            .args(["-c", "fsync=off", "-c", "wal_level=logical"])
            .args(["-c", "timezone=UTC", "-c", "logging_collector=off"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            // Ctrl-C in the terminal is for the parent, which ends the server in order.
            .process_group(0)
            .spawn()
            .map_err(|error| failed("start PostgreSQL", &error))?;
        let lifeline = guardian.stdin.take();
        let mut postgres = Self {
            folder,
            guardian,
            lifeline,
            bin,
            port,
        };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }

    fn wait_until_ready(&mut self) -> Result<(), DemoError> {
        let started = Instant::now();
        loop {
            let answer = self.psql(["-c", "select 1"])?;
            if answer.status.success() {
                return Ok(());
            }
            let has_ended = !matches!(self.guardian.try_wait(), Ok(None));
            if has_ended || started.elapsed() > START_DEADLINE {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it wrote no log");
                return Err(DemoError::Database(format!("PostgreSQL does not start: {last}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The folder of its Unix socket: the host in connection settings. The user and the database are `postgres`.
    pub fn host(&self) -> &Path {
        self.folder.path()
    }

    /// Its port, which is part of the socket's name.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The command with which a person opens a session as the superuser.
    pub fn psql_line(&self) -> String {
        let name = match is_on_path("psql") {
            true => PathBuf::from("psql"),
            false => self.bin.join("psql"),
        };
        let port = match self.port {
            PORT => String::new(),
            port => format!(" -p {port}"),
        };
        format!(
            "{} -h {}{port} -U {SUPERUSER} {SUPERUSER}",
            name.display(),
            self.folder.path().display()
        )
    }

    /// Runs psql as the superuser. It prints rows only, with `|` between columns, and stops at the first error.
    ///
    /// # Errors
    /// When psql does not start.
    pub fn psql<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Output, DemoError> {
        self.psql_command()
            .args(["-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(args)
            .output()
            .map_err(|error| failed("start psql", &error))
    }

    /// psql as the superuser, quiet and without the files of the user.
    pub(super) fn psql_command(&self) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command
            .args(["-X", "-q", "-U", SUPERUSER, "-d", SUPERUSER, "-h"])
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()])
            .env("PGCLIENTENCODING", "UTF8")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        for name in ["PGPORT", "PGOPTIONS", "PGSERVICE", "PGHOSTADDR"] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The guardian then ends the server, by a fast shutdown, and with it every child process.
        if let Some(mut lifeline) = self.lifeline.take() {
            let _ = lifeline.write_all(b"\n");
        }
        let ending = Instant::now();
        while let Ok(None) = self.guardian.try_wait() {
            if ending.elapsed() > END_DEADLINE {
                let _ = self.guardian.kill();
                let _ = self.guardian.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The folder of the newest PostgreSQL binaries of this machine.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian's folder, and Homebrew's.
    let installed = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    installed
        .map(|version| version.path().join("bin"))
        .chain(std::env::split_paths(&path))
        .filter_map(|bin| Some((version(&bin)?, bin)))
        .filter(|(version, bin)| *version >= OLDEST && ["initdb", "psql"].iter().all(|name| bin.join(name).exists()))
        .max_by_key(|(version, _)| *version)
        .map(|(_, bin)| bin)
}

/// The main version of `postgres` in a folder: 15 for `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version(bin: &Path) -> Option<u32> {
    let postgres = bin.join("postgres");
    if !postgres.exists() {
        return None;
    }
    let answer = Command::new(postgres).arg("--version").output().ok()?;
    let answer = String::from_utf8(answer.stdout).ok()?;
    let number = answer.split_whitespace().nth(2)?;
    number.split(['.', 'b', 'r']).next()?.parse().ok()
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).exists())
}

/// A command as a user who may run PostgreSQL, which root may not.
fn as_owner(program: &OsStr) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    command.arg(program);
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn run(command: &mut Command) -> Result<(), DemoError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| failed(&format!("run {program}"), &error))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("no message");
    Err(DemoError::Database(format!(
        "PostgreSQL could not be prepared: {program} failed with '{line}'"
    )))
}

fn failed(what: &str, error: &std::io::Error) -> DemoError {
    DemoError::Database(format!(
        "cannot {what} ({error}): check the temporary folder and the system's limits"
    ))
}
