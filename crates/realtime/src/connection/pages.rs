//! The pages of a snapshot: one request per table at a time, by key, until an empty one.

use std::{sync::Arc, time::Duration};

use super::{Connection, Out, lookup::ANSWER_DEADLINE, stream::MAX_ROWS, sync::Reading};
use crate::event::SourceState;
use crate::{
    api::{Effect, Page, PageError, PageQuery, PageRequest},
    refusal::Class,
};
use model::{NoticeKind, format::grouped};

/// A table that had rows and now has none is read a second time, this much later, before it is believed.
const EMPTY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Failures in a row of one request before the snapshot is given up.
const MAX_FAILURES: u32 = 4;
/// First delay after a failure; it doubles.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Longest time that a server may make us wait.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Smallest page asked for when the database cannot read larger ones in time.
const MIN_PAGE: usize = 50;

impl Connection {
    pub(super) fn ask_for_page(&mut self, at: usize, out: &mut Out<'_>) {
        let id = self.page_id();
        let token = self.token_to_read();
        let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get(at)) else {
            return;
        };
        let Some(reading) = sync.tables.get_mut(at) else { return };
        reading.retry_at = None;
        reading.request = Some((id, out.at() + ANSWER_DEADLINE));
        out.act(Effect::Fetch(Box::new(PageRequest {
            id,
            token: token.clone(),
            source: tracked.source.clone(),
            query: PageQuery::After {
                after: reading.cursor.clone(),
                limit: reading.limit,
            },
        })));
    }

    /// An answer from REST. One that nobody waits for is dropped.
    pub(super) fn page(&mut self, id: u64, result: Result<Page, PageError>, out: &mut Out<'_>) {
        if self.is_lookup(id) {
            return self.looked_up(result, out);
        }
        let Some(sync) = &mut self.sync else { return };
        let is_page = |reading: &Reading| reading.request.is_some_and(|(asked, _)| asked == id);
        let is_batch = |reading: &Reading| reading.batch.as_ref().is_some_and(|batch| batch.id == id);
        if let Some(at) = sync.tables.iter().position(is_page) {
            match result {
                Ok(page) => self.take_page(at, page, out),
                Err(error) => self.page_failed(at, error, out),
            }
        } else if let Some(at) = sync.tables.iter().position(is_batch) {
            match result {
                Ok(page) => self.take_batch(at, page, out),
                Err(error) => self.page_failed(at, error, out),
            }
        }
    }

    fn take_page(&mut self, at: usize, page: Page, out: &mut Out<'_>) {
        let identity = self.identity();
        let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get_mut(at)) else {
            return;
        };
        let Some(reading) = sync.tables.get_mut(at) else { return };
        reading.request = None;
        if tracked.is_stream_only() {
            tracked.limits = None;
        }
        if page.is_empty() {
            let is_other = self.tokens.merged_as.is_some() && self.tokens.merged_as != identity;
            let vanished = reading.fresh.is_empty() && !tracked.rows.is_empty() && !reading.was_empty;
            if vanished && is_other {
                // It may be that this one just does not see them (R20, S09).
                let text = format!(
                    "{} reads as empty since another user signed in; its rows are kept; reconnect if it is empty for that user",
                    tracked.source.name()
                );
                return self.sync_failed(&text, Class::Refresh(None), out);
            }
            if vanished {
                reading.was_empty = true;
                reading.retry_at = Some(out.at() + EMPTY_AGAIN_AFTER);
            } else {
                reading.done = true;
                self.settle_if_read(out);
            }
            return;
        }
        let before = reading.fresh.len();
        let mut last = None;
        for record in page {
            let Some(id) = tracked.source.id_of(&record) else {
                continue;
            };
            last = Some(id.clone());
            let known = tracked.rows.get(&id).filter(|known| ***known == record);
            let record = match known {
                Some(known) => known.clone(),
                None => Arc::new(self.names.share(record)),
            };
            reading.fresh.set(id, record);
        }
        let name = tracked.source.name();
        let Some(last) = last else {
            let (key, noun) = (tracked.source.key.join(", "), &tracked.source.noun.1);
            let remedy = self.config.remedies.key_column.replace("{source}", noun);
            let text = format!("{name} has no usable column {key}; {remedy}");
            return self.sync_failed(&text, Class::Fatal, out);
        };
        if reading.fresh.len() > MAX_ROWS {
            let text = format!(
                "{name} has more than {} rows; point the setting at a view or a smaller table",
                grouped(MAX_ROWS as u64)
            );
            return self.sync_failed(&text, Class::Fatal, out);
        }
        if reading.fresh.len() == before {
            // It would go on for ever.
            let error = PageError::Transient {
                text: format!("{name}: the server gave the same rows twice"),
                retry_after: None,
            };
            return self.page_failed(at, error, out);
        }
        reading.cursor = Some(last);
        reading.failures = 0;
        self.ask_for_page(at, out);
    }

    pub(super) fn page_failed(&mut self, at: usize, error: PageError, out: &mut Out<'_>) {
        let Some(reading) = self.sync.as_mut().and_then(|sync| sync.tables.get_mut(at)) else {
            return;
        };
        reading.request = None;
        if let Some(batch) = reading.batch.take() {
            reading.doubtful.extend(batch.rows.into_keys());
        }
        let mut is_expired = false;
        let (text, wait) = match error {
            PageError::Fatal(text) => {
                let text = self.clean(&text);
                return self.sync_failed(&text, Class::Fatal, out);
            }
            PageError::Denied(text) => return self.page_denied(at, &text, out),
            PageError::Expired(text) if !self.config.sign_in => {
                let text = self.clean(&text);
                return self.sync_failed(&text, Class::Fatal, out);
            }
            PageError::Expired(text) => {
                is_expired = true;
                (text, None)
            }
            PageError::TooLarge(text) => {
                let smaller = (reading.limit / 2).max(MIN_PAGE);
                if smaller < reading.limit {
                    reading.limit = smaller;
                    reading.retry_at = Some(out.at());
                    return;
                }
                (text, None)
            }
            PageError::Transient { text, retry_after } => (text, retry_after),
        };
        reading.failures += 1;
        if reading.failures > MAX_FAILURES {
            let text = format!("the snapshot could not be read ({})", self.clean(&text));
            return self.sync_failed(&text, Class::Retry, out);
        }
        let own = AGAIN_AFTER * (1 << (reading.failures - 1));
        let wait = wait.unwrap_or_default().clamp(own, MAX_RETRY_AFTER);
        reading.retry_at = Some(out.at() + wait);
        if is_expired {
            self.token_expired(out);
        }
    }

    /// One table cannot be read. As long as another can, it is followed by the stream alone.
    fn page_denied(&mut self, at: usize, text: &str, out: &mut Out<'_>) {
        let text = self.clean(text);
        let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get_mut(at)) else {
            return;
        };
        let Some(reading) = sync.tables.get_mut(at) else { return };
        reading.denied = true;
        reading.done = true;
        reading.doubtful.clear();
        if sync.tables.iter().all(|reading| reading.denied) {
            return self.sync_failed(&text, Class::Fatal, out);
        }
        if tracked.limit(SourceState::StreamOnly, &text) {
            let name = tracked.source.name();
            let text = format!("{name} cannot be read; its rows appear when they change: {text}.");
            self.say(NoticeKind::TableUnreadable, &text, out);
        }
        self.settle_if_read(out);
    }
}
