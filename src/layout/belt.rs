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
pub(super) fn needed(reach: f32, agents: usize) -> usize {
    let mut room = 0;
    let mut belts = 0;
    while belts == 0 || room < agents {
        room += stands(reach, belts);
        belts += 1;
    }
    belts
}

/// Radius of a district with this number of belts.
pub(super) fn edge(reach: f32, belts: usize) -> f32 {
    radius(reach, belts.saturating_sub(1)) + EDGE
}

/// Stands in this number of belts.
#[cfg(test)]
fn capacity(reach: f32, belts: usize) -> usize {
    (0..belts).map(|belt| stands(reach, belt)).sum()
}

/// Where a stand is, from the middle of the district. Stands are counted clockwise from the top, belt by belt.
pub(super) fn place(reach: f32, stand: usize) -> Vec2 {
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

/// The stand whose middle is nearest to a point (from the middle of the district), of this number of belts; `None` nearer to
/// the middle than the first belt's agents reach, and beyond the last.
pub(super) fn stand_at(reach: f32, belts: usize, point: Vec2) -> Option<usize> {
    let belt = ((point.length() - radius(reach, 0)) / STAND).round();
    if !(0.0..belts as f32).contains(&belt) {
        return None;
    }
    let belt = belt as usize;
    let first: usize = (0..belt).map(|inner| stands(reach, inner)).sum();
    let count = stands(reach, belt);
    let turn = point.x.atan2(point.y).rem_euclid(TAU) / TAU;
    Some(first + (turn * count as f32).round() as usize % count.max(1))
}

/// How many stands of each belt are taken.
pub(super) fn crowds(reach: f32, belts: usize, taken: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut first = 0;
    let crowd = |belt| {
        let last = first + stands(reach, belt);
        let crowd = (first..last).filter(|&stand| taken(stand)).count();
        first = last;
        crowd
    };
    (0..belts).map(crowd).collect()
}

/// The belt and the free stand nearest to a task at `task` (from the middle of the district). `taken` says which are not
/// free, and `crowds` how many of each belt: a full one is not searched.
pub(super) fn nearest_free(
    reach: f32,
    crowds: &[usize],
    task: Vec2,
    taken: impl Fn(usize) -> bool,
) -> Option<(usize, usize)> {
    // A task in the very middle is served from below, where the dock is.
    let toward = if task.length_squared() < 1e-6 {
        Vec2::NEG_Y
    } else {
        task
    };
    let turn = toward.x.atan2(toward.y).rem_euclid(TAU) / TAU;
    let mut first = 0;
    let mut best: Option<(f32, usize, usize)> = None;
    for (belt, &crowd) in crowds.iter().enumerate() {
        let count = stands(reach, belt);
        if crowd >= count {
            first += count;
            continue;
        }
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
            if best.is_none_or(|(least, ..)| distance < least) {
                best = Some((distance, belt, stand));
            }
        }
        first += count;
    }
    best.map(|(_, belt, stand)| (belt, stand))
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
    fn the_stand_at_a_point_is_the_nearest_of_all() {
        for (reach, belts) in [(1.0, 1), (2.6, 3), (9.0, 4)] {
            let all: Vec<Vec2> = (0..capacity(reach, belts)).map(|stand| place(reach, stand)).collect();
            for step in 0..4_000 {
                let (turn, out) = (step as f32 * 0.618 * TAU, (step % 97) as f32 / 97.0);
                let point = Vec2::new(turn.sin(), turn.cos()) * (edge(reach, belts) + 2.0) * out;
                let hit = all.iter().position(|at| at.distance(point) < 0.85);
                let found = stand_at(reach, belts, point).filter(|&stand| place(reach, stand).distance(point) < 0.85);
                assert_eq!(found, hit, "{point} of {belts} belts about {reach}");
            }
        }
        assert_eq!(stand_at(1.0, 2, Vec2::NAN), None);
    }

    #[test]
    fn an_agent_stands_nearest_to_its_task_then_beside_the_one_that_was_first() {
        let nearest = |task: Vec2, taken: &dyn Fn(usize) -> bool| {
            nearest_free(3.0, &crowds(3.0, 1, taken), task, taken).map(|(_, stand)| stand)
        };
        let first = nearest(Vec2::new(3.0, 0.0), &|_| false).unwrap();
        assert!(place(3.0, first).normalize().dot(Vec2::X) > 0.95);
        let second = nearest(Vec2::new(3.0, 0.0), &|stand| stand == first).unwrap();
        assert!(second != first && place(3.0, second).distance(place(3.0, first)) < 1.9);
        assert_eq!(nearest(Vec2::X, &|_| true), None);
    }
}
