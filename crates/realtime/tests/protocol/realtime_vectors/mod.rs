//! The test vectors of realtime-protocol.md §17 that concern one unfiltered channel of table changes, by their numbers.
//! Those of the transport and of HTTP (V94, V95, V98, V99, S04, S10) are in
//! `crates/client/tests/feed/hostile_sockets.rs`, over real sockets; `tests/repository/races_and_vectors.rs` has the whole
//! list.

use crate::rig::{Rig, config, ms, seconds};
use realtime::LinkStatus;
use realtime::{
    CloseReason, Event, FrameError, PageError, PageQuery, Vsn, decode_binary, decode_text,
    frame::{BinaryKind, decode_client_binary},
};
use serde_json::{Value, json};

/// A vector as written, with our topic and entry id in the place of the document's.
fn vector(rig: &Rig, text: &str) -> String {
    text.replace("realtime:room1", &rig.topic).replace("68883293", "100")
}

fn give(rig: &mut Rig, text: &str) {
    let text = vector(rig, text);
    rig.text(text);
}

fn joining() -> Rig {
    let mut rig = Rig::started(config());
    rig.give(Event::SocketOpened);
    rig
}

fn joined() -> Rig {
    let mut rig = joining();
    give(&mut rig, V02);
    rig
}

fn live(rows: &[Value]) -> Rig {
    let mut rig = Rig::live(config(), rows);
    rig.pass(seconds(6)); // past the moment in which new rows are doubted
    rig
}

/// A resync is read within a few seconds.
fn resyncs(rig: &mut Rig) -> bool {
    rig.pass(seconds(7));
    !rig.fetches.is_empty()
}

const V02: &str = r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":{"postgres_changes":[{"event":"*","schema":"public","table":"todos","id":68883293}]}}]"#;
const V03: &str = r#"["1",null,"realtime:room1","system",{"channel":"room1","extension":"postgres_changes","message":"Subscribed to PostgreSQL","status":"ok"}]"#;
const V17: &str = r#"["1","1","realtime:room1","phx_close",{}]"#;
const V42: &str = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"INSERT","commit_timestamp":"2026-08-21T10:00:00.123Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"}],"record":{"id":1,"title":"a"},"errors":null}}]"#;
const V43: &str = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:01.000Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"},{"name":"big","type":"text"}],"record":{"id":1,"title":"b"},"old_record":{"id":1},"errors":null}}]"#;
const V45: &str = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"DELETE","commit_timestamp":"2026-08-21T10:00:03.000Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"}],"old_record":{"id":1},"errors":null}}]"#;

mod changes;
mod frames;
mod join;
mod snapshot;
mod whole_life;
