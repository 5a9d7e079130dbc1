//! A PostgreSQL server for one test, from the distribution's binaries. Its data is in a temporary folder, psql connects
//! through a Unix socket, and it is removed at the end.

use std::{ffi::OsStr, process::Output};

/// A server that runs until it is dropped.
pub(crate) struct Postgres(demo::Postgres);

impl Postgres {
    /// Starts a server. `None` where PostgreSQL is not installed, which is printed; in CI it must be installed.
    pub(crate) fn start() -> Option<Self> {
        is_here().then(|| Self(demo::Postgres::start().expect("a server")))
    }

    /// Runs psql as the superuser: it prints only rows, with `|` between columns, and stops at the first error.
    pub(crate) fn psql<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.0.psql(args).expect("psql starts")
    }

    /// Runs a script from a file, as a user does; returns the standard error.
    pub(crate) fn script(&self, sql: &str) -> String {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), sql).expect("written");
        let output = self.psql([OsStr::new("-f"), file.path().as_os_str()]);
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

/// Whether PostgreSQL is installed. Where it is not, that is printed; in CI it must be.
pub(crate) fn is_here() -> bool {
    let is_here = demo::Postgres::is_installed();
    if !is_here {
        let text = "no PostgreSQL 15 or newer here (postgres, initdb, psql): install it from the distribution's packages \
                    (apt-get install postgresql)";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{text}");
        eprintln!("LEFT OUT: {text}");
    }
    is_here
}
