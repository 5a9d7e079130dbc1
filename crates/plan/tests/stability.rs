//! Rows keep their places: what moves when rows come and go, and that the plan follows from the rows alone.

mod support;

use std::collections::{BTreeMap, HashMap, HashSet};

use plan::{AgentPlace, Batch, BlockKey, BlockPlace, Changes, City, Pace, Rect};
use proptest::prelude::*;
use support::{FIRST_AGENT, FIRST_TASK, Spread, agent, fleet, scene, task, workflow};

/// What a wall shows: the places that the plan's changes have led to.
#[derive(Debug, Default, Clone)]
struct Shown {
    blocks: HashMap<BlockKey<u32>, BlockPlace<u32>>,
    tasks: BTreeMap<u32, Option<Rect>>,
    agents: BTreeMap<u32, AgentPlace>,
}

impl Shown {
    fn take(&mut self, changes: &Changes<u32>, gone: &Batch<u32, u32>) {
        if changes.replanned {
            self.blocks.clear();
        }
        for row in &gone.gone_tasks {
            self.tasks.remove(row);
        }
        for row in &gone.gone_agents {
            self.agents.remove(row);
        }
        for key in &changes.gone_blocks {
            self.blocks.remove(key);
        }
        self.blocks
            .extend(changes.blocks.iter().map(|block| (block.key, *block)));
        self.tasks.extend(changes.tasks.iter().copied());
        self.agents.extend(changes.agents.iter().copied());
    }
}

/// The rows of a history, and the batches that change them.
#[derive(Debug, Default, Clone)]
struct Rows {
    workflows: BTreeMap<u32, Option<f64>>,
    tasks: BTreeMap<u32, Option<u32>>,
    agents: BTreeMap<u32, Option<u32>>,
    next: u32,
}

impl Rows {
    fn of(batch: &Batch<u32, u32>) -> Self {
        Self {
            workflows: batch.workflows.iter().map(|row| (row.row, row.finished)).collect(),
            tasks: batch.tasks.iter().map(|row| (row.row, row.workflow)).collect(),
            agents: batch.agents.iter().map(|row| (row.row, row.task)).collect(),
            next: 500_000,
        }
    }

    /// All of them, the last first: order of arrival must not matter.
    fn all(&self) -> Batch<u32, u32> {
        Batch {
            workflows: self
                .workflows
                .iter()
                .rev()
                .map(|(&row, &at)| workflow(row, at))
                .collect(),
            tasks: self.tasks.iter().rev().map(|(&row, &link)| task(row, link)).collect(),
            agents: self.agents.iter().rev().map(|(&row, &link)| agent(row, link)).collect(),
            ..Batch::default()
        }
    }

    fn any<V>(random: &mut fastrand::Rng, rows: &BTreeMap<u32, V>) -> Option<u32> {
        let count = rows.len();
        (count > 0)
            .then(|| rows.keys().nth(random.usize(0..count)).copied())
            .flatten()
    }

    /// A random change, and the rows that it may move by itself.
    fn change(&mut self, random: &mut fastrand::Rng, now: f64) -> (Batch<u32, u32>, HashSet<u32>) {
        let mut batch = Batch::default();
        let mut own = HashSet::new();
        self.next += 1;
        let flow = Self::any(random, &self.workflows);
        match random.u32(0..100) {
            0..38 => {
                let row = FIRST_TASK + self.next;
                self.tasks.insert(row, flow);
                batch.tasks.push(task(row, flow));
                own.insert(row);
            }
            38..74 => {
                let Some(row) = Self::any(random, &self.tasks) else {
                    return (batch, own);
                };
                self.tasks.remove(&row);
                batch.gone_tasks.push(row);
            }
            74..84 => {
                let Some(row) = Self::any(random, &self.tasks) else {
                    return (batch, own);
                };
                let flow = if random.bool() { flow } else { None };
                self.tasks.insert(row, flow);
                batch.tasks.push(task(row, flow));
                own.insert(row);
            }
            84..94 => {
                let row = FIRST_AGENT + random.u32(0..150);
                let hand = random.bool().then(|| Self::any(random, &self.tasks)).flatten();
                self.agents.insert(row, hand);
                batch.agents.push(agent(row, hand));
            }
            94..96 => {
                let Some(row) = Self::any(random, &self.agents) else {
                    return (batch, own);
                };
                self.agents.remove(&row);
                batch.gone_agents.push(row);
            }
            96 => {
                self.workflows.insert(self.next, None);
                batch.workflows.push(workflow(self.next, None));
            }
            97 => {
                let Some(row) = flow else { return (batch, own) };
                self.workflows.insert(row, Some(now));
                batch.workflows.push(workflow(row, Some(now)));
            }
            98 => {
                let Some(row) = flow else { return (batch, own) };
                self.workflows.insert(row, None);
                batch.workflows.push(workflow(row, None));
                // One that was folded or only a header has its cells again.
                own.extend(
                    self.tasks
                        .iter()
                        .filter(|(_, link)| **link == flow)
                        .map(|(row, _)| *row),
                );
            }
            _ => {
                let Some(row) = flow else { return (batch, own) };
                self.workflows.remove(&row);
                batch.gone_workflows.push(row);
                for (&task, link) in &mut self.tasks {
                    if *link == flow {
                        *link = None;
                        own.insert(task);
                    }
                }
            }
        }
        (batch, own)
    }
}

/// The strips in which a block grew from one state to the next, by their upper edge.
fn grown(before: &Shown, after: &Shown) -> HashSet<u32> {
    let room = |block: &BlockPlace<u32>| block.grid[0] * block.grid[1];
    after
        .blocks
        .values()
        .filter(|block| {
            before
                .blocks
                .get(&block.key)
                .is_none_or(|old| room(old) < room(block) || old.rect.max.y != block.rect.max.y)
        })
        .map(|block| block.rect.max.y.to_bits())
        .collect()
}

#[test]
fn of_10_000_changes_none_moves_a_row_for_which_nothing_in_its_strip_grew() {
    let mut random = fastrand::Rng::with_seed(17);
    let batch = fleet(2_000, 60, 100, Spread::Skewed, 3);
    let mut rows = Rows::of(&batch);
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    let mut shown = Shown::default();
    shown.take(&city.apply(batch, 0.0), &Batch::default());
    let (mut moves, mut replans) = (0, 0);
    for step in 0..10_000_u32 {
        let now = f64::from(step);
        let (batch, own) = rows.change(&mut random, now);
        let before = shown.clone();
        let changes = city.apply(batch.clone(), now);
        shown.take(&changes, &batch);
        assert!(!changes.replanned, "only when it is due");
        let strips = grown(&before, &shown);
        for (row, at) in &shown.tasks {
            let Some(old) = before.tasks.get(row) else { continue };
            if old == at || own.contains(row) {
                continue;
            }
            moves += 1;
            let block = at
                .and_then(|at| city.block_at(at.center()))
                .and_then(|key| city.place_of(key));
            let is_in_grown = block.is_some_and(|block| strips.contains(&block.rect.max.y.to_bits()));
            assert!(
                is_in_grown,
                "step {step}: {row} moved from {old:?} to {at:?}: {batch:?}"
            );
        }
        if step % 10 == 0
            && let Some(changes) = city.tidy(now)
        {
            assert!(changes.replanned);
            shown.take(&changes, &Batch::default());
            replans += 1;
        }
        if step % 500 == 0 {
            agrees(&city, &rows, &shown);
        }
    }
    assert!(replans <= 10_000 / 300, "{replans} whole plans");
    println!("{moves} rows moved with their strip, {replans} whole plans");
    assert!(moves > 0, "something grew");
}

/// What is shown, what the plan answers, and the rows agree; no two rows are in one place.
fn agrees(city: &City<u32, u32>, rows: &Rows, shown: &Shown) {
    assert_eq!(shown.tasks.len(), rows.tasks.len());
    assert_eq!(shown.agents.len(), rows.agents.len());
    let mut places = HashSet::new();
    for (row, at) in &shown.tasks {
        assert_eq!(city.task(*row), *at, "{row}");
        let Some(at) = at.map(|cell| cell.center()) else {
            continue;
        };
        assert!(places.insert((at.x.to_bits(), at.y.to_bits())));
        assert_eq!(city.at(at), Some(plan::Spot::Task(*row)));
        let link = rows.tasks[row].filter(|flow| rows.workflows.contains_key(flow));
        let key = link.map_or(BlockKey::Unassigned, BlockKey::Workflow);
        assert_eq!(city.block_at(at), Some(key));
    }
    for (row, place) in &shown.agents {
        assert_eq!(city.agent(*row), Some(*place), "{row}");
        let at_work = rows.agents[row].and_then(|task| city.task(task)).is_some();
        assert_eq!(!matches!(place, AgentPlace::Dock(_)), at_work, "{row}");
        let spot = city.at(place.at());
        match place {
            AgentPlace::Counted(_) => {}
            _ => assert_eq!(spot, Some(plan::Spot::Agent(*row)), "{place:?}"),
        }
    }
    for block in city.places() {
        assert_eq!(shown.blocks.get(&block.key), Some(&block));
    }
    let blocks: Vec<_> = city.places().collect();
    for (index, one) in blocks.iter().enumerate() {
        for other in &blocks[..index] {
            assert!(!one.rect.overlaps(&other.rect), "{one:?} and {other:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_plan_follows_from_the_rows_alone(
        seed in any::<u64>(),
        count in 1_u32..400,
        flows in 1_u32..40,
        portrait in any::<bool>(),
        steps in 1_u32..300,
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let batch = fleet(count, flows, count / 5, Spread::Skewed, seed);
        let mut rows = Rows::of(&batch);
        let scene = if portrait { scene(1080.0, 1840.0) } else { scene(1920.0, 1000.0) };
        let mut city = City::new(scene, Pace::default());
        let mut lived = Shown::default();
        lived.take(&city.apply(batch, 0.0), &Batch::default());
        let mut now = 0.0;
        for step in 0..steps {
            now = f64::from(step) * 20.0;
            let (batch, _) = rows.change(&mut random, now);
            lived.take(&city.apply(batch.clone(), now), &batch);
        }
        agrees(&city, &rows, &lived);
        let mut lived = Shown::default();
        lived.take(&city.replan(now), &Batch::default());
        let mut fresh = City::new(scene, Pace::default());
        let mut started = Shown::default();
        started.take(&fresh.apply(rows.all(), now), &Batch::default());
        prop_assert_eq!(&lived.tasks, &started.tasks);
        prop_assert_eq!(&lived.agents, &started.agents);
        prop_assert_eq!(&lived.blocks, &started.blocks);
        agrees(&city, &rows, &lived);
        // And again, where nothing has changed.
        let mut again = Shown::default();
        again.take(&city.replan(now), &Batch::default());
        prop_assert_eq!(&lived.tasks, &again.tasks);
    }
}
