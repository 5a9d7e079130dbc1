//! The architecture as a test: who may import whom, what stays in one place, how long a file may be. It reads the
//! source text; ARCHITECTURE.md says why the rules are what they are.

use std::{collections::BTreeSet, fs, path::Path};

use crate::source::Source;

/// What a module at the top of the crate may use besides `std` and itself.
struct Rule {
    module: &'static str,
    /// Modules of this crate; `scene::selection` allows that part of `scene` alone.
    modules: &'static [&'static str],
    /// Crates, as their names are in code.
    crates: &'static [&'static str],
}

/// The table. A line is changed together with ARCHITECTURE.md or not at all.
const RULES: &[Rule] = &[
    // Plain data: no ECS, no sockets, no clock.
    Rule {
        module: "domain",
        modules: &[],
        crates: &["arrayvec", "serde", "serde_json", "jiff"],
    },
    // The protocol without I/O: time and randomness are arguments.
    Rule {
        module: "realtime",
        modules: &["domain"],
        crates: &["serde", "serde_json", "thiserror", "base64", "uuid", "foldhash"],
    },
    // SQL as text; nobody talks to a database here.
    Rule {
        module: "schema",
        modules: &["domain"],
        crates: &["thiserror"],
    },
    // Colours as numbers.
    Rule {
        module: "theme",
        modules: &["domain"],
        crates: &[],
    },
    Rule {
        module: "settings",
        modules: &["domain", "realtime", "files", "theme"],
        crates: &[
            "serde",
            "serde_json",
            "toml",
            "clap",
            "url",
            "secrecy",
            "directories",
            "tempfile",
            "strsim",
            "thiserror",
            "base64",
        ],
    },
    Rule {
        module: "net",
        modules: &["domain", "realtime", "settings"],
        crates: &[
            "tokio",
            "tokio_tungstenite",
            "rustls",
            "rustls_platform_verifier",
            "x509_cert",
            "reqwest",
            "futures_util",
            "crossbeam_channel",
            "url",
            "secrecy",
            "bytes",
            "serde",
            "serde_json",
            "fastrand",
            "foldhash",
            "jiff",
            "log",
            "thiserror",
            "tracing",
        ],
    },
    // A server of its own: nothing of the client, so that a mistake in one cannot hide in the other.
    Rule {
        module: "demo",
        modules: &["domain", "realtime"],
        crates: &[
            "tokio",
            "tokio_tungstenite",
            "futures_util",
            "hyper",
            "hyper_util",
            "http_body_util",
            "bytes",
            "url",
            "serde",
            "serde_json",
            "fastrand",
            "uuid",
            "jiff",
            "base64",
            "ring",
            "thiserror",
            "tracing",
            "crossbeam_channel",
        ],
    },
    Rule {
        module: "cli",
        modules: &["settings"],
        crates: &["clap"],
    },
    Rule {
        module: "messages",
        modules: &["domain", "theme"],
        crates: &["bevy"],
    },
    Rule {
        module: "frame",
        modules: &[],
        crates: &["bevy"],
    },
    Rule {
        module: "connection",
        modules: &["net", "messages", "settings", "domain", "realtime", "frame"],
        crates: &["bevy", "crossbeam_channel", "thiserror"],
    },
    Rule {
        module: "recording",
        modules: &["messages", "domain", "settings"],
        crates: &["bevy", "serde", "serde_json", "jiff", "tempfile", "thiserror"],
    },
    // Rows as entities; what renders is beyond it (`BEVY_PARTS`).
    Rule {
        module: "fleet",
        modules: &["messages", "domain", "frame"],
        crates: &["bevy"],
    },
    Rule {
        module: "layout",
        modules: &["fleet", "messages", "domain", "frame"],
        crates: &["bevy"],
    },
    Rule {
        module: "scene",
        modules: &["layout", "fleet", "messages", "domain", "frame", "third_party", "theme"],
        crates: &["bevy", "bevy_tweening", "bytemuck"],
    },
    // Reads the model, writes intents.
    Rule {
        module: "ui",
        modules: &[
            "connection",
            "fleet",
            "layout",
            "scene::selection",
            "messages",
            "domain",
            "frame",
            "third_party",
            "theme",
        ],
        crates: &["bevy", "bevy_egui", "bevy_tweening", "egui", "jiff", "serde_json"],
    },
    // Reads all, and is imported by nobody but the app and its commands.
    Rule {
        module: "wall",
        modules: &[
            "connection",
            "fleet",
            "layout",
            "scene",
            "ui",
            "messages",
            "domain",
            "settings",
            "frame",
            "third_party",
            "files",
            "theme",
        ],
        // `wgpu_types`: Bevy tells which kind of adapter draws in its words.
        crates: &["bevy", "bevy_egui", "parley", "thiserror", "tempfile", "wgpu_types"],
    },
    Rule {
        module: "files",
        modules: &[],
        crates: &["tempfile"],
    },
    Rule {
        module: "third_party",
        modules: &[],
        crates: &["bevy", "bevy_egui", "egui"],
    },
];

/// Modules that put the others together: they may use everything, and everything else may not use them.
const ASSEMBLERS: &[&str] = &["lib", "main", "commands"];

/// Parts of Bevy that draw, by their first path segment: not for modules that are tested without a GPU.
const DRAWING_PARTS: &[&str] = &[
    "render",
    "sprite",
    "sprite_render",
    "core_pipeline",
    "camera",
    "text",
    "image",
    "gizmos",
    "ui",
    "window",
    "winit",
];
const WITHOUT_DRAWING: &[&str] = &["messages", "frame", "connection", "recording", "fleet", "layout"];

/// Parts of `std` that make a core impure: clocks, sockets, threads, files, the process's surroundings.
const IMPURE_STD: &[&str] = &["net", "thread", "fs", "process", "env", "io"];
const PURE: &[&str] = &["domain", "realtime"];

/// Where colours are written down.
const COLOUR_FILES: &[&str] = &["ui/theme.rs", "scene/palette.rs"];

const MAX_LINES: usize = 400;

fn check(what: &str, mistakes: Vec<String>) {
    assert!(mistakes.is_empty(), "{what}\n\n  {}\n", mistakes.join("\n  "));
}

/// The names of all dependencies, as code says them.
fn dependencies() -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest)
        .expect("the manifest")
        .parse()
        .expect("TOML");
    let dependencies = manifest["dependencies"].as_table().expect("dependencies");
    dependencies.keys().map(|name| name.replace('-', "_")).collect()
}

fn rule(module: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.module == module)
}

/// What is wrong with a file's imports.
fn forbidden(file: &Source, crates: &BTreeSet<String>, all: &[&str]) -> Vec<String> {
    let module = file.module();
    if ASSEMBLERS.contains(&module) {
        return Vec::new();
    }
    let Some(rule) = rule(module) else {
        return vec![format!(
            "src/{}: the module '{module}' has no line in RULES of tests/protocol/architecture.rs: say there what it may use",
            file.path
        )];
    };
    let mut mistakes = Vec::new();
    for name in &file.names {
        let segments: Vec<&str> = name.segments.iter().map(String::as_str).collect();
        let place = format!(
            "src/{}:{}: {} uses {}",
            file.path,
            name.line,
            module,
            segments.join("::")
        );
        match segments.as_slice() {
            ["crate", other, rest @ ..] if *other != module && all.contains(other) => {
                let part = format!("{other}::{}", rest.first().unwrap_or(&""));
                if !rule.modules.contains(other) && !rule.modules.contains(&part.as_str()) {
                    mistakes.push(format!(
                        "{place}: {module} may use {} of this crate; move the shared thing to domain or messages, or \
                         send a message",
                        listed(rule.modules)
                    ));
                }
            }
            ["crate" | "Self", ..] => {}
            ["std", "time", "Instant" | "SystemTime", ..] if PURE.contains(&module) => {
                mistakes.push(format!(
                    "{place}: {module} looks at no clock; take the moment as an argument"
                ));
            }
            ["std", part, ..] if PURE.contains(&module) && IMPURE_STD.contains(part) => {
                mistakes.push(format!(
                    "{place}: {module} does no I/O; take what it brings as an argument"
                ));
            }
            ["bevy", part, ..] if WITHOUT_DRAWING.contains(&module) && DRAWING_PARTS.contains(part) => {
                mistakes.push(format!(
                    "{place}: {module} is tested without a GPU; drawing belongs to scene or ui"
                ));
            }
            [first, ..] if crates.contains(*first) && !rule.crates.contains(first) && !is_local(file, first) => {
                mistakes.push(format!(
                    "{place}: {module} may use the crates {}; do it in the module that owns that crate, or give \
                     {module} the crate in RULES and say why",
                    listed(rule.crates)
                ));
            }
            _ => {}
        }
    }
    mistakes
}

/// Whether the file means a module of its own or its parent's by that name.
fn is_local(file: &Source, name: &str) -> bool {
    [format!("mod {name};"), format!("mod {name} "), format!("super::{name}")]
        .iter()
        .any(|text| file.code.contains(text.as_str()))
        || file.names.iter().any(|other| {
            other.segments.first().is_some_and(|first| first == "crate")
                && other.segments.last().is_some_and(|last| last == name)
        })
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}

fn modules() -> Vec<&'static str> {
    RULES
        .iter()
        .map(|rule| rule.module)
        .chain(ASSEMBLERS.iter().copied())
        .collect()
}

#[test]
fn nobody_imports_what_the_architecture_forbids() {
    let crates = dependencies();
    let modules = modules();
    let mistakes = crate::source::all()
        .iter()
        .flat_map(|file| forbidden(file, &crates, &modules))
        .collect();
    check(
        "Forbidden imports. Data flows one way; ARCHITECTURE.md has the table.",
        mistakes,
    );
}

#[test]
fn files_stay_short_or_say_why_not() {
    let mistakes = crate::source::all()
        .iter()
        .filter(|file| file.lines > MAX_LINES && !file.header.contains("Long because"))
        .map(|file| {
            format!(
                "src/{} has {} lines: split it by concern, or say in its header why it is one piece \
                 (`//! Long because …`)",
                file.path, file.lines
            )
        })
        .collect();
    check(&format!("Files over {MAX_LINES} lines."), mistakes);
}

#[test]
fn every_file_begins_with_what_it_is() {
    let mistakes = crate::source::all()
        .iter()
        .filter(|file| !file.header.starts_with("//! "))
        .map(|file| format!("src/{}: begin it with a line `//! What this is.`", file.path))
        .collect();
    check("Files without a first sentence.", mistakes);
}

/// Whether `FrameSystems` is named other than to join a set, and whose systems are ordered against.
fn order_mistakes(file: &Source) -> Vec<String> {
    let mut mistakes = Vec::new();
    let code = &file.code;
    for (at, _) in code.match_indices("FrameSystems::") {
        if !code[..at].trim_end().ends_with("in_set(") {
            mistakes.push(format!(
                "src/{}:{}: FrameSystems is ordered here; say only `.in_set(FrameSystems::…)`, the order is frame.rs's",
                file.path,
                file.line_of(at)
            ));
        }
    }
    for call in [".after(", ".before("] {
        for (at, _) in code.match_indices(call) {
            let argument = code[at + call.len()..]
                .split([')', ',', '<'])
                .next()
                .unwrap_or_default()
                .trim();
            if let Some(other) = owner(file, argument) {
                mistakes.push(format!(
                    "src/{}:{}: {call}{argument}) orders against {other}; join another FrameSystems set instead",
                    file.path,
                    file.line_of(at)
                ));
            }
        }
    }
    mistakes
}

/// The other module of this crate that a name in a file comes from.
fn owner(file: &Source, argument: &str) -> Option<String> {
    let segments: Vec<&str> = argument.split("::").map(str::trim).collect();
    let first = segments.first()?;
    let modules = modules();
    if *first == "crate" {
        return segments
            .get(1)
            .filter(|other| **other != file.module())
            .map(|other| (*other).to_owned());
    }
    file.names
        .iter()
        .filter(|name| name.segments.first().is_some_and(|root| root == "crate"))
        .filter(|name| name.segments.last().is_some_and(|last| last == first))
        .filter_map(|name| name.segments.get(1))
        .find(|top| *top != file.module() && modules.contains(&top.as_str()))
        .cloned()
}

#[test]
fn the_order_across_features_is_said_in_one_place() {
    let mistakes = crate::source::all()
        .iter()
        .filter(|file| file.path != "frame.rs" && file.code.contains("bevy"))
        .flat_map(order_mistakes)
        .collect();
    check("Order across features outside src/frame.rs.", mistakes);
}

fn colour_mistakes(file: &Source) -> Vec<String> {
    let mut mistakes = Vec::new();
    let makers = [
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
    for maker in makers {
        for (at, _) in file.code.match_indices(maker) {
            let arguments = file.code[at..]
                .split_once('(')
                .map_or("", |(_, rest)| rest)
                .trim_start();
            // Conversions of a colour that came from the theme are no new colour. A blanked literal is empty here.
            if arguments.starts_with(|c: char| c.is_ascii_digit() || matches!(c, ')' | '.' | '-')) {
                mistakes.push(format!(
                    "src/{}:{}: {maker}…(…) writes a colour down; name it in {} and use the name",
                    file.path,
                    file.line_of(at),
                    COLOUR_FILES.join(" or ")
                ));
            }
        }
    }
    mistakes
}

#[test]
fn colours_are_written_down_in_one_file_for_panels_and_one_for_the_scene() {
    let mistakes = crate::source::all()
        .iter()
        .filter(|file| !COLOUR_FILES.contains(&file.path.as_str()))
        .flat_map(colour_mistakes)
        .collect();
    check("Colours outside the theme.", mistakes);
}

// The test tested: each rule must be able to fail.

fn mistakes_of(path: &str, text: &str) -> Vec<String> {
    let file = crate::source::parse(path.to_owned(), text);
    let mut mistakes = forbidden(&file, &dependencies(), &modules());
    mistakes.extend(order_mistakes(&file));
    mistakes.extend(colour_mistakes(&file));
    mistakes
}

#[test]
fn every_way_to_import_is_seen() {
    for (path, text) in [
        ("domain/a.rs", "use bevy::prelude::*;"),
        ("domain/a.rs", "fn f() { crate::net::go(); }"),
        ("domain/a.rs", "use std::time::{Duration, Instant};"),
        ("domain/a/b.rs", "use super::super::super::settings::Vsn;"),
        ("realtime/a.rs", "use std::{sync::Arc, net::TcpStream};"),
        ("realtime/a.rs", "use tokio::time::sleep;"),
        ("scene/a.rs", "use crate::{domain::{Kind, Status}, ui::theme as paint};"),
        ("scene/a.rs", "pub(in crate::ui) fn f() {}"),
        ("ui/a.rs", "use crate::scene::palette;"),
        ("ui/a.rs", "fn f() -> ::bevy::X { reqwest::get() }"),
        ("fleet/a.rs", "use bevy::{prelude::*, render::RenderApp};"),
        ("cli.rs", "use crate::demo::Options;"),
        ("layout/a.rs", "use crate::wall::kiosk;"),
        ("settings/a.rs", "use crate::commands::config;"),
        ("brand_new.rs", ""),
        (
            "fleet/a.rs",
            "fn p(app: &mut App) { app.configure_sets(Update, (FrameSystems::Place, X).chain()); }",
        ),
        ("scene/a.rs", "use crate::fleet::apply; fn p() { draw.after(apply); }"),
        ("scene/a.rs", "fn p() { draw.before(crate::layout::write); }"),
        ("scene/a.rs", "const C: Color = Color::srgb(0.1, 0.2, 0.3);"),
        ("ui/a.rs", "const C: Color32 = Color32::from_rgb(1, 2, 3);"),
    ] {
        assert!(!mistakes_of(path, text).is_empty(), "{path}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_accused() {
    for (path, text) in [
        (
            "domain/a.rs",
            "// use bevy::x;\n/* crate::net::y */ const T: &str = \"crate::ui::z\"; const C: char = '\"';",
        ),
        (
            "domain/a.rs",
            "const T: &str = r#\"a \"crate::ui::x\" b\"#; use serde_json::Value; use super::Kind;",
        ),
        (
            "domain/mapping/a.rs",
            "use super::{cell::{self, Cells}, words}; fn f<'a>(x: &'a str) -> impl Fn() + use<'a> {}",
        ),
        (
            "net/a.rs",
            "use crate::{domain::Kind, realtime::{Action, Input}, settings::Vsn};",
        ),
        (
            "settings/load.rs",
            "use super::url; fn f() { url::shown(); std::fs::read(p); }",
        ),
        (
            "ui/a.rs",
            "use crate::scene::selection::Selection; fn f() { x.after(own); Color32::from_rgb(r, g, b) }",
        ),
        (
            "scene/a.rs",
            "fn p() { s.in_set(FrameSystems::Draw).after(super::marks::MarksDrawn).before(TransformSystems::Propagate) }",
        ),
        (
            "commands/wall.rs",
            "use crate::{net::Worker, ui::theme, demo::Server}; use bevy::prelude::*;",
        ),
        ("main.rs", "use opswall::commands::config;"),
    ] {
        assert_eq!(mistakes_of(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}
