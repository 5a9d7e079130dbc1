//! Rules of the root package that neither Cargo nor clippy enforces: which feature may use which, that order across
//! systems is declared in `src/frame.rs` alone, and that colours are written down in one place.
//!
//! The checks read lines of text, comments excluded. Between crates Cargo enforces the direction, and `clippy.toml`
//! files keep clocks and I/O out of the pure crates.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which features of `src/` a feature may use. Data flows from `connection` to `scene`; `ui` and `wall` read.
const MAY_USE: &[(&str, &[&str])] = &[
    ("frame", &[]),
    ("messages", &[]),
    ("actions", &["messages", "frame"]),
    ("third_party", &[]),
    ("connection", &["messages", "frame"]),
    ("fleet", &["messages", "frame"]),
    ("editor", &["connection", "messages", "frame"]),
    ("layout", &["fleet", "messages", "frame"]),
    ("search", &["fleet", "messages", "frame", "actions"]),
    ("table", &["fleet", "search", "messages", "frame"]),
    (
        "scene",
        &[
            "layout",
            "fleet",
            "search",
            "messages",
            "frame",
            "actions",
            "third_party",
        ],
    ),
    (
        "views",
        &["layout", "scene", "search", "table", "messages", "frame", "actions"],
    ),
    (
        "ui",
        &[
            "connection",
            "editor",
            "fleet",
            "layout",
            "scene::selection",
            "search",
            "table",
            "views",
            "messages",
            "frame",
            "actions",
            "third_party",
        ],
    ),
    (
        "wall",
        &[
            "connection",
            "editor",
            "fleet",
            "layout",
            "scene",
            "search",
            "table",
            "views",
            "ui",
            "messages",
            "frame",
            "third_party",
        ],
    ),
];

/// Files that may write a colour down: the panels' colours and the scene's.
const COLOUR_FILES: &[&str] = &["ui/theme.rs", "scene/palette.rs"];

/// Calls that make a colour from numbers.
const COLOUR_MAKERS: &[&str] = &[
    "Color32::from_",
    "Color::srgb",
    "Color::linear_rgb",
    "Color::hsl",
    "Color::hsv",
    "Color::oklch",
    "Srgba::new",
    "Srgba::rgb",
    "Srgba::hex",
    "LinearRgba::new",
    "LinearRgba::rgb",
];

/// Whether a line orders systems or sets: by `.chain()` (an iterator's takes an argument), or by `.before` or `.after`
/// with nothing but a path as the argument (a method of another type takes more than that).
fn orders(line: &str) -> bool {
    let is_path = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
        end.is_some_and(|end| end > 0 && rest[end..].starts_with(')'))
    };
    line.contains(".chain()")
        || [".before(", ".after("]
            .iter()
            .any(|call| line.split(call).skip(1).any(is_path))
}

struct SourceFile {
    /// Relative to `src/`, with `/`.
    path: String,
    /// Line number and text of each line that is not a comment.
    lines: Vec<(usize, String)>,
    first_line: String,
}

impl SourceFile {
    fn new(path: &str, text: &str) -> Self {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line.to_owned()))
            .collect();
        Self {
            path: path.to_owned(),
            lines,
            first_line: text.lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// The feature that the file belongs to: `scene` for `scene/camera/mod.rs`, `frame` for `frame.rs`.
    fn feature(&self) -> &str {
        let top = self.path.split('/').next().unwrap_or_default();
        top.strip_suffix(".rs").unwrap_or(top)
    }
}

/// Every Rust file below `src/`.
fn source_files() -> Vec<SourceFile> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let relative = path.strip_prefix(&root).expect("below src").to_string_lossy();
            SourceFile::new(&relative.replace('\\', "/"), &fs::read_to_string(path).expect("text"))
        })
        .collect()
}

/// The features of this package that a line names: `use crate::…` with a group over several lines included, because
/// rustfmt puts each member at the start of a line of its own.
fn uses(file: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_group = false;
    for (number, line) in &file.lines {
        let trimmed = line.trim_start();
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(members) => {
                    found.extend(members.split(['{', ',']).map(|member| (*number, path_of(member))));
                }
                None => found.push((*number, path_of(rest))),
            }
        }
        if in_group {
            found.push((*number, path_of(trimmed)));
        }
        if trimmed.contains("use crate::{") && !trimmed.contains(';') {
            in_group = true;
        } else if in_group && trimmed.starts_with("};") {
            in_group = false;
        }
    }
    found
}

/// The path at the start of a text: `scene::selection` of `scene::selection::Selection, …`.
fn path_of(text: &str) -> String {
    let end = text
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':')
        .unwrap_or(text.len());
    text[..end].trim_end_matches(':').to_owned()
}

fn forbidden_uses(file: &SourceFile) -> Vec<String> {
    let Some((_, allowed)) = MAY_USE.iter().find(|(feature, _)| *feature == file.feature()) else {
        return Vec::new();
    };
    uses(file)
        .into_iter()
        .filter(|(_, path)| {
            let top = path.split("::").next().unwrap_or_default();
            let is_feature = MAY_USE.iter().any(|(feature, _)| *feature == top);
            let is_allowed = allowed
                .iter()
                .any(|allowed| top == *allowed || path.starts_with(&format!("{allowed}::")) || path == allowed);
            is_feature && top != file.feature() && !is_allowed
        })
        .map(|(line, path)| format!("src/{}:{line}: {} may not use {path}", file.path, file.feature()))
        .collect()
}

fn order_outside_frame(file: &SourceFile) -> Vec<String> {
    // A work-around orders itself within the dependency that it is for.
    if file.path == "frame.rs" || file.feature() == "third_party" {
        return Vec::new();
    }
    file.lines
        .iter()
        .filter(|(_, line)| orders(line))
        .map(|(line, text)| {
            format!(
                "src/{}:{line}: {}: declare a set for it in src/frame.rs",
                file.path,
                text.trim()
            )
        })
        .collect()
}

fn colours_outside_theme(file: &SourceFile) -> Vec<String> {
    if COLOUR_FILES.contains(&file.path.as_str()) {
        return Vec::new();
    }
    file.lines
        .iter()
        .filter(|(_, line)| {
            COLOUR_MAKERS.iter().any(|maker| {
                line.split(maker).skip(1).any(|rest| {
                    // Converting a colour that came from the theme is allowed; writing numbers is not.
                    let arguments = rest.split_once('(').map_or("", |(_, arguments)| arguments.trim_start());
                    arguments.starts_with(|letter: char| letter.is_ascii_digit() || matches!(letter, '"' | '.' | '-'))
                })
            })
        })
        .map(|(line, text)| {
            format!(
                "src/{}:{line}: {}: give the colour a name in {}",
                file.path,
                text.trim(),
                COLOUR_FILES.join(" or ")
            )
        })
        .collect()
}

fn assert_none(mistakes: Vec<String>) {
    assert!(mistakes.is_empty(), "\n  {}\n", mistakes.join("\n  "));
}

#[test]
fn features_use_only_what_comes_before_them() {
    assert_none(source_files().iter().flat_map(forbidden_uses).collect());
}

#[test]
fn order_across_systems_is_declared_in_frame_alone() {
    assert_none(source_files().iter().flat_map(order_outside_frame).collect());
}

#[test]
fn colours_are_written_down_in_one_place() {
    assert_none(source_files().iter().flat_map(colours_outside_theme).collect());
}

#[test]
fn every_file_begins_with_a_line_that_says_what_it_is() {
    let mistakes = source_files()
        .iter()
        .filter(|file| !file.first_line.starts_with("//! "))
        .map(|file| format!("src/{}", file.path))
        .collect();
    assert_none(mistakes);
}

#[test]
fn each_check_finds_what_it_forbids() {
    let scene = "use crate::{\n    messages::Intent,\n    ui::theme,\n};\n";
    assert_eq!(forbidden_uses(&SourceFile::new("scene/a.rs", scene)).len(), 1);
    for (path, text) in [
        ("fleet/a.rs", "use crate::layout::Place;"),
        ("layout/a.rs", "fn f() { crate::wall::run(); }"),
        ("ui/a.rs", "use crate::scene::palette;"),
        ("messages.rs", "use crate::{connection::X, frame::Y};"),
    ] {
        assert!(
            !forbidden_uses(&SourceFile::new(path, text)).is_empty(),
            "{path}: {text}"
        );
    }
    assert!(!order_outside_frame(&SourceFile::new("ui/a.rs", "x.in_set(A).after(B)")).is_empty());
    assert!(!order_outside_frame(&SourceFile::new("ui/a.rs", "(a, b).chain()")).is_empty());
    assert!(!colours_outside_theme(&SourceFile::new("ui/a.rs", "Color32::from_rgb(1, 2, 3)")).is_empty());
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (path, text) in [
        ("ui/a.rs", "use crate::scene::selection::Selection;"),
        (
            "scene/a.rs",
            "use crate::{fleet::Key, scene::render};\n// crate::ui is a comment",
        ),
        ("commands/a.rs", "use crate::{wall, ui};"),
    ] {
        assert_none(forbidden_uses(&SourceFile::new(path, text)));
    }
    assert_none(order_outside_frame(&SourceFile::new("ui/a.rs", "a.iter().chain(b)")));
    assert_none(order_outside_frame(&SourceFile::new(
        "ui/a.rs",
        "budget.after(time.delta())",
    )));
    assert_none(colours_outside_theme(&SourceFile::new(
        "ui/a.rs",
        "Color32::from_rgb(r, g, b)",
    )));
}
