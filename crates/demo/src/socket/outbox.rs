//! What waits to be written to one socket: bounded, and with a cord that cuts it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::super::Cut;

/// Bytes that may wait. A client that does not read for that long is cut off, as the real server's process is killed
/// when its heap passes a bound.
const MOST_BYTES: usize = 32 << 20;
/// What a queued message costs beyond its text.
const OVERHEAD: usize = 64;

/// The queue.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    cut: Notify,
    rung: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    /// How it ends once everything is sent.
    end: Option<Cut>,
    cut: Option<Cut>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push_text(&self, text: impl Into<Utf8Bytes>) {
        self.push(Message::Text(text.into()));
    }

    /// Queues a message; after [`Outbox::finish`] it is let go.
    pub fn push(&self, message: Message) {
        let mut queue = self.lock();
        if queue.cut.is_some() || queue.end.is_some() {
            return;
        }
        queue.bytes += message.len() + OVERHEAD;
        queue.messages.push_back(message);
        if queue.bytes > MOST_BYTES {
            drop(queue);
            self.cut(Cut::Rst);
        } else if queue.messages.len() == 1 {
            self.filled.notify_one();
        }
    }

    /// Ends the socket; what is queued is not sent.
    pub fn cut(&self, how: Cut) {
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
    pub fn finish(&self, how: Cut) {
        let mut queue = self.lock();
        if queue.cut.is_none() && queue.end.is_none() {
            queue.end = Some(how);
            self.filled.notify_one();
        }
    }

    /// Up to `most` messages, as soon as there are any.
    pub async fn take(&self, most: usize) -> Vec<Message> {
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

    /// Returns when the socket is to end, and how.
    pub async fn until_cut(&self) -> Cut {
        loop {
            if let Some(how) = self.lock().cut {
                return how;
            }
            self.cut.notified().await;
        }
    }

    /// The socket's timers have changed.
    pub fn ring(&self) {
        self.rung.notify_one();
    }

    /// Returns when they have.
    pub async fn until_rung(&self) {
        self.rung.notified().await;
    }
}
