//! The user's intents become commands of the worker, and a changed backoff is saved for the next start.

use bevy::{
    prelude::*,
    tasks::{IoTaskPool, Task, futures::check_ready},
};

use super::{ConnectionView, Feed};
use crate::messages::{Intent, MappedWord, Noticed};
use model::{Backoff, Notice, NoticeKind};
use realtime::Command;
use settings::saved::{self, SavedWord};

/// A changed backoff is written once it has stayed the same for this long: dragging a slider must not wear out the disk.
const REST_SECS: f64 = 0.6;

/// A backoff that is in force and not yet written, and since when.
#[derive(Resource, Debug, Default)]
pub(super) struct UnsavedBackoff(Option<(f64, Backoff)>);

/// Words that are being written for the next start; each ends with what went wrong, if anything did.
#[derive(Resource, Debug, Default)]
pub(super) struct SavingWords(Vec<Task<Option<Notice>>>);

impl SavingWords {
    /// Writes a word on a thread of its own. The demo's words end with it.
    fn start(&mut self, feed: &Feed, connection: &ConnectionView, mapped: &MappedWord) {
        let Some(keeper) = feed.keep_in.clone().filter(|_| !connection.demo) else {
            return;
        };
        let word = SavedWord {
            feed: connection.shown_url.clone(),
            table: mapped.table.clone(),
            word: mapped.word.clone(),
            status: mapped.status,
        };
        self.0.push(IoTaskPool::get().spawn(async move {
            let error = saved::save_word(&keeper, &word).err()?;
            let text = format!("The state of '{}' is in force but not saved: {error}", word.word);
            Some(Notice::new(NoticeKind::SavedSettings, text))
        }));
    }
}

/// Reports the words that could not be saved.
pub(super) fn report_unsaved(mut saving: ResMut<SavingWords>, mut notices: MessageWriter<Noticed>) {
    saving.0.retain_mut(|task| match check_ready(task) {
        Some(problem) => {
            notices.write_batch(problem.map(Noticed));
            false
        }
        None => true,
    });
}

pub(super) fn send_commands(
    mut intents: MessageReader<Intent>,
    feed: Res<Feed>,
    mut connection: ResMut<ConnectionView>,
    mut unsaved: ResMut<UnsavedBackoff>,
    mut saving: ResMut<SavingWords>,
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
                unsaved.0 = Some((time.elapsed_secs_f64(), backoff));
                Command::Tune(backoff)
            }
            Intent::Retune(backoff) => {
                let backoff = backoff.clamped();
                connection.backoff = backoff;
                Command::Tune(backoff)
            }
            Intent::MapWord(mapped) => {
                saving.start(&feed, &connection, mapped);
                continue;
            }
            // The scene handles these.
            Intent::Select(_) | Intent::SelectAlso(_) | Intent::SelectRows(_) | Intent::Focus(_) | Intent::Show(_) => {
                continue;
            }
        };
        if !feed.worker.command(command) {
            let text = "The network thread has stopped; restart opswall";
            notices.write(Noticed(Notice::new(NoticeKind::NetworkStopped, text)));
        }
    }
}

/// Writes a changed backoff on a thread of its own. A failure is logged; the backoff stays in force until the end.
pub(super) fn save_backoff(feed: Res<Feed>, mut unsaved: ResMut<UnsavedBackoff>, time: Res<Time<Real>>) {
    let Some((since, backoff)) = unsaved.0 else { return };
    if time.elapsed_secs_f64() - since < REST_SECS {
        return;
    }
    unsaved.0 = None;
    let Some(keeper) = feed.keep_in.clone() else { return };
    IoTaskPool::get()
        .spawn(async move {
            if let Err(error) = saved::save_backoff(&keeper, &backoff) {
                warn!("the changed backoff is in force but could not be saved for the next start: {error}");
            }
        })
        .detach();
}
