//! Reads of the tables over REST, as PostgREST answers them.

mod filter;
mod query;
#[cfg(unix)]
mod relations;
#[cfg(unix)]
mod statement;

use std::{borrow::Cow, cmp::Ordering, ops::Bound, sync::Arc, time::Instant};

use bytes::Bytes;
use hyper::{
    Method, Request, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CONTENT_RANGE, HeaderValue, RANGE},
};
use serde_json::json;

use crate::{
    auth::{Caller, TokenError},
    http::{self, HttpAnswer, header, parameter},
    hub::{Hub, now_micros},
    store::{Row, Store, StoredCell, TableId},
};
use query::{Order, Query, malformed};
#[cfg(unix)]
pub use relations::similar;

/// Answers a request below `/rest/v1/`. With `repeats`, every page is the first one.
pub(crate) async fn read<B>(hub: Arc<Hub>, request: Request<B>, table: &str, repeats: bool) -> HttpAnswer {
    hub.until_unstalled(None).await;
    if let Some(refusal) = hub.refusal().filter(|refusal| refusal.rest) {
        let text = "Could not query the database for the schema cache. Retrying.";
        let text = refusal.text.as_deref().unwrap_or(text);
        let answer = RestError::new(refusal.status, "PGRST002", text).answer();
        return http::retry_after(answer, refusal.retry_after);
    }
    if hub.lock().down_until.is_some_and(|until| Instant::now() < until) {
        let text = "Could not connect with the database due to an internal error.";
        return RestError::new(StatusCode::SERVICE_UNAVAILABLE, "PGRST001", text).answer();
    }
    let caller = match check_key(&hub, &request) {
        Ok(caller) => caller,
        Err(refused) => return *refused,
    };
    let delay = {
        let inner = &mut *hub.lock();
        inner.seen.reads += 1;
        inner.behaviour.delays.page
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let is_head = request.method() == Method::HEAD;
    #[cfg(unix)]
    let response = match &hub.database {
        Some(database) => {
            let max_rows = hub.lock().behaviour.max_rows;
            // The body of a request is not needed, and would have to be shared between threads.
            relations::read(database, &request.map(|_| ()), table, &caller, max_rows).await
        }
        None => page(&hub, &request, table, &caller.role, repeats),
    };
    #[cfg(not(unix))]
    let response = page(&hub, &request, table, &caller.role, repeats);
    let response = match response {
        Ok(response) => response,
        Err(error) => error.answer(),
    };
    if is_head {
        response.map(|_| Bytes::new())
    } else {
        response
    }
}

/// Checks the key as the gateway does, and the token as PostgREST does.
fn check_key<B>(hub: &Hub, request: &Request<B>) -> Result<Caller, Box<HttpAnswer>> {
    if let Some(refused) = http::check_key(&hub.guard, request) {
        return Err(Box::new(refused));
    }
    let key = header(request.headers(), "apikey").or_else(|| parameter(request, "apikey"));
    let token = http::bearer(request.headers()).or(key).unwrap_or_default();
    let (code, message) = match hub.guard.token(&token, now_micros() / 1_000_000) {
        Ok(accepted) => return Ok(Caller::new(&token, &accepted.role)),
        Err(TokenError::Expired(_)) => ("PGRST303", "JWT expired"),
        Err(TokenError::Unsigned) => ("PGRST301", "No suitable key or wrong key type"),
        Err(TokenError::Malformed | TokenError::NoClaims) => ("PGRST301", "Expected 3 parts in JWT; got 1"),
    };
    Err(Box::new(
        RestError::new(StatusCode::UNAUTHORIZED, code, message).answer(),
    ))
}

fn page<B>(hub: &Hub, request: &Request<B>, table: &str, role: &str, repeats: bool) -> Result<HttpAnswer, RestError> {
    let exists = |id: &TableId| *id != TableId::Pulse || !hub.lock().store.table(*id).is_empty();
    let Some(id) = TableId::from_name(table).filter(exists) else {
        let message = format!("Could not find the table 'public.{table}' in the schema cache");
        let mut error = RestError::new(StatusCode::NOT_FOUND, "PGRST205", message);
        let near = TableId::ALL
            .into_iter()
            .find(|id| table.contains(id.name()) || id.name().starts_with(table));
        error.hint = near.map(|id| format!("Perhaps you meant the table 'public.{}'", id.name()));
        return Err(error);
    };
    if *request.method() == Method::OPTIONS {
        return Ok(allowed_methods(hub.lock().rules.of(id).allowed_methods()));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = format!("permission denied for table {table}");
        return Err(RestError::new(StatusCode::UNAUTHORIZED, "42501", message));
    }
    if let Some(schema) = header(request.headers(), "accept-profile").filter(|schema| schema != "public") {
        let mut error = RestError::new(
            StatusCode::NOT_ACCEPTABLE,
            "PGRST106",
            format!("Invalid schema: {schema}"),
        );
        error.hint = Some("Only the following schemas are exposed: public".into());
        return Err(error);
    }
    let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok());
    let mut query = Query::parse(id, request.uri().query().unwrap_or_default(), range)?;
    if repeats {
        query.filters.clear();
        query.window.offset = 0;
    }
    let prefers = header(request.headers(), "prefer").unwrap_or_default();
    let is_counted = prefers.split(',').any(|word| word.trim().starts_with("count="));

    let inner = &mut *hub.lock();
    let rules = inner.rules.of(id);
    if !rules.may_read(role, Instant::now()) {
        let status = match role {
            "anon" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::FORBIDDEN,
        };
        let message = format!("permission denied for table {table}");
        return Err(RestError::new(status, "42501", message));
    }
    let limit = query.window.limit.unwrap_or(usize::MAX).min(inner.behaviour.max_rows);
    let is_visible = |row: &Row| rules.shows(role, row);
    let (rows, total) = select(&inner.store, id, &query, limit, is_counted, is_visible);
    for _ in 0..inner.behaviour.steps_behind_page {
        inner.step();
    }

    let offset = query.window.offset;
    if let Some(total) = total.filter(|total| offset > *total) {
        return Err(RestError::beyond(offset, total));
    }
    let mut body = String::with_capacity(64 + rows.len() * 512);
    body.push('[');
    for (n, row) in rows.iter().enumerate() {
        body.push_str(if n > 0 { ",\n " } else { "" });
        row.write_selected(query.select.iter().map(|(name, at)| (name.as_str(), *at)), &mut body);
    }
    body.push(']');
    Ok(rows_answer(body, rows.len(), offset, total))
}

/// The rows of a page, and with `is_counted` the number of all matching rows. The cost of a page in the order of the key
/// depends on its own size, not on that of the table.
fn select(
    store: &Store,
    id: TableId,
    query: &Query,
    limit: usize,
    is_counted: bool,
    is_visible: impl Fn(&Row) -> bool,
) -> (Vec<Row>, Option<usize>) {
    let table = store.table(id);
    let is_match = |row: &&Row| query.filters.iter().all(|filter| filter.is_met_by(row)) && is_visible(row);
    let by_key = matches!(
        query.order.as_slice(),
        [] | [Order {
            column: 0,
            is_descending: false,
            ..
        }]
    );
    if by_key && !is_counted {
        if let Some(keys) = query.filters.iter().find_map(|filter| filter.one()?.keys()) {
            let rows = keys.iter().filter_map(|key| table.get(key)).filter(is_match);
            return (rows.skip(query.window.offset).take(limit).cloned().collect(), None);
        }
        let after = query
            .filters
            .iter()
            .filter_map(|filter| filter.one()?.key_after())
            .max();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = table
            .range((from, Bound::Unbounded))
            .map(|(_, row)| row)
            .filter(is_match);
        return (rows.skip(query.window.offset).take(limit).cloned().collect(), None);
    }
    let mut rows: Vec<&Row> = table.values().filter(is_match).collect();
    let total = is_counted.then_some(rows.len());
    let order = |a: &&Row, b: &&Row| {
        let orders = query.order.iter().map(|order| compare(a, b, *order));
        orders.fold(Ordering::Equal, Ordering::then)
    };
    // A few of many rows are found without sorting all of them. The key decides between equal ones.
    let wanted = query.window.offset.saturating_add(limit);
    if wanted < rows.len() {
        rows.select_nth_unstable_by(wanted, |a, b| order(a, b).then_with(|| a.id().cmp(&b.id())));
        rows.truncate(wanted);
    }
    rows.sort_by(|a, b| order(a, b).then_with(|| a.id().cmp(&b.id())));
    (
        rows.into_iter()
            .skip(query.window.offset)
            .take(limit)
            .cloned()
            .collect(),
        total,
    )
}

fn compare(a: &Row, b: &Row, order: Order) -> Ordering {
    let (a, b) = (a.cell(order.column), b.cell(order.column));
    let is_null = |cell: &StoredCell| *cell == StoredCell::Null;
    match (is_null(a), is_null(b)) {
        (true, true) => Ordering::Equal,
        (true, false) if order.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if order.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let ordering = a.compare(b).unwrap_or(Ordering::Equal);
            if order.is_descending {
                ordering.reverse()
            } else {
                ordering
            }
        }
    }
}

/// The error of a read: the HTTP status and the four fields of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RestError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

impl RestError {
    fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            details: None,
            hint: None,
        }
    }

    /// The offset is behind the last row.
    fn beyond(offset: usize, total: usize) -> Self {
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        let mut error = Self::new(status, "PGRST103", "Requested range not satisfiable");
        error.details = Some(format!(
            "An offset of {offset} was requested, but there are only {total} rows."
        ));
        error
    }

    fn answer(&self) -> HttpAnswer {
        let body = json!({
            "code": self.code, "details": self.details, "hint": self.hint, "message": self.message,
        });
        let mut response = with_json(self.status, body.to_string());
        if let Ok(value) = HeaderValue::from_str(&format!("PostgREST; error={}", self.code)) {
            response.headers_mut().insert("proxy-status", value);
        }
        response
    }
}

/// The answer with `count` rows from the row `first` on. `total` is the number of all rows, if it was requested.
fn rows_answer(body: String, count: usize, first: usize, total: Option<usize>) -> HttpAnswer {
    let is_partial = total.is_some_and(|total| first > 0 || count < total);
    let status = if is_partial {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let mut response = with_json(status, body);
    let range = match count.checked_sub(1) {
        Some(last) => format!("{first}-{}", first + last),
        None => "*".into(),
    };
    let total = total.map_or_else(|| "*".into(), |total| total.to_string());
    if let Ok(value) = HeaderValue::from_str(&format!("{range}/{total}")) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    response
}

/// The answer to `OPTIONS`.
fn allowed_methods(methods: &'static str) -> HttpAnswer {
    let mut response = http::answer(StatusCode::OK, "", Bytes::new());
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn with_json(status: StatusCode, body: String) -> HttpAnswer {
    let mut response = http::json(status, body);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Content-Range"));
    response
}
