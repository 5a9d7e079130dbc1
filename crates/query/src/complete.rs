//! What may complete a query at the cursor: names of fields and columns, and their values.

use std::ops::Range;

use model::{Kind, Status};

use super::{
    Field, Vocabulary,
    expr::{Group, Name, States, is_name_char},
    field::Sort,
    parse::{MAX_CHARS, Sign},
    pattern::Literal,
};

/// Most candidates.
const MAX_CANDIDATES: usize = 20;

/// What may stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completions {
    /// The bytes of the query that a candidate replaces.
    pub range: Range<usize>,
    /// At most 20, the most probable first.
    pub candidates: Vec<Candidate>,
}

/// One of the texts that may stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The text; of a name with the sign behind it.
    pub text: String,
    /// What it is.
    pub sense: Sense,
    /// What it means; empty where the text says it all.
    pub about: &'static str,
}

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// The name of a field.
    Field,
    /// The name of a column.
    Column,
    /// A value of the field or column before it.
    Value,
}

/// What may complete a query at the cursor, a position in bytes. The text need not be a query. Within a regular expression, and
/// in a quoted text alone, there is nothing.
pub fn complete(text: &str, cursor: usize, vocabulary: &Vocabulary) -> Completions {
    let text = text
        .char_indices()
        .nth(MAX_CHARS)
        .map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let cursor = text.floor_char_boundary(cursor.min(text.len()));
    let mut found = match place(text, cursor) {
        Place::Name(start) => names(text, start, cursor, vocabulary),
        Place::Value { name, start } => values(text, name, start, cursor, vocabulary),
        Place::Nothing => Completions {
            range: cursor..cursor,
            candidates: Vec::new(),
        },
    };
    found.candidates.truncate(MAX_CANDIDATES);
    found
}

/// Where the cursor is.
#[derive(Debug, PartialEq, Eq)]
enum Place<'t> {
    /// In a word that begins here and may be a name.
    Name(usize),
    /// Behind the sign of a term with this name, in a value that begins here.
    Value {
        name: &'t str,
        start: usize,
    },
    Nothing,
}

/// Reads the text up to the cursor without refusing anything.
fn place(text: &str, cursor: usize) -> Place<'_> {
    // The beginning of the term; the end of its name and the beginning of its value.
    let (mut start, mut sign): (usize, Option<(usize, usize)>) = (0, None);
    let mut at = 0;
    while at < cursor {
        let rest = text.get(at..).unwrap_or_default();
        let Some(letter) = rest.chars().next() else { break };
        let is_first = at == start || sign.is_some_and(|(_, value)| value == at);
        match letter {
            '"' | '/' if is_first || letter == '"' => match closing(rest, letter) {
                Some(len) if at + len <= cursor => at += len,
                // The cursor is within it: only a quoted value can be completed.
                _ => {
                    return match sign {
                        Some((end, value)) if value == at && letter == '"' => Place::Value {
                            name: text.get(start..end).unwrap_or_default(),
                            start: value,
                        },
                        _ => Place::Nothing,
                    };
                }
            },
            _ if letter.is_whitespace() || matches!(letter, '(' | ')') => {
                at += letter.len_utf8();
                (start, sign) = (at, None);
            }
            '-' if at == start => {
                at += 1;
                start = at;
            }
            _ => match sign_at(rest).filter(|_| sign.is_none() && at > start) {
                Some(len) => {
                    sign = Some((at, at + len));
                    at += len;
                }
                None => at += letter.len_utf8(),
            },
        }
    }
    match sign {
        // The cursor is between the two letters of a sign.
        Some((_, value)) if value > cursor => Place::Nothing,
        // The cursor is behind a value that is complete.
        Some((_, value)) if value < cursor && text.get(value..).is_some_and(|value| value.starts_with(['"', '/'])) => {
            Place::Nothing
        }
        Some((end, value)) => Place::Value {
            name: text.get(start..end).unwrap_or_default(),
            start: value,
        },
        None if text.get(start..cursor).is_some_and(|word| word.contains(['"', '/'])) => Place::Nothing,
        None => Place::Name(start),
    }
}

fn sign_at(rest: &str) -> Option<usize> {
    Sign::at_start(rest).map(|(len, _)| len)
}

/// The length of a quoted text or a regular expression at the start of a text, if it is closed.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == quote && !is_escaped {
            return Some(at + quote.len_utf8());
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    None
}

/// Whether a name begins with what is typed (0), contains it (1), or does not.
fn fit(name: &str, typed: &str) -> Option<usize> {
    let (name, typed) = (name.to_lowercase(), typed.to_lowercase());
    match name.find(&typed)? {
        0 => Some(0),
        _ => Some(1),
    }
}

fn names(text: &str, start: usize, cursor: usize, vocabulary: &Vocabulary) -> Completions {
    let typed = text.get(start..cursor).unwrap_or_default();
    let after = text.get(cursor..).unwrap_or_default();
    let end = cursor + after.find(|c| !is_name_char(c)).unwrap_or(after.len());
    let has_sign = sign_at(text.get(end..).unwrap_or_default()).is_some();
    let sign = |sort| match sort {
        _ if has_sign => "",
        Sort::Number | Sort::Share | Sort::Span => ">",
        Sort::State | Sort::Kind | Sort::Text | Sort::Flag => ":",
    };
    let mut found: Vec<(usize, Candidate)> = Vec::new();
    for (name, field) in Field::names() {
        // An alias is offered only to who types it.
        let is_alias = name != field.word();
        if let Some(fit) = fit(name, typed).filter(|fit| !is_alias || (*fit == 0 && !typed.is_empty())) {
            let candidate = Candidate {
                text: format!("{name}{}", sign(field.sort())),
                sense: Sense::Field,
                about: field.about(),
            };
            found.push((fit, candidate));
        }
    }
    for name in vocabulary.columns() {
        if let Some(fit) = fit(name, typed) {
            let column = Name::Column(vec![name.to_owned()]);
            let candidate = Candidate {
                text: format!("{column}{}", sign(Sort::Text)),
                sense: Sense::Column,
                about: "",
            };
            found.push((fit, candidate));
        }
    }
    found.sort_by_key(|(fit, _)| *fit);
    Completions {
        range: start..end,
        candidates: found.into_iter().map(|(_, candidate)| candidate).collect(),
    }
}

fn values(text: &str, name: &str, start: usize, cursor: usize, vocabulary: &Vocabulary) -> Completions {
    let typed = text.get(start..cursor).unwrap_or_default();
    let typed = typed.strip_prefix('"').unwrap_or(typed);
    let rest = text.get(start..).unwrap_or_default();
    let end = match rest.starts_with('"') {
        true => closing(rest, '"').map_or(cursor, |len| start + len),
        false => {
            let after = text.get(cursor..).unwrap_or_default();
            let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
            cursor + after.find(is_end).unwrap_or(after.len())
        }
    };
    // A column is named in quotes, or by a name that no field has.
    let (column, field) = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(column) => (column, None),
        None => (name, Field::named(name)),
    };
    let is_ordered = text
        .get(..start)
        .is_some_and(|before| before.ends_with(['<', '>']) || before.ends_with("<=") || before.ends_with(">="));
    let mut known: Vec<(String, &'static str)> = Vec::new();
    let plain = |words: &[&'static str]| -> Vec<(String, &'static str)> {
        words.iter().map(|word| ((*word).to_owned(), "")).collect()
    };
    match field.map(Field::sort) {
        Some(Sort::State) => {
            known.extend(Group::ALL.map(|group| (group.word().to_owned(), group.about())));
            known.extend(Status::ALL.map(|state| (state.word().to_owned(), "")));
        }
        Some(Sort::Kind) => known.extend(Kind::ALL.map(|kind| (kind.singular().to_owned(), ""))),
        Some(Sort::Flag) => known = plain(&["true", "false"]),
        Some(Sort::Span) if is_ordered => known = plain(&["1m", "10m", "1h", "1d"]),
        Some(Sort::Share) => known = plain(&["25%", "50%", "75%", "100%"]),
        _ => {}
    }
    let of_rows = vocabulary.values(field.map_or(column, |field| field.word()));
    known.extend(of_rows.iter().map(|value| {
        let is_reserved = field == Some(Field::State) && States::is_reserved(value);
        (Literal::new(value.clone(), true, is_reserved).to_string(), "")
    }));
    if !is_ordered && !matches!(field.map(Field::sort), Some(Sort::State | Sort::Kind | Sort::Flag)) {
        known.push(("*".to_owned(), "is set"));
    }
    let mut found: Vec<(usize, Candidate)> = Vec::new();
    for (text, about) in known {
        if let Some(fit) = fit(text.trim_start_matches('"'), typed) {
            let sense = Sense::Value;
            found.push((fit, Candidate { text, sense, about }));
        }
    }
    found.sort_by_key(|(fit, _)| *fit);
    Completions {
        range: start..end,
        candidates: found.into_iter().map(|(_, candidate)| candidate).collect(),
    }
}
