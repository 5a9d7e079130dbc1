//! The processor time of the threads that make a frame. What the graphics driver and the network do in threads of their
//! own is not theirs: a driver in software runs the shaders there.

use std::{fs, path::Path, time::Duration};

/// Beginnings of the names of Bevy's pools, as long as the system keeps them.
const POOLS: [&str; 3] = ["Compute Task", "Async Compute", "IO Task Pool"];

/// The thread that calls, by its number; `None` where the system does not tell.
pub(super) fn this() -> Option<u32> {
    let link = fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok()
}

/// Processor time so far of the threads `own` and of Bevy's pools. `None` where the system does not tell.
///
/// The system counts when a thread pauses or a tick comes by, so only spans of many milliseconds mean something.
pub(super) fn worlds(own: &[u32]) -> Option<Duration> {
    let mut nanos = 0;
    for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
        let folder = thread.path();
        let number: Option<u32> = thread.file_name().to_str().and_then(|name| name.parse().ok());
        if number.is_some_and(|number| own.contains(&number)) || is_of_a_pool(&folder) {
            let Ok(stat) = fs::read_to_string(folder.join("schedstat")) else {
                // It has ended while we looked.
                continue;
            };
            nanos += stat.split_whitespace().next()?.parse::<u64>().ok()?;
        }
    }
    Some(Duration::from_nanos(nanos))
}

fn is_of_a_pool(thread: &Path) -> bool {
    fs::read_to_string(thread.join("comm")).is_ok_and(|name| POOLS.iter().any(|pool| name.starts_with(pool)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_work_of_the_threads_named_is_counted_and_no_other() {
        let own = [this().expect("Linux reports it")];
        let worked = || worlds(&own).expect("Linux reports it");
        let other = std::thread::spawn(|| this().expect("Linux reports it"))
            .join()
            .expect("it ends");
        assert_ne!(own[0], other);
        let before = worked();
        let mut sum = 0u64;
        while worked() < before + Duration::from_millis(20) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }
}
