//! The city plan of the fleet, and the layout's only system, which turns rows into places.

use std::time::Duration;

use bevy::{ecs::entity::EntityHashMap, prelude::*};
use plan::{City, Pace, Report, Scene};
use settings::FinishedWorkflows;

use super::{
    CellSizes, DockGround, Extent, PlanScene,
    dirty::Dirty,
    homes::{Blocks, Grounds},
    rank::Rank,
    rows::{RowReader, WorkflowFacts},
    tally::Tallies,
    write::PlaceWriter,
};
use crate::{
    fleet::{FleetClock, PartOf, TaskRow},
    frame::FrameSystems,
    messages::{StatusChanged, Synced},
};
use realtime::LinkStatus;

/// A fleet with fewer rows is placed immediately.
const SMALL_FLEET: usize = 10_000;
/// A larger one is placed when one row in this many of those placed is waiting (12.5 % growth),
const BATCH_SHARE: usize = 8;
/// or after this time, if rows arrive slowly.
const LONGEST_BATCH_SECS: f64 = 1.0;
/// Interval between two looks at whether a whole plan is due.
const TIDY_EVERY_SECS: f64 = 10.0;
/// A screen of another size is planned for once it has kept that size for this long.
const RESIZED_SECS: f64 = 0.25;

/// What is at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A task or a run, or an agent that is a cell.
    Cell(Entity),
    /// An agent in a street or in the dock.
    Agent(Entity),
    /// A block where no cell is: the row of its workflow, or a `Ground`.
    Block(Entity),
}

/// The city plan of the fleet: which row has which place, and what is at a point.
#[derive(Resource, Debug)]
pub struct CityPlan {
    city: City<Entity, Rank>,
    pace: Pace,
    grounds: Grounds,
    blocks: Blocks,
    /// What the plan was last told of each workflow.
    facts: EntityHashMap<WorkflowFacts>,
    /// In which part of the dock each agent rests.
    dock_groups: EntityHashMap<u8>,
    /// Whether the first snapshot has been placed: from then on rows keep their places.
    is_settled: bool,
    /// When rows were last placed, seconds of `FleetClock`.
    placed: f64,
    /// When it was last looked at whether a whole plan is due, seconds of `FleetClock`.
    tidied: f64,
    /// The screen that it is made for; `None` before the first rows.
    scene: Option<PlanScene>,
    /// The screen as it is now, and since when, seconds of `FleetClock`.
    seen: (PlanScene, f64),
}

impl Default for CityPlan {
    fn default() -> Self {
        let scene = PlanScene::default();
        Self {
            city: City::new(of_plan(scene), Pace::default()),
            pace: Pace::default(),
            grounds: Grounds::default(),
            blocks: Blocks::default(),
            facts: EntityHashMap::default(),
            dock_groups: EntityHashMap::default(),
            is_settled: false,
            placed: 0.0,
            tidied: 0.0,
            scene: None,
            seen: (scene, f64::NEG_INFINITY),
        }
    }
}

fn of_plan(scene: PlanScene) -> Scene {
    Scene {
        size: scene.size,
        text: scene.text,
    }
}

impl CityPlan {
    /// Lets finished workflows step back after these times, from the next frame on. All rows are then placed anew.
    pub(crate) fn set_finished(&mut self, finished: FinishedWorkflows) {
        let seconds = |after: Option<Duration>| after.map_or(f64::INFINITY, |after| after.as_secs_f64());
        self.pace = Pace {
            shrink_after: seconds(finished.shrink_after),
            fold_after: seconds(finished.fold_after),
            ..Pace::default()
        };
    }

    /// What is at a point of the world at the end of all moves; `None` in streets and where the dock is free.
    pub fn at(&self, world: Vec2) -> Option<Spot> {
        match self.city.at(world)? {
            plan::Spot::Task(row) => Some(Spot::Cell(row)),
            plan::Spot::Agent(row) => Some(Spot::Agent(row)),
            plan::Spot::Header(key) | plan::Spot::Block(key) => self.grounds.entity(key).map(Spot::Block),
            plan::Spot::Dock => None,
        }
    }

    /// The cells whose middle is in a rectangle of the world at the end of all moves, and these middles, in no order.
    pub(crate) fn cells_in(&self, world: Rect) -> Vec<(Entity, Vec2)> {
        self.city.tasks_in(plan::Rect::new(world.min, world.max))
    }

    /// The block that contains a point of the world.
    pub(crate) fn block_at(&self, world: Vec2) -> Option<Entity> {
        self.grounds.entity(self.city.block_at(world)?)
    }

    /// The block of a cell, also where that is only a header.
    pub(crate) fn block_of(&self, row: Entity) -> Option<Entity> {
        self.grounds.entity(self.city.block_of(row)?)
    }

    /// The way from one point of the world to another along the streets, or straight where that is much shorter; with both
    /// ends.
    pub(crate) fn street_route(&self, from: Vec2, to: Vec2) -> Vec<Vec2> {
        self.city.street_route(from, to)
    }

    /// The points of the strand along the streets from the block of one cell to that of another. Empty within one block, and
    /// where one of the two is in no block.
    pub(crate) fn strand(&self, from: Entity, to: Entity) -> Vec<Vec2> {
        match (self.city.block_of(from), self.city.block_of(to)) {
            (Some(from), Some(to)) if from != to => self.city.strand(from, to),
            _ => Vec::new(),
        }
    }

    /// The points of the strand along the streets from a point of the world to the block of a cell; empty where it is in none.
    pub(crate) fn strand_from(&self, from: Vec2, to: Entity) -> Vec<Vec2> {
        let to = self.city.block_of(to);
        to.map(|to| self.city.strand_from(from, to)).unwrap_or_default()
    }

    /// Whether rows have been placed.
    pub fn has_rows(&self) -> bool {
        !self.city.is_empty()
    }

    /// How well the plan uses the scene.
    pub fn report(&self) -> Report {
        self.city.report()
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, place.in_set(FrameSystems::Place));
}

/// What other features read of the layout: for tests that set places by hand, without the systems.
pub fn resources(app: &mut App) {
    app.init_resource::<CityPlan>()
        .init_resource::<Tallies>()
        .init_resource::<PlanScene>()
        .init_resource::<CellSizes>()
        .init_resource::<Extent>()
        .init_resource::<DockGround>();
}

/// Whether `waiting` rows should be placed while the first snapshot arrives and `placed` rows have places. Each time moves
/// rows that have a place, so that one in every frame would cost time quadratic in the size of a large fleet; in batches the
/// cost is linear, and the fleet still fills visibly.
fn is_batch_due(placed: usize, waiting: usize, waiting_secs: f64) -> bool {
    placed < SMALL_FLEET || waiting > placed / BATCH_SHARE || waiting_secs >= LONGEST_BATCH_SECS
}

fn place(
    mut plan: ResMut<CityPlan>,
    mut dirty: ResMut<Dirty>,
    mut tallies: ResMut<Tallies>,
    mut synced: MessageReader<Synced>,
    mut statuses: MessageReader<StatusChanged>,
    mut unlinked: RemovedComponents<PartOf>,
    mut despawned: RemovedComponents<TaskRow>,
    scene: Res<PlanScene>,
    clock: Res<FleetClock>,
    rows: RowReader,
    mut writer: PlaceWriter,
) {
    let now = clock.0;
    let plan = plan.bypass_change_detection();
    tallies.begin();
    // A feed without snapshots (the stream alone) begins when it is live.
    let is_live = statuses.read().any(|status| status.0.status == LinkStatus::Connected);
    let settles = (synced.read().count() > 0 || is_live) && !plan.is_settled;
    let blocks = rows.blocks(plan.blocks, settles);
    if blocks != plan.blocks {
        plan.restart(blocks, &mut tallies, &mut writer.commands);
        rows.note_all(&mut dirty);
        let all: Vec<Entity> = dirty.tasks.iter().chain(&dirty.agents).copied().collect();
        plan.count(all.into_iter(), &rows, &mut tallies, &mut dirty, &mut writer.commands);
    }
    let changed = writer.touched.iter().chain(unlinked.read()).chain(despawned.read());
    plan.count(changed, &rows, &mut tallies, &mut dirty, &mut writer.commands);
    plan.note_facts(&rows, &tallies, &writer, &mut dirty);
    let is_due = plan.is_settled || settles || is_batch_due(plan.city.len(), dirty.len(), now - plan.placed);
    if !dirty.is_empty() && is_due {
        let text = plan.scene.unwrap_or(*scene).text;
        let mut batch = rows.batch(&dirty, blocks, &tallies, &plan.grounds, text);
        plan.close_groups(&tallies, &mut batch);
        *dirty = Dirty::default();
        plan.placed = now;
        plan.take_scene(*scene, now);
        let gone = batch.gone_workflows.clone();
        let changes = plan.city.apply(batch, now);
        writer.write(&changes, &plan.city, &mut plan.grounds, now);
        for group in gone {
            plan.facts.remove(&group);
            plan.grounds.close(group, &mut writer.commands);
        }
    }
    if settles {
        // Until the first snapshot is complete, rows are placed in the order in which they arrive. Now all are placed once more
        // in the order of their creation.
        (plan.is_settled, plan.tidied) = (true, now);
        let changes = plan.city.replan(now);
        writer.write(&changes, &plan.city, &mut plan.grounds, now);
    } else if let Some(changes) = plan.follow_scene(*scene, now, &rows, &tallies) {
        writer.write(&changes, &plan.city, &mut plan.grounds, now);
    } else if let Some(changes) = plan.city.set_pace(plan.pace, now) {
        plan.tidied = now;
        writer.write(&changes, &plan.city, &mut plan.grounds, now);
    } else if plan.is_settled && now - plan.tidied >= TIDY_EVERY_SECS {
        plan.tidied = now;
        if let Some(changes) = plan.city.tidy(now) {
            writer.write(&changes, &plan.city, &mut plan.grounds, now);
        }
    }
}

impl CityPlan {
    /// Begins anew with other blocks.
    fn restart(&mut self, blocks: Blocks, tallies: &mut Tallies, commands: &mut Commands) {
        self.blocks = blocks;
        self.city = City::new(of_plan(self.seen.0), self.pace);
        self.scene = None;
        self.grounds.clear(commands);
        self.facts.clear();
        self.dock_groups.clear();
        *tallies = Tallies::default();
    }

    /// Counts rows in their blocks, and notes those that belong in another one: an agent's team or a run's name has changed.
    fn count(
        &mut self,
        changed: impl Iterator<Item = Entity>,
        rows: &RowReader,
        tallies: &mut Tallies,
        dirty: &mut Dirty,
        commands: &mut Commands,
    ) {
        let Self { blocks, grounds, .. } = self;
        for row in changed {
            let home = if *blocks == Blocks::Agents {
                rows.agent_home(row, grounds, commands)
            } else {
                rows.task_home(row, *blocks, grounds, commands)
            };
            if let (Some(before), Some((now, _))) = (tallies.block_of(row), home)
                && before != now
            {
                let cells = if *blocks == Blocks::Agents {
                    &mut dirty.agents
                } else {
                    &mut dirty.tasks
                };
                cells.insert(row);
            }
            tallies.count(row, home);
        }
    }

    /// Notes workflows and agents of which something changed that the plan depends on.
    fn note_facts(&mut self, rows: &RowReader, tallies: &Tallies, writer: &PlaceWriter, dirty: &mut Dirty) {
        let text = self.scene.unwrap_or(self.seen.0).text;
        for row in writer.touched.iter().chain(tallies.changed()) {
            if let Some(facts) = rows.workflow_facts(row, tallies, text)
                && self.facts.insert(row, facts) != Some(facts)
            {
                dirty.workflows.insert(row);
            }
        }
        for row in writer.touched.iter() {
            if let Some(group) = rows.dock_group(row)
                && self.dock_groups.insert(row, group) != Some(group)
            {
                dirty.agents.insert(row);
            }
        }
        for row in &dirty.agents {
            if rows.dock_group(*row).is_none() {
                self.dock_groups.remove(row);
            }
        }
    }

    /// Adds the groups without rows to those that go.
    fn close_groups(&self, tallies: &Tallies, batch: &mut plan::Batch<Entity, Rank>) {
        // Its last row may have left in an earlier frame, in which nothing was placed.
        let closed = self.grounds.groups().filter(|group| tallies.of(*group).total() == 0);
        batch.gone_workflows.extend(closed);
    }

    /// Begins with the screen as it is.
    fn take_scene(&mut self, scene: PlanScene, now: f64) {
        if self.scene.is_none() {
            self.city.set_scene(of_plan(scene), now);
            (self.scene, self.seen) = (Some(scene), (scene, now));
        }
    }

    /// Plans anew once the screen has another size and keeps it.
    fn follow_scene(
        &mut self,
        scene: PlanScene,
        now: f64,
        rows: &RowReader,
        tallies: &Tallies,
    ) -> Option<plan::Changes<Entity>> {
        if self.seen.0 != scene {
            self.seen = (scene, now);
        }
        let before = self.scene.filter(|before| *before != scene)?;
        if now - self.seen.1 < RESIZED_SECS {
            return None;
        }
        self.scene = Some(scene);
        if before.text != scene.text {
            // Names are as wide as the text is large.
            let mut dirty = Dirty::default();
            dirty.workflows.extend(self.facts.keys());
            let batch = rows.batch(&dirty, self.blocks, tallies, &self.grounds, scene.text);
            self.city.apply(batch, now);
        }
        self.city.set_scene(of_plan(scene), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_batches_grows_slowly_with_an_arriving_fleet() {
        let (mut placed, mut waiting, mut times) = (SMALL_FLEET, 0, 0);
        for _ in 0..500 {
            waiting += 2_000;
            if is_batch_due(placed, waiting, 0.1) {
                (placed, waiting, times) = (placed + waiting, 0, times + 1);
            }
        }
        assert!(placed > 850_000 && times < 60, "{placed} rows in {times} batches");
        assert!(is_batch_due(10, 1, 0.0), "a small fleet does not wait");
        assert!(is_batch_due(1_000_000, 1, LONGEST_BATCH_SECS), "no row waits longer");
    }

    #[test]
    fn finished_workflows_step_back_after_the_times_of_the_settings() {
        let mut plan = CityPlan::default();
        plan.set_finished(FinishedWorkflows::default());
        assert_eq!(plan.pace, Pace::default());
        plan.set_finished(FinishedWorkflows {
            shrink_after: None,
            fold_after: Some(Duration::from_secs(60)),
        });
        assert_eq!((plan.pace.shrink_after, plan.pace.fold_after), (f64::INFINITY, 60.0));
    }
}
