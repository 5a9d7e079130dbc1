//! What the tests of the parts have in common: sources, numbers, and a call to collect effects with.

use std::time::Duration;

use super::{Call, Numbers, Requests, sources::Sources};
use crate::{
    Source,
    api::{Effect, Now, PageRequest, ProbeRequest},
};
use model::Record;

pub(super) struct Fixture {
    pub(super) at: Duration,
    pub(super) sources: Sources,
    numbers: Numbers,
    effects: Vec<Effect>,
}

pub(super) fn record(json: &str) -> Record {
    Record::from_json(json).expect("a row")
}

impl Fixture {
    /// This number of sources with the key column `id`.
    pub(super) fn new(sources: usize) -> Self {
        let source = |at: usize| Source {
            schema: "public".into(),
            table: format!("t{at}"),
            key: vec!["id".into()],
            noun: ("row".into(), "rows".into()),
            ..Source::default()
        };
        let sources: Vec<Source> = (0..sources).map(source).collect();
        Self {
            at: Duration::ZERO,
            sources: Sources::new(&sources),
            numbers: Numbers::default(),
            effects: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        Now {
            at: self.at,
            wall_ms: 0,
            random: 0.5,
        }
    }

    /// Holds a row.
    pub(super) fn hold(&mut self, at: usize, id: &str, json: &str) {
        let (tracked, _) = self.sources.get_mut(at).expect("a source");
        tracked.rows.set(id.into(), record(json));
    }

    /// Calls a part that may request rows.
    pub(super) fn request<T>(&mut self, step: impl FnOnce(&mut Requests<'_, '_>) -> T) -> T {
        let now = self.now();
        let Self {
            sources,
            numbers,
            effects,
            ..
        } = self;
        step(&mut Requests {
            call: &mut Call { now, effects },
            sources,
            numbers,
            token: None,
        })
    }

    /// The pages asked for since the last look.
    pub(super) fn fetched(&mut self) -> Vec<PageRequest> {
        let fetched = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Fetch(request) => Some(*request),
            _ => None,
        });
        fetched.collect()
    }

    /// The probes asked for since the last look.
    pub(super) fn probed(&mut self) -> Vec<ProbeRequest> {
        let probed = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Probe(request) => Some(*request),
            _ => None,
        });
        probed.collect()
    }
}
