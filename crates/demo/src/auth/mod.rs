//! The Auth server: accounts, sessions whose refresh tokens rotate, and the tokens that identify a user.

mod account;
mod api;
mod sessions;
mod tokens;

pub use account::{Account, AuthOptions, ErrorShape};
pub(crate) use api::answer;
pub(crate) use sessions::Sessions;
pub(crate) use tokens::{Caller, Guard, Token, TokenError};
