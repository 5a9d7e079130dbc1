//! The lease: for how long what is held may be called Live.
//!
//! A server that loses changes sends nothing that says so, so that a connection which looks well proves nothing. A source
//! is proven equal as of a moment by a snapshot or by an audit that found no difference. While every followed source
//! has a proof that is young enough the lease holds; then it runs out by itself (`standing::judge`). A change that
//! arrives proves nothing about the changes before it, and does not extend the lease.

use std::time::Duration;

/// Until when each source is proven, and for how long that is enough.
#[derive(Debug)]
pub(super) struct Lease {
    /// The age of a proof from which on it is none; `None`: nothing can be proven, and nothing is claimed.
    max_age: Option<Duration>,
    /// As of when the source was equal to the server; by position.
    proofs: Vec<Option<Duration>>,
    /// The same, of those proofs for which all rows were compared.
    whole: Vec<Option<Duration>>,
}

impl Lease {
    /// The age of a proof from which on it is none; `None`: nothing can be proven.
    pub(super) fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// No proof of any of these sources.
    pub(super) fn new(max_age: Option<Duration>, sources: usize) -> Self {
        Self {
            max_age,
            proofs: vec![None; sources],
            whole: vec![None; sources],
        }
    }

    /// The source was equal to the server as of this moment. A proof of an earlier moment than the one there is adds
    /// nothing.
    pub(super) fn prove(&mut self, source: usize, at: Duration) {
        self.prove_part(source, at);
        if let Some(proof) = self.whole.get_mut(source) {
            *proof = (*proof).max(Some(at));
        }
    }

    /// As far as it could be compared the source was equal as of this moment: by the number of its rows, or by a part of
    /// them. That holds the lease, because nothing better can be had, but it is not shown as a proof.
    pub(super) fn prove_part(&mut self, source: usize, at: Duration) {
        if let Some(proof) = self.proofs.get_mut(source) {
            *proof = (*proof).max(Some(at));
        }
    }

    /// The connection is closed: proofs of it say nothing about the next one.
    pub(super) fn clear(&mut self) {
        self.proofs.fill(None);
        self.whole.fill(None);
    }

    /// As of when all rows of a source were last proven equal.
    pub(super) fn proof(&self, source: usize) -> Option<Duration> {
        self.whole.get(source).copied().flatten()
    }

    /// As of when a source was last proven as far as it could be.
    pub(super) fn held(&self, source: usize) -> Option<Duration> {
        self.proofs.get(source).copied().flatten()
    }

    /// As of when all of these sources are proven. `None`: there are none.
    fn oldest(&self, followed: impl Fn(usize) -> bool) -> Option<Duration> {
        let proofs = self.proofs.iter().enumerate();
        proofs
            .filter(|(source, _)| followed(*source))
            .map(|(_, proof)| proof.unwrap_or_default())
            .min()
    }

    /// When the lease runs out if nothing more is proven.
    pub(super) fn due(&self, followed: impl Fn(usize) -> bool) -> Option<Duration> {
        // One more than the age, which is still young enough.
        Some(self.oldest(followed)? + self.max_age? + Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn it_holds_as_long_as_the_oldest_proof_is_young_enough() {
        let mut lease = Lease::new(Some(second(90)), 2);
        lease.prove(0, second(10));
        lease.prove(1, second(40));
        assert_eq!(lease.due(|_| true), Some(second(100) + Duration::from_millis(1)));
        let due = lease.due(|source| source == 1);
        assert_eq!(due, Some(second(130) + Duration::from_millis(1)), "the other is polled");
        lease.prove(0, second(95));
        lease.prove(0, second(20));
        assert_eq!(lease.proof(0), Some(second(95)), "an older proof takes nothing back");
        lease.prove_part(0, second(150));
        lease.prove(1, second(150));
        assert_eq!(lease.held(0), Some(second(150)), "a part holds the lease");
        assert_eq!(lease.proof(0), Some(second(95)), "and is not shown");
    }

    #[test]
    fn nothing_runs_out_where_nothing_can_be_proven_or_nothing_is_followed() {
        assert_eq!(Lease::new(None, 1).due(|_| true), None);
        assert_eq!(Lease::new(Some(second(90)), 1).due(|_| false), None);
    }
}
