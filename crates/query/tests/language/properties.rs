//! What holds for every text.

use proptest::prelude::*;
use query::{Query, Vocabulary, complete};

use crate::rows::invoice;

/// Texts that are often queries, and texts of anything.
fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "state:failed",
        "state:trouble",
        "state:\"open\"",
        "kind:runs",
        "age>10m",
        "cost<=1.5k",
        "progress<50%",
        "invoice",
        "\"two words\"",
        "\"or\"",
        "or",
        "and",
        "not",
        "OR",
        "-",
        "(",
        ")",
        "(",
        ")",
        "owner!=ada",
        "owner=\"Ada L\"",
        "payload.city:Bonn",
        "payload.\"odd name\":x",
        "\"state\":x",
        "label:*",
        "/^pay/",
        "label:/a b\\/c/",
        "created_at<2026-11-29",
        "created_at>\"2026-11-29 10:00\"",
        "needs_person:true",
        "é",
        "\\",
        "\"a\\\\\\\"b\"",
        "tokens=0.10",
        "x:y:z",
        "12:30",
        "a.b.c",
        ":",
        "--x",
        "-(a or b)",
        "state=/x/",
        "retries>-3",
        "*",
        "ß:Ω",
        "İ",
        "stat:x",
        "api_key:x",
        "//",
        "\"",
    ]);
    let words = prop::collection::vec((word, prop::bool::weighted(0.8)), 0..14).prop_map(|words| {
        let spaced = words
            .into_iter()
            .map(|(word, space)| format!("{word}{}", if space { " " } else { "" }));
        spaced.collect::<String>()
    });
    let letters = prop::collection::vec(
        prop_oneof![
            prop::sample::select(vec![
                '"', '\\', '/', ':', '=', '<', '>', '!', '(', ')', '-', ' ', '.', '*', '%', 'a', 'é', '0', 'm'
            ]),
            any::<char>()
        ],
        0..40,
    )
    .prop_map(String::from_iter);
    prop_oneof![3 => words, 2 => letters, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_a_query_or_refused_at_a_place_within_it(text in text()) {
        match Query::parse(&text) {
            Ok(query) => {
                let canonical = query.to_string();
                let again = Query::parse(&canonical);
                prop_assert_eq!(again.as_ref(), Ok(&query), "{} of {}", canonical, text);
                prop_assert!(canonical.chars().count() <= text.chars().count(), "{} of {}", canonical, text);
                let row = invoice();
                prop_assert_eq!(row.matches(&query), row.matches(&again.expect("it is a query")));
            }
            Err(error) => {
                prop_assert!(text.get(error.range.clone()).is_some(), "{:?} of {:?}", error.range, text);
                prop_assert!(error.text.contains([':', '`']), "{}", error);
                let marked = error.marked(&text);
                prop_assert_eq!(marked.lines().count(), 2, "{}", marked);
            }
        }
    }

    #[test]
    fn a_query_and_its_opposite_are_never_both_true(text in text()) {
        if let (Ok(query), Ok(not)) = (Query::parse(&text), Query::parse(&format!("-({text})"))) {
            let row = invoice();
            prop_assert_ne!(row.matches(&query), row.matches(&not));
        }
    }

    #[test]
    fn completions_replace_a_part_of_the_text_around_the_cursor(text in text(), at in 0.0..1.0_f64) {
        let mut vocabulary = Vocabulary::default();
        for value in ["Ada L", "ß", "x\"y"] {
            vocabulary.add_column_value("owner", value);
            vocabulary.add_column(value);
        }
        let cursor = text.floor_char_boundary((at * (text.len() + 1) as f64) as usize);
        let found = complete(&text, cursor, &vocabulary);
        prop_assert!(text.get(found.range.clone()).is_some(), "{:?} of {:?}", found.range, text);
        prop_assert!(found.range.start <= cursor && cursor <= found.range.end);
        prop_assert!(found.candidates.len() <= 20);
    }

    /// What is offered as a value behind a name can be chosen.
    #[test]
    fn a_value_that_is_offered_makes_a_query(value in any::<String>()) {
        let mut vocabulary = Vocabulary::default();
        vocabulary.add_column_value("owner", &value);
        vocabulary.add_value(query::Field::State, &value);
        for name in ["owner:", "state:"] {
            for candidate in complete(name, name.len(), &vocabulary).candidates {
                let text = format!("{name}{}", candidate.text);
                prop_assert!(Query::parse(&text).is_ok(), "{}", text);
            }
        }
    }
}
