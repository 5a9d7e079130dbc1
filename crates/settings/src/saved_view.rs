//! The view that an operator left, kept beside what the panel changed: numbers alone, in the owner's file.
//!
//! A view that cannot be read is no view: the wall shows everything, as it does without one.

use std::path::Path;

use toml::{Table, Value};

use super::saved::{self, SaveError};

const SECTION: &str = "view";
/// Farther from the middle than this nothing stands, in world units.
const FARTHEST: f64 = 1e7;
/// World units a pixel: nearer and farther than any wall can be looked at.
const SCALES: std::ops::RangeInclusive<f64> = 1e-5..=1e6;

/// Where somebody looked, of which fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SavedView {
    /// Which feed it was: [`fingerprint`] of its name.
    pub feed: u64,
    /// World position in the middle of the screen.
    pub center: [f64; 2],
    /// World units that one logical pixel covers.
    pub world_per_px: f64,
    /// The rectangle that held the fleet then: least and greatest x and y.
    pub fleet: [f64; 4],
}

/// A number that stands for a name and does not tell it: 64-bit FNV-1a, the same in every version.
pub fn fingerprint(name: &str) -> u64 {
    model::fnv1a(name.as_bytes())
}

/// Keeps a view for the next start, or forgets the one that was kept.
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

/// The view that was kept for this feed; none where there is none, or none that can be used.
pub fn load(path: &Path, feed: u64) -> Option<SavedView> {
    let table = saved::read(path).ok().flatten()?;
    let section = table.get(SECTION)?.as_table()?;
    let coordinate = |number: f64| (-FARTHEST..=FARTHEST).contains(&number).then_some(number);
    let view = SavedView {
        feed: u64::from_str_radix(section.get("feed")?.as_str()?, 16).ok()?,
        center: numbers(section.get("center")?, coordinate)?,
        world_per_px: number(section.get("world_per_px")?).filter(|scale| SCALES.contains(scale))?,
        fleet: numbers(section.get("fleet")?, coordinate)?,
    };
    let [low_x, low_y, high_x, high_y] = view.fleet;
    (view.feed == feed && low_x < high_x && low_y < high_y).then_some(view)
}

fn section(view: &SavedView) -> Table {
    let list = |numbers: &[f64]| Value::Array(numbers.iter().map(|number| Value::Float(*number)).collect());
    Table::from_iter([
        ("feed".to_owned(), Value::String(format!("{:016x}", view.feed))),
        ("center".to_owned(), list(&view.center)),
        ("world_per_px".to_owned(), Value::Float(view.world_per_px)),
        ("fleet".to_owned(), list(&view.fleet)),
    ])
}

fn number(value: &Value) -> Option<f64> {
    value
        .as_float()
        .or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// Exactly so many numbers, each of which passes.
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
        center: [1.5, -20.25],
        world_per_px: 0.05,
        fleet: [-80.0, -40.0, 80.0, 40.0],
    };

    #[test]
    fn a_view_is_kept_beside_what_else_is_kept_and_forgotten_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("opswall").join(saved::FILE_NAME);
        assert_eq!(load(&path, 7), None);
        save(&path, Some(&VIEW)).expect("kept");
        let text = fs::read_to_string(&path).expect("the file");
        fs::write(&path, format!("reconnect_jitter = 0.5\n{text}")).expect("written");
        assert_eq!(load(&path, 7), Some(VIEW));
        assert_eq!(load(&path, 8), None, "another feed's view says nothing of this one");
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
    fn whatever_stands_in_the_file_is_a_view_or_none() {
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
    fn names_are_told_apart_and_the_number_never_changes() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
