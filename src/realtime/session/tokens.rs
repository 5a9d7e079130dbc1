//! Session tokens.
use super::{Out, Session};
use crate::realtime::{Grant, PageError, Probe, Token, TokenError};

impl Session {
    pub(super) fn token_to_send(&self) -> Option<&Token> {
        self.config.access_token.as_ref()
    }

    pub(super) fn token_to_read(&self) -> Option<Token> {
        None
    }

    pub(super) fn token(&mut self, _result: Result<Grant, TokenError>, _out: &mut Out<'_>) {}

    pub(super) fn probed(&mut self, _id: u64, _result: Result<Probe, PageError>, _out: &mut Out<'_>) {}
}
