//! Rows that changed during an outage pulse together, once.

use std::time::Duration;

use bevy::{prelude::*, time::TimeUpdateStrategy};
use model::{Kind, Op};
use opswall::{
    fleet::{FleetClock, Moment},
    messages::Synced,
};
use realtime::SyncReport;
use serde_json::json;

use crate::ties::{app as bare, change, entity, feed, task, workflow};

fn end_snapshot(app: &mut App, snapshot: u64) {
    app.world_mut().write_message(Synced(SyncReport {
        snapshot,
        ..SyncReport::default()
    }));
    app.update();
}

#[test]
fn rows_that_a_resync_changed_pulse_together_and_no_others() {
    let mut app = bare();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)));
    feed(&mut app, [workflow("w")]);
    feed(
        &mut app,
        (0..20).map(|number| task(&format!("t{number}"), "queued", "w", &[], None)),
    );
    end_snapshot(&mut app, 1);
    (0..200).for_each(|_| app.update());
    let changed = |app: &App, id: &str| {
        let row = entity(app, Kind::Task, id);
        app.world().get::<Moment>(row).unwrap().changed
    };
    let before: Vec<f64> = (0..20).map(|number| changed(&app, &format!("t{number}"))).collect();
    // The outage is over; the changes arrive over some frames, and one row has not changed.
    for (id, status) in [("t3", "running"), ("t7", "done"), ("t9", "queued"), ("t11", "failed")] {
        feed(&mut app, [task(id, status, "w", &[], None)]);
    }
    let row = json!({"id": "t20", "title": "t20", "status": "queued", "workflow_id": "w"});
    feed(&mut app, [change(Kind::Task, Op::Insert, &row)]);
    end_snapshot(&mut app, 2);
    let live = app.world().resource::<FleetClock>().0;
    (0..100).for_each(|_| app.update());
    let pulsed = changed(&app, "t3");
    assert!(pulsed > live, "after the screen is live again");
    for id in ["t7", "t11", "t20"] {
        assert_eq!(changed(&app, id), pulsed, "{id}");
    }
    for number in (0..20).filter(|number| ![3, 7, 11].contains(number)) {
        assert_eq!(changed(&app, &format!("t{number}")), before[number], "t{number}");
    }
    end_snapshot(&mut app, 3);
    (0..100).for_each(|_| app.update());
    assert_eq!(changed(&app, "t3"), pulsed, "only once");
}
