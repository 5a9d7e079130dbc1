//! A session driven by hand through a join, a snapshot and two changes. A real driver does the same with a WebSocket,
//! an HTTP client and a timer.

use std::{collections::HashMap, error::Error, time::Duration};

use realtime::{
    ConnectionId, Effect, Event, FeedEvent, LinkStatus, Now, PageQuery, Record, Session, SessionConfig, Source,
};

/// The clock, the timer of each connection, and what the session reported.
#[derive(Default)]
struct Driver {
    at: Duration,
    timers: HashMap<ConnectionId, Duration>,
    effects: Vec<(ConnectionId, Effect)>,
    status: LinkStatus,
    rows: Vec<String>,
}

impl Driver {
    /// Hands in an event of a connection and carries out the effects, which may lead to other events. A session has up
    /// to two connections, so each socket, timer and request is kept under the id of its effect, and its events are
    /// handed in under the same id.
    fn handle(&mut self, session: &mut Session, id: ConnectionId, event: Event) {
        let now = Now {
            at: self.at,
            wall_ms: 1_790_000_000_000 + self.at.as_millis() as i64,
            random: 0.5,
        };
        session.handle(id, event, now, &mut self.effects);
        for (id, effect) in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Open => self.handle(session, id, Event::SocketOpened),
                // The join is answered in the order of its entries; then the database confirms the subscription.
                Effect::Send(frame) if frame.contains("phx_join") => {
                    let entry = r#"{"id":7,"event":"*","schema":"public","table":"tasks"}"#;
                    for frame in [
                        format!(
                            r#"["1","1","realtime:demo-1","phx_reply",{{"status":"ok","response":{{"postgres_changes":[{entry}]}}}}]"#
                        ),
                        r#"["1",null,"realtime:demo-1","system",{"extension":"postgres_changes","status":"ok","message":"Subscribed to PostgreSQL"}]"#.to_owned(),
                    ] {
                        self.handle(session, id, Event::Text(frame));
                    }
                }
                // The snapshot: one page of one row, then an empty page.
                Effect::Fetch(request) => {
                    let row = Record::from_json(r#"{"id":1,"title":"write"}"#);
                    let page = match request.query {
                        PageQuery::After { after: None, .. } => row.into_iter().collect(),
                        _ => Vec::new(),
                    };
                    let answer = Event::Page {
                        id: request.id,
                        result: Ok(page),
                    };
                    self.handle(session, id, answer);
                }
                Effect::Emit(FeedEvent::Status(report)) => self.status = report.status,
                Effect::Emit(FeedEvent::Change(change)) => {
                    self.rows.push(format!("{:?} {}", change.op, change.id.as_str()));
                }
                Effect::WakeAt(Some(at)) => {
                    self.timers.insert(id, at);
                }
                Effect::WakeAt(None) => {
                    self.timers.remove(&id);
                }
                _ => {}
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut driver = Driver::default();
    let mut session = Session::new(SessionConfig {
        topic_prefix: "demo-".into(),
        ..SessionConfig::new(vec![Source {
            schema: "public".into(),
            table: "tasks".into(),
            key: vec!["id".into()],
            noun: ("task".into(), "tasks".into()),
            ..Source::default()
        }])
    });
    let first = session.connection();
    driver.handle(&mut session, first, Event::Start);

    // The snapshot is merged a moment after its last page, when the timer asked for goes off.
    while driver.status != LinkStatus::Connected {
        let earliest = driver.timers.iter().min_by_key(|(_, at)| **at);
        let (id, at) = earliest
            .map(|(id, at)| (*id, *at))
            .ok_or("the session waits for nothing")?;
        driver.at = at;
        driver.handle(&mut session, id, Event::Timer);
    }

    for (kind, rows) in [
        ("INSERT", r#""record":{"id":2,"title":"read"}"#),
        ("DELETE", r#""old_record":{"id":1}"#),
    ] {
        let frame = format!(
            r#"[null,null,"realtime:demo-1","postgres_changes",{{"ids":[7],"data":{{"schema":"public","table":"tasks","type":"{kind}",{rows},"errors":null}}}}]"#
        );
        driver.handle(&mut session, first, Event::Text(frame));
    }
    assert_eq!(driver.rows, ["Insert 1", "Insert 2", "Delete 1"]);
    Ok(())
}
