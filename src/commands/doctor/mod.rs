//! `opswall doctor`: every step of the connection looked at in order, what failed and what to do.
//!
//! `net::probe` looks, `judge` says what it means, `exam` knows the order, `talk` leads the conversation over the socket, `report` prints.

mod check;
mod exam;
mod judge;
mod report;
mod talk;

use std::{io, net::Ipv4Addr, process::ExitCode, time::Duration};

use super::Failure;
use check::{Check, Outcome};
use demo::{Options, Server};
use exam::Patient;
use realtime::Token;
use report::{Form, Report};
use settings::{Settings, SettingsError};

/// What `doctor` was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoctorOptions {
    pub json: bool,
    /// How long a change is waited for.
    pub wait: Duration,
    /// Longest that one look may take.
    pub deadline: Duration,
}

/// Every step after the settings, for those that cannot be used.
const STEPS: &[&str] = &[
    "url",
    "dns",
    "tcp",
    "tls",
    "key",
    "auth",
    "clock",
    "sign_in",
    "rest",
    "websocket",
    "join",
    "subscribed",
    "heartbeat",
    "change",
];

/// Examines the configured project, or the built-in demo feed when there is none. The exit code is 0 when no check
/// failed, 1 when one did, 2 when the settings are wrong.
pub fn run(settings: Result<Settings, SettingsError>, options: DoctorOptions) -> Result<ExitCode, Failure> {
    let mut report = Report::new(io::stdout().lock(), Form::of_stdout(options.json));
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return wrong_settings(report, &error),
    };
    let demo = match settings.has_project() {
        true => None,
        false => Some(
            Server::start((Ipv4Addr::LOCALHOST, 0).into(), Options::default())
                .map_err(|error| Failure::Running(error.to_string()))?,
        ),
    };
    let feed = match &demo {
        Some(server) => settings.demo_feed(&server.url(), "demo"),
        None => settings.feed(),
    };
    let feed = match feed {
        Ok(feed) => feed,
        Err(error) => return wrong_settings(report, &error),
    };
    {
        use secrecy::ExposeSecret as _;
        report.hide(Token::new(feed.key.expose_secret()));
    }
    let tables: Vec<String> = feed
        .mapping
        .followed()
        .map(|(_, of)| format!("{}.{}", of.schema, of.table))
        .collect();
    report.expect_tables(tables.iter());
    report.add(configured(&settings, demo.is_some(), &tables));
    let patient = Patient {
        feed,
        is_demo: demo.is_some(),
        deadline: options.deadline,
        wait: options.wait,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start the network: {error}; free some memory")))?;
    runtime.block_on(exam::examine(&mut report, &patient));
    // Name look-ups run on threads that cannot be cancelled.
    runtime.shutdown_background();
    drop(demo);
    Ok(match end(report)? {
        Outcome::Failed => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// The settings as a check: where the project comes from, and what could not be used.
fn configured(settings: &Settings, is_demo: bool, tables: &[String]) -> Check {
    let origin = |name: &str| {
        let found = settings.effective().iter().find(|setting| setting.name == name);
        found.map_or_else(|| "default".into(), |setting| setting.origin.to_string())
    };
    let files: Vec<String> = settings.files.iter().map(|path| path.display().to_string()).collect();
    let read = match files.is_empty() {
        true => "no file was read".to_owned(),
        false => format!("read {}", files.join(", ")),
    };
    let found = match is_demo {
        true => format!("nothing is configured: this is the built-in demo feed ({read})"),
        false => {
            let url = match origin("url").as_str() {
                "default" => format!("realtime_url: {}", origin("realtime_url")),
                url => format!("url: {url}"),
            };
            format!("{url}; key: {}; tables {}; {read}", origin("key"), tables.join(", "))
        }
    };
    let notices: Vec<&str> = settings.notices.iter().map(|notice| notice.text.as_str()).collect();
    if !notices.is_empty() {
        return Check::warning("settings", found).means(notices.join("; "));
    }
    match is_demo {
        true => {
            Check::ok("settings", found).remedy("set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY to check your project")
        }
        false => Check::ok("settings", found),
    }
}

fn wrong_settings<W: io::Write>(mut report: Report<W>, error: &SettingsError) -> Result<ExitCode, Failure> {
    let text = error.to_string();
    let (found, remedy) = text.split_once(": ").unwrap_or((&text, ""));
    report.add(
        Check::failed("settings", found)
            .means("nothing can be checked with these")
            .remedy(remedy),
    );
    for name in STEPS {
        report.add(Check::skipped(name, "because settings failed"));
    }
    end(report)?;
    Ok(ExitCode::from(2))
}

fn end<W: io::Write>(report: Report<W>) -> Result<Outcome, Failure> {
    report
        .end()
        .map_err(|error| Failure::Running(format!("cannot write the output: {error}; write elsewhere")))
}
