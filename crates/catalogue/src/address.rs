//! The address of a database, with the options of libpq that this client adds: `sslmode` and `sslrootcert`.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use super::CatalogueError;

/// Options of an address that are passed on. Other programs' options, such as `pgbouncer=true`, mean nothing here.
const KNOWN: &[&str] = &[
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "channel_binding",
    "target_session_attrs",
];

/// What is checked of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing: the connection is encrypted, and anybody may be at its other end.
    Nothing,
    /// That a trusted authority issued it.
    Issuer,
    /// That, and that it is of this host.
    Host,
}

/// Which authorities are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those of the machine.
    System,
    /// Those of a file.
    File(PathBuf),
}

/// How to connect.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) check: Check,
    pub(crate) roots: Roots,
}

impl Address {
    /// Reads an address. `variable` is an environment variable, as libpq reads `PGSSLMODE` and `PGSSLROOTCERT`.
    pub(crate) fn read(
        address: &SecretString,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CatalogueError> {
        let (text, own) = split(address.expose_secret().trim());
        let option = |name: &str, variable_name: &str| {
            let named = own.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
            named
                .or_else(|| variable(variable_name))
                .filter(|value| !value.is_empty())
        };
        let mut config: Config = text.parse().map_err(|_| CatalogueError::Address)?;
        if config.get_hosts().is_empty() {
            return Err(CatalogueError::Address);
        }
        let roots = match option("sslrootcert", "PGSSLROOTCERT") {
            Some(path) if path != "system" => Some(Roots::File(path.into())),
            Some(_) => Some(Roots::System),
            None => None,
        };
        let mode = option("sslmode", "PGSSLMODE");
        // `require` checks the issuer where authorities are named, as libpq does for the sake of old settings.
        let issuer = match roots {
            Some(_) => Check::Issuer,
            None => Check::Nothing,
        };
        let (mode, check) = match mode.as_deref() {
            // Without a word of the user, what is offered is used and has to be right.
            None => (SslMode::Prefer, Check::Host),
            Some("disable") => (SslMode::Disable, Check::Nothing),
            Some("allow" | "prefer") => (SslMode::Prefer, issuer),
            Some("require") => (SslMode::Require, issuer),
            Some("verify-ca") => (SslMode::Require, Check::Issuer),
            Some("verify-full") => (SslMode::Require, Check::Host),
            Some(_) => return Err(CatalogueError::SslMode),
        };
        // A Unix socket carries no TLS, whatever the mode.
        let is_local = |host: &Host| !matches!(host, Host::Tcp(_));
        config.ssl_mode(match config.get_hosts().iter().all(is_local) {
            true => SslMode::Disable,
            false => mode,
        });
        Ok(Self {
            config,
            check,
            roots: roots.unwrap_or(Roots::System),
        })
    }
}

/// The address without the options that the PostgreSQL client does not take, and `sslmode` and `sslrootcert`.
fn split(text: &str) -> (String, Vec<(String, String)>) {
    let Some((head, query)) = text.rsplit_once('?').filter(|(_, query)| !query.contains('@')) else {
        return (text.to_owned(), Vec::new());
    };
    if !head.contains("://") {
        return (text.to_owned(), Vec::new());
    }
    let mut own = Vec::new();
    let mut passed = Vec::new();
    for option in query.split('&') {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        if KNOWN.contains(&name) {
            passed.push(option);
        } else if matches!(name, "sslmode" | "sslrootcert") {
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            own.push((name.to_owned(), value));
        }
    }
    match passed.is_empty() {
        true => (head.to_owned(), own),
        false => (format!("{head}?{}", passed.join("&")), own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, variables: &[(&str, &str)]) -> Result<(SslMode, Check, Roots), CatalogueError> {
        let address = format!("postgresql://me:hidden?word@db.example:6543/postgres{query}");
        let variable = |name: &str| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let read = Address::read(&address.into(), variable)?;
        assert_eq!(read.config.get_ports(), [6543]);
        assert_eq!(read.config.get_dbname(), Some("postgres"));
        Ok((read.config.get_ssl_mode(), read.check, read.roots))
    }

    #[test]
    fn the_mode_means_what_libpq_means() {
        let (system, file) = (Roots::System, Roots::File("/a b.crt".into()));
        for (query, mode, check, roots) in [
            ("", SslMode::Prefer, Check::Host, &system),
            ("?sslmode=disable", SslMode::Disable, Check::Nothing, &system),
            ("?sslmode=prefer", SslMode::Prefer, Check::Nothing, &system),
            ("?sslmode=require", SslMode::Require, Check::Nothing, &system),
            (
                "?sslmode=require&sslrootcert=/a%20b.crt",
                SslMode::Require,
                Check::Issuer,
                &file,
            ),
            (
                "?sslrootcert=system&sslmode=verify-ca",
                SslMode::Require,
                Check::Issuer,
                &system,
            ),
            (
                "?pgbouncer=true&sslmode=verify-full&connect_timeout=2&sslrootcert=/a b.crt",
                SslMode::Require,
                Check::Host,
                &file,
            ),
        ] {
            assert_eq!(read(query, &[]), Ok((mode, check, roots.clone())), "{query}");
        }
        let variables = [("PGSSLMODE", "require"), ("PGSSLROOTCERT", "/a b.crt")];
        assert_eq!(
            read("", &variables),
            Ok((SslMode::Require, Check::Issuer, file.clone()))
        );
        assert_eq!(
            read("?sslmode=verify-full", &variables),
            Ok((SslMode::Require, Check::Host, file))
        );
        assert_eq!(read("?sslmode=always", &[]), Err(CatalogueError::SslMode));
    }
}
