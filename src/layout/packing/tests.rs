//! Districts on their plane: apart, tight, stable, and placed the same whatever is remembered.

use proptest::prelude::*;

use super::*;

fn assert_apart(packing: &Packing) {
    let circles: Vec<(u32, Circle)> = packing.iter().collect();
    for (index, (a, first)) in circles.iter().enumerate() {
        for (b, second) in &circles[..index] {
            let free = first.center.distance(second.center) - first.radius - second.radius;
            assert!(free > KEPT_GAP * 0.9, "{a} and {b} are {free} apart");
        }
    }
}

fn bounds(packing: &Packing) -> Vec2 {
    let low = packing
        .iter()
        .fold(Vec2::MAX, |low, (_, circle)| low.min(circle.center - circle.radius));
    let high = packing
        .iter()
        .fold(Vec2::MIN, |high, (_, circle)| high.max(circle.center + circle.radius));
    high - low
}

#[test]
fn equal_districts_fill_a_wide_rectangle_tightly() {
    for count in [12_u32, 40, 200] {
        let mut packing = Packing::default();
        let newcomers: Vec<(u32, f32)> = (0..count).map(|number| (number, 5.0)).collect();
        packing.place_all(&newcomers);
        assert_apart(&packing);
        let size = bounds(&packing);
        assert!((1.3..4.0).contains(&(size.x / size.y)), "{count}: {size}");
        let filled = count as f32 * std::f32::consts::PI * (5.0 + GAP / 2.0).powi(2) / (size.x * size.y);
        assert!(filled > 0.6, "{count}: {filled}");
        assert!((1.0..3.0).contains(&packing.sparsity()));
    }
}

#[test]
fn a_newcomer_moves_nobody_and_takes_a_hole() {
    let mut packing = Packing::default();
    packing.place_all(&(0..30).map(|number| (number, 4.0)).collect::<Vec<_>>());
    let before: Vec<_> = packing.iter().collect();
    let hole = packing.get(3).unwrap();
    packing.remove(3);
    packing.place_all(&[(30, 4.0)]);
    assert!(packing.get(30).unwrap().center.distance(hole.center) < 0.1);
    for (number, circle) in before.into_iter().filter(|(number, _)| *number != 3) {
        assert_eq!(packing.get(number), Some(circle));
    }
}

#[derive(Debug, Clone)]
enum Act {
    Add(f32),
    Remove(usize),
    Resize(usize, f32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let radius = prop::sample::select(vec![3.5_f32, 4.9, 7.0, 11.0, 40.0]);
    let act = prop_oneof![
        3 => radius.clone().prop_map(Act::Add),
        1 => any::<usize>().prop_map(Act::Remove),
        2 => (any::<usize>(), radius).prop_map(|(which, radius)| Act::Resize(which, radius)),
    ];
    prop::collection::vec(act, 1..60)
}

#[test]
fn a_push_is_taken_up_by_the_ground_between_and_does_not_reach_the_rim() {
    let mut packing = Packing::default();
    packing.place_all(&(0..2_000).map(|number| (number, 9.0)).collect::<Vec<_>>());
    let moved = packing.resize(&[(3, 12.0)]);
    assert_apart(&packing);
    assert!((1..60).contains(&moved.len()), "{} of 2,000 moved", moved.len());
    assert!(
        packing.resize(&[(900, 10.0)]).is_empty(),
        "a little growth moves nobody"
    );
}

#[test]
fn many_that_grow_at_once_make_room_together_and_where_none_grew_nobody_moves() {
    let mut packing = Packing::default();
    packing.place_all(&(0..300).map(|number| (number, 4.0)).collect::<Vec<_>>());
    let before: Vec<(u32, Circle)> = packing.iter().collect();
    let far = |circle: &Circle| circle.center.x > 40.0;
    let grown: Vec<(u32, f32)> = before
        .iter()
        .filter(|(number, circle)| far(circle) && number % 2 == 0)
        .map(|(number, _)| (*number, 5.5))
        .collect();
    assert!(grown.len() > 20, "{}", grown.len());
    let moved = packing.resize(&grown);
    assert_apart(&packing);
    for (number, circle) in before {
        let now = packing.get(number).unwrap();
        let is_told = moved.contains(&number) || grown.iter().any(|(grown, _)| *grown == number);
        assert!(now == circle || is_told, "{number} moved unsaid");
        // On the other side nothing grew.
        assert!(now == circle || circle.center.x > 0.0, "{number} moved for nothing");
    }
}

proptest! {
    #[test]
    fn circles_that_grow_together_do_not_overlap(
        radii in prop::collection::vec(3.5_f32..40.0, 9..60),
        next in prop::collection::vec(3.5_f32..60.0, 9..60),
    ) {
        let mut packing = Packing::default();
        packing.place_all(&(0..).zip(radii).collect::<Vec<_>>());
        let resized: Vec<(u32, f32)> = (0..).zip(next).filter(|(number, _)| packing.get(*number).is_some()).collect();
        packing.resize(&resized);
        assert_apart(&packing);
        for (number, radius) in resized {
            prop_assert_eq!(packing.get(number).unwrap().radius, radius);
        }
    }

    #[test]
    fn what_is_known_to_be_closed_changes_nothing(acts in acts(), bulk in 0_u32..40) {
        let (mut knowing, mut asking) = (Packing::default(), Packing::default());
        let first: Vec<(u32, f32)> = (1_000..1_000 + bulk).map(|number| (number, 3.5 + (number % 5) as f32)).collect();
        for packing in [&mut knowing, &mut asking] {
            packing.place_all(&first);
        }
        for (next, act) in (0..).zip(acts) {
            let standing: Vec<u32> = knowing.iter().map(|(number, _)| number).collect();
            let chosen = |which: usize| standing.get(which % standing.len().max(1)).copied();
            asking.closed.forget();
            for packing in [&mut knowing, &mut asking] {
                match act {
                    Act::Add(radius) => packing.place_all(&[(next, radius)]),
                    Act::Remove(which) => {
                        if let Some(number) = chosen(which) {
                            packing.remove(number);
                        }
                    }
                    Act::Resize(which, radius) => {
                        if let Some(number) = chosen(which) {
                            packing.resize(&[(number, radius)]);
                        }
                    }
                }
            }
            prop_assert!(knowing.iter().eq(asking.iter()));
        }
    }

    #[test]
    fn districts_never_overlap_and_nobody_moves_further_than_the_growth(acts in acts()) {
        let mut packing = Packing::default();
        let mut next = 0;
        for act in acts {
            let before: Vec<(u32, Circle)> = packing.iter().collect();
            let chosen = |which: usize| before.get(which % before.len().max(1)).copied();
            let mut allowed = 0.0;
            match act {
                Act::Add(radius) => {
                    packing.place_all(&[(next, radius)]);
                    next += 1;
                }
                Act::Remove(which) => {
                    if let Some((number, _)) = chosen(which) {
                        packing.remove(number);
                    }
                }
                Act::Resize(which, radius) => {
                    if let Some((number, circle)) = chosen(which) {
                        allowed = (radius - circle.radius).max(0.0);
                        packing.resize(&[(number, radius)]);
                        prop_assert_eq!(packing.get(number).unwrap().center, circle.center);
                    }
                }
            }
            assert_apart(&packing);
            for (number, circle) in before {
                if let Some(now) = packing.get(number) {
                    prop_assert!(now.center.distance(circle.center) <= allowed + 0.01);
                }
            }
        }
    }
}
