//! What distance leaves out, in numbers that the shaders (`assets/shaders/common.wgsl`) and the labels share. Near and in
//! the middle every task is a mark; from far a district's ring is the tally of its tasks, quiet marks are gone, and where
//! those in trouble would cover one another, one badge with their number stands for them.

/// Logical pixels that are as much as one on a desk, at a scale of texts: on a wall that is read from far, marks and lines
/// are larger as letters are. Smaller letters make no smaller marks. All sizes below are in such pixels.
pub fn unit(text_scale: f32) -> f32 {
    text_scale.max(1.0)
}

/// The size of a slot, in such pixels: what distance decides is decided by it.
pub fn slot_px(world_per_px: f32, text_scale: f32) -> f32 {
    1.0 / world_per_px / unit(text_scale)
}

/// Pixels of a slot: the far view below the first, the middle and near ones above the second; quiet marks are
/// gone below the last, and between a texture.
pub const FAR_PX: f32 = 4.5;
pub const NEAR_PX: f32 = 8.0;
pub const QUIET_PX: f32 = 2.5;
/// Pixels that a mark that must be found takes of its surroundings, less what districts keep free between slots.
pub const LOUD_AREA_PX: f32 = 40.0;
/// Covered shares between which a crowd of marks gives way to its badge.
pub const CROWD_FROM: f32 = 0.14;
pub const CROWD_TO: f32 = 0.17;
/// Sizes of a slot between which marks come to be large enough to be drawn as they are, side by side.
pub const ROOMY_FROM_PX: f32 = 7.0;
pub const ROOMY_TO_PX: f32 = 9.0;
/// A badge's size and its height above the middle as shares of the district's radius, and the radius from which on its
/// number has room below it.
pub const BADGE_SIZE: f32 = 0.21;
pub const BADGE_LIFT: f32 = 0.34;
pub const BADGE_COUNT_PX: f32 = 18.0;

fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// 1 in the far view, 0 in the middle and near ones.
pub fn far(slot_px: f32) -> f32 {
    1.0 - smoothstep(FAR_PX, NEAR_PX, slot_px)
}

/// How much a district is shown by its badge and not by the marks of its tasks in trouble: `crowd` is `Tally::crowd`.
pub fn crowding(crowd: u8, slot_px: f32) -> f32 {
    let covered = f32::from(crowd) / 255.0 * LOUD_AREA_PX / (slot_px * slot_px);
    smoothstep(CROWD_FROM, CROWD_TO, covered) * (1.0 - smoothstep(ROOMY_FROM_PX, ROOMY_TO_PX, slot_px))
}

/// Whether a badge has its number below it; by its district's radius in logical pixels and the scale of texts.
pub fn is_counted(radius_px: f32, text_scale: f32) -> bool {
    radius_px >= BADGE_COUNT_PX * unit(text_scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_has_its_number_where_the_number_has_room() {
        assert!(is_counted(18.0, 1.0) && !is_counted(17.9, 1.0));
        assert!(!is_counted(30.0, 2.0), "larger letters need a larger district");
    }

    #[test]
    fn a_wall_that_is_read_from_far_is_far_sooner() {
        assert_eq!((slot_px(0.1, 1.0), slot_px(0.1, 2.5)), (10.0, 4.0));
        assert_eq!(slot_px(0.1, 0.75), 10.0, "smaller letters make no smaller marks");
    }

    #[test]
    fn few_are_shown_one_by_one_and_many_by_their_number() {
        assert_eq!(crowding(0, 0.5), 0.0);
        assert_eq!(crowding(255, 2.0), 1.0);
        assert_eq!(crowding(255, 12.0), 0.0, "near, each is drawn");
        assert_eq!(crowding(2, 3.0), 0.0, "one in a hundred is found");
        assert_eq!((far(2.0), far(12.0)), (1.0, 0.0));
    }

    #[test]
    fn the_shaders_have_the_same_numbers() {
        let shader = include_str!("../../assets/shaders/common.wgsl");
        for (name, value) in [
            ("FAR_PX", FAR_PX),
            ("NEAR_PX", NEAR_PX),
            ("QUIET_PX", QUIET_PX),
            ("LOUD_AREA_PX", LOUD_AREA_PX),
            ("CROWD_FROM", CROWD_FROM),
            ("CROWD_TO", CROWD_TO),
            ("ROOMY_FROM_PX", ROOMY_FROM_PX),
            ("ROOMY_TO_PX", ROOMY_TO_PX),
            ("BADGE_SIZE", BADGE_SIZE),
            ("BADGE_LIFT", BADGE_LIFT),
            ("BADGE_COUNT_PX", BADGE_COUNT_PX),
        ] {
            let line = format!("const {name}: f32 = {value:?};");
            assert!(shader.contains(&line), "common.wgsl lacks `{line}`");
        }
    }
}
