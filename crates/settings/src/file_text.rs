//! Changes one value in the text of a settings file. Everything else stays as it is, byte for byte.
//!
//! The places are those of the parser that also reads the file. `toml_edit` is not used: it writes the whole text anew, with
//! other line ends, dotted keys in another order and a line end that the last line did not have.

use std::{borrow::Cow, ops::Range};

use toml_parser::{
    Source,
    parser::{Event, EventKind, RecursionGuard, parse_document},
};

/// How deep lists and inline tables may be nested: the limit of the parser that reads the file.
const MAX_DEPTH: u32 = 80;

/// The text with another value of a key that stands before all sections; the key is added where the text has none. `value`
/// is TOML. The text must be valid TOML: of another one, the result is not either.
pub(crate) fn with_value(text: &str, key: &str, value: &str) -> String {
    let head = Head::of(text);
    if let Some((_, place)) = head.values.iter().find(|(known, _)| known == key) {
        return spliced(text, place.clone(), value);
    }
    let (at, line) = insertion(text, &head, key, value);
    spliced(text, at..at, &line)
}

/// The part of a text before its first section.
#[derive(Debug, Default)]
struct Head<'t> {
    /// The keys without dots, with the places of their values.
    values: Vec<(Cow<'t, str>, Range<usize>)>,
    /// The places of comments between the entries.
    comments: Vec<Range<usize>>,
    /// Where the last entry ends.
    last: Option<usize>,
    /// Where the first section begins.
    section: Option<usize>,
}

impl<'t> Head<'t> {
    fn of(text: &'t str) -> Self {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut events: Vec<Event> = Vec::with_capacity(tokens.len());
        let mut collect = |event| events.push(event);
        parse_document(&tokens, &mut RecursionGuard::new(&mut collect, MAX_DEPTH), &mut ());
        let mut head = Self::default();
        let mut keys: Vec<Cow<'t, str>> = Vec::new();
        let mut depth = 0_usize;
        let mut begin = 0;
        for event in &events {
            let span = event.span();
            match event.kind() {
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                    head.section = Some(span.start());
                    break;
                }
                EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                    if depth == 0 {
                        begin = span.start();
                    }
                    depth += 1;
                }
                EventKind::ArrayClose | EventKind::InlineTableClose => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        head.entry(&mut keys, begin..span.end());
                    }
                }
                // What is inside a list or an inline table belongs to its value.
                _ if depth > 0 => {}
                EventKind::Comment => head.comments.push(span.start()..span.end()),
                EventKind::SimpleKey => {
                    let mut key = Cow::Borrowed("");
                    if let Some(raw) = source.get(event) {
                        raw.decode_key(&mut key, &mut ());
                    }
                    keys.push(key);
                }
                EventKind::Scalar => head.entry(&mut keys, span.start()..span.end()),
                _ => {}
            }
        }
        head
    }

    /// Adds an entry whose key was read before its value.
    fn entry(&mut self, keys: &mut Vec<Cow<'t, str>>, value: Range<usize>) {
        self.last = Some(value.end);
        let key = keys.pop();
        // A dotted key is a part of a table: no setting that is written here.
        if let Some(key) = key.filter(|_| keys.is_empty()) {
            self.values.push((key, value));
        }
        keys.clear();
    }
}

/// Where a key is added, and its line: under the comment that shows it, as the example file has one for each setting; or
/// below the last entry; or before the first section and the comments that stand directly above it.
fn insertion(text: &str, head: &Head<'_>, key: &str, value: &str) -> (usize, String) {
    let end = if text
        .lines()
        .next()
        .is_some_and(|line| text.get(line.len()..).is_some_and(|rest| rest.starts_with("\r\n")))
    {
        "\r\n"
    } else {
        "\n"
    };
    let entry = format!("{key} = {value}{end}");
    let shows_key = |place: &&Range<usize>| {
        let comment = text.get((*place).clone()).unwrap_or_default().trim_start_matches('#');
        let is_whole_line = text
            .get(line_start(text, place.start)..place.start)
            .is_some_and(|before| before.trim().is_empty());
        let shown = comment.split_once('=').map(|(name, _)| name.trim());
        is_whole_line && shown == Some(key)
    };
    let shown = head.comments.iter().find(shows_key).map(|place| place.end);
    if let Some(after) = shown.or(head.last) {
        return match line_end(text, after) {
            Some(at) => (at, entry),
            None => (text.len(), format!("{end}{entry}")),
        };
    }
    let Some(section) = head.section else {
        let is_ended = text.is_empty() || text == BYTE_ORDER_MARK || text.ends_with('\n');
        let before = if is_ended { "" } else { end };
        return (text.len(), format!("{before}{entry}"));
    };
    let mut at = line_start(text, section);
    while let Some(above) = at.checked_sub(1).map(|above| line_start(text, above)) {
        let is_comment = text
            .get(above..at)
            .is_some_and(|line| line.trim_start().starts_with('#'));
        if !is_comment || above == at {
            break;
        }
        at = above;
    }
    (at, format!("{entry}{end}"))
}

/// Some editors begin a text with it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Where the line of this place begins, behind a byte order mark.
fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    match before.rfind('\n') {
        Some(newline) => newline + 1,
        None if before.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
        None => 0,
    }
}

/// Where the next line after this place begins; `None` in a last line that does not end.
fn line_end(text: &str, at: usize) -> Option<usize> {
    let newline = text.get(at..)?.find('\n')?;
    Some(at + newline + 1)
}

fn spliced(text: &str, place: Range<usize>, with: &str) -> String {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    format!("{before}{with}{after}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_replaced_and_its_comment_stays() {
        let text = "# mine\ntheme  =  'light'   # bright room\nurl = \"x\"\n";
        let changed = with_value(text, "theme", "\"dark\"");
        assert_eq!(changed, "# mine\ntheme  =  \"dark\"   # bright room\nurl = \"x\"\n");
        let quoted = with_value("\"theme\" = \"light\"", "theme", "\"dark\"");
        assert_eq!(quoted, "\"theme\" = \"dark\"");
    }

    #[test]
    fn a_text_that_is_nested_too_deeply_ends_without_an_overflow() {
        let text = format!("a = {}\n", "[".repeat(200_000));
        assert!(with_value(&text, "theme", "1").contains("theme = 1"));
    }

    #[test]
    fn a_new_key_stands_under_the_comment_that_shows_it_or_below_the_last_entry() {
        let value = "\"dark\"";
        for (text, wanted) in [
            ("", "theme = \"dark\"\n"),
            ("url = 1", "url = 1\ntheme = \"dark\"\n"),
            ("url = 1 # it\n\n[auth]\n", "url = 1 # it\ntheme = \"dark\"\n\n[auth]\n"),
            (
                "# Colours.\n#theme = \"light\"\n# Next.\nurl = 1\n",
                "# Colours.\n#theme = \"light\"\ntheme = \"dark\"\n# Next.\nurl = 1\n",
            ),
            (
                "# Head.\n\n# Words.\n[status]\n",
                "# Head.\n\ntheme = \"dark\"\n\n# Words.\n[status]\n",
            ),
            ("[status]\n#theme = 1\n", "theme = \"dark\"\n\n[status]\n#theme = 1\n"),
            ("\u{feff}[status]\n", "\u{feff}theme = \"dark\"\n\n[status]\n"),
            ("url = 1\r\n[auth]\r\n", "url = 1\r\ntheme = \"dark\"\r\n[auth]\r\n"),
            ("# only a remark", "# only a remark\ntheme = \"dark\"\n"),
            (
                "u = 1 #theme = 2\nnote = \"\"\"\n#theme = 3\n[x]\n\"\"\"\nv = [\n  #theme = 4\n]\n",
                "u = 1 #theme = 2\nnote = \"\"\"\n#theme = 3\n[x]\n\"\"\"\nv = [\n  #theme = 4\n]\ntheme = \"dark\"\n",
            ),
        ] {
            assert_eq!(with_value(text, "theme", value), wanted, "{text:?}");
        }
    }

    /// Lines before the first section, each at most once.
    fn entries() -> impl Strategy<Value = Vec<&'static str>> {
        let lines = vec![
            "",
            "   ",
            "# theme = \"light\"",
            "#theme = 'x'  # twice",
            "# Grüße, [no.section]",
            "a.b = 1",
            "c = 2   # c",
            "a.d = 3",
            "list = [ 1, # one\n  2,\n]",
            "inline = { theme = \"x\", y = [1] }",
            "many = \"\"\"\n#theme = 1\n[fake]\ntheme = 2\n\"\"\"",
            "raw = '''\nquadratic = '' '''",
            "\ttabbed\t=\t0x1F",
            "\"quoted key\" = 1979-05-27",
            "nested.theme = false",
        ];
        prop::sample::subsequence(lines, 0..8).prop_shuffle()
    }

    /// Sections, each at most once.
    fn sections() -> impl Strategy<Value = Vec<&'static str>> {
        let sections = vec![
            "[auth]\nemail = \"a@b.c\" # who",
            "  [status]\n# theme = 1\ntheme = \"done\"",
            "[[sources]]\ntable = \"t\"\n[sources.words]\nx = \"done\"",
            "# above\n# the section\n[more] # beside",
        ];
        prop::sample::subsequence(sections, 0..=4).prop_shuffle()
    }

    fn text() -> impl Strategy<Value = String> {
        let own = prop::option::of(prop::sample::select(vec![
            "theme = \"light\"",
            "theme=3#x",
            "'theme' = [1,\n2] # y",
            "theme = { a = 1 }",
        ]));
        (
            (any::<bool>(), any::<bool>(), any::<bool>()),
            entries(),
            own,
            any::<prop::sample::Index>(),
            sections(),
        )
            .prop_map(|((is_crlf, is_ended, has_mark), mut lines, own, at, sections)| {
                if let Some(own) = own {
                    lines.insert(at.index(lines.len() + 1), own);
                }
                lines.extend(sections);
                let mut text = lines.join("\n");
                if is_ended {
                    text.push('\n');
                }
                if is_crlf {
                    text = text.replace('\n', "\r\n");
                }
                if has_mark {
                    text.insert_str(0, BYTE_ORDER_MARK);
                }
                text
            })
            .prop_filter("TOML", |text| text.parse::<toml::Table>().is_ok())
    }

    proptest! {
        #[test]
        fn nothing_else_changes_byte_for_byte(text in text(), value in prop::sample::select(vec!["\"dark\"", "0.25", "true", "7"])) {
            let changed = with_value(&text, "theme", value);
            let mut wanted: toml::Table = text.parse().expect("TOML");
            let had = wanted.contains_key("theme");
            let new: toml::Table = format!("v = {value}").parse().expect("a value");
            wanted.insert("theme".to_owned(), new["v"].clone());
            let read: toml::Table = changed.parse().map_err(|error| TestCaseError::fail(format!("{error}: {changed:?}")))?;
            prop_assert_eq!(&read, &wanted);

            let same = text.bytes().zip(changed.bytes()).take_while(|(old, new)| old == new).count();
            if had {
                // What differs is within the old value, and all around it is as it was.
                let place = Head::of(&text).values.into_iter().find(|(key, _)| key == "theme").expect("its place").1;
                prop_assert!(same >= place.start);
                prop_assert_eq!(&changed.as_bytes()[place.start + value.len()..], &text.as_bytes()[place.end..]);
            } else {
                // Whole lines were added in one place.
                let added = changed.len() - text.len();
                prop_assert_eq!(&changed.as_bytes()[same + added..], &text.as_bytes()[same..]);
                let lines = changed.lines().count() - text.trim_start_matches(BYTE_ORDER_MARK).lines().count();
                prop_assert!((1..=2).contains(&lines), "{changed:?}");
            }
            // To write it again changes nothing more.
            prop_assert_eq!(with_value(&changed, "theme", value), changed);
        }

        #[test]
        fn any_text_is_taken_without_a_panic(text in "[\\[\\]{}#=\"'.a-c\\n\\r\u{feff}ü ]{0,60}", key in "[a-c]{1,3}") {
            let changed = with_value(&text, &key, "1");
            prop_assert!(changed.len() > 1);
        }
    }
}
