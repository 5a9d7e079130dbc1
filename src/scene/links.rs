//! The beams from agents to their tasks in hand: one packed link an agent, one instanced draw.
//!
//! A link refers to the slots of its two marks, and the shader reads their positions there. So a link is written only when
//! an agent takes another task in hand, when one of the two gets another place, or when its mark moves to another slot.
//!
//! Agents are in the streets around the block of their task. A beam ends at the nearest point of the task's cell: if that is
//! at the edge of the block's cells, the beam crosses no other cell. All other beams are marked and are drawn faintly.

use bevy::{
    ecs::{
        entity::{EntityHashMap, EntityHashSet},
        system::SystemParam,
    },
    prelude::*,
};

use super::marks::{Layer, MarkSlot, Marks, Table, stamp};
use crate::{
    fleet::{FleetClock, Touched, WorksOn},
    frame::DrawSystems,
    layout::{Block, CityPlan, Place},
};

/// Words of one packed link: 16 bytes. `assets/shaders/links.wgsl` unpacks it.
pub(crate) const LINK_WORDS: usize = 4;
/// Set in the task's slot when its mark is in the layer of the alarms.
pub(crate) const TO_ALARM: u32 = 1 << 31;
/// Set in every link; an empty slot is zero.
pub(crate) const LIVE: u32 = 1;
/// Set where the beam crosses other cells.
pub(crate) const CROSSES: u32 = 1 << 1;

/// A beam between two marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The slot of the agent's mark in `Layer::Agents`.
    pub(crate) agent: u32,
    /// The slot of the task's mark.
    pub(crate) task: MarkSlot,
    /// The stamp of when the agent took the task in hand.
    pub(crate) since: u32,
    /// Whether the beam crosses other cells.
    pub(crate) crosses: bool,
}

impl Link {
    /// `None` if one of the marks is in a layer that links cannot refer to.
    pub(crate) fn between(agent: MarkSlot, task: MarkSlot, since: u32) -> Option<Self> {
        let fits =
            agent.layer == Layer::Agents && matches!(task.layer, Layer::Tasks | Layer::Alarms) && task.slot < TO_ALARM;
        fits.then_some(Self {
            agent: agent.slot,
            task,
            since,
            crosses: false,
        })
    }

    /// The link as the shader reads it.
    pub(crate) fn pack(&self) -> [u32; LINK_WORDS] {
        let alarm = if self.task.layer == Layer::Alarms { TO_ALARM } else { 0 };
        let crosses = if self.crosses { CROSSES } else { 0 };
        [self.agent, self.task.slot | alarm, self.since, LIVE | crosses]
    }

    /// The inverse of `pack`; `None` for an empty slot.
    #[cfg(test)]
    pub(crate) fn unpack(words: &[u32; LINK_WORDS]) -> Option<Self> {
        let [agent, task, since, word] = *words;
        let layer = if task & TO_ALARM == 0 {
            Layer::Tasks
        } else {
            Layer::Alarms
        };
        (word & LIVE != 0).then_some(Self {
            agent,
            task: MarkSlot {
                layer,
                slot: task & !TO_ALARM,
            },
            since,
            crosses: word & CROSSES != 0,
        })
    }
}

/// Whether a beam from an agent beside a block to a cell of the block crosses other cells of it: unless the point of the cell
/// that is nearest to the agent is at the edge of all `cells`.
fn crosses(agent: Vec2, cell: Rect, cells: Rect) -> bool {
    let end = agent.clamp(cell.min, cell.max);
    // That point is at an edge of the cell: a part of its size decides.
    let inner = cells.inflate(-0.1 * cell.size().min_element());
    inner.contains(end)
}

#[derive(Debug, Clone, Copy)]
struct Held {
    task: Entity,
    since: u32,
    crosses: bool,
    /// `None` while one of the two has no mark.
    slot: Option<u32>,
}

/// Every link, by its agent.
#[derive(Resource, Debug, Default)]
pub struct Links {
    table: Table<LINK_WORDS>,
    by_agent: EntityHashMap<Held>,
    by_task: EntityHashMap<EntityHashSet>,
}

impl Links {
    /// The packed links.
    pub fn table(&self) -> &Table<LINK_WORDS> {
        &self.table
    }

    /// The packed links, to change.
    pub(crate) fn table_mut(&mut self) -> &mut Table<LINK_WORDS> {
        &mut self.table
    }

    /// Sets the task that an agent has in hand, if any.
    fn set(&mut self, agent: Entity, task: Option<Entity>, since: u32, marks: &Marks) {
        if let Some(held) = self.by_agent.get(&agent)
            && Some(held.task) != task
        {
            let held = *held;
            self.by_agent.remove(&agent);
            if let Some(slot) = held.slot {
                self.table.remove(slot);
            }
            if let Some(agents) = self.by_task.get_mut(&held.task) {
                agents.remove(&agent);
                if agents.is_empty() {
                    self.by_task.remove(&held.task);
                }
            }
        }
        if let Some(task) = task
            && !self.by_agent.contains_key(&agent)
        {
            self.by_agent.insert(
                agent,
                Held {
                    task,
                    since,
                    crosses: false,
                    slot: None,
                },
            );
            self.by_task.entry(task).or_default().insert(agent);
            self.refresh_agent(agent, marks);
        }
    }

    /// Updates the links of an agent or a task whose mark has another slot, or none any more.
    fn refresh(&mut self, entity: Entity, marks: &Marks) {
        self.refresh_agent(entity, marks);
        let agents: Vec<Entity> = self.by_task.get(&entity).into_iter().flatten().copied().collect();
        for agent in agents {
            self.refresh_agent(agent, marks);
        }
    }

    /// Notes which beams of a row that has changed cross other cells.
    fn note_places(&mut self, row: Entity, beams: &Beams, marks: &Marks) {
        let agents: Vec<Entity> = if self.by_agent.contains_key(&row) {
            vec![row]
        } else {
            self.by_task.get(&row).into_iter().flatten().copied().collect()
        };
        for agent in agents {
            if let Some(held) = self.by_agent.get_mut(&agent) {
                let crosses = beams.crosses(agent, held.task);
                if crosses != held.crosses {
                    held.crosses = crosses;
                    self.refresh_agent(agent, marks);
                }
            }
        }
    }

    fn refresh_agent(&mut self, agent: Entity, marks: &Marks) {
        let Some(held) = self.by_agent.get_mut(&agent) else {
            return;
        };
        let link = marks
            .slot(agent)
            .zip(marks.slot(held.task))
            .and_then(|(agent, task)| Link::between(agent, task, held.since))
            .map(|link| Link {
                crosses: held.crosses,
                ..link
            });
        match (link, held.slot) {
            (Some(link), Some(slot)) => self.table.write(slot, link.pack()),
            (Some(link), None) => held.slot = Some(self.table.insert(link.pack())),
            (None, Some(slot)) => {
                held.slot = None;
                self.table.remove(slot);
            }
            (None, None) => {}
        }
    }
}

/// What decides whether beams cross cells.
#[derive(SystemParam)]
struct Beams<'w, 's> {
    plan: Res<'w, CityPlan>,
    places: Query<'w, 's, &'static Place>,
    blocks: Query<'w, 's, &'static Block>,
}

impl Beams<'_, '_> {
    fn crosses(&self, agent: Entity, task: Entity) -> bool {
        let places = self.places.get(agent).ok().zip(self.places.get(task).ok());
        let block = self.plan.block_of(task).and_then(|block| self.blocks.get(block).ok());
        places
            .zip(block)
            .is_some_and(|((agent, task), block)| crosses(agent.at, task.rect(), block.cells()))
    }
}

/// The links' systems.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Links>()
        .add_systems(Update, update.in_set(DrawSystems::Links));
}

fn update(
    mut links: ResMut<Links>,
    mut marks: ResMut<Marks>,
    clock: Res<FleetClock>,
    mut dropped: RemovedComponents<WorksOn>,
    touched: Res<Touched>,
    holding: Query<&WorksOn>,
    beams: Beams,
) {
    let now = stamp(clock.0);
    for agent in dropped.read() {
        if !holding.contains(agent) {
            links.set(agent, None, now, &marks);
        }
    }
    for agent in touched.iter() {
        if let Ok(works_on) = holding.get(agent) {
            links.set(agent, Some(works_on.0), now, &marks);
        }
    }
    for row in touched.iter() {
        links.note_places(row, &beams, &marks);
    }
    for entity in marks.drain_moved() {
        links.refresh(entity, &marks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::marks::{Mark, MarkKind};
    use model::Status;

    #[test]
    fn packing_is_reversible() {
        let agent = MarkSlot {
            layer: Layer::Agents,
            slot: 7,
        };
        for task in [
            MarkSlot {
                layer: Layer::Tasks,
                slot: 0,
            },
            MarkSlot {
                layer: Layer::Alarms,
                slot: 123_456,
            },
        ] {
            let link = Link::between(agent, task, 99).expect("fits");
            for crosses in [false, true] {
                let link = Link { crosses, ..link };
                assert_eq!(Link::unpack(&link.pack()), Some(link));
            }
        }
        assert_eq!(Link::unpack(&[0; LINK_WORDS]), None);
        assert_eq!(Link::between(agent, agent, 0), None);
        assert_eq!(
            Link::between(
                agent,
                MarkSlot {
                    layer: Layer::Tasks,
                    slot: TO_ALARM
                },
                0
            ),
            None
        );
    }

    /// Whether a line passes through a rectangle.
    fn passes(from: Vec2, to: Vec2, rect: Rect) -> bool {
        (0..=200).any(|step| rect.contains(from.lerp(to, step as f32 / 200.0)))
    }

    #[test]
    fn a_beam_that_is_not_marked_crosses_no_other_cell() {
        let (pitch, size) = (Vec2::new(24.0, 14.0), Vec2::new(22.0, 12.0));
        let middle = |column: i32, row: i32| pitch * Vec2::new(column as f32 + 0.5, row as f32 + 0.5);
        let cell = |column, row| Rect::from_center_size(middle(column, row), size);
        let (columns, rows) = (6, 5);
        let cells = cell(0, 0).union(cell(columns - 1, rows - 1));
        let all = || (0..columns).flat_map(move |column| (0..rows).map(move |row| (column, row)));
        let (mut free, mut marked) = (0, 0);
        // In the street below, and in that at the right.
        let below = (0..12).map(|lane| Vec2::new(lane as f32 * 13.0, -9.0));
        let aside = (0..6).map(|lane| Vec2::new(cells.max.x + 9.0, lane as f32 * 13.0));
        for agent in below.chain(aside) {
            for (column, row) in all() {
                let own = cell(column, row);
                let end = agent.clamp(own.min, own.max);
                let mut others = all().filter(|other| *other != (column, row));
                let is_crossed = others.any(|(column, row)| passes(agent, end, cell(column, row).inflate(-0.01)));
                if crosses(agent, own, cells) {
                    marked += 1;
                } else {
                    free += 1;
                    assert!(!is_crossed, "from {agent} to {column}, {row}");
                }
            }
        }
        assert!(free > 18 * 5 && marked > 18 * 5, "{free}, {marked}");
    }

    #[test]
    fn a_link_follows_its_marks_from_slot_to_slot() {
        let entity = |index| Entity::from_raw_u32(index).expect("not the placeholder");
        let (agent, task) = (entity(1), entity(2));
        let mark = |kind| Mark::new(kind, Vec2::ZERO, Vec2::ONE, Status::Running).pack();
        let (mut marks, mut links) = (Marks::default(), Links::default());
        let packed = |links: &Links| {
            links
                .table()
                .items()
                .iter()
                .filter_map(Link::unpack)
                .collect::<Vec<_>>()
        };

        links.set(agent, Some(task), 5, &marks);
        assert!(packed(&links).is_empty(), "neither has a mark yet");
        marks.set(agent, Layer::Agents, mark(MarkKind::Agent));
        marks.set(task, Layer::Tasks, mark(MarkKind::Task));
        for entity in marks.drain_moved() {
            links.refresh(entity, &marks);
        }
        let link = Link {
            agent: 0,
            task: MarkSlot {
                layer: Layer::Tasks,
                slot: 0,
            },
            since: 5,
            crosses: false,
        };
        assert_eq!(packed(&links), [link]);
        marks.set(task, Layer::Alarms, mark(MarkKind::Task));
        for entity in marks.drain_moved() {
            links.refresh(entity, &marks);
        }
        assert_eq!(
            packed(&links),
            [Link {
                task: MarkSlot {
                    layer: Layer::Alarms,
                    slot: 0
                },
                ..link
            }]
        );
        marks.remove(task);
        for entity in marks.drain_moved() {
            links.refresh(entity, &marks);
        }
        assert!(packed(&links).is_empty());
        links.set(agent, None, 6, &marks);
        assert!(links.by_agent.is_empty() && links.by_task.is_empty());
    }
}
