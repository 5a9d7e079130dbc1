//! Where a setting may be written, which layer wins, and what an error says.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod editor;
mod example;
mod layers;
mod mistakes;
mod new_file;
mod presets;
mod save_file;
mod saved;
mod secrets;

use std::{collections::BTreeMap, fs};

use clap::Parser;
use serde_json::Value;
use settings::{Env, FeedSettings, Origin, Settings, SettingsArgs, SettingsError};

/// A command line of settings alone.
#[derive(Debug, Parser)]
struct Flags {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// An environment to start opswall in: a working directory, the user's folders, variables.
struct Place {
    root: tempfile::TempDir,
    env: Env,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let folder = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir(&path).expect("a folder");
            path
        };
        let env = Env {
            variables: BTreeMap::new(),
            working_dir: folder("work"),
            config_dir: Some(folder("config")),
            state_dir: Some(root.path().join("state/opswall")),
        };
        Self { root, env }
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.env.variables.insert(name.into(), value.into());
        self
    }

    fn file(self, text: &str) -> Self {
        fs::write(self.env.working_dir.join("opswall.toml"), text).expect("written");
        self
    }

    fn users_file(self, text: &str) -> Self {
        fs::write(self.root.path().join("config/opswall.toml"), text).expect("written");
        self
    }

    fn args(&self, flags: &[&str]) -> SettingsArgs {
        let words = ["opswall"].iter().chain(flags);
        Flags::try_parse_from(words).expect("flags that exist").settings
    }

    fn try_load(&self, flags: &[&str]) -> Result<Settings, SettingsError> {
        Settings::load(&self.args(flags), &self.env)
    }

    fn load(&self, flags: &[&str]) -> Settings {
        self.try_load(flags).expect("settings")
    }

    fn feed(&self, flags: &[&str]) -> FeedSettings {
        self.load(flags).feed().expect("a feed")
    }

    fn error(&self, flags: &[&str]) -> String {
        match self.try_load(flags) {
            Ok(settings) => settings.feed().expect_err("a mistake").to_string(),
            Err(error) => error.to_string(),
        }
    }
}

/// The intervals and limits of the connection, which need no project.
fn timing(settings: &Settings) -> FeedSettings {
    settings.demo_feed("http://127.0.0.1:1", "demo").expect("a feed")
}

fn value(settings: &Settings, name: &str) -> (Value, Origin) {
    let found = settings.effective().iter().find(|one| one.name == name).expect(name);
    (found.value.clone(), found.origin.clone())
}

const PROJECT: [&str; 4] = ["--url", "https://abcdefgh.supabase.co", "--key", "sb_publishable_x"];
