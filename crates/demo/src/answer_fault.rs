//! Faults of single HTTP answers: late, slow, cut short, endless, another program's page, none at all.

use std::{collections::VecDeque, convert::Infallible, io, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    body::Frame,
    header::{CONTENT_LENGTH, HeaderValue, LOCATION},
};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::http::{self, HttpAnswer};

/// The body of an answer as it is sent.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// One fault that the demo feed puts into an answer of its HTTP APIs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerFault {
    /// The answer is this much later, in seconds.
    Wait(f64),
    /// The body is sent at this many bytes a second.
    Drip(u32),
    /// Another status.
    Status {
        /// The HTTP status.
        status: u16,
        /// The message in the body.
        #[serde(default)]
        text: String,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// A refusal in the format of PostgREST.
    Coded {
        /// The HTTP status.
        status: u16,
        /// PostgreSQL's or PostgREST's code, such as `57014`.
        code: String,
        /// The message in the body.
        text: String,
    },
    /// An HTML page with this status.
    Html(u16),
    /// A redirect to this address.
    Redirect(String),
    /// The connection ends in the middle of the body.
    Truncate,
    /// The first half of the body, sent as if it were the whole.
    Half,
    /// A list that never ends.
    Endless,
    /// The first page, whichever page is requested.
    Repeat,
    /// An empty list, whatever the table contains.
    Empty,
    /// Bytes that are not JSON.
    Garbage,
    /// The connection ends without an answer.
    Hangup,
}

/// One of the HTTP APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// The API of the tables, `/rest/v1`.
    Rest,
    /// The API of sign-ins and refreshes, `/auth/v1`.
    Auth,
}

/// The faults of the answers to come, in order.
#[derive(Debug, Default)]
pub(crate) struct AnswerFaults(VecDeque<Pending>);

#[derive(Debug)]
struct Pending {
    api: Api,
    fault: AnswerFault,
    /// Good answers before it.
    skip: u32,
    /// Answers that still get it.
    times: u32,
}

/// Most faults that may be pending; the oldest are discarded.
const MAX_PENDING: usize = 1_000;
/// Longest delay of an answer, in seconds.
const MAX_WAIT: f64 = 86_400.0;
/// Bytes after which an endless body ends all the same, far more than any client accepts.
const MAX_ENDLESS: usize = 1 << 30;
/// Delay between the half that is sent and the end of the connection.
const CUT_SHORT_AFTER: Duration = Duration::from_millis(50);
/// Writes per second of a slow body.
const DRIPS_PER_S: u32 = 20;

impl AnswerFaults {
    /// Queues a fault.
    pub(crate) fn push(&mut self, api: Api, fault: AnswerFault, skip: u32, times: u32) {
        if self.0.len() >= MAX_PENDING {
            self.0.pop_front();
        }
        self.0.push_back(Pending {
            api,
            fault,
            skip,
            times,
        });
    }

    /// Forgets every pending fault.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of the next answer of an API, if it has one.
    pub(crate) fn next(&mut self, api: Api) -> Option<AnswerFault> {
        self.0.retain(|pending| pending.times > 0);
        let pending = self.0.iter_mut().find(|pending| pending.api == api)?;
        if pending.skip > 0 {
            pending.skip -= 1;
            return None;
        }
        pending.times -= 1;
        Some(pending.fault.clone())
    }
}

/// Sends an answer unchanged.
pub(crate) fn whole(answer: HttpAnswer) -> Response<Body> {
    answer.map(|body| {
        Full::new(body)
            .map_err(|never: Infallible| match never {})
            .boxed_unsync()
    })
}

/// Sends an answer with a fault. An error ends the connection.
pub(crate) async fn send(
    fault: Option<AnswerFault>,
    answer: impl Future<Output = HttpAnswer>,
) -> io::Result<Response<Body>> {
    let Some(fault) = fault else {
        return Ok(whole(answer.await));
    };
    Ok(match fault {
        AnswerFault::Wait(seconds) => {
            let wait = Duration::try_from_secs_f64(seconds.min(MAX_WAIT)).unwrap_or_default();
            sleep(wait).await;
            whole(answer.await)
        }
        AnswerFault::Drip(rate) => drip(answer.await, rate.max(1)),
        AnswerFault::Status {
            status,
            text,
            retry_after,
        } => {
            let body = serde_json::json!({ "code": status, "error_code": "demo_fault", "msg": text, "message": text });
            whole(http::retry_after(
                http::json(code(status), body.to_string()),
                retry_after,
            ))
        }
        AnswerFault::Coded {
            status,
            code: word,
            text,
        } => {
            let body = serde_json::json!({ "code": word, "details": null, "hint": null, "message": text });
            whole(http::json(code(status), body.to_string()))
        }
        AnswerFault::Html(status) => whole(http::answer(
            code(status),
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><head><title>Project paused</title></head><body><h1>Hello browser</h1></body></html>",
        )),
        AnswerFault::Redirect(to) => {
            let mut answer = http::answer(StatusCode::FOUND, "", "");
            if let Ok(to) = HeaderValue::from_str(&to) {
                answer.headers_mut().insert(LOCATION, to);
            }
            whole(answer)
        }
        AnswerFault::Truncate => truncate(answer.await),
        AnswerFault::Half => whole(answer.await.map(|body| body.slice(..body.len() / 2))),
        AnswerFault::Endless => endless(answer.await),
        AnswerFault::Repeat => whole(answer.await),
        AnswerFault::Empty => whole(http::json(StatusCode::OK, "[]")),
        AnswerFault::Garbage => whole(http::json(StatusCode::OK, &b"[{\"id\":\xff\x00}\x80,,"[..])),
        AnswerFault::Hangup => return Err(io::Error::other("hung up on request")),
    })
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200)
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sets `Content-Length` to the whole body.
fn set_length(answer: &mut HttpAnswer) {
    let length = HeaderValue::from(answer.body().len());
    answer.headers_mut().insert(CONTENT_LENGTH, length);
}

/// Announces the whole body, sends half of it and ends the connection.
fn truncate(mut answer: HttpAnswer) -> Response<Body> {
    set_length(&mut answer);
    answer.map(|body| {
        let parts = stream::unfold(Some(body.slice(..body.len() / 2)), |half| async move {
            match half {
                Some(half) => Some((Ok(Frame::data(half)), None)),
                None => {
                    // An error at once would discard the half that is still to be written.
                    sleep(CUT_SHORT_AFTER).await;
                    Some((Err(io::Error::other("cut short on request")), None))
                }
            }
        });
        BodyExt::boxed_unsync(StreamBody::new(parts))
    })
}

/// Sends the body at this many bytes a second.
fn drip(mut answer: HttpAnswer, rate: u32) -> Response<Body> {
    set_length(&mut answer);
    answer.map(|body| {
        let step = (rate / DRIPS_PER_S).max(1) as usize;
        let pause = Duration::from_secs_f64(step as f64 / f64::from(rate));
        let parts = stream::unfold((body, Instant::now()), move |(mut rest, due)| async move {
            if rest.is_empty() {
                return None;
            }
            tokio::time::sleep_until(due).await;
            let part = rest.split_to(step.min(rest.len()));
            Some((Ok(Frame::data(part)), (rest, due + pause)))
        });
        BodyExt::boxed_unsync(StreamBody::new(parts))
    })
}

/// Repeats the rows of the answer.
fn endless(answer: HttpAnswer) -> Response<Body> {
    answer.map(|body| {
        let rows = body
            .len()
            .checked_sub(1)
            .filter(|end| *end > 1)
            .map_or(&b"{}"[..], |end| body.get(1..end).unwrap_or_default());
        let mut more = Vec::with_capacity(rows.len() + 1);
        more.extend_from_slice(rows);
        more.push(b',');
        let more = Bytes::from(more);
        let parts = stream::unfold(0_usize, move |sent| {
            let more = more.clone();
            async move {
                let part = match sent {
                    0 => Bytes::from_static(b"["),
                    _ if sent > MAX_ENDLESS => return None,
                    _ => more,
                };
                // Other tasks get to run, however fast the client reads.
                tokio::task::yield_now().await;
                let sent = sent + part.len();
                Some((Ok(Frame::data(part)), sent))
            }
        });
        BodyExt::boxed_unsync(StreamBody::new(parts))
    })
}
