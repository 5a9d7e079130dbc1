//! From a term as it was written to what it means for the sort of its field.

use std::ops::Range;

use model::{Kind, Status};

use super::{
    Error, Field,
    amount::{Amount, Compare, NotAnAmount, Unit},
    expr::{Group, Name, States, Term},
    field::{Sort, nearest},
    parse::{Operand, Sign, Written},
    pattern::{Literal, Pattern},
};

/// The meaning of a term. Of `!=` it is that of `=`, which the caller negates.
pub(crate) fn of(written: &Written) -> Result<Term, Error> {
    let is_star = matches!(&written.operand, Operand::Word(word) if word == "*");
    if is_star && written.sign == Sign::Contains {
        return Ok(Term::IsSet(written.name.clone()));
    }
    let Name::Field(field) = written.name else {
        return match compare(written.sign) {
            Some(compare) => amount(written, compare).map(|amount| Term::Amount(written.name.clone(), compare, amount)),
            None => text(written),
        };
    };
    match field.sort() {
        Sort::Text => {
            no_order(written, "a text")?;
            text(written)
        }
        Sort::State => {
            no_order(written, "a state")?;
            state(written).map(Term::State)
        }
        Sort::Kind => {
            no_order(written, "a kind")?;
            kind(written)
        }
        Sort::Flag => {
            no_order(written, "true or false")?;
            flag(written, field)
        }
        Sort::Number | Sort::Share | Sort::Span => number(written, field),
    }
}

/// A mistake in a regular expression.
pub(crate) fn bad_regex(at: Range<usize>, reason: &str) -> Error {
    Error::new(at, format!("this regular expression cannot be used: {reason}"))
}

fn compare(sign: Sign) -> Option<Compare> {
    match sign {
        Sign::Contains | Sign::Equal | Sign::NotEqual => None,
        Sign::Less => Some(Compare::Less),
        Sign::AtMost => Some(Compare::AtMost),
        Sign::More => Some(Compare::More),
        Sign::AtLeast => Some(Compare::AtLeast),
    }
}

/// Refuses `<` and its like for what has no order.
fn no_order(written: &Written, what: &str) -> Result<(), Error> {
    let Some(_) = compare(written.sign) else {
        return Ok(());
    };
    let name = &written.name;
    Err(Error::new(
        written.at.clone(),
        format!("`{name}` is {what} and has no order: write `{name}:value` or `{name}=value`"),
    ))
}

fn text(written: &Written) -> Result<Term, Error> {
    let ignores_case = written.sign == Sign::Contains;
    let (literal, is_quoted) = match &written.operand {
        Operand::Regex(source) => {
            return Pattern::of_regex(source, ignores_case)
                .map(|pattern| Term::Text(written.name.clone(), pattern))
                .map_err(|reason| bad_regex(written.operand_at.clone(), &reason));
        }
        Operand::Quoted(text) => (text, true),
        Operand::Word(text) => (text, false),
    };
    if literal.is_empty() && ignores_case {
        let name = &written.name;
        return Err(Error::new(
            written.at.clone(),
            format!("every text contains the empty one: write `{name}:*` for what is set, or `{name}=\"\"`"),
        ));
    }
    let pattern = Pattern::of_literal(Literal::new(literal.clone(), is_quoted, false), ignores_case);
    Ok(Term::Text(written.name.clone(), pattern))
}

fn state(written: &Written) -> Result<States, Error> {
    let ignores_case = written.sign == Sign::Contains;
    let (word, is_quoted) = match &written.operand {
        Operand::Regex(source) => {
            return Pattern::of_regex(source, ignores_case)
                .map(States::Word)
                .map_err(|reason| bad_regex(written.operand_at.clone(), &reason));
        }
        Operand::Quoted(word) => (word, true),
        Operand::Word(word) => (word, false),
    };
    if !is_quoted && let Some(states) = States::named(word) {
        return Ok(states);
    }
    if !is_quoted && let Some(meant) = States::slip(word) {
        return Err(Error::new(
            written.operand_at.clone(),
            format!("unknown state `{word}`: did you mean `{meant}`? (`state:\"{word}\"` is the row's own word)"),
        ));
    }
    if word.is_empty() {
        let groups: Vec<_> = Group::ALL.into_iter().map(Group::word).collect();
        let states: Vec<_> = Status::ALL.into_iter().map(Status::word).collect();
        return Err(Error::new(
            written.at.clone(),
            format!("the state is empty: use {}, {}", states.join(", "), groups.join(", ")),
        ));
    }
    let literal = Literal::new(word.clone(), is_quoted, States::is_reserved(word));
    Ok(States::Word(Pattern::of_literal(literal, ignores_case)))
}

fn kind(written: &Written) -> Result<Term, Error> {
    let word = word(written)?;
    let is_it = |kind: &Kind| word.eq_ignore_ascii_case(kind.singular()) || word.eq_ignore_ascii_case(kind.plural());
    if let Some(kind) = Kind::ALL.into_iter().find(is_it) {
        return Ok(Term::Kind(kind));
    }
    let kinds = || Kind::ALL.into_iter().map(Kind::singular);
    let remedy = match nearest(word, kinds()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("use {}", kinds().collect::<Vec<_>>().join(", ")),
    };
    Err(Error::new(
        written.operand_at.clone(),
        format!("unknown kind `{word}`: {remedy}"),
    ))
}

fn flag(written: &Written, field: Field) -> Result<Term, Error> {
    match word(written)?.to_ascii_lowercase().as_str() {
        "true" => Ok(Term::Flag(field, true)),
        "false" => Ok(Term::Flag(field, false)),
        _ => Err(Error::new(
            written.operand_at.clone(),
            format!("`{}` is true or false: write one of these", field.word()),
        )),
    }
}

/// The operand, which must not be a regular expression.
fn word(written: &Written) -> Result<&str, Error> {
    match &written.operand {
        Operand::Word(text) | Operand::Quoted(text) => Ok(text),
        Operand::Regex(_) => Err(Error::new(
            written.operand_at.clone(),
            format!(
                "`{}` is no text: write a value in the place of the regular expression",
                written.name
            ),
        )),
    }
}

/// A comparison of a field that is a number.
fn number(written: &Written, field: Field) -> Result<Term, Error> {
    let name = field.word();
    let compare = compare(written.sign).unwrap_or(Compare::Equal);
    let is_span = field.sort() == Sort::Span;
    if is_span && compare == Compare::Equal {
        return Err(Error::new(
            written.name_at.start..written.operand_at.start,
            format!("`{name}` is compared: write `{name}>10m` or `{name}<10m`"),
        ));
    }
    let amount = amount(written, compare)?;
    let fits = match (&amount, field.sort()) {
        (Amount::Moment(..), _) => false,
        (Amount::Number(_, unit), Sort::Span) => unit.is_span() || *unit == Unit::None,
        (Amount::Number(_, unit), Sort::Share) => matches!(unit, Unit::Percent | Unit::None),
        (Amount::Number(_, unit), _) => matches!(unit, Unit::Thousand | Unit::None),
    };
    if !fits {
        let example = match field.sort() {
            Sort::Span => "a span of time: write `10m`, `2h` or `1d`",
            Sort::Share => "a share: write `50%` or `0.5`",
            _ => "a number: write `10`, `1.5` or `2k`",
        };
        return Err(Error::new(written.operand_at.clone(), format!("`{name}` is {example}")));
    }
    Ok(Term::Amount(written.name.clone(), compare, amount))
}

fn amount(written: &Written, compare: Compare) -> Result<Amount, Error> {
    let word = word(written)?;
    Amount::parse(word).map_err(|error| {
        let text = match error {
            NotAnAmount::Length => "this number is too long: write it with at most 18 characters".to_owned(),
            NotAnAmount::Unit(unit) => {
                format!("unknown unit `{unit}`: use s, m or min, h, d, % or k, or write a date as 2026-11-29")
            }
            NotAnAmount::Number => {
                let (name, sign) = (&written.name, compare.sign());
                format!(
                    "`{name}{sign}` needs a number (`10`, `2k`, `50%`), a span of time (`10m`) or a date (`2026-11-29`)"
                )
            }
        };
        Error::new(written.operand_at.clone(), text)
    })
}
