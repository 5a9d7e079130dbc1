//! What can be wrong with one HTTP answer: late, slow, cut short, endless, somebody else's page, none at all.

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

use super::http::{self, Answer};

/// The body of an answer as it goes out.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Spoil {
    /// The answer comes so much later, in seconds.
    Wait(f64),
    /// The body comes at so many bytes a second.
    Drip(u32),
    /// Another status, with a text of its own and perhaps `Retry-After` in seconds.
    Status {
        status: u16,
        #[serde(default)]
        text: String,
        retry_after: Option<u32>,
    },
    /// A refusal in PostgREST's words, with its code, such as `57014`.
    Coded { status: u16, code: String, text: String },
    /// A page for browsers, with this status.
    Html(u16),
    /// Sent elsewhere.
    Redirect(String),
    /// The connection ends in the middle of the body.
    Truncate,
    /// Half the body, as if it were all.
    Half,
    /// A list that never ends.
    Endless,
    /// The first page, whatever page is asked for.
    Repeat,
    /// An empty list.
    Empty,
    /// Bytes that are no JSON.
    Garbage,
    /// The connection ends without an answer.
    Hangup,
}

/// Which of the faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    Rest,
    Auth,
}

/// What waits to go wrong, in order.
#[derive(Debug, Default)]
pub struct Spoils(VecDeque<Armed>);

#[derive(Debug)]
struct Armed {
    door: Door,
    spoil: Spoil,
    /// Requests that are answered well before it.
    skip: u32,
    /// Requests that it befalls.
    times: u32,
}

/// What may wait at a time; the oldest go.
const MOST_WAITING: usize = 1_000;
/// Longest wait.
const MOST_WAIT: f64 = 86_400.0;
/// An endless body ends all the same, long after every client's patience.
const MOST_ENDLESS: usize = 1 << 30;
/// Between the half that is sent and the end of the connection.
const CUT_SHORT_AFTER: Duration = Duration::from_millis(50);
/// Pieces of a body that drips, a second.
const DRIPS: u32 = 20;

impl Spoils {
    pub fn arm(&mut self, door: Door, spoil: Spoil, skip: u32, times: u32) {
        if self.0.len() >= MOST_WAITING {
            self.0.pop_front();
        }
        self.0.push_back(Armed {
            door,
            spoil,
            skip,
            times,
        });
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What befalls the next request at this door.
    pub fn next(&mut self, door: Door) -> Option<Spoil> {
        self.0.retain(|armed| armed.times > 0);
        let armed = self.0.iter_mut().find(|armed| armed.door == door)?;
        if armed.skip > 0 {
            armed.skip -= 1;
            return None;
        }
        armed.times -= 1;
        Some(armed.spoil.clone())
    }
}

/// An answer as it is.
pub fn whole(answer: Answer) -> Response<Body> {
    answer.map(|body| {
        Full::new(body)
            .map_err(|never: Infallible| match never {})
            .boxed_unsync()
    })
}

/// An answer as it becomes. An error ends the connection.
pub async fn spoil(spoil: Option<Spoil>, answer: impl Future<Output = Answer>) -> io::Result<Response<Body>> {
    let Some(spoil) = spoil else {
        return Ok(whole(answer.await));
    };
    Ok(match spoil {
        Spoil::Wait(seconds) => {
            let wait = Duration::try_from_secs_f64(seconds.min(MOST_WAIT)).unwrap_or_default();
            sleep(wait).await;
            whole(answer.await)
        }
        Spoil::Drip(rate) => drip(answer.await, rate.max(1)),
        Spoil::Status {
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
        Spoil::Coded {
            status,
            code: word,
            text,
        } => {
            let body = serde_json::json!({ "code": word, "details": null, "hint": null, "message": text });
            whole(http::json(code(status), body.to_string()))
        }
        Spoil::Html(status) => whole(http::answer(
            code(status),
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><head><title>Project paused</title></head><body><h1>Hello browser</h1></body></html>",
        )),
        Spoil::Redirect(to) => {
            let mut answer = http::answer(StatusCode::FOUND, "", "");
            if let Ok(to) = HeaderValue::from_str(&to) {
                answer.headers_mut().insert(LOCATION, to);
            }
            whole(answer)
        }
        Spoil::Truncate => truncate(answer.await),
        Spoil::Half => whole(answer.await.map(|body| body.slice(..body.len() / 2))),
        Spoil::Endless => endless(answer.await),
        Spoil::Repeat => whole(answer.await),
        Spoil::Empty => whole(http::json(StatusCode::OK, "[]")),
        Spoil::Garbage => whole(http::json(StatusCode::OK, &b"[{\"id\":\xff\x00}\x80,,"[..])),
        Spoil::Hangup => return Err(io::Error::other("hung up on request")),
    })
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200)
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn promise(answer: &mut Answer) {
    let length = HeaderValue::from(answer.body().len());
    answer.headers_mut().insert(CONTENT_LENGTH, length);
}

/// The head promises all of it.
fn truncate(mut answer: Answer) -> Response<Body> {
    promise(&mut answer);
    answer.map(|body| {
        let parts = stream::unfold(Some(body.slice(..body.len() / 2)), |half| async move {
            match half {
                Some(half) => Some((Ok(Frame::data(half)), None)),
                None => {
                    // What is written at the moment of the error would be taken back.
                    sleep(CUT_SHORT_AFTER).await;
                    Some((Err(io::Error::other("cut short on request")), None))
                }
            }
        });
        BodyExt::boxed_unsync(StreamBody::new(parts))
    })
}

fn drip(mut answer: Answer, rate: u32) -> Response<Body> {
    promise(&mut answer);
    answer.map(|body| {
        let step = (rate / DRIPS).max(1) as usize;
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

/// The rows of the answer again and again.
fn endless(answer: Answer) -> Response<Body> {
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
                    _ if sent > MOST_ENDLESS => return None,
                    _ => more,
                };
                // Others may go in between, however fast the client reads.
                tokio::task::yield_now().await;
                let sent = sent + part.len();
                Some((Ok(Frame::data(part)), sent))
            }
        });
        BodyExt::boxed_unsync(StreamBody::new(parts))
    })
}
