//! The names of blocks: in their headers, or over blocks in trouble that have none.

use bevy::prelude::*;

use super::{
    block_header::{self, HeaderFacts, HeaderText},
    compose::Composer,
    label::{Anchor, Ink, Label, LabelKind, LabelTier, Owner, Part, line_px},
    room::Room,
    rows::BlockFacts,
};
use crate::layout::Tally;
use model::Status;

/// Where at most so many blocks are in trouble, each has its name over it;
const FEW_IN_TROUBLE: usize = 100;
/// of more, only so many have, those in the worst trouble: names over all of them would hide the rows.
const MOST_OVER: usize = 40;
/// The least width of a calm block, in desk pixels, whose name is written into the street above it.
const LEAST_IN_STREET_PX: f32 = 80.0;
/// The distance of a name from the edge of the block that it is written over, in logical pixels.
const INSET_PX: f32 = 3.0;

/// A block on the screen and its counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenBlock<'a> {
    pub(super) facts: BlockFacts<'a>,
    pub(super) tally: Tally,
}

impl SeenBlock<'_> {
    /// Less comes first: what is in worse trouble, then what has more of it.
    pub(super) fn turn(&self) -> (usize, u32) {
        let severities = Status::troubles().enumerate();
        let worst = severities
            .map(|(turn, status)| (turn, self.tally.of(status)))
            .find(|(_, count)| *count > 0);
        worst.map_or((usize::MAX, 0), |(turn, count)| (turn, u32::MAX - count))
    }
}

/// Adds the names of these blocks, which are in the order of their importance.
pub(super) fn add(composer: &Composer, blocks: &[SeenBlock], room: &mut Room) {
    let mut without = Vec::new();
    for block in blocks {
        if !add_header(composer, block, room) {
            without.push(block);
        }
    }
    let is_loud = |block: &SeenBlock| block.tally.alarms() > 0 || composer.selected == Some(block.facts.entity);
    let (loud, calm): (Vec<&SeenBlock>, Vec<&SeenBlock>) = without.into_iter().partition(|block| is_loud(block));
    let most = if loud.len() <= FEW_IN_TROUBLE {
        FEW_IN_TROUBLE
    } else {
        MOST_OVER
    };
    for block in loud.into_iter().take(most) {
        add_over(composer, block, room);
    }
    for block in calm {
        add_in_street(composer, block, room);
    }
}

/// Adds the text of a header; whether there is any.
fn add_header(composer: &Composer, seen: &SeenBlock, room: &mut Room) -> bool {
    let BlockFacts { entity, block, name } = seen.facts;
    let (ground, header) = (block.rect(), block.header());
    if header.is_empty() {
        return false;
    }
    let on_screen = composer.screen_rect(header);
    let free = room.free();
    // A header that leaves the screen at one side begins, or ends, at that side.
    let cut = [free.min.x - on_screen.min.x, on_screen.max.x - free.max.x].map(|cut| cut.max(0.0));
    let size = on_screen.size() - Vec2::new(cut[0] + cut[1], 0.0);
    let tally: Vec<(Status, u32)> = Status::troubles()
        .map(|status| (status, seen.tally.of(status)))
        .filter(|(_, count)| *count > 0)
        .collect();
    let facts = HeaderFacts {
        name,
        done: seen.tally.of(Status::Done),
        all: seen.tally.counted(),
        counts_all: composer.is_of_agents(&seen.facts),
        workflows: block.place.workflows,
        tally: &tally,
        age: composer.block_age(entity),
    };
    let Some(text) = block_header::header(&facts, size.x, size.y, composer.scale) else {
        return false;
    };
    let pad = block_header::PAD_PX * composer.scale.max(1.0);
    let HeaderText {
        parts,
        age,
        tier,
        is_shortened,
    } = text;
    let part = |text: String, ink: Ink| Part::new(text, ink, tier, composer.scale);
    let down = (size.y - line_px(tier.base_px() * composer.scale)) / 2.0;
    let corner = |side: f32, cut: f32| {
        let at = |rect: Rect| if side < 0.0 { rect.min.x } else { rect.max.x };
        Anchor {
            edge: Vec2::new(0.5 * side, 0.5),
            world: Vec2::new(at(header) - at(ground), header.max.y - ground.max.y),
            px: Vec2::new(-side * (pad + cut), down),
            own: Vec2::new(0.5 + 0.5 * side, 0.0),
        }
    };
    let label = |owner: Owner, kind: LabelKind, parts: Vec<Part>, anchor: Anchor, lasts: f64| Label {
        owner,
        kind,
        parts,
        anchor,
        plate: false,
        is_calm: seen.tally.alarms() == 0,
        is_shortened: is_shortened && kind == LabelKind::Block,
        lasts,
    };
    let parts = parts.into_iter().map(|shown| part(shown.text, shown.ink)).collect();
    let name = label(
        Owner::Block(entity),
        LabelKind::Block,
        parts,
        corner(-1.0, cut[0]),
        f64::INFINITY,
    );
    room.add_fixed(name, composer.named_block(block));
    if let Some(age) = age {
        let parts = vec![part(age.text, Ink::Muted)];
        let age = label(
            Owner::BlockAge(entity),
            LabelKind::BlockAge,
            parts,
            corner(1.0, cut[1]),
            age.lasts,
        );
        room.add_fixed(age, composer.named_block(block));
    }
    true
}

fn plain(composer: &Composer, seen: &SeenBlock, text: String, is_shortened: bool, anchor: Anchor) -> Label {
    let is_calm = seen.tally.alarms() == 0;
    let ink = if is_calm { Ink::Muted } else { Ink::Text };
    Label {
        owner: Owner::Block(seen.facts.entity),
        kind: LabelKind::Block,
        parts: vec![Part::new(text, ink, LabelTier::Small, composer.scale)],
        anchor,
        plate: !is_calm,
        is_calm,
        is_shortened,
        lasts: f64::INFINITY,
    }
}

/// A point of a block, and the same point of its name, a little within the block.
fn within(edge: Vec2) -> Anchor {
    Anchor {
        edge,
        world: Vec2::ZERO,
        px: Vec2::new(-edge.x, edge.y) * 2.0 * INSET_PX,
        own: Vec2::new(0.5 + edge.x, 0.5 - edge.y),
    }
}

/// Adds the name of a block in trouble over its cells, off those in trouble.
fn add_over(composer: &Composer, seen: &SeenBlock, room: &mut Room) {
    let width_px = composer.screen_rect(seen.facts.block.rect()).width();
    let named = composer.named_block(seen.facts.block);
    let names = block_header::overlay_names(seen.facts.name, width_px - 2.0 * INSET_PX, composer.scale);
    // Upper left, lower left, upper right, lower right, in the middle.
    let places = [
        Vec2::new(-0.5, 0.5),
        Vec2::new(-0.5, -0.5),
        Vec2::new(0.5, 0.5),
        Vec2::new(0.5, -0.5),
        Vec2::ZERO,
    ];
    let label = |name: &super::text::Shown<String>, edge: Vec2| {
        plain(composer, seen, name.text.clone(), name.is_shortened, within(edge))
    };
    for name in &names {
        for edge in places {
            let label = label(name, edge);
            if !composer.hides_trouble(room.rect(&label, named)) && room.add_over(label, named) {
                return;
            }
        }
    }
    for name in &names {
        if places.into_iter().any(|edge| room.add_over(label(name, edge), named)) {
            return;
        }
    }
}

/// Adds the name of a calm block without a header in the street above it, where that is wide enough.
fn add_in_street(composer: &Composer, seen: &SeenBlock, room: &mut Room) {
    let width_px = composer.screen_rect(seen.facts.block.rect()).width();
    if width_px < LEAST_IN_STREET_PX * composer.scale.max(1.0) {
        return;
    }
    let named = composer.named_block(seen.facts.block);
    let anchor = Anchor {
        own: Vec2::new(0.0, 1.0),
        ..Anchor::upper_left(Vec2::ZERO)
    };
    let names = block_header::overlay_names(seen.facts.name, width_px, composer.scale);
    if let Some(name) = names.last() {
        let label = plain(composer, seen, name.text.clone(), name.is_shortened, anchor);
        room.add_in_street(label, named);
    }
}
