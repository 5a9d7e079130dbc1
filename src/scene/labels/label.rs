//! A label: what it names, its text and its place.

use bevy::prelude::*;

use model::Status;

use super::text;

/// Line height as a multiple of the font size.
pub(super) const LINE: f32 = 1.2;

/// The height of a line of text of a font size, whole logical pixels.
pub(super) const fn line_px(font_px: f32) -> f32 {
    (font_px * LINE).round()
}

/// The colour of a part of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// That of names.
    Text,
    /// That of what matters less.
    Muted,
    /// That of a status in text.
    Status(Status),
}

/// What a label names. A row has at most one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The district of tasks without a workflow.
    Unassigned,
    /// A row.
    Row(Entity),
}

/// The font sizes of labels. They are few and fixed, because the font atlas of each is kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelTier {
    Small,
    Body,
    Name,
    Title,
}

impl LabelTier {
    /// Size in logical pixels at a text scale of 1.
    pub(super) const fn base_px(self) -> f32 {
        match self {
            Self::Small => 13.0,
            Self::Body => 15.0,
            Self::Name => 17.0,
            Self::Title => 22.0,
        }
    }
}

/// The side of its mark on which a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    Below,
    Right,
    Left,
    /// Centred on the mark.
    Middle,
}

impl Side {
    /// The top left corner of a label of `size` at a mark, in screen pixels. `reach` is half the size of the mark.
    pub(super) fn corner(self, mark: Vec2, reach: f32, size: Vec2) -> Vec2 {
        match self {
            Self::Above => mark + Vec2::new(-size.x / 2.0, -reach - size.y),
            Self::Below => mark + Vec2::new(-size.x / 2.0, reach),
            Self::Right => mark + Vec2::new(reach, -size.y / 2.0),
            Self::Left => mark + Vec2::new(-reach - size.x, -size.y / 2.0),
            Self::Middle => mark - size / 2.0,
        }
    }
}

/// A label and where it may be placed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    /// What it names.
    pub(super) owner: Owner,
    /// The first part: usually the name.
    pub(super) text: String,
    /// The second part, in another colour: a tally, a status, an age; after a line break, a second line.
    pub(super) tail: String,
    /// The colour of the first part.
    pub(super) color: Color,
    /// The colour of the second part.
    pub(super) tail_color: Color,
    /// The font size of the first part.
    pub(super) tier: LabelTier,
    /// The font size of the second part.
    pub(super) tail_tier: LabelTier,
    /// Whether it has a plate in the background's colour, because it covers other marks.
    pub(super) plate: bool,
    /// Whether it is dimmed while something else is selected: labels of trouble are not.
    pub(super) is_calm: bool,
    /// The possible sides in the order in which they are tried.
    pub(super) sides: &'static [Side],
    /// Half the size of what it names, in world units.
    pub(super) reach: f32,
    /// Logical pixels kept free beyond `reach`.
    pub(super) free_px: f32,
    /// Pixels added to its width for its placement, so that changing digits do not move it.
    pub(super) steady_px: f32,
    /// Seconds until its text is outdated.
    pub(super) lasts: f64,
}

impl Label {
    /// Its estimated size in logical pixels.
    pub(super) fn size_px(&self, scale: f32) -> Vec2 {
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
        let size = rows.into_iter().fold(Vec2::ZERO, |size, (width, font_px)| {
            Vec2::new(size.x.max(width), size.y + line_px(font_px))
        });
        self.steadied(size)
    }

    /// The size for its placement, by the size of its text.
    pub(super) fn steadied(&self, size: Vec2) -> Vec2 {
        size + Vec2::new(self.steady_px, 0.0)
    }

    /// The distance between the middle of its mark and its edge, in screen pixels.
    pub(super) fn reach_px(&self, world_per_px: f32) -> f32 {
        self.reach / world_per_px + self.free_px
    }
}
