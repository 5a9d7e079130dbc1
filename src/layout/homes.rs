//! In which block each row is. With workflows, a task's block is that of its workflow, or *Unassigned*. On a wall without
//! workflows the blocks are groups of what there is: runs of one definition or day, agents of one team.

use std::sync::Arc;

use bevy::{platform::collections::HashMap, prelude::*};
use jiff::{Timestamp, tz::TimeZone};
use model::Record;
use plan::BlockKey;

use super::Ground;

/// The name of the block of tasks without a workflow.
pub(super) const UNASSIGNED: &str = "Unassigned";

/// Runs are grouped by their names where these repeat: at most one name in this many runs,
const RUNS_A_NAME: usize = 2;
/// and at most this many names; else by the day of their creation.
const MOST_NAMES: usize = 200;
/// Columns that name the team of an agent, the first that is there.
const TEAM: [&str; 9] = [
    "team",
    "team_name",
    "squad",
    "crew",
    "group_name",
    "department",
    "pool",
    "project",
    "role",
];
/// Longest name of a group, in characters.
const MOST_NAME: usize = 60;

/// What the blocks of a wall are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Blocks {
    /// Workflows, and *Unassigned*.
    #[default]
    Workflows,
    /// Groups of runs and tasks, by the runs' names or by day.
    Runs { by_name: bool },
    /// Groups of agents, which are the cells.
    Agents,
}

/// Whether runs with these names are grouped by them.
pub(super) fn repeat<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut runs = 0;
    for name in names {
        runs += 1;
        if seen.len() <= MOST_NAMES {
            seen.insert(name);
        }
    }
    !seen.is_empty() && seen.len() <= MOST_NAMES && seen.len() * RUNS_A_NAME <= runs
}

/// The group of a run.
pub(super) fn group_of_run(by_name: bool, name: &str, created_ms: Option<i64>) -> String {
    if by_name {
        return bounded(name);
    }
    let created = created_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    // The day in UTC: the same on every wall.
    match created {
        Some(at) => at.to_zoned(TimeZone::UTC).date().to_string(),
        None => "Runs".to_owned(),
    }
}

/// The group of an agent on a wall of agents alone.
pub(super) fn group_of_agent(columns: &Record, subtitle: Option<&str>) -> String {
    let team = TEAM.iter().find_map(|column| {
        let cell = columns.get(column)?;
        let name = cell.as_str()?.trim();
        (!name.is_empty()).then(|| bounded(name))
    });
    team.or_else(|| subtitle.map(bounded))
        .unwrap_or_else(|| "Agents".to_owned())
}

/// The group of tasks that are part of no run.
pub(super) fn group_of_task() -> String {
    "Tasks".to_owned()
}

fn bounded(name: &str) -> String {
    model::text::clean(name, MOST_NAME).into_owned()
}

/// The entities of blocks that are no rows.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    unassigned: Option<Entity>,
    finished: Option<Entity>,
    groups: HashMap<Arc<str>, Entity>,
    names: bevy::ecs::entity::EntityHashMap<Arc<str>>,
}

impl Grounds {
    /// The entity of *Unassigned*.
    pub(super) fn unassigned(&mut self, commands: &mut Commands) -> Entity {
        *self
            .unassigned
            .get_or_insert_with(|| spawn(commands, UNASSIGNED.into()))
    }

    /// The entity of the block that stands for all workflows that finished long ago.
    pub(super) fn finished(&mut self, commands: &mut Commands) -> Entity {
        *self.finished.get_or_insert_with(|| spawn(commands, "Finished".into()))
    }

    /// The entity of a group.
    pub(super) fn group(&mut self, name: &str, commands: &mut Commands) -> Entity {
        if let Some(group) = self.groups.get(name) {
            return *group;
        }
        let name: Arc<str> = name.into();
        let group = spawn(commands, Arc::clone(&name));
        self.groups.insert(Arc::clone(&name), group);
        self.names.insert(group, name);
        group
    }

    /// The entity of a block.
    pub(super) fn entity(&self, key: BlockKey<Entity>) -> Option<Entity> {
        match key {
            BlockKey::Workflow(row) => Some(row),
            BlockKey::Unassigned => self.unassigned,
            BlockKey::Finished => self.finished,
        }
    }

    /// Whether a block is *Unassigned*.
    pub(super) fn is_unassigned(&self, block: Entity) -> bool {
        self.unassigned == Some(block)
    }

    /// The groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = Entity> {
        self.names.keys().copied()
    }

    /// The name of a group; `None` for workflows.
    pub(super) fn group_name(&self, block: Entity) -> Option<&Arc<str>> {
        self.names.get(&block)
    }

    /// Forgets a group whose last row is gone. Its entity goes with its block.
    pub(super) fn close(&mut self, group: Entity, commands: &mut Commands) {
        if let Some(name) = self.names.remove(&group) {
            self.groups.remove(&name);
            commands.entity(group).try_despawn();
        }
    }

    /// Removes every ground.
    pub(super) fn clear(&mut self, commands: &mut Commands) {
        let groups = self.groups.drain().map(|(_, group)| group);
        for ground in groups.chain(self.unassigned.take()).chain(self.finished.take()) {
            commands.entity(ground).try_despawn();
        }
        self.names.clear();
    }

    /// Removes the ground of a block without a row.
    pub(super) fn remove_unassigned(&mut self, commands: &mut Commands) {
        if let Some(ground) = self.unassigned.take() {
            commands.entity(ground).try_despawn();
        }
    }

    /// Removes the ground of the block of finished workflows.
    pub(super) fn remove_finished(&mut self, commands: &mut Commands) {
        if let Some(ground) = self.finished.take() {
            commands.entity(ground).try_despawn();
        }
    }
}

fn spawn(commands: &mut Commands, name: Arc<str>) -> Entity {
    commands
        .spawn((Name::new(format!("block {name}")), Ground { name }))
        .id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_grouped_by_names_that_repeat_and_else_by_day() {
        assert!(repeat(["nightly", "nightly", "import", "import"].into_iter()));
        assert!(!repeat(["a", "b", "c"].into_iter()) && !repeat(std::iter::empty()));
        let many: Vec<String> = (0..300).map(|number| format!("run {}", number % 250)).collect();
        assert!(!repeat(many.iter().map(String::as_str)), "too many names");
        assert_eq!(group_of_run(true, "nightly", Some(0)), "nightly");
        assert_eq!(group_of_run(false, "nightly", Some(1_764_288_000_000)), "2025-11-28");
        assert_eq!(group_of_run(false, "nightly", None), "Runs");
    }

    #[test]
    fn an_agent_is_with_its_team_or_its_role() {
        let record = |json: &str| Record::from_json(json).expect("valid");
        assert_eq!(
            group_of_agent(&record(r#"{"id":1,"team":" billing "}"#), Some("gpt")),
            "billing"
        );
        assert_eq!(group_of_agent(&record(r#"{"id":1,"team":""}"#), Some("gpt")), "gpt");
        assert_eq!(group_of_agent(&record(r#"{"id":1}"#), None), "Agents");
    }
}
