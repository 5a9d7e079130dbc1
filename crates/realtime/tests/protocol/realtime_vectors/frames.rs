//! Vectors of single frames, in both serializers.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
        .collect()
}

#[test]
fn v72_v73_v74_a_broadcast_is_the_same_in_both_framings() {
    let text = decode_text(
        Vsn::V2,
        r#"[null,null,"realtime:room1","broadcast",{"type":"broadcast","event":"cur","payload":{"x":1}}]"#,
    )
    .expect("V72");
    let v73 = bytes("04 0e 03 00 01 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 78 22 3a 31 7d");
    let binary = decode_binary(&v73).expect("V73");
    assert_eq!(binary.to_text_shape().expect("V73"), text);
    let v74 =
        bytes("04 0e 03 0a 00 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 69 64 22 3a 22 37 22 7d de ad");
    let binary = decode_binary(&v74).expect("V74");
    assert_eq!(
        (binary.event, binary.meta, binary.json, binary.data),
        ("cur", r#"{"id":"7"}"#, false, &[0xde, 0xad][..])
    );
}

#[test]
fn v75_v76_a_clients_broadcast_is_read() {
    let v75 =
        bytes("03 01 01 0e 03 00 01 31 34 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 78 22 3a 31 7d");
    let frame = decode_client_binary(&v75).expect("V75");
    assert_eq!(
        (frame.join_ref, frame.reference, frame.topic, frame.event),
        (Some("1"), Some("4"), "realtime:room1", "cur")
    );
    assert_eq!((frame.json, frame.data), (true, &br#"{"x":1}"#[..]));
    let v76 = bytes("03 01 01 0e 03 00 00 31 35 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 de ad");
    let frame = decode_client_binary(&v76).expect("V76");
    assert_eq!(
        (frame.reference, frame.json, frame.data),
        (Some("5"), false, &[0xde, 0xad][..])
    );
}

#[test]
fn v81_to_v84_broken_binary_frames_are_dropped() {
    for (number, hex) in [
        (
            "V81",
            "04 0e 03 00 01 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 78 22 3a",
        ),
        ("V82", "04 02 01 00 01 ff fe 65 7b 7d"),
        ("V83", "04 c8 03 00 01 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31"),
        ("V84", ""),
        ("V84", "09 01 02"),
        ("V84", "04"),
    ] {
        let bytes = bytes(hex);
        let result = decode_binary(&bytes).and_then(|frame| frame.to_text_shape().map(drop));
        assert!(result.is_err(), "{number}");
        let mut rig = live(&[]);
        rig.give(Event::Binary(bytes));
        assert_eq!(rig.status(), LinkStatus::Connected, "{number}");
    }
}

#[test]
fn v85_the_kinds_that_nobody_sends_are_read() {
    for (hex, kind, topic, event) in [
        (
            "02 0e 03 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 de ad",
            BinaryKind::Broadcast,
            "realtime:room1",
            "cur",
        ),
        (
            "01 01 01 0e 02 31 34 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 6f 6b 01",
            BinaryKind::Reply,
            "realtime:room1",
            "ok",
        ),
        (
            "00 01 0e 03 31 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 01",
            BinaryKind::Push,
            "realtime:room1",
            "cur",
        ),
    ] {
        let bytes = bytes(hex);
        let frame = decode_binary(&bytes).expect(hex);
        assert_eq!((frame.kind, frame.topic, frame.event), (kind, topic, event));
    }
}

#[test]
fn v86_v87_v88_v90_v93_what_is_no_frame_is_dropped() {
    let deep = "[".repeat(10_000);
    for text in [
        "",
        "hello",
        "[",
        "null",
        "42",
        "{}",
        r#"{"topic":"realtime:room1","event":"phx_close","payload":{},"ref":"1"}"#,
        r#"[null,null,"realtime:room1","broadcast"]"#,
        r#"[null,null,42,"phx_close",{}]"#,
        r#"[null,null,"realtime:room1",null,{}]"#,
        r#"[{},null,"realtime:room1","phx_close",{}]"#,
        &deep,
    ] {
        assert!(matches!(decode_text(Vsn::V2, text), Err(FrameError::Text(_))), "{text}");
        let mut rig = live(&[]);
        give(&mut rig, text);
        assert_eq!(rig.status(), LinkStatus::Connected, "{text}");
    }
}

#[test]
fn v89_v92_more_elements_and_unknown_events_are_fine() {
    let frame = decode_text(
        Vsn::V2,
        r#"[null,"26","phoenix","phx_reply",{"status":"ok","response":{}},"extra"]"#,
    )
    .expect("V89");
    assert_eq!((frame.reference.as_deref(), &*frame.topic), (Some("26"), "phoenix"));
    let mut rig = live(&[]);
    give(&mut rig, r#"[null,null,"realtime:room1","phx_future_event",{"a":1}]"#);
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn v93_depth_inside_a_payload_is_no_danger_either() {
    let mut rig = live(&[]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    give(
        &mut rig,
        &format!(r#"[null,null,"realtime:room1","postgres_changes",{deep}]"#),
    );
    give(
        &mut rig,
        &format!(
            r#"[null,null,"realtime:room1","postgres_changes",{{"ids":[100],"data":{{"schema":"public","table":"todos","type":"INSERT","record":{{"id":1,"x":{deep}}}}}}}]"#
        ),
    );
    assert!(rig.is_catching_up());
    assert!(resyncs(&mut rig));
}
