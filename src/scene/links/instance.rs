//! One link as the shader reads it: four words (16 bytes); `assets/shaders/links.wgsl` has the other half.

use crate::scene::marks::{Layer, Seat};

/// Words of one packed link.
pub const LINK_WORDS: usize = 4;
/// The task is among the alarms.
const AMONG_ALARMS: u32 = 1 << 31;

/// A beam between two marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Slot in `Layer::Agents`.
    pub agent: u32,
    pub task: Seat,
    /// Stamp of when the agent took it up.
    pub since: u32,
}

impl Link {
    /// Nothing when either end is no mark that a link can point at.
    pub fn between(agent: Seat, task: Seat, since: u32) -> Option<Self> {
        let fits = agent.layer == Layer::Agents
            && matches!(task.layer, Layer::Tasks | Layer::Alarms)
            && task.slot < AMONG_ALARMS;
        fits.then_some(Self {
            agent: agent.slot,
            task,
            since,
        })
    }

    pub fn pack(&self) -> [u32; LINK_WORDS] {
        let alarm = if self.task.layer == Layer::Alarms {
            AMONG_ALARMS
        } else {
            0
        };
        [self.agent, self.task.slot | alarm, self.since, 1]
    }

    /// The inverse of `pack`; nothing for an empty slot.
    pub fn unpack(words: &[u32; LINK_WORDS]) -> Option<Self> {
        let [agent, task, since, live] = *words;
        let layer = if task & AMONG_ALARMS == 0 {
            Layer::Tasks
        } else {
            Layer::Alarms
        };
        (live != 0).then_some(Self {
            agent,
            task: Seat {
                layer,
                slot: task & !AMONG_ALARMS,
            },
            since,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_back() {
        let agent = Seat {
            layer: Layer::Agents,
            slot: 7,
        };
        for task in [
            Seat {
                layer: Layer::Tasks,
                slot: 0,
            },
            Seat {
                layer: Layer::Alarms,
                slot: 123_456,
            },
        ] {
            let link = Link::between(agent, task, 99).expect("fits");
            assert_eq!(Link::unpack(&link.pack()), Some(link));
        }
        assert_eq!(Link::unpack(&[0; LINK_WORDS]), None);
        assert_eq!(Link::between(agent, agent, 0), None);
        assert_eq!(
            Link::between(
                agent,
                Seat {
                    layer: Layer::Tasks,
                    slot: AMONG_ALARMS
                },
                0
            ),
            None
        );
    }
}
