//! A parsed query.

use std::fmt;

use model::{Kind, Status};

use super::{
    Field,
    amount::{Amount, Compare},
    field::is_slip_of,
    pattern::{Pattern, write_quoted},
};

/// An expression. Lists have at least two members, except that the empty query is an empty [`Expr::All`]; a list has no
/// member of its own form, and nothing is negated twice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

impl Expr {
    /// All of these, in the form that [`Expr`] has.
    pub(crate) fn all(members: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match member {
                Self::All(members) => flat.extend(members),
                member => flat.push(member),
            }
        }
        single(flat).unwrap_or_else(Self::All)
    }

    /// One of these, in the form that [`Expr`] has.
    pub(crate) fn any(members: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match member {
                Self::Any(members) => flat.extend(members),
                member => flat.push(member),
            }
        }
        single(flat).unwrap_or_else(Self::Any)
    }

    /// The opposite.
    pub(crate) fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            expr => Self::Not(Box::new(expr)),
        }
    }

    /// Calls `visit` with every term.
    pub(crate) fn terms<'e>(&'e self, visit: &mut impl FnMut(&'e Term)) {
        match self {
            Self::All(members) | Self::Any(members) => members.iter().for_each(|member| member.terms(visit)),
            Self::Not(inner) => inner.terms(visit),
            Self::Term(term) => visit(term),
        }
    }
}

/// The only member of a list, or the list.
fn single(mut members: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    match members.len() {
        1 => members.pop().ok_or(members),
        _ => Err(members),
    }
}

/// What a term is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Name {
    Field(Field),
    /// A column, and the way to a value within its JSON.
    Column(Vec<String>),
}

impl Name {
    /// Whether the name of a column or a key can be written without quotes.
    pub(crate) fn is_plain(part: &str, is_first: bool) -> bool {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_' || (!is_first && c.is_numeric()))
            && !part.ends_with('-')
            && part.chars().all(is_name_char)
    }
}

/// Whether a name that is not quoted may contain the letter.
pub(crate) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    /// The label, the id or the activity.
    Words(Pattern),
    IsSet(Name),
    State(States),
    Kind(Kind),
    Flag(Field, bool),
    Text(Name, Pattern),
    Amount(Name, Compare, Amount),
}

/// Which states.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum States {
    Is(Status),
    Group(Group),
    /// Those of rows whose own word for their state matches.
    Word(Pattern),
}

/// Several states under one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Trouble,
    Open,
    Over,
}

impl Group {
    pub(crate) const ALL: [Self; 3] = [Self::Trouble, Self::Open, Self::Over];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Open => "open",
            Self::Over => "over",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Trouble => "failed, blocked or waiting",
            Self::Open => "not over",
            Self::Over => "done, failed or cancelled",
        }
    }
}

impl States {
    /// Every word with a meaning of its own.
    pub(crate) fn words() -> impl Iterator<Item = &'static str> {
        let states = Status::ALL.into_iter().map(Status::word);
        states.chain(Group::ALL.into_iter().map(Group::word))
    }

    /// The states of a word that is not quoted.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let is_it = |known: &str| known.eq_ignore_ascii_case(word);
        let state = Status::ALL.into_iter().find(|state| is_it(state.word()));
        let group = || Group::ALL.into_iter().find(|group| is_it(group.word()));
        state.map(Self::Is).or_else(|| group().map(Self::Group))
    }

    /// The word that was most probably meant by one that is none.
    pub(crate) fn slip(word: &str) -> Option<&'static str> {
        let word = word.to_lowercase();
        Self::words().find(|known| known.len() > 4 && is_slip_of(&word, known))
    }

    /// Whether a row's own word must be quoted, because it would mean something else.
    pub(crate) fn is_reserved(word: &str) -> bool {
        Self::named(word).is_some() || Self::slip(word).is_some()
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, members: &[Self], between: &str| {
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    f.write_str(between)?;
                }
                match member {
                    Self::Any(_) => write!(f, "({member})")?,
                    member => member.fmt(f)?,
                }
            }
            Ok(())
        };
        match self {
            Self::All(members) => list(f, members, " "),
            Self::Any(members) => list(f, members, " or "),
            Self::Not(inner) => match &**inner {
                Self::Term(term) => write!(f, "-{term}"),
                inner => write!(f, "-({inner})"),
            },
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |pattern: &Pattern| if pattern.ignores_case() { ':' } else { '=' };
        match self {
            Self::Words(pattern) => pattern.fmt(f),
            Self::IsSet(name) => write!(f, "{name}:*"),
            Self::State(States::Is(state)) => write!(f, "state:{}", state.word()),
            Self::State(States::Group(group)) => write!(f, "state:{}", group.word()),
            Self::State(States::Word(pattern)) => write!(f, "state{}{pattern}", sign(pattern)),
            Self::Kind(kind) => write!(f, "kind:{}", kind.singular()),
            Self::Flag(field, flag) => write!(f, "{}:{flag}", field.word()),
            Self::Text(name, pattern) => write!(f, "{name}{}{pattern}", sign(pattern)),
            Self::Amount(name, compare, amount) => {
                write!(f, "{name}{}", compare.sign())?;
                let text = amount.to_string();
                // A moment may have a space between date and time.
                match text.contains(char::is_whitespace) {
                    true => write_quoted(f, &text),
                    false => f.write_str(&text),
                }
            }
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.word()),
            Self::Column(path) => {
                for (at, part) in path.iter().enumerate() {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    let is_field = path.len() == 1 && (Field::named(part).is_some() || Field::slip(part).is_some());
                    match Self::is_plain(part, at == 0) && !is_field {
                        true => f.write_str(part)?,
                        false => write_quoted(f, part)?,
                    }
                }
                Ok(())
            }
        }
    }
}
