//! What the panels read from the world, gathered into plain views.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    prelude::*,
};
use jiff::{Timestamp, tz::TimeZone};
use journal::{Journal, Severity, Since};

use super::related::RelatedRows;
use crate::{
    connection::{ConnectionView, Rates},
    editor::SettingsView,
    fleet::{
        AgentRow, Arrival, Assigned, Columns, Counts, FleetClock, FleetIndex, FleetMapping, Key, Moment, PartOf,
        RowLabel, RowState, SeenRows, TaskRow, Vitals, WorkflowRow, WorksOn,
    },
    messages::{Quality, Staleness, StateFilter},
    scene::selection::Selection,
    search::{Found, Search},
    table::{MOST_COPIED, Table},
    ui::{
        clock::{ClockText, with_seconds},
        details,
        finder::FoundRow,
        format,
        header::{BadgeView, LostSources, SourceTally},
        hover::HoverView,
        inspector::{InspectorView, RowHistory},
        legend::LegendRow,
        link_look::LinkLook,
        popover::{SourceLine, time_of_day},
        related::{RelatedRow, Relation},
        secrets,
        several::Several,
        steady::SteadyTone,
        unmapped::OpenWords,
    },
    views::NamedViews,
};
use model::{Kind, PerKind, Record, RowKey, Rule, SourceId, Status, StatusReading, mapping::Companion};
use realtime::PulseState;

/// A change that took longer from its commit to the screen, in milliseconds, has been somewhere else, or a clock is wrong.
const LONGEST_WAY_MS: i64 = 600_000;

/// Read-only access to everything that is shown.
#[derive(SystemParam)]
pub(super) struct Reads<'w, 's> {
    /// The clock of the panels.
    pub(super) time: Res<'w, Time<Real>>,
    /// The status and the details of the connection.
    pub(super) connection: Res<'w, ConnectionView>,
    /// Rows by kind and status.
    pub(super) counts: Res<'w, Counts>,
    /// How stale the scene looks.
    pub(super) staleness: Res<'w, Staleness>,
    /// Which features of the picture are off.
    pub(super) quality: Res<'w, Quality>,
    /// Changes and bytes per second.
    pub(super) rates: Res<'w, Rates>,
    /// The settings that can be changed; `None` where none can.
    pub(super) settings: Option<Res<'w, SettingsView>>,
    tone: Res<'w, SteadyTone>,
    /// The time of day, formatted.
    pub(super) clock: Res<'w, ClockText>,
    /// Status words that are unmapped or guessed.
    pub(super) words: Res<'w, OpenWords>,
    /// What was typed into the finder, and the rows that match it.
    pub(super) search: Res<'w, Search>,
    /// The rows as a table.
    pub(super) table: Res<'w, Table>,
    /// The named views.
    pub(super) views: Option<Res<'w, NamedViews>>,
    selection: Res<'w, Selection>,
    mapping: Res<'w, FleetMapping>,
    fleet_clock: Res<'w, FleetClock>,
    vitals: Res<'w, Vitals>,
    index: Res<'w, FleetIndex>,
    ties: Query<
        'w,
        's,
        (
            Option<&'static Assigned>,
            Option<&'static WorksOn>,
            Option<&'static PartOf>,
        ),
    >,
    looks: Query<'w, 's, &'static LinkLook>,
    related: RelatedRows<'w, 's>,
    seen: SeenRows<'w, 's>,
    arrivals: Query<'w, 's, &'static Arrival>,
    rows: Query<
        'w,
        's,
        (
            &'static Key,
            &'static RowLabel,
            &'static RowState,
            &'static Columns,
            &'static Moment,
            Option<&'static AgentRow>,
            Option<&'static TaskRow>,
            Option<&'static WorkflowRow>,
        ),
    >,
}

impl Reads<'_, '_> {
    /// Seconds of `Time<Real>`.
    pub(super) fn now(&self) -> f64 {
        self.time.elapsed_secs_f64()
    }

    /// Now, on the clock of the times in the connection's details, in milliseconds.
    pub(super) fn feed_ms(&self) -> u64 {
        ((self.now() + self.connection.feed_ahead) * 1e3) as u64
    }

    /// The present look of the connection.
    pub(super) fn look(&self) -> LinkLook {
        self.looks.iter().next().copied().unwrap_or_default()
    }

    /// The badge's view.
    pub(super) fn badge(&self, popover_open: bool) -> BadgeView {
        let report = &self.connection.report;
        let waited = self.now() - self.connection.reported;
        // Without REST a pulse that arrives is the only proof.
        let pulse = self
            .connection
            .link
            .pulse
            .filter(|pulse| pulse.state == PulseState::Running);
        let pulse_secs = pulse.and_then(|pulse| Some(self.feed_ms().saturating_sub(pulse.last_ms?) as f64 / 1e3));
        let pulse_secs = pulse_secs.filter(|_| report.stream_only);
        BadgeView {
            status: report.status,
            tone: self.tone.shown(),
            attempt: report.attempt,
            max_attempts: report.max_attempts,
            retry_in_secs: report.retry_in_ms.map(|millis| millis as f64 / 1e3 - waited),
            reason: report.reason.clone(),
            stream_only: report.stream_only && pulse_secs.is_none(),
            proven_secs: pulse_secs.or_else(|| BadgeView::proven_secs(&self.connection.sources, self.feed_ms())),
            changes_per_second: self.rates.changes.present(),
            sources: SourceTally::of(&self.connection.sources),
            lost: self.lost_sources(),
            popover_open,
        }
    }

    /// The time of day of the last proof of a source's rows.
    fn as_of(&self, source: SourceId) -> Option<String> {
        let at = self.connection.source(source)?.proven_ms?;
        let wall_ms = Timestamp::now().as_millisecond();
        time_of_day(wall_ms, self.feed_ms(), at, &TimeZone::system())
    }

    /// `as of 14:03, source lost`; `None` while the source is not lost.
    fn lost_text(&self, source: SourceId) -> Option<String> {
        let as_of = self.connection.is_lost(source).then(|| self.as_of(source))?;
        Some(match as_of {
            Some(time) => format!("as of {time}, source lost"),
            None => "source lost".to_owned(),
        })
    }

    /// The sources that are lost; `None` while none is.
    fn lost_sources(&self) -> Option<LostSources> {
        let lost: Vec<SourceId> = (0..self.connection.sources.len())
            .map(SourceId::new)
            .filter(|source| self.connection.is_lost(*source))
            .collect();
        let oldest = lost
            .iter()
            .copied()
            .min_by_key(|source| self.connection.source(*source).and_then(|report| report.proven_ms))?;
        let name = match lost.as_slice() {
            [source] => self.source_name(*source),
            lost => format!("{} sources", lost.len()),
        };
        Some(LostSources {
            count: lost.len(),
            name,
            as_of: self.as_of(oldest),
        })
    }

    /// The kinds of which a source is lost.
    pub(super) fn lost_kinds(&self) -> PerKind<bool> {
        PerKind::from_fn(|kind| self.connection.has_lost(kind))
    }

    /// The name of a source's table.
    fn source_name(&self, source: SourceId) -> String {
        let lines = self.source_names();
        lines
            .into_iter()
            .nth(source.index())
            .map(|(name, _)| name)
            .unwrap_or_default()
    }

    /// The names of all tables in the order of their reports, and the source that each belongs to: the sources of the
    /// mapping, then the tables that complete them.
    fn source_names(&self) -> Vec<(String, usize)> {
        let sources = self.mapping.0.sources();
        let own = sources.iter().enumerate().map(|(at, source)| (source.name(), at));
        let companions = self.mapping.0.companion_tables().into_iter().map(|table| {
            let is_same = |own: &Companion| (&own.schema, own.table()) == (&table.schema, table.table());
            let owner = sources.iter().position(|source| source.companions.iter().any(is_same));
            (table.table().to_owned(), owner.unwrap_or(0))
        });
        own.chain(companions).collect()
    }

    /// The sources for the popover; a table that completes a source follows it.
    pub(super) fn source_lines(&self) -> Vec<SourceLine> {
        let of_mapping = self.mapping.0.sources().len();
        let names = self.source_names();
        let mut order: Vec<(usize, &(String, usize))> = names.iter().enumerate().collect();
        order.sort_by_key(|(at, (_, owner))| (*owner, *at));
        let line = |(at, (name, owner)): (usize, &(String, usize))| SourceLine {
            name: name.clone(),
            kind: (at < of_mapping)
                .then(|| self.mapping.0.sources().get(*owner).map(|source| source.kind))
                .flatten(),
            report: self.connection.sources.get(at).cloned().unwrap_or_default(),
        };
        // Tables without a report are not followed by this version of the connection.
        let is_known = |(at, _): &(usize, &(String, usize))| *at < of_mapping || *at < self.connection.sources.len();
        order.into_iter().filter(is_known).map(line).collect()
    }

    /// The kinds of which it is known how many rows there are.
    pub(super) fn known(&self) -> PerKind<bool> {
        PerKind::from_fn(|kind| self.counts.total(kind) > 0 || self.connection.has_read(kind))
    }

    /// One row of the legend for each status that some row has.
    pub(super) fn legend_rows(&self) -> Vec<LegendRow> {
        Status::ALL
            .into_iter()
            .map(|status| LegendRow {
                status,
                agents: self.counts.of(Kind::Agent, status),
                work: self.counts.work(status),
            })
            .filter(|row| row.agents + row.work > 0)
            .collect()
    }

    /// Whether each kind has a source.
    pub(super) fn followed(&self) -> PerKind<bool> {
        PerKind::from_fn(|kind| self.mapping.0.follows(kind))
    }

    /// Rows on the wall.
    pub(super) fn rows(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.counts.total(kind)).sum()
    }

    /// How many rows are selected.
    pub(super) fn selected_count(&self) -> usize {
        self.selection.count()
    }

    /// The rectangle that is being drawn around rows.
    pub(super) fn lasso(&self) -> Option<bevy::math::Rect> {
        self.selection.lasso
    }

    /// The selected rows.
    pub(super) fn selected(&self) -> EntityHashSet {
        self.selection.rows().collect()
    }

    /// Whether a row is one of these.
    pub(super) fn is_among(&self, key: &RowKey, rows: &EntityHashSet) -> bool {
        self.index.get(key).is_some_and(|row| rows.contains(&row))
    }

    /// The key of the inspected row.
    pub(super) fn inspected_key(&self) -> Option<&RowKey> {
        self.seen.key(self.selection.selected?)
    }

    /// The selected rows as chips, the one that was selected last first.
    pub(super) fn selected_rows(&self) -> Vec<RelatedRow> {
        /// Rows that have a chip.
        const MOST_NAMED: usize = 40;
        let rows: Vec<Entity> = self.selection.rows().collect();
        let latest = rows.into_iter().rev().take(MOST_NAMED);
        latest.filter_map(|row| self.related.related(row)).collect()
    }

    /// Reads what the selected rows have in common, until the time is over.
    pub(super) fn follow_several(&self, several: &mut Several, is_over: &dyn Fn() -> bool) {
        let record = |row: Entity| self.seen.get(row).map(|seen| seen.columns);
        let read = |row: Entity, with: &mut dyn FnMut(&dyn query::Row)| {
            if let Some(key) = self.seen.key(row) {
                self.with_shown_row(key, with);
            }
        };
        several.follow(self.selection.rows(), self.now(), &record, &read, is_over);
    }

    /// The ids of the selected rows, one a line; or their columns without masked ones, one JSON object a line.
    pub(super) fn selected_as_text(&self, as_json: bool) -> String {
        let mut text = String::new();
        for seen in self.selection.rows().filter_map(|row| self.seen.get(row)) {
            if text.len() > MOST_COPIED {
                break;
            }
            if as_json {
                text.push_str(&secrets::open_columns(seen.columns).to_string());
            } else {
                text.push_str(seen.key.id.as_str());
            }
            text.push('\n');
        }
        text
    }

    /// The rows that the table copies and saves: the selected ones where several are, else all in their order.
    pub(super) fn table_keys(&self) -> Vec<RowKey> {
        let selected = self.selected();
        let is_meant = |key: &&RowKey| selected.len() < 2 || self.is_among(key, &selected);
        self.table.rows().filter(is_meant).cloned().collect()
    }

    /// These rows as text for a spreadsheet.
    pub(super) fn table_as_tsv(&self) -> String {
        let label_of = |key: &RowKey| self.seen.label(key);
        let now_ms = Timestamp::now().as_millisecond();
        let keys = self.table_keys();
        let rows = keys.iter().filter_map(|key| self.seen.find(key));
        let rows = rows.map(|row| self.seen.read(&row, &label_of, now_ms).with_names_only());
        let mut out = Vec::new();
        // Memory takes what is written.
        let _ = sheet::tsv(&mut out, self.table.columns(), rows, MOST_COPIED);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Which of all rows the table has, in words; empty where it is all of them.
    pub(super) fn chosen_words(&self, filter: StateFilter) -> String {
        let found = self
            .search
            .is_active()
            .then(|| format!("that match {}", self.search.text()));
        let states = filter.chosen().map(|status| status.word());
        let states = states.collect::<Vec<_>>().join(", ");
        let states = (!states.is_empty()).then(|| format!("in {states}"));
        let parts: Vec<String> = [found, states].into_iter().flatten().collect();
        format::clean(&parts.join(", "), 80)
    }

    /// The rows that were found, the best first.
    pub(super) fn found(&self) -> Vec<FoundRow> {
        let now_ms = Timestamp::now().as_millisecond();
        let line = |found: &Found| {
            let (key, label, state, columns, moment, ..) = self.rows.get(found.row).ok()?;
            let workflow = self.ties.get(found.row).ok().and_then(|(.., workflow)| workflow);
            let place = workflow.and_then(|workflow| self.rows.get(workflow.0).ok());
            let age = self
                .mapping
                .age_secs(&key.0, &columns.0, moment, *self.fleet_clock, now_ms);
            Some(FoundRow {
                key: key.0.clone(),
                label: label.0.to_string(),
                status: state.0.status,
                place: place.map_or_else(|| key.0.kind.singular().to_owned(), |place| place.1.0.to_string()),
                age: age.map(format::age).unwrap_or_default(),
            })
        };
        self.search.listed.iter().filter_map(line).collect()
    }

    /// The row under the pointer, unless it is the selected one, which the inspector shows.
    pub(super) fn hovered(&self) -> Option<HoverView<'_>> {
        let hovered = self
            .selection
            .hovered
            .filter(|row| Some(*row) != self.selection.selected)?;
        let (key, label, state, columns, moment, agent, task, workflow) = self.rows.get(hovered).ok()?;
        if moment.gone.is_some() {
            return None;
        }
        let name = |row: Entity| self.rows.get(row).ok().map(|row| &*row.1.0);
        let now_ms = Timestamp::now().as_millisecond();
        let ties = self.ties.get(hovered).ok();
        Some(HoverView {
            kind: key.0.kind,
            label: &label.0,
            subtitle: agent.and_then(|agent| agent.subtitle.as_deref()),
            state: &state.0,
            age_secs: self
                .mapping
                .age_secs(&key.0, &columns.0, moment, *self.fleet_clock, now_ms),
            agents: ties
                .and_then(|(assigned, ..)| assigned)
                .into_iter()
                .flat_map(|assigned| &assigned.agents)
                .filter_map(|agent| self.index.get(agent))
                .filter_map(name)
                .collect(),
            task: ties.and_then(|(_, task, _)| task).and_then(|task| name(task.0)),
            workflow: ties
                .and_then(|(.., workflow)| workflow)
                .and_then(|workflow| name(workflow.0)),
            progress: task
                .and_then(|task| task.progress)
                .or_else(|| workflow.and_then(|workflow| workflow.progress)),
            error: task.and_then(|task| task.error.as_deref()),
            details: details::lines(&self.mapping.0.details(key.0.source, &columns.0), now_ms),
            lost: self.lost_text(key.0.source),
        })
    }

    /// Why a row has its state, one sentence.
    fn why(&self, key: &RowKey, state: &StatusReading, columns: &Record) -> String {
        let (mapping, source) = (&self.mapping.0, key.source);
        let gone = (state.rule == Rule::Gone).then(|| mapping.explain_gone(source));
        let mut why = gone.flatten().unwrap_or_else(|| mapping.explain(source, columns));
        if state.rule == Rule::Heartbeat
            && let Some(silence) = self.vitals.silence(mapping, source, columns)
        {
            why.apply(&silence);
        }
        why.sentence()
    }

    /// The selected row; `None` when nothing is selected or its entity is gone.
    pub(super) fn inspected(&self) -> Option<InspectorView<'_>> {
        let (key, label, state, columns, moment, agent, task, workflow) =
            self.rows.get(self.selection.selected?).ok()?;
        Some(InspectorView {
            key: &key.0,
            label: &label.0,
            subtitle: agent.and_then(|agent| agent.subtitle.as_deref()),
            state: &state.0,
            progress: task
                .and_then(|task| task.progress)
                .or_else(|| workflow.and_then(|workflow| workflow.progress)),
            error: task.and_then(|task| task.error.as_deref()),
            table: self
                .mapping
                .0
                .source(key.0.source)
                .map(|source| source.name())
                .unwrap_or_default(),
            why: self.why(&key.0, &state.0, &columns.0),
            details: details::lines(
                &self.mapping.0.details(key.0.source, &columns.0),
                Timestamp::now().as_millisecond(),
            ),
            record: &columns.0,
            gone: moment.gone.is_some(),
            lost: self.lost_text(key.0.source),
            history: RowHistory::default(),
            relations: Vec::new(),
            link: self.mapping.0.link(key.0.source, &columns.0),
            now_ms: Timestamp::now().as_millisecond(),
            zone: TimeZone::system(),
            provenance: self.provenance(&key.0),
        })
    }

    /// Calls the test with a row as a query sees it, if there is such a row.
    pub(super) fn with_row(&self, key: &RowKey, test: &mut dyn FnMut(&dyn query::Row)) {
        if let Some(row) = self.seen.find(key) {
            let label_of = |key: &RowKey| self.seen.label(key);
            test(&self.seen.read(&row, &label_of, Timestamp::now().as_millisecond()));
        }
    }

    /// As [`Self::with_row`], but agents and workflows are their names alone.
    pub(super) fn with_shown_row(&self, key: &RowKey, test: &mut dyn FnMut(&dyn query::Row)) {
        if let Some(row) = self.seen.find(key) {
            let label_of = |key: &RowKey| self.seen.label(key);
            let row = self.seen.read(&row, &label_of, Timestamp::now().as_millisecond());
            test(&row.with_names_only());
        }
    }

    /// The rows that a row is related to.
    pub(super) fn relations(&self, key: &RowKey) -> Vec<Relation> {
        let row = self.index.get(key);
        row.map(|row| self.related.of(row, key)).unwrap_or_default()
    }

    /// How what is shown of a row came here, one sentence.
    fn provenance(&self, key: &RowKey) -> String {
        let zone = TimeZone::system();
        let arrival = self.index.get(key).and_then(|row| self.arrivals.get(row).ok());
        let shown = arrival.map(|arrival| {
            let shown = with_seconds(arrival.shown_ms, &zone);
            match arrival.committed_ms.map(|committed| arrival.shown_ms - committed) {
                Some(took @ 0..LONGEST_WAY_MS) => {
                    format!(
                        "Changed live at {shown}, shown {} after its commit.",
                        format::millis(took as u64)
                    )
                }
                // The clocks of both machines differ, or it was read from a queue of the past.
                Some(_) => format!("Changed live at {shown}."),
                None => format!("Read from its table at {shown}."),
            }
        });
        let proven = self
            .as_of(key.source)
            .map(|time| format!("The table was proven equal at {time}."));
        [shown, proven].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// What happened to a row.
    pub(super) fn history(&self, journal: &Journal, key: &RowKey) -> RowHistory {
        /// Changes that are listed, and the share of the time that a state has at least in the strip.
        const MOST_CHANGES: usize = 5;
        const LEAST_SHARE: f64 = 0.02;
        let zone = TimeZone::system();
        let time = |ms: i64| with_seconds(ms, &zone);
        let since = match journal.since(key) {
            Some(Since::At(ms)) => format!("since {}", time(ms)),
            Some(Since::AtLeast(ms)) => format!("since {} at the latest", time(ms)),
            Some(Since::Between(from, to)) => format!("since some time from {} to {}", time(from), time(to)),
            None => String::new(),
        };
        let now_ms = Timestamp::now().as_millisecond();
        let stretches = journal.states(key).map(|stretch| {
            let lasted = stretch.to_ms.unwrap_or(now_ms) - stretch.since.certain_ms();
            (lasted.max(1) as f64, stretch.status)
        });
        let stretches: Vec<(f64, Option<Status>)> = stretches.collect();
        let total: f64 = stretches.iter().map(|(lasted, _)| lasted).sum();
        let shares: Vec<f64> = stretches
            .iter()
            .map(|(lasted, _)| (lasted / total).max(LEAST_SHARE))
            .collect();
        let sum: f64 = shares.iter().sum();
        let changes = journal
            .changes(key)
            .filter(|entry| entry.severity() > Severity::Routine)
            .take(MOST_CHANGES)
            .map(|entry| {
                let text = format::entry(&entry);
                let own = text.split_once(": ").map_or(text.as_str(), |(_, own)| own);
                (time(entry.last_ms()), own.to_owned())
            });
        RowHistory {
            since,
            strip: (shares.iter().zip(&stretches))
                .map(|(share, (_, status))| ((share / sum) as f32, *status))
                .collect(),
            changes: changes.collect(),
        }
    }
}
