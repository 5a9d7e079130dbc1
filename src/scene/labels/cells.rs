//! The text of cells: tiles, titles beside marks, and the selected row's label.

use bevy::{
    ecs::entity::{EntityHashMap, EntityHashSet},
    prelude::*,
};
use plan::Level;

use super::{
    MOST_LABELS,
    compose::Composer,
    headers::SeenBlock,
    label::{Anchor, Ink, Label, LabelKind, LabelTier, Owner, Part, Side},
    room::Room,
    rows::RowFacts,
    text,
    tile::{self, TileFacts, TileLine},
};

/// The width of the rings around the pointer by which calm tiles are ranked where there are more than labels, in logical pixels.
const RING_PX: f32 = 240.0;
/// Free pixels between a mark and a label beside it, at a desk.
const GAP_PX: f32 = 3.0;
/// The least width of a shortened title beside a mark, in em.
const LEAST_EM: f32 = 8.0;
/// The greatest width of a label beside a mark, in em.
const MOST_EM: f32 = 24.0;
/// The most cells in trouble for whose titles room is sought.
const MOST_SOUGHT: usize = 300;

/// The labels of cells as they were last composed: most of them do not change from one arrangement to the next.
#[derive(Debug, Default)]
pub(super) struct CellCache(EntityHashMap<Cached>);

#[derive(Debug)]
struct Cached {
    /// What it was composed for: size, text scale, level, and the agent that has it in hand.
    shape: (Vec2, f32, Level, Option<Entity>),
    /// Until when its age is right, seconds of `FleetClock`.
    until: f64,
    labels: Vec<Label>,
}

impl CellCache {
    /// Forgets the label of a row that changed.
    pub(super) fn forget(&mut self, row: Entity) {
        self.0.remove(&row);
    }

    fn labels(&mut self, composer: &Composer, row: &RowFacts, level: Level) -> Vec<Label> {
        let agent = composer.rows.agent_of(row.entity);
        let size_px = row.place.size / composer.view.world_per_px;
        let shape = (size_px, composer.scale, level, agent);
        if let Some(cached) = self.0.get(&row.entity)
            && cached.shape == shape
            && composer.now < cached.until
        {
            let mut labels = cached.labels.clone();
            for label in labels.iter_mut().filter(|label| label.lasts.is_finite()) {
                label.lasts = cached.until - composer.now;
            }
            return labels;
        }
        let labels = compose(composer, row, level, size_px, agent);
        let lasts = labels.iter().map(|label| label.lasts).fold(f64::INFINITY, f64::min);
        let cached = Cached {
            shape,
            until: composer.now + lasts,
            labels: labels.clone(),
        };
        self.0.insert(row.entity, cached);
        labels
    }

    fn keep(&mut self, rows: &EntityHashSet) {
        self.0.retain(|row, _| rows.contains(row));
    }
}

/// The labels of a cell of this size and level: its title first.
fn compose(composer: &Composer, row: &RowFacts, level: Level, size_px: Vec2, agent: Option<Entity>) -> Vec<Label> {
    let scale = composer.scale;
    let mut lasts = f64::INFINITY;
    let text = if level == Level::Tile {
        let age = composer.rows.age_secs(row.entity, composer.epoch_ms).map(text::age);
        lasts = age.as_ref().map_or(lasts, |age| age.lasts);
        let detail = tile::has_detail(size_px, scale)
            .then(|| composer.rows.detail(row))
            .flatten();
        let agent = agent.and_then(|agent| composer.rows.name(agent));
        // An agent that is a cell has its task in the place of its agent.
        let task = || {
            composer
                .rows
                .task_of(row.entity)
                .and_then(|task| composer.rows.name(task))
        };
        let facts = TileFacts {
            title: row.name,
            word: row.word(),
            status: row.status(),
            age,
            agent: agent.or_else(task),
            detail: detail.as_deref(),
            // What is in trouble has a strip at its left edge instead.
            has_bar: row.task.is_some_and(|task| task.progress.is_some()) && row.trouble().is_none(),
        };
        tile::tile(&facts, size_px, scale)
    } else {
        tile::titled(row.name, row.status(), size_px, scale)
    };
    let label = |owner: Owner, kind: LabelKind, lines: &[TileLine]| {
        let (corner, parts) = tile::parts(lines, scale)?;
        Some(Label {
            owner,
            kind,
            parts,
            anchor: Anchor::upper_left(corner),
            plate: false,
            is_calm: row.trouble().is_none(),
            is_shortened: text.is_shortened && kind == LabelKind::Title,
            lasts: if kind == LabelKind::Facts && text.has_age {
                lasts
            } else {
                f64::INFINITY
            },
        })
    };
    let title = label(Owner::Row(row.entity), LabelKind::Title, &text.title);
    let facts = label(Owner::Facts(row.entity), LabelKind::Facts, &text.facts);
    title.into_iter().chain(facts).collect()
}

/// A cell that may have text.
struct SeenCell<'a> {
    row: RowFacts<'a>,
    /// The block on the screen.
    block: Rect,
    level: Level,
    /// Less comes first.
    turn: (usize, f64, Entity),
}

/// Adds the text of the cells on the screen: those in trouble first.
pub(super) fn add(
    composer: &Composer,
    blocks: &[SeenBlock],
    pointer: Option<Vec2>,
    has_calm: bool,
    cache: &mut CellCache,
    room: &mut Room,
) {
    let seen = composer.world_rect(room.free());
    let mut cells = Vec::new();
    for block in blocks {
        let level = composer.level(block.facts.block.place.cell);
        if level < Level::Titled {
            continue;
        }
        let ground = composer.screen_rect(block.facts.block.rect());
        let body = block.facts.block.body().intersect(seen);
        for row in composer.rows.cells_in(body) {
            let trouble = row.trouble();
            if trouble.is_some() || has_calm {
                let turn = match trouble {
                    Some(trouble) => (trouble as usize, -row.moment.changed, row.entity),
                    None => (usize::MAX, 0.0, row.entity),
                };
                cells.push(SeenCell {
                    row,
                    block: ground,
                    level,
                    turn,
                });
            }
        }
    }
    if cells.len() > MOST_LABELS
        && let Some(pointer) = pointer
    {
        // Those near the pointer first: an operator is reading there.
        for cell in cells.iter_mut().filter(|cell| cell.turn.0 == usize::MAX) {
            let away = composer.view.screen_from_world(cell.row.place.at).distance(pointer);
            cell.turn.1 = f64::from((away / RING_PX).floor());
        }
    }
    let order = |one: &SeenCell, next: &SeenCell| {
        let ranks = one.turn.0.cmp(&next.turn.0).then(one.turn.1.total_cmp(&next.turn.1));
        ranks.then(one.turn.2.cmp(&next.turn.2))
    };
    cells.sort_by(order);
    let mut sought = Vec::new();
    for cell in &cells {
        if room.is_full() {
            break;
        }
        let named = composer.named_row(&cell.row);
        let labels = cache.labels(composer, &cell.row, cell.level);
        let added = add_all(labels, named, room);
        if !added && cell.level == Level::Titled && cell.turn.0 < usize::MAX && sought.len() < MOST_SOUGHT {
            sought.push(cell);
        }
    }
    if !sought.is_empty() {
        for cell in &cells {
            room.block_mark(mark_rect(composer, &cell.row, cell.level));
        }
        for cell in sought {
            add_beside(composer, cell, room);
        }
    }
    let kept = cells.iter().take(MOST_LABELS).map(|cell| cell.row.entity).collect();
    cache.keep(&kept);
}

/// Adds all labels of a cell for which there is room; whether there is for any.
fn add_all(labels: Vec<Label>, named: (Vec2, Vec2), room: &mut Room) -> bool {
    let add = |added: bool, label: Label| room.add_fixed(label, named) || added;
    labels.into_iter().fold(false, add)
}

/// The rectangle of a cell's mark on the screen.
fn mark_rect(composer: &Composer, row: &RowFacts, level: Level) -> Rect {
    let (middle, size) = composer.named_row(row);
    let unit = composer.unit();
    let (offset, radius) = if level == Level::Tile {
        tile::tile_mark(size, unit)
    } else {
        (size / 2.0, tile::mark_radius(size, unit))
    };
    Rect::from_center_half_size(middle - size / 2.0 + offset, Vec2::splat(radius))
}

/// Adds the title of a row in trouble beside its mark, where its neighbours leave room in its block.
fn add_beside(composer: &Composer, cell: &SeenCell, room: &mut Room) {
    let SeenCell { row, block, .. } = cell;
    let (named, scale) = (composer.named_row(row), composer.scale);
    let font = LabelTier::Small.base_px() * scale;
    let reach = tile::mark_radius(named.1, composer.unit()) + GAP_PX * composer.unit();
    let wordings = [MOST_EM, LEAST_EM].map(|most| text::shorten(row.name, font, most * font));
    for name in wordings.into_iter().flatten() {
        for side in [Side::Right, Side::Left, Side::Below, Side::Above] {
            let label = Label {
                owner: Owner::Row(row.entity),
                kind: LabelKind::Title,
                parts: vec![Part::new(name.text.clone(), Ink::Text, LabelTier::Small, scale)],
                anchor: side.anchor(reach),
                plate: false,
                is_calm: false,
                is_shortened: name.is_shortened,
                lasts: f64::INFINITY,
            };
            let rect = room.rect(&label, named);
            if block.contains(rect.min) && block.contains(rect.max) && room.add_over(label, named) {
                return;
            }
        }
    }
}

/// Adds the label of the selected row, at any zoom, unless its cell has its title.
pub(super) fn add_selected(composer: &Composer, cache: &mut CellCache, room: &mut Room) {
    let Some(row) = composer.selected.and_then(|row| composer.rows.row(row)) else {
        return;
    };
    let named = composer.named_row(&row);
    let scale = composer.scale;
    let is_cell = !composer.rows.is_agent(row.entity) || !composer.rows.is_in_street(&row);
    let level = if is_cell {
        composer.level(row.place.size)
    } else {
        Level::Mark
    };
    if level >= Level::Titled {
        let labels = cache.labels(composer, &row, level);
        if labels.first().is_some_and(|title| !title.is_shortened) && add_all(labels, named, room) {
            return;
        }
    }
    let font = LabelTier::Body.base_px() * scale;
    let Some(name) = text::shorten(row.name, font, MOST_EM * font) else {
        return;
    };
    let word = text::shorten(row.word(), font, MOST_EM * font).map(|word| format!("  {}", word.text));
    let part = |text: String, ink: Ink| Part::new(text, ink, LabelTier::Body, scale);
    let parts = vec![
        part(name.text, Ink::Text),
        part(word.unwrap_or_default(), Ink::Status(row.status())),
    ];
    let mark = mark_rect(composer, &row, level);
    let reach = mark.half_size().max_element().max(5.0 * composer.unit()) + GAP_PX * composer.unit();
    let is_agent = composer.rows.is_agent(row.entity);
    for side in [Side::Above, Side::Below, Side::Right, Side::Left] {
        let mut anchor = side.anchor(reach);
        anchor.px += mark.center() - named.0;
        let label = Label {
            owner: Owner::Row(row.entity),
            kind: if is_agent { LabelKind::Agent } else { LabelKind::Title },
            parts: parts.clone(),
            anchor,
            plate: true,
            is_calm: false,
            is_shortened: name.is_shortened,
            lasts: f64::INFINITY,
        };
        if room.add_over(label, named) {
            return;
        }
    }
}
