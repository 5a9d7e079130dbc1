//! What the parts of the code may use: the modules of the scene use only those before them, the city plan is geometry that
//! knows nothing else, and the journal depends on the model alone. And how long a file may be.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The modules of `src/scene` in the order of its first comment. Those of one line may use each other.
const SCENE: [&[&str]; 6] = [
    &["selection", "motion", "palette", "text_scale", "layers"],
    &["pinch", "pointer", "camera", "detail"],
    &["marks", "links", "trail", "ties"],
    &["highlight", "picking", "follow", "concerns", "matches", "neighbours"],
    &["labels"],
    &["render"],
];

/// What a crate below `crates/` depends on.
const DEPENDENCIES: [(&str, &[&str]); 2] = [
    ("plan", &["foldhash", "glam"]),
    ("journal", &["foldhash", "hashbrown", "model"]),
];

/// Lines of the longest file.
const MOST_LINES: usize = 800;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file and shader below a folder of the repository.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            let extension = path.extension().unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if extension == "rs" || extension == "wgsl" {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The paths that a tree of a `use` names: `a::b` and `a::c::d` of `a::{b, c::d}`.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, group)) = tree.split_once('{') else {
        return vec![tree.trim().to_owned()];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut members, mut depth) = (vec![String::new()], 0_usize);
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match members.last_mut() {
            Some(member) if letter != ',' || depth > 0 => member.push(letter),
            _ => members.push(String::new()),
        }
    }
    members
        .iter()
        .filter(|member| !member.trim().is_empty())
        .flat_map(|member| paths(member))
        .map(|path| format!("{}{path}", before.trim()))
        .collect()
}

/// The modules of the scene that a file of it uses. `file` is relative to `src/scene`.
fn used_modules(file: &str, text: &str) -> Vec<String> {
    let folders = file.trim_end_matches("mod.rs").trim_end_matches(".rs");
    let depth = folders.trim_end_matches('/').split('/').count();
    // From a module of the scene, its parent is the scene; from one below that, the parent's parent.
    let scene = "super::".repeat(depth);
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let own = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    own.split("use ")
        .skip(1)
        .filter_map(|rest| rest.split_once(';').map(|(tree, _)| tree))
        .flat_map(paths)
        .filter_map(|path| {
            let within = path
                .strip_prefix(&scene)
                .or_else(|| path.strip_prefix("crate::scene::"))?;
            Some(within.split("::").next()?.to_owned())
        })
        .collect()
}

fn rank(module: &str) -> Option<usize> {
    SCENE.iter().position(|line| line.contains(&module))
}

/// Modules of the scene that a file uses although they come after its own.
fn later(file: &str, text: &str) -> Vec<String> {
    let own = file.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let Some(own) = rank(own) else {
        return Vec::new();
    };
    let used = used_modules(file, text).into_iter();
    used.filter(|module| rank(module).is_some_and(|used| used > own))
        .collect()
}

#[test]
fn modules_of_the_scene_use_only_those_before_them() {
    let scene = root().join("src/scene");
    let mut mistakes = Vec::new();
    let mut modules = 0;
    for path in sources("src/scene") {
        let file = path
            .strip_prefix(&scene)
            .expect("below it")
            .to_string_lossy()
            .replace('\\', "/");
        let own = file.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        assert!(own == "mod" || rank(own).is_some(), "{file} is in no line of `SCENE`");
        let text = fs::read_to_string(&path).expect("text");
        modules += used_modules(&file, &text).len();
        for module in later(&file, &text) {
            mistakes.push(format!("src/scene/{file} uses {module}, which comes after it"));
        }
    }
    assert!(modules > 50, "only {modules} uses were found");
    assert!(mistakes.is_empty(), "\n  {}\n", mistakes.join("\n  "));
}

#[test]
fn uses_of_later_modules_are_found_however_they_are_written() {
    for (file, text) in [
        ("camera/mod.rs", "use super::{layers, marks::Marks};"),
        ("camera/controller/tests.rs", "use super::super::super::picking::x;"),
        (
            "marks/rows.rs",
            "use crate::{\n    fleet::Key,\n    scene::{camera::View, labels::tile},\n};",
        ),
        ("palette.rs", "use super::pointer::Pointer;"),
    ] {
        assert_eq!(later(file, text).len(), 1, "{file}: {text}");
    }
    for (file, text) in [
        ("render/mirror.rs", "use crate::scene::{links::Links, ties::ShownTies};"),
        (
            "marks/rows.rs",
            "use super::{mark::Mark, store::Layer};\n// use crate::scene::render;",
        ),
        ("labels/pool.rs", "use super::super::camera::View;"),
    ] {
        assert!(later(file, text).is_empty(), "{file}: {text}");
    }
}

#[test]
fn the_city_plan_and_the_journal_depend_on_little() {
    for (name, expected) in DEPENDENCIES {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).expect("text");
        let (_, rest) = manifest.split_once("[dependencies]\n").expect("it has dependencies");
        let own: Vec<&str> = rest
            .lines()
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| !name.is_empty())
            .collect();
        assert_eq!(own, expected, "crates/{name}");
    }
}

#[test]
fn no_file_is_too_long_to_be_one_subject() {
    let folders = ["src", "crates", "tests", "benches", "assets/shaders"];
    let files: Vec<PathBuf> = folders.into_iter().flat_map(sources).collect();
    assert!(files.len() > 300, "only {} files were found", files.len());
    for path in files {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        assert!(
            lines <= MOST_LINES,
            "{} has {lines} lines of {MOST_LINES}",
            path.display()
        );
    }
}
