//! The frames that a real server and its clients were seen to send.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{fs, path::PathBuf};

use realtime::Vsn;
use serde_json::Value;

pub(crate) struct Line {
    pub(crate) file: String,
    pub(crate) number: usize,
    /// Which socket, where there are several.
    pub(crate) conn: String,
    pub(crate) to_server: bool,
    pub(crate) vsn: Vsn,
    pub(crate) text: String,
    pub(crate) binary: Option<Vec<u8>>,
}

/// Every frame of every file; notes are left out.
pub(crate) fn frames() -> Vec<Line> {
    use base64::Engine as _;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/transcripts");
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
                conn: line["conn"].to_string(),
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
