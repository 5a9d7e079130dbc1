//! Whether a file is the one that was looked at before: what the system says of it, without reading it, and the way to it
//! over symbolic links.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What the system says of a file or folder at a path, links followed. Two equal stamps mean that nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    identity: Identity,
    bytes: u64,
    modified: Option<SystemTime>,
    /// When its content or its permissions last changed, in nanoseconds since the epoch. No program can set this time, while
    /// some copy the time of the last modification.
    #[cfg(unix)]
    changed_ns: i128,
}

/// Which file it is, whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Device and inode; on other systems the time of its creation.
    #[cfg(unix)]
    place: (u64, u64),
    #[cfg(not(unix))]
    place: Option<SystemTime>,
}

impl Stamp {
    /// `None` when there is nothing at the path.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self {
            identity: identity(&about),
            bytes: about.len(),
            modified: about.modified().ok(),
            #[cfg(unix)]
            changed_ns: {
                use std::os::unix::fs::MetadataExt as _;
                i128::from(about.ctime()) * 1_000_000_000 + i128::from(about.ctime_nsec())
            },
        })
    }

    /// Which file it is.
    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }
}

fn identity(about: &Metadata) -> Identity {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Identity {
            place: (about.dev(), about.ino()),
        }
    }
    #[cfg(not(unix))]
    Identity {
        place: about.created().ok(),
    }
}

/// Most links that are followed from one path, as many as systems follow at least.
const MAX_LINKS: usize = 16;

/// A path, and where it leads if it is a symbolic link: the last one is the file itself, also when it does not exist.
pub(crate) fn followed(path: &Path) -> Vec<PathBuf> {
    let mut paths = vec![path.to_owned()];
    while paths.len() <= MAX_LINKS {
        let next = paths.last().and_then(|link| {
            let target = fs::read_link(link).ok()?;
            // Joining an absolute path replaces the folder.
            Some(link.parent()?.join(target))
        });
        let Some(next) = next else { break };
        paths.push(next);
    }
    paths
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_followed_to_its_file_also_where_that_is_missing_or_the_links_are_a_circle() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        symlink("second", at("first")).expect("a link");
        symlink(at("file"), at("second")).expect("a link");
        assert_eq!(followed(&at("first")), [at("first"), at("second"), at("file")]);
        assert_eq!(followed(&at("file")), [at("file")]);
        symlink("b", at("a")).expect("a link");
        symlink("a", at("b")).expect("a link");
        assert_eq!(followed(&at("a")).len(), MAX_LINKS + 1);
    }

    #[test]
    fn a_stamp_differs_after_a_write_and_a_replacement() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        assert_eq!(Stamp::of(&path), None);
        fs::write(&path, "one").expect("written");
        let one = Stamp::of(&path).expect("a file");
        assert_eq!(Stamp::of(&path), Some(one));
        fs::write(&path, "three").expect("written");
        let three = Stamp::of(&path).expect("a file");
        assert_ne!(three, one);
        assert_eq!(three.identity(), one.identity());
        fs::write(folder.path().join("new"), "three").expect("written");
        fs::rename(folder.path().join("new"), &path).expect("renamed");
        assert_ne!(Stamp::of(&path).expect("a file").identity(), one.identity());
    }
}
