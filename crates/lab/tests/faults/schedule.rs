//! Scheduled faults, as `--faults` injects them into a running server.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use ::demo::{Options, Server};
use lab::Schedule;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message},
};

use futures_util::StreamExt as _;

/// Limit on the whole test, against hanging.
const WATCHDOG: Duration = Duration::from_secs(60);

fn quiet() -> Server {
    let options = Options {
        agents: 5,
        workflows: 2,
        tasks: 30,
        rate: 0.0,
        ..Options::default()
    };
    Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server")
}

#[tokio::test]
async fn scheduled_faults_are_injected_at_their_intervals() {
    let server = quiet();
    let schedule: Schedule = "drop-every=150ms,drop-how=1012,refuse-for=100ms"
        .parse()
        .expect("faults");
    let _scheduler = schedule.start(server.control()).expect("a thread");
    let url = format!("ws://{}/realtime/v1/websocket?apikey=demo&vsn=2.0.0", server.addr());
    let started = Instant::now();
    let (mut cuts, mut refused) = (0, 0);
    while cuts < 2 || refused < 1 {
        assert!(started.elapsed() < WATCHDOG, "{cuts} cuts, {refused} refusals");
        match connect_async(&url).await {
            Ok((mut socket, _)) => match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    assert_eq!(u16::from(frame.code), 1012);
                    cuts += 1;
                }
                other => panic!("no close frame: {other:?}"),
            },
            Err(Error::Http(answer)) => {
                assert_eq!(answer.status().as_u16(), 503);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The thread of a schedule ends at once, however long its intervals are.
#[test]
fn a_schedule_stops_when_it_is_dropped() {
    let server = quiet();
    let schedule: Schedule = "stall-every=1h".parse().expect("faults");
    let scheduler = schedule.start(server.control()).expect("a thread");
    let started = Instant::now();
    drop(scheduler);
    assert!(started.elapsed() < Duration::from_secs(10));
}
