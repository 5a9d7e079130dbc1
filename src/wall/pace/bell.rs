//! A window's loop sleeps in the windowing system; a thread wakes it when the feed has news.

use std::sync::mpsc::{SyncSender, sync_channel};

use bevy::{
    prelude::*,
    winit::{EventLoopProxyWrapper, WinitUserEvent},
};

use super::{Pace, RESTING};
use crate::connection::Doorbell;

/// Asks the thread to listen for one rest.
#[derive(Resource, Debug)]
pub(super) struct Bell(SyncSender<()>);

/// Ends with the wall, or with its window's loop.
pub(super) fn hang(proxy: Option<Res<EventLoopProxyWrapper>>, doorbell: Option<Res<Doorbell>>, mut commands: Commands) {
    let (Some(proxy), Some(doorbell)) = (proxy, doorbell) else {
        return;
    };
    let (proxy, doorbell) = ((**proxy).clone(), doorbell.clone());
    let (ask, asked) = sync_channel(1);
    let listening = std::thread::Builder::new().name("opswall-bell".into()).spawn(move || {
        while asked.recv().is_ok() {
            if doorbell.wait(RESTING) && proxy.send_event(WinitUserEvent::WakeUp).is_err() {
                return;
            }
        }
    });
    match listening {
        Ok(_) => commands.insert_resource(Bell(ask)),
        // Without it news are seen within a second.
        Err(error) => warn!("no thread to wake the wall with: {error}"),
    }
}

/// Before each rest.
pub(super) fn listen(pace: Res<Pace>, bell: Option<Res<Bell>>) {
    if let (true, Some(bell)) = (pace.is_resting(), bell) {
        // Full: it listens already.
        let _ = bell.0.try_send(());
    }
}
