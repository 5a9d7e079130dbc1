//! The messages that wait to be written to one socket, bounded; and the way to end that socket from outside.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::Cut;

/// Most bytes that may wait. A client that reads too slowly is cut off, as the real server's process is killed when its
/// heap passes a bound.
const MAX_BYTES: usize = 32 << 20;
/// Bytes that a queued message counts beyond its text.
const OVERHEAD: usize = 64;

/// The queue of a socket.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    cut: Notify,
    rung: Notify,
}

#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    /// How the socket ends once everything is sent.
    end: Option<Cut>,
    /// How the socket ends now.
    cut: Option<Cut>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a text message.
    pub(crate) fn push_text(&self, text: impl Into<Utf8Bytes>) {
        self.push(Message::Text(text.into()));
    }

    /// Queues a message. After [`Outbox::finish`] messages are discarded.
    pub(crate) fn push(&self, message: Message) {
        let mut queue = self.lock();
        if queue.cut.is_some() || queue.end.is_some() {
            return;
        }
        queue.bytes += message.len() + OVERHEAD;
        queue.messages.push_back(message);
        if queue.bytes > MAX_BYTES {
            drop(queue);
            self.cut(Cut::Rst);
        } else if queue.messages.len() == 1 {
            self.filled.notify_one();
        }
    }

    /// Ends the socket without sending what is queued.
    pub(crate) fn cut(&self, how: Cut) {
        let mut queue = self.lock();
        if queue.cut.is_none() {
            *queue = Queue {
                cut: Some(how),
                ..Queue::default()
            };
            self.cut.notify_one();
        }
    }

    /// Ends the socket once what is queued is sent.
    pub(crate) fn finish(&self, how: Cut) {
        let mut queue = self.lock();
        if queue.cut.is_none() && queue.end.is_none() {
            queue.end = Some(how);
            self.filled.notify_one();
        }
    }

    /// Waits for messages and removes up to `most` of them.
    pub(crate) async fn take(&self, most: usize) -> Vec<Message> {
        loop {
            {
                let mut queue = self.lock();
                if !queue.messages.is_empty() {
                    let count = queue.messages.len().min(most);
                    let taken: Vec<_> = queue.messages.drain(..count).collect();
                    queue.bytes -= taken.iter().map(|message| message.len() + OVERHEAD).sum::<usize>();
                    if !queue.messages.is_empty() {
                        self.filled.notify_one();
                    }
                    return taken;
                }
                if let Some(how) = queue.end {
                    drop(queue);
                    self.cut(how);
                }
            }
            self.filled.notified().await;
        }
    }

    /// Waits until the socket is to end, and returns how.
    pub(crate) async fn until_cut(&self) -> Cut {
        loop {
            if let Some(how) = self.lock().cut {
                return how;
            }
            self.cut.notified().await;
        }
    }

    /// Signals that the socket's timers have changed.
    pub(crate) fn ring(&self) {
        self.rung.notify_one();
    }

    /// Waits until the socket's timers have changed.
    pub(crate) async fn until_rung(&self) {
        self.rung.notified().await;
    }
}
