//! The user's intents become orders to the worker, and what is tuned is kept for the next start.

use bevy::{prelude::*, tasks::IoTaskPool};

use super::{Connection, Feed};
use crate::messages::{Intent, Noticed};
use model::{Backoff, Notice, NoticeKind};
use realtime::Command;
use settings::saved;

/// A tuned value is written once it has rested this long: dragging a slider must not wear out the disk.
const REST_SECS: f64 = 0.6;

/// What waits to be written, and since when.
#[derive(Resource, Debug, Default)]
pub(super) struct ToKeep(Option<(f64, Backoff)>);

pub(super) fn obey(
    mut intents: MessageReader<Intent>,
    feed: Res<Feed>,
    mut connection: ResMut<Connection>,
    mut to_keep: ResMut<ToKeep>,
    mut notices: MessageWriter<Noticed>,
    time: Res<Time<Real>>,
) {
    for intent in intents.read() {
        let command = match intent {
            Intent::Reconnect => Command::Reconnect,
            Intent::Disconnect => Command::Disconnect,
            Intent::Tune(backoff) => {
                let backoff = backoff.clamped();
                connection.backoff = backoff;
                to_keep.0 = Some((time.elapsed_secs_f64(), backoff));
                Command::Tune(backoff)
            }
            // The scene's business.
            Intent::Select(_) | Intent::Focus(_) | Intent::ShowAll => continue,
        };
        if !feed.worker.command(command) {
            notices.write(Noticed(Notice {
                kind: NoticeKind::NetworkStopped,
                text: "The network thread has stopped; restart opswall".into(),
            }));
        }
    }
}

/// Writes the settings off the main thread. A failure is logged and does no harm but forgetting.
pub(super) fn keep(feed: Res<Feed>, mut to_keep: ResMut<ToKeep>, time: Res<Time<Real>>) {
    let Some((since, backoff)) = to_keep.0 else { return };
    if time.elapsed_secs_f64() - since < REST_SECS {
        return;
    }
    to_keep.0 = None;
    let Some(keeper) = feed.keep_in.clone() else { return };
    IoTaskPool::get()
        .spawn(async move {
            if let Err(error) = saved::save_backoff(&keeper, &backoff) {
                warn!("the tuned backoff is in force but could not be kept for the next start: {error}");
            }
        })
        .detach();
}
