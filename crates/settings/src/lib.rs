//! What can be set, and where each value came from: flag, environment, saved state, files, defaults.
//!
//! [`Settings::load`] takes the parsed flags ([`SettingsArgs`]) and the environment ([`Env`]). It reads files and
//! nothing else of the process. Precedence, highest first:
//!
//! 1. a flag,
//! 2. an environment variable,
//! 3. what was changed in the panel and saved ([`saved`]): above the files, so that a change made on the wall survives
//!    the next start, and below flags and environment, which are given anew at each start,
//! 4. `opswall.toml` in the working directory, then in the user's configuration directory, or the one file that
//!    `--config` names,
//! 5. the default, of which `--kiosk` changes two.
//!
//! While opswall runs, a [`SettingsEditor`] holds the settings in force: edits of a window lie over all layers until they are
//! saved ([`Saving`]) or taken back, and files that a [`FileWatch`] reports are read again ([`StartedWith::read_again`]). Only
//! settings that are marked in the table change then.
//!
//! Every setting is one entry of the table in `table.rs`.

#![allow(
    rustdoc::bare_urls,
    reason = "the documentation of a setting is also its help, which has no markup"
)]

mod args;
mod definition;
mod display;
#[cfg(test)]
mod documents;
mod editor;
mod effective;
mod env;
mod error;
mod feed;
mod file;
mod file_text;
pub mod files;
mod form;
mod key;
mod layers;
mod load;
mod mapping;
pub mod new_file;
mod origin;
mod preset;
mod reread;
mod save;
pub mod saved;
pub mod saved_view;
pub mod saved_views;
mod secret_file;
mod sign_in;
mod source_file;
mod sources;
mod stamp;
mod table;
mod url;
mod value_kind;
mod watch;

pub use args::SettingsArgs;
pub use definition::Group;
pub use display::{FinishedWorkflows, QualityPolicy, TextSize, WallSettings};
pub use editor::{EditableSetting, SettingsEditor};
pub use effective::Effective;
pub use env::Env;
pub use error::SettingsError;
pub use feed::{Auth, DatabaseBroadcast, FeedSettings, FindSources};
pub use key::bypasses_row_security;
pub use load::Settings;
pub use origin::Origin;
pub use preset::presets;
pub use reread::{ChangedSetting, FilesRead, SettingsChanges, StartedWith};
pub use save::{SaveFileError, Saving};
pub use secret_file::SecretFile;
pub use sign_in::SignIn;
pub use sources::{SourceKinds, sources};
pub use value_kind::ValueKind;
pub use watch::{FileWatch, WatchError};
