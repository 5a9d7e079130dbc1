//! What the socket brings: the join's answer, what the server says about the channel, changes, and the channel's end.

use std::time::Duration;

use serde_json::Value;

use super::{
    Call, Connection, ConnectionPhase,
    channel::{bindings, reason_of},
    sources::{MAX_ROWS, SourceChange, Upsert, UpsertOutcome, carry_over},
};
use crate::{
    Frame, Vsn,
    change::{self, ChangeError, RowEvent},
    decode_binary, decode_text,
    event::{Change, FeedEvent, LinkStatus},
    frame::PHOENIX,
    refusal::{self, Class},
    store::Overflow,
};
use model::{NoticeKind, Op, RowId, format::grouped};

/// From the join's answer to the database's confirmation.
const SUBSCRIBED_DEADLINE: Duration = Duration::from_secs(30);
/// The same, while the server reports that it goes on trying.
const SUBSCRIBED_DEADLINE_WHILE_RETRYING: Duration = Duration::from_secs(60);
/// Delay of the reading after a table was altered: migrations come in several steps.
const READ_AFTER_ALTER: Duration = Duration::from_secs(2);

impl Connection {
    /// Takes a frame that is a change in the usual wording; false when it is none.
    pub(super) fn usual_change(&mut self, text: &str, call: &mut Call<'_>) -> bool {
        if self.config.vsn == Vsn::V1 {
            return false;
        }
        let Some((event, bytes)) = change::read(text, self.channel.topic(), &mut self.sources.names) else {
            return false;
        };
        self.report.count_frame(text.len());
        self.changed(event, bytes, call);
        true
    }

    pub(super) fn text(&mut self, text: &str, call: &mut Call<'_>) {
        if !self.has_channel() {
            return;
        }
        // Nearly every frame is a change; whatever is not in the usual wording is decoded in full.
        if self.usual_change(text, call) {
            return;
        }
        self.report.count_frame(text.len());
        let Ok(frame) = decode_text(self.config.vsn, text) else {
            // If a change was lost with it, the table is unknown.
            let is_change = text.contains("\"postgres_changes\"");
            return self.malformed(is_change, call);
        };
        if frame.topic == PHOENIX {
            if frame.event == "phx_reply"
                && let Some(reference) = &frame.reference
            {
                self.heartbeats.answered(reference, call.at());
            }
            return;
        }
        if !self.channel.membership().owns(&frame) {
            return self.side_frame(&frame, call);
        }
        match &*frame.event {
            "postgres_changes" => self.change(frame.payload.get(), call),
            "phx_close" => self.ended(&frame, "the server closed the channel", call),
            "phx_error" => self.ended(&frame, "the channel crashed on the server", call),
            "phx_reply" | "system" if frame.payload_is_null() => self.malformed(false, call),
            "phx_reply" => self.reply(&frame, call),
            "system" => self.system(&frame, call),
            _ => {}
        }
    }

    /// Binary frames carry broadcasts, those of the database among them; a broken one counts.
    pub(super) fn binary(&mut self, bytes: &[u8], call: &mut Call<'_>) {
        if !self.has_channel() {
            return;
        }
        self.report.count_frame(bytes.len());
        match decode_binary(bytes).and_then(|frame| frame.to_text_shape()) {
            Ok(frame) => self.side_frame(&frame, call),
            Err(_) => self.report.count_malformed(),
        }
    }

    /// A frame is dropped. `is_change`: a change of a source was lost with it.
    fn malformed(&mut self, is_change: bool, call: &mut Call<'_>) {
        self.report.count_malformed();
        if is_change {
            self.mark_gap(Duration::ZERO, call);
        }
        if self.schedule.count_malformed(call.at()) {
            self.lost(
                "the connection delivers malformed frames".to_owned(),
                Class::Retry,
                call,
            );
        }
    }

    /// `phx_close` or `phx_error`.
    fn ended(&mut self, frame: &Frame<'_>, what: &str, call: &mut Call<'_>) {
        if self.channel.membership().is_ended_by(frame, call.at()) {
            self.lost(what.to_owned(), Class::Retry, call);
        }
    }

    fn reply(&mut self, frame: &Frame<'_>, call: &mut Call<'_>) {
        let payload: Value = match serde_json::from_str(frame.payload.get()) {
            Ok(payload) => payload,
            Err(_) => return self.malformed(false, call),
        };
        let response = payload.get("response");
        let is_ok = payload.get("status").and_then(Value::as_str) == Some("ok");
        if !self.channel.membership().is_join_reply(frame) || !matches!(self.phase, ConnectionPhase::Joining { .. }) {
            let reason = response.and_then(|response| response.get("reason")?.as_str());
            if !is_ok && reason == Some("unmatched topic") {
                let text = "the server no longer knows the channel".to_owned();
                self.lost(text, Class::Retry, call);
            }
            return;
        }
        if is_ok {
            return self.joined(response, call);
        }
        let reason = response.map(reason_of).unwrap_or_default();
        let refusal = refusal::of_join(&self.clean(&reason), self.terms());
        self.lost(refusal.sentence, refusal.class, call);
    }

    fn joined(&mut self, response: Option<&Value>, call: &mut Call<'_>) {
        let Some(ids) = bindings(response, self.sources.entry_names()) else {
            let class = if self.channel.count_mismatch() {
                self.retry.forget_success();
                Class::Fatal
            } else {
                Class::Retry
            };
            let text = "the server joined other tables than requested (binding mismatch); check that the address is a Supabase Realtime server of 2023 or later";
            return self.lost(text.to_owned(), class, call);
        };
        self.sources.set_entries(ids);
        self.heartbeats.join_answered(call.at());
        self.phase = ConnectionPhase::Subscribing {
            joined: call.at(),
            deadline: call.at() + SUBSCRIBED_DEADLINE,
        };
        // From here on every change is kept until the snapshot is merged.
        self.sync = self.first_sync(call.at());
        if self.sources.wanted().is_empty() {
            // There is no subscription to wait for.
            self.subscribed(call);
        }
    }

    fn system(&mut self, frame: &Frame<'_>, call: &mut Call<'_>) {
        let Ok(payload) = serde_json::from_str::<Value>(frame.payload.get()) else {
            return self.malformed(false, call);
        };
        let text = |key| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        let from_database = text("extension") == "postgres_changes";
        let message = self.clean(text("message"));
        match text("status") {
            "ok" if from_database => self.subscribed(call),
            "ok" if message.contains("disconnect") => self.channel.announced = Some(message),
            "error" => match refusal::of_system(from_database, &message, &self.config.sources, self.terms()) {
                Some(refusal) if from_database => self.subscription_refused(&message, refusal, call),
                // A `phx_close` follows these, with less of a reason.
                Some(refusal) => self.lost(refusal.sentence, refusal.class, call),
                None => self.unsubscribed(message, call),
            },
            _ => {}
        }
    }

    /// The database confirms the subscription: changes flow from now on.
    fn subscribed(&mut self, call: &mut Call<'_>) {
        self.channel.complaint = None;
        match self.phase {
            ConnectionPhase::Subscribing { .. } if !self.config.snapshots => self.go_live(0, call),
            ConnectionPhase::Subscribing { .. } => {
                self.phase = ConnectionPhase::Syncing;
                self.begin_sync(call);
            }
            // The answer to a token push: the same rows, so nothing was lost.
            ConnectionPhase::Syncing | ConnectionPhase::Live if self.tokens.is_echo(call.at()) => {}
            // Not asked for: the subscription was made anew on the server, and what happened in between is lost.
            ConnectionPhase::Syncing => self.begin_sync(call),
            ConnectionPhase::Live => {
                self.mark_gap(Duration::ZERO, call);
                self.try_soon(call);
            }
            _ => {}
        }
    }

    /// The database does not confirm (any more), and the server goes on trying.
    fn unsubscribed(&mut self, message: String, call: &mut Call<'_>) {
        match &mut self.phase {
            ConnectionPhase::Subscribing { joined, deadline } => {
                *deadline = *joined + SUBSCRIBED_DEADLINE_WHILE_RETRYING
            }
            ConnectionPhase::Syncing | ConnectionPhase::Live => {
                self.phase = ConnectionPhase::Subscribing {
                    joined: call.at(),
                    deadline: call.at() + SUBSCRIBED_DEADLINE_WHILE_RETRYING,
                };
                self.pause_following(call);
            }
            _ => return,
        }
        let reason = format!("the database does not confirm the subscription yet (\"{message}\")");
        self.channel.complaint = Some(message);
        self.report_status(LinkStatus::Connecting, None, Some(reason), call);
    }

    /// A `postgres_changes` frame of the channel in any wording.
    fn change(&mut self, payload: &str, call: &mut Call<'_>) {
        if !self.may_have_changes() {
            return;
        }
        match change::decode(payload, &mut self.sources.names) {
            Ok(event) => self.changed(event, payload.len(), call),
            Err(unusable) => {
                let is_ours = unusable
                    .table
                    .is_none_or(|(schema, table)| self.sources.named(0, &schema, &table).is_some());
                self.malformed(is_ours, call);
            }
        }
    }

    /// The join is answered: before that nothing of this channel can flow.
    fn may_have_changes(&self) -> bool {
        matches!(
            self.phase,
            ConnectionPhase::Subscribing { .. } | ConnectionPhase::Syncing | ConnectionPhase::Live
        )
    }

    /// A change of a row. `bytes`: of its payload.
    fn changed(&mut self, event: RowEvent<'_>, bytes: usize, call: &mut Call<'_>) {
        if !self.may_have_changes() {
            return;
        }
        // The server matches names by LIKE, so a neighbour's changes may come too.
        let Some(first) = self.sources.named(0, &event.schema, &event.table) else {
            return;
        };
        if !self.sources.owns_entry(&event.ids) {
            return self.malformed(true, call);
        }
        self.report.count_change();
        // Several sources may read one table; nearly always there is one.
        let mut next = self.sources.named(first + 1, &event.schema, &event.table);
        while let Some(other) = next {
            self.take(other, event.clone(), bytes, call);
            next = self.sources.named(other + 1, &event.schema, &event.table);
        }
        self.take(first, event, bytes, call);
    }

    /// A change of a source: kept for the snapshot in progress, and applied when live.
    fn take(&mut self, at: usize, event: RowEvent<'_>, bytes: usize, call: &mut Call<'_>) {
        self.audit.note_arrival(at, call.at());
        if self.is_following() && self.flow.count(call.at()) {
            self.audit.suspect(call.at());
        }
        if self.sources.learn(at, &event) {
            // Rows that did not change since have other columns now (docs/realtime-protocol.md, R37).
            self.mark_gap_of(at, READ_AFTER_ALTER, call);
        }
        let kept = match self.sources.read(at, event) {
            SourceChange::Upsert(mut upsert) => {
                self.note_authorized(at, call);
                self.note_upsert(at, &upsert);
                match self.is_upsert_overtaken(at, &mut upsert, call) {
                    true => self.keep_overtaken(at, &upsert, call),
                    false => self.keep_upsert(at, &upsert, bytes, call),
                }
            }
            SourceChange::Delete { id, committed_ms } => {
                self.note_change(at, &id);
                match self.is_delete_overtaken(at, &id, call) {
                    true => Ok(()),
                    false => self.keep_delete(at, &id, committed_ms, call),
                }
            }
            SourceChange::Failed(error, id) => self.handle_change_error(at, error, id, call),
            SourceChange::Unknown => {
                self.mark_gap_of(at, Duration::ZERO, call);
                Ok(())
            }
            SourceChange::Unusable if self.is_lost(at) => {
                self.report.count_malformed();
                self.mark_gap_of(at, Duration::ZERO, call);
                Ok(())
            }
            SourceChange::Unusable => {
                self.malformed(true, call);
                Ok(())
            }
        };
        if kept.is_err() {
            let text = "changes came faster than the snapshot could be read";
            self.sync_failed(text, Class::Retry, call);
        }
    }

    /// Keeps an insert or update for the snapshot in progress, and applies it when live.
    pub(super) fn keep_upsert(
        &mut self,
        at: usize,
        upsert: &Upsert,
        bytes: usize,
        call: &mut Call<'_>,
    ) -> Result<(), Overflow> {
        let sync = self.sync.as_mut();
        let kept = sync.map_or(Ok(()), |sync| sync.keep_upsert(at, upsert, bytes));
        if self.is_following() {
            self.apply_upsert(at, upsert, call);
            self.audit.note_applied(at, &upsert.id, &self.sources);
        }
        kept
    }

    /// Keeps a delete for the snapshot in progress, and applies it when live.
    pub(super) fn keep_delete(
        &mut self,
        at: usize,
        id: &RowId,
        committed_ms: Option<i64>,
        call: &mut Call<'_>,
    ) -> Result<(), Overflow> {
        let sync = self.sync.as_mut();
        let kept = sync.map_or(Ok(()), |sync| sync.keep_delete(at, id));
        if self.is_following() {
            self.apply_delete(at, id, committed_ms, call);
            self.audit.note_applied(at, id, &self.sources);
        }
        kept
    }

    /// As [`Self::note_change`], of both rows of an insert or update.
    pub(super) fn note_upsert(&mut self, at: usize, upsert: &Upsert) {
        self.note_change(at, &upsert.id);
        if let Some(old) = &upsert.moved_from {
            self.note_change(at, old);
        }
    }

    /// A change of a row arrived: answers under way may be older, and an audit's correction is explained.
    pub(super) fn note_change(&mut self, at: usize, id: &RowId) {
        self.audit.note_change(at, id, &self.sources);
        self.lookups.note_change(at, id);
        self.schedule.explain(at, id);
        if let Some(sync) = &mut self.sync {
            sync.note_change(at, id);
        }
    }

    fn apply_upsert(&mut self, at: usize, upsert: &Upsert, call: &mut Call<'_>) {
        let mut is_stale = false;
        let mut record = upsert.record.clone();
        if let Some(old) = &upsert.moved_from {
            // What it carries over may date from before a change that came without its columns.
            is_stale = self.lookups.is_change_expected(at, old);
            let carried = self.sources.carried(at, upsert);
            record = carry_over(carried.as_ref(), &upsert.record);
            self.apply_delete(at, old, upsert.committed_ms, call);
        }
        let (change, is_incomplete) = match self.sources.upsert(at, upsert, record) {
            UpsertOutcome::Unchanged => return,
            UpsertOutcome::Full => return self.report_too_many_rows(at, call),
            UpsertOutcome::Changed { change, is_incomplete } => (change, is_incomplete),
        };
        let is_insert = change.op == Op::Insert;
        if is_insert {
            self.note_move(at, Some(&upsert.id));
        }
        call.report(FeedEvent::Change(change));
        // A row that appears soon after a snapshot that did not have it may be deleted already.
        let is_unexpected = is_insert && self.schedule.is_verifying(call.at());
        if is_incomplete || is_unexpected || is_stale {
            self.look_up(at, upsert.id.clone(), call);
        }
        if is_stale {
            self.lookups.expect_change(at, &upsert.id);
        }
    }

    fn note_move(&mut self, at: usize, inserted: Option<&RowId>) {
        if let Some(tracked) = self.sources.get(at) {
            self.audit.note_move(at, inserted, tracked.rows.len());
        }
    }

    pub(super) fn apply_delete(&mut self, at: usize, id: &RowId, committed_ms: Option<i64>, call: &mut Call<'_>) {
        if let Some(change) = self.delete(at, id, committed_ms) {
            call.report(FeedEvent::Change(change));
        }
    }

    /// Deletes a row. One that is not held is another user's, or one that came and went.
    pub(super) fn delete(&mut self, at: usize, id: &RowId, committed_ms: Option<i64>) -> Option<Change> {
        let change = self.sources.delete(at, id, committed_ms)?;
        self.note_move(at, None);
        Some(change)
    }

    /// A change that carries no usable row.
    fn handle_change_error(
        &mut self,
        at: usize,
        error: ChangeError,
        id: Option<RowId>,
        call: &mut Call<'_>,
    ) -> Result<(), Overflow> {
        match (error, id) {
            (ChangeError::TooLarge | ChangeError::Other, Some(id)) => {
                self.note_change(at, &id);
                let sync = self.sync.as_mut();
                let kept = sync.map_or(Ok(()), |sync| sync.keep_unknown(at, &id));
                if self.is_following() {
                    self.look_up(at, id.clone(), call);
                    self.lookups.expect_change(at, &id);
                }
                return kept;
            }
            (ChangeError::TooLarge | ChangeError::Other, None) => self.mark_gap_of(at, Duration::ZERO, call),
            (ChangeError::Unauthorized, _) => {
                self.note_unauthorized(at, call);
            }
            (ChangeError::NoPrimaryKey, _) => self.note_keyless(at, call),
        }
        Ok(())
    }

    fn report_too_many_rows(&mut self, at: usize, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        if tracked.is_to_be_reported() {
            let name = tracked.source.name();
            let text = format!(
                "{name} has more than {} rows; the rest is not shown: point the setting at a view or a smaller table.",
                grouped(MAX_ROWS as u64)
            );
            self.notice(NoticeKind::TooManyRows, &text, call);
        }
    }
}
