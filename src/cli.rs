//! The command line: what was typed, nothing decided yet.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use settings::SettingsArgs;

/// A native, GPU-drawn wall for agents, tasks and workflows that live in a Supabase project.
#[derive(Debug, Parser)]
#[command(name = "opswall", version, about, max_term_width = 100)]
#[command(subcommand_required = !cfg!(feature = "wall"), arg_required_else_help = !cfg!(feature = "wall"))]
pub struct Cli {
    /// What to do; the wall when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The wall on the configured project; with none configured, on the built-in demo feed
    #[cfg(feature = "wall")]
    Wall,
    /// The wall on the built-in demo feed
    #[cfg(feature = "wall")]
    Demo(DemoArgs),
    /// The demo feed alone: a server that any Realtime client can join
    Serve(ServeArgs),
    /// No window: every change, status and notice as text
    Tail(TailArgs),
    /// No window: connect, settle, draw one picture, exit
    #[cfg(feature = "wall")]
    Snapshot(SnapshotArgs),
    /// Measure this machine
    Bench(BenchArgs),
    /// No window: each step of the connection checked in order, what failed and what to do
    Doctor(DoctorArgs),
    /// Print the SQL that makes the three tables, the publication and the row-level-security policies
    Schema,
    /// Print the settings in force and where each came from
    Config(ConfigArgs),
}

/// How big and how lively the demo feed is. What is not given is the feed's own default.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Demo feed")]
pub struct DemoArgs {
    /// Agents
    #[arg(long, value_name = "N")]
    pub agents: Option<usize>,
    /// Workflows
    #[arg(long, value_name = "N")]
    pub workflows: Option<usize>,
    /// Tasks kept alive
    #[arg(long, value_name = "N")]
    pub tasks: Option<usize>,
    /// Row changes per second on average; 0 = paused
    #[arg(long, value_name = "CHANGES_PER_S")]
    pub rate: Option<f64>,
    /// What it begins with: usual, calm, idle, storm or giant
    #[arg(long, value_name = "NAME")]
    pub population: Option<String>,
    /// Each workflow's execution in a table of its own, workflow_runs, which the wall then follows
    #[arg(long)]
    pub runs: bool,
    /// Same seed and sizes, same rows and changes
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Somebody who may sign in at the demo feed
    #[arg(long = "account", value_name = "EMAIL:PASSWORD")]
    pub accounts: Vec<String>,
    /// What goes wrong and when, like drop-every=20s
    #[arg(long, value_name = "PROFILE")]
    pub faults: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub demo: DemoArgs,
    /// Address to listen at; port 0 picks a free one and prints it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:54321")]
    pub listen: SocketAddr,
}

#[derive(Debug, Clone, Default, Args)]
pub struct TailArgs {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// End after this long
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Write the merged rows at the end, one a line, sorted by table and id
    #[arg(long, value_name = "FILE")]
    pub dump: Option<PathBuf>,
    /// Print the closing summary only
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// One JSON object
    #[arg(long)]
    pub json: bool,
    /// Wait so long for a change of a row
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub wait: f64,
    /// Longest that one look may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout)]
    pub timeout: f64,
}

#[cfg(feature = "wall")]
#[derive(Debug, Clone, Args)]
pub struct SnapshotArgs {
    /// The picture, a .png file
    #[arg(value_name = "OUT.png")]
    pub out: PathBuf,
    /// Its size in pixels
    #[arg(long, value_name = "WxH", default_value = "1920x1080", value_parser = size)]
    pub size: (u32, u32),
    /// Let the scene settle for this long after it is live
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    pub settle: f64,
    /// Draw the demo feed whatever is configured, as its options say
    #[arg(long)]
    pub on_demo: bool,
    /// Then take the demo feed away, and draw what is seen when the wall has given up
    #[arg(long, requires = "on_demo")]
    pub offline: bool,
    #[command(flatten)]
    pub demo: DemoArgs,
}

#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// What to measure
    #[command(subcommand)]
    pub what: BenchWhat,
}

#[derive(Debug, Clone, Subcommand)]
pub enum BenchWhat {
    /// Changes taken in per CPU-second, against the official JavaScript client on the same frames
    Ingest(IngestArgs),
    /// Faults of every kind on real sockets under a stream of changes: is what the wall shows true?
    Chaos(ChaosArgs),
    /// What a frame of the wall costs, against as many of Bevy's sprites
    #[cfg(feature = "wall")]
    Scene(SceneArgs),
    /// Sends the frames of `ingest`
    #[command(hide = true)]
    Feeder(FeederArgs),
}

/// Which changes are made up. Same numbers, same frames.
#[derive(Debug, Clone, Copy, Args)]
pub struct PlanArgs {
    /// Changes in a run; 300000 when not given, or ten seconds' worth with --rate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub changes: Option<u64>,
    /// Rows that they change
    #[arg(long, value_name = "N", default_value = "50000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rows: u64,
    /// Same seed, same frames
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
}

#[derive(Debug, Clone, Args)]
pub struct IngestArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Changes sent per second, to measure the share of a core; as many as can be taken when not given
    #[arg(long, value_name = "PER_S", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Runs of each side, in turn
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub runs: u64,
    /// What to compare with
    #[arg(long, value_enum, default_value = "js")]
    pub reference: Reference,
    /// Where the JavaScript side is installed
    #[arg(long, value_name = "DIR", default_value = "benches/peers")]
    pub peers: PathBuf,
    /// Measure memory instead, with a reader that sleeps until everything is sent
    #[arg(long)]
    pub sleep_reader: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct ChaosArgs {
    /// Faults, one after the other
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub faults: u64,
    /// Row changes per second meanwhile
    #[arg(long, value_name = "CHANGES_PER_S", default_value = "500", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// Same seed, same faults in the same order
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

#[cfg(feature = "wall")]
#[derive(Debug, Clone, Copy, Args)]
pub struct SceneArgs {
    /// Rows on the wall; 1,000, 10,000, 100,000 and 1,000,000 in turn when not said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub entities: Option<u64>,
    /// Row changes per second
    #[arg(long, value_name = "PER_S", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub changes: u32,
    /// The whole picture of 1920x1080, frames per second; else 64x36, processor time of a frame
    #[arg(long)]
    pub full: bool,
    /// What to compare with
    #[arg(long, value_enum, default_value = "none", conflicts_with = "full")]
    pub reference: SceneReference,
    /// Runs of each side, in turn
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub runs: u64,
    /// One JSON object a size
    #[arg(long)]
    pub json: bool,
}

/// The other side of the scene's ratio.
#[cfg(feature = "wall")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SceneReference {
    /// As many of Bevy's own sprites, all moving
    Sprites,
    None,
}

/// The other side of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reference {
    /// The official JavaScript client in Node
    Js,
    None,
}

#[derive(Debug, Clone, Args)]
pub struct FeederArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Make all frames before the first client comes
    #[arg(long)]
    pub prebuilt: bool,
    /// Changes sent per second
    #[arg(long, value_name = "PER_S", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// Reads the process's arguments; on a mistake it prints one and exits with code 2.
    pub fn from_process() -> Self {
        Self::parse()
    }
}

/// A span between 0 and a year.
fn seconds(text: &str) -> Result<f64, String> {
    /// Longest span that may be asked for.
    const MOST: f64 = 31_536_000.0;
    let digits = text.strip_suffix('s').unwrap_or(text);
    match digits.trim().parse::<f64>() {
        Ok(number) if (0.0..=MOST).contains(&number) => Ok(number),
        _ => Err(format!("give a number of seconds from 0 to {MOST}")),
    }
}

/// A span in which something can happen at all.
fn timeout(text: &str) -> Result<f64, String> {
    const RANGE: std::ops::RangeInclusive<f64> = 0.1..=600.0;
    seconds(text)
        .ok()
        .filter(|span| RANGE.contains(span))
        .ok_or_else(|| format!("give a number of seconds from {} to {}", RANGE.start(), RANGE.end()))
}

/// `1920x1080`
#[cfg(feature = "wall")]
fn size(text: &str) -> Result<(u32, u32), String> {
    /// A texture may not be larger on common GPUs.
    const MOST: u32 = 8_192;
    let parts = text.split_once(['x', 'X', '×']);
    let number = |part: &str| part.trim().parse().ok().filter(|side| (16..=MOST).contains(side));
    parts
        .and_then(|(width, height)| Some((number(width)?, number(height)?)))
        .ok_or_else(|| format!("give WIDTHxHEIGHT, each from 16 to {MOST}, like 1920x1080"))
}
