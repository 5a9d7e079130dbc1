//! The crate's own source, read as far as the architecture test needs: code without comments and literals, and every
//! path that it names.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file under `src/`.
pub struct Source {
    /// Relative to `src/`, with `/`.
    pub path: String,
    /// The `//!` lines at its head.
    pub header: String,
    pub lines: usize,
    /// The code with comments and literals blanked; lines stay where they were.
    pub code: String,
    /// Paths that the code names, uses expanded.
    pub names: Vec<Name>,
}

/// A path of two segments or more, from where it starts: `crate::…`, a crate's name, or the crate root after `super`s
/// have been followed (then it begins with `crate` too).
pub struct Name {
    pub line: usize,
    pub segments: Vec<String>,
}

impl Source {
    /// The module at the top that the file belongs to: `scene` for `scene/camera/mod.rs`, `lib` for `lib.rs`.
    pub fn module(&self) -> &str {
        let top = self.path.split('/').next().unwrap_or_default();
        top.strip_suffix(".rs").unwrap_or(top)
    }

    pub fn line_of(&self, offset: usize) -> usize {
        line_of(&self.code, offset)
    }
}

/// Every Rust file of the crate.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("readable source");
            let relative = path
                .strip_prefix(&root)
                .expect("below src")
                .to_string_lossy()
                .replace('\\', "/");
            parse(relative, &text)
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

pub fn parse(path: String, text: &str) -> Source {
    let header = text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .collect::<Vec<_>>()
        .join("\n");
    let code = blank(text);
    let names = names(&path, &code);
    Source {
        lines: text.lines().count(),
        path,
        header,
        code,
        names,
    }
}

/// Comments, texts and characters become spaces of the same length.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match &bytes[at..] {
            [b'/', b'/', ..] => at + text[at..].find('\n').unwrap_or(text.len() - at),
            [b'/', b'*', ..] => comment_end(bytes, at),
            [b'"', ..] => text_end(bytes, at),
            [b'r', rest @ ..] if is_raw_text(rest) && !follows_word(bytes, at) => raw_text_end(text, at),
            // A character, not a lifetime.
            [b'\'', b'\\', _, rest @ ..] => at + 4 + rest.iter().position(|b| *b == b'\'').unwrap_or(0),
            [b'\'', rest @ ..] => match std::str::from_utf8(rest).ok().and_then(|rest| rest.chars().next()) {
                Some(c) if rest.get(c.len_utf8()) == Some(&b'\'') => at + c.len_utf8() + 2,
                _ => at,
            },
            _ => at,
        };
        for byte in &mut out[at..end.max(at)] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_raw_text(after_r: &[u8]) -> bool {
    let hashes = after_r.iter().take_while(|b| **b == b'#').count();
    after_r.get(hashes) == Some(&b'"')
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is one too; the `b` is left standing.
    at > 0 && is_word(bytes[at - 1]) && !(bytes[at - 1] == b'b' && (at == 1 || !is_word(bytes[at - 2])))
}

fn raw_text_end(text: &str, start: usize) -> usize {
    let hashes = text[start + 1..].bytes().take_while(|b| *b == b'#').count();
    let close = format!("\"{}", "#".repeat(hashes));
    let body = start + hashes + 2;
    text[body..]
        .find(&close)
        .map_or(text.len(), |end| body + end + close.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn line_of(code: &str, offset: usize) -> usize {
    code.as_bytes()[..offset].iter().filter(|b| **b == b'\n').count() + 1
}

/// A word or a sign with its place.
struct Token<'c> {
    text: &'c str,
    at: usize,
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let bytes = code.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        if is_word(bytes[at]) {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
        } else if bytes[at..].starts_with(b"::") {
            at += 2;
        } else {
            at += code[at..].chars().next().map_or(1, char::len_utf8);
        }
        if let Some(text) = code.get(start..at).filter(|text| !text.trim().is_empty()) {
            tokens.push(Token { text, at: start });
        }
    }
    tokens
}

fn is_name(token: &Token<'_>) -> bool {
    token
        .text
        .bytes()
        .next()
        .is_some_and(|b| is_word(b) && !b.is_ascii_digit())
}

fn names(path: &str, code: &str) -> Vec<Name> {
    let tokens = tokens(code);
    let mut found: Vec<(usize, Vec<String>)> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let previous = at.checked_sub(1).map(|before| tokens[before].text);
        if token.text == "use" && tokens.get(at + 1).is_some_and(|next| next.text != "<") {
            at = use_tree(&tokens, at + 1, &mut Vec::new(), &mut found);
        } else if is_name(token) && previous != Some("::") && tokens.get(at + 1).is_some_and(|t| t.text == "::") {
            let start = token.at;
            let mut segments = vec![token.text.to_owned()];
            while tokens.get(at + 1).is_some_and(|t| t.text == "::") && tokens.get(at + 2).is_some_and(is_name) {
                segments.push(tokens[at + 2].text.to_owned());
                at += 2;
            }
            found.push((start, segments));
            at += 1;
        } else {
            at += 1;
        }
    }
    let module = module_path(path);
    found
        .into_iter()
        .filter_map(|(offset, segments)| {
            let segments = from_root(&module, segments)?;
            let line = line_of(code, offset);
            (segments.len() > 1).then_some(Name { line, segments })
        })
        .collect()
}

/// Reads one branch of a `use` tree; returns where it ends.
fn use_tree(
    tokens: &[Token<'_>],
    mut at: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let depth = prefix.len();
    let start = tokens.get(at).map_or(0, |token| token.at);
    while let Some(token) = tokens.get(at) {
        match token.text {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = use_tree(tokens, at, prefix, found);
                    if tokens.get(at).is_some_and(|token| token.text == ",") {
                        at += 1;
                    }
                }
                prefix.truncate(depth);
                return at + 1;
            }
            "as" => at += 2,
            "," | "}" | ";" => break,
            text => {
                prefix.push(text.to_owned());
                at += 1;
            }
        }
    }
    found.push((start, prefix.clone()));
    prefix.truncate(depth);
    // The statement's end is the caller's only at the top.
    at + usize::from(depth == 0 && tokens.get(at).is_some_and(|token| token.text == ";"))
}

/// `scene/camera/rig.rs` → `[scene, camera, rig]`.
fn module_path(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    if matches!(segments.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        segments.pop();
    }
    segments
}

/// Follows `super` and `self`. `None` for what leads nowhere outside the file.
fn from_root(module: &[String], segments: Vec<String>) -> Option<Vec<String>> {
    match segments.first().map(String::as_str) {
        Some("self") => None,
        Some("super") => {
            let ups = segments.iter().take_while(|segment| *segment == "super").count();
            let base = module.len().checked_sub(ups)?;
            let mut whole = vec!["crate".to_owned()];
            whole.extend_from_slice(&module[..base]);
            whole.extend_from_slice(&segments[ups..]);
            Some(whole)
        }
        // The binary's name for the library.
        Some("opswall") => {
            let mut whole = segments;
            whole[0] = "crate".to_owned();
            Some(whole)
        }
        _ => Some(segments),
    }
}
