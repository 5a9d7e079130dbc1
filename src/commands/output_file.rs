//! Files that a command writes at its end. Whether that is possible is checked at its start.

use std::{io, path::Path};

use super::{Failure, failure::write_error};

/// Checks that a file can be written under this name. `what` names it in the error, like "the dump".
///
/// # Errors
/// When its folder does not exist or cannot be written to, or when the name is that of a folder.
pub(super) fn check(what: &str, path: &Path) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let (is_folder, path, folder_name) = (path.is_dir(), path.display(), folder.display());
    if !folder.is_dir() {
        return Err(Failure::Usage(format!(
            "cannot write {what} to {path}: there is no folder {folder_name}; create it or choose another"
        )));
    }
    if is_folder {
        return Err(Failure::Usage(format!(
            "cannot write {what} to {path}: it is a folder; name a file in it"
        )));
    }
    // A file without a name: nothing is left behind, however the process ends.
    tempfile::tempfile_in(folder).map(drop).map_err(|error| {
        let remedy = format!("choose a folder that may be written to instead of {folder_name}");
        Failure::Usage(format!(
            "cannot write {what} to {path}: {}",
            write_error(&error, &remedy)
        ))
    })
}

/// The failure of a write that was expected to succeed.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::Running(format!(
        "cannot write {what} to {}: {}",
        path.display(),
        write_error(error, "choose a file that may be written to")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_written_is_refused_with_the_name_that_was_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("none/dump.jsonl");
        let refused = |path: &Path| check("the dump", path).expect_err("a failure").to_string();
        let sentence = refused(&missing);
        assert!(
            sentence.contains(&missing.display().to_string()) && sentence.contains("there is no folder"),
            "{sentence}"
        );
        assert!(refused(folder.path()).contains("it is a folder"));
        check("the dump", &folder.path().join("dump.jsonl")).expect("it can be written");
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }
}
