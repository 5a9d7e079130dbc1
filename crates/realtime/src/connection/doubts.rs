//! The doubtful rows of a snapshot, looked up by key before it is merged (R9).

use std::collections::HashMap;

use super::{
    Connection, Out,
    lookup::{ANSWER_DEADLINE, BATCH_BYTES, BATCH_ROWS, Batch},
    sync::Reading,
};
use crate::api::{Effect, Page, PageQuery, PageRequest};

impl Connection {
    /// One request per table at a time, until none is doubtful; then the snapshot is merged.
    pub(super) fn ask_for_doubtful(&mut self, out: &mut Out<'_>) {
        for at in 0..self.tables.len() {
            let id = self.page_id();
            let token = self.token_to_read();
            let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get(at)) else {
                return;
            };
            let Some(reading) = sync.tables.get_mut(at) else { return };
            if !reading.is_idle() || reading.doubtful.is_empty() {
                continue;
            }
            let most = BATCH_ROWS.min(reading.limit);
            let (mut ids, mut bytes) = (Vec::new(), 0);
            while ids.len() < most
                && let Some(next) = reading.doubtful.front()
                && (ids.is_empty() || bytes + tracked.source.lookup_bytes(next) <= BATCH_BYTES)
            {
                bytes += tracked.source.lookup_bytes(next);
                ids.extend(reading.doubtful.pop_front());
            }
            reading.batch = Some(Batch {
                id,
                deadline: out.at() + ANSWER_DEADLINE,
                rows: ids.iter().map(|id| (id.clone(), false)).collect(),
            });
            out.act(Effect::Fetch(Box::new(PageRequest {
                id,
                token: token.clone(),
                source: tracked.source.clone(),
                query: PageQuery::Ids(ids),
            })));
        }
        let is_done = |reading: &Reading| reading.is_idle() && reading.doubtful.is_empty();
        if self.sync.as_ref().is_some_and(|sync| sync.tables.iter().all(is_done)) {
            self.finish_sync(out);
        }
    }

    pub(super) fn take_batch(&mut self, at: usize, page: Page, out: &mut Out<'_>) {
        let mut found: HashMap<_, _> = self.by_key(at, page);
        let Some(reading) = self.sync.as_mut().and_then(|sync| sync.tables.get_mut(at)) else {
            return;
        };
        reading.failures = 0;
        for (id, moved) in reading.batch.take().map(|batch| batch.rows).unwrap_or_default() {
            // A row that changed meanwhile stays doubtful: it is looked up again when live.
            if !moved {
                let row = found.remove(&id);
                reading.fold.settle(&id, row);
            }
        }
        self.ask_for_doubtful(out);
    }
}
