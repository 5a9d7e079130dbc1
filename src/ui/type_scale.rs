//! How large text is: from the screen's size and the viewer's distance, or the desk's default.

use bevy::prelude::Resource;

/// Font sizes in points (logical pixels). The app may replace it at any time; the style follows.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct TypeScale {
    /// Details at the desk.
    pub(crate) small: f32,
    /// Ordinary text of the panels.
    pub(crate) body: f32,
    /// Names and headings: read when walking up.
    pub(crate) name: f32,
    /// Badge, totals, failures: read across the room.
    pub(crate) room: f32,
}

/// Visual angle that text must have, in minutes of arc (NUREG-0700 §1.3.1: 16 at least, 20 to 22 preferred).
const ROOM_ARC_MINUTES: f32 = 22.0;
const NAME_ARC_MINUTES: f32 = 18.0;
/// Capitals are about this share of the font size.
const CAP_HEIGHT: f32 = 0.7;
/// Text of the header is at most this share of the screen's height, so that the scene keeps its room.
const MOST_OF_SCREEN_HEIGHT: f32 = 0.09;

impl Default for TypeScale {
    /// A screen on a desk, read from 60 cm.
    fn default() -> Self {
        Self {
            small: 13.0,
            body: 14.0,
            name: 17.0,
            room: 26.0,
        }
    }
}

impl TypeScale {
    /// The scale for a screen of `diagonal_inches` with `screen_px` physical pixels, read from `viewing_distance_m`
    /// metres. Never smaller than the desk's; the largest is limited so that the scene keeps its room.
    pub fn for_wall(diagonal_inches: f32, viewing_distance_m: f32, screen_px: [f32; 2], pixels_per_point: f32) -> Self {
        let desk = Self::default();
        let points = |arc_minutes| {
            let px = font_px(arc_minutes, viewing_distance_m, diagonal_inches, screen_px);
            px / pixels_per_point.max(0.1)
        };
        let room = points(ROOM_ARC_MINUTES);
        let name = points(NAME_ARC_MINUTES);
        if !room.is_finite() || !name.is_finite() {
            return desk;
        }
        let [_, height] = screen_px;
        let most = (height / pixels_per_point.max(0.1) * MOST_OF_SCREEN_HEIGHT).max(desk.room);
        let room = room.clamp(desk.room, most).round();
        Self {
            // Details are read at the keyboard: they grow a little with the screen, not with the viewing distance.
            small: (room * 0.2).clamp(desk.small, 20.0).round(),
            body: (room * 0.22).clamp(desk.body, 22.0).round(),
            name: name.clamp(desk.name, (room * 0.5).max(desk.name)).round(),
            room,
        }
    }

    /// These sizes times a factor, on a screen of this height in points. The largest is limited as in [`Self::for_wall`].
    pub(crate) fn times(self, factor: f32, screen_height: f32) -> Self {
        let size = |points: f32| (points * factor).round();
        let most = (screen_height * MOST_OF_SCREEN_HEIGHT).max(Self::default().room);
        Self {
            small: size(self.small),
            body: size(self.body),
            name: size(self.name),
            room: size(self.room).min(most),
        }
    }

    /// The caption under a total: 10 minutes of arc where the total has 22.
    pub(crate) fn caption(&self) -> f32 {
        (self.room * 0.46).round().max(self.small)
    }

    /// Sentences that are read from the viewing distance: toasts, the banner, what an overlay advises.
    pub(crate) fn notice(&self) -> f32 {
        self.caption().max(self.body)
    }

    /// How much larger what is read across the room is than on a desk, where this is 1.
    pub(crate) fn unit(&self) -> f32 {
        self.room / Self::default().room
    }
}

/// The font size in physical pixels that makes capitals `arc_minutes` high for a viewer `distance_m` metres away.
/// Not finite when the screen has no size.
pub(super) fn font_px(arc_minutes: f32, distance_m: f32, diagonal_inches: f32, screen_px: [f32; 2]) -> f32 {
    let cap_mm = 1_000.0 * distance_m * arc_minutes / 3_438.0;
    let [width, height] = screen_px;
    let mm_per_px = diagonal_inches * 25.4 / width.hypot(height);
    cap_mm / CAP_HEIGHT / mm_per_px
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL_HD: [f32; 2] = [1920.0, 1080.0];
    const UHD: [f32; 2] = [3840.0, 2160.0];

    #[test]
    fn the_table_of_sizes_by_distance_holds() {
        // Diagonal, pixels, metres, size at 16 and at 20 minutes of arc.
        let table = [
            (43.0, FULL_HD, 2.0, 27.0, 34.0),
            (43.0, FULL_HD, 8.0, 107.0, 134.0),
            (55.0, FULL_HD, 3.0, 31.0, 39.0),
            (55.0, FULL_HD, 5.0, 52.0, 66.0),
            (55.0, UHD, 8.0, 168.0, 210.0),
            (75.0, UHD, 2.0, 31.0, 38.0),
            (75.0, UHD, 5.0, 77.0, 96.0),
        ];
        for (inches, px, metres, least, preferred) in table {
            let got = (font_px(16.0, metres, inches, px), font_px(20.0, metres, inches, px));
            assert!(
                (got.0 - least).abs() <= 1.0 && (got.1 - preferred).abs() <= 1.0,
                "{inches} inches at {metres} m: {got:?}"
            );
        }
    }

    #[test]
    fn a_far_screen_reads_larger_and_nothing_goes_below_the_desk() {
        let desk = TypeScale::default();
        let wall = TypeScale::for_wall(55.0, 3.0, FULL_HD, 1.0);
        assert!(wall.room > 40.0 && wall.room < 50.0, "{wall:?}");
        assert!(wall.caption() > desk.caption());
        let near = TypeScale::for_wall(24.0, 0.3, FULL_HD, 1.0);
        assert_eq!(near, desk);
    }

    #[test]
    fn a_factor_changes_all_sizes_and_leaves_the_scene_its_room() {
        let desk = TypeScale::default();
        assert_eq!(desk.times(1.0, 1080.0), desk);
        let small = desk.times(0.75, 1080.0);
        assert!(
            small.small < desk.small && small.room < desk.room && small.small >= 9.0,
            "{small:?}"
        );
        let large = desk.times(2.5, 1080.0);
        assert!(
            large.body >= 2.4 * desk.body && large.room >= 2.4 * desk.room,
            "{large:?}"
        );
        assert!(desk.times(2.5, 400.0).room <= 400.0 * MOST_OF_SCREEN_HEIGHT);
    }

    #[test]
    fn a_scale_that_cannot_be_is_held_or_ignored() {
        let far = TypeScale::for_wall(24.0, 100.0, FULL_HD, 1.0);
        assert!(far.room <= 1080.0 * MOST_OF_SCREEN_HEIGHT + 1.0, "{far:?}");
        for inches in [0.0, f32::NAN, -3.0] {
            let scale = TypeScale::for_wall(inches, 3.0, FULL_HD, 1.0);
            assert!(scale.room.is_finite() && scale.room >= TypeScale::default().room);
        }
        assert_eq!(TypeScale::for_wall(55.0, f32::NAN, FULL_HD, 1.0), TypeScale::default());
    }
}
