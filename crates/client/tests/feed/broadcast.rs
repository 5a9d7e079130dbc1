//! Broadcast from the database beside the stream, over real sockets: what the stream loses is repaired within seconds.

use std::net::Ipv4Addr;

use demo::{Options, Server, TableId};
use serde_json::json;
use settings::DatabaseBroadcast;

use crate::listener::{Listener, settings};

fn server() -> Server {
    let options = Options {
        agents: 5,
        workflows: 2,
        tasks: 30,
        rate: 0.0,
        broadcast: true,
        ..Options::default()
    };
    Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server")
}

#[test]
fn what_the_stream_loses_without_a_sign_is_applied_and_counted() {
    let server = server();
    let control = server.control();
    let mut listener = Listener::start(settings(&server.url()));
    listener.until_connected();
    listener.until("the channel", |listener| {
        (listener.link.broadcast.as_ref()).is_some_and(|broadcast| broadcast.is_joined)
    });
    control.step(20);
    listener.until_equal(&control);
    control.lose(1);
    let row = json!({"title": "lost", "status": "queued"});
    let id = control
        .insert(TableId::Tasks, row.as_object().expect("a row").clone())
        .expect("inserted");
    listener.until("the lost row", |listener| {
        listener.rows.keys().any(|key| key.id.as_str() == id.to_string())
    });
    control.lose(1);
    let row = json!({"status": "done"});
    control
        .update(TableId::Tasks, id, row.as_object().expect("a row"))
        .expect("updated");
    listener.until_equal(&control);
    listener.until("both losses", |listener| {
        (listener.link.broadcast.as_ref()).is_some_and(|broadcast| broadcast.missed_by_stream == 2)
    });
    control.lose_broadcasts(1);
    control.delete(TableId::Tasks, id).expect("deleted");
    listener.until("the other loss", |listener| {
        (listener.link.broadcast.as_ref()).is_some_and(|broadcast| broadcast.missed_by_broadcast == 1)
    });
    listener.until_equal(&control);
}

#[test]
fn the_setting_leaves_the_channel_alone() {
    let server = server();
    let mut settings = settings(&server.url());
    settings.database_broadcast = DatabaseBroadcast::Off;
    let mut listener = Listener::start(settings);
    listener.until_connected();
    listener.listen_for(std::time::Duration::from_millis(500));
    assert_eq!(
        (listener.link.broadcast.clone(), server.control().state().channels),
        (None, 1)
    );
}
