//! Changes per second, over the last few seconds.

use std::collections::VecDeque;

use bevy::prelude::*;

use super::Connection;

/// The window of the rate shown: short enough to follow a burst, long enough to be read.
const WINDOW_SECS: f64 = 3.0;
/// The shown rate is renewed this often.
const RENEW_SECS: f64 = 0.5;

/// Changes taken, in half-second steps.
#[derive(Resource, Debug, Default)]
pub(super) struct Pace {
    steps: VecDeque<usize>,
    current: usize,
    step_began: f64,
}

impl Pace {
    pub(super) fn count(&mut self, changes: usize) {
        self.current += changes;
    }
}

pub(super) fn measure(time: Res<Time<Real>>, mut pace: ResMut<Pace>, mut connection: ResMut<Connection>) {
    let now = time.elapsed_secs_f64();
    if now - pace.step_began < RENEW_SECS {
        return;
    }
    let lasted = now - pace.step_began;
    pace.step_began = now;
    let counted = std::mem::take(&mut pace.current);
    pace.steps.push_back(counted);
    while pace.steps.len() as f64 * RENEW_SECS > WINDOW_SECS {
        pace.steps.pop_front();
    }
    // A slow frame makes a long step; the others were half a second each.
    let seconds = (pace.steps.len().saturating_sub(1)) as f64 * RENEW_SECS + lasted;
    connection.changes_per_second = (pace.steps.iter().sum::<usize>() as f64 / seconds) as f32;
}
