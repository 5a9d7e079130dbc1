//! Which labels are shown and where: a few times a second, and only after something changed.

use std::time::{SystemTime, UNIX_EPOCH};

use bevy::{ecs::system::SystemParam, platform::collections::HashMap, prelude::*};

use super::{
    MOST_LABELS,
    board::Board,
    candidates::{ALARM_PX, Candidate, Class, Rows},
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

/// Shortest time between two arrangements.
const LEAST_SECS: f64 = 0.12;
/// After the last change it is arranged once more, when flights have landed and the fleet has caught up.
const LATER_SECS: f64 = 0.9;
/// Line height as a multiple of the font size.
pub(super) const LINE: f32 = 1.2;

/// Half size of an agent's hexagon in world units, less its corners.
const AGENT_HALF: f32 = 0.62;
/// Half size of the mark of a task in trouble, in world units; and in physical pixels from far, with its bubble.
const ALARM_HALF: f32 = 0.32;
const ALARM_HALF_PX: f32 = 4.5;

/// The labels that are to be shown.
#[derive(Resource, Debug, Default)]
pub(super) struct Arrangement {
    pub labels: Vec<(Label, Side)>,
    /// Counts arrangements, for whoever carries them out.
    pub edition: u64,
    is_due: bool,
    last: f64,
    later: f64,
    /// When the first of its labels says what is true no more.
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
    fn came(&mut self) -> bool {
        let rows = self.rows.read().count() + self.synced.read().count();
        rows > 0 || self.counts.is_changed()
    }
}

pub(super) fn arrange(
    mut arrangement: ResMut<Arrangement>,
    mut news: News,
    rows: Rows,
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
    let has_news = news.came() || extent.is_changed() || unassigned.is_changed();
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
    arrangement.edition += 1;
    let lasts = arrangement.labels.iter().map(|(label, _)| label.lasts);
    arrangement.outdated = now + lasts.fold(f64::INFINITY, f64::min);
}

/// Takes the ground of marks themselves, so that no name is written over them.
fn keep_clear(board: &mut Board, marks: impl Iterator<Item = Vec2>, view: &View, half: f32) {
    for at in marks {
        let half = Vec2::splat(half / view.world_per_px);
        board.block(Rect::from_center_half_size(view.screen_from_world(at), half));
    }
}

/// Gives room to the candidates in their order.
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
    // Near, the marks of tasks in trouble are kept clear once for all; from far each name looks for those under it.
    let are_alarms_kept_clear = composer.slot_px >= ALARM_PX;
    let (mut has_come_to_alarms, mut has_come_to_agents) = (false, false);
    for candidate in candidates {
        if labels.len() >= MOST_LABELS {
            break;
        }
        // Districts and what is pointed at come first; from there on no name hides a mark that matters more than it.
        if candidate.class >= Class::Trouble(Trouble::Failed) && !has_come_to_alarms {
            has_come_to_alarms = true;
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
        if candidate.class >= Class::Agent && !has_come_to_agents {
            has_come_to_agents = true;
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
