//! `opswall init`: finds the sources of a project, shows what it found and why, and writes `opswall.toml`.

mod ask;
mod picture;
mod report;

use std::{
    io::{self, IsTerminal as _, Write},
    path::Path,
};

use clap::Args;

use super::{Failure, database::DatabaseArgs, logging, prove::prove};
use client::discover::{Discovery, discover, role};
use model::{discover::Way, text::printable};
use picture::Picture;
use settings::{
    FeedSettings, Settings,
    new_file::{self, FoundSource, NewFileError},
};

/// The options of `init`, which finds the sources of a project and writes them into a settings file.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// Ask nothing: take the best guess
    #[arg(long)]
    pub(crate) yes: bool,
    /// One JSON object; asks nothing
    #[arg(long)]
    pub(crate) json: bool,
    /// Replace a settings file that exists
    #[arg(long)]
    pub(crate) force: bool,
    /// The database whose catalogue is read instead of asking for names.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// Finds the sources, prints them, asks what it could not decide and writes the file.
///
/// # Errors
/// When the file exists already, the project cannot be read, or nothing was found that can be followed.
pub(super) fn run(settings: &Settings, args: &InitArgs) -> Result<(), Failure> {
    logging::start(settings.verbose);
    logging::print_notices(settings);
    let path = settings.own_file.as_path();
    new_file::check(path, args.force).map_err(failure)?;
    let feed = settings.finding_feed()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start the network: {error}; free some memory")))?;
    let mut discovery = runtime.block_on(find(&feed, &args.database))?;
    runtime.shutdown_background();

    let mut out = io::stdout().lock();
    let is_asking = !args.yes && !args.json && io::stdin().is_terminal() && io::stdout().is_terminal();
    if is_asking {
        Failure::of_output(report::print(&mut out, &discovery))?;
        ask::guesses(&mut discovery, &mut io::stdin().lock(), &mut out).map_err(|error| Failure::output(&error))?;
    }
    let unproven = prove(&feed, &mut discovery)?;
    if let Some(clause) = &unproven {
        logging::print(&format!("{clause}; see opswall doctor"));
    }
    let picture = Picture::of(&discovery, &feed)?;
    let is_any = discovery
        .proposal
        .sources
        .iter()
        .any(|source| !matches!(source.way, Way::LeftOut(_)));
    if is_any {
        write(settings, path, &feed, &discovery, &picture, args.force)?;
    }
    let written = is_any.then_some(path);
    if args.json {
        Failure::of_output(super::tail::json_line(
            &mut out,
            &report::json(&discovery, &picture, written),
        ))?;
    } else {
        let print = |out: &mut io::StdoutLock<'_>| {
            if !is_asking {
                report::print(out, &discovery)?;
            }
            report::end(out, &discovery, &picture, written)
        };
        Failure::of_output(print(&mut out))?;
    }
    match is_any {
        true => Ok(()),
        false => Err(Failure::Running(discovery.nothing())),
    }
}

fn failure(error: NewFileError) -> Failure {
    match error {
        NewFileError::Exists(_) => Failure::Usage(error.to_string()),
        NewFileError::Write { .. } => Failure::Running(error.to_string()),
    }
}

async fn find(feed: &FeedSettings, database: &DatabaseArgs) -> Result<Discovery, Failure> {
    let Some(find) = &feed.find_sources else {
        return Err(Failure::Running("the tables are named already".into()));
    };
    if let Some(found) = database.discover(&role(feed, None)).await {
        return found;
    }
    let (tls, token) = super::find::access(feed).await?;
    discover(feed, find, &tls, token.as_ref())
        .await
        .map_err(|error| Failure::Running(error.to_string()))
}

fn write(
    settings: &Settings,
    path: &Path,
    feed: &FeedSettings,
    discovery: &Discovery,
    picture: &Picture,
    may_replace: bool,
) -> Result<(), Failure> {
    let head = [
        format!(
            "Written by opswall init: what was found at {} ({}).",
            feed.shown_url(),
            discovery.summary()
        ),
        "Only what differs from the defaults is written. Each line may be changed; assets/opswall.example.toml describes \
         all settings, and opswall explain TABLE ID shows why a row is read as it is."
            .to_owned(),
    ];
    let sources: Vec<FoundSource> = (discovery.proposal.sources.iter().zip(&picture.sources))
        .map(|(source, shown)| FoundSource {
            mapping: source.mapping.clone(),
            columns: discovery.columns(&source.mapping),
            remarks: report::remarks(source, shown),
            is_left_out: matches!(source.way, Way::LeftOut(_)),
        })
        .collect();
    new_file::write(path, &new_file::text(settings, path, &head, &sources), may_replace).map_err(failure)
}

/// Prints a line, with what would disturb a terminal left out.
fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", printable(text))
}
