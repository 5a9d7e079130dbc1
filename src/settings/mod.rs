//! What can be set: types, layers (flag, environment, file, default), secrets, saving.

mod feed;

pub use feed::{FeedSettings, Vsn};
