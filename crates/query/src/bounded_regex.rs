//! Regular expressions, bounded so that a hostile one takes little time to compile and to run. Running one is linear in the
//! text in any case; here the factor is bounded.

use regex::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Hir, HirKind},
};

/// Largest compiled expression. A class of all letters (`\w`) needs half of it.
const MAX_BYTES: usize = 128 * 1024;
/// Most memory in which an expression remembers its way. With half of it, texts in Chinese were 40 times slower in some.
const MAX_CACHE_BYTES: usize = 512 * 1024;
/// Deepest nesting of groups and repetitions.
const MAX_NESTING: u32 = 32;
/// Most letters and classes, each counted as often as it is repeated. It is in how many places at once an expression may be.
const MAX_POSITIONS: usize = 200;

/// Compiles an expression; an error says in one clause what is wrong with it.
pub(crate) fn compile(source: &str, ignores_case: bool) -> Result<Regex, String> {
    const TOO_LARGE: &str = "it is too large: shorten it or its repetitions";
    let mut parser = ParserBuilder::new()
        .case_insensitive(ignores_case)
        .nest_limit(MAX_NESTING)
        .build();
    // The last line of a message has the reason; those before it draw where.
    let parsed = parser.parse(source).map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        format!("{}; correct it", reason.trim_start_matches("error: "))
    })?;
    if positions(&parsed) > MAX_POSITIONS {
        return Err(TOO_LARGE.to_owned());
    }
    RegexBuilder::new(source)
        .case_insensitive(ignores_case)
        .nest_limit(MAX_NESTING)
        .size_limit(MAX_BYTES)
        .dfa_size_limit(MAX_CACHE_BYTES)
        .build()
        .map_err(|_| TOO_LARGE.to_owned())
}

/// The letters and classes of an expression, counted as often as they are repeated. Its nesting is bounded.
fn positions(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(_) | HirKind::Look(_) => 1,
        HirKind::Capture(group) => positions(&group.sub),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            positions(&repetition.sub).saturating_mul(times as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(positions).fold(0, usize::saturating_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_are_too_large_or_mistaken_are_refused_in_one_clause() {
        for source in [
            r"\w{1000}",
            "((a{60}){60}){60}",
            "[01]*1[01]{300}",
            "(((x{0,9}){0,9}){0,9}){0,9}",
            &"(".repeat(200),
            &format!("{}a{}", "(".repeat(40), ")".repeat(40)),
            "[",
            "a**{",
            r"\p{Nonsense}",
            "(?P<a>.)(?P<a>.)",
            "(?=a)",
            r"(a)\1",
        ] {
            let error = compile(source, true).expect_err(source);
            assert!(error.lines().count() == 1 && error.contains([';', ':']), "{error}");
        }
    }

    #[test]
    fn usual_expressions_are_accepted() {
        for source in [
            r"^\w+ \w+$",
            r"\b\w+@\w+\.com$",
            r"\p{Greek}+",
            "(fail|error|timeout)s?",
            "[äöü]{2,5}",
            r"a\/b",
            r"\d{4}-\d{2}-\d{2}T\d{2}",
            "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}",
            ".{0,100}x",
        ] {
            assert!(
                compile(source, true).is_ok() && compile(source, false).is_ok(),
                "{source}"
            );
        }
    }
}
