//! Level of detail by the size of a cell on the screen (`plan::Level`). The labels and the shaders use the same numbers: the
//! shaders get theirs in the uniform.
//!
//! Sizes are in desk pixels (`TextScale::unit`).

use bevy::prelude::*;
use plan::Level;

use super::{camera::View, text_scale::TextScale};
use crate::{frame::CameraSystems, layout::CellSizes};

/// The least size of a cell in trouble at a desk, in desk pixels: it must be found at any zoom.
const LOUD_PX: f32 = 5.0;
/// The same on a wall that is read from a distance: ten minutes of arc, where names have letters of eighteen.
const LOUD_WALL_PX: f32 = 6.8;
/// The radius of a mark between tiles and filled cells, as a share of the shorter side of its cell,
pub(crate) const MARK_SHARE: f32 = 0.36;
/// and its largest radius in desk pixels.
pub(crate) const MARK_MOST_PX: f32 = 22.0;

/// The least size of a cell in trouble, in desk pixels.
pub(crate) fn loud_px(scale: TextScale) -> f32 {
    if scale.unit() > 1.0 { LOUD_WALL_PX } else { LOUD_PX }
}

/// The level of the largest cells. What is shown is kept until a cell is clearly too small for it, so that nothing changes back
/// and forth at a threshold.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail(pub Level);

impl Default for Detail {
    fn default() -> Self {
        Self(Level::Band)
    }
}

impl Detail {
    /// The level of a cell of this size, in logical pixels on the screen.
    pub fn level(self, cell_px: Vec2, scale: TextScale) -> Level {
        self.0.then(cell_px, scale.unit())
    }

    /// The sizes from which on cells are filled, marks, titled and tiles, in desk pixels.
    pub(crate) fn thresholds(self) -> Vec4 {
        let levels = [Level::Filled, Level::Mark, Level::Titled, Level::Tile];
        Vec4::from_array(levels.map(|level| level.from_px(self.0)))
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Detail>()
        .add_systems(Update, follow.in_set(CameraSystems::Detail));
}

fn follow(mut detail: ResMut<Detail>, cells: Res<CellSizes>, view: Res<View>, scale: Res<TextScale>) {
    let next = detail.level(cells.most / view.world_per_px, *scale);
    detail.set_if_neq(Detail(next));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_kept_below_the_size_from_which_on_it_is_shown() {
        let desk = TextScale(1.0);
        let cell = Vec2::splat(9.5);
        assert_eq!(Detail(Level::Filled).level(cell, desk), Level::Filled);
        assert_eq!(Detail(Level::Mark).level(cell, desk), Level::Mark);
        assert_eq!(
            Detail(Level::Mark).level(cell, TextScale(2.0)),
            Level::Filled,
            "larger text needs larger cells"
        );
        assert_eq!(Detail(Level::Band).thresholds(), Vec4::new(3.0, 10.0, 28.0, 110.0));
        assert!(
            Detail(Level::Tile)
                .thresholds()
                .cmplt(Detail(Level::Band).thresholds())
                .all()
        );
    }
}
