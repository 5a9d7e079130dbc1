//! The arguments of `bench`, and which measurement they select.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lab::Fault;

#[cfg(feature = "wall")]
use super::SceneOptions;
use super::{ChaosOptions, Options, Plan, Sending};
use crate::commands::{Failure, logging};

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// What to measure
    #[command(subcommand)]
    pub(crate) what: BenchWhat,
}

/// The measurements.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BenchWhat {
    /// Changes received per CPU-second, compared with the official JavaScript client on the same frames
    Ingest(IngestArgs),
    /// Faults of every kind on real sockets under a stream of changes; checks that the wall shows true rows
    Chaos(ChaosArgs),
    /// Processor time of a frame of the wall, compared with the same number of Bevy's sprites
    #[cfg(feature = "wall")]
    Scene(SceneArgs),
    /// Sends the frames of `ingest`
    #[command(hide = true)]
    Feeder(FeederArgs),
}

/// The generated changes. Equal numbers give equal frames.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PlanArgs {
    /// Changes in a run; 300000 when not given, or ten seconds' worth with --rate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) changes: Option<u64>,
    /// Rows that are changed
    #[arg(long, value_name = "N", default_value = "50000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) rows: u64,
    /// Same seed, same frames
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seed: u64,
}

/// The options of `bench ingest`.
#[derive(Debug, Clone, Args)]
pub(crate) struct IngestArgs {
    /// The changes.
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    /// Changes sent per second, to measure the share of a core; as fast as they are received when not given
    #[arg(long, value_name = "PER_S", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: Option<u32>,
    /// Runs of each side, alternating
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) runs: u64,
    /// What to compare with
    #[arg(long, value_enum, default_value = "js")]
    pub(crate) reference: Reference,
    /// Folder in which the JavaScript client is installed
    #[arg(long, value_name = "DIR", default_value = "benches/peers")]
    pub(crate) peers: PathBuf,
    /// What receives the changes
    #[arg(long, value_enum, default_value = "tail")]
    pub(crate) reader: Reader,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `bench chaos`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChaosArgs {
    /// Faults, one after the other
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) faults: u64,
    /// Row changes per second during the run
    #[arg(long, value_name = "CHANGES_PER_S", default_value = "500", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rate: u32,
    /// Only these faults, by name, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = fault)]
    pub(crate) only: Vec<Fault>,
    /// A pulse every five seconds in the server's database
    #[arg(long, value_enum, default_value = "off")]
    pub(crate) pulse: Switch,
    /// Changes are broadcast from the server's database as well
    #[arg(long, value_enum, default_value = "off")]
    pub(crate) broadcast: Switch,
    /// Intervals of the connection's own checks
    #[arg(long, value_enum, default_value = "short")]
    pub(crate) intervals: Intervals,
    /// Same seed, same faults in the same order
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seed: u64,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

/// The intervals of heartbeats, audits and readings, and the age of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Intervals {
    /// Heartbeats each second, audits each 2 s, Live for 10 s: every fault is found within seconds
    Short,
    /// The defaults of the settings: heartbeats each 25 s, audits each 30 s, Live for 90 s
    Usual,
}

/// Reads the name of a fault, with hyphens or underscores.
fn fault(name: &str) -> Result<Fault, String> {
    Fault::named(&name.replace('-', "_")).ok_or_else(|| {
        let names: Vec<String> = Fault::ALL.iter().map(|fault| fault.name().replace('_', "-")).collect();
        format!("there is no such fault; write one of {}", names.join(", "))
    })
}

/// The options of `bench scene`.
#[cfg(feature = "wall")]
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct SceneArgs {
    /// Rows on the wall; 1,000, 10,000, 100,000 and 1,000,000 in turn when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) entities: Option<u64>,
    /// Row changes per second
    #[arg(long, value_name = "PER_S", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) changes: u32,
    /// Measure frames per second at 1920x1080, instead of processor time at 64x36
    #[arg(long)]
    pub(crate) full: bool,
    /// What to compare with
    #[arg(long, value_enum, default_value = "none", conflicts_with = "full")]
    pub(crate) reference: SceneReference,
    /// Runs of each side, alternating
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) runs: u64,
    /// One JSON object for each size
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `bench scene` compares with.
#[cfg(feature = "wall")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SceneReference {
    /// The same number of Bevy's own sprites, all moving
    Sprites,
    /// Nothing
    None,
}

/// What receives the changes in `bench ingest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reader {
    /// Takes each batch as `tail --quiet` does
    Tail,
    /// The wall's rows and places at 30 frames per second, without drawing
    #[cfg(feature = "wall")]
    Wall,
    /// Sleeps until everything is sent; memory is measured instead
    Asleep,
}

/// What `bench ingest` compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reference {
    /// The official JavaScript client in Node
    Js,
    /// Nothing
    None,
}

/// The options of `bench feeder`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FeederArgs {
    /// The changes.
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    /// Make all frames before the first client connects
    #[arg(long)]
    pub(crate) prebuilt: bool,
    /// Changes sent per second
    #[arg(long, value_name = "PER_S", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: Option<u32>,
}

/// Measures what was selected, and prints it.
pub(crate) fn run(args: BenchArgs) -> Result<(), Failure> {
    // The wall has logging of its own.
    #[cfg(feature = "wall")]
    if let BenchWhat::Scene(args) = &args.what {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        return super::scene(&SceneOptions {
            entities: args.entities.map(count),
            changes_per_s: args.changes,
            full: args.full,
            sprites: args.reference == SceneReference::Sprites,
            runs: count(args.runs),
            json: args.json,
        });
    }
    logging::start(false);
    let plan = |plan: PlanArgs, rate: Option<u32>| Plan {
        changes: plan
            .changes
            .unwrap_or_else(|| rate.map_or(Plan::CHANGES, Plan::changes_at)),
        rows: usize::try_from(plan.rows).unwrap_or(usize::MAX),
        seed: plan.seed,
    };
    match args.what {
        BenchWhat::Ingest(args) => super::ingest(&Options {
            plan: plan(args.plan, args.rate),
            rate: args.rate,
            runs: usize::try_from(args.runs).unwrap_or(usize::MAX),
            peers: (args.reference == Reference::Js).then_some(args.peers),
            reader: args.reader,
            json: args.json,
        }),
        BenchWhat::Chaos(args) => super::chaos(ChaosOptions {
            faults: usize::try_from(args.faults).unwrap_or(usize::MAX),
            rate: args.rate.into(),
            kinds: if args.only.is_empty() {
                Fault::ALL.to_vec()
            } else {
                args.only
            },
            has_pulse: args.pulse == Switch::On,
            has_broadcast: args.broadcast == Switch::On,
            intervals: args.intervals,
            seed: args.seed,
            json: args.json,
        }),
        // Handled above.
        #[cfg(feature = "wall")]
        BenchWhat::Scene(_) => Ok(()),
        BenchWhat::Feeder(args) => super::feed(
            plan(args.plan, args.rate),
            Sending {
                prebuilt: args.prebuilt,
                rate: args.rate,
            },
        ),
    }
}
