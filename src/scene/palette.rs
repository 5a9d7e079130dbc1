//! Every colour of the scene, from the visual language. No other file of the scene names a colour.

use bevy::prelude::*;

use crate::domain::Status;

/// Background of the scene: the one place that fills the screen, so it is dark and uniform.
pub const GROUND: Color = Color::srgb_u8(0x0E, 0x11, 0x16);
/// Quiet fills: a district's floor.
pub const SURFACE: Color = Color::srgb_u8(0x17, 0x1C, 0x23);
/// Hairlines: a district's ring where no progress is.
pub const LINE: Color = Color::srgb_u8(0x2A, 0x32, 0x3D);
/// Text that is read.
pub const TEXT: Color = Color::srgb_u8(0xD9, 0xDF, 0xE7);
/// Text that stands back: tallies, subtitles, calm states.
pub const MUTED: Color = Color::srgb_u8(0x8A, 0x96, 0xA6);
/// Ring around what is selected.
pub const SELECTION: Color = Color::srgb_u8(0xF5, 0xE6, 0x63);
/// Ring around what the pointer is over.
pub const HOVER: Color = TEXT;
/// Beam from an agent to the task in its hands.
pub const BEAM: Color = Color::srgb_u8(0x3F, 0x9B, 0xE8);

/// The colour of a state. Each state has a shape of its own as well: never by colour alone.
pub const fn status(status: Status) -> Color {
    match status {
        Status::Idle | Status::Queued | Status::Unmapped => Color::srgb_u8(0x8E, 0x99, 0xA8),
        Status::Running => Color::srgb_u8(0x3F, 0x9B, 0xE8),
        Status::Waiting => Color::srgb_u8(0xF5, 0xF7, 0xFA),
        Status::Blocked => Color::srgb_u8(0xF2, 0xB3, 0x3D),
        Status::Failed => Color::srgb_u8(0xE8, 0x43, 0x2E),
        Status::Done => Color::srgb_u8(0x2F, 0x75, 0x60),
        Status::Cancelled | Status::Offline => Color::srgb_u8(0x42, 0x4A, 0x56),
    }
}

/// The colour for a state's word in a label: the state's own where it reads well on the ground, else `MUTED`.
pub const fn status_text(reading: Status) -> Color {
    match reading {
        Status::Done | Status::Cancelled | Status::Offline => MUTED,
        other => status(other),
    }
}
