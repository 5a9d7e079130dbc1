//! JSON as lines that can be folded. Only what is shown is read: a line is read once, when it is first shown.

use std::{borrow::Cow, collections::HashSet, fmt::Write as _, ops::Range};

use model::{Cell, Quoted, Scan, is_masked, short};

/// Most lines of one tree.
pub const MOST_LINES: usize = 10_000;
/// Values that are nested deeper are shown as one line.
const MOST_DEPTH: u8 = 32;
/// Most paths that are unfolded.
const MOST_OPEN: usize = 1_000;
/// Bytes of a name that are shown and that are a part of a path.
const MAX_NAME_BYTES: usize = 256;

/// A list or an object as lines. It has its own copy of the JSON text, so that it can be kept from frame to frame; what is
/// unfolded is kept when the value is replaced by a newer one.
#[derive(Debug, Clone)]
pub struct Tree {
    text: Box<str>,
    /// The lines that were read so far, a beginning of all.
    entries: Vec<Entry>,
    is_whole: bool,
    open: HashSet<String>,
}

/// A line as it is kept.
#[derive(Debug, Clone)]
struct Entry {
    /// The line of the list or object that it is in; `None` for the outermost.
    parent: Option<usize>,
    /// Which item or field of that.
    nth: u32,
    depth: u8,
    /// Where its name is in the text, without quotes; `None` for an item of a list.
    name: Option<Range<usize>>,
    is_masked: bool,
    /// Where its value begins in the text.
    value: usize,
    is_foldable: bool,
    is_open: bool,
}

/// A line of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How deeply it is nested, from 0.
    pub depth: usize,
    /// The name of a field; the position of an item, from 0.
    pub name: String,
    /// The value as one line, texts within quotes; of what is unfolded the bracket that opens it.
    pub value: String,
    /// Whether it can be unfolded and folded.
    pub is_foldable: bool,
    /// Whether what it contains is shown below it.
    pub is_open: bool,
    /// Its place as a JSON pointer (RFC 6901), `/lines/0/sku`. Of a name the first 256 bytes.
    pub path: String,
}

impl Tree {
    /// The tree of a list or an object, of which the first level is shown; `None` for any other value.
    pub fn new(value: &Cell<'_>) -> Option<Self> {
        Some(Self {
            text: value.nested()?.into(),
            entries: Vec::new(),
            is_whole: false,
            open: HashSet::new(),
        })
    }

    /// Replaces the value. What was unfolded stays so where the same paths exist. Any other value than a list or an object
    /// is shown as an empty one.
    pub fn replace(&mut self, value: &Cell<'_>) {
        let text = value.nested().unwrap_or("[]");
        if *self.text != *text {
            self.text = text.into();
            self.entries.clear();
            self.is_whole = false;
        }
    }

    /// Folds or unfolds a line; nothing happens where that cannot be.
    pub fn toggle(&mut self, line: usize) {
        let path = self.path(line);
        let has_room = self.open.len() < MOST_OPEN;
        let Some(entry) = self.entries.get_mut(line).filter(|entry| entry.is_foldable) else {
            return;
        };
        if entry.is_open {
            self.open.remove(&path);
        } else if has_room {
            self.open.insert(path);
        } else {
            return;
        }
        entry.is_open = !entry.is_open;
        self.entries.truncate(line + 1);
        self.is_whole = false;
    }

    /// The lines of a range, as far as they exist, with values of at most `most` characters. All lines up to the end of
    /// the range are read, unless they have been.
    pub fn lines(&mut self, range: Range<usize>, most: usize) -> impl Iterator<Item = Line> {
        self.read(range.end);
        let known = range.start.min(self.entries.len())..range.end.min(self.entries.len());
        known.filter_map(move |at| self.line(at, most))
    }

    /// How many lines there are, counted up to `most`.
    pub fn count(&mut self, most: usize) -> usize {
        self.read(most);
        self.entries.len().min(most)
    }

    /// Whether lines are left out because there are more than [`MOST_LINES`]. Known once so many were read.
    pub fn is_cut(&self) -> bool {
        self.entries.len() >= MOST_LINES && !self.is_whole
    }

    fn read(&mut self, lines: usize) {
        while self.entries.len() < lines.min(MOST_LINES) && !self.is_whole {
            match self.next_entry() {
                Some(entry) => self.entries.push(entry),
                None => self.is_whole = true,
            }
        }
    }

    fn scan(&self, at: usize) -> Scan<'_> {
        Scan::new(self.text.get(at..).unwrap_or_default())
    }

    /// The position of a scan of this text.
    fn at(&self, scan: &Scan<'_>) -> usize {
        self.text.len() - scan.rest().len()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The line behind the last one that was read.
    fn next_entry(&self) -> Option<Entry> {
        let (mut scan, mut parent, mut nth) = match self.entries.last() {
            None => (self.scan(1), None, 0),
            Some(last) if last.is_open => (self.scan(last.value + 1), Some(self.entries.len() - 1), 0),
            Some(last) => {
                let mut scan = self.scan(last.value);
                scan.value()?;
                (scan, last.parent, last.nth.saturating_add(1))
            }
        };
        loop {
            scan.space();
            let _ = scan.byte(b',');
            scan.space();
            if !matches!(scan.peek()?, b']' | b'}') {
                break;
            }
            scan.skip(1);
            let closed = self.entries.get(parent?)?;
            (parent, nth) = (closed.parent, closed.nth.saturating_add(1));
        }
        let within = parent.and_then(|parent| self.entries.get(parent));
        let mut name = None;
        let mut is_secret = false;
        if self.byte(within.map_or(0, |parent| parent.value)) == Some(b'{') {
            let start = self.at(&scan) + 1;
            let quoted = scan.string()?;
            is_secret = is_masked(&quoted.text());
            name = Some(start..start + quoted.inner.len());
            scan.space();
            scan.byte(b':')?;
            scan.space();
        }
        let value = self.at(&scan);
        let depth = within.map_or(0, |parent| parent.depth + 1);
        let mut entry = Entry {
            parent,
            nth,
            depth,
            name,
            is_masked: is_secret,
            value,
            is_foldable: !is_secret && depth + 1 < MOST_DEPTH && self.has_members(value),
            is_open: false,
        };
        entry.is_open = entry.is_foldable && !self.open.is_empty() && self.open.contains(&self.path_of(&entry));
        Some(entry)
    }

    fn has_members(&self, value: usize) -> bool {
        let mut inner = self.scan(value + 1);
        inner.space();
        matches!(self.byte(value), Some(b'{' | b'[')) && !matches!(inner.peek(), None | Some(b'}' | b']'))
    }

    /// The name of a line, of which a long one is cut.
    fn name(&self, entry: &Entry) -> Cow<'_, str> {
        let Some(range) = entry.name.clone() else {
            return Cow::Owned(entry.nth.to_string());
        };
        let inner = self.text.get(range).unwrap_or_default();
        let inner = inner
            .get(..inner.floor_char_boundary(MAX_NAME_BYTES))
            .unwrap_or_default();
        let escaped = inner.contains('\\');
        Quoted {
            opened: inner,
            inner,
            escaped,
        }
        .text()
    }

    fn path(&self, line: usize) -> String {
        self.entries
            .get(line)
            .map_or_else(String::new, |entry| self.path_of(entry))
    }

    fn path_of(&self, entry: &Entry) -> String {
        let mut steps = vec![self.name(entry)];
        let mut parent = entry.parent;
        while let Some(entry) = parent.and_then(|parent| self.entries.get(parent)) {
            steps.push(self.name(entry));
            parent = entry.parent;
        }
        steps.iter().rev().fold(String::new(), |mut path, step| {
            // Writing into a text does not fail.
            let _ = write!(path, "/{}", step.replace('~', "~0").replace('/', "~1"));
            path
        })
    }

    fn line(&self, at: usize, most: usize) -> Option<Line> {
        let entry = self.entries.get(at)?;
        let value = if entry.is_masked {
            short::MASK.to_owned()
        } else if entry.is_open {
            self.text.get(entry.value..=entry.value).unwrap_or_default().to_owned()
        } else {
            short::of_json(self.text.get(entry.value..).unwrap_or_default(), most, &is_masked)
        };
        Some(Line {
            depth: usize::from(entry.depth),
            name: short::of_text(&self.name(entry), most).into_owned(),
            value,
            is_foldable: entry.is_foldable,
            is_open: entry.is_open,
            path: self.path_of(entry),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> Tree {
        Tree::new(&Cell::from_json(json).expect("a value")).expect("a list or an object")
    }

    /// The lines as text: indented, `+` or `-` before what can be unfolded or folded.
    fn shown(tree: &mut Tree) -> Vec<String> {
        tree.lines(0..usize::MAX, 40)
            .map(|line| {
                let sign = match (line.is_foldable, line.is_open) {
                    (false, _) => "",
                    (true, false) => "+",
                    (true, true) => "-",
                };
                format!("{}{sign}{}: {}", " ".repeat(line.depth), line.name, line.value)
            })
            .collect()
    }

    fn paths(tree: &mut Tree) -> Vec<String> {
        tree.lines(0..usize::MAX, 40).map(|line| line.path).collect()
    }

    const ORDER: &str =
        r#"{ "city": "Bonn", "lines": [ {"sku":"x-1","count":4}, 5 ], "api_key": {"a":1}, "empty": [ ], "n": null }"#;

    #[test]
    fn lines_are_those_of_what_is_unfolded() {
        let mut tree = tree(ORDER);
        let folded = [
            "city: \"Bonn\"",
            "+lines: [{sku: \"x-1\", count: 4}, 5]",
            "api_key: ••••••",
            "empty: []",
            "n: null",
        ];
        assert_eq!(shown(&mut tree), folded);
        tree.toggle(1);
        tree.toggle(0);
        tree.toggle(100);
        assert_eq!(
            shown(&mut tree)[..4],
            ["city: \"Bonn\"", "-lines: [", " +0: {sku: \"x-1\", count: 4}", " 1: 5"]
        );
        tree.toggle(2);
        assert_eq!(
            shown(&mut tree),
            [
                "city: \"Bonn\"",
                "-lines: [",
                " -0: {",
                "  sku: \"x-1\"",
                "  count: 4",
                " 1: 5",
                "api_key: ••••••",
                "empty: []",
                "n: null"
            ]
        );
        assert_eq!(
            paths(&mut tree)[2..6],
            ["/lines/0", "/lines/0/sku", "/lines/0/count", "/lines/1"]
        );
        tree.toggle(1);
        assert_eq!(shown(&mut tree), folded);
        tree.toggle(1);
        assert_eq!(tree.count(100), 9, "what was unfolded within it still is");
        assert_eq!(tree.count(3), 3);
    }

    #[test]
    fn what_was_unfolded_stays_so_in_a_newer_value() {
        let mut tree = tree(ORDER);
        let _ = tree.count(10);
        tree.toggle(1);
        tree.replace(&Cell::from_json(r#"{"a/b~":1,"lines":[7]}"#).expect("a value"));
        assert_eq!(shown(&mut tree), ["a/b~: 1", "-lines: [", " 0: 7"]);
        assert_eq!(paths(&mut tree), ["/a~1b~0", "/lines", "/lines/0"]);
        tree.replace(&Cell::Null);
        assert!(shown(&mut tree).is_empty());
        assert!(Tree::new(&Cell::Text("x".into())).is_none());
        assert!(shown(&mut self::tree("{}")).is_empty());
    }

    #[test]
    fn hostile_json_is_bounded() {
        let mut wide = tree(&format!("[{}1]", "[1],".repeat(200_000)));
        assert_eq!(wide.count(usize::MAX), MOST_LINES);
        assert!(wide.is_cut());
        for line in (0..MOST_LINES).rev() {
            wide.toggle(line);
        }
        assert!(wide.open.len() <= MOST_OPEN);
        assert_eq!(wide.count(usize::MAX), MOST_LINES);

        let mut deep = tree(&format!("{}1{}", "[".repeat(124), "]".repeat(124)));
        for line in 0..200 {
            let _ = deep.count(line + 1);
            deep.toggle(line);
        }
        assert_eq!(deep.count(usize::MAX), usize::from(MOST_DEPTH));
        assert!(!deep.is_cut());

        let name = "é\\n".repeat(100_000);
        let mut long = tree(&format!("{{\"{name}\":\"{name}\",\"{name}token\":2}}"));
        let lines: Vec<Line> = long.lines(0..10, 50).collect();
        assert!(
            lines
                .iter()
                .all(|line| line.name.chars().count() <= 50 && line.value.chars().count() <= 50)
        );
        assert!(lines.iter().all(|line| line.path.len() <= 2 * MAX_NAME_BYTES));
        assert_eq!(lines[1].value, short::MASK, "the whole name decides");
    }

    #[test]
    fn the_lines_that_are_shown_do_not_wait_for_the_rest() {
        let mut tree = tree(&format!("{{\"a\":1,\"big\":[{}1],\"c\":2}}", "1,".repeat(500_000)));
        let first: Vec<Line> = tree.lines(0..2, 20).collect();
        assert_eq!(first[1].value, "[1, 1, 1, 1, 1, 1,…");
        assert_eq!(tree.entries.len(), 2);
        assert_eq!(shown(&mut tree).last().map(String::as_str), Some("c: 2"));
    }
}
