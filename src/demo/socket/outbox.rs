//! What waits to be written to one socket: bounded, and with a cord that cuts it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

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
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Utf8Bytes>,
    bytes: usize,
    cut: Option<Cut>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, text: Utf8Bytes) {
        let mut queue = self.lock();
        if queue.cut.is_some() {
            return;
        }
        queue.bytes += text.len() + OVERHEAD;
        queue.messages.push_back(text);
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

    /// Up to `most` messages, as soon as there are any.
    pub async fn take(&self, most: usize) -> Vec<Utf8Bytes> {
        loop {
            {
                let mut queue = self.lock();
                if !queue.messages.is_empty() {
                    let count = queue.messages.len().min(most);
                    let taken: Vec<_> = queue.messages.drain(..count).collect();
                    queue.bytes -= taken.iter().map(|text| text.len() + OVERHEAD).sum::<usize>();
                    if !queue.messages.is_empty() {
                        self.filled.notify_one();
                    }
                    return taken;
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
}
