//! Recorded frames of a real server, both directions: every one is decoded, and what we would have sent is encoded to
//! the same JSON again.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf};

use opswall::realtime::{
    Direction, Vsn, decode_binary, decode_text, encode_text,
    frame::{BinaryKind, decode_client_binary},
};
use serde_json::Value;

struct Line {
    file: String,
    number: usize,
    to_server: bool,
    vsn: Vsn,
    text: String,
    binary: Option<Vec<u8>>,
}

/// Every frame of every file; notes are left out.
fn frames() -> Vec<Line> {
    use base64::Engine as _;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/transcripts");
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of recorded frames") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        // The serializer is in the connect URL of each socket; without one it is 1.0.0.
        let mut vsn = Vsn::V1;
        for (at, line) in fs::read_to_string(&path).expect("a text file").lines().enumerate() {
            let line: Value = serde_json::from_str(line).expect("a line of JSON");
            let text = line["text"].as_str().expect("a text").to_owned();
            let to_server = match line["dir"].as_str() {
                Some("in") => false,
                Some("out") => true,
                _ => {
                    if text.starts_with("CONNECT") || text.contains("vsn=") {
                        vsn = if text.contains("vsn=2.0.0") { Vsn::V2 } else { Vsn::V1 };
                    }
                    continue;
                }
            };
            if text == "[object ArrayBuffer]" {
                continue; // the recorder lost the bytes of these
            }
            let binary = line["binary_b64"].as_str().map(|text| {
                base64::engine::general_purpose::STANDARD
                    .decode(text)
                    .expect("base64 of a binary frame")
            });
            lines.push(Line {
                file: file.clone(),
                number: at + 1,
                to_server,
                vsn,
                text,
                binary,
            });
        }
    }
    assert!(lines.len() > 6_000, "all files are there: {}", lines.len());
    lines
}

/// What the recordings contain on purpose although it is no frame.
fn deliberately_bad(line: &Line) -> bool {
    line.text == "this is not json" || line.file.starts_with("c_bad_shape")
}

#[test]
fn every_recorded_text_frame_is_decoded_and_encoded_to_the_same_json() {
    for line in frames().iter().filter(|line| line.binary.is_none()) {
        let place = format!("{}:{}", line.file, line.number);
        let frame = match decode_text(line.vsn, &line.text) {
            Ok(frame) => frame,
            Err(error) => {
                assert!(deliberately_bad(line), "{place}: {error}: {}", line.text);
                continue;
            }
        };
        if deliberately_bad(line) {
            continue;
        }
        let direction = if line.to_server {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        let again: Value = serde_json::from_str(&encode_text(line.vsn, direction, &frame)).expect(&place);
        let recorded: Value = serde_json::from_str(&line.text).expect(&place);
        assert_eq!(again, recorded, "{place}");
        assert_eq!(frame.clone().into_owned(), frame, "{place}");
    }
}

#[test]
fn every_recorded_binary_frame_is_a_users_broadcast() {
    let lines = frames();
    let mut seen = 0;
    for line in &lines {
        let Some(bytes) = &line.binary else { continue };
        let place = format!("{}:{}", line.file, line.number);
        let frame = if line.to_server {
            decode_client_binary(bytes).expect(&place)
        } else {
            decode_binary(bytes).expect(&place)
        };
        assert_eq!(frame.kind, BinaryKind::UserBroadcast, "{place}");
        let text = frame.to_text_shape().expect(&place);
        assert_eq!(text.event, "broadcast", "{place}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}
