//! The Auth face: accounts, sessions whose refresh tokens rotate, and the tokens that say who somebody is.

mod account;
mod error;
mod face;
mod guard;
mod jwt;
mod sessions;

pub use account::{Account, AuthOptions, ErrorShape};
pub use face::answer;
pub use guard::{Guard, Token, TokenError};
pub use sessions::Sessions;
