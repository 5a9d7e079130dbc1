//! The options of the demo feed, which `demo`, `serve` and `snapshot` share.

use clap::Args;

use super::Failure;
use crate::cli::parse;
use demo::{Account, AuthOptions, Options};

/// Size and activity of the demo feed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Demo feed")]
pub struct DemoArgs {
    /// Agents
    #[arg(long, value_name = "N", default_value_t = Options::default().agents)]
    pub agents: usize,
    /// Workflows
    #[arg(long, value_name = "N", default_value_t = Options::default().workflows)]
    pub workflows: usize,
    /// Unfinished tasks, on average
    #[arg(long, value_name = "N", default_value_t = Options::default().tasks)]
    pub tasks: usize,
    /// Row changes per second on average; 0 = paused
    #[arg(long, value_name = "CHANGES_PER_S", allow_negative_numbers = true, value_parser = parse::not_negative, default_value_t = Options::default().rate)]
    pub rate: f64,
    /// State of the fleet at the start: usual, calm, idle, storm or giant
    #[arg(long, value_name = "NAME", default_value = "usual")]
    pub population: String,
    /// Keep each execution of a workflow in a table of its own, workflow_runs, which the wall then follows
    #[arg(long)]
    pub runs: bool,
    /// Same seed and sizes, same rows and changes
    #[arg(long, value_name = "N", default_value_t = Options::default().seed)]
    pub seed: u64,
    /// A user who may sign in at the demo feed
    #[arg(long = "account", value_name = "EMAIL:PASSWORD")]
    pub accounts: Vec<String>,
    /// Faults and when they happen, like drop-every=20s
    #[arg(long, value_name = "PROFILE")]
    pub faults: Option<String>,
}

impl DemoArgs {
    /// The options of the feed.
    ///
    /// # Errors
    /// When a population, an account or a fault cannot be read.
    pub fn options(&self) -> Result<Options, Failure> {
        let default = Options::default();
        let accounts: Result<Vec<Account>, _> = self.accounts.iter().map(|text| text.parse()).collect();
        Ok(Options {
            agents: self.agents,
            workflows: self.workflows,
            tasks: self.tasks,
            rate: self.rate,
            seed: self.seed,
            population: self.population.parse().map_err(usage)?,
            runs: self.runs,
            faults: match &self.faults {
                Some(profile) => profile.parse().map_err(usage)?,
                None => default.faults,
            },
            auth: AuthOptions {
                accounts: accounts.map_err(usage)?,
                ..default.auth
            },
            ..default
        })
    }
}

fn usage(error: demo::DemoError) -> Failure {
    Failure::Usage(error.to_string())
}
