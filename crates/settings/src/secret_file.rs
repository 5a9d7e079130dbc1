//! Files that contain one secret on their first line: read up to a limit, replaced atomically, never shown.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::SettingsError;
use crate::files::{Purpose, write_whole};
use model::{Notice, NoticeKind};

/// Largest secret that is read; a larger file must be a different one.
pub(crate) const MAX_SECRET_BYTES: u64 = 16 * 1_024;

/// A secret and the file that contains it.
#[derive(Debug, Clone)]
pub struct SecretFile {
    /// What the file is for, like "the password file".
    what: &'static str,
    path: PathBuf,
    secret: SecretString,
}

impl SecretFile {
    pub(crate) fn read(what: &'static str, path: PathBuf) -> Result<Self, SettingsError> {
        let secret = first_line(what, &path)?.into();
        Ok(Self { what, path, secret })
    }

    /// The path of the file, as it was set.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret that the file contained at the start.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Reads the secret again, because the file may have been changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_again(&self) -> Result<SecretString, SettingsError> {
        Ok(first_line(self.what, &self.path)?.into())
    }

    /// Replaces the secret atomically, in a file that only the owner can read, and flushes it to the disk.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn replace(&self, secret: &SecretString) -> io::Result<()> {
        // If the path is a link, its target is replaced and the link remains.
        let path = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        write_whole(&path, Purpose::State, |file| {
            writeln!(file, "{}", secret.expose_secret())
        })
    }

    /// A notice when other users of the machine can read or write it.
    pub(crate) fn notice(&self) -> Option<Notice> {
        is_open_to_others(&self.path).then(|| Notice {
            kind: NoticeKind::OpenSecretFile,
            text: format!(
                "Other users of this machine can read {} {}; restrict it with chmod 600",
                self.what,
                self.path.display()
            ),
        })
    }
}

/// The first line without its end. Spaces are kept, because a password may begin or end with one.
pub(crate) fn first_line(what: &'static str, path: &Path) -> Result<String, SettingsError> {
    let unreadable = |problem: String| SettingsError::Unreadable {
        what,
        path: path.to_owned(),
        problem,
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(SettingsError::TooLarge {
            what,
            path: path.to_owned(),
            most: "16 KiB",
        });
    }
    // Some editors write a byte order mark, which is not a part of the secret.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match text.lines().next() {
        Some(line) if !line.trim().is_empty() => Ok(line.to_owned()),
        _ => Err(SettingsError::refused(
            format!("{what} {}", path.display()),
            "holds nothing, its first line is empty: write the secret into its first line",
        )),
    }
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    /// Permissions of users who are neither the owner nor in the file's group. A group may share a secret on purpose.
    const OTHERS: u32 = 0o007;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & OTHERS != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
