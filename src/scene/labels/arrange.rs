//! Chooses the labels to show and their places: a few times a second at most, and only after something changed.

use std::time::{SystemTime, UNIX_EPOCH};

use bevy::{
    ecs::{
        entity::{EntityHashMap, EntityHashSet},
        system::SystemParam,
    },
    platform::collections::HashSet,
    prelude::*,
};

use super::{
    agents,
    cells::{self, CellCache},
    compose::Composer,
    headers::{self, SeenBlock},
    label::{Label, Owner},
    room::Room,
    rows::LabelRows,
};
use crate::{
    fleet::{FleetClock, Touched},
    messages::{Quality, QualityFeature, SceneInsets, ScreenTheme, Synced},
    scene::{camera::View, detail::Detail, pointer::Pointer, selection::Selection, text_scale::TextScale},
};

/// Shortest interval between two arrangements.
const LEAST_SECS: f64 = 0.12;
/// Labels are arranged once more this long after the last change, when moves are over.
const LATER_SECS: f64 = 0.9;
/// The shortest time after which an outdated age is written anew.
const OUTDATED_SECS: f64 = 0.9;
/// The most blocks of which the last change is kept: beyond it, those that are not on the screen are forgotten.
const MOST_CHANGES: usize = 4_096;

/// The labels that are to be shown.
#[derive(Resource, Debug, Default)]
pub(super) struct Arrangement {
    /// The most important first.
    pub(super) labels: Vec<Label>,
    /// The number of arrangements so far.
    pub(super) revision: u64,
    is_due: bool,
    last: f64,
    later: f64,
    /// When the text of one of its labels becomes outdated, for example an age.
    outdated: f64,
    cells: CellCache,
    /// When something in each block was last seen to change, seconds of `FleetClock`.
    changes: EntityHashMap<f64>,
}

impl Arrangement {
    /// Whether it is time for a new arrangement, which then counts as made.
    fn becomes_due(&mut self, now: f64, has_news: bool, looks_different: bool) -> bool {
        if has_news {
            self.later = now + LATER_SECS;
        }
        let is_later = self.later > 0.0 && now >= self.later;
        let is_outdated = self.outdated > 0.0 && now >= self.outdated;
        self.is_due |= has_news || is_later || is_outdated || looks_different;
        if !self.is_due || now - self.last < LEAST_SECS {
            return false;
        }
        if is_later {
            self.later = 0.0;
        }
        (self.is_due, self.last) = (false, now);
        true
    }

    /// Notes what changed.
    fn note(&mut self, touched: &Touched, rows: &LabelRows) {
        for row in touched.iter() {
            self.cells.forget(row);
            // The tile of a task has the name of its agent.
            if let Some(task) = rows.task_of(row) {
                self.cells.forget(task);
            }
            if let Some((block, changed)) = rows.last_change(row) {
                let last = self.changes.entry(block).or_insert(changed);
                *last = last.max(changed);
            }
        }
    }
}

/// What makes an arrangement due.
#[derive(SystemParam)]
pub(super) struct Looks<'w> {
    view: Res<'w, View>,
    selection: Res<'w, Selection>,
    insets: Res<'w, SceneInsets>,
    scale: Res<'w, TextScale>,
    detail: Res<'w, Detail>,
    theme: Res<'w, ScreenTheme>,
    quality: Res<'w, Quality>,
}

impl Looks<'_> {
    fn is_changed(&self) -> bool {
        self.view.is_changed()
            || self.selection.is_changed()
            || self.insets.is_changed()
            || self.scale.is_changed()
            || self.detail.is_changed()
            || self.theme.is_changed()
            || self.quality.is_changed()
    }

    /// The part of the screen that no fixed panel covers.
    fn free(&self) -> Rect {
        Rect::from_corners(
            Vec2::new(self.insets.left, self.insets.top),
            self.view.size_px - Vec2::new(self.insets.right, self.insets.bottom),
        )
    }
}

pub(super) fn arrange(
    mut arrangement: ResMut<Arrangement>,
    mut synced: MessageReader<Synced>,
    touched: Res<Touched>,
    rows: LabelRows,
    looks: Looks,
    pointer: Res<Pointer>,
    clock: Res<FleetClock>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed_secs_f64();
    let arrangement = &mut *arrangement;
    arrangement.note(&touched, &rows);
    let has_news = synced.read().count() > 0 || !touched.is_empty();
    if !arrangement.becomes_due(now, has_news, looks.is_changed()) {
        return;
    }
    let Arrangement {
        labels, cells, changes, ..
    } = arrangement;
    let composer = Composer {
        rows: &rows,
        view: &looks.view,
        detail: *looks.detail,
        scale: looks.scale.0,
        epoch_ms: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64),
        now: clock.0,
        selected: looks.selection.selected,
        changes,
    };
    let shown: HashSet<Owner> = labels.iter().map(|label| label.owner).collect();
    let has_calm = looks.quality.has(QualityFeature::Labels);
    *labels = arranged(&composer, looks.free(), pointer.over, has_calm, &shown, cells);
    if changes.len() > MOST_CHANGES {
        let named: EntityHashSet = labels.iter().map(|label| label.owner.entity()).collect();
        changes.retain(|block, _| named.contains(block));
    }
    arrangement.revision += 1;
    let lasts = arrangement.labels.iter().map(|label| label.lasts);
    arrangement.outdated = now + lasts.fold(f64::INFINITY, f64::min).max(OUTDATED_SECS);
}

/// The labels for a view, the most important first.
fn arranged(
    composer: &Composer,
    free: Rect,
    pointer: Option<Vec2>,
    has_calm: bool,
    shown: &HashSet<Owner>,
    cache: &mut CellCache,
) -> Vec<Label> {
    let mut room = Room::new(free, composer.view, composer.scale);
    let on_screen = composer.rows.blocks_in(composer.world_rect(free));
    let mut blocks: Vec<SeenBlock> = on_screen
        .map(|facts| SeenBlock {
            facts,
            tally: composer.rows.tallies.of(facts.entity),
        })
        .collect();
    blocks.sort_by_key(|block| (block.turn(), block.facts.entity));
    for block in &blocks {
        room.block_streets(composer.screen_rect(block.facts.block.rect()));
    }
    cells::add_selected(composer, cache, &mut room);
    headers::add(composer, &blocks, &mut room);
    cells::add(composer, &blocks, pointer, has_calm, cache, &mut room);
    agents::add(composer, &blocks, has_calm, |owner| shown.contains(&owner), &mut room);
    room.into_labels()
}
