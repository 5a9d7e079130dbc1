//! What the faults are injected into: a demo feed, a proxy in front of it, and the real worker behind the proxy, all on
//! loopback sockets and on threads of their own.

use std::{io::Write as _, net::Ipv4Addr, time::Duration};

use tempfile::NamedTempFile;

use super::super::args::Intervals;
use crate::commands::Failure;
use client::Worker;
use demo::{Account, AuthOptions, Control, Options, Server};
use lab::{Proxy, Target};
use model::Backoff;
use settings::{Env, FeedSettings, Settings, SettingsArgs, SourceKinds};

/// The account that the worker signs in with. It exists as long as the run.
const EMAIL: &str = "chaos@example.com";
const PASSWORD: &str = "of no worth outside this process";

/// Short intervals of the connection. They are much shorter than the defaults, so that every fault is found within seconds.
const HEARTBEAT: Duration = Duration::from_secs(1);
const AUDIT: Duration = Duration::from_secs(2);
const PROOF_MAX_AGE: Duration = Duration::from_secs(10);
const RECONCILE: Duration = Duration::from_secs(8);
const BACKOFF: Backoff = Backoff {
    max_attempts: 0,
    interval: Duration::from_millis(100),
    max_interval: Duration::from_millis(800),
    jitter: 0.2,
};

/// Interval of the pulse, where there is one.
const PULSE: Duration = Duration::from_secs(5);

/// The running feed, the proxy and the worker.
pub(super) struct Fixture {
    /// Controls the feed: changes, pauses, faults of the server.
    pub(super) control: Control,
    /// The proxy between the worker and the feed.
    pub(super) proxy: Proxy,
    /// The worker that follows the feed.
    pub(super) worker: Worker,
    /// What the worker's sources stand for.
    pub(super) kinds: SourceKinds,
    /// The age of a proof from which on Live must not be reported.
    pub(super) proof_max_age: Duration,
    _server: Server,
    _password: NamedTempFile,
}

impl Fixture {
    /// Starts a feed, and what follows it.
    pub(super) fn start(run: &super::Options) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Running(error.to_string());
        let account = Account::checked(EMAIL, PASSWORD).map_err(|error| failed(&error))?;
        let options = Options {
            rate: run.rate,
            seed: run.seed,
            pulse: run.has_pulse.then_some(PULSE),
            broadcast: run.has_broadcast,
            bursts: false,
            auth: AuthOptions {
                accounts: vec![account],
                ..AuthOptions::default()
            },
            ..Options::default()
        };
        let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).map_err(|error| failed(&error))?;
        let proxy = Proxy::start(server.addr()).map_err(|error| failed(&error))?;
        let password = password().map_err(|error| {
            Failure::Running(format!(
                "cannot write a file for the run: {error}; set TMPDIR to a folder that can be written"
            ))
        })?;
        let settings = FeedSettings {
            // The tables of the demo are known, and nothing is to be found while faults are injected.
            find_sources: None,
            ..settings(&proxy, &password, run.intervals)?
        };
        let proof_max_age = settings.proof_max_age;
        let kinds = SourceKinds::of(&settings.mapping);
        let worker = Worker::start(settings).map_err(|error| failed(&error))?;
        Ok(Self {
            control: server.control(),
            proxy,
            worker,
            kinds,
            proof_max_age,
            _server: server,
            _password: password,
        })
    }
}

impl Fixture {
    /// What faults are injected into.
    pub(super) fn target(&self) -> Target<'_> {
        Target {
            control: &self.control,
            proxy: Some(&self.proxy),
        }
    }
}

/// Writes the password to a file that only its owner can read and that is deleted after the run.
fn password() -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    writeln!(file, "{PASSWORD}")?;
    file.flush()?;
    Ok(file)
}

fn settings(proxy: &Proxy, password: &NamedTempFile, intervals: Intervals) -> Result<FeedSettings, Failure> {
    let arguments = SettingsArgs::default()
        .url(proxy.url())
        .key("demo")
        .email(EMAIL)
        .password_file(password.path().to_string_lossy());
    // The settings of this machine must not influence the run.
    let settings = Settings::load(&arguments, &Env::default()).and_then(|settings| settings.feed());
    let settings = settings.map_err(|error| Failure::Running(error.to_string()))?;
    // The demo feed drops no changes at any rate.
    let settings = FeedSettings {
        backoff: BACKOFF,
        change_limit: None,
        ..settings
    };
    if intervals == Intervals::Usual {
        return Ok(settings);
    }
    Ok(FeedSettings {
        heartbeat_interval: HEARTBEAT,
        audit_interval: Some(AUDIT),
        proof_max_age: PROOF_MAX_AGE,
        reconcile_interval: Some(RECONCILE),
        ..settings
    })
}
