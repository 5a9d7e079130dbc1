//! Chooses the labels to show and their places: a few times a second at most, and only after something changed.

use std::time::{SystemTime, UNIX_EPOCH};

use bevy::{ecs::system::SystemParam, platform::collections::HashMap, prelude::*};

use super::{
    MOST_LABELS,
    board::Board,
    candidates::{ALARM_PX, Candidate, Class, LabelRows},
    compose::Composer,
    crossing,
    label::{Label, Owner, Side},
    naming::Naming,
};
use crate::{
    fleet::Counts,
    layout::{Extent, Unassigned},
    messages::{FloatingPanels, Quality, QualityFeature, RowChanged, SceneInsets, ScreenTheme, Synced},
    scene::{
        camera::View, detail, marks::Tallies, palette::palette, pointer::Pointer, selection::Selection,
        text_scale::TextScale,
    },
};
use model::Trouble;

/// Shortest interval between two arrangements.
const LEAST_SECS: f64 = 0.12;
/// Labels are arranged once more this long after the last change, when moves are over.
const LATER_SECS: f64 = 0.9;

/// Half the size of an agent's hexagon in world units, without its corners.
const AGENT_HALF: f32 = 0.62;
/// Half the size of the mark of a task in trouble, in world units.
const ALARM_HALF: f32 = 0.32;
/// The same in the far view, in desk pixels, with its bubble.
const ALARM_HALF_PX: f32 = 4.5;

/// The labels that are to be shown.
#[derive(Resource, Debug, Default)]
pub(super) struct Arrangement {
    /// The most important first.
    pub(super) labels: Vec<(Label, Side)>,
    /// The number of arrangements so far.
    pub(super) revision: u64,
    is_due: bool,
    last: f64,
    later: f64,
    /// When the text of one of its labels becomes outdated, for example an age.
    outdated: f64,
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
}

/// What makes an arrangement due.
#[derive(SystemParam)]
pub(super) struct News<'w, 's> {
    rows: MessageReader<'w, 's, RowChanged>,
    synced: MessageReader<'w, 's, Synced>,
    counts: Res<'w, Counts>,
}

impl News<'_, '_> {
    fn arrived(&mut self) -> bool {
        let rows = self.rows.read().count() + self.synced.read().count();
        rows > 0 || self.counts.is_changed()
    }
}

pub(super) fn arrange(
    mut arrangement: ResMut<Arrangement>,
    mut news: News,
    rows: LabelRows,
    view: Res<View>,
    selection: Res<Selection>,
    pointer: Res<Pointer>,
    insets: Res<SceneInsets>,
    floating: Res<FloatingPanels>,
    extent: Res<Extent>,
    unassigned: Res<Unassigned>,
    scale: Res<TextScale>,
    tallies: Res<Tallies>,
    theme: Res<ScreenTheme>,
    quality: Res<Quality>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed_secs_f64();
    let has_news = news.arrived() || extent.is_changed() || unassigned.is_changed();
    let looks_different = insets.is_changed()
        || floating.is_changed()
        || scale.is_changed()
        || theme.is_changed()
        || quality.is_changed()
        || view.is_changed()
        || selection.is_changed();
    if !arrangement.becomes_due(now, has_news, looks_different) {
        return;
    }
    let shown: HashMap<Owner, Side> = arrangement
        .labels
        .iter()
        .map(|(label, side)| (label.owner, *side))
        .collect();
    let slot_px = detail::slot_px(view.world_per_px, *scale);
    let tally = |workflow: Option<Entity>| tallies.of(workflow);
    let is_shown = |owner| shown.contains_key(&owner);
    let mut candidates = rows.candidates(&view, slot_px, &selection, pointer.over, tally, is_shown);
    if !quality.has(QualityFeature::Labels) {
        candidates.retain(|candidate| candidate.class < Class::Agent);
    }
    let composer = Composer {
        rows: &rows,
        px_per_slot: 1.0 / view.world_per_px,
        slot_px,
        scale: scale.0,
        palette: palette(theme.0),
        epoch_ms: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64),
        tally: &tally,
    };
    let free = Rect::from_corners(
        Vec2::new(insets.left, insets.top),
        view.size_px - Vec2::new(insets.right, insets.bottom),
    );
    arrangement.labels = give_room(&candidates, &composer, &view, free, &floating.0, &shown);
    arrangement.revision += 1;
    let lasts = arrangement.labels.iter().map(|(label, _)| label.lasts);
    arrangement.outdated = now + lasts.fold(f64::INFINITY, f64::min);
}

/// Blocks the areas of marks, so that no name is written over them.
fn keep_clear(board: &mut Board, marks: impl Iterator<Item = Vec2>, view: &View, half: f32) {
    for at in marks {
        let half = Vec2::splat(half / view.world_per_px);
        board.block(Rect::from_center_half_size(view.screen_from_world(at), half));
    }
}

/// Places the candidates in their order.
fn give_room(
    candidates: &[Candidate],
    composer: &Composer,
    view: &View,
    free: Rect,
    covered: &[Rect],
    shown: &HashMap<Owner, Side>,
) -> Vec<(Label, Side)> {
    let mut board = Board::new(free);
    for panel in covered {
        board.block(*panel);
    }
    let mut labels = Vec::new();
    let discs: Vec<_> = composer.rows.discs(view).collect();
    let is_far = detail::far(composer.slot_px) > 0.5;
    let alarm_half = ALARM_HALF.max(ALARM_HALF_PX / composer.slot_px);
    let naming = Naming {
        composer,
        view,
        discs: &discs,
        agents: if is_far {
            Vec::new()
        } else {
            composer.rows.agents_on(view)
        },
        agent_half: AGENT_HALF / view.world_per_px,
        alarm_half,
        usual: Naming::usual(composer, view, candidates),
    };
    let of_class = |is_meant: fn(Class) -> bool| {
        candidates
            .iter()
            .filter(move |candidate| is_meant(candidate.class))
            .map(|candidate| candidate.at)
    };
    // In the near view all tasks in trouble are blocked at once; in the far view each name checks for those under it.
    let are_alarms_kept_clear = composer.slot_px >= ALARM_PX;
    let (mut are_alarms_blocked, mut are_agents_blocked) = (false, false);
    for candidate in candidates {
        if labels.len() >= MOST_LABELS {
            break;
        }
        // Districts and the selected row come first; from here on no name hides a more important mark.
        if candidate.class >= Class::Trouble(Trouble::Failed) && !are_alarms_blocked {
            are_alarms_blocked = true;
            let marks = of_class(|class| matches!(class, Class::Trouble(_)));
            keep_clear(&mut board, marks, view, ALARM_HALF);
            if are_alarms_kept_clear {
                keep_clear(
                    &mut board,
                    composer.rows.alarms_in(view.world_rect(), 0.0),
                    view,
                    ALARM_HALF,
                );
            }
        }
        if candidate.class >= Class::Agent && !are_agents_blocked {
            are_agents_blocked = true;
            keep_clear(&mut board, of_class(|class| class == Class::Agent), view, AGENT_HALF);
        }
        // The side that it has is tried first, so that labels do not hop.
        let has = shown.get(&candidate.owner).copied();
        let label = if composer.is_above(candidate) {
            naming.name(candidate, has, &mut board)
        } else {
            let hides_alarms = match candidate.class {
                Class::District => true,
                Class::Selected | Class::Crowd => false,
                _ => !are_alarms_kept_clear,
            };
            place(candidate, has, hides_alarms.then_some(alarm_half), &naming, &mut board)
        };
        labels.extend(label);
    }
    labels
}

/// Finds room for a label beside its mark, in the first wording and on the first side that has any. `alarm_half` is the
/// half size of the tasks in trouble that the label must not hide, in world units.
fn place(
    candidate: &Candidate,
    has: Option<Side>,
    alarm_half: Option<f32>,
    naming: &Naming,
    board: &mut Board,
) -> Option<(Label, Side)> {
    let Naming {
        composer, view, discs, ..
    } = naming;
    let at = view.screen_from_world(candidate.at);
    for mut label in composer.compose(candidate) {
        let reach = label.reach_px(view.world_per_px);
        let size = label.size_px(composer.scale);
        let has = has.filter(|side| label.sides.contains(side));
        let sides = || has.into_iter().chain(label.sides.iter().copied());
        let room = |side: Side| {
            let corner = side.corner(at, reach, size);
            Rect::from_corners(corner, corner + size)
        };
        // A label with several sides lies on a ring only where none of them is free.
        let has_choice = label.sides.len() > 1;
        let crosses = |side: Side| {
            let mut rings = discs.iter();
            has_choice && rings.any(|(_, middle, radius)| crossing::crosses(room(side), *middle, *radius))
        };
        let hides = |side: Side| {
            let [a, b] = [room(side).min, room(side).max].map(|corner| view.world_from_screen(corner));
            let mut alarms = alarm_half
                .map(|half| composer.rows.alarms_in(Rect::from_corners(a, b), half))
                .into_iter()
                .flatten();
            alarms.next().is_some()
        };
        let mut take = |side: &Side| !hides(*side) && board.take(room(*side));
        let clear = sides().find(|side| !crosses(*side) && take(side));
        if let Some(side) = clear.or_else(|| sides().find(take)) {
            label.plate |= clear.is_none() && crosses(side);
            return Some((label, side));
        }
    }
    None
}
