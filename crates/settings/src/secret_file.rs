//! Files that hold one secret on their first line: read within bounds, replaced whole, never shown.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::SettingsError;
use crate::files::{Purpose, write_whole};
use model::{Notice, NoticeKind};

/// Longer than any secret; a file of that size is another file.
pub(crate) const MAX_SECRET_BYTES: u64 = 16 * 1_024;

/// A secret and the file that it stands in.
#[derive(Debug, Clone)]
pub struct SecretFile {
    /// As in "the password file".
    what: &'static str,
    path: PathBuf,
    secret: SecretString,
}

impl SecretFile {
    pub(crate) fn read(what: &'static str, path: PathBuf) -> Result<Self, SettingsError> {
        let secret = first_line(what, &path)?.into();
        Ok(Self { what, path, secret })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What stood in it at the start.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// What stands in it now: somebody may have written a new one.
    pub fn read_again(&self) -> Result<SecretString, SettingsError> {
        Ok(first_line(self.what, &self.path)?.into())
    }

    /// Writes a new secret in the place of the old one, in one step, for the owner's eyes only. Once this returns it
    /// outlives a loss of power.
    pub fn replace(&self, secret: &SecretString) -> io::Result<()> {
        // Where the path is a link, what it points at is replaced and the link stays.
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

/// The first line without its end. Spaces belong to it: a password may begin or end with one.
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
    // Editors of one system put a mark there that is no part of the text.
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
    /// Everybody who is neither the owner nor of the file's group: a group is often there to share a secret.
    const OTHERS: u32 = 0o007;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & OTHERS != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
