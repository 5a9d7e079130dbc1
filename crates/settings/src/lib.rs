//! What can be set, and where each value came from: flag, environment, what the panel saved, files, defaults.
//!
//! [`Settings::load`] takes the parsed flags ([`SettingsArgs`]) and the surroundings ([`Env`]); it reads files and
//! nothing else of the process. Precedence, highest first:
//!
//! 1. a flag,
//! 2. an environment variable,
//! 3. what the panel changed and saved (`saved`): above the files, or a change made on the wall would be forgotten at
//!    the next start; below flags and environment, which are said anew at each start,
//! 4. `opswall.toml` in the working directory, then in the user's configuration directory, or the one file that
//!    `--config` names,
//! 5. the default, of which `--kiosk` changes two.

mod args;
mod display;
mod effective;
mod env;
mod error;
mod feed;
mod file;
pub mod files;
mod key;
mod layer;
mod load;
mod mapping;
mod names;
mod origin;
mod pace;
pub mod saved;
pub mod saved_view;
mod secret_file;
mod sign_in;
mod sources;
mod typed;
mod url;

pub use args::SettingsArgs;
pub use display::{QualityPolicy, WallSettings};
pub use effective::Effective;
pub use env::Env;
pub use error::SettingsError;
pub use feed::{Auth, FeedSettings};
pub use key::bypasses_row_security;
pub use load::Settings;
pub use origin::Origin;
pub use secret_file::SecretFile;
pub use sign_in::SignIn;
pub use sources::{SourceKinds, sources};
