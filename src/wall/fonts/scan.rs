//! The search through the system's fonts: bounded, and only the best file of each script is kept.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use parley::fontique::{Blob, Collection, CollectionOptions, FontStyle};

use super::script::{EMOJI, Script};

/// Deepest folder, most files, and most bytes of one file that are read.
const MOST_DEPTH: usize = 6;
const MOST_FILES: usize = 4_000;
const MOST_BYTES: u64 = 96 * 1_024 * 1_024;

/// A font that has some of the scripts.
#[derive(Debug)]
pub(super) struct Found {
    /// The missing scripts that it covers.
    pub(super) scripts: Vec<&'static Script>,
    /// The name of its family.
    pub(super) family: String,
    /// The file that contains it.
    pub(super) path: PathBuf,
    /// The index of the font in its file.
    pub(super) index: u32,
    /// The contents of the file.
    pub(super) bytes: Arc<Vec<u8>>,
}

/// The best font so far of one script; less is better.
#[derive(Debug, Clone, PartialEq)]
struct Best {
    rank: u32,
    family: String,
    path: PathBuf,
    index: u32,
}

/// Finds a font for each of the scripts.
pub(super) fn find(scripts: &[&'static Script]) -> Vec<Found> {
    let mut best: Vec<Option<Best>> = vec![None; scripts.len()];
    for path in files(&folders()) {
        if let Some(bytes) = read(&path) {
            weigh(scripts, &path, bytes, &mut best);
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for (script, best) in scripts.iter().zip(best) {
        let Some(best) = best else { continue };
        if let Some(same) = found
            .iter_mut()
            .find(|one| one.path == best.path && one.index == best.index)
        {
            same.scripts.push(script);
        } else if let Some(bytes) = read(&best.path) {
            found.push(Found {
                scripts: vec![script],
                family: best.family,
                path: best.path,
                index: best.index,
                bytes: Arc::new(bytes),
            });
        }
    }
    found
}

/// Where systems keep fonts.
fn folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let data = std::env::var_os("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from);
    let windows = std::env::var_os("WINDIR").map(|folder| PathBuf::from(folder).join("Fonts"));
    let mut folders = vec![
        data.join("fonts"),
        home.join(".fonts"),
        home.join("Library/Fonts"),
        "/usr/local/share/fonts".into(),
        "/usr/share/fonts".into(),
        "/Library/Fonts".into(),
        "/System/Library/Fonts".into(),
    ];
    folders.extend(windows);
    folders.retain(|folder| folder.is_absolute());
    folders
}

/// The font files in some folders, in a fixed order.
fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open: Vec<(PathBuf, usize)> = folders.iter().rev().map(|folder| (folder.clone(), 0)).collect();
    while let Some((folder, depth)) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).take(MOST_FILES).collect();
        inside.sort();
        for path in inside {
            if path.is_dir() {
                if depth < MOST_DEPTH {
                    open.push((path, depth + 1));
                }
            } else if is_font(&path) && files.len() < MOST_FILES {
                files.push(path);
            }
        }
    }
    files
}

fn is_font(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["ttf", "otf", "ttc", "otc"]
            .into_iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let size = fs::metadata(path).ok()?.len();
    (size <= MOST_BYTES).then(|| fs::read(path).ok()).flatten()
}

/// Replaces the best fonts so far by those of a file that rank better.
fn weigh(scripts: &[&'static Script], path: &Path, bytes: Vec<u8>, best: &mut [Option<Best>]) {
    let blob = Blob::new(Arc::new(bytes) as _);
    let mut alone = Collection::new(CollectionOptions {
        shared: false,
        system_fonts: false,
    });
    for (family, fonts) in alone.register_fonts(blob.clone(), None) {
        let family = alone.family_name(family).unwrap_or_default().to_owned();
        for font in fonts {
            let Some(letters) = font.charmap_index().charmap(blob.as_ref()) else {
                continue;
            };
            for (script, best) in scripts.iter().zip(best.iter_mut()) {
                let has_all = script
                    .samples
                    .iter()
                    .all(|letter| letters.map(*letter).is_some_and(|glyph| glyph != 0));
                if !has_all {
                    continue;
                }
                let is_upright = font.style() == FontStyle::Normal;
                let rank = rank(&family, font.weight().value(), is_upright, script.tag == EMOJI);
                if best.as_ref().is_none_or(|best| rank < best.rank) {
                    *best = Some(Best {
                        rank,
                        family: family.clone(),
                        path: path.to_owned(),
                        index: font.index(),
                    });
                }
            }
        }
    }
}

/// The distance of a font from the preferred one: upright, regular, without serifs, of one design for all scripts.
fn rank(family: &str, weight: f32, is_upright: bool, is_emoji: bool) -> u32 {
    let family = family.to_lowercase();
    let has = |word: &str| family.contains(word);
    let mut rank = (weight - 400.0).abs().min(900.0) as u32;
    for (bad, cost) in [
        (!is_upright, 2_000),
        (has("mono") && !is_emoji, 400),
        (has("serif") && !has("sans"), 500),
        (has("condensed") || has("narrow"), 300),
        (!has("sans") && !is_emoji, 150),
        (!has("noto"), 100),
        (is_emoji && !has("emoji"), 1_000),
    ] {
        if bad {
            rank += cost;
        }
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::super::script::SCRIPTS;
    use super::*;

    #[test]
    fn the_plain_upright_font_is_preferred() {
        let best = rank("Noto Sans Arabic", 400.0, true, false);
        for (family, weight, is_upright) in [
            ("Noto Sans Arabic", 700.0, true),
            ("Noto Sans Arabic", 400.0, false),
            ("Noto Serif", 400.0, true),
            ("DejaVu Sans Mono", 400.0, true),
            ("DejaVu Sans", 400.0, true),
        ] {
            assert!(best < rank(family, weight, is_upright, false), "{family}");
        }
        assert!(rank("Noto Color Emoji", 400.0, true, true) < rank("DejaVu Sans", 400.0, true, true));
    }

    #[test]
    fn files_that_are_no_fonts_are_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in [("a.ttf", &b"no font"[..]), ("b.otf", &[]), ("c.txt", b"text")] {
            fs::write(folder.path().join(name), bytes).expect("written");
        }
        fs::create_dir(folder.path().join("d.ttf")).expect("a folder that looks like a font");
        let files = files(&[folder.path().to_owned(), folder.path().join("missing")]);
        assert_eq!(files.len(), 2);
        let scripts: Vec<&'static Script> = SCRIPTS.iter().collect();
        let mut best = vec![None; scripts.len()];
        for path in files {
            weigh(&scripts, &path, read(&path).expect("readable"), &mut best);
        }
        assert!(best.iter().all(Option::is_none));
    }

    #[test]
    fn a_font_is_taken_for_what_it_has() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/fonts/FiraSans-Regular.ttf");
        let scripts: Vec<&'static Script> = SCRIPTS.iter().collect();
        let mut best = vec![None; scripts.len()];
        weigh(&scripts, &path, read(&path).expect("readable"), &mut best);
        assert!(
            best.iter().all(Option::is_none),
            "it has none of those that are looked for: {best:?}"
        );
    }
}
