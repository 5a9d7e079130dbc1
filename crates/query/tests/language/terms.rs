//! What each form of a term matches.

use crate::rows::{TestRow, invoice};
use model::Kind;
use query::{Field, Query};

fn check(row: &TestRow, matching: &[&str], others: &[&str]) {
    for text in matching {
        assert!(row.is(text), "{text} matches");
        assert!(!row.is(&format!("-({text})")), "-({text}) does not");
    }
    for text in others {
        assert!(!row.is(text), "{text} does not match");
        assert!(row.is(&format!("not ({text})")), "not ({text}) does");
    }
}

#[test]
fn words_are_found_in_label_id_and_activity() {
    check(
        &invoice(),
        &[
            "invoice",
            "\"the INVOICE\"",
            "t-1",
            "bank",
            "pay bank",
            "/^pay/",
            "/INV.*ce/",
            "asks",
        ],
        &["lovelace", "\"invoice the\"", "pay nobody", "/^the/", "bonn"],
    );
}

#[test]
fn fields_have_their_own_comparisons() {
    check(
        &invoice(),
        &[
            "state:waiting",
            "STATE:Waiting",
            "state:trouble",
            "state:open",
            "state:pending",
            "state=pending_review",
            "state:/^pending_/",
            "kind:task",
            "kind:tasks",
            "table:task",
            "id=t-17",
            "title:invoice",
            "label:/acme$/",
            "label=/ACME$/",
            "activity:BANK",
            "agent:planner",
            "agent=a1",
            "agent=\"Planner Nine\"",
            "workflow:billing",
            "age>10m",
            "age>=900s",
            "age<20min",
            "age<1h",
            "cost>1",
            "cost:1.5",
            "cost=1.50",
            "tokens>2k",
            "attempt>=2",
            "attempt=2",
            "progress<50%",
            "progress=30%",
            "progress<0.5",
            "progress<50",
            "needs_person:true",
            "agent:*",
        ],
        &[
            "state:failed",
            "state:over",
            "state:\"open\"",
            "state=pending",
            "state:\"waiting\"",
            "kind:run",
            "table:agents",
            "id=T-17",
            "label=invoice",
            "label=/acme$/",
            "agent:coder",
            "agent=planner",
            "age>16m",
            "age>1d",
            "cost>1.5",
            "cost>2k",
            "attempt>2",
            "progress>30%",
            "error:*",
            "error:bank",
            "needs_person:false",
        ],
    );
}

#[test]
fn columns_are_compared_by_what_they_hold() {
    check(
        &invoice(),
        &[
            "owner:ada",
            "owner=\"Ada Lovelace\"",
            "owner!=ada",
            "missing!=ada",
            "owner:*",
            "is_urgent:true",
            "is_urgent=true",
            "retries>2",
            "retries=3.0",
            "retries<=3",
            "retries:3",
            "tokens:2500",
            "wait_ms>1m",
            "wait_ms>=90s",
            "wait_ms>60000",
            "updated_at<20m",
            "created_at>1d",
            "created_at<2026-11-29",
            "updated_at>2026-11-29T11:00:00Z",
            "updated_at>\"2026-11-29 11:00:00\"",
            "payload.city:bonn",
            "payload.lines.0.count>3",
            "payload.lines.0.sku=x-1",
            "payload.\"odd name\":köln",
            "payload:bonn",
            "payload:4",
            "payload.city:*",
            "tags:blue",
            "tags=red",
            "\"label\":column",
            "\"state\":another",
        ],
        &[
            "owner=ada",
            "owner!=\"Ada Lovelace\"",
            "note:*",
            "missing:*",
            "missing:x",
            "missing<5",
            "owner>5",
            "retries>3",
            "retries:2",
            "wait_ms>2m",
            "updated_at>20m",
            "created_at>2026-11-29",
            "payload.city:paris",
            "payload.lines.1.count>3",
            "payload.town:*",
            "payload=Bonn",
            "payload:city",
            "tags=blue",
            "is_urgent:false",
        ],
    );
}

#[test]
fn terms_are_joined_by_and_before_or() {
    assert!(invoice().is("") && invoice().is("  "), "no term excludes nothing");
    check(
        &invoice(),
        &[
            "invoice or nothing",
            "nothing or invoice",
            "nothing nowhere or invoice",
            "invoice (nothing or bank)",
            "-nothing",
            "not nothing",
            "NOT nothing AND invoice",
            "--invoice",
            "invoice and -(nothing or nowhere)",
            "((invoice))",
            "\"or\" or invoice",
        ],
        &[
            "invoice nothing",
            "nothing or nowhere",
            "(nothing or invoice) nowhere",
            "-invoice",
            "-(nothing or invoice)",
        ],
    );
}

#[test]
fn every_kind_of_row_is_read() {
    let agent = TestRow::new(
        Kind::Agent,
        "a1",
        r#"{"id":"a1","name":"Planner","status":"idle","workflow_id":"w1"}"#,
    );
    check(
        &agent,
        &[
            "kind:agent",
            "agent:plan",
            "agent=a1",
            "state:idle",
            "state:open",
            "-needs_person:true",
            "-cost:*",
        ],
        &["kind:task", "state:trouble", "age>1s", "error:*"],
    );
    let workflow = TestRow::new(
        Kind::Workflow,
        "w1",
        r#"{"id":"w1","name":"Billing","status":"completed","progress":100}"#,
    );
    check(
        &workflow,
        &[
            "workflow:bill",
            "workflow=w1",
            "state:done",
            "state:over",
            "progress=100%",
            "progress=1",
        ],
        &["agent:*", "state:open"],
    );
}

#[test]
fn a_query_is_displayed_canonically() {
    for (text, canonical) in [
        ("  STATE:Failed   and  Kind:tasks ", "state:failed kind:task"),
        ("title:\"x\"", "label:x"),
        ("title:\"x y\"", "label:\"x y\""),
        ("not (a or (b or c))", "-(a or b or c)"),
        ("a and (b and c)", "a b c"),
        ("(a b) or (c d)", "a b or c d"),
        ("not not a", "a"),
        ("owner!=ada", "-owner=ada"),
        ("-owner!=ada", "owner=ada"),
        ("age>10min", "age>10m"),
        ("age > 10m".replace(' ', "").as_str(), "age>10m"),
        ("cost==1.50", "cost=1.5"),
        ("\"or\"", "\"or\""),
        ("\"word\"", "word"),
        ("state:\"open\"", "state:\"open\""),
        ("state:\"pending\"", "state:pending"),
        ("\"state\":x", "\"state\":x"),
        ("\"owner\":x", "owner:x"),
        ("payload.\"odd name\".\"city\":x", "payload.\"odd name\".city:x"),
        ("needs_person=TRUE", "needs_person:true"),
        (r#""a \"b\" \\ \c""#, r#""a \"b\" \ \c""#),
        ("label:/a\\/b c/", "label:/a\\/b c/"),
    ] {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.to_string(), canonical, "{text}");
        assert_eq!(Query::parse(canonical), Ok(query), "{text}");
    }
}

#[test]
fn the_fields_of_a_query_are_known() {
    let query = Query::parse("agent:planner or -(state:failed invoice cost>1)").expect("a query");
    for field in [Field::Agent, Field::State, Field::Label, Field::Id, Field::Cost] {
        assert!(query.uses(field), "{field:?}");
    }
    assert!(!query.uses(Field::Workflow) && !query.is_empty() && Query::default().is_empty());
    let query = Query::parse("owner:* -payload.city:x retries>3 agent:x").expect("a query");
    assert_eq!(query.columns(), ["owner", "payload", "retries"]);
    assert!(!Query::parse("\"agent\":x").expect("a query").uses(Field::Agent));
}

#[test]
fn the_table_of_fields_in_the_readme_is_that_of_the_code() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("## Fields\n").expect("the section");
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), Field::ALL.len());
    for (row, field) in rows.into_iter().zip(Field::ALL) {
        let begin = format!("| `{}` | {}", field.word(), field.about());
        assert!(row.starts_with(&begin), "{begin}: {row}");
    }
}
