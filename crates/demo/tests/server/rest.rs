//! Reads over REST: pages, windows, conditions, refusals.

use demo::{Options, TableId};
use serde_json::{Value, json};

use crate::{
    client::{get, http},
    quiet, start,
};

#[tokio::test]
async fn pages_by_key_contain_every_row_once() {
    let server = start(Options {
        tasks: 2_500,
        workflows: 20,
        ..quiet()
    });
    let (mut ids, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let answer = get(
            server.addr(),
            &format!("/rest/v1/tasks?select=*&order=id.asc&limit=5000{after}"),
        )
        .await;
        assert_eq!(answer.status, 200);
        let page = answer.json();
        let page = page.as_array().expect("rows");
        assert!(page.len() <= 1_000, "{} rows in a page", page.len());
        let Some(last) = page.last() else {
            assert_eq!(answer.header("content-range"), Some("*/*"));
            break;
        };
        assert_eq!(
            answer.header("content-range"),
            Some(format!("0-{}/*", page.len() - 1).as_str())
        );
        after = format!("&id=gt.{}", last["id"].as_str().expect("an id"));
        ids.extend(page.iter().map(|row| row["id"].to_string()));
        pages += 1;
    }
    assert!(pages >= 3, "{pages}");
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(ids.len(), server.control().state().tables["tasks"].rows);
}

#[tokio::test]
async fn counts_windows_and_columns_are_postgrest_s() {
    let server = start(quiet());
    let rows = server.control().rows(TableId::Tasks);
    let total = rows.len();
    let counted = [("apikey", "demo"), ("prefer", "count=exact")];
    let answer = http(
        server.addr(),
        "GET",
        "/rest/v1/tasks?order=id&limit=10&offset=5",
        &counted,
        "",
    )
    .await;
    assert_eq!(
        (answer.status, answer.header("content-range")),
        (206, Some(format!("5-14/{total}").as_str()))
    );
    assert_eq!(answer.json().as_array().map(Vec::len), Some(10));
    let answer = http(server.addr(), "GET", "/rest/v1/agents", &counted, "").await;
    assert_eq!((answer.status, answer.header("content-range")), (200, Some("0-4/5")));
    let answer = http(server.addr(), "GET", "/rest/v1/agents?id=is.null", &counted, "").await;
    assert_eq!(
        (answer.status, answer.header("content-range"), answer.body.as_str()),
        (200, Some("*/0"), "[]")
    );
    let answer = http(server.addr(), "GET", "/rest/v1/agents?offset=9", &counted, "").await;
    assert_eq!((answer.status, &answer.json()["code"]), (416, &json!("PGRST103")));
    let range = [("apikey", "demo"), ("range-unit", "items"), ("range", "1-3")];
    let answer = http(server.addr(), "GET", "/rest/v1/agents?order=id.asc", &range, "").await;
    assert_eq!((answer.status, answer.header("content-range")), (200, Some("1-3/*")));
    let answer = http(server.addr(), "HEAD", "/rest/v1/agents", &counted, "").await;
    assert_eq!(
        (answer.status, answer.header("content-range"), answer.body.as_str()),
        (200, Some("0-4/5"), "")
    );

    let answer = get(server.addr(), "/rest/v1/agents?select=id,label:name&limit=1").await;
    let keys: Vec<String> = answer.json()[0].as_object().expect("a row").keys().cloned().collect();
    assert_eq!(keys, ["id", "label"]);
    assert!(answer.body.starts_with("[{\"id\":\""), "{}", answer.body);
}

#[tokio::test]
async fn conditions_and_orders_apply_to_the_rows() {
    let server = start(quiet());
    let rows = server.control().rows(TableId::Tasks);
    let count = |path: &'static str| {
        let addr = server.addr();
        async move { get(addr, path).await.json().as_array().map_or(0, Vec::len) }
    };
    let having = |test: fn(&Value) -> bool| rows.iter().filter(|row| test(row)).count();
    assert_eq!(
        count("/rest/v1/tasks?status=eq.queued").await,
        having(|row| row["status"] == "queued")
    );
    assert_eq!(
        count("/rest/v1/tasks?status=in.(queued,%22backlog%22)&progress=lte.0").await,
        having(|row| (row["status"] == "queued" || row["status"] == "backlog") && row["progress"] == 0)
    );
    assert_eq!(
        count("/rest/v1/tasks?agent_id=is.null").await,
        having(|row| row["agent_id"].is_null())
    );
    assert_eq!(
        count("/rest/v1/tasks?status=neq.queued").await,
        having(|row| row["status"] != "queued")
    );
    assert_eq!(
        count("/rest/v1/tasks?progress=gte.50").await,
        having(|row| row["progress"].as_i64() >= Some(50))
    );
    let first: Vec<&str> = rows.iter().take(3).filter_map(|row| row["id"].as_str()).collect();
    let path = format!("/rest/v1/tasks?id=in.({})", first.join(","));
    assert_eq!(
        get(server.addr(), &path).await.json(),
        json!(rows.get(..3)),
        "in the order of the key"
    );
    let ordered = get(server.addr(), "/rest/v1/tasks?order=progress.desc,id.asc")
        .await
        .json();
    let progress: Vec<i64> = ordered
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["progress"].as_i64())
        .collect();
    assert!(progress.is_sorted_by(|a, b| a >= b), "{progress:?}");
    let ordered = get(server.addr(), "/rest/v1/tasks?order=started_at").await.json();
    let nulls: Vec<bool> = ordered
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["started_at"].is_null())
        .collect();
    assert!(nulls.is_sorted(), "nulls are last: {nulls:?}");
}

#[tokio::test]
async fn bad_reads_are_refused_with_postgrest_s_texts() {
    let server = start(quiet());
    for (path, status, code) in [
        ("/rest/v1/task", 404, "PGRST205"),
        ("/rest/v1/nope", 404, "PGRST205"),
        ("/rest/v1/tasks?select=nope", 400, "42703"),
        ("/rest/v1/tasks?nope=eq.1", 400, "42703"),
        ("/rest/v1/tasks?order=nope.asc", 400, "42703"),
        ("/rest/v1/tasks?id=eq.1", 400, "22P02"),
        ("/rest/v1/tasks?status=queued", 400, "PGRST100"),
        ("/rest/v1/tasks?status=in.queued", 400, "PGRST100"),
        ("/rest/v1/tasks?limit=-1", 400, "PGRST100"),
        ("/rest/v1/tasks?order=id.upwards", 400, "PGRST100"),
        ("/rest/v1/tasks?select=a%20b(", 400, "PGRST100"),
    ] {
        let answer = get(server.addr(), path).await;
        let error = answer.json();
        assert_eq!(
            (answer.status, &error["code"]),
            (status, &json!(code)),
            "{path}: {answer:?}"
        );
        assert_eq!(
            answer.header("proxy-status"),
            Some(format!("PostgREST; error={code}").as_str())
        );
        let keys: Vec<String> = error.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(keys, ["code", "details", "hint", "message"]);
    }
    assert_eq!(
        get(server.addr(), "/rest/v1/task").await.json()["message"],
        "Could not find the table 'public.task' in the schema cache"
    );
    let answer = http(server.addr(), "GET", "/rest/v1/tasks", &[], "").await;
    assert_eq!(
        (answer.status, &answer.json()["message"]),
        (401, &json!("No API key found in request"))
    );
    let answer = http(server.addr(), "GET", "/rest/v1/tasks", &[("apikey", "wrong")], "").await;
    assert_eq!(
        (answer.status, &answer.json()["message"]),
        (401, &json!("Invalid API key"))
    );
    let expired = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiIsImV4cCI6MX0.c2ln";
    let headers = [("apikey", "demo"), ("authorization", &*format!("Bearer {expired}"))];
    let answer = http(server.addr(), "GET", "/rest/v1/tasks", &headers, "").await;
    assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("PGRST303")));
    let answer = http(server.addr(), "POST", "/rest/v1/tasks", &[("apikey", "demo")], "{}").await;
    assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("42501")));
    let headers = [("apikey", "demo"), ("accept-profile", "private")];
    let answer = http(server.addr(), "GET", "/rest/v1/tasks", &headers, "").await;
    assert_eq!((answer.status, &answer.json()["code"]), (406, &json!("PGRST106")));
}
