//! A label that is wanted or shown: whose it is, what it says, where it sits.

use bevy::prelude::*;

use super::{arrange::LINE, text};

/// Whose label it is. One row has at most one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The district of rows without a workflow.
    Unassigned,
    Row(Entity),
}

/// The font sizes there are: a font atlas is made for each and kept for ever, so they are few and fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Small,
    Body,
    Name,
    Title,
}

impl Tier {
    /// Size in logical pixels at a text scale of 1.
    pub const fn base_px(self) -> f32 {
        match self {
            Self::Small => 12.0,
            Self::Body => 14.0,
            Self::Name => 17.0,
            Self::Title => 22.0,
        }
    }
}

/// On which side of its mark a label sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    Below,
    Right,
    Left,
    /// Over the middle of what it names.
    Middle,
}

impl Side {
    /// Top left corner of a label of `size` at a mark, all in screen pixels. `reach` is the mark's half size there.
    pub fn corner(self, mark: Vec2, reach: f32, size: Vec2) -> Vec2 {
        match self {
            Self::Above => mark + Vec2::new(-size.x / 2.0, -reach - size.y),
            Self::Below => mark + Vec2::new(-size.x / 2.0, reach),
            Self::Right => mark + Vec2::new(reach, -size.y / 2.0),
            Self::Left => mark + Vec2::new(-reach - size.x, -size.y / 2.0),
            Self::Middle => mark - size / 2.0,
        }
    }
}

/// What a label says and where it may sit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    pub owner: Owner,
    pub text: String,
    /// Second part, in its own colour: a tally, a state; after a line break what stands below.
    pub tail: String,
    pub color: Color,
    pub tail_color: Color,
    pub tier: Tier,
    pub tail_tier: Tier,
    /// On a plate of the ground's colour, where it lies over other marks.
    pub plate: bool,
    /// Says what is well: it steps back behind what is selected.
    pub is_calm: bool,
    /// Sides in the order in which they are tried.
    pub sides: &'static [Side],
    /// Half size of what it names in world units, and pixels kept free beyond that.
    pub reach: f32,
    pub free_px: f32,
    /// So much wider than what it says it counts: digits that change do not move it.
    pub steady_px: f32,
    /// Seconds for which what it says stays true.
    pub lasts: f64,
}

impl Label {
    /// Its size in logical pixels, before anybody has laid it out.
    pub fn size_px(&self, scale: f32) -> Vec2 {
        let (head_px, tail_px) = (self.tier.base_px() * scale, self.tail_tier.base_px() * scale);
        let mut rows = self
            .text
            .split('\n')
            .map(|row| (text::width(row, head_px), head_px))
            .collect::<Vec<_>>();
        for (index, row) in self.tail.split('\n').enumerate() {
            let width = text::width(row, tail_px);
            match rows.last_mut() {
                Some(last) if index == 0 => last.0 += width,
                _ => rows.push((width, tail_px)),
            }
        }
        let said = rows.into_iter().fold(Vec2::ZERO, |size, (width, font_px)| {
            Vec2::new(size.x.max(width), size.y + (font_px * LINE).round())
        });
        self.steadied(said)
    }

    /// The size that counts for where it goes, by the size that it has.
    pub fn steadied(&self, size: Vec2) -> Vec2 {
        size + Vec2::new(self.steady_px, 0.0)
    }

    pub fn reach_px(&self, world_per_px: f32) -> f32 {
        self.reach / world_per_px + self.free_px
    }
}
