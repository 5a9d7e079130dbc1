//! Tasks by what they wait for: random choice and removal in constant time, in an order that the seed alone decides.

use fastrand::Rng;

/// What a task can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// An agent.
    Ready,
    /// A person's answer.
    Waiting,
    /// Something outside.
    Stuck,
    /// Somebody to try it again.
    Failed,
}

/// The four pools.
#[derive(Debug, Default)]
pub struct Pools([Vec<u32>; 4]);

impl Pools {
    fn list(&mut self, pool: Pool) -> &mut Vec<u32> {
        match pool {
            Pool::Ready => &mut self.0[0],
            Pool::Waiting => &mut self.0[1],
            Pool::Stuck => &mut self.0[2],
            Pool::Failed => &mut self.0[3],
        }
    }

    pub fn len(&self, pool: Pool) -> usize {
        self.0[pool as usize].len()
    }

    /// Adds a task and answers its slot.
    pub fn push(&mut self, pool: Pool, task: u32) -> u32 {
        let list = self.list(pool);
        list.push(task);
        (list.len() - 1) as u32
    }

    /// Takes the task out of its slot; answers the task that now has the slot, if one had to move.
    pub fn remove(&mut self, pool: Pool, slot: u32) -> Option<u32> {
        swap_remove(self.list(pool), slot)
    }

    pub fn any(&self, pool: Pool, rng: &mut Rng) -> Option<u32> {
        any(&self.0[pool as usize], rng)
    }
}

/// A random element.
pub fn any(list: &[u32], rng: &mut Rng) -> Option<u32> {
    if list.is_empty() {
        return None;
    }
    list.get(rng.usize(0..list.len())).copied()
}

/// Removes a slot by moving the last element into it; answers the moved element.
pub fn swap_remove(list: &mut Vec<u32>, slot: u32) -> Option<u32> {
    if (slot as usize) < list.len() {
        list.swap_remove(slot as usize);
    }
    list.get(slot as usize).copied()
}
