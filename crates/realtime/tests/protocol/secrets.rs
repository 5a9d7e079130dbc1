//! No public type that can hold a token shows it in `Debug`.

use std::time::Duration;

use crate::rig::{Rig, config, table};
use realtime::{
    BinaryFrame, ConnectionId, Effect, Event, Frame, Grant, JoinConfig, JoinPayload, Now, PageQuery, PageRequest,
    ProbeRequest, ProbeRows, Session, SessionConfig, Token, decode_binary,
};

const MARKER: &str = "eyJ-marker-of-a-secret";

#[test]
fn no_public_type_shows_a_token_in_debug() {
    let token = Token::new(MARKER);
    let payload = JoinPayload {
        config: JoinConfig::default(),
        access_token: Some(token.clone()),
    };
    let grant = Grant {
        token: token.clone(),
        lifetime: Duration::from_secs(60),
    };
    let page = PageRequest {
        id: 1,
        source: table("todos"),
        query: PageQuery::Ids(Vec::new()),
        token: Some(token.clone()),
    };
    let probe = ProbeRequest {
        id: 2,
        source: table("todos"),
        is_counted: true,
        rows: ProbeRows::None,
        token: Some(token.clone()),
    };
    let config = SessionConfig {
        access_token: Some(token.clone()),
        ..config()
    };
    let mut binary = vec![0, 0, 1, 1, b't', b'e'];
    binary.extend_from_slice(MARKER.as_bytes());
    let push: BinaryFrame<'_> = decode_binary(&binary).expect("a push");
    let join = Frame::join("1", "t", &payload);
    let owned: Frame<'static> = join.clone().into_owned();
    let mut session = Session::new(config.clone());
    let mut effects = Vec::new();
    let now = Now {
        at: Duration::ZERO,
        wall_ms: 0,
        random: 0.5,
    };
    for event in [Event::Start, Event::SocketOpened] {
        session.handle(ConnectionId::A, event, now, &mut effects);
    }
    let sent = |(_, effect): &(ConnectionId, Effect)| matches!(effect, Effect::Send(text) if text.contains(MARKER));
    assert!(effects.iter().any(sent), "the join carries the token");
    let shown = [
        format!("{token:?}"),
        format!("{payload:?}"),
        format!("{grant:?}"),
        format!("{page:?} {probe:?}"),
        format!("{config:?}"),
        format!("{push:?}"),
        format!("{join:?} {owned:?}"),
        format!("{session:?}"),
        format!("{effects:?}"),
        format!("{:?}", Effect::Send(MARKER.into())),
        format!(
            "{:?} {:?}",
            Effect::Fetch(Box::new(page.clone())),
            Effect::Probe(Box::new(probe.clone()))
        ),
        format!("{:?}", Event::Text(MARKER.into())),
        format!("{:?}", Event::Binary(MARKER.into())),
        format!("{:?}", Event::Token(Ok(grant.clone()))),
    ];
    for text in shown {
        assert!(!text.contains(MARKER), "{text}");
    }
}

#[test]
fn a_server_that_quotes_the_token_does_not_make_it_shown() {
    let mut rig = Rig::started(SessionConfig {
        access_token: Some(MARKER.into()),
        ..config()
    });
    rig.give(Event::SocketOpened);
    rig.join_error(&format!("the token {MARKER} is malformed"));
    let shown = format!("{:?} {:?}", rig.statuses, rig.notices);
    assert!(shown.contains("malformed") && !shown.contains(MARKER), "{shown}");
}
