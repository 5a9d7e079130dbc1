//! Blocks and the dock as the shaders read them: as many words as marks have, the last four unused. Pure packing; `Ground` in
//! `assets/shaders/common.wgsl` unpacks it.
//!
//! | word | contents |
//! |---|---|
//! | 0–3 | least x, y, greatest x, y of its ground (world units) |
//! | 4, 5 | stamps: departed; appeared, or gone where it has that flag |
//! | 6 | shares of 255 of its rows that run (bits 0–7) and are done (8–15); height of its header in half world units (16–31) |
//! | 7, 8 | its two corners where its last move began, from those of now: x (bits 0–15) and y (16–31), signed, in quarters |
//! | 9 | kind (bits 0–3, 0 = empty slot), status (4–7), previous status (8–11), flags (12–) |
//! | 10 | progress of 254 (bits 0–7, 0xff = none); size of a cell in 1/16 world units (8–15); shares of 255 that are blocked (16–23) and failed (24–31) |
//! | 11 | stamp of the last change of status |

use bevy::prelude::*;

use super::mark::{FIELD_MASK, FLAGS_SHIFT, Flags, MarkKind, STATUS_BEFORE_SHIFT, STATUS_SHIFT, WORDS};
use model::Status;

/// The progress of a block that has none.
pub(crate) const NO_GROUND_PROGRESS: u32 = 0xff;

/// A block or the dock, to pack. Times are stamps (`marks::stamp`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct GroundMark {
    pub(super) kind: MarkKind,
    /// Its ground, now or at the end of its move; its ground where the move began.
    pub(super) to: Rect,
    pub(super) from: Rect,
    pub(super) header: f32,
    /// The shorter side of a cell; 0 where it has none.
    pub(super) cell: f32,
    pub(super) moved: u32,
    pub(super) appeared: u32,
    pub(super) gone: Option<u32>,
    pub(super) status: Status,
    pub(super) status_before: Status,
    pub(super) status_changed: u32,
    pub(super) flags: Flags,
    pub(super) progress: Option<f32>,
    /// Shares of 255 that run, are done, are blocked, failed.
    pub(super) shares: [u8; 4],
}

impl GroundMark {
    pub(super) fn new(kind: MarkKind, to: Rect) -> Self {
        Self {
            kind,
            to,
            from: to,
            header: 0.0,
            cell: 0.0,
            moved: 0,
            appeared: 0,
            gone: None,
            status: Status::Idle,
            status_before: Status::Idle,
            status_changed: 0,
            flags: Flags::empty(),
            progress: None,
            shares: [0; 4],
        }
    }

    pub(super) fn pack(&self) -> [u32; WORDS] {
        let number = |value: f32| if value.is_finite() { value.to_bits() } else { 0 };
        // The casts saturate, and take a NaN to 0.
        let corner = |delta: Vec2| {
            let [x, y] = (delta * 4.0).to_array().map(|quarters| quarters.round() as i16 as u16);
            u32::from(x) | u32::from(y) << 16
        };
        let progress = match self.progress {
            Some(share) if share.is_finite() => (share.clamp(0.0, 1.0) * 254.0).round() as u32,
            _ => NO_GROUND_PROGRESS,
        };
        let [running, done, blocked, failed] = self.shares.map(u32::from);
        let header = u32::from((self.header * 2.0).round() as u16);
        let cell = u32::from((self.cell * 16.0).floor() as u8);
        let mut flags = self.flags;
        flags.set(Flags::GONE, self.gone.is_some());
        [
            number(self.to.min.x),
            number(self.to.min.y),
            number(self.to.max.x),
            number(self.to.max.y),
            self.moved,
            self.gone.unwrap_or(self.appeared),
            running | done << 8 | header << 16,
            corner(self.from.min - self.to.min),
            corner(self.from.max - self.to.max),
            self.kind as u32
                | (self.status.index() as u32) << STATUS_SHIFT
                | (self.status_before.index() as u32) << STATUS_BEFORE_SHIFT
                | flags.bits() << FLAGS_SHIFT,
            progress | cell << 8 | blocked << 16 | failed << 24,
            self.status_changed,
            0,
            0,
            0,
            0,
        ]
    }
}

/// The statuses and the flags that a packed ground had: what its next version goes on from.
pub(super) fn history(words: &[u32; WORDS]) -> (Status, Status, u32, Flags) {
    let [_, _, _, _, _, _, _, _, _, word, _, status_changed, ..] = *words;
    let status = |shift: u32| {
        Status::ALL
            .get((word >> shift & FIELD_MASK) as usize)
            .copied()
            .unwrap_or_default()
    };
    let flags = Flags::from_bits_truncate(word >> FLAGS_SHIFT);
    (status(STATUS_SHIFT), status(STATUS_BEFORE_SHIFT), status_changed, flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ground_is_packed_where_the_table_says() {
        let mut ground = GroundMark::new(MarkKind::Block, Rect::new(-10.0, -20.0, 30.0, 40.0));
        ground.from = Rect::new(-11.0, -20.0, 30.5, 38.0);
        (ground.header, ground.cell) = (23.5, 2.5);
        (ground.progress, ground.shares) = (Some(0.5), [1, 2, 3, 4]);
        (ground.status, ground.status_before) = (Status::Done, Status::Running);
        ground.gone = Some(77);
        let words = ground.pack();
        let floats: Vec<f32> = words.iter().take(4).map(|word| f32::from_bits(*word)).collect();
        assert_eq!(floats, [-10.0, -20.0, 30.0, 40.0]);
        assert_eq!((words[5], words[6]), (77, 1 | 2 << 8 | 47 << 16));
        assert_eq!(words[7], u32::from((-4_i16) as u16));
        assert_eq!(words[8], 2 | u32::from((-8_i16) as u16) << 16);
        assert_eq!(words[10], 127 | 40 << 8 | 3 << 16 | 4 << 24);
        let (status, before, _, flags) = history(&words);
        assert_eq!((status, before), (Status::Done, Status::Running));
        assert!(flags.contains(Flags::GONE));
    }

    #[test]
    fn values_that_are_not_finite_are_packed_as_harmless_ones() {
        let mut ground = GroundMark::new(MarkKind::Dock, Rect::new(0.0, 0.0, 1.0, 1.0));
        ground.to.max.x = f32::NAN;
        (ground.header, ground.progress) = (f32::INFINITY, Some(f32::NAN));
        let words = ground.pack();
        assert_eq!((words[2], words[10] & 0xff), (0, NO_GROUND_PROGRESS));
    }
}
