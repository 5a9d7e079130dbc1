//! The camera's view, saved in the state file. It contains numbers only.
//!
//! A view that cannot be read is ignored: the wall then shows everything, as it does without one.

use std::path::Path;

use toml::{Table, Value};

use super::saved::{self, SaveError};

const SECTION: &str = "view";
/// Largest coordinate of a view, in world units.
const FARTHEST: f64 = 1e7;
/// World units per pixel: a wider range than the camera has.
const SCALES: std::ops::RangeInclusive<f64> = 1e-5..=1e6;

/// The camera's view of a feed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SavedView {
    /// The feed: [`fingerprint`] of its name.
    pub feed: u64,
    /// Where it looks.
    pub camera: Camera,
}

/// Where a camera looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// World position in the middle of the screen.
    pub center: [f64; 2],
    /// World units that one logical pixel covers.
    pub world_per_px: f64,
    /// Bounds of the fleet at that time: smallest x and y, largest x and y.
    pub fleet: [f64; 4],
}

/// A number that identifies a name without containing it: 64-bit FNV-1a, the same in every version.
pub fn fingerprint(name: &str) -> u64 {
    model::fnv1a(name.as_bytes())
}

/// Saves a view for the next start, or removes the saved one.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &Path, view: Option<&SavedView>) -> Result<(), SaveError> {
    saved::change(path, |table| {
        match view {
            Some(view) => table.insert(SECTION.to_owned(), Value::Table(section(view))),
            None => table.remove(SECTION),
        };
    })
}

/// The saved view of this feed; `None` when there is none, or none that can be used.
pub fn load(path: &Path, feed: u64) -> Option<SavedView> {
    let table = saved::read(path).ok().flatten()?;
    let section = table.get(SECTION)?.as_table()?;
    let view = SavedView {
        feed: u64::from_str_radix(section.get("feed")?.as_str()?, 16).ok()?,
        camera: camera_of(section)?,
    };
    (view.feed == feed).then_some(view)
}

fn section(view: &SavedView) -> Table {
    let mut section = camera_section(&view.camera);
    section.insert("feed".to_owned(), Value::String(format!("{:016x}", view.feed)));
    section
}

/// A camera as it is written.
pub(crate) fn camera_section(camera: &Camera) -> Table {
    let list = |numbers: &[f64]| Value::Array(numbers.iter().map(|number| Value::Float(*number)).collect());
    Table::from_iter([
        ("center".to_owned(), list(&camera.center)),
        ("world_per_px".to_owned(), Value::Float(camera.world_per_px)),
        ("fleet".to_owned(), list(&camera.fleet)),
    ])
}

/// A camera as it was written; `None` where its numbers cannot be those of one.
pub(crate) fn camera_of(section: &Table) -> Option<Camera> {
    let coordinate = |number: f64| (-FARTHEST..=FARTHEST).contains(&number).then_some(number);
    let camera = Camera {
        center: numbers(section.get("center")?, coordinate)?,
        world_per_px: number(section.get("world_per_px")?).filter(|scale| SCALES.contains(scale))?,
        fleet: numbers(section.get("fleet")?, coordinate)?,
    };
    let [low_x, low_y, high_x, high_y] = camera.fleet;
    (low_x < high_x && low_y < high_y).then_some(camera)
}

fn number(value: &Value) -> Option<f64> {
    value
        .as_float()
        .or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// A list of exactly `N` numbers that all pass the check.
fn numbers<const N: usize>(value: &Value, check: impl Fn(f64) -> Option<f64>) -> Option<[f64; N]> {
    let list = value.as_array().filter(|list| list.len() == N)?;
    let numbers: Option<Vec<f64>> = list.iter().map(|value| number(value).and_then(&check)).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const VIEW: SavedView = SavedView {
        feed: 7,
        camera: Camera {
            center: [1.5, -20.25],
            world_per_px: 0.05,
            fleet: [-80.0, -40.0, 80.0, 40.0],
        },
    };

    #[test]
    fn a_view_is_saved_and_removed_without_changing_other_saved_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("opswall").join(saved::FILE_NAME);
        assert_eq!(load(&path, 7), None);
        save(&path, Some(&VIEW)).expect("kept");
        let text = fs::read_to_string(&path).expect("the file");
        fs::write(&path, format!("reconnect_jitter = 0.5\n{text}")).expect("written");
        assert_eq!(load(&path, 7), Some(VIEW));
        assert_eq!(load(&path, 8), None, "a view belongs to one feed");
        save(&path, None).expect("forgotten");
        assert_eq!(load(&path, 7), None);
        let text = fs::read_to_string(&path).expect("the file");
        assert!(text.contains("reconnect_jitter = 0.5"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn any_file_gives_a_valid_view_or_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(saved::FILE_NAME);
        save(&path, Some(&VIEW)).expect("kept");
        let good = fs::read_to_string(&path).expect("the file");
        let whole = good.replace("[1.5, -20.25]", "[1, -20]");
        fs::write(&path, &whole).expect("written");
        assert!(whole != good && load(&path, 7).is_some(), "whole numbers are numbers");
        for (part, spoilt) in [
            ("[1.5, -20.25]", "[nan, 0.0]"),
            ("[1.5, -20.25]", "[inf, 0.0]"),
            ("[1.5, -20.25]", "[1e300, 0.0]"),
            ("[1.5, -20.25]", "[1.5]"),
            ("[1.5, -20.25]", "[1.5, 2.0, 3.0]"),
            ("[1.5, -20.25]", "\"middle\""),
            ("0.05", "0.0"),
            ("0.05", "-0.05"),
            ("0.05", "1e30"),
            ("0.05", "nan"),
            ("[-80.0, -40.0, 80.0, 40.0]", "[80.0, -40.0, -80.0, 40.0]"),
            ("\"0000000000000007\"", "7"),
            ("\"0000000000000007\"", "\"seven\""),
            ("[view]", "[[view]]"),
            ("[view]", "[other]"),
        ] {
            assert!(good.contains(part), "{good}");
            fs::write(&path, good.replace(part, spoilt)).expect("written");
            assert_eq!(load(&path, 7), None, "{spoilt}");
        }
        for broken in ["\u{0}", "view = ", "view = 7", &"[".repeat(100_000)] {
            fs::write(&path, broken).expect("written");
            assert_eq!(load(&path, 7), None);
        }
        save(&path, Some(&VIEW)).expect("and it can be replaced");
        assert_eq!(load(&path, 7), Some(VIEW));
    }

    #[test]
    fn the_fingerprint_of_a_name_never_changes() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
