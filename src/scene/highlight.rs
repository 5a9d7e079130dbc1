//! The highlight: while a row is selected or rows are looked for, everything that does not belong to it is dimmed, except what is in
//! trouble. The change runs in the shaders from one stamp for all marks: a mark has two flags, whether it is highlighted and
//! whether it was before that.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    math::curve::{Curve, SmoothStepCurve},
    prelude::*,
};

use super::{
    marks::{Flags, Marks},
    selection::Selection,
    ties::{Ends, TieLookup},
    trail::Trail,
};
use crate::{
    fleet::{AgentRow, Assigned, FleetClock, FleetIndex, PartOf, Touched, WorksOn},
    frame::DrawSystems,
    layout::{Block, CityPlan},
    search::Search,
};

/// Time of the change from one selection to another, seconds.
pub(crate) const DIM_SECS: f64 = 0.2;
/// How far dimmed colours move towards the background.
pub(crate) const DIMMED_SHARE: f32 = 0.62;
/// How far everything else is dimmed where it is hidden: so far that it has the colour of the ground. Only dimmed, it is 1.
const HIDDEN: f32 = 1.0 / DIMMED_SHARE;
/// How far something is hidden that is dimmed so far, 0 to 1: the same as in `presence_of` in common.wgsl.
pub(crate) fn hidden_share(dimming: f32) -> f32 {
    ((dimming - 1.0) / (HIDDEN - 1.0)).clamp(0.0, 1.0)
}

/// Shortest interval between two lookups of what belongs to the selected row while rows change.
const LEAST_SECS: f64 = 0.2;

/// What a selection highlights.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Selected {
    /// How far everything else is dimmed: 0 without a selection, and more than 1 where it is hidden, trouble as well.
    pub(super) dims_others: f32,
    /// The ground of a selected block: everything within is highlighted.
    pub(super) ground: Option<Rect>,
    rows: EntityHashSet,
}

impl Selected {
    /// 0 for what is highlighted, 1 for what is dimmed, more for what is hidden.
    fn dims(&self, row: Option<Entity>, at: Vec2) -> f32 {
        let is_within = |ground: Rect| ground.contains(at);
        let is_highlighted = row.is_some_and(|row| self.rows.contains(&row)) || self.ground.is_some_and(is_within);
        if is_highlighted { 0.0 } else { self.dims_others }
    }
}

/// The current highlight and the previous one. Bounded by the number of rows.
#[derive(Resource, Debug, Clone)]
pub(super) struct Highlight {
    now: Selected,
    before: Selected,
    /// When the selection changed, seconds of `FleetClock`.
    pub(super) since: f64,
    /// The rows that are selected, the one in the inspector last.
    selected: Vec<Entity>,
    /// The set of found rows that is highlighted (`Search::version`), and the trail (`Trail::version`).
    found: u64,
    trail: u64,
    looked_up: f64,
    /// Whether rows have changed since the last lookup.
    is_due: bool,
}

impl Default for Highlight {
    fn default() -> Self {
        Self {
            now: Selected::default(),
            before: Selected::default(),
            since: f64::NEG_INFINITY,
            selected: Vec::new(),
            found: 0,
            trail: 0,
            looked_up: f64::NEG_INFINITY,
            is_due: false,
        }
    }
}

impl Highlight {
    /// The current and the previous highlight, between which the shaders mix from `since`.
    pub(super) fn now_and_before(&self, clock: f64) -> [&Selected; 2] {
        let is_over = clock - self.since > DIM_SECS;
        [&self.now, if is_over { &self.now } else { &self.before }]
    }

    /// How far a row at a place is dimmed, 0 to 1, or more where it is hidden: the same as `dimming_of` in common.wgsl.
    pub(super) fn dimming(&self, row: Option<Entity>, at: Vec2, clock: f64) -> f32 {
        let share = ((clock - self.since) / DIM_SECS) as f32;
        let eased = SmoothStepCurve.sample_clamped(share);
        let (from, to) = (self.before.dims(row, at), self.now.dims(row, at));
        from + (to - from) * eased
    }

    /// Replaces the highlight, also in the marks.
    fn change_to(&mut self, now: Selected, marks: &mut Marks) {
        let before = std::mem::take(&mut self.before);
        self.before = std::mem::replace(&mut self.now, now);
        let concerned: EntityHashSet = [&before, &self.before, &self.now]
            .into_iter()
            .flat_map(|selected| selected.rows.iter().copied())
            .collect();
        for row in concerned {
            self.write_flags(row, marks);
        }
    }

    fn write_flags(&self, row: Entity, marks: &mut Marks) {
        marks.flag(row, Flags::HIGHLIGHTED, self.now.rows.contains(&row));
        marks.flag(row, Flags::WAS_HIGHLIGHTED, self.before.rows.contains(&row));
    }
}

/// Looks up the rows that belong to a selected one.
#[derive(SystemParam)]
struct Related<'w, 's> {
    lookup: TieLookup<'w, 's>,
    agents: Query<'w, 's, (Entity, &'static WorksOn), With<AgentRow>>,
    in_hand: Query<'w, 's, &'static WorksOn>,
    parts: Query<'w, 's, &'static PartOf>,
    assigned: Query<'w, 's, &'static Assigned>,
    index: Res<'w, FleetIndex>,
}

impl Related<'_, '_> {
    fn rows(&self, selected: Entity) -> EntityHashSet {
        let ties: Vec<Ends> = self.lookup.ties(None, Some(selected), std::iter::empty());
        let mut rows: EntityHashSet = ties.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        rows.insert(selected);
        // An agent's task in hand, and the workflow of the row or of that task.
        let in_hand = self.in_hand.get(selected).ok().map(|works_on| works_on.0);
        rows.extend(in_hand);
        let own = [Some(selected), in_hand].into_iter().flatten();
        rows.extend(own.filter_map(|row| self.lookup.workflow(row)));
        // Agents that work on the row or within the workflow.
        let is_related = |task: Entity| {
            let is_within = || self.parts.get(task).is_ok_and(|part_of| part_of.0 == selected);
            task == selected || is_within()
        };
        let agents = self.agents.iter().filter(|(_, works_on)| is_related(works_on.0));
        rows.extend(agents.map(|(agent, _)| agent));
        if let Ok(assigned) = self.assigned.get(selected) {
            let agents = assigned.agents.iter();
            rows.extend(agents.filter_map(|agent| self.index.get(agent)));
        }
        rows
    }
}

/// The highlight's systems.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Highlight>()
        .add_systems(Update, update.in_set(DrawSystems::Highlight));
}

fn update(
    mut highlight: ResMut<Highlight>,
    mut marks: ResMut<Marks>,
    selection: Res<Selection>,
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    blocks: Query<&Block>,
    related: Related,
    search: Res<Search>,
    trail: Res<Trail>,
    plan: Res<CityPlan>,
) {
    let selected = selection.selected;
    let is_same = selection.rows().eq(highlight.selected.iter().copied());
    let is_other = !is_same || highlight.found != search.version;
    if !is_other && selected.is_none() {
        return;
    }
    let ground = selected
        .and_then(|row| blocks.get(row).ok())
        .map(|block| block.drawn_at(clock.0));
    highlight.is_due |= !touched.is_empty();
    let has_news = highlight.is_due && clock.0 - highlight.looked_up >= LEAST_SECS || highlight.trail != trail.version;
    if is_other || has_news {
        (highlight.looked_up, highlight.is_due, highlight.trail) = (clock.0, false, trail.version);
        // Of several rows each stands for itself: what belongs to all of them would be most of the wall.
        let mut rows = match selected {
            Some(row) if selection.others.is_empty() => related.rows(row),
            _ => selection.rows().collect(),
        };
        rows.extend(trail.lit().flat_map(|(from, to)| [from, to]));
        // What was found is highlighted with its blocks, so that their names can be read.
        rows.extend(search.rows.iter().copied());
        rows.extend(search.rows.iter().filter_map(|row| plan.block_of(*row)));
        let next = Selected {
            dims_others: match () {
                () if search.hides() => HIDDEN,
                () if selected.is_some() || search.is_active() => 1.0,
                () => 0.0,
            },
            ground,
            rows,
        };
        if is_other {
            (highlight.since, highlight.found) = (clock.0, search.version);
            highlight.selected = selection.rows().collect();
            highlight.change_to(next, &mut marks);
        } else {
            // Rows that join or leave the same selection change at once: their own motion explains why.
            let changed: Vec<Entity> = next.rows.symmetric_difference(&highlight.now.rows).copied().collect();
            highlight.now = next;
            for row in changed {
                highlight.write_flags(row, &mut marks);
            }
        }
    }
    highlight.now.ground = ground;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highlight_changes_gradually_from_one_row_to_another() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let on = |row: Entity| Selected {
            dims_others: 1.0,
            ground: None,
            rows: [row].into_iter().collect(),
        };
        let (one, other) = (row(1), row(2));
        let mut highlight = Highlight::default();
        assert_eq!(
            highlight.dimming(Some(one), Vec2::ZERO, 5.0),
            0.0,
            "nothing is selected"
        );
        highlight.change_to(on(one), &mut Marks::default());
        highlight.since = 10.0;
        let dimming = |highlight: &Highlight, row, clock| highlight.dimming(Some(row), Vec2::ZERO, clock);
        assert_eq!(
            (dimming(&highlight, other, 10.0), dimming(&highlight, other, 10.1)),
            (0.0, 0.5)
        );
        assert_eq!(
            (dimming(&highlight, other, 10.2), dimming(&highlight, one, 10.1)),
            (1.0, 0.0)
        );
        highlight.change_to(on(other), &mut Marks::default());
        highlight.since = 20.0;
        assert_eq!(
            (dimming(&highlight, one, 20.0), dimming(&highlight, other, 20.0)),
            (0.0, 1.0)
        );
        assert_eq!(
            (dimming(&highlight, one, 30.0), dimming(&highlight, other, 30.0)),
            (1.0, 0.0)
        );
        assert_eq!(highlight.now_and_before(20.1), [&on(other), &on(one)]);
        assert_eq!(
            highlight.now_and_before(30.0),
            [&on(other), &on(other)],
            "the previous highlight is over"
        );
    }

    #[test]
    fn what_is_dimmed_is_there_and_what_is_hidden_is_not() {
        assert_eq!([0.0, 1.0, HIDDEN].map(hidden_share), [0.0, 0.0, 1.0]);
        assert!((hidden_share((1.0 + HIDDEN) / 2.0) - 0.5).abs() < 1e-5);
    }

    #[test]
    fn everything_within_a_selected_block_is_highlighted() {
        let mut highlight = Highlight::default();
        let ground = Rect::new(6.0, -4.0, 14.0, 4.0);
        highlight.now = Selected {
            dims_others: 1.0,
            ground: Some(ground),
            ..Selected::default()
        };
        let dimming = |x: f32| highlight.dimming(None, Vec2::new(x, 0.0), 9.0);
        assert_eq!((dimming(10.0), dimming(13.9), dimming(14.1)), (0.0, 0.0, 1.0));
    }
}
