// A session driven by hand through a join, a snapshot and two changes. A real driver does the same with a WebSocket,
// an HTTP client and a timer.

use std::{error::Error, time::Duration};

use realtime::{
    Backoff, ConnectionId, Effect, Event, FeedEvent, LinkStatus, Now, PageQuery, Record, Remedies, Session,
    SessionConfig, Source, Vsn,
};

/// What the made-up server knows, and what the session reported.
#[derive(Default)]
struct Driver {
    at: Duration,
    wake: Option<Duration>,
    effects: Vec<(ConnectionId, Effect)>,
    status: LinkStatus,
    rows: Vec<String>,
}

impl Driver {
    /// Hands in an event and carries out the effects; they may lead to other events.
    fn handle(&mut self, session: &mut Session, event: Event) {
        let now = Now {
            at: self.at,
            wall_ms: 1_790_000_000_000,
            random: 0.5,
        };
        session.handle(session.connection(), event, now, &mut self.effects);
        for (_, effect) in std::mem::take(&mut self.effects) {
            match effect {
                Effect::Open => self.handle(session, Event::SocketOpened),
                // The join is answered in the order of its entries; then the database confirms the subscription.
                Effect::Send(frame) if frame.contains("phx_join") => {
                    let entry = r#"{"id":7,"event":"*","schema":"public","table":"tasks"}"#;
                    for frame in [
                        format!(
                            r#"["1","1","realtime:demo-1","phx_reply",{{"status":"ok","response":{{"postgres_changes":[{entry}]}}}}]"#
                        ),
                        r#"["1",null,"realtime:demo-1","system",{"extension":"postgres_changes","status":"ok","message":"Subscribed to PostgreSQL"}]"#.to_owned(),
                    ] {
                        self.handle(session, Event::Text(frame));
                    }
                }
                // The snapshot: one page of one row, then an empty page.
                Effect::Fetch(request) => {
                    let row = Record::from_json(r#"{"id":1,"title":"write"}"#);
                    let page = match request.query {
                        PageQuery::After { after: None, .. } => row.into_iter().collect(),
                        _ => Vec::new(),
                    };
                    let (id, result) = (request.id, Ok(page));
                    self.handle(session, Event::Page { id, result });
                }
                Effect::Emit(FeedEvent::Status(report)) => self.status = report.status,
                Effect::Emit(FeedEvent::Change(change)) => {
                    self.rows.push(format!("{:?} {}", change.op, change.id.as_str()));
                }
                Effect::WakeAt(at) => self.wake = at,
                _ => {}
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut driver = Driver::default();
    let mut session = Session::new(SessionConfig {
        vsn: Vsn::V2,
        sources: vec![Source {
            schema: "public".into(),
            table: "tasks".into(),
            key: vec!["id".into()],
            noun: ("task".into(), "tasks".into()),
            ..Source::default()
        }],
        topic_prefix: "demo-".into(),
        remedies: Remedies::default(),
        access_token: None,
        sign_in: false,
        backoff: Backoff::default(),
        heartbeat_interval: Duration::from_secs(25),
        reconcile_interval: None,
        audit_interval: None,
        change_limit: None,
        replace_after: None,
        snapshots: true,
        page_size: 1_000,
    });
    driver.handle(&mut session, Event::Start);

    // The snapshot is merged a moment after its last page, when the timer asked for goes off.
    while driver.status != LinkStatus::Connected {
        driver.at = driver.wake.ok_or("the session waits for nothing")?;
        driver.handle(&mut session, Event::Timer);
    }

    for (kind, rows) in [
        ("INSERT", r#""record":{"id":2,"title":"read"}"#),
        ("DELETE", r#""old_record":{"id":1}"#),
    ] {
        let frame = format!(
            r#"[null,null,"realtime:demo-1","postgres_changes",{{"ids":[7],"data":{{"schema":"public","table":"tasks","type":"{kind}",{rows},"errors":null}}}}]"#
        );
        driver.handle(&mut session, Event::Text(frame));
    }
    assert_eq!(driver.rows, ["Insert 1", "Insert 2", "Delete 1"]);
    Ok(())
}
