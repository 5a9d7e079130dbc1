//! Files are written atomically: a reader finds either the old content or the new one.

use std::{fs::File, io, path::Path};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For the user: with the permissions of any new file, and not flushed to the disk.
    Output,
    /// For the next start: readable by the owner only (mode 0600), whatever the permissions of the old file were, and
    /// flushed to the disk.
    State,
    /// For the user and the next start: with the permissions and the owner of the file that it replaces, or those of any
    /// new file, and flushed to the disk.
    Kept,
}

/// Fills a new file in the folder of `path` and renames it to `path`.
///
/// # Errors
/// When the file cannot be written; the old file then remains.
pub fn write_whole(path: &Path, purpose: Purpose, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".opswall-");
    #[cfg(unix)]
    if purpose != Purpose::State {
        // Temporary files are private by default; the process's umask still applies.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    fill(file.as_file_mut())?;
    if purpose == Purpose::Kept
        && let Ok(old) = std::fs::metadata(path)
    {
        keep_owner(file.as_file(), &old);
        file.as_file().set_permissions(old.permissions())?;
    }
    let is_flushed = purpose != Purpose::Output;
    if is_flushed {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    if is_flushed {
        sync_folder(folder);
    }
    Ok(())
}

/// Gives a file the owner and the group of another one, where that is permitted. Where it is not, the file belongs to the
/// user who runs opswall, as every new file.
fn keep_owner(file: &File, old: &std::fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let is_same = file
            .metadata()
            .is_ok_and(|new| (new.uid(), new.gid()) == (old.uid(), old.gid()));
        if !is_same {
            let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, old);
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Flushes the folder, without which the new name can be lost. Some file systems refuse to flush folders; the file's
/// content is on the disk in any case.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        write_whole(&path, Purpose::Output, |file| file.write_all(b"old")).expect("written");
        let failed = write_whole(&path, Purpose::Output, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).expect("the old file"), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_kept_file_has_the_permissions_of_the_one_it_replaces() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings");
        for mode in [0o640, 0o600, 0o664] {
            write_whole(&path, Purpose::Output, |file| file.write_all(b"old")).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            write_whole(&path, Purpose::Kept, |file| file.write_all(b"new")).expect("written");
            let now = std::fs::metadata(&path).expect("the file").permissions().mode();
            assert_eq!(now & 0o777, mode);
            assert_eq!(std::fs::read(&path).expect("the file"), b"new");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_state_file_is_private_even_when_it_replaces_a_public_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        write_whole(&path, Purpose::Output, |file| file.write_all(b"open")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("opened");
        write_whole(&path, Purpose::State, |file| file.write_all(b"private")).expect("written");
        let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
