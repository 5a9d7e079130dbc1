//! From a text to a query: recursive descent, of bounded depth.

use std::ops::Range;

use super::{
    Error, Field, Vocabulary,
    expr::{Expr, Name, Term, is_name_char},
    field::nearest,
    pattern::{Literal, Pattern},
    term,
};

/// Most characters of a query.
pub(crate) const MAX_CHARS: usize = 1_000;
/// Most terms.
const MAX_TERMS: usize = 64;
/// Most parentheses around a term.
const MAX_NESTING: usize = 16;
/// Most regular expressions, each of which takes memory.
const MAX_REGEXES: usize = 8;
/// Most characters of all regular expressions together: compiling takes time.
const MAX_REGEX_CHARS: usize = 250;

/// Parses a query. Where there is a vocabulary, other names than those of fields and of its columns are refused.
pub(crate) fn parse(text: &str, vocabulary: Option<&Vocabulary>) -> Result<Expr, Error> {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARS) {
        let words = format!("a query has at most {MAX_CHARS} characters: remove the rest");
        return Err(Error::new(end..text.len(), words));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        terms: 0,
        regexes: 0,
        regex_chars: 0,
        vocabulary,
    };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.error_here("no parenthesis is open here: remove this one")),
    }
}

pub(crate) struct Parser<'t> {
    text: &'t str,
    /// Bytes that are read.
    at: usize,
    depth: usize,
    terms: usize,
    regexes: usize,
    regex_chars: usize,
    vocabulary: Option<&'t Vocabulary>,
}

/// What stands between a name and a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Contains,
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// The signs; those that begin like another come before it.
const SIGNS: [(&str, Sign); 8] = [
    (":", Sign::Contains),
    ("!=", Sign::NotEqual),
    ("==", Sign::Equal),
    ("=", Sign::Equal),
    ("<=", Sign::AtMost),
    ("<", Sign::Less),
    (">=", Sign::AtLeast),
    (">", Sign::More),
];

impl Sign {
    pub(crate) fn word(self) -> &'static str {
        let found = SIGNS.iter().rev().find(|(_, sign)| *sign == self);
        found.map_or("", |(word, _)| word)
    }

    /// The sign at the start of a text, and its length.
    pub(crate) fn at_start(text: &str) -> Option<(usize, Self)> {
        let found = SIGNS.iter().find(|(word, _)| text.starts_with(word));
        found.map(|(word, sign)| (word.len(), *sign))
    }
}

/// What stands behind a sign.
#[derive(Debug)]
pub(crate) enum Operand {
    Word(String),
    Quoted(String),
    /// What is between the slashes.
    Regex(String),
}

/// A term with a name, as it was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) name: Name,
    pub(crate) sign: Sign,
    pub(crate) operand: Operand,
    /// Where the name, the operand and all of it are.
    pub(crate) name_at: Range<usize>,
    pub(crate) operand_at: Range<usize>,
    pub(crate) at: Range<usize>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// An error about the next letter.
    fn error_here(&self, text: impl Into<String>) -> Error {
        let end = self.at + self.peek().map_or(0, char::len_utf8);
        Error::new(self.at..end, text)
    }

    /// Whether one of these words comes next, as a word of its own.
    fn at_keyword(&self, words: [&str; 2]) -> Option<usize> {
        let word = words.into_iter().find(|word| self.rest().starts_with(word))?;
        let next = self.rest().get(word.len()..)?.chars().next();
        next.is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'))
            .then_some(word.len())
    }

    /// Terms and `or` between them.
    fn any(&mut self) -> Result<Expr, Error> {
        let mut members = vec![self.all()?];
        while let Some(len) = self.at_keyword(["or", "OR"]) {
            let keyword = self.at..self.at + len;
            self.at += len;
            let is_first = members.last() == Some(&Expr::All(Vec::new()));
            let next = self.all()?;
            if is_first || next == Expr::All(Vec::new()) {
                return Err(Error::new(
                    keyword,
                    "`or` needs a term on both sides: add one, or quote the word",
                ));
            }
            members.push(next);
        }
        Ok(Expr::any(members))
    }

    /// Terms side by side.
    fn all(&mut self) -> Result<Expr, Error> {
        let mut members = Vec::new();
        // The end of the term before, from which the next must be apart.
        let mut end = None;
        loop {
            self.skip_space();
            if matches!(self.peek(), None | Some(')')) {
                return Ok(Expr::all(members));
            }
            if end == Some(self.at) {
                return Err(self.error_here(
                    "a space is missing here: put one between two terms, or quote a text that contains `(`, `)`, `/` or `\"`",
                ));
            }
            if self.at_keyword(["or", "OR"]).is_some() {
                return Ok(Expr::all(members));
            }
            if let Some(len) = self.at_keyword(["and", "AND"]) {
                let keyword = self.at..self.at + len;
                self.at += len;
                self.skip_space();
                let is_last = matches!(self.peek(), None | Some(')')) || self.at_keyword(["or", "OR"]).is_some();
                if members.is_empty() || is_last || self.at_keyword(["and", "AND"]).is_some() {
                    return Err(Error::new(
                        keyword,
                        "`and` needs a term on both sides: add one, or quote the word",
                    ));
                }
            }
            members.push(self.negated()?);
            end = Some(self.at);
        }
    }

    /// A term behind any number of `-` and `not`.
    fn negated(&mut self) -> Result<Expr, Error> {
        let mut is_negated = false;
        loop {
            let start = self.at;
            if let Some(len) = self.at_keyword(["not", "NOT"]) {
                self.at += len;
                self.skip_space();
                let is_alone = matches!(self.peek(), None | Some(')'))
                    || self.at_keyword(["or", "OR"]).is_some()
                    || self.at_keyword(["and", "AND"]).is_some();
                if is_alone {
                    return Err(Error::new(
                        start..start + len,
                        "`not` needs a term behind it: add one, or quote the word",
                    ));
                }
            } else if self.peek() == Some('-') {
                self.at += 1;
                if self.peek().is_none_or(|next| next.is_whitespace() || next == ')') {
                    return Err(Error::new(
                        start..start + 1,
                        "`-` needs a term directly behind it: write `-term`, or quote it",
                    ));
                }
            } else {
                break;
            }
            is_negated = !is_negated;
        }
        let expr = self.atom()?;
        Ok(if is_negated { expr.not() } else { expr })
    }

    /// A term, or a query in parentheses.
    fn atom(&mut self) -> Result<Expr, Error> {
        if self.peek() != Some('(') {
            return self.term();
        }
        let open = self.at..self.at + 1;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            let words = format!("parentheses are nested at most {MAX_NESTING} deep: write it with fewer");
            return Err(Error::new(open, words));
        }
        self.at += 1;
        let inner = self.any()?;
        if self.peek() != Some(')') {
            return Err(Error::new(open, "this parenthesis is not closed: add `)`"));
        }
        self.at += 1;
        self.depth -= 1;
        if inner == Expr::All(Vec::new()) {
            return Err(Error::new(
                open.start..self.at,
                "there is nothing in these parentheses: add a term or remove them",
            ));
        }
        Ok(inner)
    }

    fn term(&mut self) -> Result<Expr, Error> {
        let start = self.at;
        self.terms += 1;
        let name = self.name()?;
        let sign = Sign::at_start(self.rest());
        let (Some((path, is_quoted)), Some((len, sign))) = (name, sign) else {
            self.at = start;
            let words = self.words()?;
            self.count_terms(start)?;
            return Ok(Expr::Term(words));
        };
        let name_at = start..self.at;
        self.at += len;
        let name = self.meaning(path, is_quoted, sign, &name_at)?;
        if self
            .peek()
            .is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'))
        {
            let term = self.text.get(start..self.at).unwrap_or_default();
            return Err(Error::new(
                start..self.at,
                format!("a value is missing behind `{term}`: write it without a space"),
            ));
        }
        if self.peek().is_some_and(|next| matches!(next, '=' | '<' | '>')) {
            return Err(self.error_here("a value does not begin like this: remove the sign, or quote the value"));
        }
        let operand_start = self.at;
        let operand = self.operand()?;
        self.count_terms(start)?;
        let written = Written {
            name,
            sign,
            operand,
            name_at,
            operand_at: operand_start..self.at,
            at: start..self.at,
        };
        let expr = Expr::Term(term::of(&written)?);
        Ok(if sign == Sign::NotEqual { expr.not() } else { expr })
    }

    fn count_terms(&self, start: usize) -> Result<(), Error> {
        if self.terms > MAX_TERMS {
            let words = format!("a query has at most {MAX_TERMS} terms: remove some, or use a regular expression");
            return Err(Error::new(start..self.at, words));
        }
        Ok(())
    }

    /// The parts of a name, if one comes next, and whether the first one is quoted. A quoted text alone is read as one too.
    fn name(&mut self) -> Result<Option<(Vec<String>, bool)>, Error> {
        let mut path = Vec::new();
        let is_quoted = self.peek() == Some('"');
        loop {
            if self.peek() == Some('"') {
                path.push(self.quoted()?);
            } else {
                let rest = self.rest();
                let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
                let part = rest.get(..end).unwrap_or_default();
                if !Name::is_plain(part, path.is_empty()) {
                    return Ok(None);
                }
                self.at += end;
                path.push(part.to_owned());
            }
            if self.peek() != Some('.') {
                return Ok(Some((path, is_quoted)));
            }
            self.at += 1;
        }
    }

    /// The field or column of a name.
    fn meaning(&self, path: Vec<String>, is_quoted: bool, sign: Sign, at: &Range<usize>) -> Result<Name, Error> {
        let first = path.first().map_or("", String::as_str);
        let is_alone = path.len() == 1 && !is_quoted;
        if is_alone && let Some(field) = Field::named(first) {
            return Ok(Name::Field(field));
        }
        if let Some(masked) = path.iter().find(|part| model::is_masked(part)) {
            return Err(Error::new(
                at.clone(),
                format!("`{masked}` is masked and its values cannot be searched: use another column"),
            ));
        }
        let unknown = |meant: Option<&str>, list: &str| {
            let remedy = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("use {list}"),
            };
            Error::new(at.clone(), format!("unknown field `{first}`: {remedy}"))
        };
        match self.vocabulary {
            Some(vocabulary) if vocabulary.has_column(first) => {}
            Some(vocabulary) => {
                let names = Field::names().map(|(name, _)| name).chain(vocabulary.columns());
                let fields: Vec<_> = Field::ALL.into_iter().map(Field::word).collect();
                let list = format!("a column, or one of {}", fields.join(", "));
                return Err(unknown(nearest(first, names), &list));
            }
            None if is_alone => {
                if let Some(meant) = Field::slip(first) {
                    let mut error = unknown(Some(meant), "");
                    let sign = sign.word();
                    error.text += &format!(" (`\"{first}\"{sign}…` is the column of that name)");
                    return Err(error);
                }
            }
            None => {}
        }
        Ok(Name::Column(path))
    }

    /// What is searched in label, id and activity.
    fn words(&mut self) -> Result<Term, Error> {
        let start = self.at;
        if let Some((len, _)) = Sign::at_start(self.rest()) {
            return Err(Error::new(
                start..start + len,
                "a name is missing before this sign: write `name:value` without spaces, or quote the text",
            ));
        }
        let (literal, is_quoted) = match self.operand()? {
            Operand::Regex(source) => {
                return Pattern::of_regex(&source, true)
                    .map(Term::Words)
                    .map_err(|text| term::bad_regex(start..self.at, &text));
            }
            Operand::Quoted(text) => (text, true),
            Operand::Word(text) => (text, false),
        };
        if literal.is_empty() {
            return Err(Error::new(
                start..self.at,
                "this text is empty: remove it or write something into it",
            ));
        }
        let is_keyword = ["or", "and", "not", "OR", "AND", "NOT"].contains(&literal.as_str());
        let literal = Literal::new(literal, is_quoted, is_keyword);
        Ok(Term::Words(Pattern::of_literal(literal, true)))
    }

    /// A quoted text, a regular expression or a word.
    fn operand(&mut self) -> Result<Operand, Error> {
        match self.peek() {
            Some('"') => self.quoted().map(Operand::Quoted),
            Some('/') => self.regex().map(Operand::Regex),
            _ => {
                let rest = self.rest();
                let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"');
                let end = rest.find(is_end).unwrap_or(rest.len());
                self.at += end;
                Ok(Operand::Word(rest.get(..end).unwrap_or_default().to_owned()))
            }
        }
    }

    /// A text in quotes, in which `\"` and `\\` stand for a quote and a backslash.
    fn quoted(&mut self) -> Result<String, Error> {
        let start = self.at;
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 1;
                    return Ok(text);
                }
                '\\' => {
                    let escaped = letters.next_if(|(_, next)| matches!(next, '"' | '\\'));
                    text.push(escaped.map_or('\\', |(_, letter)| letter));
                }
                letter => text.push(letter),
            }
        }
        Err(Error::new(
            start..self.text.len(),
            "this quote is not closed: add `\"` at the end of the text",
        ))
    }

    /// What stands between two slashes; `\/` is no end.
    fn regex(&mut self) -> Result<String, Error> {
        let start = self.at;
        let mut is_escaped = false;
        for (at, letter) in self.rest().char_indices().skip(1) {
            if letter == '/' && !is_escaped {
                let source = self.rest().get(1..at).unwrap_or_default().to_owned();
                self.at += at + 1;
                self.regexes += 1;
                self.regex_chars += source.chars().count();
                let text = if source.is_empty() {
                    "this regular expression is empty: quote a text that begins with `/`".to_owned()
                } else if self.regexes > MAX_REGEXES {
                    format!("a query has at most {MAX_REGEXES} regular expressions: join some with `|`")
                } else if self.regex_chars > MAX_REGEX_CHARS {
                    format!(
                        "all regular expressions have at most {MAX_REGEX_CHARS} characters together: shorten this one"
                    )
                } else {
                    return Ok(source);
                };
                return Err(Error::new(start..self.at, text));
            }
            is_escaped = letter == '\\' && !is_escaped;
        }
        Err(Error::new(
            start..self.text.len(),
            "this regular expression is not closed: add `/`, or quote a text that begins with `/`",
        ))
    }
}
