//! What is offered at the cursor.

use query::{Field, Sense, Vocabulary, complete};

fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for column in ["owner", "odd name", "api_key", "label"] {
        vocabulary.add_column_value(column, "sk-1");
    }
    for owner in ["Ada Lovelace", "grace"] {
        vocabulary.add_column_value("owner", owner);
    }
    vocabulary.add_value(Field::State, "open");
    vocabulary.add_value(Field::State, "quarantined");
    vocabulary.add_value(Field::Agent, "Planner Nine");
    vocabulary
}

/// The part that is replaced, and the candidates. The cursor is at `|`.
fn offered(text: &str) -> (String, Vec<String>) {
    let cursor = text.find('|').expect("a cursor");
    let text = text.replacen('|', "", 1);
    let found = complete(&text, cursor, &vocabulary());
    let texts = found.candidates.into_iter().map(|candidate| candidate.text).collect();
    (text[found.range].to_owned(), texts)
}

#[test]
fn names_are_offered_before_a_sign_and_values_behind_it() {
    for (text, replaced, first) in [
        ("st|", "st", vec!["state:"]),
        ("kind:task a|", "a", vec!["activity:", "agent:", "age>", "attempt>"]),
        ("-(ow|", "ow", vec!["owner:", "workflow:"]),
        ("od|", "od", vec!["\"odd name\":"]),
        ("st|at:x", "stat", vec!["state"]),
        ("state:|", "", vec!["trouble", "open", "over", "idle"]),
        ("state:fa|", "fa", vec!["failed"]),
        ("state:op|en", "open", vec!["open", "\"open\""]),
        ("state:quar|", "quar", vec!["quarantined"]),
        ("kind:|", "", vec!["agent", "task", "workflow", "run"]),
        ("agent:pl|", "pl", vec!["\"Planner Nine\""]),
        ("agent:\"Pl|", "\"Pl", vec!["\"Planner Nine\""]),
        ("owner:|", "", vec!["sk-1", "\"Ada Lovelace\"", "grace", "*"]),
        ("owner=g| kind:task", "g", vec!["grace"]),
        ("\"label\":s|", "s", vec!["sk-1"]),
        ("age>|", "", vec!["1m", "10m", "1h", "1d"]),
        ("age>=|", "", vec!["1m"]),
        ("needs_person:|", "", vec!["true", "false"]),
        ("tit|", "tit", vec!["title:"]),
    ] {
        let (found, candidates) = offered(text);
        assert_eq!(found, replaced, "{text}");
        assert!(
            candidates.starts_with(&first.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()),
            "{text}: {candidates:?}"
        );
    }
}

#[test]
fn nothing_is_offered_within_a_regular_expression_or_a_quoted_text() {
    for text in [
        "/sta|",
        "label:/sta|",
        "\"sta|",
        "\"sta|te\"",
        "label:\"a\"sta|",
        "zzz|",
    ] {
        assert!(offered(text).1.is_empty(), "{text}");
    }
}

#[test]
fn masked_columns_are_never_offered_and_the_list_is_bounded() {
    let mut vocabulary = vocabulary();
    for at in 0..5_000 {
        vocabulary.add_column_value("owner", &format!("owner {at}"));
        vocabulary.add_column(&format!("column_{at}"));
    }
    for (text, cursor) in [("", 0), ("a", 1), ("api_key:", 8), ("owner:", 6), ("column", 6)] {
        let found = complete(text, cursor, &vocabulary).candidates;
        assert!(
            found.len() <= 20
                && found
                    .iter()
                    .all(|candidate| !candidate.text.contains("key\"") || candidate.text.contains("odd"))
        );
        assert!(
            found.iter().all(|candidate| !candidate.text.starts_with("api")),
            "{found:?}"
        );
    }
    let found = complete("", 0, &vocabulary).candidates;
    assert_eq!(
        (found.len(), found[0].sense, found[0].about.is_empty()),
        (20, Sense::Field, false)
    );
}
