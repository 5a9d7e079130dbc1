//! Changes and bytes per second over the last minute, from the counters of successive reports.

use std::collections::VecDeque;

use bevy::prelude::*;

use super::ConnectionView;
use crate::frame::ConnectionSystems;

/// What arrives, second by second.
#[derive(Resource, Debug, Default)]
pub(crate) struct Rates {
    /// Changes of rows.
    pub(crate) changes: RateHistory,
    /// Bytes of received frames.
    pub(crate) bytes: RateHistory,
}

/// One sample a second, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct RateHistory {
    samples: VecDeque<f32>,
    /// When the last sample was taken, whole seconds, and the counter then.
    last: Option<(u64, u64)>,
}

impl RateHistory {
    /// Seconds that are kept.
    pub(crate) const SPAN: usize = 60;
    /// The present rate is the mean of this many seconds.
    const PRESENT: usize = 3;

    /// Records the counter at the moment `now` (seconds). More than one call a second is harmless; missed seconds share
    /// what was counted in them evenly.
    pub(crate) fn record(&mut self, now: f64, counter: u64) {
        let second = now.max(0.0) as u64;
        let Some((last_second, last_counter)) = self.last else {
            self.last = Some((second, counter));
            return;
        };
        if second <= last_second {
            return;
        }
        let passed = second - last_second;
        // A counter that decreased belongs to a new feed.
        let rate = counter.saturating_sub(last_counter) as f32 / passed as f32;
        for _ in 0..passed.min(Self::SPAN as u64) {
            if self.samples.len() == Self::SPAN {
                self.samples.pop_front();
            }
            self.samples.push_back(rate);
        }
        self.last = Some((second, counter));
    }

    /// The samples, oldest first; at most `SPAN`.
    pub(crate) fn samples(&self) -> impl ExactSizeIterator<Item = f32> + DoubleEndedIterator + '_ {
        self.samples.iter().copied()
    }

    /// Per second, over the last few seconds; 0 before there are any.
    pub(crate) fn present(&self) -> f32 {
        let count = self.samples.len().clamp(1, Self::PRESENT);
        self.samples().rev().take(count).sum::<f32>() / count as f32
    }
}

/// Measures the rates of the connection that [`ConnectionView`] describes.
pub fn rates(app: &mut App) {
    app.init_resource::<Rates>()
        .add_systems(Update, sample.in_set(ConnectionSystems::Rates));
}

fn sample(time: Res<Time<Real>>, connection: Res<ConnectionView>, mut rates: ResMut<Rates>) {
    let (now, link) = (time.elapsed_secs_f64(), &connection.link);
    let rates = rates.bypass_change_detection();
    rates.changes.record(now, link.changes);
    rates.bytes.record(now, link.bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_kept_one_sample_a_second() {
        let mut history = RateHistory::default();
        assert_eq!(history.present(), 0.0);
        for tick in 0..1_000_u32 {
            history.record(f64::from(tick) * 0.1, u64::from(tick) * 5);
        }
        let samples: Vec<f32> = history.samples().collect();
        assert_eq!(samples.len(), RateHistory::SPAN);
        assert!(samples.iter().all(|rate| *rate == 50.0), "{samples:?}");
        assert_eq!(history.present(), 50.0);
    }

    #[test]
    fn a_stall_is_spread_and_a_counter_set_back_is_nothing() {
        let mut history = RateHistory::default();
        history.record(0.0, 100);
        history.record(4.0, 500);
        history.record(5.0, 3);
        assert_eq!(history.samples().collect::<Vec<_>>(), [100.0, 100.0, 100.0, 100.0, 0.0]);
        assert_eq!(history.present(), 200.0 / 3.0);
        history.record(1e12, 3);
        assert_eq!(history.samples().len(), RateHistory::SPAN);
        assert_eq!(history.present(), 0.0);
    }
}
