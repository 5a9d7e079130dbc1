//! `opswall doctor`: checks each step of the connection in order, and reports what failed and what to do.
//!
//! `steps` defines the order. `network`, `access`, `tables` and `stream` each probe one part (with `client::probe`,
//! `requests` and `conversation`) and turn what was found into a `Check` by pure functions. `report` prints.

mod access;
mod catalogue;
mod check;
mod checked;
mod conversation;
mod network;
mod pulse;
mod report;
mod requests;
mod sources;
mod steps;
mod stream;
mod tables;

use std::{io, net::Ipv4Addr, process::ExitCode, time::Duration};

use clap::Args;

use super::{Failure, database::DatabaseArgs, logging};
use crate::cli::parse;
use check::{Check, Outcome};
use demo::{Options, Server};
use realtime::Token;
use report::{Form, Report};
use settings::{Settings, SettingsError};
use steps::Target;

/// The options of `doctor`, which checks each step of the connection.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Wait this long for a change of a row
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parse::seconds)]
    pub(crate) wait: Duration,
    /// Time limit for each check
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = parse::timeout)]
    pub(crate) timeout: Duration,
    /// The database whose catalogue is read as well.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// Every check after that of the settings: all are skipped when the settings cannot be used.
const CHECKS: &[&str] = &[
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
    "pulse",
];

/// Checks the configured project, or the built-in demo feed when there is none. The exit code is 0 when no check
/// failed, 1 when one did, 2 when the settings are wrong.
pub(super) fn run(settings: Result<Settings, SettingsError>, args: DoctorArgs) -> Result<ExitCode, Failure> {
    logging::start(settings.as_ref().is_ok_and(|settings| settings.verbose));
    let mut report = Report::new(io::stdout().lock(), Form::of_stdout(args.json));
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
    let tables: Vec<String> = feed.mapping.sources().iter().map(tables::table_name).collect();
    report.expect_tables(tables.iter());
    let named = match &feed.find_sources {
        Some(_) => "tables: none is named, so they are looked for".to_owned(),
        None => format!("tables {}", tables.join(", ")),
    };
    report.add(configured(&settings, demo.is_some(), &named));
    let mut target = Target {
        feed,
        is_demo: demo.is_some(),
        deadline: args.timeout,
        wait: args.wait,
        database: args.database,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start the network: {error}; free some memory")))?;
    runtime.block_on(steps::run(&mut report, &mut target));
    // Name look-ups run on threads that cannot be cancelled.
    runtime.shutdown_background();
    drop(demo);
    Ok(match end(report)? {
        Outcome::Failed => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// The settings: where the project comes from, and what could not be used.
fn configured(settings: &Settings, is_demo: bool, tables: &str) -> Check {
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
            format!("{url}; key: {}; {tables}; {read}", origin("key"))
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
    for name in CHECKS {
        report.add(Check::blocked(name, "settings"));
    }
    end(report)?;
    Ok(ExitCode::from(2))
}

fn end<W: io::Write>(report: Report<W>) -> Result<Outcome, Failure> {
    report.end().map_err(|error| Failure::output(&error))
}
