//! Circles that become larger or smaller where they stand, and the others that make room for them.

use bevy::math::Vec2;

use super::{Circle, KEPT_GAP, Packing};

/// Number of circles that grow in one batch from which on they grow in one pass: one after the other, each is compared
/// with all others.
const MANY: usize = 8;

impl Packing {
    /// Gives circles other radii; returns who moved. A few grow each where it stands, and those in its way step outward,
    /// seen from it. Many at once push outward from the middle of everything.
    pub(crate) fn resize(&mut self, resized: &[(u32, f32)]) -> Vec<u32> {
        let grows = |&(number, radius): &(u32, f32)| self.get(number).is_some_and(|old| radius > old.radius);
        if resized.iter().filter(|circle| grows(circle)).count() >= MANY {
            return self.swell(resized);
        }
        let mut moved: Vec<u32> = Vec::new();
        for &(number, radius) in resized {
            moved.extend(self.grow(number, radius));
        }
        moved
    }

    /// Gives a circle another radius where it stands. When it grows, those in its way step outward, seen from it, each
    /// by as little as it must and by no more than the growth.
    ///
    /// Moving everybody straight out by the growth keeps all distances or widens them, so that much always suffices;
    /// going from the nearest to the farthest, everybody can stop as soon as it touches nobody that has stopped before.
    fn grow(&mut self, number: u32, radius: f32) -> Vec<u32> {
        let Some(old) = self.get(number) else { return Vec::new() };
        self.set(number, Circle { radius, ..old });
        let growth = radius - old.radius;
        if growth <= 0.0 {
            return Vec::new();
        }
        let mut settled = vec![false; self.circles.len()];
        settle(&mut settled, number);
        let others = self.iter().filter(|(other, _)| *other != number);
        let others = nearest_first(others, |circle| circle.center.distance_squared(old.center));
        self.make_room(&others, old.center, growth, &mut settled)
    }

    /// Gives many circles other radii, then lets everybody, from the innermost edge to the outermost, step away from
    /// the middle until it touches nobody that has stepped before. Where nothing grew further in, nobody moves.
    fn swell(&mut self, resized: &[(u32, f32)]) -> Vec<u32> {
        // Nearly everybody may move: to look around each costs more than to ask again.
        self.closed.forget();
        for &(number, radius) in resized {
            if let Some(old) = self.get(number) {
                self.set(number, Circle { radius, ..old });
            }
        }
        let all = nearest_first(self.iter(), |circle| circle.center.length() - circle.radius);
        let mut settled = vec![false; self.circles.len()];
        self.make_room(&all, Vec2::ZERO, f32::INFINITY, &mut settled)
    }

    /// Lets circles, in this order, step away from `middle`, each until it is clear of all that have settled, and no
    /// further than `most`; returns who moved.
    fn make_room(&mut self, order: &[(u32, Circle)], middle: Vec2, most: f32, settled: &mut [bool]) -> Vec<u32> {
        let mut moved = Vec::new();
        for &(number, circle) in order {
            let direction = (circle.center - middle).try_normalize().unwrap_or(Vec2::X);
            let step = self.step_out(circle, direction, most, settled);
            if step > 0.0 {
                let center = circle.center + direction * step;
                self.set(number, Circle { center, ..circle });
                moved.push(number);
            }
            settle(settled, number);
        }
        moved
    }

    /// The least step along `direction` that clears every settled circle, at most `most`.
    fn step_out(&self, circle: Circle, direction: Vec2, most: f32, settled: &[bool]) -> f32 {
        let mut step = 0.0_f32;
        loop {
            let at = circle.center + direction * step;
            let mut further = step;
            for (number, other) in self.near(at, circle.radius, KEPT_GAP) {
                if settled.get(number as usize) == Some(&true) {
                    // Where the ray from the start leaves the circle that must be kept clear.
                    let clear = circle.radius + other.radius + KEPT_GAP;
                    let from_other = circle.center - other.center;
                    let along = from_other.dot(direction);
                    let inside = along * along - from_other.length_squared() + clear * clear;
                    further = further.max(inside.max(0.0).sqrt() - along);
                }
            }
            if further <= step {
                return step;
            }
            step = further;
            if step >= most {
                return most;
            }
        }
    }
}

/// Circles by a measure of distance, equals by their numbers.
fn nearest_first(
    circles: impl Iterator<Item = (u32, Circle)>,
    distance: impl Fn(&Circle) -> f32,
) -> Vec<(u32, Circle)> {
    let mut circles: Vec<(u32, Circle)> = circles.collect();
    circles.sort_by(|a, b| distance(&a.1).total_cmp(&distance(&b.1)).then(a.0.cmp(&b.0)));
    circles
}

fn settle(settled: &mut [bool], number: u32) {
    if let Some(flag) = settled.get_mut(number as usize) {
        *flag = true;
    }
}
