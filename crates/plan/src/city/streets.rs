//! Places of agents: in the street below and at the right of their task's block, in the dock where they have no task.

use std::hash::Hash;

use glam::Vec2;

use super::{City, Touched, block::Block, block::Site, seats::Post};
use crate::fit::STREET_PER_AGENT;

/// From one agent to the next in a street, in diameters.
const SPACING: f32 = 1.1;

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// Gives every touched agent, and all of moved blocks, a place.
    pub(super) fn seat_agents(&mut self, touched: &mut Touched<K>) {
        if self.agents.is_empty() && self.widths.agent <= 0.0 {
            return;
        }
        for number in touched.moved.clone() {
            self.open_lanes(number, touched);
        }
        let mut agents: Vec<K> = touched.agents.drain().collect();
        agents.sort_by(|one, next| {
            let order = |agent: &K| self.agents.get(agent).map(|seat| &seat.order);
            order(one).cmp(&order(next))
        });
        let mut resting = Vec::new();
        for agent in agents {
            self.leave_post(agent, touched);
            let Some(seat) = self.agents.get(&agent) else { continue };
            let work = seat.task.and_then(|task| self.tasks.get(&task)).copied();
            let at_work = work.filter(|work| self.block(work.block).is_some_and(|block| block.site == Site::Cells));
            match at_work {
                Some(work) => self.take_lane(agent, work.block, work.slot, touched),
                None => resting.push(agent),
            }
        }
        self.rest(&resting, touched);
    }

    /// Counts the places around a block, and sends its agents away: they are given a place again.
    fn open_lanes(&mut self, number: u32, touched: &mut Touched<K>) {
        let (agent, street) = (self.widths.agent, self.widths.street);
        let Some(block) = self.block_mut(number) else { return };
        let leaving: Vec<K> = block.lanes.drain(..).flatten().chain(block.counted.drain(..)).collect();
        let spacing = (agent * SPACING).max(1.0);
        let size = block.rect.size();
        let below = if block.site == Site::Cells {
            ((size.x / spacing) as u32).max(1)
        } else {
            0
        };
        let is_wide = agent > 0.0 && street.x >= agent * STREET_PER_AGENT * 0.99;
        let aside = if is_wide && below > 0 {
            (size.y / spacing) as u32
        } else {
            0
        };
        block.lanes = vec![None; (below + aside) as usize];
        block.below = below;
        for agent in leaving {
            if let Some(seat) = self.agents.get_mut(&agent) {
                seat.post = Post::Nowhere;
            }
            touched.agents.insert(agent);
        }
    }

    /// Where a place in a block's street is.
    pub(super) fn lane(&self, block: &Block<K, O>, lane: u32) -> Vec2 {
        let (rect, street) = (block.rect, self.widths.street);
        if let Some(aside) = lane.checked_sub(block.below) {
            let count = (block.lanes.len() as u32 - block.below).max(1);
            let y = rect.min.y + (aside as f32 + 0.5) / count as f32 * rect.size().y;
            return Vec2::new(rect.max.x + street.x / 2.0, y);
        }
        let x = rect.min.x + (lane as f32 + 0.5) / block.below.max(1) as f32 * rect.size().x;
        Vec2::new(x, rect.max.y + street.y / 2.0)
    }

    /// Where the number of agents without a place of their own is shown.
    pub(super) fn count_lane(block: &Block<K, O>) -> u32 {
        block.below.saturating_sub(1)
    }

    fn take_lane(&mut self, agent: K, number: u32, slot: u32, touched: &mut Touched<K>) {
        let Some(block) = self.block(number) else { return };
        let task = block.cell(slot);
        let has_count = !block.counted.is_empty();
        let reserved = Self::count_lane(block);
        let nearest = block
            .lanes
            .iter()
            .zip(0_u32..)
            .filter(|(taken, lane)| taken.is_none() && !(has_count && *lane == reserved))
            .map(|(_, lane)| (self.lane(block, lane).distance_squared(task), lane))
            .min_by(|one, next| one.0.total_cmp(&next.0));
        touched.placed.push(agent);
        if let Some((_, lane)) = nearest {
            self.put(agent, number, lane);
            return;
        }
        // The number takes the place of an agent, and stands for that one too.
        let evicted = (!has_count)
            .then(|| self.block_mut(number)?.lanes.get_mut(reserved as usize)?.take())
            .flatten();
        for agent in evicted.into_iter().chain([agent]) {
            if let Some(block) = self.block_mut(number) {
                block.counted.push(agent);
            }
            if let Some(seat) = self.agents.get_mut(&agent) {
                seat.post = Post::Counted { block: number };
            }
        }
        touched.placed.extend(evicted);
        touched.changed.insert(number);
    }

    fn put(&mut self, agent: K, number: u32, lane: u32) {
        if let Some(place) = self
            .block_mut(number)
            .and_then(|block| block.lanes.get_mut(lane as usize))
        {
            *place = Some(agent);
        }
        if let Some(seat) = self.agents.get_mut(&agent) {
            seat.post = Post::Street { block: number, lane };
        }
    }

    /// Takes an agent from its place. An agent that was only counted gets the place.
    pub(super) fn leave_post(&mut self, agent: K, touched: &mut Touched<K>) {
        let Some(seat) = self.agents.get_mut(&agent) else {
            return;
        };
        match std::mem::replace(&mut seat.post, Post::Nowhere) {
            Post::Nowhere => {}
            Post::Dock { slot } => self.dock.leave(slot),
            Post::Counted { block } => {
                touched.changed.insert(block);
                let Some(block) = self.block_mut(block) else { return };
                block.counted.retain(|other| *other != agent);
                if let [last] = *block.counted {
                    // A number that stands for one agent gives its place to that agent.
                    block.counted.clear();
                    self.reseat(last, touched);
                }
            }
            Post::Street { block: number, lane } => {
                let Some(block) = self.block_mut(number) else { return };
                if let Some(place) = block.lanes.get_mut(lane as usize) {
                    *place = None;
                }
                let next = block.counted.pop();
                if let Some(next) = next {
                    touched.changed.insert(number);
                    self.put(next, number, lane);
                    touched.placed.push(next);
                }
                let block = self.block_mut(number);
                if let Some(block) = block
                    && let [last] = *block.counted
                {
                    block.counted.clear();
                    self.reseat(last, touched);
                }
            }
        }
    }

    /// Gives the last agent of a number the number's place.
    fn reseat(&mut self, agent: K, touched: &mut Touched<K>) {
        let Some(seat) = self.agents.get_mut(&agent) else {
            return;
        };
        seat.post = Post::Nowhere;
        let work = seat.task.and_then(|task| self.tasks.get(&task)).copied();
        touched.agents.remove(&agent);
        if let Some(work) = work {
            self.take_lane(agent, work.block, work.slot, touched);
        }
    }

    /// Sends every agent away, before everything is placed anew.
    pub(super) fn clear_posts(&mut self) {
        for seat in self.agents.values_mut() {
            seat.post = Post::Nowhere;
        }
        for block in self.blocks.iter_mut().flatten() {
            block.lanes.clear();
            block.counted.clear();
        }
        self.dock.clear();
    }

    /// Gives agents places in the dock.
    fn rest(&mut self, agents: &[K], touched: &mut Touched<K>) {
        let mut is_full = false;
        for &agent in agents {
            let Some(seat) = self.agents.get_mut(&agent) else {
                continue;
            };
            match self.dock.take(agent, seat.group) {
                Some(slot) => seat.post = Post::Dock { slot },
                None => is_full = true,
            }
            touched.placed.push(agent);
        }
        if is_full {
            self.lay_dock(touched);
        }
    }

    /// Gives all resting agents places in the dock anew, by group and order.
    fn lay_dock(&mut self, touched: &mut Touched<K>) {
        let is_resting = |post: Post| matches!(post, Post::Nowhere | Post::Dock { .. });
        let mut resting: Vec<(u8, &O, K)> = self
            .agents
            .iter()
            .filter(|(_, seat)| is_resting(seat.post))
            .map(|(&agent, seat)| (seat.group, &seat.order, agent))
            .collect();
        resting.sort_by(|one, next| (one.0, one.1).cmp(&(next.0, next.1)));
        let agents: Vec<(u8, K)> = resting.into_iter().map(|(group, _, agent)| (group, agent)).collect();
        let groups: Vec<u8> = agents.iter().map(|(group, _)| *group).collect();
        self.dock.lay_again(&groups);
        for (group, agent) in agents {
            if let (Some(slot), Some(seat)) = (self.dock.take(agent, group), self.agents.get_mut(&agent)) {
                seat.post = Post::Dock { slot };
            }
            touched.placed.push(agent);
        }
    }

    /// Opens the dock for a whole plan and returns the height that it takes.
    pub(super) fn reserve_dock(&mut self, has_blocks: bool) -> f32 {
        let mut groups: Vec<u8> = self
            .agents
            .values()
            .filter(|seat| !seat.task.is_some_and(|task| self.tasks.contains_key(&task)))
            .map(|seat| seat.group)
            .collect();
        groups.sort_unstable();
        let height = self.dock.open(self.scene, self.agents.len(), groups.len(), has_blocks);
        self.dock.lay(&groups);
        height
    }
}
