//! Places for agents at work: rings of stands between a district's slots and its edge, so that an agent is beside its
//! work and hides none of it.

use std::f32::consts::TAU;

use bevy::math::Vec2;

/// Room for one agent along a belt and between belts; an agent's hexagon is 1.5 wide.
const STAND: f32 = 1.75;
/// From the middle of the outermost slot to the middle of the first belt.
const FIRST: f32 = 1.45;
/// From the middle of the last belt to the district's ring.
const EDGE: f32 = 1.05;

fn radius(reach: f32, belt: usize) -> f32 {
    reach + FIRST + STAND * belt as f32
}

/// Stands in one belt.
fn stands(reach: f32, belt: usize) -> usize {
    (TAU * radius(reach, belt) / STAND).floor() as usize
}

/// Belts for `agents` agents; one is always kept.
pub fn needed(reach: f32, agents: usize) -> usize {
    let mut room = 0;
    let mut belts = 0;
    while belts == 0 || room < agents {
        room += stands(reach, belts);
        belts += 1;
    }
    belts
}

/// Radius of a district with so many belts.
pub fn edge(reach: f32, belts: usize) -> f32 {
    radius(reach, belts.saturating_sub(1)) + EDGE
}

/// Stands in so many belts.
#[cfg(test)]
fn capacity(reach: f32, belts: usize) -> usize {
    (0..belts).map(|belt| stands(reach, belt)).sum()
}

/// Where a stand is, from the middle of the district. Stands are counted clockwise from the top, belt by belt.
pub fn place(reach: f32, stand: usize) -> Vec2 {
    let mut in_belt = stand;
    let mut belt = 0;
    while in_belt >= stands(reach, belt) {
        in_belt -= stands(reach, belt);
        belt += 1;
    }
    let turn = in_belt as f32 / stands(reach, belt) as f32;
    let (sin, cos) = (turn * TAU).sin_cos();
    Vec2::new(sin, cos) * radius(reach, belt)
}

/// The free stand nearest to a task at `task` (from the middle of the district). `taken` says which are not free.
pub fn nearest_free(reach: f32, belts: usize, task: Vec2, taken: impl Fn(usize) -> bool) -> Option<usize> {
    // A task in the very middle is served from below, where the dock is.
    let toward = if task.length_squared() < 1e-6 {
        Vec2::NEG_Y
    } else {
        task
    };
    let turn = toward.x.atan2(toward.y).rem_euclid(TAU) / TAU;
    let mut first = 0;
    let mut best: Option<(f32, usize)> = None;
    for belt in 0..belts {
        let count = stands(reach, belt);
        let middle = (turn * count as f32).round() as usize;
        // Outward from the nearest: +0, -1, +1, -2, +2 …
        let free = (0..count)
            .map(|step| {
                if step % 2 == 0 {
                    middle + step / 2
                } else {
                    middle + count - step.div_ceil(2)
                }
            })
            .map(|stand| first + stand % count)
            .find(|&stand| !taken(stand));
        if let Some(stand) = free {
            let distance = place(reach, stand).distance_squared(toward);
            if best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, stand));
            }
        }
        first += count;
    }
    best.map(|(_, stand)| stand)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_do_not_overlap_each_other_nor_the_slots_nor_the_edge() {
        for reach in [1.0, 2.6, 9.0] {
            let belts = needed(reach, 40);
            let places: Vec<Vec2> = (0..capacity(reach, belts)).map(|stand| place(reach, stand)).collect();
            assert!(places.len() >= 40);
            for (index, at) in places.iter().enumerate() {
                assert!(at.length() > reach + 0.5 + 0.75 && at.length() + 0.75 < edge(reach, belts));
                assert!(places[..index].iter().all(|other| other.distance(*at) > 1.6));
            }
        }
    }

    #[test]
    fn an_agent_stands_nearest_to_its_task_then_beside_whoever_was_first() {
        let first = nearest_free(3.0, 1, Vec2::new(3.0, 0.0), |_| false).unwrap();
        assert!(place(3.0, first).normalize().dot(Vec2::X) > 0.95);
        let second = nearest_free(3.0, 1, Vec2::new(3.0, 0.0), |stand| stand == first).unwrap();
        assert!(second != first && place(3.0, second).distance(place(3.0, first)) < 1.9);
        assert_eq!(nearest_free(3.0, 1, Vec2::X, |_| true), None);
    }
}
