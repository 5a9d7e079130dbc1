//! From the command line to the command and back to an exit code.

use std::{process::ExitCode, time::Duration};

use super::{Failure, bench, config, doctor, schema, serve, tail};
#[cfg(feature = "wall")]
use crate::cli::SceneReference;
use crate::cli::{BenchArgs, BenchWhat, Cli, Command, DemoArgs, DoctorArgs, PlanArgs, Reference, TailArgs};
use demo::{Account, AuthOptions, Faults, Options};
use settings::{Env, Settings};

/// Runs what was asked for. A failure is told in one sentence on standard error.
pub fn run(cli: Cli) -> ExitCode {
    match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("opswall: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&cli.settings, &Env::of_process());
    if let Some(Command::Doctor(args)) = cli.command {
        log(settings.as_ref().is_ok_and(|settings| settings.verbose));
        return doctor::run(settings, doctor_options(&args));
    }
    let settings = settings.map_err(usage)?;
    let done = |()| ExitCode::SUCCESS;
    match cli.command {
        Some(Command::Bench(args)) => measure(args).map(done),
        #[cfg(feature = "wall")]
        None | Some(Command::Wall) => super::wall::run(&settings, None),
        #[cfg(feature = "wall")]
        Some(Command::Demo(args)) => super::wall::run(&settings, Some(demo_options(&args)?)),
        #[cfg(feature = "wall")]
        Some(Command::Snapshot(args)) => {
            let demo = args.on_demo.then(|| demo_options(&args.demo)).transpose()?;
            super::snapshot::run(&settings, &args, demo)
        }
        Some(Command::Serve(args)) => {
            log(settings.verbose);
            serve::run(args.listen, demo_options(&args.demo)?).map(done)
        }
        Some(Command::Tail(args)) => {
            log(settings.verbose);
            tell_notices(&settings);
            tail::run(settings.feed().map_err(usage)?, &tail_options(args)).map(done)
        }
        // Told above: wrong settings are a finding of its own.
        Some(Command::Doctor(_)) => Ok(ExitCode::SUCCESS),
        Some(Command::Schema) => schema::run(&settings).map(done),
        Some(Command::Config(args)) => match config::run(&settings, &args) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Running(format!(
                "cannot write the output: {error}; write elsewhere"
            ))),
            _ => Ok(ExitCode::SUCCESS),
        },
        #[cfg(not(feature = "wall"))]
        None => Err(Failure::Usage(
            "this build has no wall: say serve, tail, doctor, schema, bench or config".into(),
        )),
    }
}

fn measure(args: BenchArgs) -> Result<(), Failure> {
    // The wall has logging of its own.
    #[cfg(feature = "wall")]
    if let BenchWhat::Scene(args) = &args.what {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        return bench::scene(&bench::SceneOptions {
            entities: args.entities.map(count),
            changes_per_s: args.changes,
            full: args.full,
            sprites: args.reference == SceneReference::Sprites,
            runs: count(args.runs),
            json: args.json,
        });
    }
    log(false);
    let plan = |plan: PlanArgs, rate: Option<u32>| bench::Plan {
        changes: plan
            .changes
            .unwrap_or_else(|| rate.map_or(bench::Plan::CHANGES, bench::Plan::changes_at)),
        rows: usize::try_from(plan.rows).unwrap_or(usize::MAX),
        seed: plan.seed,
    };
    match args.what {
        BenchWhat::Ingest(args) => bench::ingest(&bench::Options {
            plan: plan(args.plan, args.rate),
            rate: args.rate,
            runs: usize::try_from(args.runs).unwrap_or(usize::MAX),
            peers: (args.reference == Reference::Js).then_some(args.peers),
            sleep_reader: args.sleep_reader,
            json: args.json,
        }),
        BenchWhat::Chaos(args) => bench::chaos(bench::ChaosOptions {
            faults: usize::try_from(args.faults).unwrap_or(usize::MAX),
            rate: args.rate.into(),
            seed: args.seed,
            json: args.json,
        }),
        // Done above.
        #[cfg(feature = "wall")]
        BenchWhat::Scene(_) => Ok(()),
        BenchWhat::Feeder(args) => bench::feed(
            plan(args.plan, args.rate),
            bench::Sending {
                prebuilt: args.prebuilt,
                rate: args.rate,
            },
        ),
    }
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

pub(super) fn tell_notices(settings: &Settings) {
    for notice in &settings.notices {
        eprintln!("opswall: {}", notice.text);
    }
}

fn doctor_options(args: &DoctorArgs) -> doctor::DoctorOptions {
    doctor::DoctorOptions {
        json: args.json,
        wait: Duration::from_secs_f64(args.wait),
        deadline: Duration::from_secs_f64(args.timeout),
    }
}

fn tail_options(args: TailArgs) -> tail::TailOptions {
    tail::TailOptions {
        json: args.json,
        quiet: args.quiet,
        duration: args.seconds.map(Duration::from_secs_f64),
        dump: args.dump,
    }
}

/// What was not said is the feed's own default.
fn demo_options(args: &DemoArgs) -> Result<Options, Failure> {
    let default = Options::default();
    let faults = match &args.faults {
        Some(profile) => profile.parse::<Faults>().map_err(usage)?,
        None => default.faults,
    };
    let population = match &args.population {
        Some(name) => name.parse().map_err(usage)?,
        None => default.population,
    };
    let accounts: Result<Vec<Account>, _> = args.accounts.iter().map(|text| text.parse()).collect();
    Ok(Options {
        agents: args.agents.unwrap_or(default.agents),
        workflows: args.workflows.unwrap_or(default.workflows),
        tasks: args.tasks.unwrap_or(default.tasks),
        rate: args.rate.unwrap_or(default.rate),
        seed: args.seed.unwrap_or(default.seed),
        population,
        runs: args.runs,
        faults,
        auth: AuthOptions {
            accounts: accounts.map_err(usage)?,
            ..default.auth
        },
        ..default
    })
}

/// Logs go to standard error; the wall has Bevy's own logging.
fn log(verbose: bool) {
    let level = if verbose { "info" } else { "warn" };
    // What a certificate lacks is in the error that we say ourselves.
    let filter = tracing_subscriber::EnvFilter::new(format!("{level},rustls_platform_verifier=off"));
    // A second call in one process (a test) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
