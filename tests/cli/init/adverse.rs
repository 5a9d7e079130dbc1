//! Servers that are slow, limit requests, or have nothing to show. Each search ends within its bounds with one sentence.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    Run, run_in,
    server::{Answer, Rest},
    tables,
};

/// The longest time of a search, with the start of the program on a busy machine.
const LONGEST: Duration = Duration::from_secs(8);

fn init(rest: &Rest) -> (Run, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_in(
        folder.path(),
        &["init", "--json", "--url", &rest.url, "--key", "sb_publishable_hidden"],
    );
    assert!(run.took < LONGEST, "{:?}", run.took);
    assert!(rest.requests() <= 80, "{} requests", rest.requests());
    assert!(rest.most_at_once() <= 6, "{} requests at once", rest.most_at_once());
    assert!(!run.stdout.contains("hidden") && !run.stderr.contains("hidden"));
    let has_file = folder.path().join("opswall.toml").exists();
    (run, has_file)
}

fn rows(of: &str, count: usize) -> Value {
    let row = |n: usize| {
        let status = ["running", "done", "failed"][n % 3];
        json!({"id": n, of: format!("{of} {n}"), "status": status, "updated_at": "2026-11-01T00:00:00Z"})
    };
    Value::Array((0..count).map(row).collect())
}

#[test]
fn a_server_that_takes_a_second_an_answer_is_searched_for_five() {
    let rest = Rest::serve(|ask| {
        let answer = match ask.table.as_str() {
            "agents" => Answer::rows(&rows("name", 5)),
            "tasks" => Answer::rows(&rows("title", 9)),
            table => Answer::missing(table, None),
        };
        answer.after(Duration::from_secs(1))
    });
    let (run, has_file) = init(&rest);
    let found = run.json();
    assert_eq!(tables(&found), ["agents", "tasks"]);
    assert!(
        found["asked"]["cut_short"]
            .as_str()
            .is_some_and(|why| why.contains("slowly")),
        "{found}"
    );
    assert!(has_file && run.code == 0);
}

#[test]
fn a_server_that_never_answers_is_given_up_with_one_sentence() {
    let rest = Rest::serve(|ask| Answer::missing(&ask.table, None).after(Duration::from_secs(60)));
    let (run, has_file) = init(&rest);
    assert!(run.sentence().contains("no answer"), "{}", run.stderr);
    assert!(!has_file && run.code == 1);
}

#[test]
fn a_limit_on_the_rate_is_obeyed_where_it_is_short_and_ends_the_search_where_it_is_long() {
    let was_limited = AtomicBool::new(false);
    let rest = Rest::serve(move |ask| match ask.table.as_str() {
        _ if ask.number >= 3 && !was_limited.swap(true, Ordering::SeqCst) => {
            Answer::new(429, &json!({"message": "slow down"})).header("Retry-After", "1")
        }
        "tasks" => Answer::rows(&rows("title", 9)),
        table => Answer::missing(table, None),
    });
    let (run, _) = init(&rest);
    assert_eq!(tables(&run.json()), ["tasks"]);
    assert_eq!(run.json()["asked"]["cut_short"], Value::Null);
    assert!(run.took >= Duration::from_secs(1), "it waited: {:?}", run.took);

    let rest = Rest::serve(|_| Answer::new(429, &json!({"message": "slow down"})).header("Retry-After", "60"));
    let (run, has_file) = init(&rest);
    assert!(run.sentence().contains("429"), "{}", run.stderr);
    assert!(run.took < Duration::from_secs(3) && rest.requests() <= 6 && !has_file);
}

#[test]
fn a_project_without_any_table_is_reported_with_what_was_asked_for() {
    let rest = Rest::serve(|ask| Answer::missing(&ask.table, None));
    let (run, has_file) = init(&rest);
    let sentence = run.sentence();
    for words in ["no table was found", "agents, tasks", "[[sources]]", "--database-url"] {
        assert!(sentence.contains(words), "{words}: {sentence}");
    }
    assert!(!has_file && run.code == 1);
    assert_eq!(run.json()["file"], Value::Null);
}

#[test]
fn of_three_hundred_tables_no_more_are_asked_for_than_fit() {
    let rest = Rest::serve(|ask| match ask.table.as_str() {
        "tasks" => Answer::rows(&rows("title", 9)),
        table if table.starts_with("thing_") => Answer::rows(&json!([{"id": 1, "weight": 2.5}])),
        table => Answer::missing(table, Some(&format!("thing_{}", ask.number))),
    });
    let (run, _) = init(&rest);
    assert_eq!(tables(&run.json()), ["tasks"]);
}

#[test]
fn a_hint_leads_to_a_table_of_another_name_even_one_that_is_not_ascii() {
    let rest = Rest::serve(|ask| match ask.table.as_str() {
        "größe_tasks" => Answer::rows(&rows("título", 9)),
        "tasks" => Answer::missing("tasks", Some("größe_tasks")),
        table => Answer::missing(table, None),
    });
    let (run, has_file) = init(&rest);
    let found = run.json();
    assert_eq!(tables(&found), ["größe_tasks"]);
    assert_eq!(found["sources"][0]["roles"]["label"], json!(["título"]), "{found}");
    assert!(has_file);
}

#[test]
fn views_are_polled_and_are_never_told_to_be_published() {
    let rest = Rest::serve(|ask| match (ask.method.as_str(), ask.table.as_str()) {
        ("OPTIONS", _) => Answer::new(200, &json!(null)).header("Allow", "OPTIONS,GET,HEAD"),
        (_, "agents") => Answer::rows(&rows("name", 5)),
        (_, "tasks") => Answer::rows(&rows("title", 9)),
        (_, table) => Answer::missing(table, None),
    });
    let (run, _) = init(&rest);
    let found = run.json();
    for source in found["sources"].as_array().expect("a list") {
        assert_eq!(source["way"], "polled", "{found}");
        assert!(!source["sql"].to_string().contains("publication"), "{found}");
    }
    assert_eq!(tables(&found).len(), 2);
}

#[test]
fn tables_that_are_denied_are_listed_with_the_grant_to_copy() {
    let rest = Rest::serve(|ask| match ask.table.as_str() {
        "agents" | "tasks" => Answer::denied(&ask.table),
        table => Answer::missing(table, None),
    });
    let (run, has_file) = init(&rest);
    assert!(
        run.sentence().contains("anon may not read agents, tasks"),
        "{}",
        run.stderr
    );
    let found = run.json();
    let sql = found["sources"][0]["sql"].as_str().expect("statements");
    assert!(
        sql.contains("grant select on") && sql.contains("create policy"),
        "{sql}"
    );
    assert!(!has_file && run.code == 1);
}

#[test]
fn a_table_of_two_million_rows_is_not_counted_and_its_latest_rows_are_read() {
    let rest = Rest::serve(|ask| match ask.table.as_str() {
        _ if ask.head.contains("count=exact") => Answer::new(
            500,
            &json!({"code": "57014", "message": "canceling statement due to statement timeout"}),
        ),
        "tasks" => {
            let mut rows = rows("title", 200);
            if ask.head.contains("order=updated_at.desc") {
                for row in rows.as_array_mut().expect("a list") {
                    row["status"] = json!("limbo");
                }
            }
            Answer::rows(&rows).header("Content-Range", "0-199/2000000")
        }
        table => Answer::missing(table, None),
    });
    let (run, _) = init(&rest);
    let found = run.json();
    let source = &found["sources"][0];
    assert_eq!(source["rows"], 2_000_000, "{found}");
    assert_eq!(
        source["unknown_words"],
        json!([{"word": "limbo", "rows": 200}]),
        "{found}"
    );
    let summary = found["summary"].as_str().expect("a sentence");
    assert!(
        summary.ends_with("0 of 200 rows read, 200 unmapped: limbo"),
        "{summary}"
    );
}

#[test]
fn a_wrong_key_and_a_closed_port_are_one_sentence_at_once() {
    let rest = Rest::serve(|_| Answer::new(401, &json!({"message": "Invalid API key"})));
    let (run, _) = init(&rest);
    assert!(run.sentence().contains("the key is refused"), "{}", run.stderr);
    assert!(rest.requests() <= 6, "{}", rest.requests());

    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_in(
        folder.path(),
        &["init", "--yes", "--url", &format!("http://{closed}"), "--key", "x"],
    );
    assert!(run.sentence().contains("refused"), "{}", run.stderr);
    assert!(run.code == 1 && run.took < Duration::from_secs(3));
}
