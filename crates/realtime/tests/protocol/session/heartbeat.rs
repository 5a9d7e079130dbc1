//! Heartbeats and their missing answers.

use super::*;

fn beats(rig: &Rig) -> usize {
    rig.sent_events().iter().filter(|event| *event == "heartbeat").count()
}

fn answer(rig: &mut Rig) {
    let beat = rig
        .sent
        .iter()
        .rev()
        .find(|text| text.contains("heartbeat"))
        .expect("a beat");
    let reference = beat.split('"').nth(1).expect("a reference").to_owned();
    rig.text(format!(
        r#"[null,"{reference}","phoenix","phx_reply",{{"status":"ok","response":{{}}}}]"#
    ));
}

#[test]
fn one_heartbeat_per_interval_and_an_unanswered_one_ends_the_connection() {
    let mut rig = Rig::live(config(), &[]);
    for number in 1..=3 {
        rig.pass(seconds(25));
        while let Some(request) = rig.fetches.pop() {
            rig.answer(&request, &[]);
        }
        assert_eq!(beats(&rig), number);
        answer(&mut rig);
    }
    rig.pass(seconds(25));
    while let Some(request) = rig.fetches.pop() {
        rig.answer(&request, &[]);
    }
    rig.pass(seconds(9));
    assert_eq!(rig.status(), LinkStatus::Connected);
    rig.text(r#"[null,"999","phoenix","phx_reply",{"status":"ok","response":{}}]"#); // not ours
    rig.insert(json!({"id": 1})); // other frames do not count
    rig.pass(seconds(1));
    assert_eq!((rig.status(), rig.closes), (LinkStatus::Disconnected, 1));
    assert!(rig.reason().contains("not answered for 10 s"), "{}", rig.reason());
}

#[test]
fn v33_while_a_join_is_pending_a_heartbeat_may_be_answered_late() {
    let mut rig = Rig::started(realtime::SessionConfig {
        heartbeat_interval: seconds(5),
        ..config()
    });
    rig.give(Event::SocketOpened);
    rig.pass(seconds(19));
    assert_eq!((beats(&rig), rig.status()), (1, LinkStatus::Connecting));
    rig.join_ok();
    rig.pass(seconds(4));
    assert_eq!(rig.status(), LinkStatus::Connecting);
    rig.pass(seconds(1));
    assert_eq!(
        rig.status(),
        LinkStatus::Disconnected,
        "no longer than the interval once the join is answered"
    );
}
