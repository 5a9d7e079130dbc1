//! References between code and documents resolve: races, vectors and sections of `docs/realtime-protocol.md` that comments
//! and test names cite, documents that comments name, and the links of every Markdown file.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const PROTOCOL: &str = "docs/realtime-protocol.md";
/// A `§` on a line that names one of these is a section of that standard.
const STANDARDS: [&str; 2] = ["RFC ", "NUREG"];
const SOURCES: [&str; 4] = ["src", "crates", "tests", "benches"];
/// Folders of the repository that documents name paths in.
const FOLDERS: [&str; 8] = [
    "src", "crates", "tests", "benches", "assets", "scripts", "docs", ".config",
];
/// What is built or installed, not written here.
const FOREIGN_FOLDERS: [&str; 3] = ["target", "node_modules", ".git"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Adds the files below a folder whose names have this extension.
fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !FOREIGN_FOLDERS.contains(&name.as_str()) {
                collect(&path, extension, found);
            }
        } else if path.extension().is_some_and(|is| is.to_string_lossy() == extension) {
            found.push(path);
        }
    }
}

fn rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in SOURCES {
        collect(&root().join(folder), "rs", &mut found);
    }
    assert!(found.len() > 100, "only {} source files were found", found.len());
    found
}

fn markdown_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(root(), "md", &mut found);
    assert!(found.len() > 5, "only {} documents were found", found.len());
    found
}

/// The anchors `<a id="…">` of a document, in its order.
fn anchors(text: &str) -> Vec<String> {
    text.split("<a id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// The anchors that a reader's software makes of headings.
fn slugs(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(*letter, ' ' | '-' | '_'))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

/// The numbers of the headings: `12` and `12.4`.
fn sections(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with("## ") || line.starts_with("### "))
        .filter_map(|line| line.trim_start_matches('#').split_whitespace().next())
        .filter(|number| number.starts_with(|letter: char| letter.is_ascii_digit()))
        .map(|number| number.trim_end_matches('.').to_owned())
        .collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit())
}

/// Races (`R9`) and vectors (`V05`, `S09`) named in a text.
fn cited_numbers(text: &str) -> Vec<String> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'))
        .map(|word| word.trim_matches(':'))
        .filter(|word| match word.split_at_checked(1) {
            Some(("R", number)) => is_number(number),
            Some(("V" | "S", number)) => number.len() >= 2 && is_number(number),
            _ => false,
        })
        .map(str::to_owned)
        .collect()
}

/// Races and vectors in the name of a function: `r38_…`, `v05_v06_…`, `v08_to_v13_…`.
fn named_numbers(line: &str) -> Vec<String> {
    let Some(name) = line.trim().strip_prefix("fn ") else {
        return Vec::new();
    };
    name.split('_')
        .take_while(|word| matches!(*word, "to" | "and") || is_number(word.get(1..).unwrap_or_default()))
        .filter_map(|word| {
            let number: u32 = word.get(1..)?.parse().ok()?;
            match word.get(..1)? {
                "r" => Some(format!("R{number}")),
                "v" => Some(format!("V{number:02}")),
                "s" => Some(format!("S{number:02}")),
                _ => None,
            }
        })
        .collect()
}

/// Sections of the protocol's document that a line cites.
fn cited_sections(line: &str) -> Vec<String> {
    if STANDARDS.iter().any(|standard| line.contains(standard)) {
        return Vec::new();
    }
    line.split('§')
        .skip(1)
        .map(|rest| {
            let end = rest
                .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
                .unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default().trim_end_matches('.').to_owned()
        })
        .filter(|number| !number.is_empty())
        .collect()
}

/// Documents that a comment names.
fn cited_documents(comment: &str) -> Vec<&str> {
    comment
        .split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '.' | '/' | '-' | '_')))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.len() > 3 && word.ends_with(".md"))
        .collect()
}

/// The targets of the links of a Markdown text, outside of its listings.
fn links(text: &str) -> Vec<&str> {
    let mut in_listing = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_listing = !in_listing;
        }
        if !in_listing {
            found.extend(line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
        }
    }
    found
}

/// What of a line leads nowhere. `comment`: the part of it in which numbers and documents count.
fn dangling(line: &str, comment: &str, numbers: &BTreeSet<String>, sections: &BTreeSet<String>) -> Vec<String> {
    let unknown_numbers = cited_numbers(comment)
        .into_iter()
        .chain(named_numbers(line))
        .filter(|number| !numbers.contains(number));
    let unknown_sections = cited_sections(line)
        .into_iter()
        .filter(|section| !sections.contains(section))
        .map(|section| format!("§{section}"));
    let unknown_documents = cited_documents(comment)
        .into_iter()
        .filter(|name| !root().join(name).exists() && !root().join("docs").join(name).exists())
        .map(str::to_owned);
    unknown_numbers
        .chain(unknown_sections)
        .chain(unknown_documents)
        .collect()
}

/// Paths in this repository that a Markdown text names as code: `src/frame.rs`.
fn named_paths(text: &str) -> Vec<&str> {
    let mut in_listing = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_listing = !in_listing;
        }
        if !in_listing {
            // Every second piece stands between two backticks.
            found.extend(line.split('`').skip(1).step_by(2).filter(|code| is_path(code)));
        }
    }
    found
}

fn is_path(code: &str) -> bool {
    code.split_once('/')
        .is_some_and(|(folder, _)| FOLDERS.contains(&folder))
        && code
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '.' | '-' | '_'))
}

fn protocol() -> (BTreeSet<String>, BTreeSet<String>) {
    let text = read(&root().join(PROTOCOL));
    (anchors(&text).into_iter().collect(), sections(&text))
}

#[test]
fn every_race_and_vector_has_one_anchor() {
    let anchors = anchors(&read(&root().join(PROTOCOL)));
    let races = (1..=40).map(|number| format!("R{number}"));
    let vectors = (1..=102).map(|number| format!("V{number:02}"));
    let pages = (1..=11).map(|number| format!("S{number:02}"));
    for expected in races.chain(vectors).chain(pages) {
        let times = anchors.iter().filter(|anchor| **anchor == expected).count();
        assert_eq!(times, 1, "{PROTOCOL} has the anchor {expected} {times} times");
    }
}

#[test]
fn what_code_and_tests_cite_exists() {
    let (numbers, sections) = protocol();
    let mut missing = Vec::new();
    for path in rust_files() {
        for (index, line) in read(&path).lines().enumerate() {
            let comment = line.split_once("//").map_or("", |(_, comment)| comment);
            for what in dangling(line, comment, &numbers, &sections) {
                missing.push(format!("{}:{}: {what}", path.display(), index + 1));
            }
        }
    }
    assert!(missing.is_empty(), "cited and not there:\n{}", missing.join("\n"));
}

#[test]
fn what_the_protocols_document_cites_exists() {
    let (numbers, sections) = protocol();
    let text = read(&root().join(PROTOCOL));
    let missing: Vec<String> = text
        .lines()
        .enumerate()
        .flat_map(|(index, line)| {
            dangling(line, line, &numbers, &sections)
                .into_iter()
                .map(move |what| format!("line {}: {what}", index + 1))
        })
        .collect();
    assert!(missing.is_empty(), "cited and not there:\n{}", missing.join("\n"));
}

#[test]
fn links_of_documents_lead_somewhere() {
    let mut missing = Vec::new();
    for path in markdown_files() {
        let text = read(&path);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap_or(root()).join(file),
            };
            let leads = target.exists()
                && (anchor.is_empty() || {
                    let text = read(&target);
                    anchors(&text)
                        .into_iter()
                        .chain(slugs(&text))
                        .any(|known| known == anchor)
                });
            if !leads {
                missing.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "links that lead nowhere:\n{}", missing.join("\n"));
}

#[test]
fn paths_in_documents_exist() {
    let mut missing = Vec::new();
    // The change log names files as they were.
    for path in markdown_files().iter().filter(|path| !path.ends_with("CHANGELOG.md")) {
        let text = read(path);
        for name in named_paths(&text) {
            if !root().join(name).exists() {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "paths that are not there:\n{}", missing.join("\n"));
}

#[test]
fn citations_are_recognised() {
    assert_eq!(
        cited_numbers("older (R39, S09), V11: not Vsn::V1, S3 or R"),
        ["R39", "S09", "V11"]
    );
    assert_eq!(named_numbers("fn v08_to_v13_refused_v2() {"), ["V08", "V13"]);
    assert_eq!(named_numbers("    fn r1_and_r2_nothing() {"), ["R1", "R2"]);
    assert!(named_numbers("fn is_a_name()").is_empty());
    assert_eq!(
        cited_sections("(docs/realtime-protocol.md §2.3, §8.2.)"),
        ["2.3", "8.2"]
    );
    assert!(cited_sections("RFC 6455, §5.2").is_empty());
    assert_eq!(
        cited_documents("see docs/a-b.md, ARCHITECTURE.md."),
        ["docs/a-b.md", "ARCHITECTURE.md"]
    );
    assert_eq!(links("a [b](c.md#d) `e`\n```\n[f](g)\n```"), ["c.md#d"]);
    assert_eq!(named_paths("`src/a.rs` `x` src/b `docs/{a,b}`"), ["src/a.rs"]);
    assert_eq!(slugs("## 12.4 The races, one by one"), ["124-the-races-one-by-one"]);
}
