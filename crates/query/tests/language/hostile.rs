//! Texts, regular expressions and rows that are made to do harm. No test asserts a time: what runs without a bound would not
//! end, and the example `speed` measures.

use crate::rows::{NOW_MS, TestRow, invoice};
use query::{Query, ReadRow};

/// Regular expressions that take exponential time in engines that go back, or that become very large.
const HOSTILE: [&str; 9] = [
    "(a+)+$",
    "(a|aa)+$",
    "(x+x+)+y",
    "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]$",
    "(a?){30}a{30}$",
    r"[01]*1[01]{20}$",
    r"(\w+\s?)+$",
    "((a{1,20}){1,20})$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
];

#[test]
fn hostile_regular_expressions_are_refused_or_end() {
    let rows = ["a", "01", "xx", "a b "].map(|part| {
        let text = part.repeat(500_000);
        TestRow::task(&format!(
            r#"{{"id":"1","title":"{text}","note":"{text}!","list":["{text}","{text}"]}}"#
        ))
    });
    for source in HOSTILE {
        for text in [
            format!("/{source}/"),
            format!("note:/{source}/"),
            format!("list:/{source}/"),
        ] {
            let Ok(query) = Query::parse(&text) else { continue };
            for row in &rows {
                // The exclamation mark comes behind what is searched.
                let _ = row.matches(&query);
            }
        }
    }
    for source in [
        r"\w{500}",
        "((a{50}){50}){50}",
        "(?i)(.{0,200}){200}",
        &r"\pL".repeat(300),
    ] {
        assert!(Query::parse(&format!("/{source}/")).is_err(), "{source}");
    }
}

#[test]
fn only_the_first_4_kib_of_a_text_are_searched() {
    let text = "a".repeat(4_096);
    let row = TestRow::task(&format!(
        r#"{{"id":"1","note":"{text}end","list":["{text}","end"],"near":["{}","end"]}}"#,
        "a".repeat(4_000)
    ));
    assert!(row.is("note:aaa") && !row.is("note:end") && !row.is("note:/end/"));
    assert!(!row.is("list:end"), "the items of a list count together");
    assert!(row.is("near:end"));
    assert!(row.is(&format!("note=\"{}\" or note:a", "a".repeat(100))));
}

#[test]
fn deep_and_wide_json_is_searched_within_bounds() {
    let deep = format!("{}\"needle\"{}", "[".repeat(60), "]".repeat(60));
    let wide = format!("[{}\"needle\"]", "null,".repeat(100_000));
    let masked = format!("{{{}\"z\":\"needle\"}}", "\"a_key\":1,".repeat(100_000));
    let row = TestRow::task(&format!(
        r#"{{"id":"1","deep":{deep},"wide":{wide},"masked":{masked},"five":[[[[["needle"]]]]]}}"#
    ));
    assert!(!row.is("deep:needle") && !row.is("wide:needle") && !row.is("masked:needle"));
    assert!(row.is("five:needle"));
}

#[test]
fn a_masked_value_cannot_be_found() {
    let row = invoice();
    for text in [
        "sk-secret",
        "payload:sk-secret",
        "payload:hunter2",
        "payload:/sk-|hunter/",
        "payload.nested:hunter2",
    ] {
        assert!(!row.is(text), "{text}");
    }
    for text in [
        "api_key:sk",
        "payload.api_key:*",
        "payload.nested.password:h",
        "\"payload\".\"api_key\"=x",
        "Config>1",
    ] {
        let error = Query::parse(text).expect_err(text);
        assert!(error.text.contains("masked"), "{error}");
    }
}

#[test]
fn odd_numbers_and_times_match_nothing_unexpected() {
    let row = TestRow::task(
        r#"{"id":"1","big":123456789012345678901234567890,"huge":1e400,"text":"NaN","soon":"infinity","updated_at":"never",
            "future":"2099-01-01","progress":-5,"cost":"-3"}"#,
    );
    for text in [
        "text>0",
        "text<0",
        "huge>0",
        "soon>1s",
        "soon<1s",
        "age>0s",
        "future>1s",
        "cost:*",
        "text:1",
    ] {
        let matched = row.is(text);
        // A number beyond all others is greater than 0, whatever it is read as.
        assert!(!matched || text == "huge>0", "{text}");
    }
    assert!(row.is("big>1k") && row.is("big=123456789012345678901234567890") && row.is("future<1s"));
    let read = ReadRow::new(&row.mapping, &row.key, &row.record, i64::MIN);
    let _ = Query::parse("age>1s or future>1s")
        .expect("a query")
        .matches(&read, i64::MIN);
    let _ = Query::parse("age>1s or future>1s")
        .expect("a query")
        .matches(&read, i64::MAX);
    assert!(row.is("id:1"), "{NOW_MS}");
}
