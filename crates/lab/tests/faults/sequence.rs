//! Many faults of every kind under load, one after the other.

use std::time::Duration;

use crate::demo::server;
use crate::listener::{Listener, settings};
use fastrand::Rng;
use lab::{Detection, Fault, Proxy, Severity, Target};
use model::Backoff;
use realtime::LinkStatus;
use settings::FeedSettings;

/// Injects the faults of a sequence. After each the listener becomes Live again, and at the end it has the server's rows.
fn inject(count: usize, seed: u64, rate: f64) {
    let mut rng = Rng::with_seed(seed);
    inject_all(&Fault::sequence(count, &mut rng), seed, rate);
}

/// Injects these faults one after the other, as [`inject`] does.
fn inject_all(faults: &[Fault], seed: u64, rate: f64) {
    let server = server(rate);
    let control = server.control();
    let proxy = Proxy::start(server.addr()).expect("a proxy");
    let target = Target {
        control: &control,
        proxy: Some(&proxy),
    };
    let mut listener = Listener::start(FeedSettings {
        heartbeat_interval: Duration::from_millis(500),
        // Faults without any sign are found by reading the tables again.
        reconcile_interval: Some(Duration::from_secs(2)),
        backoff: Backoff {
            interval: Duration::from_millis(100),
            // The waits must not grow, although there is about one fault a second.
            max_interval: Duration::from_millis(300),
            max_attempts: 0,
            ..Backoff::default()
        },
        ..settings(&proxy.url())
    });
    listener.until_connected();
    let mut rng = Rng::with_seed(seed);
    for (number, fault) in faults.iter().enumerate() {
        let before = listener.statuses.len();
        let severity = Severity::random(Duration::from_millis(100)..Duration::from_millis(600), &mut rng);
        let span = fault.inject(target, severity, &mut rng).expect("there is a proxy");
        listener.listen_for(span);
        fault.end(target);
        let what = format!("Live after fault {number}, {fault}, of seed {seed}");
        // A fault that may do no harm, or is found by a reading, gets some time to show itself; any other one must.
        listener.listen_for(Duration::from_millis(300));
        if fault.detection() == Detection::Certain {
            listener.until(&format!("not {what}"), |listener| {
                let mut later = listener.statuses.iter().skip(before);
                later.any(|report| report.status != LinkStatus::Connected)
            });
        }
        listener.until(&what, |listener| listener.status() == LinkStatus::Connected);
    }
    control.run_timers();
    control.lose(0);
    control.pause();
    listener.until_equal(&control);
}

#[test]
fn one_fault_of_every_kind_ends_in_the_server_s_rows() {
    inject(Fault::ALL.len(), 1, 100.0);
}

#[test]
#[ignore = "some minutes long"]
fn a_hundred_faults_end_in_the_server_s_rows() {
    for seed in [2, 3] {
        inject(100, seed, 500.0);
    }
}

/// What a real server does without a message. The reconcile interval of this test finds each.
#[test]
fn silent_faults_of_a_real_server_end_in_the_server_s_rows() {
    let silent = [
        Fault::DatabaseDown,
        Fault::PollerKilled,
        Fault::PollerTimeout,
        Fault::ChangeLimit,
        Fault::SelectRevoked,
        Fault::Truncate,
        Fault::TooManyJoins,
    ];
    inject_all(&silent, 1, 100.0);
}
