//! What the scene bench found, as text or as one JSON object.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{figures::Millis, sprites};

/// What one condition costs.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ConditionCost {
    /// Processor time of the main and the render world, the mean of a run each.
    pub(super) frame_cpu_ms: Millis,
    /// From the beginning of a frame to the next, waits for the driver and other processes included; every frame.
    pub(super) frame_ms: Millis,
}

/// Processor time of the main and the render world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worlds {
    /// The feed pauses: nothing changes.
    pub(super) rest: ConditionCost,
    /// The feed's changes.
    pub(super) changing: ConditionCost,
    /// The feed's changes, and every mark is in flight.
    pub(super) moving: ConditionCost,
    /// Bevy's sprites, where they were measured.
    pub(super) sprites: Option<ConditionCost>,
    /// Ours over theirs, run by run, with every mark moving on both sides.
    pub(super) ratio: Option<Millis>,
}

/// Whole frames at 1920×1080.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Full {
    /// Frames per second.
    pub(super) frames_per_s: Millis,
    /// Time of a frame.
    pub(super) frame_ms: Millis,
    /// Processor time of the whole process, the driver's threads included: what other processes disturb less.
    pub(super) frame_process_cpu_ms: Millis,
    /// The frames after the burst.
    pub(super) burst: Burst,
}

/// The frames after a great many rows changed at once.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Burst {
    /// How many transactions were committed at once.
    pub(super) transactions: usize,
    /// The longest frame of each run.
    pub(super) longest_ms: Millis,
    /// The same as a multiple of the median frame without a burst.
    pub(super) times_median: Millis,
    /// From the last commit until the wall shows what the feed has.
    pub(super) equal_after_ms: Millis,
}

/// Everything that is printed.
pub(super) struct Report {
    /// How many rows the feed has.
    pub(super) entities: usize,
    /// Changes per second of the feed.
    pub(super) changes_per_s: u32,
    /// The time without drawing, where it was measured.
    pub(super) worlds: Option<Worlds>,
    /// The time with drawing, where it was measured.
    pub(super) full: Option<Full>,
}

#[derive(Serialize)]
struct Reference {
    name: &'static str,
    #[serde(flatten)]
    phase: ConditionCost,
}

/// `{"bench":"scene",…}`
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    entities: usize,
    changes_per_s: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_cpu_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<ConditionCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changing: Option<ConditionCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moving: Option<ConditionCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// The least and the greatest of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio_spread: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    full: Option<Full>,
}

impl Report {
    /// Prints the report on standard output.
    pub(super) fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let ratio = self.worlds.and_then(|worlds| worlds.ratio);
        if as_json {
            let worlds = self.worlds;
            let line = Line {
                bench: "scene",
                entities: self.entities,
                changes_per_s: self.changes_per_s,
                frame_cpu_ms: worlds.map(|worlds| worlds.moving.frame_cpu_ms),
                rest: worlds.map(|worlds| worlds.rest),
                changing: worlds.map(|worlds| worlds.changing),
                moving: worlds.map(|worlds| worlds.moving),
                reference: worlds.and_then(|worlds| worlds.sprites).map(|phase| Reference {
                    name: sprites::NAME,
                    phase,
                }),
                ratio: ratio.map(|ratio| ratio.median),
                ratio_spread: ratio.map(|Millis { min, max, .. }| [min, max]),
                full: self.full,
            };
            return writeln!(out, "{}", serde_json::to_string(&line)?);
        }
        writeln!(
            out,
            "{} rows, {} changes/s; median (least to most):",
            self.entities, self.changes_per_s
        )?;
        let mut row = |name: &str, figures: Millis, unit: &str| {
            let Millis { median, min, max, .. } = figures;
            writeln!(out, "  {name:<34} {median:>9.2} ({min:.2} to {max:.2}) {unit}")
        };
        if let Some(worlds) = self.worlds {
            for (name, phase) in [
                ("at rest", Some(worlds.rest)),
                ("with changes", Some(worlds.changing)),
                ("with changes, all marks in flight", Some(worlds.moving)),
                ("sprites, all moving", worlds.sprites),
            ] {
                if let Some(phase) = phase {
                    row(name, phase.frame_cpu_ms, "ms of processor a frame")?;
                }
            }
        }
        if let Some(full) = self.full {
            row("1920×1080", full.frames_per_s, "frames/s")?;
            row("", full.frame_ms, "ms a frame")?;
            row(
                "",
                full.frame_process_cpu_ms,
                "ms of processor a frame, driver included",
            )?;
            row("longest frame after a burst", full.burst.longest_ms, "ms")?;
            row("", full.burst.times_median, "times the median")?;
            row("equal to the feed after a burst", full.burst.equal_after_ms, "ms")?;
        }
        if let Some(Millis { median, min, max, .. }) = ratio {
            let (name, inverse) = ("ratio to sprites", 1.0 / median);
            writeln!(out, "  {name:<34} {median:>9.3} ({min:.3} to {max:.3}), 1/{inverse:.1}")?;
        }
        Ok(())
    }
}
