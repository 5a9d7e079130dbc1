//! Keeps the frame budget on any machine: turns quality features off, one after the other, and on again when there is
//! room.
//!
//! Pure except for the system at the end: frame times are the input, the number of features that are off is the output.
//! The median of two seconds is judged, so that one stall changes nothing. Between too slow and fast enough lies a wide
//! band in which nothing changes, and a feature that had to be turned off again soon after its return is retried ever less
//! often. An idle wall shows everything: one frame a second is never too much.

use bevy::{prelude::*, render::renderer::RenderAdapterInfo, window::WindowOccluded};
use wgpu_types::DeviceType;

use super::frame_rate::FrameRate;
use crate::messages::{Quality, QualityFeature};
use settings::QualityPolicy;

/// The frames that are judged together: at least this many seconds and frames.
const WINDOW_SECS: f64 = 2.0;
const WINDOW_FRAMES: usize = 5;
/// Most frame times that are kept: more than a display of 240 Hz shows in a window.
const MOST_FRAMES: usize = 512;
/// The limits of the median frame time, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Budget {
    /// Above this the picture is too slow.
    slow: f64,
    /// Below this, or near the display's own interval, there is room for another feature.
    fast: f64,
}

impl Budget {
    /// A processor draws: below 15 frames a second motion is no longer perceived, and the full picture at 15 is worth more
    /// than a reduced one at 30.
    const PROCESSOR: Self = Self {
        slow: 1.0 / 15.0,
        fast: 1.0 / 30.0,
    };
    /// A GPU draws: as smooth as a film, and a display of 24 Hz does not count as a slow machine.
    const GPU: Self = Self {
        slow: 1.0 / 22.5,
        fast: 1.0 / 45.0,
    };

    fn of(adapter: DeviceType) -> Self {
        match adapter {
            DeviceType::Cpu => Self::PROCESSOR,
            _ => Self::GPU,
        }
    }
}

/// A median within this factor of the shortest one so far counts as the display's own interval.
const NEAR: f64 = 1.15;
/// Slow windows in a row before a feature is turned off.
const SLOW_WINDOWS: u32 = 2;
/// Seconds of room before a feature is turned on again; doubled each time that proves wrong.
const PATIENCE_SECS: f64 = 20.0;
const MOST_PATIENCE_SECS: f64 = 640.0;
/// A feature that makes the picture slow within this many seconds of its return was turned on too early.
const TRIAL_SECS: f64 = 20.0;

/// Frames after an idle interval that are not judged: the time of the first includes that interval.
const STALE_FRAMES: usize = 1;
/// A frame counts for at most this many seconds, so that one long pause is neither a slow window nor a time of room.
const LONGEST_FRAME_SECS: f64 = 1.0;

/// Decides which features are off.
#[derive(Resource, Debug, Clone, PartialEq)]
pub(crate) struct Governor {
    budget: Budget,
    off: usize,
    frames: Vec<f64>,
    window_secs: f64,
    slow_windows: u32,
    calm_secs: f64,
    patience_secs: f64,
    /// Since a feature was turned on again; seconds.
    trial_secs: Option<f64>,
    /// The shortest median so far, seconds.
    best: f64,
    /// How many features were off before the idle interval; they are turned off again if the first window after it is
    /// slow.
    before_idle: usize,
    stale_frames: usize,
}

impl Default for Governor {
    fn default() -> Self {
        Self {
            budget: Budget::PROCESSOR,
            off: 0,
            frames: Vec::new(),
            window_secs: 0.0,
            slow_windows: 0,
            calm_secs: 0.0,
            patience_secs: PATIENCE_SECS,
            trial_secs: None,
            best: f64::INFINITY,
            before_idle: 0,
            stale_frames: 0,
        }
    }
}

impl Governor {
    /// Records the time from the last frame to this one; `aim` is the interval where the rate itself is lowered (both in
    /// seconds).
    pub(crate) fn frame(&mut self, took: f64, aim: Option<f64>) -> Quality {
        if self.stale_frames > 0 {
            self.stale_frames -= 1;
        } else if took.is_finite() && took > 0.0 {
            self.window_secs += took.min(LONGEST_FRAME_SECS);
            if self.frames.len() < MOST_FRAMES {
                self.frames.push(took);
            }
            if self.window_secs >= WINDOW_SECS && self.frames.len() >= WINDOW_FRAMES {
                self.judge(aim);
            }
        }
        Quality::without(self.off)
    }

    /// The wall is idle: nothing is off, and earlier measurements are dropped.
    pub(crate) fn idle(&mut self) -> Quality {
        self.frames.clear();
        self.window_secs = 0.0;
        self.slow_windows = 0;
        self.calm_secs = 0.0;
        self.trial_secs = None;
        self.stale_frames = STALE_FRAMES;
        self.before_idle = self.before_idle.max(std::mem::take(&mut self.off));
        Quality::without(0)
    }

    fn judge(&mut self, aim: Option<f64>) {
        self.frames.sort_by(f64::total_cmp);
        let median = self.frames.get(self.frames.len() / 2).copied().unwrap_or_default();
        let span = std::mem::take(&mut self.window_secs);
        self.frames.clear();
        let (slow, fast) = match aim {
            Some(aim) => (f64::INFINITY, aim * NEAR),
            None => {
                self.best = self.best.min(median);
                (self.budget.slow, self.budget.fast.max(self.best * NEAR))
            }
        };
        self.trial_secs = self.trial_secs.map(|secs| secs + span);
        let before_idle = std::mem::take(&mut self.before_idle);
        if median > slow && before_idle > 0 {
            self.off = before_idle;
            return;
        }
        if median > slow {
            self.calm_secs = 0.0;
            self.slow_windows += 1;
            if self.slow_windows >= SLOW_WINDOWS && self.off < QualityFeature::ALL.len() {
                if self.trial_secs.take().is_some_and(|secs| secs <= TRIAL_SECS) {
                    self.patience_secs = (self.patience_secs * 2.0).min(MOST_PATIENCE_SECS);
                }
                self.off += 1;
                self.slow_windows = 0;
            }
            return;
        }
        self.slow_windows = 0;
        if self.trial_secs.is_some_and(|secs| secs > TRIAL_SECS) {
            self.trial_secs = None;
            self.patience_secs = PATIENCE_SECS;
        }
        if median > fast || self.off == 0 {
            self.calm_secs = 0.0;
            return;
        }
        self.calm_secs += span;
        if self.calm_secs >= self.patience_secs {
            self.off -= 1;
            (self.calm_secs, self.trial_secs) = (0.0, Some(0.0));
        }
    }
}

/// Whether features are turned off at all.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy(pub(super) QualityPolicy);

/// Measures the frames.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Governor>().init_resource::<Policy>().add_systems(
        First,
        (
            govern.run_if(resource_equals(Policy(QualityPolicy::Auto))),
            show_all.run_if(resource_changed::<Policy>.and_then(resource_equals(Policy(QualityPolicy::Full)))),
        ),
    );
}

/// Nothing may be off from now on.
fn show_all(mut governor: ResMut<Governor>, mut quality: ResMut<Quality>) {
    quality.set_if_neq(governor.idle());
}

fn govern(
    mut governor: ResMut<Governor>,
    rate: Res<FrameRate>,
    time: Res<Time<Real>>,
    adapter: Option<Res<RenderAdapterInfo>>,
    mut occlusions: MessageReader<WindowOccluded>,
    mut is_covered: Local<bool>,
    mut quality: ResMut<Quality>,
) {
    // A lost device may be replaced by one of another type.
    if let Some(adapter) = adapter.filter(|adapter| adapter.is_changed()) {
        governor.budget = Budget::of(adapter.device_type);
    }
    let was_covered = *is_covered;
    if let Some(last) = occlusions.read().last() {
        *is_covered = last.occluded;
    }
    // The desktop may draw a covered window at any rate: that is no measure of the machine.
    if rate.is_idle() || *is_covered || was_covered {
        quality.set_if_neq(governor.idle());
        return;
    }
    let aim = rate.interval().map(|interval| interval.as_secs_f64());
    quality.set_if_neq(governor.frame(time.delta_secs_f64(), aim));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays frames of one length; how many luxuries are off afterwards.
    fn play(governor: &mut Governor, frame: f64, secs: f64) -> usize {
        let mut quality = Quality::default();
        for _ in 0..(secs / frame).ceil() as usize {
            quality = governor.frame(frame, None);
        }
        quality.off().len()
    }

    #[test]
    fn what_is_too_slow_loses_one_thing_after_the_other_in_order() {
        let mut governor = Governor::default();
        let mut seen = Vec::new();
        for _ in 0..2_000 {
            let off = governor.frame(0.08, None).off();
            if seen.len() < off.len() {
                seen.push(off[seen.len()]);
            }
        }
        assert_eq!(seen, QualityFeature::ALL);
    }

    #[test]
    fn a_gpu_is_to_be_smooth_and_a_slow_display_is_no_slow_machine() {
        let governed_by = |adapter| Governor {
            budget: Budget::of(adapter),
            ..Governor::default()
        };
        let after = |adapter, rate: f64| play(&mut governed_by(adapter), 1.0 / rate, 30.0);
        assert_eq!(after(DeviceType::Cpu, 18.0), 0);
        assert!(after(DeviceType::DiscreteGpu, 18.0) > 0 && after(DeviceType::IntegratedGpu, 18.0) > 0);
        for display in [24.0, 30.0, 60.0, 144.0] {
            assert_eq!(after(DeviceType::IntegratedGpu, display), 0, "{display} Hz");
        }
    }

    #[test]
    fn one_stall_changes_nothing_and_neither_does_what_is_fast_enough() {
        let mut governor = Governor::default();
        for _ in 0..60 {
            play(&mut governor, 0.016, 1.0);
            assert_eq!(governor.frame(1.5, None), Quality::default());
        }
        assert_eq!(play(&mut Governor::default(), 0.06, 600.0), 0);
    }

    #[test]
    fn what_went_comes_back_when_there_is_room_and_ever_later_if_that_proves_wrong() {
        let mut governor = Governor::default();
        assert_eq!(play(&mut governor, 0.08, 4.5), 1);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let mut waited = 0.0;
            while play(&mut governor, 0.016, 1.0) == 1 {
                waited += 1.0;
                assert!(waited < 2_000.0, "never tried again");
            }
            waits.push(waited);
            while play(&mut governor, 0.08, 1.0) == 0 {}
        }
        let grew = waits.windows(2).all(|pair| pair[1] > pair[0] * 1.5 || pair[0] > 600.0);
        assert!(grew && waits[0] >= PATIENCE_SECS - 3.0, "{waits:?}");
        assert!(waits[6] <= MOST_PATIENCE_SECS + 3.0, "{waits:?}");
    }

    #[test]
    fn in_the_band_between_nothing_changes_either_way() {
        let mut governor = Governor::default();
        play(&mut governor, 0.016, 10.0);
        let off = play(&mut governor, 0.08, 4.5);
        assert_eq!(off, 1);
        assert_eq!(play(&mut governor, 0.05, 600.0), off);
    }

    #[test]
    fn on_a_slow_display_its_own_pace_is_room_enough() {
        let mut governor = Governor::default();
        play(&mut governor, 1.0 / 20.0, 10.0);
        assert_eq!(play(&mut governor, 0.08, 4.5), 1);
        assert_eq!(play(&mut governor, 1.0 / 20.0, 60.0), 0);
    }

    #[test]
    fn nonsense_and_rests_are_no_frames() {
        let mut governor = Governor::default();
        for took in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            assert_eq!(governor.frame(took, None), Quality::default());
        }
        assert_eq!(governor, Governor::default());
        for _ in 0..50 {
            play(&mut governor, 0.2, 1.8);
            governor.idle();
        }
        assert_eq!(play(&mut governor, 0.016, 1.0), 0);
    }

    #[test]
    fn at_rest_nothing_is_off_and_what_was_goes_at_once_if_it_is_still_too_much() {
        let mut governor = Governor::default();
        let off = play(&mut governor, 0.08, 14.5);
        assert!(off > 1, "{off}");
        for _ in 0..3 {
            assert_eq!(governor.idle(), Quality::default());
        }
        // A window that is too short to be judged, then one that is long enough.
        assert_eq!(play(&mut governor, 0.08, 1.0), 0);
        governor.idle();
        assert_eq!(play(&mut governor, 0.08, 3.0), off);
        governor.idle();
        assert_eq!(play(&mut governor, 0.016, 60.0), 0);
    }

    #[test]
    fn an_idle_interval_that_the_clock_reports_late_is_no_frame() {
        let mut governor = Governor::default();
        for _ in 0..20 {
            governor.idle();
            for took in [1.0; STALE_FRAMES] {
                governor.frame(took, None);
            }
            assert_eq!(play(&mut governor, 0.016, 1.9), 0);
            assert_eq!(governor.window_secs.ceil(), 2.0);
        }
    }

    #[test]
    fn one_pause_of_hours_gives_nothing_back_at_once() {
        let mut governor = Governor::default();
        let off = play(&mut governor, 0.08, 4.5);
        assert_eq!(off, 1);
        governor.frame(8.0 * 3_600.0, None);
        assert_eq!(play(&mut governor, 0.016, 5.0), off);
    }
}
