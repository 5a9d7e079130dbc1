//! What is selected comes forward with what belongs to it; everything else steps back, but for what is in trouble. One
//! stamp runs the change over on all marks at once: a mark only knows whether it is lit, and whether it was before.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    prelude::*,
};

use super::{
    marks::{Flags, Marks, MarksDrawn},
    selection::Selection,
    ties::{Circle, Ends, Fleet},
};
use crate::{
    fleet::{AgentRow, Assigned, FleetClock, FleetIndex, PartOf, Touched, WorksOn},
    frame::FrameSystems,
    layout::District,
};
use model::{Kind, RowKey};

/// In this time the light goes over from one row to another, seconds (common.wgsl has the same).
pub const LIGHT_SECS: f64 = 0.2;
/// How far towards the ground goes what is not lit (common.wgsl has the same).
pub const STEPPED_BACK: f32 = 0.62;
/// While rows come and go, what belongs to the selected one is gathered no more often than this.
const LEAST_SECS: f64 = 0.2;

/// Where the light is.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Light {
    /// Nothing steps back while it is off.
    pub is_on: bool,
    /// Everything within is lit: the district of a selected workflow.
    pub circle: Option<Circle>,
    lit: EntityHashSet,
}

impl Light {
    /// 0 for what it shines on, 1 for what steps back.
    fn misses(&self, row: Option<Entity>, at: Vec2) -> f32 {
        let is_within = |circle: Circle| circle.center.distance(at) <= circle.radius;
        let is_lit = row.is_some_and(|row| self.lit.contains(&row)) || self.circle.is_some_and(is_within);
        if self.is_on && !is_lit { 1.0 } else { 0.0 }
    }
}

/// The light on what is selected, and the one before it. Bounded by the ties of one row and the agents there are.
#[derive(Resource, Debug, Clone)]
pub struct Spotlight {
    now: Light,
    before: Light,
    /// Since when, in seconds of `FleetClock`.
    pub since: f64,
    selected: Option<Entity>,
    gathered: f64,
    /// Rows have changed since.
    is_due: bool,
}

impl Default for Spotlight {
    fn default() -> Self {
        Self {
            now: Light::default(),
            before: Light::default(),
            since: f64::NEG_INFINITY,
            selected: None,
            gathered: f64::NEG_INFINITY,
            is_due: false,
        }
    }
}

impl Spotlight {
    /// The light as it is and as it was, for a shader that mixes them by `since`.
    pub fn lights(&self, clock: f64) -> [&Light; 2] {
        let is_over = clock - self.since > LIGHT_SECS;
        [&self.now, if is_over { &self.now } else { &self.before }]
    }

    /// How far a row at a place steps back, 0 to 1: as `stepped_back` in common.wgsl.
    pub fn steps_back(&self, row: Option<Entity>, at: Vec2, clock: f64) -> f32 {
        let share = ((clock - self.since) / LIGHT_SECS).clamp(0.0, 1.0) as f32;
        let eased = share * share * (3.0 - 2.0 * share);
        let (from, to) = (self.before.misses(row, at), self.now.misses(row, at));
        from + (to - from) * eased
    }

    /// Lights `now` instead, on the marks too.
    fn turn_to(&mut self, now: Light, marks: &mut Marks) {
        let before = std::mem::take(&mut self.before);
        self.before = std::mem::replace(&mut self.now, now);
        let concerned: EntityHashSet = [&before, &self.before, &self.now]
            .into_iter()
            .flat_map(|light| light.lit.iter().copied())
            .collect();
        for row in concerned {
            self.tell(row, marks);
        }
    }

    fn tell(&self, row: Entity, marks: &mut Marks) {
        marks.flag(row, Flags::LIT, self.now.lit.contains(&row));
        marks.flag(row, Flags::WAS_LIT, self.before.lit.contains(&row));
    }
}

/// The rows that belong to a selected one.
#[derive(SystemParam)]
pub(super) struct Company<'w, 's> {
    fleet: Fleet<'w, 's>,
    agents: Query<'w, 's, (Entity, &'static WorksOn), With<AgentRow>>,
    in_hand: Query<'w, 's, &'static WorksOn>,
    parts: Query<'w, 's, &'static PartOf>,
    assigned: Query<'w, 's, &'static Assigned>,
    index: Option<Res<'w, FleetIndex>>,
}

impl Company<'_, '_> {
    fn of(&self, selected: Entity, ties: &[Ends]) -> EntityHashSet {
        let mut lit: EntityHashSet = ties.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        lit.insert(selected);
        // Where the row is, or its work.
        let in_hand = self.in_hand.get(selected).ok().map(|works_on| works_on.0);
        lit.extend(in_hand);
        lit.extend(
            [Some(selected), in_hand]
                .into_iter()
                .flatten()
                .filter_map(|row| self.fleet.district(row)),
        );
        let is_about = |task: Entity| {
            let district = || self.parts.get(task).is_ok_and(|part_of| part_of.0 == selected);
            task == selected || district()
        };
        lit.extend(
            self.agents
                .iter()
                .filter(|(_, works_on)| is_about(works_on.0))
                .map(|(agent, _)| agent),
        );
        if let (Ok(assigned), Some(index)) = (self.assigned.get(selected), &self.index) {
            let agents = assigned.agents.iter();
            lit.extend(agents.filter_map(|agent| index.get(&RowKey::new(Kind::Agent, agent.clone()))));
        }
        lit
    }
}

/// The scene's systems that turn the light.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Spotlight>()
        .add_systems(Update, shine.in_set(FrameSystems::Draw).after(MarksDrawn));
}

/// Marks have been drawn, ties and the frame have not.
pub(super) fn shine(
    mut light: ResMut<Spotlight>,
    mut marks: ResMut<Marks>,
    selection: Res<Selection>,
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    districts: Query<&District>,
    company: Company,
) {
    let selected = selection.selected;
    let is_other = light.selected != selected;
    if !is_other && selected.is_none() {
        return;
    }
    let circle = selected.and_then(|row| districts.get(row).ok()).map(|district| Circle {
        center: district.drawn_at(clock.0),
        radius: district.radius_at(clock.0),
    });
    light.is_due |= touched.iter().next().is_some();
    let is_news = light.is_due && clock.0 - light.gathered >= LEAST_SECS;
    if is_other || is_news {
        (light.gathered, light.is_due) = (clock.0, false);
        let lit = selected.map_or_else(EntityHashSet::default, |row| {
            company.of(row, &company.fleet.ties(None, Some(row)))
        });
        let next = Light {
            is_on: selected.is_some(),
            circle,
            lit,
        };
        if is_other {
            light.since = clock.0;
            light.selected = selected;
            light.turn_to(next, &mut marks);
        } else {
            // Of the same row: who joins or leaves does so at once, with the motion that tells why.
            let changed: Vec<Entity> = next.lit.symmetric_difference(&light.now.lit).copied().collect();
            light.now = next;
            for row in changed {
                light.tell(row, &mut marks);
            }
        }
    }
    light.now.circle = circle;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_light_goes_over_from_one_row_to_another() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let on = |row: Entity| Light {
            is_on: true,
            circle: None,
            lit: [row].into_iter().collect(),
        };
        let (one, other) = (row(1), row(2));
        let mut light = Spotlight::default();
        assert_eq!(light.steps_back(Some(one), Vec2::ZERO, 5.0), 0.0, "nothing is selected");
        light.turn_to(on(one), &mut Marks::default());
        light.since = 10.0;
        let back = |light: &Spotlight, row, clock| light.steps_back(Some(row), Vec2::ZERO, clock);
        assert_eq!((back(&light, other, 10.0), back(&light, other, 10.1)), (0.0, 0.5));
        assert_eq!((back(&light, other, 10.2), back(&light, one, 10.1)), (1.0, 0.0));
        light.turn_to(on(other), &mut Marks::default());
        light.since = 20.0;
        assert_eq!((back(&light, one, 20.0), back(&light, other, 20.0)), (0.0, 1.0));
        assert_eq!((back(&light, one, 30.0), back(&light, other, 30.0)), (1.0, 0.0));
        assert_eq!(light.lights(20.1), [&on(other), &on(one)]);
        assert_eq!(
            light.lights(30.0),
            [&on(other), &on(other)],
            "what is over is forgotten"
        );
    }

    #[test]
    fn within_a_selected_district_all_is_lit() {
        let mut light = Spotlight::default();
        let circle = Circle {
            center: Vec2::new(10.0, 0.0),
            radius: 4.0,
        };
        light.now = Light {
            is_on: true,
            circle: Some(circle),
            ..Light::default()
        };
        let back = |x: f32| light.steps_back(None, Vec2::new(x, 0.0), 9.0);
        assert_eq!((back(10.0), back(13.9), back(14.1)), (0.0, 0.0, 1.0));
    }

    #[test]
    fn the_shader_has_the_same_numbers() {
        let shader = include_str!("../../assets/shaders/common.wgsl");
        for (name, value) in [("LIGHT_SECS", LIGHT_SECS as f32), ("STEPPED_BACK", STEPPED_BACK)] {
            let line = format!("const {name}: f32 = {value:?};");
            assert!(shader.contains(&line), "common.wgsl lacks `{line}`");
        }
    }
}
