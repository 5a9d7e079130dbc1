//! The names of agents in the streets and in the dock, and the number of those that have no place of their own.

use bevy::prelude::*;

use super::{
    compose::Composer,
    headers::SeenBlock,
    label::{Anchor, Ink, Label, LabelKind, LabelTier, Owner, Part, Side},
    room::Room,
    rows::RowFacts,
    text,
};

/// The least diameter of an agent with a name, in desk pixels.
const LEAST_PX: f32 = 12.0;
/// The greatest width of a name, in em.
const MOST_EM: f32 = 16.0;
/// Free pixels between an agent and its name, at a desk.
const GAP_PX: f32 = 3.0;
/// The most agents whose names are tried.
const MOST_TRIED: usize = 400;
/// Resting agents have names where there is room for this share of them: single ones among many would belong to any of their
/// neighbours.
const LEAST_NAMED: f32 = 0.8;

/// Adds the numbers of agents of these blocks that have no place, then the names of the others: those in trouble first, then
/// those that have a name already.
pub(super) fn add(
    composer: &Composer,
    blocks: &[SeenBlock],
    has_calm: bool,
    is_shown: impl Fn(Owner) -> bool,
    room: &mut Room,
) {
    let scale = composer.scale;
    let seen = composer.world_rect(room.free());
    let agents = composer.rows.agents_in(seen);
    let mut agents: Vec<RowFacts> = agents.filter(|agent| composer.rows.is_in_street(agent)).collect();
    for agent in &agents {
        let (middle, size) = composer.named_row(agent);
        room.block_streets(Rect::from_center_size(middle, size));
    }
    for block in blocks.iter().filter(|block| block.facts.block.place.counted_agents > 0) {
        let ground = block.facts.block;
        let label = Label {
            owner: Owner::Agents(block.facts.entity),
            kind: LabelKind::AgentCount,
            parts: vec![Part::new(
                format!("+{}", ground.place.counted_agents),
                Ink::Muted,
                LabelTier::Small,
                scale,
            )],
            anchor: Anchor {
                edge: Vec2::ZERO,
                world: ground.place.count_at - ground.rect().center(),
                px: Vec2::ZERO,
                own: Vec2::splat(0.5),
            },
            plate: false,
            is_calm: true,
            is_shortened: false,
            lasts: f64::INFINITY,
        };
        room.add_in_street(label, composer.named_block(ground));
    }
    let least = LEAST_PX * composer.unit();
    agents.retain(|agent| {
        let is_large = composer.named_row(agent).1.x >= least;
        is_large && (has_calm || agent.trouble().is_some())
    });
    agents.sort_by_key(|agent| {
        let trouble = agent.trouble().map_or(usize::MAX, |trouble| trouble as usize);
        (trouble, !is_shown(Owner::Row(agent.entity)), agent.entity)
    });
    agents.truncate(MOST_TRIED);
    let (resting, others): (Vec<RowFacts>, Vec<RowFacts>) = agents
        .into_iter()
        .partition(|agent| composer.rows.task_of(agent.entity).is_none());
    for agent in &others {
        add_name(composer, agent, room);
    }
    for is_calm in [false, true] {
        let group = || resting.iter().filter(|agent| agent.trouble().is_none() == is_calm);
        let before = room.count();
        for agent in group() {
            add_name(composer, agent, room);
        }
        if ((room.count() - before) as f32) < LEAST_NAMED * group().count() as f32 {
            room.keep(before);
        }
    }
}

fn add_name(composer: &Composer, agent: &RowFacts, room: &mut Room) {
    let (named, scale) = (composer.named_row(agent), composer.scale);
    let font = LabelTier::Small.base_px() * scale;
    let Some(name) = text::shorten(agent.name, font, MOST_EM * font) else {
        return;
    };
    let reach = named.1.x / 2.0 + GAP_PX * composer.unit();
    let ink = match agent.trouble() {
        Some(_) => Ink::Status(agent.status()),
        None => Ink::Muted,
    };
    for side in [Side::Right, Side::Left, Side::Below, Side::Above] {
        let label = Label {
            owner: Owner::Row(agent.entity),
            kind: LabelKind::Agent,
            parts: vec![Part::new(name.text.clone(), ink, LabelTier::Small, scale)],
            anchor: side.anchor(reach),
            plate: false,
            is_calm: agent.trouble().is_none(),
            is_shortened: name.is_shortened,
            lasts: f64::INFINITY,
        };
        if room.add_in_street(label, named) {
            return;
        }
    }
}
