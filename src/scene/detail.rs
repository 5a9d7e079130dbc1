//! Level of detail by the size of a slot on the screen. The labels and the shaders use the same numbers: the shaders get
//! theirs from here (`render::constants`).
//!
//! Near and at a middle distance every task is a mark. From far a district's ring is the tally of its tasks, quiet marks
//! are not drawn, and where marks in trouble would cover one another, one badge with their number replaces them.
//! Sizes are in desk pixels (`TextScale::unit`).

use bevy::math::curve::{Curve, SmoothStepCurve};

use super::text_scale::TextScale;

/// The size of a slot in desk pixels.
pub(crate) fn slot_px(world_per_px: f32, text_scale: TextScale) -> f32 {
    1.0 / world_per_px / text_scale.unit()
}

/// Slots smaller than this are shown in the far view.
pub(crate) const FAR_PX: f32 = 4.5;
/// Slots larger than this are shown in the near view.
pub(crate) const NEAR_PX: f32 = 8.0;
/// Quiet marks are not drawn in slots smaller than this.
pub(crate) const QUIET_PX: f32 = 2.5;
/// Square pixels that a mark in trouble needs, less what districts keep free between slots.
pub(crate) const LOUD_AREA_PX: f32 = 40.0;
/// Marks in trouble begin to give way to their badge when they cover this share of their district,
pub(crate) const CROWD_FROM: f32 = 0.14;
/// and have given way at this share.
pub(crate) const CROWD_TO: f32 = 0.17;
/// In slots larger than this the marks in trouble come back,
pub(crate) const ROOMY_FROM_PX: f32 = 7.0;
/// and above this size each is drawn, whatever their number.
pub(crate) const ROOMY_TO_PX: f32 = 9.0;
/// A badge's size as a share of its district's radius.
pub(crate) const BADGE_SIZE: f32 = 0.21;
/// A badge's height above the middle as a share of its district's radius, where a number stands below it.
pub(crate) const BADGE_LIFT: f32 = 0.34;
/// Districts of this radius and larger have room for a number below their badge.
pub(crate) const BADGE_COUNT_PX: f32 = 18.0;

/// 1 in the far view, 0 in the middle and near views.
pub(crate) fn far(slot_px: f32) -> f32 {
    1.0 - smoothstep(FAR_PX, NEAR_PX, slot_px)
}

/// How far a district's badge has replaced the marks of its tasks in trouble, 0 to 1; `crowd` is `Tally::crowd`.
pub(crate) fn crowding(crowd: u8, slot_px: f32) -> f32 {
    let covered = f32::from(crowd) / 255.0 * LOUD_AREA_PX / (slot_px * slot_px);
    smoothstep(CROWD_FROM, CROWD_TO, covered) * (1.0 - smoothstep(ROOMY_FROM_PX, ROOMY_TO_PX, slot_px))
}

/// Whether a badge has its number below it, by its district's radius in logical pixels.
pub(crate) fn is_counted(radius_px: f32, text_scale: TextScale) -> bool {
    radius_px >= BADGE_COUNT_PX * text_scale.unit()
}

/// WGSL's `smoothstep`.
fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    SmoothStepCurve.sample_clamped((value - low) / (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_has_its_number_where_there_is_room_for_it() {
        assert!(is_counted(18.0, TextScale(1.0)) && !is_counted(17.9, TextScale(1.0)));
        assert!(!is_counted(30.0, TextScale(2.0)), "larger text needs a larger district");
    }

    #[test]
    fn larger_text_switches_to_the_far_view_sooner() {
        let slot = |scale| slot_px(0.1, TextScale(scale));
        assert_eq!((slot(1.0), slot(2.5)), (10.0, 4.0));
        assert_eq!(slot(0.75), 10.0, "smaller text does not shrink marks");
    }

    #[test]
    fn few_marks_in_trouble_are_drawn_and_many_are_replaced_by_a_badge() {
        assert_eq!(crowding(0, 0.5), 0.0);
        assert_eq!(crowding(255, 2.0), 1.0);
        assert_eq!(crowding(255, 12.0), 0.0, "near, each is drawn");
        assert_eq!(crowding(2, 3.0), 0.0, "one in a hundred is drawn");
        assert_eq!((far(2.0), far(12.0)), (1.0, 0.0));
    }
}
