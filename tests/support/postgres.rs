//! A PostgreSQL server for one test, from the distribution's binaries. Its data is in a temporary folder, psql connects
//! through a Unix socket, and it is removed at the end.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The oldest supported version.
const OLDEST: u32 = 15;
/// Time limit of a start, which takes about two seconds.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server that runs until it is dropped.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    server: Child,
    bin: PathBuf,
}

/// The folder of the newest PostgreSQL binaries of this machine.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    installed
        .map(|version| version.path().join("bin"))
        .chain(std::env::split_paths(&path))
        .filter_map(|bin| Some((version(&bin)?, bin)))
        .filter(|(version, bin)| *version >= OLDEST && ["initdb", "psql"].iter().all(|name| bin.join(name).exists()))
        .max_by_key(|(version, _)| *version)
        .map(|(_, bin)| bin)
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`
fn version(bin: &Path) -> Option<u32> {
    let told = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    told.split_whitespace()
        .nth(2)?
        .split(['.', 'b', 'r'])
        .next()?
        .parse()
        .ok()
}

/// PostgreSQL refuses to run as root.
fn as_somebody(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Postgres {
    /// Starts a server. `None` where PostgreSQL is not installed, which is printed; in CI it must be installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = binaries() else {
            let text = format!(
                "no PostgreSQL {OLDEST} or newer here (postgres, initdb): install it from the distribution's packages \
                 (apt-get install postgresql)"
            );
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{text}");
            eprintln!("LEFT OUT: {text}");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(folder.path()));
        }
        let data = folder.path().join("data");
        run(as_somebody(&bin.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg("--pgdata")
            .arg(&data)
            .current_dir(folder.path()));
        let server = as_somebody(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "wal_level=logical",
                "-k",
            ])
            .arg(folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).expect("a log"))
            .spawn()
            .expect("the server starts");
        let mut postgres = Self { folder, server, bin };
        postgres.wait();
        Some(postgres)
    }

    fn wait(&mut self) {
        let started = Instant::now();
        while !self.psql(["-c", "select 1"]).status.success() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                self.server.try_wait().expect("a child").is_none(),
                "it ended: {}",
                log()
            );
            assert!(started.elapsed() < DEADLINE, "it does not start: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs psql as the superuser: it prints only rows, with `|` between columns, and stops at the first error.
    pub(crate) fn psql<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        Command::new(self.bin.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                "postgres",
                "-h",
            ])
            .arg(self.folder.path())
            .args(args)
            .env("PGCLIENTENCODING", "UTF8")
            .output()
            .expect("psql starts")
    }

    /// Runs a script from a file, as a user does; returns the standard error.
    pub(crate) fn script(&self, sql: &str) -> String {
        let file = self.folder.path().join("script.sql");
        fs::write(&file, sql).expect("a file");
        let output = self.psql([OsStr::new("-f"), file.as_os_str()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}\n{sql}");
        told
    }

    /// The answer to a query.
    pub(crate) fn ask(&self, sql: &str) -> String {
        self.try_ask(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The answer, or the error.
    pub(crate) fn try_ask(&self, sql: &str) -> Result<String, String> {
        let output = self.psql(["-c", sql]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(text(&output.stderr)),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A fast shutdown ends every child process before the folder is removed.
        let _ = Command::new("kill")
            .args(["-INT", &self.server.id().to_string()])
            .status();
        let _ = self.server.wait();
    }
}
