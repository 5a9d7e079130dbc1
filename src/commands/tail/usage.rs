//! What the process has used so far, as Linux tells it; absent elsewhere.

use std::{fs, time::Duration};

/// Length of a clock tick in `/proc/self/stat`: 1/100 s on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of all threads, user and system.
pub(super) fn cpu_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold spaces: count from behind it. utime and stime are fields 14 and 15.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields
        .next()?
        .parse::<u32>()
        .ok()?
        .saturating_add(fields.next()?.parse().ok()?);
    Some(TICK * ticks)
}

/// The most memory ever resident, in MB (10⁶ bytes).
pub(super) fn peak_rss_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024.0 / 1e6)
}
