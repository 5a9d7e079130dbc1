//! Everything that any crate logs at its loudest, searched for secrets.

use std::{
    fs, io,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::listener::Listener;
use demo::{Account, AuthOptions, Options, Server};
use settings::{Env, Settings, SettingsArgs};

const EMAIL: &str = "wall@example.com";
const PASSWORD: &str = "correct horse battery";
const KEY: &str = "sb_publishable_wallkey";

/// Keeps every line of both ways to log.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Heard {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}\n", record.target(), record.args());
        self.0.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

#[test]
fn no_crate_logs_a_secret_at_its_loudest() {
    let heard = Heard::default();
    let writer = heard.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    // With the wall tracing takes what is said through `log` as well, and is the logger already.
    let _ = log::set_boxed_logger(Box::new(heard.clone()));
    log::set_max_level(log::LevelFilter::Trace);

    let options = Options {
        agents: 3,
        workflows: 2,
        tasks: 20,
        rate: 20.0,
        auth: AuthOptions {
            accounts: vec![Account {
                email: EMAIL.into(),
                password: PASSWORD.into(),
            }],
            lifetime: Duration::from_secs(2),
            ..AuthOptions::default()
        },
        ..Options::default()
    };
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    let password = folder.path().join("password");
    fs::write(&password, PASSWORD).expect("written");
    let args = SettingsArgs::default()
        .url(server.url())
        .key(KEY)
        .email(EMAIL)
        .password_file(password.to_string_lossy());
    let feed = Settings::load(&args, &Env::default()).and_then(|settings| settings.feed());
    let mut listener = Listener::start(feed.expect("settings"));
    listener.until_connected();
    for _ in 0..2 {
        let pushes = server.control().state().seen.token_pushes;
        listener.until("another token", |_| server.control().state().seen.token_pushes > pushes);
    }
    log::debug!("this is heard");
    let heard = heard.0.lock().unwrap().clone();
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.contains("this is heard"), "the logger works");
    for secret in [KEY, PASSWORD, "eyJ", "refresh_token\":", "apikey="] {
        let line = heard.lines().find(|line| line.contains(secret)).unwrap_or_default();
        assert!(line.is_empty(), "a secret was logged by {:.60}", line);
    }
}
