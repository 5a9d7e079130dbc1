//! The lease: for how long what is held may be called Live.
//!
//! A server that loses changes sends nothing that says so, so that a connection which looks well proves nothing. A source
//! is proven equal as of a moment by a snapshot or by an audit that found no difference. While every followed source
//! has a proof that is young enough the lease holds; then it runs out by itself. A change that arrives proves nothing
//! about the changes before it, and does not extend the lease.

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

/// The lease has run out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unproven {
    /// The source whose proof is the oldest.
    pub(super) source: usize,
    /// As of when it was last proven.
    pub(super) since: Duration,
}

impl Lease {
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

    /// As of when all of these sources are proven, and which of them has the oldest proof. `None`: there are none.
    fn oldest(&self, followed: impl Fn(usize) -> bool) -> Option<Unproven> {
        let proofs = self.proofs.iter().enumerate();
        proofs
            .filter(|(source, _)| followed(*source))
            .map(|(source, proof)| Unproven {
                source,
                since: proof.unwrap_or_default(),
            })
            .min_by_key(|unproven| unproven.since)
    }

    /// The source whose proof is too old, if there is one. `followed`: the sources that have to be proven.
    pub(super) fn check(&self, at: Duration, followed: impl Fn(usize) -> bool) -> Option<Unproven> {
        let max_age = self.max_age?;
        let oldest = self.oldest(followed)?;
        (at.saturating_sub(oldest.since) > max_age).then_some(oldest)
    }

    /// When the lease runs out if nothing more is proven.
    pub(super) fn due(&self, followed: impl Fn(usize) -> bool) -> Option<Duration> {
        // One more than the age, which is still young enough.
        Some(self.oldest(followed)?.since + self.max_age? + Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn it_holds_as_long_as_the_oldest_proof_is_young_enough() {
        let mut lease = Lease::new(Some(second(90)), 2);
        lease.prove(0, second(10));
        lease.prove(1, second(40));
        assert_eq!(lease.check(second(100), |_| true), None);
        assert_eq!(lease.due(|_| true), Some(second(100) + Duration::from_millis(1)));
        let unproven = Unproven {
            source: 0,
            since: second(10),
        };
        assert_eq!(lease.check(second(101), |_| true), Some(unproven));
        assert_eq!(
            lease.check(second(101), |source| source == 1),
            None,
            "the other is polled"
        );
        lease.prove(0, second(95));
        assert_eq!(lease.check(second(101), |_| true), None);
        lease.prove(0, second(20));
        assert_eq!(lease.proof(0), Some(second(95)), "an older proof takes nothing back");
        lease.prove_part(0, second(150));
        lease.prove(1, second(150));
        assert_eq!(lease.check(second(200), |_| true), None, "a part holds the lease");
        assert_eq!(lease.proof(0), Some(second(95)), "and is not shown");
    }

    #[test]
    fn nothing_is_claimed_where_nothing_can_be_proven_and_nothing_is_owed_without_sources() {
        assert_eq!(Lease::new(None, 1).check(second(9_999), |_| true), None);
        assert_eq!(Lease::new(None, 1).due(|_| true), None);
        assert_eq!(Lease::new(Some(second(90)), 1).check(second(9_999), |_| false), None);
    }

    proptest! {
        /// Whatever is proven in whatever order: while the lease holds, every followed source was proven within its age.
        #[test]
        fn it_never_holds_without_a_young_proof_of_every_followed_source(
            proofs in prop::collection::vec((0..4_usize, 0..600_u64), 0..60),
            followed in prop::array::uniform4(any::<bool>()),
            at in 0..900_u64,
        ) {
            let mut lease = Lease::new(Some(second(90)), 4);
            for (source, moment) in &proofs {
                lease.prove(*source, second(*moment));
            }
            let is_followed = |source: usize| followed.get(source).copied().unwrap_or(false);
            let is_young = |source: usize| {
                let newest = proofs.iter().filter(|(of, _)| *of == source).map(|(_, moment)| *moment).max();
                at.saturating_sub(newest.unwrap_or(0)) <= 90
            };
            let holds = lease.check(second(at), is_followed).is_none();
            prop_assert_eq!(holds, (0..4).filter(|source| is_followed(*source)).all(is_young));
        }
    }
}
