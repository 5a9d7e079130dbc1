//! Notices that settings files were written, replaced, made or deleted.
//!
//! The system reports what happens in the folders of the files; that something did is only a reason to look at the files'
//! stamps, so that neither other files nor one's own reading counts as a change. Where the system reports nothing (too many
//! watches, a network's file system), the stamps are looked at from time to time.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, io,
    path::{Component, Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use thiserror::Error;

use crate::stamp::{Identity, Stamp, followed};

/// Most files that are watched: the settings files are two at most.
const MAX_FILES: usize = 8;

/// The times of a watch.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// A file is looked at when nothing has happened for this long: an editor writes in several steps.
    rest: Duration,
    /// It is looked at after this time in any case, while a program keeps writing.
    longest: Duration,
    /// Between two looks where the system reports everything. It is for file systems of which it reports nothing, and for
    /// links of folders far above the file.
    look: Duration,
    /// Between two looks where the system cannot report everything.
    ask: Duration,
}

impl Pace {
    const USUAL: Self = Self {
        rest: Duration::from_millis(300),
        longest: Duration::from_secs(2),
        look: Duration::from_secs(10),
        ask: Duration::from_secs(2),
    };
}

/// Files are not watched.
#[derive(Debug, Error)]
#[error("the settings file is not followed, because no thread can be started ({0}): free some memory and start again")]
pub struct WatchError(io::Error);

/// Watches settings files on a thread of its own until it is dropped. What is written while a change waits to be taken
/// belongs to that change.
pub struct FileWatch {
    changes: Receiver<()>,
    wake: Sender<()>,
    is_over: Arc<AtomicBool>,
}

impl fmt::Debug for FileWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWatch").finish_non_exhaustive()
    }
}

impl FileWatch {
    /// Begins to watch files, which need not exist; a symbolic link is followed. What is written before is no change, so that
    /// the files are to be read after this.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(files: Vec<PathBuf>) -> Result<Self, WatchError> {
        Self::with(files, Pace::USUAL, true)
    }

    fn with(mut files: Vec<PathBuf>, pace: Pace, asks_system: bool) -> Result<Self, WatchError> {
        files.truncate(MAX_FILES);
        let (changed, changes) = bounded(1);
        let (wake, woken) = bounded(1);
        let is_over = Arc::new(AtomicBool::new(false));
        let stamps = stamps(&files);
        let watching = Watching {
            folders: Folders::new(asks_system.then(|| wake.clone())),
            files,
            stamps,
            pace,
            woken,
            changed,
            is_over: Arc::clone(&is_over),
        };
        thread::Builder::new()
            .name("opswall-watch".into())
            .spawn(move || watching.run())
            .map_err(WatchError)?;
        Ok(Self { changes, wake, is_over })
    }

    /// Whether a file was written, replaced, made or deleted since the last such answer.
    pub fn has_changed(&self) -> bool {
        self.changes.try_recv().is_ok()
    }

    #[cfg(test)]
    fn waits_for_change(&self, longest: Duration) -> bool {
        self.changes.recv_timeout(longest).is_ok()
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Where the channel is full, the thread is woken already.
        let _ = self.wake.try_send(());
    }
}

/// The thread's part.
struct Watching {
    folders: Folders,
    files: Vec<PathBuf>,
    stamps: Vec<Option<Stamp>>,
    pace: Pace,
    woken: Receiver<()>,
    changed: Sender<()>,
    is_over: Arc<AtomicBool>,
}

impl Watching {
    fn run(mut self) {
        while !self.is_over.load(Ordering::Relaxed) {
            // The folders come first: what happens between the two is seen by the look at the files.
            let is_reported = self.folders.follow(&self.files);
            let now = stamps(&self.files);
            if now != self.stamps {
                self.stamps = now;
                // Where the channel is full, a change waits already.
                let _ = self.changed.try_send(());
            }
            let longest = if is_reported { self.pace.look } else { self.pace.ask };
            match self.woken.recv_timeout(longest) {
                Ok(()) => self.rest(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Waits until nothing happens any more.
    fn rest(&self) {
        let begun = Instant::now();
        while !self.is_over.load(Ordering::Relaxed) {
            let left = self.pace.longest.saturating_sub(begun.elapsed());
            if left.is_zero() || self.woken.recv_timeout(left.min(self.pace.rest)).is_err() {
                return;
            }
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|path| Stamp::of(path)).collect()
}

/// The names that an event must be about: those of the files, of what they lead to, and of the folders above.
type Names = Arc<Mutex<BTreeSet<OsString>>>;

/// The folders in which something may happen to the files.
struct Folders {
    /// `None` where the system cannot report: the files are looked at instead.
    watcher: Option<RecommendedWatcher>,
    names: Names,
    /// Those that are watched. A folder that was replaced is another one.
    watched: BTreeMap<PathBuf, Identity>,
}

impl Folders {
    /// `wake`: to send to when something happened; `None` asks the system for nothing.
    fn new(wake: Option<Sender<()>>) -> Self {
        let names = Names::default();
        let known = Arc::clone(&names);
        let watcher = wake.and_then(|wake| {
            let handle = move |event: notify::Result<Event>| {
                if is_relevant(&event, &known) {
                    // Where the channel is full, the thread is woken already.
                    let _ = wake.try_send(());
                }
            };
            notify::recommended_watcher(handle).ok()
        });
        Self {
            watcher,
            names,
            watched: BTreeMap::new(),
        }
    }

    /// Watches the folders of the files as they are now. Returns whether the system reports on all of them.
    fn follow(&mut self, files: &[PathBuf]) -> bool {
        // A folder may be made after the nearest one was looked for and before that one is watched.
        for _ in 0..MAX_PASSES {
            match self.follow_once(files) {
                Followed::All => return true,
                Followed::Some => return false,
                Followed::New => {}
            }
        }
        false
    }

    fn follow_once(&mut self, files: &[PathBuf]) -> Followed {
        let Some(watcher) = &mut self.watcher else {
            return Followed::Some;
        };
        let places: Vec<PathBuf> = files.iter().flat_map(|path| followed(path)).collect();
        let components = places.iter().flat_map(|path| path.components());
        let normal = components.filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            _ => None,
        });
        if let Ok(mut names) = self.names.lock() {
            *names = normal.collect();
        }
        let wanted: BTreeMap<PathBuf, Identity> = places.iter().filter_map(|path| nearest_folder(path)).collect();
        let old: Vec<PathBuf> = (self.watched.iter())
            .filter(|(folder, identity)| wanted.get(*folder) != Some(*identity))
            .map(|(folder, _)| folder.clone())
            .collect();
        for folder in old {
            // A folder that is gone is watched no more in any case.
            let _ = watcher.unwatch(&folder);
            self.watched.remove(&folder);
        }
        let mut result = Followed::All;
        for (folder, identity) in wanted {
            if self.watched.contains_key(&folder) {
                continue;
            }
            if watcher.watch(&folder, RecursiveMode::NonRecursive).is_err() {
                return Followed::Some;
            }
            self.watched.insert(folder, identity);
            result = Followed::New;
        }
        result
    }
}

/// Most passes over the folders in one go: one for each level that is made at the same time, within reason.
const MAX_PASSES: usize = 8;

/// What one pass over the folders came to.
enum Followed {
    /// All of them were watched already.
    All,
    /// Some of them cannot be watched.
    Some,
    /// Some of them are watched from now on.
    New,
}

/// The folder of a path, or the nearest one above that exists: in it, the next one would be made. Its own path, without
/// links, because the system knows a folder by one name.
fn nearest_folder(path: &Path) -> Option<(PathBuf, Identity)> {
    path.ancestors().skip(1).find_map(|folder| {
        let stamp = Stamp::of(folder).filter(|_| folder.is_dir())?;
        Some((folder.canonicalize().ok()?, stamp.identity()))
    })
}

/// Whether a report is a reason to look. Reading is none: to look at a file would be reported too.
fn is_relevant(event: &notify::Result<Event>, names: &Names) -> bool {
    let Ok(event) = event else {
        // What was lost is not known.
        return true;
    };
    if matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write)) {
        return false;
    }
    let Ok(names) = names.lock() else { return true };
    event.paths.is_empty() || (event.paths.iter()).any(|path| path.file_name().is_none_or(|name| names.contains(name)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Longer than any change takes on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(30);
    /// Long enough for a change that should not be reported to be noticed.
    const QUIET: Duration = Duration::from_secs(1);
    /// The looks from time to time are out of the way, so that only reports of the system count.
    const REPORTED: Pace = Pace {
        rest: Duration::from_millis(50),
        longest: Duration::from_secs(2),
        look: Duration::from_secs(3_600),
        ask: Duration::from_secs(3_600),
    };

    struct Place {
        folder: tempfile::TempDir,
        path: PathBuf,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("opswall.toml");
            Self { folder, path }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, text: &str) {
            fs::write(&self.path, text).expect("written");
        }

        fn watch(&self) -> FileWatch {
            let watch = FileWatch::with(vec![self.path.clone()], REPORTED, true).expect("a thread");
            self.settle(&watch);
            watch
        }

        /// Waits until the folders are watched: a test's first change then meets a watch.
        fn settle(&self, watch: &FileWatch) {
            thread::sleep(Duration::from_millis(300));
            assert!(!watch.has_changed(), "nothing has happened yet");
        }
    }

    fn expect_change(watch: &FileWatch) {
        assert!(watch.waits_for_change(PATIENCE), "the change is noticed");
        // A second report of the same change is none of the next one's.
        while watch.waits_for_change(QUIET / 2) {}
    }

    #[test]
    fn a_file_that_is_written_replaced_deleted_and_made_again_is_noticed_each_time() {
        let place = Place::new();
        place.write("theme = \"dark\"\n");
        let watch = place.watch();
        place.write("theme = \"light\"\n");
        expect_change(&watch);
        for round in 0..2 {
            let new = place.at("opswall.toml~");
            fs::write(&new, format!("# {round}\n")).expect("written");
            fs::rename(&new, &place.path).expect("renamed over");
            expect_change(&watch);
        }
        fs::remove_file(&place.path).expect("deleted");
        expect_change(&watch);
        place.write("theme = \"dark\"\n");
        expect_change(&watch);
    }

    #[test]
    fn a_file_whose_folder_is_made_later_is_noticed() {
        let place = Place::new();
        let path = place.at("config").join("opswall").join("opswall.toml");
        let watch = FileWatch::with(vec![path.clone()], REPORTED, true).expect("a thread");
        place.settle(&watch);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        // The new folder has to be watched before the file can be reported.
        thread::sleep(QUIET / 2);
        fs::write(&path, "theme = \"dark\"\n").expect("written");
        expect_change(&watch);
        fs::remove_dir_all(place.at("config")).expect("deleted");
        expect_change(&watch);
    }

    #[test]
    fn reading_and_other_files_are_no_changes() {
        let place = Place::new();
        place.write("theme = \"dark\"\n");
        let watch = place.watch();
        for _ in 0..10 {
            fs::read(&place.path).expect("read");
        }
        fs::write(place.at("other.toml"), "x").expect("written");
        assert!(!watch.waits_for_change(QUIET));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_so_is_its_replacement() {
        use std::os::unix::fs::symlink;
        let place = Place::new();
        // Dotfiles: the file is in another folder.
        fs::create_dir(place.at("dotfiles")).expect("a folder");
        let target = place.at("dotfiles").join("wall.toml");
        fs::write(&target, "theme = \"dark\"\n").expect("written");
        symlink(&target, &place.path).expect("a link");
        let watch = place.watch();
        fs::write(&target, "theme = \"light\"\n").expect("written");
        expect_change(&watch);
        fs::write(place.at("second.toml"), "# second\n").expect("written");
        symlink("second.toml", place.at("new-link")).expect("a link");
        fs::rename(place.at("new-link"), &place.path).expect("renamed over");
        expect_change(&watch);
        fs::write(place.at("second.toml"), "# second, again\n").expect("written");
        expect_change(&watch);
    }

    #[cfg(unix)]
    #[test]
    fn a_swap_of_the_folder_that_the_file_leads_through_is_noticed() {
        use std::os::unix::fs::symlink;
        // As a volume of a ConfigMap: opswall.toml -> ..data/opswall.toml, ..data -> ..2026_1.
        let place = Place::new();
        for (folder, text) in [
            ("..2026_1", "theme = \"dark\"\n"),
            ("..2026_2", "theme = \"light\"\n"),
            ("..2026_3", ""),
        ] {
            fs::create_dir(place.at(folder)).expect("a folder");
            fs::write(place.at(folder).join("opswall.toml"), text).expect("written");
        }
        symlink("..2026_1", place.at("..data")).expect("a link");
        symlink("..data/opswall.toml", &place.path).expect("a link");
        let watch = place.watch();
        for (next, last) in [("..2026_2", "..2026_1"), ("..2026_3", "..2026_2")] {
            symlink(next, place.at("..data_tmp")).expect("a link");
            fs::rename(place.at("..data_tmp"), place.at("..data")).expect("swapped");
            fs::remove_dir_all(place.at(last)).expect("deleted");
            expect_change(&watch);
        }
    }

    #[test]
    fn a_burst_of_writes_is_few_changes_and_the_last_write_is_one_of_them() {
        let place = Place::new();
        place.write("");
        let watch = FileWatch::start(vec![place.path.clone()]).expect("a thread");
        place.settle(&watch);
        let begun = Instant::now();
        let mut changes = 0;
        for number in 0..1_000 {
            place.write(&format!("# {number}\n"));
            changes += usize::from(watch.has_changed());
        }
        let lasted = begun.elapsed();
        while watch.waits_for_change(QUIET) {
            changes += 1;
        }
        // One at the end, and one in each of the longest times that the burst lasted.
        let most = 2 + lasted.as_millis() / Pace::USUAL.longest.as_millis();
        assert!(changes >= 1 && changes as u128 <= most, "{changes} of at most {most}");
        assert_eq!(fs::read_to_string(&place.path).expect("the file"), "# 999\n");
        place.write("# the end\n");
        expect_change(&watch);
    }

    #[test]
    fn without_reports_of_the_system_the_file_is_looked_at() {
        let place = Place::new();
        let pace = Pace {
            ask: Duration::from_millis(50),
            ..REPORTED
        };
        let watch = FileWatch::with(vec![place.path.clone()], pace, false).expect("a thread");
        place.settle(&watch);
        place.write("theme = \"dark\"\n");
        expect_change(&watch);
        fs::remove_file(&place.path).expect("deleted");
        expect_change(&watch);
    }

    #[test]
    fn changes_that_nobody_takes_are_one() {
        let place = Place::new();
        let pace = Pace {
            rest: Duration::from_millis(5),
            ask: Duration::from_millis(20),
            ..REPORTED
        };
        let watch = FileWatch::with(vec![place.path.clone()], pace, false).expect("a thread");
        for number in 0..20 {
            place.write(&format!("# {number}\n"));
            thread::sleep(Duration::from_millis(30));
        }
        // The last one is looked at before anything is taken.
        thread::sleep(QUIET);
        assert!(watch.waits_for_change(PATIENCE));
        assert!(!watch.waits_for_change(QUIET), "the others were part of it");
    }
}
