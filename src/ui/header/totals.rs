//! The header's totals as texts, in their order. What is abnormal has colour only when there is some of it.

use egui::Color32;

use super::{
    HeaderView,
    fit::{Part, STATES},
    held,
    stat::{Choice, Icon, StatText},
};
use crate::{
    messages::QualityFeature,
    ui::{
        format,
        theme::{self, Inks},
    },
};
use model::{Kind, Status};

/// As wide as any number below a million: [`format::compact`] gives at most five characters.
const WIDEST: &str = "8,888";
/// Of two totals with a stroke between them.
const WIDEST_PAIR: &str = "8,888/8,888";
/// Opacity of the shape of a state that no row has.
const NONE: f32 = 0.5;
/// What a total shows that is not known: nothing was ever read.
const UNKNOWN: &str = "–";

/// All totals that have something to show.
pub(super) fn totals(ui: &egui::Ui, view: &HeaderView<'_>) -> Vec<StatText> {
    let totals = Totals {
        inks: theme::of(ui),
        view,
    };
    let mut texts = Vec::new();
    if totals.follows(Kind::Agent) {
        texts.push(totals.agents());
    }
    if totals.follows(Kind::Workflow) {
        texts.push(totals.workflows());
    }
    for status in STATES {
        let is_common = !matches!(
            status,
            Status::Cancelled | Status::Unmapped | Status::Idle | Status::Offline
        );
        let has_rows = totals.count(status) > 0 || view.filter.is_chosen(status);
        if is_common || held::has_state(ui, status, has_rows) {
            texts.push(totals.state(status));
        }
    }
    texts.extend(totals.reduced());
    texts.push(totals.rate());
    texts
}

struct Totals<'a> {
    inks: &'static Inks,
    view: &'a HeaderView<'a>,
}

impl Totals<'_> {
    /// The project has rows of this kind; of every kind while its tables are looked for.
    fn follows(&self, kind: Kind) -> bool {
        let followed = &self.view.followed;
        followed[kind] || Kind::ALL.into_iter().all(|kind| !followed[kind])
    }

    /// The kinds whose states are counted: tasks and runs; where there are none, agents; else workflows.
    fn counted(&self) -> impl Iterator<Item = Kind> {
        let has_work = Kind::work().any(|kind| self.follows(kind));
        let has_agents = self.follows(Kind::Agent);
        Kind::ALL.into_iter().filter(move |kind| match kind {
            Kind::Task | Kind::Run => has_work,
            Kind::Agent => !has_work && has_agents,
            Kind::Workflow => !has_work && !has_agents,
        })
    }

    fn count(&self, status: Status) -> usize {
        self.counted().map(|kind| self.view.counts.of(kind, status)).sum()
    }

    /// The totals of a kind may be old.
    fn is_stale(&self, kind: Kind) -> bool {
        self.view.stale || self.view.lost[kind]
    }

    /// The ink of a number that is no alarm.
    fn calm(&self, is_stale: bool) -> Color32 {
        if is_stale { self.inks.muted } else { self.inks.text }
    }

    fn plain(&self, part: Part, is_stale: bool, number: String, caption: &str, spoken: String) -> StatText {
        StatText {
            part,
            number,
            widest: WIDEST,
            ink: self.calm(is_stale),
            caption: vec![(caption.to_owned(), self.inks.muted)],
            widest_caption: &[],
            icon: None,
            choice: None,
            spoken,
        }
    }

    /// A total of rows that were never read.
    fn unknown(&self, part: Part, caption: &str, of: &str) -> StatText {
        let spoken = format!("{of}: unknown");
        self.plain(part, true, UNKNOWN.to_owned(), caption, spoken)
    }

    fn agents(&self) -> StatText {
        const CAPTION: &str = "agents busy";
        let counts = self.view.counts;
        let (busy, all) = (counts.engaged(Kind::Agent), counts.total(Kind::Agent));
        let failed = counts.of(Kind::Agent, Status::Failed);
        let is_stale = self.is_stale(Kind::Agent);
        let mut text = if self.view.known[Kind::Agent] {
            let number = format!("{}/{}", format::compact(busy), format::compact(all));
            let spoken = format!("{} of {} {} busy", exact(busy), exact(all), Kind::Agent.noun(all));
            self.plain(Part::Agents, is_stale, number, CAPTION, spoken)
        } else {
            self.unknown(Part::Agents, CAPTION, "agents")
        };
        text.widest = WIDEST_PAIR;
        text.widest_caption = &[CAPTION, "88 failed"];
        if failed > 0 {
            let ink = if is_stale {
                self.inks.muted
            } else {
                self.inks.status_ink(Status::Failed)
            };
            text.caption.push((format!("{} failed", format::compact(failed)), ink));
            text.spoken.push_str(&format!(", {} failed", exact(failed)));
        }
        text
    }

    /// The counter of a state, which is its entry in the legend: the shape has the state's colour, as in the scene. The
    /// number has it too where somebody should look and there is one.
    fn state(&self, status: Status) -> StatText {
        let part = Part::State(status);
        let count = self.count(status);
        let is_stale = self.counted().any(|kind| self.is_stale(kind));
        let is_known = self.counted().any(|kind| self.view.known[kind]);
        let is_alarm = status.is_trouble();
        let is_lit = count > 0 && !is_stale;
        let word = status.word();
        let noun = self
            .counted()
            .find(|kind| self.view.followed[*kind])
            .unwrap_or(Kind::Task);
        let mut text = if is_known {
            let whom = if status == Status::Waiting { " for a person" } else { "" };
            let spoken = format!("{} {} {word}{whom}", exact(count), noun.noun(count));
            self.plain(part, is_stale, format::compact(count), word, spoken)
        } else {
            self.unknown(part, word, &format!("{} {word}", noun.plural()))
        };
        if is_alarm {
            text.ink = if is_lit {
                self.inks.status_ink(status)
            } else {
                self.inks.muted
            };
        }
        let icon_ink = if is_lit {
            self.inks.status(status)
        } else if count > 0 {
            // A failure of a scene that is old is still found by its shape.
            self.inks.muted
        } else {
            self.inks.muted.gamma_multiply(NONE)
        };
        text.icon = Some((Icon::Status(status), icon_ink));
        text.choice = self.view.interactive.then(|| self.choice(status));
        text
    }

    fn choice(&self, status: Status) -> Choice {
        let filter = self.view.filter;
        if !filter.is_active() {
            Choice::Free
        } else if filter.is_alone(status) {
            Choice::Alone
        } else if filter.dims(status) {
            Choice::Dimmed
        } else {
            Choice::Chosen
        }
    }

    fn workflows(&self) -> StatText {
        const CAPTION: &str = "active workflows";
        let (kind, counts) = (Kind::Workflow, self.view.counts);
        if !self.view.known[kind] {
            return self.unknown(Part::Workflows, CAPTION, CAPTION);
        }
        let (active, all) = (counts.engaged(kind), counts.total(kind));
        let spoken = format!("{} of {} {} active", exact(active), exact(all), kind.noun(all));
        let number = format::compact(active);
        self.plain(Part::Workflows, self.is_stale(kind), number, CAPTION, spoken)
    }

    /// An icon while the picture is simplified to keep its frame rate; what it lacks is in the hover text.
    fn reduced(&self) -> Option<StatText> {
        let (last, before) = self.view.reduced.split_last()?;
        let words = |features: &[QualityFeature]| {
            let words: Vec<_> = features.iter().map(|feature| feature.word()).collect();
            words.join(", ")
        };
        let lacks = match before {
            [] => last.word().to_owned(),
            before => format!("{} or {}", words(before), last.word()),
        };
        let spoken = format!("Simplified picture: no {lacks}");
        Some(StatText {
            widest: "",
            icon: Some((Icon::Reduced, self.inks.muted)),
            caption: Vec::new(),
            ..self.plain(Part::Reduced, self.view.stale, String::new(), "", spoken)
        })
    }

    fn rate(&self) -> StatText {
        const CAPTION: &str = "changes/s";
        if Kind::ALL.into_iter().all(|kind| !self.view.known[kind]) {
            return self.unknown(Part::Rate, CAPTION, "changes per second");
        }
        let rate = format::rate(self.view.changes_per_second);
        let spoken = format!("{rate} changes per second");
        self.plain(Part::Rate, self.view.stale, rate, CAPTION, spoken)
    }
}

fn exact(count: usize) -> String {
    format::grouped(count as u64)
}
