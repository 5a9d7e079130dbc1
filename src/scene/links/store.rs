//! Every link, by its agent, and which agents hold which task.

use bevy::{
    ecs::entity::{EntityHashMap, EntityHashSet},
    prelude::*,
};

use super::instance::{LINK_WORDS, Link};
use crate::scene::marks::{Marks, Table};

#[derive(Debug, Clone, Copy)]
struct Held {
    task: Entity,
    since: u32,
    /// Absent while one of the two has no mark.
    slot: Option<u32>,
}

/// The links of the scene.
#[derive(Resource, Debug, Default)]
pub struct Links {
    table: Table<LINK_WORDS>,
    by_agent: EntityHashMap<Held>,
    by_task: EntityHashMap<EntityHashSet>,
}

impl Links {
    pub fn table(&self) -> &Table<LINK_WORDS> {
        &self.table
    }

    pub fn table_mut(&mut self) -> &mut Table<LINK_WORDS> {
        &mut self.table
    }

    /// The agent has this task in hand, or none.
    pub(super) fn set(&mut self, agent: Entity, task: Option<Entity>, since: u32, marks: &Marks) {
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
                    slot: None,
                },
            );
            self.by_task.entry(task).or_default().insert(agent);
            self.refresh_agent(agent, marks);
        }
    }

    /// The mark of an agent or a task has another slot, or none any more.
    pub(super) fn refresh(&mut self, entity: Entity, marks: &Marks) {
        self.refresh_agent(entity, marks);
        let agents: Vec<Entity> = self.by_task.get(&entity).into_iter().flatten().copied().collect();
        for agent in agents {
            self.refresh_agent(agent, marks);
        }
    }

    fn refresh_agent(&mut self, agent: Entity, marks: &Marks) {
        let Some(held) = self.by_agent.get_mut(&agent) else {
            return;
        };
        let link = marks
            .seat(agent)
            .zip(marks.seat(held.task))
            .and_then(|(agent, task)| Link::between(agent, task, held.since));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::marks::{Layer, Mark, MarkKind, Seat};
    use model::Status;

    #[test]
    fn a_link_follows_its_ends_from_slot_to_slot() {
        let entity = |index| Entity::from_raw_u32(index).expect("not the placeholder");
        let (agent, task) = (entity(1), entity(2));
        let mark = |kind| Mark::new(kind, Vec2::ZERO, 0.5, Status::Running);
        let (mut marks, mut links) = (Marks::default(), Links::default());
        let seen = |links: &Links| {
            links
                .table()
                .items()
                .iter()
                .filter_map(Link::unpack)
                .collect::<Vec<_>>()
        };

        links.set(agent, Some(task), 5, &marks);
        assert!(seen(&links).is_empty(), "neither is drawn yet");
        marks.set(agent, Layer::Agents, &mark(MarkKind::Agent));
        marks.set(task, Layer::Tasks, &mark(MarkKind::Task));
        for entity in marks.drain_reseated() {
            links.refresh(entity, &marks);
        }
        let link = Link {
            agent: 0,
            task: Seat {
                layer: Layer::Tasks,
                slot: 0,
            },
            since: 5,
        };
        assert_eq!(seen(&links), [link]);
        marks.set(task, Layer::Alarms, &mark(MarkKind::Task));
        for entity in marks.drain_reseated() {
            links.refresh(entity, &marks);
        }
        assert_eq!(
            seen(&links),
            [Link {
                task: Seat {
                    layer: Layer::Alarms,
                    slot: 0
                },
                ..link
            }]
        );
        marks.remove(task);
        for entity in marks.drain_reseated() {
            links.refresh(entity, &marks);
        }
        assert!(seen(&links).is_empty());
        links.set(agent, None, 6, &marks);
        assert!(links.by_agent.is_empty() && links.by_task.is_empty());
    }
}
