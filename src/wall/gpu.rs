//! Replaces a GPU device that fails, for example when a driver is updated, a laptop wakes or a card resets.
//!
//! Bevy calls the handler in every frame until the device is replaced. A device that fails repeatedly is replaced ever less
//! often, so that the picture does not flash.

use std::time::Duration;

use bevy::{
    prelude::*,
    render::{
        error_handler::{RenderError, RenderErrorHandler, RenderErrorPolicy},
        renderer::RenderInstance,
        settings::{Backends, WgpuSettings},
    },
    tasks::block_on,
};

use super::canvas::{OffscreenImage, offscreen_settings};
use crate::messages::Noticed;
use model::{Backoff, Notice, NoticeKind};

/// The delay from a failure to a new device; it doubles with each failure.
const PAUSES: Backoff = Backoff {
    max_attempts: 0,
    interval: Duration::from_millis(500),
    max_interval: Duration::from_secs(60),
    jitter: 0.0,
};
/// After a device has worked for this long, in seconds, the next failure counts as the first.
const GOOD_SECS: f64 = 600.0;

/// The failures so far.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
struct Failures {
    /// In a row.
    count: u32,
    /// When to replace the failed device, in seconds of the wall.
    due: Option<f64>,
    /// When the last one was.
    replaced: Option<f64>,
}

impl Failures {
    /// Called in each frame with a failed device, at `now` in seconds; `usable` returns whether an adapter exists. Returns
    /// whether to replace the device now.
    fn is_due(&mut self, now: f64, usable: impl FnOnce() -> bool) -> bool {
        let Some(due) = self.due else {
            if self.replaced.is_some_and(|at| now - at >= GOOD_SECS) {
                self.count = 0;
            }
            self.wait(now);
            return false;
        };
        if now < due {
            return false;
        }
        if !usable() {
            self.wait(now);
            return false;
        }
        (self.due, self.replaced) = (None, Some(now));
        true
    }

    fn wait(&mut self, now: f64) {
        self.count = self.count.saturating_add(1);
        let pause = PAUSES.delay(self.count, 0.0).unwrap_or(PAUSES.max_interval);
        self.due = Some(now + pause.as_secs_f64());
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Failures>()
        .insert_resource(RenderErrorHandler(handle_error));
}

fn handle_error(_error: &RenderError, wall: &mut World, renderer: &mut World) -> RenderErrorPolicy {
    let now = wall.resource::<Time<Real>>().elapsed_secs_f64();
    let mut failures = *wall.resource::<Failures>();
    let is_due = failures.is_due(now, || has_adapter(renderer));
    wall.insert_resource(failures);
    if !is_due {
        return RenderErrorPolicy::StopRendering;
    }
    wall.write_message(Noticed(Notice {
        kind: NoticeKind::GpuReplaced,
        text: "The graphics device failed and was replaced; if this repeats, check the driver".into(),
    }));
    let settings = if wall.contains_resource::<OffscreenImage>() {
        offscreen_settings()
    } else {
        WgpuSettings::default()
    };
    RenderErrorPolicy::Recover(settings.into())
}

/// Whether there is an adapter at this moment: without one Bevy ends the process.
fn has_adapter(renderer: &World) -> bool {
    renderer
        .get_resource::<RenderInstance>()
        .is_some_and(|instance| !block_on(instance.enumerate_adapters(Backends::all())).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_device_is_replaced_after_a_pause_that_grows() {
        let mut failures = Failures::default();
        let mut now = 100.0;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let failed = now;
            while !failures.is_due(now, || true) {
                now += 0.25;
            }
            pauses.push(now - failed);
        }
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        now += GOOD_SECS;
        assert!(!failures.is_due(now, || true));
        assert!(failures.is_due(now + 0.5, || true), "it lasted: a first failure again");
    }

    #[test]
    fn without_anything_to_draw_with_it_waits() {
        let mut failures = Failures::default();
        assert!(!failures.is_due(0.0, || true));
        assert!(!failures.is_due(0.5, || false));
        assert!(
            !failures.is_due(1.0, || true),
            "asked again when the next pause is over"
        );
        assert!(failures.is_due(1.5, || true));
    }
}
