//! Tasks by what they wait for, with random choice and removal in constant time.

use fastrand::Rng;

/// What the tasks of a pool wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    /// An agent that takes them.
    Ready,
    /// A person's answer.
    Waiting,
    /// An obstacle to be removed.
    Stuck,
    /// Another attempt.
    Failed,
}

/// The four pools.
#[derive(Debug, Default)]
pub(crate) struct Pools([Vec<u32>; 4]);

impl Pools {
    fn list(&mut self, pool: Pool) -> &mut Vec<u32> {
        match pool {
            Pool::Ready => &mut self.0[0],
            Pool::Waiting => &mut self.0[1],
            Pool::Stuck => &mut self.0[2],
            Pool::Failed => &mut self.0[3],
        }
    }

    /// The number of members of a pool.
    pub(super) fn len(&self, pool: Pool) -> usize {
        self.0[pool as usize].len()
    }

    /// Adds a task and returns its slot.
    pub(super) fn push(&mut self, pool: Pool, task: u32) -> u32 {
        let list = self.list(pool);
        list.push(task);
        (list.len() - 1) as u32
    }

    /// Removes the task in a slot. Returns the task that was moved into the slot, if there is one.
    pub(super) fn remove(&mut self, pool: Pool, slot: u32) -> Option<u32> {
        swap_remove(self.list(pool), slot)
    }

    /// A random task of a pool.
    pub(super) fn any(&self, pool: Pool, rng: &mut Rng) -> Option<u32> {
        any(&self.0[pool as usize], rng)
    }
}

/// A random element.
pub(super) fn any(list: &[u32], rng: &mut Rng) -> Option<u32> {
    if list.is_empty() {
        return None;
    }
    list.get(rng.usize(0..list.len())).copied()
}

/// Removes an element by moving the last one into its place. Returns the moved element.
pub(super) fn swap_remove(list: &mut Vec<u32>, slot: u32) -> Option<u32> {
    if (slot as usize) < list.len() {
        list.swap_remove(slot as usize);
    }
    list.get(slot as usize).copied()
}
