//! Resources that the process has used so far; absent where the system does not report them.

use std::{fs, time::Duration};

/// CPU time of all threads, user and system.
#[cfg(unix)]
pub(super) fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

/// CPU time of all threads, user and system.
#[cfg(not(unix))]
pub(super) fn cpu_time() -> Option<Duration> {
    None
}

/// The peak of resident memory, in MB (10⁶ bytes).
pub(super) fn peak_rss_mb() -> Option<f64> {
    status_mb("VmHWM:")
}

/// The resident memory now, in MB (10⁶ bytes).
pub(super) fn rss_mb() -> Option<f64> {
    status_mb("VmRSS:")
}

/// An amount of memory in `/proc/self/status`, which only Linux has.
fn status_mb(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024.0 / 1e6)
}
