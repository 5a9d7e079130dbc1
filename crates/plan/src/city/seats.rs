//! Which block and slot each task has, and what each agent has in hand.

use std::hash::Hash;

use super::{Block, City, Touched, block::Site};
use crate::{Agent, Batch, BlockKey, Task, Workflow};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskSeat {
    pub(super) block: u32,
    pub(super) slot: u32,
}

/// Where an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Post {
    Nowhere,
    Street { block: u32, lane: u32 },
    Counted { block: u32 },
    Dock { slot: u32 },
}

#[derive(Debug, Clone)]
pub(super) struct AgentSeat<K, O> {
    pub(super) order: O,
    pub(super) task: Option<K>,
    pub(super) group: u8,
    pub(super) post: Post,
}

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// Takes a batch into the tables. Blocks and agents get their ground later.
    pub(super) fn take_in(&mut self, batch: Batch<K, O>, touched: &mut Touched<K>) {
        for agent in &batch.gone_agents {
            self.remove_agent(*agent, touched);
        }
        for task in &batch.gone_tasks {
            if let Some(seat) = self.tasks.remove(task) {
                self.release_slot(seat, touched);
                touched.agents.extend(self.holders.get(task).into_iter().flatten());
            }
        }
        if let Some(name) = batch.unassigned {
            self.unassigned = name.bounded();
        }
        self.tasks.reserve(batch.tasks.len());
        for workflow in batch.workflows {
            self.take_workflow(workflow, touched);
        }
        for task in batch.tasks {
            self.take_task(task, touched);
        }
        for workflow in batch.gone_workflows {
            self.remove_block(BlockKey::Workflow(workflow), touched);
        }
        for agent in batch.agents {
            self.take_agent(agent, touched);
        }
        let unassigned = self.by_key.get(&BlockKey::Unassigned).copied();
        let name = self.unassigned;
        if let Some(block) = unassigned.and_then(|number| self.block_mut(number)) {
            block.name = name;
            if block.slots.used() == 0 {
                self.remove_block(BlockKey::Unassigned, touched);
            }
        }
    }

    fn take_workflow(&mut self, workflow: Workflow<K, O>, touched: &mut Touched<K>) {
        let number = self.open_block(BlockKey::Workflow(workflow.row), Some(workflow.order), touched);
        if let Some(block) = self.block_mut(number) {
            block.finished = workflow.finished;
            block.name = workflow.name.bounded();
            if block.finished.is_none() && matches!(block.site, Site::Header | Site::Folded) {
                touched.filled.insert(number);
            }
        }
    }

    fn open_block(&mut self, key: BlockKey<K>, order: Option<O>, touched: &mut Touched<K>) -> u32 {
        if let Some(&number) = self.by_key.get(&key) {
            if let Some(block) = self.block_mut(number) {
                block.order = order;
            }
            return number;
        }
        let number = self.free_blocks.pop().unwrap_or(self.blocks.len() as u32);
        let block = Some(Block::new(key, order));
        match self.blocks.get_mut(number as usize) {
            Some(place) => *place = block,
            None => self.blocks.push(block),
        }
        self.by_key.insert(key, number);
        touched.filled.insert(number);
        number
    }

    /// The block that a task belongs to.
    fn block_for(&mut self, workflow: Option<K>, touched: &mut Touched<K>) -> u32 {
        let known = workflow.and_then(|workflow| self.by_key.get(&BlockKey::Workflow(workflow)).copied());
        known.unwrap_or_else(|| self.open_block(BlockKey::Unassigned, None, touched))
    }

    fn take_task(&mut self, task: Task<K, O>, touched: &mut Touched<K>) {
        let target = self.block_for(task.workflow, touched);
        if let Some(&seat) = self.tasks.get(&task.row) {
            if seat.block == target {
                return;
            }
            self.release_slot(seat, touched);
        }
        self.take_slot(task.row, task.order, target, touched);
    }

    fn take_slot(&mut self, row: K, order: O, target: u32, touched: &mut Touched<K>) {
        let Some(block) = self.block_mut(target) else { return };
        let slot = block.slots.take(row, order);
        self.tasks.insert(row, TaskSeat { block: target, slot });
        touched.filled.insert(target);
        touched.tasks.push(row);
        if !self.holders.is_empty() {
            touched.agents.extend(self.holders.get(&row).into_iter().flatten());
        }
    }

    fn release_slot(&mut self, seat: TaskSeat, touched: &mut Touched<K>) {
        if let Some(block) = self.block_mut(seat.block) {
            block.slots.release(seat.slot);
            touched.filled.insert(seat.block);
        }
    }

    fn remove_block(&mut self, key: BlockKey<K>, touched: &mut Touched<K>) {
        let Some(number) = self.by_key.remove(&key) else { return };
        self.leave_strip(number, touched);
        touched.filled.remove(&number);
        touched.moved.remove(&number);
        touched.changed.remove(&number);
        touched.gone_blocks.push(key);
        let Some(mut block) = self.blocks.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        self.free_blocks.push(number);
        for agent in block.lanes.drain(..).flatten().chain(block.counted.drain(..)) {
            if let Some(seat) = self.agents.get_mut(&agent) {
                seat.post = Post::Nowhere;
                touched.agents.insert(agent);
            }
        }
        for occupant in block.slots.drain() {
            let target = self.block_for(None, touched);
            self.take_slot(occupant.row, occupant.order, target, touched);
        }
    }

    fn take_agent(&mut self, agent: Agent<K, O>, touched: &mut Touched<K>) {
        let before = self.agents.get(&agent.row);
        let is_same = before.is_some_and(|seat| seat.task == agent.task && seat.group == agent.group);
        let task = before.and_then(|seat| seat.task);
        let post = before.map_or(Post::Nowhere, |seat| seat.post);
        if is_same {
            return;
        }
        if task != agent.task {
            self.let_go(agent.row, task);
            if let Some(task) = agent.task {
                self.holders.entry(task).or_default().push(agent.row);
            }
        }
        let seat = AgentSeat {
            order: agent.order,
            task: agent.task,
            group: agent.group,
            post,
        };
        self.agents.insert(agent.row, seat);
        touched.agents.insert(agent.row);
    }

    fn remove_agent(&mut self, agent: K, touched: &mut Touched<K>) {
        self.leave_post(agent, touched);
        touched.agents.remove(&agent);
        if let Some(seat) = self.agents.remove(&agent) {
            self.let_go(agent, seat.task);
        }
    }

    fn let_go(&mut self, agent: K, task: Option<K>) {
        if let Some(task) = task
            && let Some(holders) = self.holders.get_mut(&task)
        {
            holders.retain(|holder| *holder != agent);
            if holders.is_empty() {
                self.holders.remove(&task);
            }
        }
    }
}
