//! The path of a flight: it zooms out, pans and zooms in after van Wijk and Nuij, "Smooth and efficient zooming and panning"
//! (2003), so that the perceived speed is constant. Pure.

use bevy::math::{
    Vec2,
    curve::{Curve, SmoothStepCurve},
};

use super::controller::Pose;

/// How far it zooms out: ρ in the paper, which found 1.4 to be preferred.
const RHO: f64 = 1.4;
/// Speed along the path, in the path's unit: about this many screens a second.
const SPEED: f64 = 2.4;
/// The least duration of a flight, seconds.
const LEAST_SECS: f64 = 0.35;
/// The greatest duration of a flight, seconds.
const MOST_SECS: f64 = 1.8;
/// Places nearer to each other than this share of the screen's width are the same: the flight only zooms.
const SAME_PLACE: f64 = 1e-3;

/// A flight in progress.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Flight {
    from: Pose,
    to: Pose,
    /// The width of the view at the start and the distance between the ends, world units.
    start_width: f64,
    distance: f64,
    /// Where on the curve it begins, and the length of the curve; without a distance, the logarithm of the zoom.
    start: f64,
    length: f64,
    secs: f64,
    elapsed: f64,
}

impl Flight {
    /// From one pose to another on a screen of this width in logical pixels.
    pub(super) fn new(from: Pose, to: Pose, width_px: f32) -> Self {
        let width = |pose: Pose| f64::from(pose.world_per_px * width_px.max(1.0)).max(f64::MIN_POSITIVE);
        let (start_width, end_width) = (width(from), width(to));
        let mut distance = f64::from(from.center.distance(to.center));
        let (start, length) = if distance < SAME_PLACE * start_width.min(end_width) {
            distance = 0.0;
            (0.0, (end_width / start_width).ln().abs() / RHO)
        } else {
            let turn = |width: f64, sign: f64| {
                let (along, across) = (
                    RHO.powi(4) * distance * distance,
                    end_width.powi(2) - start_width.powi(2),
                );
                let ratio = (across + sign * along) / (2.0 * width * RHO * RHO * distance);
                // ln(sqrt(b² + 1) − b), without losing a small difference of large numbers.
                -ratio.asinh()
            };
            let (start, end) = (turn(start_width, 1.0), turn(end_width, -1.0));
            (start, (end - start) / RHO)
        };
        Self {
            from,
            to,
            start_width,
            distance,
            start,
            length,
            secs: (length / SPEED).clamp(LEAST_SECS, MOST_SECS),
            elapsed: 0.0,
        }
    }

    /// Advances it; `None` when it has arrived.
    pub(super) fn advance(&mut self, delta_secs: f32) -> Option<Pose> {
        self.elapsed += f64::from(delta_secs);
        let share = self.elapsed / self.secs;
        (share < 1.0).then(|| self.at(f64::from(SmoothStepCurve.sample_clamped(share as f32))))
    }

    /// The pose at a share of the path.
    fn at(&self, share: f64) -> Pose {
        if self.distance == 0.0 {
            let zoom = f64::from(self.to.world_per_px / self.from.world_per_px).powf(share);
            return Pose {
                center: self.from.center + (self.to.center - self.from.center) * share as f32,
                world_per_px: (f64::from(self.from.world_per_px) * zoom) as f32,
            };
        }
        let on = RHO * self.length * share + self.start;
        let width = self.start_width * self.start.cosh() / on.cosh();
        let gone = self.start_width / (RHO * RHO) * (self.start.cosh() * on.tanh() - self.start.sinh());
        let center = self.from.center + (self.to.center - self.from.center) * ((gone / self.distance) as f32);
        Pose {
            center,
            world_per_px: (f64::from(self.from.world_per_px) * width / self.start_width) as f32,
        }
    }
}

/// The speed of a drag in world units a second, averaged over the last frames: it goes on after the release.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Momentum {
    since_frame: Vec2,
    speed: Vec2,
}

/// The rate per second at which the speed follows the pointer: after a tenth of a second without motion nothing is left.
const FRESHNESS: f32 = 22.0;

impl Momentum {
    /// Adds the motion of an event.
    pub(super) fn push(&mut self, by: Vec2) {
        self.since_frame += by;
    }

    /// Ends a frame.
    pub(super) fn advance(&mut self, delta_secs: f32) {
        if delta_secs > 0.0 {
            let share = 1.0 - (-FRESHNESS * delta_secs).exp();
            self.speed = self.speed.lerp(self.since_frame / delta_secs, share);
            self.since_frame = Vec2::ZERO;
        }
    }

    /// Takes the speed.
    pub(super) fn take(&mut self) -> Vec2 {
        std::mem::take(self).speed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(x: f32, world_per_px: f32) -> Pose {
        Pose {
            center: Vec2::new(x, 0.0),
            world_per_px,
        }
    }

    fn poses(from: Pose, to: Pose) -> Vec<Pose> {
        let mut flight = Flight::new(from, to, 1_600.0);
        std::iter::from_fn(|| flight.advance(0.01)).collect()
    }

    #[test]
    fn a_distant_flight_zooms_out_pans_and_zooms_in() {
        let (from, to) = (pose(-400.0, 0.02), pose(400.0, 0.01));
        let way = poses(from, to);
        assert!(way.len() > 30 && way.len() < 200, "{} frames", way.len());
        let highest = way.iter().map(|pose| pose.world_per_px).fold(0.0, f32::max);
        assert!(highest > 0.15, "it zooms out: {highest}");
        assert!(
            way.windows(2).all(|two| two[1].center.x >= two[0].center.x),
            "it never goes back"
        );
        // No frame moves by a large part of the screen.
        for two in way.windows(2) {
            let moved_px = two[0].center.distance(two[1].center) / two[0].world_per_px.min(two[1].world_per_px);
            assert!(moved_px < 160.0, "{moved_px} px in a frame");
            assert!((two[1].world_per_px / two[0].world_per_px).ln().abs() < 0.35);
        }
        let (first, last) = (way[0], way[way.len() - 1]);
        assert!((first.center.x - from.center.x).abs() < 1.0 && (last.center.x - to.center.x).abs() < 1.0);
    }

    #[test]
    fn a_near_flight_does_not_zoom_out_and_at_the_same_place_it_only_zooms() {
        let near = poses(pose(0.0, 0.05), pose(4.0, 0.02));
        assert!(near.iter().all(|pose| pose.world_per_px < 0.06));
        let zoom = poses(pose(3.0, 0.05), pose(3.0, 0.01));
        assert!(
            zoom.iter()
                .all(|pose| pose.center.x == 3.0 && pose.world_per_px <= 0.0501)
        );
        assert!(zoom.windows(2).all(|two| two[1].world_per_px <= two[0].world_per_px));
    }

    #[test]
    fn extreme_flights_end() {
        for (from, to) in [
            (pose(0.0, 1e-6), pose(1e7, 1e-6)),
            (pose(0.0, 1.0), pose(0.0, 1.0)),
            (pose(-1e6, 1e3), pose(1e6, 1e-3)),
        ] {
            let way = poses(from, to);
            assert!(way.len() <= 200);
            assert!(
                way.iter()
                    .all(|pose| pose.center.is_finite() && pose.world_per_px.is_finite() && pose.world_per_px > 0.0)
            );
        }
    }

    #[test]
    fn momentum_is_the_speed_of_the_last_moment() {
        let mut momentum = Momentum::default();
        for _ in 0..30 {
            momentum.push(Vec2::new(0.1, 0.0));
            momentum.advance(1.0 / 60.0);
        }
        let mut held = momentum;
        assert!((momentum.take().x - 6.0).abs() < 0.1, "units a second");
        for _ in 0..12 {
            held.advance(1.0 / 60.0);
        }
        assert!(held.take().x < 0.2, "a drag held still has none");
    }
}
