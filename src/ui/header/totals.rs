//! The header's totals as texts, in their order. What is abnormal has colour only when there is some of it.

use egui::Color32;

use super::{
    HeaderView,
    fit::Part,
    stat::{Icon, StatText},
};
use crate::{
    messages::QualityFeature,
    ui::{
        format,
        theme::{self, Inks},
    },
};
use model::{Kind, Status};

/// All totals that have something to show.
pub(super) fn totals(ui: &egui::Ui, view: &HeaderView<'_>) -> Vec<StatText> {
    let totals = Totals {
        inks: theme::of(ui),
        view,
    };
    let counts = &view.counts;
    let follows = |kind: Kind| view.followed[kind] || Kind::ALL.into_iter().all(|kind| !view.followed[kind]);
    let mut texts = Vec::new();
    if follows(Kind::Agent) {
        texts.push(totals.agents());
    }
    if follows(Kind::Task) || follows(Kind::Run) {
        texts.push(totals.state(Part::Running, Status::Running, counts.running));
        texts.push(totals.state(Part::Queued, Status::Queued, counts.queued));
        if counts.waiting > 0 {
            texts.push(totals.alarm(Part::Waiting, Status::Waiting, counts.waiting));
        }
        texts.push(totals.alarm(Part::Blocked, Status::Blocked, counts.blocked));
        texts.push(totals.alarm(Part::Failed, Status::Failed, counts.failed));
    }
    if follows(Kind::Workflow) {
        texts.push(totals.workflows());
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
    /// The totals of a kind may be old.
    fn is_stale(&self, kind: Kind) -> bool {
        self.view.stale || self.view.lost[kind]
    }

    /// The totals of tasks, which include the runs, may be old.
    fn is_work_stale(&self) -> bool {
        self.is_stale(Kind::Task) || self.is_stale(Kind::Run)
    }

    /// The ink of a number that is no alarm.
    fn calm(&self, is_stale: bool) -> Color32 {
        if is_stale { self.inks.muted } else { self.inks.text }
    }

    fn plain(&self, part: Part, is_stale: bool, number: String, caption: &str, spoken: String) -> StatText {
        StatText {
            part,
            number,
            ink: self.calm(is_stale),
            caption: vec![(caption.to_owned(), self.inks.muted)],
            icon: None,
            spoken,
        }
    }

    fn agents(&self) -> StatText {
        let counts = &self.view.counts;
        let (busy, all, failed) = (counts.agents_busy, counts.agents, counts.agents_failed);
        let number = format!("{}/{}", format::compact(busy), format::compact(all));
        let spoken = format!("{} of {} agents busy", exact(busy), exact(all));
        let is_stale = self.is_stale(Kind::Agent);
        let mut text = self.plain(Part::Agents, is_stale, number, "agents busy", spoken);
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

    /// Tasks in a normal state. Its shape has the state's colour, as in the scene and in the legend; its number is calm.
    fn state(&self, part: Part, status: Status, count: usize) -> StatText {
        let is_stale = self.is_work_stale();
        let ink = if count > 0 && !is_stale {
            self.inks.status(status)
        } else {
            self.inks.muted
        };
        let word = status.word();
        let spoken = format!("{} tasks {word}", exact(count));
        StatText {
            icon: Some((Icon::Status(status), ink)),
            ..self.plain(part, is_stale, format::compact(count), word, spoken)
        }
    }

    /// Tasks in an abnormal state: shape and number have its colour as soon as there is one.
    fn alarm(&self, part: Part, status: Status, count: usize) -> StatText {
        let is_stale = self.is_work_stale();
        let is_loud = count > 0 && !is_stale;
        let (ink, icon_ink) = if is_loud {
            (self.inks.status_ink(status), self.inks.status(status))
        } else {
            (self.inks.muted, self.inks.line)
        };
        let word = status.word();
        let whom = if status == Status::Waiting { " for a person" } else { "" };
        let spoken = format!("{} tasks {word}{whom}", exact(count));
        StatText {
            ink,
            icon: Some((Icon::Status(status), icon_ink)),
            ..self.plain(part, is_stale, format::compact(count), word, spoken)
        }
    }

    fn workflows(&self) -> StatText {
        let (active, all) = (self.view.counts.workflows_active, self.view.counts.workflows);
        let spoken = format!("{} of {} workflows active", exact(active), exact(all));
        let is_stale = self.is_stale(Kind::Workflow);
        self.plain(
            Part::Workflows,
            is_stale,
            format::compact(active),
            "active workflows",
            spoken,
        )
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
            icon: Some((Icon::Reduced, self.inks.muted)),
            caption: Vec::new(),
            ..self.plain(Part::Reduced, self.view.stale, String::new(), "", spoken)
        })
    }

    fn rate(&self) -> StatText {
        let rate = format::rate(self.view.changes_per_second);
        let spoken = format!("{rate} changes per second");
        self.plain(Part::Rate, self.view.stale, rate, "changes/s", spoken)
    }
}

fn exact(count: usize) -> String {
    format::grouped(count as u64)
}
