//! What the parts of a connection get with a call: its moment, unique numbers, and a place for effects.

use std::time::Duration;

use super::sources::Sources;
use crate::{
    Token,
    api::{Effect, Now, PageQuery, PageRequest, ProbeRequest},
    event::FeedEvent,
};

/// One call: its moment, and where its effects go.
pub(super) struct Call<'a> {
    /// The moment of the call.
    pub(super) now: Now,
    /// The effects so far, in order.
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Call<'_> {
    /// The moment, on the monotonic clock.
    pub(super) fn at(&self) -> Duration {
        self.now.at
    }

    /// Appends an effect.
    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Appends a report to the reader.
    pub(super) fn report(&mut self, event: FeedEvent) {
        self.effects.push(Effect::Emit(event));
    }
}

/// The numbers that are unique in a connection.
#[derive(Debug)]
pub(super) struct Numbers {
    reference: u64,
    request: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            reference: 1,
            request: 1,
        }
    }
}

impl Numbers {
    /// The next reference of a frame.
    pub(super) fn reference(&mut self) -> u64 {
        self.reference += 1;
        self.reference - 1
    }

    /// The next id of a REST request.
    pub(super) fn request(&mut self) -> u64 {
        self.request += 1;
        self.request - 1
    }
}

/// What a part needs to request rows.
pub(super) struct Requests<'a, 'c> {
    /// The call in which rows are requested.
    pub(super) call: &'a mut Call<'c>,
    /// All sources.
    pub(super) sources: &'a mut Sources,
    /// Where ids of requests come from.
    pub(super) numbers: &'a mut Numbers,
    /// The token that reads.
    pub(super) token: Option<Token>,
}

impl Requests<'_, '_> {
    /// Asks for a page of a source. Returns the request's id.
    pub(super) fn page(&mut self, at: usize, query: PageQuery) -> Option<u64> {
        let source = self.sources.get(at)?.source.clone();
        let id = self.numbers.request();
        let token = self.token.clone();
        self.call.push(Effect::Fetch(Box::new(PageRequest {
            id,
            source,
            query,
            token,
        })));
        Some(id)
    }

    /// Asks for a probe, made of its id and the token. Returns the id.
    pub(super) fn probe(&mut self, make: impl FnOnce(u64, Option<Token>) -> ProbeRequest) -> u64 {
        let id = self.numbers.request();
        let request = make(id, self.token.clone());
        self.call.push(Effect::Probe(Box::new(request)));
        id
    }
}
