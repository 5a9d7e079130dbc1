//! One mark as the shader reads it: twelve words (48 bytes). Pure packing; `assets/shaders/common.wgsl` has the other
//! half.
//!
//! | word | holds |
//! |---|---|
//! | 0–3 | from x, y, to x, y (world units; the dock: half width, half height, centre x, y) |
//! | 4–7 | stamps: set out, appeared, last change, gone; of districts in the place of the last change: shares of 255 (bits 0–7 running, 8–15 waiting, 16–23 done, 24– crowd) |
//! | 8 | radius, world units |
//! | 9 | kind (bits 0–3, 0 = empty slot), status (4–7), status before (8–11), flags (12–) |
//! | 10 | progress (bits 0–15, 0xffff = none); phase of its breathing, a district's blocked share (16–23); a district's failed share, a task's crowd (24–31) |
//! | 11 | stamp of the last change of status |

use bevy::prelude::*;

use crate::{layout::MOVE_SECS, scene::motion::flown};
use model::Status;

/// Words of one packed mark.
pub const WORDS: usize = 12;
/// Stamps older than this are all the same: every motion has ended. Milliseconds.
const SETTLED_MS: u32 = 60_000;
const NO_PROGRESS: u32 = 0xffff;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum MarkKind {
    Task = 1,
    Agent = 2,
    District = 3,
    Unassigned = 4,
    Dock = 5,
}

impl MarkKind {
    /// Stands for many tasks, and says how they are.
    pub fn has_tally(self) -> bool {
        matches!(self, Self::District | Self::Unassigned)
    }

    fn from_word(word: u32) -> Option<Self> {
        [Self::Task, Self::Agent, Self::District, Self::Unassigned, Self::Dock]
            .into_iter()
            .find(|kind| *kind as u32 == word & 0xf)
    }
}

/// What else is to be seen on a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

impl Flags {
    pub const NONE: Self = Self(0);
    /// Somebody is asked: a speech bubble, whatever the status.
    pub const HUMAN: Self = Self(1);
    /// Its row is gone; the exit runs from the stamp.
    pub const GONE: Self = Self(1 << 1);
    /// Only the ring of what the pointer is over.
    pub const HOVER_RING: Self = Self(1 << 2);
    /// Only the ring of what is selected.
    pub const SELECTION_RING: Self = Self(1 << 3);
    /// A run: it has a ring around it, on which its progress is told.
    pub const RUN: Self = Self(1 << 4);
    /// It belongs to what is selected (`scene::spotlight`),
    pub const LIT: Self = Self(1 << 5);
    /// or to what was selected before.
    pub const WAS_LIT: Self = Self(1 << 6);
    /// A ring that goes: it is no more about what is pointed at.
    pub const LEFT: Self = Self(1 << 7);
    const MASK: u32 = 0xf_ffff;

    pub fn with(self, other: Self, on: bool) -> Self {
        if on { Self(self.0 | other.0) } else { self }
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A mark, unpacked. Stamps as `stamp` makes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    pub kind: MarkKind,
    pub from: Vec2,
    pub to: Vec2,
    pub moved: u32,
    pub appeared: u32,
    pub changed: u32,
    /// Read only with `Flags::GONE`.
    pub gone: u32,
    /// World units.
    pub radius: f32,
    pub status: Status,
    pub status_before: Status,
    pub status_changed: u32,
    pub flags: Flags,
    /// Share done, 0 to 1.
    pub progress: Option<f32>,
    /// Tasks and agents: where in its breathing it is, so that not all breathe at once. Districts: the share of the tasks
    /// that are blocked, of 255.
    pub phase: u8,
    /// Districts: the share of the tasks that failed, of 255.
    pub failed: u8,
    /// Districts: the shares of the tasks that run, wait and are done, of 255. They have no stamp of a last change.
    pub shares: [u8; 3],
    /// Districts and tasks in trouble: how much of the district is in trouble, of 255; 0 for a few (`Tallies::crowd`).
    pub crowd: u8,
}

impl Mark {
    /// How much of its way it has made at `now`, a stamp: 1 or more once it has arrived.
    pub fn share(&self, now: u32) -> f32 {
        now.wrapping_sub(self.moved) as f32 / (MOVE_SECS * 1000.0) as f32
    }

    /// Where an agent's mark is drawn at `now`, a stamp: its flight arcs, and may have begun in the middle of another.
    pub fn flown(&self, now: u32) -> Vec2 {
        flown(self.from, self.to, self.share(now))
    }

    /// A resting mark.
    pub fn new(kind: MarkKind, at: Vec2, radius: f32, status: Status) -> Self {
        Self {
            kind,
            from: at,
            to: at,
            moved: 0,
            appeared: 0,
            changed: 0,
            gone: 0,
            radius,
            status,
            status_before: status,
            status_changed: 0,
            flags: Flags::NONE,
            progress: None,
            phase: 0,
            failed: 0,
            shares: [0; 3],
            crowd: 0,
        }
    }

    pub fn pack(&self) -> [u32; WORDS] {
        let number = |value: f32| if value.is_finite() { value.to_bits() } else { 0 };
        let progress = match self.progress {
            Some(share) if share.is_finite() => (share.clamp(0.0, 1.0) * 65_534.0).round() as u32,
            _ => NO_PROGRESS,
        };
        let [running, waiting, done] = self.shares;
        let (third, last) = if self.kind.has_tally() {
            (u32::from_le_bytes([running, waiting, done, self.crowd]), self.failed)
        } else {
            (self.changed, self.crowd)
        };
        [
            number(self.from.x),
            number(self.from.y),
            number(self.to.x),
            number(self.to.y),
            self.moved,
            self.appeared,
            third,
            self.gone,
            number(self.radius),
            self.kind as u32
                | (self.status.index() as u32) << 4
                | (self.status_before.index() as u32) << 8
                | (self.flags.0 & Flags::MASK) << 12,
            progress | u32::from(self.phase) << 16 | u32::from(last) << 24,
            self.status_changed,
        ]
    }

    /// The inverse of `pack`; nothing for an empty slot.
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
            radius,
            word,
            extra,
            status_changed,
        ] = *words;
        let status = |shift: u32| {
            Status::ALL
                .get((word >> shift & 0xf) as usize)
                .copied()
                .unwrap_or_default()
        };
        let kind = MarkKind::from_word(word)?;
        let last = (extra >> 24) as u8;
        let (changed, shares, failed, crowd) = if kind.has_tally() {
            let [running, waiting, done, crowd] = changed.to_le_bytes();
            (0, [running, waiting, done], last, crowd)
        } else {
            (changed, [0; 3], 0, last)
        };
        Some(Self {
            kind,
            from: Vec2::new(f32::from_bits(from_x), f32::from_bits(from_y)),
            to: Vec2::new(f32::from_bits(to_x), f32::from_bits(to_y)),
            moved,
            appeared,
            changed,
            gone,
            radius: f32::from_bits(radius),
            status: status(4),
            status_before: status(8),
            status_changed,
            flags: Flags(word >> 12),
            progress: (extra & 0xffff != NO_PROGRESS).then_some((extra & 0xffff) as f32 / 65_534.0),
            phase: (extra >> 16 & 0xff) as u8,
            failed,
            shares,
            crowd,
        })
    }

    /// Moves stamps up that are long past, so that they never come round (see `clock`).
    pub fn settle(&mut self, now: u32) {
        let past = now.wrapping_sub(SETTLED_MS);
        for time in [
            &mut self.moved,
            &mut self.appeared,
            &mut self.changed,
            &mut self.gone,
            &mut self.status_changed,
        ] {
            if now.wrapping_sub(*time) > SETTLED_MS {
                *time = past;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_mark() -> impl Strategy<Value = Mark> {
        let kinds = [
            MarkKind::Task,
            MarkKind::Agent,
            MarkKind::District,
            MarkKind::Unassigned,
            MarkKind::Dock,
        ];
        (
            proptest::sample::select(kinds.to_vec()),
            any::<[i16; 4]>(),
            any::<[u32; 5]>(),
            (0.0f32..500.0, any::<u8>(), any::<Option<u16>>(), any::<u8>()),
            (
                proptest::sample::select(Status::ALL.to_vec()),
                proptest::sample::select(Status::ALL.to_vec()),
            ),
            0u32..256,
        )
            .prop_map(
                |(kind, at, times, (radius, phase, progress, last), (status, before), flags)| Mark {
                    kind,
                    from: Vec2::new(f32::from(at[0]), f32::from(at[1])),
                    to: Vec2::new(f32::from(at[2]), f32::from(at[3])),
                    moved: times[0],
                    appeared: times[1],
                    changed: if kind.has_tally() { 0 } else { times[2] },
                    gone: times[3],
                    radius,
                    status,
                    status_before: before,
                    status_changed: times[4],
                    flags: Flags(flags),
                    progress: progress.map(|share| f32::from(share.min(65_534)) / 65_534.0),
                    phase,
                    failed: if kind.has_tally() { last } else { 0 },
                    shares: if kind.has_tally() { [phase, last, 3] } else { [0; 3] },
                    crowd: last,
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_packed_is_read_back(mark in any_mark()) {
            let back = Mark::unpack(&mark.pack()).expect("a packed mark is no empty slot");
            prop_assert!((back.progress.unwrap_or(9.0) - mark.progress.unwrap_or(9.0)).abs() < 1e-4);
            prop_assert_eq!(Mark { progress: None, ..back }, Mark { progress: None, ..mark });
        }

        #[test]
        fn settled_stamps_never_come_round(mark in any_mark(), now in any::<u32>()) {
            let mut settled = mark;
            settled.settle(now);
            for (before, after) in [(mark.moved, settled.moved), (mark.changed, settled.changed), (mark.gone, settled.gone)] {
                let age = now.wrapping_sub(before);
                let settled_age = now.wrapping_sub(after);
                prop_assert_eq!(settled_age, age.min(SETTLED_MS));
            }
        }
    }

    #[test]
    fn nonsense_is_packed_as_something_harmless() {
        let mut mark = Mark::new(
            MarkKind::Task,
            Vec2::new(f32::NAN, f32::INFINITY),
            f32::NEG_INFINITY,
            Status::Running,
        );
        mark.progress = Some(f32::NAN);
        let back = Mark::unpack(&mark.pack()).expect("not empty");
        assert_eq!((back.to, back.radius, back.progress), (Vec2::ZERO, 0.0, None));
        mark.progress = Some(7.0);
        assert_eq!(Mark::unpack(&mark.pack()).and_then(|mark| mark.progress), Some(1.0));
        mark.progress = Some(-7.0);
        assert_eq!(Mark::unpack(&mark.pack()).and_then(|mark| mark.progress), Some(0.0));
    }

    #[test]
    fn an_empty_slot_is_no_mark() {
        assert_eq!(Mark::unpack(&[0; WORDS]), None);
    }
}
