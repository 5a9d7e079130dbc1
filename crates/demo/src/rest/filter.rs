//! The conditions of a read: one on a column, or several combined by `and` and `or` as PostgREST writes them, such as
//! `or=(org.gt.a,and(org.eq.a,nr.gt."7"))`.

use crate::{
    predicate::{FilterError, Predicate, split, unquote},
    store::{Row, Schema},
};

/// Deepest nesting of `and` and `or`.
const MAX_DEPTH: usize = 8;
/// Most conditions in one logic tree.
const MAX_CONDITIONS: usize = 1_000;

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    One(Predicate),
    Tree(Tree),
}

/// Conditions that are combined.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tree {
    is_or: bool,
    is_negated: bool,
    parts: Vec<Filter>,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TreeError {
    /// It is not a logic tree, or too large.
    Malformed,
    /// One of its conditions.
    Condition(FilterError),
}

impl From<FilterError> for TreeError {
    fn from(error: FilterError) -> Self {
        Self::Condition(error)
    }
}

impl Filter {
    /// Parses a query parameter that names an operator, like `or` and `(a.eq.1,b.eq.2)`; `None` when the name is not one.
    pub(super) fn parse_tree(schema: &Schema, name: &str, value: &str) -> Option<Result<Self, TreeError>> {
        let operator = Operator::named(name)?;
        Some(Tree::parse(schema, operator, value, MAX_DEPTH, &mut 0).map(Self::Tree))
    }

    /// Whether a row meets it.
    pub(super) fn is_met_by(&self, row: &Row) -> bool {
        self.truth(row) == Some(true)
    }

    /// The condition, if it is one on a column.
    pub(super) fn one(&self) -> Option<&Predicate> {
        match self {
            Self::One(predicate) => Some(predicate),
            Self::Tree(_) => None,
        }
    }

    /// Its value for a row, in SQL's logic: `None` is neither true nor false.
    fn truth(&self, row: &Row) -> Option<bool> {
        let tree = match self {
            Self::One(predicate) => return predicate.truth(row),
            Self::Tree(tree) => tree,
        };
        // One part with this value decides.
        let decisive = tree.is_or;
        let mut truth = Some(!decisive);
        for part in &tree.parts {
            match part.truth(row) {
                Some(value) if value == decisive => {
                    truth = Some(decisive);
                    break;
                }
                Some(_) => {}
                None => truth = None,
            }
        }
        truth.map(|truth| truth != tree.is_negated)
    }
}

#[derive(Debug, Clone, Copy)]
struct Operator {
    is_or: bool,
    is_negated: bool,
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        let (is_negated, bare) = match name.strip_prefix("not.") {
            Some(bare) => (true, bare),
            None => (false, name),
        };
        let is_or = match bare {
            "or" => true,
            "and" => false,
            _ => return None,
        };
        Some(Self { is_or, is_negated })
    }
}

impl Tree {
    /// Parses `(a.eq.1,and(b.eq.2,c.eq.3))`. `count` is the number of conditions so far.
    fn parse(
        schema: &Schema,
        operator: Operator,
        text: &str,
        depth: usize,
        count: &mut usize,
    ) -> Result<Self, TreeError> {
        let inner = text.trim().strip_prefix('(').and_then(|text| text.strip_suffix(')'));
        let inner = inner.filter(|inner| depth > 0 && !inner.trim().is_empty());
        let texts = inner.and_then(split).ok_or(TreeError::Malformed)?;
        let mut parts = Vec::with_capacity(texts.len().min(MAX_CONDITIONS));
        for text in texts {
            *count += 1;
            if *count > MAX_CONDITIONS {
                return Err(TreeError::Malformed);
            }
            parts.push(part(schema, text.trim(), depth, count)?);
        }
        let Operator { is_or, is_negated } = operator;
        Ok(Self {
            is_or,
            is_negated,
            parts,
        })
    }
}

/// Parses `and(…)` or `column.operator.value`. Unlike the value of a query parameter, a value here may be quoted.
fn part(schema: &Schema, text: &str, depth: usize, count: &mut usize) -> Result<Filter, TreeError> {
    if let Some(open) = text.find('(')
        && let Some((name, tree)) = text.split_at_checked(open)
        && let Some(operator) = Operator::named(name)
    {
        return Tree::parse(schema, operator, tree, depth - 1, count).map(Filter::Tree);
    }
    let (column, test) = text.split_once('.').ok_or(TreeError::Malformed)?;
    let bare = test.strip_prefix("not.").unwrap_or(test);
    let (_, value) = bare.split_once('.').ok_or(TreeError::Malformed)?;
    let operator = test.strip_suffix(value).unwrap_or_default();
    let value = unquote(value).ok_or(TreeError::Malformed)?;
    let predicate = Predicate::parse(schema, column, &format!("{operator}{value}"))?;
    Ok(Filter::One(predicate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{TableId, Type};

    fn parse(name: &str, value: &str) -> Result<Filter, TreeError> {
        Filter::parse_tree(TableId::Tasks.schema(), name, value).expect("an operator")
    }

    #[test]
    fn conditions_are_combined_as_in_postgresql() {
        let columns = serde_json::json!({
            "id": "00000000-0000-4000-8000-00000000000a", "title": "a, (b) \"c\" \\", "status": "queued", "progress": 40,
        });
        let row = Row::patch(TableId::Tasks, None, columns.as_object().expect("an object")).expect("a row");
        for (name, value, expected) in [
            ("or", "(progress.eq.1,status.eq.queued)", true),
            ("or", "(progress.eq.1,status.eq.idle)", false),
            ("and", "(progress.eq.40,status.eq.queued)", true),
            ("and", "(progress.eq.40,status.eq.idle)", false),
            ("not.and", "(progress.eq.40,status.eq.idle)", true),
            ("not.or", "(progress.eq.40,status.eq.idle)", false),
            (
                "or",
                r#"(status.gt."queued",and(status.eq."queued",progress.gt."39"))"#,
                true,
            ),
            (
                "or",
                r#"(status.gt."queued",and(status.eq."queued",progress.gt."40"))"#,
                false,
            ),
            (
                "or",
                "(not.and(status.eq.queued,progress.eq.40),progress.not.eq.40)",
                false,
            ),
            ("and", r#"(title.eq."a, (b) \"c\" \\",progress.in.(39,40))"#, true),
            ("and", "( progress.eq.40 , status.eq.queued )", true),
            // The error is null: a comparison with it is neither true nor false.
            ("or", "(error_message.eq.x,progress.eq.40)", true),
            ("and", "(error_message.eq.x,progress.eq.40)", false),
            ("not.and", "(error_message.eq.x,progress.eq.40)", false),
            ("not.and", "(error_message.eq.x,progress.eq.41)", true),
            ("not.or", "(error_message.eq.x,progress.eq.41)", false),
        ] {
            assert_eq!(
                parse(name, value).expect("a tree").is_met_by(&row),
                expected,
                "{name}={value}"
            );
        }
    }

    #[test]
    fn a_text_that_is_no_logic_tree_is_refused_with_the_reason() {
        assert!(Filter::parse_tree(TableId::Tasks.schema(), "status", "eq.idle").is_none());
        let deep = format!("{}progress.eq.1{}", "(and".repeat(20), ")".repeat(20));
        let long = format!("({})", vec!["progress.eq.1"; MAX_CONDITIONS + 1].join(","));
        for text in [
            "",
            "()",
            "status.eq.idle",
            "(status)",
            "(status.eq)",
            "(status.eq.\"a)",
            &deep,
            &long,
        ] {
            assert_eq!(parse("or", text), Err(TreeError::Malformed), "{text:.60}");
        }
        for (text, error) in [
            ("(nope.eq.1)", FilterError::UnknownColumn("nope".into())),
            (
                "(progress.eq.1,progress.eq.x)",
                FilterError::BadValue(Type::Int4, "x".into()),
            ),
            ("(status.foo.x)", FilterError::Malformed("foo.x".into())),
        ] {
            assert_eq!(parse("and", text), Err(TreeError::Condition(error)), "{text}");
        }
    }
}
