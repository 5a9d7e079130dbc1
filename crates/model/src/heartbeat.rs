//! Agents that give no sign of life for too long are offline, whatever their status column says.
//!
//! How long is too long follows from the row's own interval, or from the one that was learned from the heartbeats of its
//! source, or from a default. Without an interval of its own a row is judged only where somebody in the source has given a
//! sign of life lately: a column that nobody maintains says nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    Kind, Mapping, Record, RowKey, Rule, SourceId, SourceMapping, Status, StatusReading,
    format::{Span, span},
    mapping::{
        cell::{self, Cells},
        normalised, time,
    },
};

/// Number of intervals that may pass without a heartbeat.
const TOLERANCE: i64 = 3;
/// A heartbeat is never overdue before this: a table that cannot be followed is read once a minute.
const LEAST_ALLOWED_MS: i64 = 90_000;
/// The interval where nothing else says one: ten minutes.
const DEFAULT_MS: i64 = 600_000;
/// Intervals that are believed: a second to a week.
const INTERVALS_MS: std::ops::RangeInclusive<i64> = 1_000..=604_800_000;
/// Times between two heartbeats of a row that are kept for a source.
const MOST_GAPS: usize = 64;
/// Number of gaps from which an interval is learned, and after which it is learned again.
const LEAST_GAPS: usize = 8;
/// Nine of ten gaps are at most this many times as long as the shortest tenth. Signs of life that come now and then are not
/// regular, and the first gaps that are seen of them are the short ones: nothing can be learned from those.
const REGULAR: i64 = 3;
/// Most rows whose last heartbeat is remembered. Nothing is learned from those beyond.
const MOST_ROWS: usize = 100_000;

/// A sign of life as a row gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat<'m> {
    /// When it was, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// How often it comes by the row's own columns, milliseconds.
    pub every_ms: Option<i64>,
    /// The column that it was read from.
    pub column: &'m str,
}

/// A heartbeat that is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// The column of the heartbeat.
    pub column: Arc<str>,
    /// How long ago it was, milliseconds.
    pub age_ms: i64,
    /// How often it should come, milliseconds.
    pub every_ms: i64,
}

/// What a heartbeat says at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// It is young enough until this time, milliseconds since the Unix epoch.
    Until(i64),
    /// It is overdue.
    Silent(Silence),
    /// It is old, and nobody in the source has given a sign of life lately.
    Unmaintained,
}

impl Silence {
    /// Whether it overrides a state. A failure, a wait for a person and an end stay what they are.
    pub fn overrides(status: Status) -> bool {
        matches!(
            status,
            Status::Idle | Status::Running | Status::Queued | Status::Blocked | Status::Unmapped
        )
    }

    /// The state of a row whose heartbeat is overdue.
    pub fn applied_to(reading: StatusReading) -> StatusReading {
        match Self::overrides(reading.status) {
            true => StatusReading {
                status: Status::Offline,
                rule: Rule::Heartbeat,
                ..reading
            },
            false => reading,
        }
    }

    /// `2 h old and it should come every 30 s`
    pub(crate) fn words(&self) -> String {
        let secs = |ms: i64| ms as f64 / 1e3;
        format!(
            "{} old and it should come every {}",
            Span::of(secs(self.age_ms)),
            span(secs(self.every_ms))
        )
    }
}

/// The columns of a source that are heartbeats. One that is written only when an agent does something is none.
pub(crate) fn columns(source: &SourceMapping) -> Vec<String> {
    let is_heartbeat = |name: &&String| {
        let name = normalised(name).unwrap_or_default();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        has(&["heartbeat", "ping", "seen", "checkin", "check_in", "presence", "alive"])
            || !has(&[
                "active",
                "activity",
                "updated",
                "modified",
                "created",
                "connected",
                "login",
                "used",
            ])
    };
    match source.kind {
        Kind::Agent => source.heartbeat.iter().filter(is_heartbeat).cloned().collect(),
        Kind::Task | Kind::Workflow | Kind::Run => Vec::new(),
    }
}

impl Mapping {
    /// The last sign of life of an agent: the latest of its heartbeats.
    pub fn beat(&self, source: SourceId, record: &Record) -> Option<Beat<'_>> {
        let columns = self.heartbeats_of(source);
        if columns.is_empty() {
            return None;
        }
        let cells = &Cells::of(record);
        let (at_ms, column) = (columns.iter())
            .filter_map(|column| Some((time::time_ms(cells, std::slice::from_ref(column))?, column)))
            .max_by_key(|(at_ms, _)| *at_ms)?;
        let every_ms = self.source(source)?.heartbeat_interval.iter().find_map(|name| {
            let value = cells.get(name)?;
            let number = cell::number(cell::text(&value)?.trim())?;
            let lower = name.to_ascii_lowercase();
            let is_millis = lower.ends_with("ms") || lower.contains("milli");
            let ms = if is_millis { number } else { number * 1e3 };
            (ms > 0.0).then(|| (ms as i64).clamp(*INTERVALS_MS.start(), *INTERVALS_MS.end()))
        });
        Some(Beat {
            at_ms,
            every_ms,
            column,
        })
    }
}

/// What was learned about the heartbeats of the sources.
#[derive(Debug, Default)]
pub struct Heartbeats {
    /// By source.
    sources: Vec<Learned>,
    /// The last heartbeat of each row.
    last: HashMap<RowKey, i64>,
}

#[derive(Debug, Default)]
struct Learned {
    /// Times between two heartbeats of a row, the oldest first.
    gaps: VecDeque<i64>,
    /// Gaps since the interval was learned.
    fresh: usize,
    every_ms: Option<i64>,
    /// Somebody has given a sign of life lately.
    is_kept: bool,
}

impl Heartbeats {
    /// Notes the heartbeat of a row as it is now. Returns whether it is the first in its source that was young: rows that
    /// were [`Life::Unmaintained`] are to be judged again.
    pub fn note(&mut self, key: &RowKey, beat: &Beat<'_>, now_ms: i64) -> bool {
        let is_young = matches!(self.life(key.source, beat, now_ms), Life::Until(_));
        let at = key.source.index();
        if self.sources.len() <= at {
            // Sources are few, and their positions come from the mapping.
            self.sources.resize_with(at + 1, Learned::default);
        }
        let before = match self.last.get_mut(key) {
            Some(last) => Some(std::mem::replace(last, beat.at_ms)),
            None => {
                if self.last.len() < MOST_ROWS {
                    self.last.insert(key.clone(), beat.at_ms);
                }
                None
            }
        };
        let Some(learned) = self.sources.get_mut(at) else {
            return false;
        };
        if let Some(gap) = before.map(|before| beat.at_ms.saturating_sub(before))
            && gap > 0
            && gap <= *INTERVALS_MS.end()
        {
            learned.learn(gap);
        }
        let is_first = is_young && !learned.is_kept;
        learned.is_kept |= is_young;
        is_first
    }

    /// Forgets a row that is gone.
    pub fn forget(&mut self, key: &RowKey) {
        if !self.last.is_empty() {
            self.last.remove(key);
        }
    }

    /// What a heartbeat says at this moment. One in the future counts as now.
    pub fn life(&self, source: SourceId, beat: &Beat<'_>, now_ms: i64) -> Life {
        let learned = self.sources.get(source.index());
        let every_ms = (beat.every_ms)
            .or_else(|| learned.and_then(|learned| learned.every_ms))
            .unwrap_or(DEFAULT_MS);
        let allowed_ms = (every_ms * TOLERANCE).max(LEAST_ALLOWED_MS);
        let age_ms = now_ms.saturating_sub(beat.at_ms).max(0);
        if age_ms <= allowed_ms {
            return Life::Until(now_ms.saturating_add(allowed_ms - age_ms));
        }
        let is_kept = beat.every_ms.is_some() || learned.is_some_and(|learned| learned.is_kept);
        match is_kept {
            true => Life::Silent(Silence {
                column: beat.column.into(),
                age_ms,
                every_ms,
            }),
            false => Life::Unmaintained,
        }
    }

    /// The silence of a row at this moment, if its heartbeat is overdue.
    pub fn silence(&self, mapping: &Mapping, source: SourceId, record: &Record, now_ms: i64) -> Option<Silence> {
        match self.life(source, &mapping.beat(source, record)?, now_ms) {
            Life::Silent(silence) => Some(silence),
            Life::Until(_) | Life::Unmaintained => None,
        }
    }
}

impl Learned {
    fn learn(&mut self, gap: i64) {
        if self.gaps.len() >= MOST_GAPS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
        self.fresh += 1;
        if self.fresh < LEAST_GAPS {
            return;
        }
        self.fresh = 0;
        let mut sorted: Vec<i64> = self.gaps.iter().copied().collect();
        sorted.sort_unstable();
        let tenth = |part: usize| sorted.get((sorted.len() - 1) * part / 10).copied();
        // The few gaps across a pause do not count.
        self.every_ms = match (tenth(1), tenth(9)) {
            (Some(short), Some(long)) if long <= short.saturating_mul(REGULAR) => {
                Some(long.clamp(*INTERVALS_MS.start(), *INTERVALS_MS.end()))
            }
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_770_000_000_000;
    const AGENTS: SourceId = SourceId::FIRST;

    fn record(row: &Value) -> Record {
        Record::from_json(&row.to_string()).expect("a row")
    }

    fn key(id: &str) -> RowKey {
        RowKey::new(Kind::Agent, AGENTS, id.into())
    }

    fn ago(secs: i64) -> i64 {
        NOW - secs * 1_000
    }

    /// An agent with its last heartbeat.
    fn agent(at_ms: i64) -> Value {
        json!({"id": "a", "status": "running", "last_heartbeat_at": at_ms})
    }

    fn is_silent(beats: &Heartbeats, row: &Value, now_ms: i64) -> bool {
        beats
            .silence(&Mapping::default(), AGENTS, &record(row), now_ms)
            .is_some()
    }

    fn note(beats: &mut Heartbeats, id: &str, row: &Value, now_ms: i64) -> bool {
        let mapping = Mapping::default();
        let record = record(row);
        let beat = mapping.beat(AGENTS, &record).expect("a heartbeat");
        beats.note(&key(id), &beat, now_ms)
    }

    #[test]
    fn a_rows_own_interval_says_when_its_heartbeat_is_overdue() {
        let beats = Heartbeats::default();
        for (row, silent_after) in [
            (json!({"last_heartbeat_at": NOW, "heartbeat_interval_ms": 60_000}), 180),
            (json!({"last_heartbeat_at": NOW, "heartbeat_interval_seconds": 60}), 180),
            (json!({"lastHeartbeatAt": NOW, "heartbeatIntervalMs": "60000"}), 180),
            (json!({"last_ping": NOW, "ping_interval_ms": 5_000}), 90),
        ] {
            let after = |secs: i64| is_silent(&beats, &row, NOW + secs * 1_000);
            assert!(!after(silent_after) && after(silent_after + 1), "{row}");
            assert!(!after(-10_000), "one in the future counts as now");
        }
    }

    #[test]
    fn a_column_that_nobody_maintains_says_nothing() {
        let mut beats = Heartbeats::default();
        let old = agent(ago(7_200));
        assert!(!note(&mut beats, "a", &old, NOW));
        assert!(!is_silent(&beats, &old, NOW));
        assert!(note(&mut beats, "b", &agent(ago(3)), NOW), "the first young one");
        assert!(!note(&mut beats, "c", &agent(ago(4)), NOW));
        assert!(is_silent(&beats, &old, NOW));
        assert!(!is_silent(&beats, &agent(ago(1_800)), NOW), "ten minutes are expected");
        assert!(is_silent(&beats, &agent(ago(1_801)), NOW));
        // All are gone: the column was maintained.
        assert!(is_silent(&beats, &agent(ago(3)), NOW + 7_200_000));
    }

    #[test]
    fn the_interval_is_learned_from_successive_heartbeats() {
        let mut beats = Heartbeats::default();
        for beat in 0..20 {
            // One pause of an hour among them.
            let pause = if beat > 10 { 3_600_000 } else { 0 };
            let at = NOW + beat * 40_000 + pause;
            note(&mut beats, "a", &agent(at), at);
        }
        let last = NOW + 19 * 40_000 + 3_600_000;
        let after = |secs: i64| is_silent(&beats, &agent(last), last + secs * 1_000);
        assert!(!after(120) && after(121));
        // The same heartbeat again, and an older one, teach nothing.
        for _ in 0..100 {
            note(&mut beats, "a", &agent(last), last);
        }
        assert!(is_silent(&beats, &agent(last), last + 121_000));
        beats.forget(&key("a"));
        assert!(beats.last.is_empty());
    }

    #[test]
    fn nothing_is_learned_from_signs_of_life_that_come_now_and_then() {
        let mut beats = Heartbeats::default();
        let mut at = NOW;
        for beat in 0..64 {
            at += 1_000 * (1 + (beat * 17) % 60);
            note(&mut beats, "a", &agent(at), at);
        }
        let after = |secs: i64| is_silent(&beats, &agent(at), at + secs * 1_000);
        assert!(!after(1_800) && after(1_801), "only the default is left");
    }

    #[test]
    fn the_time_of_an_activity_is_no_heartbeat() {
        let mapping = Mapping::default();
        for column in ["last_active_at", "last_active", "last_connected_at", "updated_at"] {
            assert_eq!(mapping.beat(AGENTS, &record(&json!({column: NOW}))), None, "{column}");
        }
        let both = record(&json!({"last_seen": NOW - 5, "last_ping": NOW}));
        assert_eq!(mapping.beat(AGENTS, &both).map(|beat| beat.column), Some("last_ping"));
        let tasks = SourceId::new(1);
        assert_eq!(mapping.beat(tasks, &record(&json!({"last_heartbeat_at": NOW}))), None);
    }

    #[test]
    fn trouble_and_ends_stay_what_they_are_and_the_sentence_says_why() {
        let (mapping, beats) = (Mapping::default(), Heartbeats::default());
        let read = |status: &str| {
            let row =
                record(&json!({"status": status, "last_heartbeat_at": ago(7_200), "heartbeat_interval_ms": 30_000}));
            let silence = beats.silence(&mapping, AGENTS, &row, NOW).expect("a silence");
            let mut reading = mapping.reading(&key("a"), &row);
            let mut explanation = mapping.explain(AGENTS, &row);
            reading.set_silent();
            explanation.apply(&silence);
            assert_eq!(reading.state, explanation.state);
            explanation.sentence()
        };
        let offline = "offline, because `last_heartbeat_at` is 2 h old and it should come every 30 s (rule: heartbeat)";
        for status in ["running", "idle", "some word"] {
            assert_eq!(read(status), offline);
        }
        assert_eq!(read("error"), "failed, because `status` is `error` (rule: word)");
        assert_eq!(
            read("waiting_approval"),
            "waiting, because `status` is `waiting_approval` (rule: word)"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut beats = Heartbeats::default();
        let beat = |at_ms| Beat {
            at_ms,
            every_ms: None,
            column: "seen",
        };
        for number in 0..MOST_ROWS + 10 {
            beats.note(&key(&number.to_string()), &beat(NOW), NOW);
        }
        for number in 0..1_000 {
            beats.note(&key("0"), &beat(NOW + number * 1_000), NOW);
        }
        assert_eq!((beats.last.len(), beats.sources.len()), (MOST_ROWS, 1));
        assert!(beats.sources[0].gaps.len() <= MOST_GAPS);
    }
}
