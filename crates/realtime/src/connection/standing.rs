//! Whether the rows of a source can be relied on: what is known about reading and following it, and which sources are
//! lost.
//!
//! A lost source can neither be read nor followed. Its rows stay as they were, and it stays lost until a reading of its
//! own is merged; the other sources keep the connection live. [`judge`] decides from the evidence of all sources.

use std::time::Duration;

use crate::POLL_INTERVAL;

/// A polled source whose last good reading began longer ago than this is lost.
const POLLED_MAX_AGE: Duration = Duration::from_secs(2 * POLL_INTERVAL.as_secs());
/// Refused readings in a row after which a source is lost. One may be a moment of a migration.
const MAX_REFUSALS: u32 = 2;
/// Delay of the reading after the first one that failed; it doubles up to [`POLL_INTERVAL`].
const READ_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Delay of the next reading of a table that had too many rows.
const READ_LARGE_AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// How a source is kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By snapshot and stream, with audits.
    Followed,
    /// By readings every [`POLL_INTERVAL`].
    Polled,
    /// By the stream alone: it could never be read.
    StreamOnly,
}

/// What is known of one source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    pub(super) way: Way,
    /// As of when it was last proven equal on this connection.
    pub(super) proof: Option<Duration>,
    /// Readings refused in a row.
    pub(super) refusals: u32,
    /// Its changes come without their columns.
    pub(super) is_unauthorized: bool,
    /// It has been declared lost, and no reading was merged since.
    pub(super) is_lost: bool,
}

impl Evidence {
    fn age(&self, at: Duration) -> Duration {
        at.saturating_sub(self.proof.unwrap_or_default())
    }

    /// Neither readings nor changes can bring its rows.
    fn is_refused(&self) -> bool {
        match self.way {
            Way::StreamOnly => self.is_unauthorized,
            Way::Followed | Way::Polled => self.refusals >= MAX_REFUSALS || (self.refusals > 0 && self.is_unauthorized),
        }
    }

    /// Live may be claimed only while this source is proven.
    fn is_owed_proof(&self) -> bool {
        self.way == Way::Followed && !self.is_lost
    }
}

/// What the evidence of all sources means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every source is proven or lost, and at least one is not lost.
    Live,
    /// This source has to be declared lost; then the evidence is to be judged again.
    Lose(usize),
    /// The connection is unproven as a whole: this source has the oldest proof.
    Unproven(usize),
    /// Every source is lost; this one is the first.
    NoneLeft(usize),
}

/// Decides which sources are lost and whether the connection may be called live. `max_age`: the age of a proof from
/// which on a followed source is not proven; `None`: nothing can be proven.
///
/// A single source whose proof is too old is lost when all others were proven recently. When others are old as well, the
/// database or the connection fails and not the source.
pub(super) fn judge(
    sources: impl Iterator<Item = Evidence> + Clone,
    at: Duration,
    max_age: Option<Duration>,
) -> Verdict {
    let indexed = || sources.clone().enumerate();
    let has_failed =
        |source: &Evidence| source.is_refused() || (source.way == Way::Polled && source.age(at) > POLLED_MAX_AGE);
    if let Some((failed, _)) = indexed().find(|(_, source)| !source.is_lost && has_failed(source)) {
        return Verdict::Lose(failed);
    }
    let owed = || indexed().filter(|(_, source)| source.is_owed_proof());
    if let Some(max_age) = max_age
        && let Some((oldest, source)) = owed().min_by_key(|(_, source)| source.proof.unwrap_or_default())
        && source.age(at) > max_age
    {
        let mut others = owed().filter(|(other, _)| *other != oldest).peekable();
        let has_others = others.peek().is_some();
        let is_alone = has_others && others.all(|(_, other)| other.age(at) <= max_age / 2);
        return if is_alone {
            Verdict::Lose(oldest)
        } else {
            Verdict::Unproven(oldest)
        };
    }
    match indexed().find(|(_, source)| source.is_lost) {
        Some((lost, _)) if sources.clone().all(|source| source.is_lost) => Verdict::NoneLeft(lost),
        _ => Verdict::Live,
    }
}

/// A source that is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    /// When it was declared lost.
    pub(super) since: Duration,
    /// Why: words for a person, free of secrets.
    pub(super) why: String,
}

/// What is known about reading one source and about the authority to follow it.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// As of when it was last proven equal, on this connection or an earlier one.
    as_of: Option<Duration>,
    /// Readings and comparisons refused in a row.
    refusals: u32,
    /// Readings that failed in a row for any reason.
    failures: u32,
    /// Why the last reading or comparison failed; `None` after a proof.
    error: Option<String>,
    /// When a change last came without its columns because the role may not read them.
    unauthorized_at: Option<Duration>,
    loss: Option<Loss>,
    /// When it is read on its own.
    read_at: Option<Duration>,
}

impl Standing {
    /// As of when it was last proven, on any connection.
    pub(super) fn as_of(&self) -> Option<Duration> {
        self.as_of
    }

    /// Its loss, if it is lost.
    pub(super) fn loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.loss.is_some()
    }

    /// Its evidence, with what others know.
    pub(super) fn evidence(&self, way: Way, proof: Option<Duration>) -> Evidence {
        Evidence {
            way,
            proof,
            refusals: self.refusals,
            is_unauthorized: self.unauthorized_at.is_some(),
            is_lost: self.is_lost(),
        }
    }

    /// A comparison found it equal to the server: all of it as of this moment, or (`None`) a part of it.
    pub(super) fn note_equal(&mut self, as_of: Option<Duration>) {
        self.as_of = self.as_of.max(as_of);
        self.refusals = 0;
        self.failures = 0;
        self.error = None;
    }

    /// A comparison failed and may succeed the next time.
    pub(super) fn note_failure(&mut self, why: &str) {
        self.error = Some(why.to_owned());
    }

    /// A reading or comparison was refused. It is read on its own soon.
    pub(super) fn note_refusal(&mut self, why: &str, at: Duration) {
        self.refusals = self.refusals.saturating_add(1);
        self.note_failure(why);
        self.read_again(at);
    }

    /// Plans another reading after one that failed. One that is planned already stays.
    pub(super) fn read_again(&mut self, at: Duration) {
        if self.read_at.is_none() {
            let delay = READ_AGAIN_AFTER.saturating_mul(1 << self.failures.min(4));
            self.failures = self.failures.saturating_add(1);
            self.read_at = Some(at + delay.min(POLL_INTERVAL));
        }
    }

    /// Plans a reading on its own after this delay, at the latest.
    pub(super) fn read_within(&mut self, delay: Duration, at: Duration) {
        let due = at + delay;
        self.read_at = Some(self.read_at.map_or(due, |planned| planned.min(due)));
    }

    /// Plans the next reading for a time when a table with too many rows may have become smaller.
    pub(super) fn read_much_later(&mut self, at: Duration) {
        self.read_at = Some(at + READ_LARGE_AGAIN_AFTER);
    }

    /// Plans a reading as soon as after a failure.
    pub(super) fn read_soon(&mut self, at: Duration) {
        self.read_within(READ_AGAIN_AFTER, at);
    }

    /// When it is read on its own.
    pub(super) fn read_at(&self) -> Option<Duration> {
        self.read_at
    }

    /// It is being read.
    pub(super) fn note_reading(&mut self) {
        self.read_at = None;
    }

    /// A change came without its columns.
    pub(super) fn note_unauthorized(&mut self, at: Duration) {
        self.unauthorized_at = Some(at);
    }

    /// A change came with its columns. True when the last ones did not.
    pub(super) fn note_authorized(&mut self) -> bool {
        self.unauthorized_at.take().is_some()
    }

    /// Its last changes came without their columns.
    pub(super) fn is_unauthorized(&self) -> bool {
        self.unauthorized_at.is_some()
    }

    /// Declares it lost. `why`: the reason where no reading or comparison gave one.
    pub(super) fn lose(&mut self, why: Option<&str>, at: Duration) {
        self.read_again(at);
        let why = self.error.as_deref().or(why);
        self.loss = Some(Loss {
            since: at,
            why: why.unwrap_or("no comparison with the database was answered").to_owned(),
        });
    }

    /// A reading that began at `since` was merged. Returns the loss that ends with it.
    pub(super) fn note_read(&mut self, since: Duration) -> Option<Loss> {
        self.note_equal(Some(since));
        self.read_at = None;
        let loss = self.loss.take()?;
        if self.unauthorized_at.is_some_and(|last| last < since) {
            self.unauthorized_at = None;
        }
        Some(loss)
    }

    /// The connection is closed. What is lost stays lost until it is read on another one.
    pub(super) fn close(&mut self) {
        *self = Self {
            as_of: self.as_of,
            error: self.error.take().filter(|_| self.loss.is_some()),
            loss: self.loss.take(),
            ..Self::default()
        };
    }
}

/// When a source that is polled by this evidence would be lost, if it is not read.
pub(super) fn polled_due(evidence: &Evidence) -> Option<Duration> {
    let is_at_risk = evidence.way == Way::Polled && !evidence.is_lost;
    // One more than the age, which is still young enough.
    is_at_risk.then(|| evidence.proof.unwrap_or_default() + POLLED_MAX_AGE + Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX_AGE: Duration = Duration::from_secs(90);

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn proven(at: u64) -> Evidence {
        Evidence {
            way: Way::Followed,
            proof: Some(second(at)),
            refusals: 0,
            is_unauthorized: false,
            is_lost: false,
        }
    }

    fn verdict(sources: &[Evidence], at: u64) -> Verdict {
        judge(sources.iter().copied(), second(at), Some(MAX_AGE))
    }

    #[test]
    fn a_source_that_is_refused_twice_is_lost_at_once_and_the_others_stay_live() {
        let mut sources = [proven(90), proven(90)];
        sources[0].refusals = 1;
        assert_eq!(verdict(&sources, 100), Verdict::Live);
        sources[0].refusals = 2;
        assert_eq!(verdict(&sources, 100), Verdict::Lose(0));
        sources[0].is_lost = true;
        assert_eq!(verdict(&sources, 100), Verdict::Live);
        assert_eq!(verdict(&sources[..1], 100), Verdict::NoneLeft(0));
    }

    #[test]
    fn a_refused_reading_and_refused_changes_are_enough_together() {
        let mut sources = [proven(90), proven(90)];
        sources[1].way = Way::Polled;
        sources[1].is_unauthorized = true;
        assert_eq!(verdict(&sources, 100), Verdict::Live);
        sources[1].refusals = 1;
        assert_eq!(verdict(&sources, 100), Verdict::Lose(1));
        let stream_only = Evidence {
            way: Way::StreamOnly,
            proof: None,
            ..proven(0)
        };
        assert_eq!(verdict(&[proven(90), stream_only], 100), Verdict::Live);
        let unauthorized = Evidence {
            is_unauthorized: true,
            ..stream_only
        };
        assert_eq!(verdict(&[proven(90), unauthorized], 100), Verdict::Lose(1));
    }

    #[test]
    fn one_old_proof_among_recent_ones_is_a_lost_source_and_several_are_an_unproven_connection() {
        assert_eq!(verdict(&[proven(0), proven(80)], 91), Verdict::Lose(0));
        assert_eq!(verdict(&[proven(0), proven(80)], 90), Verdict::Live);
        assert_eq!(verdict(&[proven(0), proven(0), proven(80)], 91), Verdict::Unproven(0));
        assert_eq!(verdict(&[proven(0), proven(2)], 91), Verdict::Unproven(0), "both fail");
        assert_eq!(verdict(&[proven(0)], 91), Verdict::Unproven(0));
        let polled = Evidence {
            way: Way::Polled,
            ..proven(80)
        };
        assert_eq!(verdict(&[proven(0), polled], 91), Verdict::Unproven(0));
    }

    #[test]
    fn nothing_is_claimed_where_nothing_can_be_proven_and_nothing_is_owed_without_sources() {
        let stream_only = [proven(0), proven(0)];
        assert_eq!(judge(stream_only.iter().copied(), second(9_999), None), Verdict::Live);
        assert_eq!(verdict(&[], 9_999), Verdict::Live);
    }

    /// Whatever is proven: while nothing is lost, the connection is live only with a recent proof of every source.
    #[test]
    fn without_losses_every_source_has_a_recent_proof() {
        for (first, second) in (0..200).step_by(5).zip((0..200).rev().step_by(7)) {
            let is_live = verdict(&[proven(first), proven(second)], 190) == Verdict::Live;
            assert_eq!(is_live, first >= 100 && second >= 100, "{first} {second}");
        }
    }

    #[test]
    fn a_polled_source_is_lost_after_two_intervals_without_a_good_reading() {
        let polled = Evidence {
            way: Way::Polled,
            ..proven(0)
        };
        assert_eq!(verdict(&[polled, proven(100)], 120), Verdict::Live);
        assert_eq!(verdict(&[polled, proven(100)], 121), Verdict::Lose(0));
        assert_eq!(polled_due(&polled), Some(second(120) + Duration::from_millis(1)));
        let lost = Evidence {
            is_lost: true,
            ..polled
        };
        assert_eq!(polled_due(&lost), None);
        let other = Evidence {
            way: Way::Polled,
            ..proven(100)
        };
        assert_eq!(
            verdict(&[lost, other], 121),
            Verdict::Live,
            "what is polled is proven by its readings"
        );
        assert_eq!(verdict(&[lost, lost], 121), Verdict::NoneLeft(0));
        assert_eq!(verdict(&[other, other], 121), Verdict::Live, "nothing is lost");
    }

    #[test]
    fn readings_after_failures_come_soon_and_then_at_the_pace_of_polling() {
        let mut standing = Standing::default();
        let mut at = Duration::ZERO;
        let mut delays = Vec::new();
        for _ in 0..7 {
            standing.note_refusal("no grant", at);
            let due = standing.read_at().expect("planned");
            delays.push((due - at).as_secs());
            at = due;
            standing.note_reading();
        }
        assert_eq!(delays, [5, 10, 20, 40, 60, 60, 60]);
        standing.lose(None, at);
        assert_eq!(standing.loss().map(|loss| loss.why.as_str()), Some("no grant"));
        standing.close();
        assert!(standing.is_lost(), "another connection does not find it");
        assert!(standing.note_read(at).is_some() && !standing.is_lost());
        assert_eq!((standing.as_of(), standing.read_at()), (Some(at), None));
    }

    fn any_evidence() -> impl Strategy<Value = Evidence> {
        let way = prop::sample::select(vec![Way::Followed, Way::Polled, Way::StreamOnly]);
        let proof = prop::option::of(0..300_u64);
        (way, proof, 0..4_u32, any::<bool>(), any::<bool>()).prop_map(
            |(way, proof, refusals, is_unauthorized, is_lost)| Evidence {
                way,
                proof: proof.map(second),
                refusals,
                is_unauthorized,
                is_lost,
            },
        )
    }

    proptest! {
        /// A source that is not proven within its age is lost, or the connection is not live.
        #[test]
        fn nothing_is_live_without_a_proof_or_a_label(
            mut sources in prop::collection::vec(any_evidence(), 1..6),
            at in 0..400_u64,
        ) {
            let lost_before: Vec<bool> = sources.iter().map(|source| source.is_lost).collect();
            let mut verdicts = 0;
            let last = loop {
                match verdict(&sources, at) {
                    Verdict::Lose(lost) => {
                        prop_assert!(!sources[lost].is_lost, "declared lost once");
                        sources[lost].is_lost = true;
                    }
                    last => break last,
                }
                verdicts += 1;
                prop_assert!(verdicts <= sources.len());
            };
            prop_assert!(lost_before.iter().zip(&sources).all(|(before, now)| !before || now.is_lost));
            if last == Verdict::Live {
                for source in sources.iter().filter(|source| !source.is_lost) {
                    let is_labelled = source.way == Way::StreamOnly && !source.is_unauthorized;
                    let limit = if source.way == Way::Polled { POLLED_MAX_AGE } else { MAX_AGE };
                    prop_assert!(is_labelled || source.age(second(at)) <= limit, "{source:?}");
                    prop_assert!(is_labelled || source.refusals < MAX_REFUSALS, "{source:?}");
                }
                prop_assert!(sources.iter().any(|source| !source.is_lost));
            }
        }
    }
}
