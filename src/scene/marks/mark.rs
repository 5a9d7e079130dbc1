//! Tasks and agents as the shaders read them: sixteen words (64 bytes) each. Pure packing; `assets/shaders/common.wgsl`
//! unpacks it. Blocks and the dock have words of their own (`ground`).
//!
//! The way of a flight is a part of the mark, although only agents fly along streets: a table of ways aside would need slots
//! that are freed when a flight ends, and one more binding in every program. A mark that rests has zeros there, is not written
//! again, and fills one line of a cache.
//!
//! | word | contents |
//! |---|---|
//! | 0–3 | from x, y, to x, y (world units) |
//! | 4–7 | stamps: departed, appeared, last change, gone |
//! | 8 | half width (bits 0–15) and half height (16–31), in 1/32 world units |
//! | 9 | kind (bits 0–3, 0 = empty slot), status (4–7), previous status (8–11), flags (12–) |
//! | 10 | progress (bits 0–15, 0xffff = none); phase of its breathing (16–23); priority and 1, 0 without one (24–31) |
//! | 11 | stamp of the last change of status |
//! | 12–15 | the turns of an agent's flight, two a word (`motion::Route`) |

use bevy::prelude::*;
use bitflags::bitflags;

use crate::{
    layout::MOVE_SECS,
    scene::motion::{Route, TURNS, flight_position},
};
use model::Status;

/// Words of one packed mark.
pub(crate) const WORDS: usize = 16;
/// Stamps older than this are all alike: every animation has ended. Milliseconds.
const OLD_MS: u32 = 60_000;
/// The progress of a mark that has none.
pub(crate) const NO_PROGRESS: u32 = 0xffff;
/// Bits of a kind or of a status.
pub(crate) const FIELD_MASK: u32 = 0xf;
/// Where the status begins in its word,
pub(crate) const STATUS_SHIFT: u32 = 4;
/// the previous status,
pub(crate) const STATUS_BEFORE_SHIFT: u32 = 8;
/// and the flags.
pub(crate) const FLAGS_SHIFT: u32 = 12;
/// The word of kind, statuses and flags, also of grounds.
pub(super) const WORD: usize = 9;
/// Steps of a world unit in which sizes are packed.
pub(crate) const SIZE_STEPS: f32 = 32.0;

const _: () = assert!(Status::ALL.len() <= FIELD_MASK as usize + 1, "a status has four bits");

/// The kinds of marks: kinds of rows, and what is drawn on the ground. The shaders use the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum MarkKind {
    /// A task or a run.
    Task = 1,
    /// An agent.
    Agent = 2,
    /// A workflow's block.
    Block = 3,
    /// A block that is no row.
    Ground = 4,
    /// The area of idle agents.
    Dock = 5,
}

impl MarkKind {
    /// Every kind.
    pub(crate) const ALL: [Self; 5] = [Self::Task, Self::Agent, Self::Block, Self::Ground, Self::Dock];

    pub(super) fn from_word(word: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == word & FIELD_MASK)
    }
}

bitflags! {
    /// What else a mark shows. The shaders use the same names and bits.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Flags: u32 {
        /// A person is asked for: a speech bubble, whatever the status.
        const HUMAN = 1;
        /// Its row is gone; the exit animation runs from its stamp.
        const GONE = 1 << 1;
        /// Only the ring of the hovered row.
        const HOVER_RING = 1 << 2;
        /// Only the ring of the selected row.
        const SELECTION_RING = 1 << 3;
        /// A run: a ring around it shows its progress.
        const RUN = 1 << 4;
        /// It belongs to what is selected (`scene::highlight`).
        const HIGHLIGHTED = 1 << 5;
        /// It belonged to what was selected before.
        const WAS_HIGHLIGHTED = 1 << 6;
        /// A ring that fades out: its row is no longer hovered or selected.
        const FADING = 1 << 7;
        /// An agent that is a cell: there are no tasks.
        const CELL = 1 << 8;
        /// It flies along streets. `Mark::route` sets this flag and the next.
        const ROUTED = 1 << 9;
        /// The first leg of its flight is vertical.
        const BEGINS_UPRIGHT = 1 << 10;
    }
}

/// A mark, unpacked. Times are stamps (`marks::stamp`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Which kind of row or of ground it is drawn for.
    pub kind: MarkKind,
    /// Where its move began.
    pub from: Vec2,
    /// Where it is, or flies to.
    pub to: Vec2,
    /// The way of an agent's flight along the streets; without one it moves straight.
    pub route: Option<Route>,
    /// When it departed from `from`.
    pub moved: u32,
    /// When its row was first drawn: the entry animation begins there.
    pub appeared: u32,
    /// When it last changed.
    pub changed: u32,
    /// When its row went; valid with `Flags::GONE`.
    pub gone: u32,
    /// Width and height of its cell, in world units; of an agent, its diameter twice.
    pub size: Vec2,
    /// The status that gives it shape and colour.
    pub status: Status,
    /// The status before the last change of it.
    pub status_before: Status,
    /// When the status last changed.
    pub(crate) status_changed: u32,
    /// What else it shows.
    pub flags: Flags,
    /// Share done, 0 to 1.
    pub progress: Option<f32>,
    /// The phase of its breathing, so that not all breathe at once.
    pub phase: u8,
    /// 0 (low) to 3 (urgent), where known.
    pub priority: Option<u8>,
}

impl Mark {
    /// The share of its move that is over at `now`, a stamp: 1 or more once it has arrived.
    pub(crate) fn share(&self, now: u32) -> f32 {
        now.wrapping_sub(self.moved) as f32 / (MOVE_SECS * 1000.0) as f32
    }

    /// The position of an agent's mark at `now`, a stamp. Its flight may have begun within another flight.
    pub fn flight_position(&self, now: u32) -> Vec2 {
        flight_position(self.from, self.to, self.route, self.size.x, self.share(now))
    }

    /// A mark that does not move.
    pub(crate) fn new(kind: MarkKind, at: Vec2, size: Vec2, status: Status) -> Self {
        Self {
            kind,
            from: at,
            to: at,
            route: None,
            moved: 0,
            appeared: 0,
            changed: 0,
            gone: 0,
            size,
            status,
            status_before: status,
            status_changed: 0,
            flags: Flags::empty(),
            progress: None,
            phase: 0,
            priority: None,
        }
    }

    /// The mark as the shader reads it. Values that are not finite become 0 or none.
    pub(crate) fn pack(&self) -> [u32; WORDS] {
        let number = |value: f32| if value.is_finite() { value.to_bits() } else { 0 };
        let progress = match self.progress {
            Some(share) if share.is_finite() => (share.clamp(0.0, 1.0) * (NO_PROGRESS - 1) as f32).round() as u32,
            _ => NO_PROGRESS,
        };
        let mut flags = self.flags - (Flags::ROUTED | Flags::BEGINS_UPRIGHT);
        flags.set(Flags::ROUTED, self.route.is_some());
        flags.set(
            Flags::BEGINS_UPRIGHT,
            self.route.is_some_and(|route| route.begins_upright),
        );
        let turns = self.route.map_or([0; TURNS], |route| route.turns);
        let turns = turns.map(|turn| u32::from(turn.cast_unsigned()));
        [
            number(self.from.x),
            number(self.from.y),
            number(self.to.x),
            number(self.to.y),
            self.moved,
            self.appeared,
            self.changed,
            self.gone,
            packed_size(self.size),
            self.kind as u32
                | (self.status.index() as u32) << STATUS_SHIFT
                | (self.status_before.index() as u32) << STATUS_BEFORE_SHIFT
                | flags.bits() << FLAGS_SHIFT,
            progress | u32::from(self.phase) << 16 | self.priority.map_or(0, |own| u32::from(own.min(3)) + 1) << 24,
            self.status_changed,
            turns[0] | turns[1] << 16,
            turns[2] | turns[3] << 16,
            turns[4] | turns[5] << 16,
            turns[6] | turns[7] << 16,
        ]
    }

    /// The inverse of `pack`; `None` for an empty slot.
    pub fn unpack(words: &[u32; WORDS]) -> Option<Self> {
        let [
            from_x,
            from_y,
            to_x,
            to_y,
            moved,
            appeared,
            changed,
            gone,
            size,
            word,
            extra,
            status_changed,
            ref turns @ ..,
        ] = *words;
        let status = |shift: u32| {
            Status::ALL
                .get((word >> shift & FIELD_MASK) as usize)
                .copied()
                .unwrap_or_default()
        };
        let kind = MarkKind::from_word(word)?;
        let flags = Flags::from_bits_truncate(word >> FLAGS_SHIFT);
        let [a, b, c, d] = turns.map(|pair| [pair as u16, (pair >> 16) as u16].map(u16::cast_signed));
        let route = Route {
            begins_upright: flags.contains(Flags::BEGINS_UPRIGHT),
            turns: [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]],
        };
        Some(Self {
            kind,
            from: Vec2::new(f32::from_bits(from_x), f32::from_bits(from_y)),
            to: Vec2::new(f32::from_bits(to_x), f32::from_bits(to_y)),
            route: flags.contains(Flags::ROUTED).then_some(route),
            moved,
            appeared,
            changed,
            gone,
            size: unpacked_size(size),
            status: status(STATUS_SHIFT),
            status_before: status(STATUS_BEFORE_SHIFT),
            status_changed,
            flags: flags - (Flags::ROUTED | Flags::BEGINS_UPRIGHT),
            progress: (extra & NO_PROGRESS != NO_PROGRESS)
                .then_some((extra & NO_PROGRESS) as f32 / (NO_PROGRESS - 1) as f32),
            phase: (extra >> 16 & 0xff) as u8,
            priority: ((extra >> 24) as u8).checked_sub(1),
        })
    }
}

/// Moves a stamp up that is long past, so that it never comes round (`marks::stamp`).
pub(super) fn renew(stamp: &mut u32, now: u32) {
    if now.wrapping_sub(*stamp) > OLD_MS {
        *stamp = now.wrapping_sub(OLD_MS);
    }
}

/// A size as halves in steps; what is no number becomes 0.
pub(super) fn packed_size(size: Vec2) -> u32 {
    // The cast saturates, and takes a NaN to 0.
    let [x, y] = (size * (SIZE_STEPS / 2.0)).to_array().map(|half| half.round() as u16);
    u32::from(x) | u32::from(y) << 16
}

/// The inverse of `packed_size`.
pub(super) fn unpacked_size(word: u32) -> Vec2 {
    Vec2::new((word & 0xffff) as f32, (word >> 16) as f32) * (2.0 / SIZE_STEPS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_mark() -> impl Strategy<Value = Mark> {
        (
            proptest::sample::select(MarkKind::ALL.to_vec()),
            any::<[i16; 4]>(),
            any::<[u32; 5]>(),
            (
                any::<[u16; 2]>(),
                any::<u8>(),
                any::<Option<u16>>(),
                any::<Option<u8>>(),
            ),
            (
                proptest::sample::select(Status::ALL.to_vec()),
                proptest::sample::select(Status::ALL.to_vec()),
            ),
            (0u32..512, any::<Option<(bool, [i16; TURNS])>>()),
        )
            .prop_map(
                |(kind, at, times, (size, phase, progress, priority), (status, before), (flags, route))| Mark {
                    kind,
                    from: Vec2::new(f32::from(at[0]), f32::from(at[1])),
                    to: Vec2::new(f32::from(at[2]), f32::from(at[3])),
                    route: route.map(|(begins_upright, turns)| Route { begins_upright, turns }),
                    moved: times[0],
                    appeared: times[1],
                    changed: times[2],
                    gone: times[3],
                    size: Vec2::new(f32::from(size[0]), f32::from(size[1])) / 16.0,
                    status,
                    status_before: before,
                    status_changed: times[4],
                    flags: Flags::from_bits_truncate(flags),
                    progress: progress.map(|share| f32::from(share.min(65_534)) / 65_534.0),
                    phase,
                    priority: priority.map(|own| own.min(3)),
                },
            )
    }

    proptest! {
        #[test]
        fn packing_is_reversible(mark in any_mark()) {
            let back = Mark::unpack(&mark.pack()).expect("a packed mark is not an empty slot");
            prop_assert!((back.progress.unwrap_or(9.0) - mark.progress.unwrap_or(9.0)).abs() < 1e-4);
            prop_assert_eq!(Mark { progress: None, ..back }, Mark { progress: None, ..mark });
        }

        #[test]
        fn renewed_stamps_never_come_round(before in any::<u32>(), now in any::<u32>()) {
            let mut after = before;
            renew(&mut after, now);
            prop_assert_eq!(now.wrapping_sub(after), now.wrapping_sub(before).min(OLD_MS));
        }
    }

    #[test]
    fn values_that_are_not_finite_are_packed_as_harmless_ones() {
        let mut mark = Mark::new(
            MarkKind::Task,
            Vec2::new(f32::NAN, f32::INFINITY),
            Vec2::new(f32::NEG_INFINITY, f32::NAN),
            Status::Running,
        );
        mark.progress = Some(f32::NAN);
        let back = Mark::unpack(&mark.pack()).expect("not empty");
        assert_eq!((back.to, back.size, back.progress), (Vec2::ZERO, Vec2::ZERO, None));
        mark.progress = Some(7.0);
        assert_eq!(Mark::unpack(&mark.pack()).and_then(|mark| mark.progress), Some(1.0));
        mark.progress = Some(-7.0);
        assert_eq!(Mark::unpack(&mark.pack()).and_then(|mark| mark.progress), Some(0.0));
    }

    #[test]
    fn an_empty_slot_is_not_a_mark() {
        assert_eq!(Mark::unpack(&[0; WORDS]), None);
    }
}
