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

/// What a label belongs to. Each has at most one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A block: its name, and its counts.
    Block(Entity),
    /// The age at the right end of a block's header.
    BlockAge(Entity),
    /// The agents of a block that have no place of their own.
    Agents(Entity),
    /// A task, a run or an agent: its title or name.
    Row(Entity),
    /// What else the tile of a row shows.
    Facts(Entity),
}

impl Owner {
    /// The entity that it is about.
    pub(super) fn entity(self) -> Entity {
        match self {
            Self::Block(entity)
            | Self::BlockAge(entity)
            | Self::Agents(entity)
            | Self::Row(entity)
            | Self::Facts(entity) => entity,
        }
    }
}

/// What a label says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelKind {
    /// The name and the counts of a block.
    Block,
    /// When something in a block last changed.
    BlockAge,
    /// The title of a task or run.
    Title,
    /// What else a tile shows: agent, activity or error, status and age.
    Facts,
    /// The name of an agent.
    Agent,
    /// A number of agents.
    AgentCount,
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

/// A part of a label's text in one colour. All parts of a label have one line height: the text layout takes that of the next
/// part for the lines of a part (parley 0.9).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// The text; a line break ends the line that it is in.
    pub(super) text: String,
    /// Its colour.
    pub(super) ink: Ink,
    /// Its font size.
    pub(super) tier: LabelTier,
    /// Height of its lines in logical pixels.
    pub(super) line_px: f32,
}

impl Part {
    /// A part with lines of the usual height at a text scale.
    pub(super) fn new(text: String, ink: Ink, tier: LabelTier, scale: f32) -> Self {
        let line_px = line_px(tier.base_px() * scale);
        Self {
            text,
            ink,
            tier,
            line_px,
        }
    }
}

/// Where a label is relative to what it names, and stays while that moves and while the camera does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Anchor {
    /// A point of what it names, in its width and height from its middle, y upwards: (-0.5, 0.5) is the upper left corner.
    pub(super) edge: Vec2,
    /// From there, in world units, y upwards.
    pub(super) world: Vec2,
    /// From there, in logical pixels, y downwards.
    pub(super) px: Vec2,
    /// The point of the label that is there, in its width and height from its upper left corner.
    pub(super) own: Vec2,
}

impl Anchor {
    /// The label's upper left corner is this far from the one of what it names, in logical pixels.
    pub(super) const fn upper_left(px: Vec2) -> Self {
        Self {
            edge: Vec2::new(-0.5, 0.5),
            world: Vec2::ZERO,
            px,
            own: Vec2::ZERO,
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
}

impl Side {
    /// The label beside a mark of this radius and a gap, both in logical pixels.
    pub(super) fn anchor(self, reach_px: f32) -> Anchor {
        let (px, own) = match self {
            Self::Above => (Vec2::new(0.0, -reach_px), Vec2::new(0.5, 1.0)),
            Self::Below => (Vec2::new(0.0, reach_px), Vec2::new(0.5, 0.0)),
            Self::Right => (Vec2::new(reach_px, 0.0), Vec2::new(0.0, 0.5)),
            Self::Left => (Vec2::new(-reach_px, 0.0), Vec2::new(1.0, 0.5)),
        };
        Anchor {
            edge: Vec2::ZERO,
            world: Vec2::ZERO,
            px,
            own,
        }
    }
}

/// A label and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    /// What it belongs to.
    pub(super) owner: Owner,
    /// What it says.
    pub(super) kind: LabelKind,
    /// Its text.
    pub(super) parts: Vec<Part>,
    /// Where it is.
    pub(super) anchor: Anchor,
    /// Whether it has a plate in the background's colour, because it covers other marks.
    pub(super) plate: bool,
    /// Whether it is dimmed while something else is selected: labels of trouble are not.
    pub(super) is_calm: bool,
    /// Whether something of the name or the title was left out.
    pub(super) is_shortened: bool,
    /// Seconds until its text is outdated.
    pub(super) lasts: f64,
}

impl Label {
    /// Its estimated size in logical pixels.
    pub(super) fn size_px(&self, scale: f32) -> Vec2 {
        let mut size = Vec2::ZERO;
        let mut line = Vec2::ZERO;
        for part in &self.parts {
            let font = part.tier.base_px() * scale;
            for (index, row) in part.text.split('\n').enumerate() {
                if index > 0 {
                    size = Vec2::new(size.x.max(line.x), size.y + line.y);
                    line = Vec2::ZERO;
                }
                let ends = part.text.len() > row.len();
                if !row.is_empty() || (index == 0 && ends) {
                    line = Vec2::new(line.x + text::width(row, font), line.y.max(part.line_px));
                }
            }
        }
        Vec2::new(size.x.max(line.x), size.y + line.y)
    }

    /// Its rectangle on the screen where what it names is now; `named` is its middle on the screen and its size there.
    pub(super) fn rect_at(&self, named: (Vec2, Vec2), world_per_px: f32, size: Vec2) -> Rect {
        let Anchor { edge, world, px, own } = self.anchor;
        let up = edge * named.1 + world / world_per_px;
        let corner = named.0 + Vec2::new(up.x, -up.y) + px - own * size;
        Rect::from_corners(corner, corner + size)
    }

    /// Its whole text.
    pub(super) fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(parts: &[(&str, LabelTier)], anchor: Anchor) -> Label {
        let part = |(text, tier): &(&str, LabelTier)| Part::new((*text).to_owned(), Ink::Text, *tier, 1.0);
        Label {
            owner: Owner::Row(Entity::PLACEHOLDER),
            kind: LabelKind::Title,
            parts: parts.iter().map(part).collect(),
            anchor,
            plate: false,
            is_calm: true,
            is_shortened: false,
            lasts: f64::INFINITY,
        }
    }

    #[test]
    fn a_label_is_as_large_as_its_lines() {
        let (small, name) = (LabelTier::Small, LabelTier::Name);
        let anchor = Anchor::upper_left(Vec2::ZERO);
        let size = |parts: &[(&str, LabelTier)]| label(parts, anchor).size_px(1.0);
        let (a, b) = (text::width("Train the", 17.0), text::width(" failed", 13.0));
        assert_eq!(size(&[("Train the", name), (" failed", small)]), Vec2::new(a + b, 20.0));
        assert_eq!(size(&[("Train the\n", name), ("failed", small)]), Vec2::new(a, 36.0));
        assert_eq!(
            size(&[("Train the\n", name), ("\n", small), (" failed", small)]),
            Vec2::new(a, 52.0)
        );
    }

    #[test]
    fn a_label_keeps_its_place_at_what_it_names() {
        let named = (Vec2::new(100.0, 80.0), Vec2::new(60.0, 40.0));
        let size = Vec2::new(30.0, 10.0);
        let corner = |anchor: Anchor| label(&[], anchor).rect_at(named, 0.5, size).min;
        assert_eq!(corner(Anchor::upper_left(Vec2::new(6.0, 5.0))), Vec2::new(76.0, 65.0));
        assert_eq!(corner(Side::Below.anchor(12.0)), Vec2::new(85.0, 92.0));
        assert_eq!(corner(Side::Left.anchor(12.0)), Vec2::new(58.0, 75.0));
        let count = Anchor {
            world: Vec2::new(10.0, -20.0),
            ..Side::Right.anchor(0.0)
        };
        assert_eq!(
            corner(count),
            Vec2::new(120.0, 115.0),
            "world units are two pixels each, and point up"
        );
    }
}
