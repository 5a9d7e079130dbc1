//! The connection badge: green Live, grey Catching up… and Connecting…, red Offline; a button that opens the details.

use std::sync::Arc;

use egui::{
    Align2, Galley, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, WidgetType, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};

use crate::ui::{
    format,
    link_look::{LinkLook, Tone},
    status_icon, theme,
    theme::Tier,
};
use realtime::{LinkStatus, POLL_INTERVAL, SourceReport, SourceState};

/// What the badge shows, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct BadgeView {
    /// The status that the session last reported.
    pub status: LinkStatus,
    /// The look of the badge. It follows `status`, but a recovery is shown only after it has held for a moment.
    pub tone: Tone,
    /// Which attempt is made or waited for: 0 for the first connect, from 1 for reconnects.
    pub attempt: u32,
    /// 0 = never gives up.
    pub max_attempts: u32,
    /// Seconds to the next attempt, while one is planned.
    pub retry_in_secs: Option<f64>,
    /// Why it is not connected, as a sentence; `None` while it is connected, or before anything has failed.
    pub reason: Option<String>,
    /// No table can be read: changes are shown as they arrive, and nothing proves that none is missing.
    pub stream_only: bool,
    /// Seconds since all followed tables were last proven equal to the database; `None` before the first proof.
    pub proven_secs: Option<f64>,
    /// The rate of changes at present.
    pub changes_per_second: f32,
    /// How many sources are kept up to date in which way.
    pub sources: SourceTally,
    /// The sources that are lost while others are live.
    pub lost: Option<LostSources>,
    /// The popover with the details is open, so that a click on the badge closes it.
    pub popover_open: bool,
}

/// How many sources there are, and how they are kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceTally {
    /// All of them.
    pub all: usize,
    /// Those whose rows are kept up to date, in whatever way.
    pub kept: usize,
    /// Those of the kept ones that are read at intervals.
    pub polled: usize,
}

impl SourceTally {
    /// Counts the sources. One that cannot be read and only shows changes is kept up to date as far as it goes.
    pub(crate) fn of(sources: &[SourceReport]) -> Self {
        let count = |is: fn(SourceState) -> bool| sources.iter().filter(|source| is(source.state)).count();
        let polled = count(|state| state == SourceState::Polled);
        Self {
            all: sources.len(),
            kept: polled + count(|state| matches!(state, SourceState::Followed | SourceState::StreamOnly)),
            polled,
        }
    }

    /// Some are not kept up to date.
    fn is_partial(self) -> bool {
        self.kept < self.all
    }

    /// All that are kept up to date are read at intervals: none brings its changes by itself.
    fn is_all_polled(self) -> bool {
        self.polled > 0 && self.polled == self.kept
    }

    /// `5 sources`, `4 of 5 sources`, `5 sources, 1 polled`.
    fn words(self) -> String {
        let all = format::counted(self.all as u64, "source", "sources");
        let kept = match self.is_partial() {
            true => format!("{} of {all}", self.kept),
            false => all,
        };
        match self.polled {
            0 => kept,
            polled => format!("{kept}, {polled} polled"),
        }
    }
}

/// The sources that are lost, for the badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSources {
    /// How many sources are lost.
    pub count: usize,
    /// The name of the table, or how many there are.
    pub name: String,
    /// The time of day of the oldest of their rows' last proofs; `None` where nothing was ever proven.
    pub as_of: Option<String>,
}

impl BadgeView {
    /// Seconds since the source with the oldest proof was proven. `feed_ms`: now, on the clock of the proofs.
    pub(crate) fn proven_secs(sources: &[SourceReport], feed_ms: u64) -> Option<f64> {
        let followed = sources
            .iter()
            .filter(|source| source.state == SourceState::Followed && source.lost_ms.is_none());
        let oldest = followed.filter_map(|source| source.proven_ms).min()?;
        Some(feed_ms.saturating_sub(oldest) as f64 / 1e3)
    }

    /// The word for its tone.
    pub(crate) fn word(&self) -> &'static str {
        self.tone.word()
    }

    /// What follows the word where sources are lost: `2 of 3`.
    pub(crate) fn share(&self) -> Option<String> {
        let lost = self.lost.as_ref().filter(|_| self.tone == Tone::Live)?;
        let all = self.sources.all;
        Some(format!("{} of {all}", all.saturating_sub(lost.count)))
    }

    fn proof(&self) -> String {
        match self.proven_secs {
            _ if self.stream_only => "unproven, stream only".to_owned(),
            Some(age) => format!("proven {} ago", format::age(age)),
            None if self.sources.is_all_polled() => {
                format!("read every {}", format::span(POLL_INTERVAL.as_secs_f64()))
            }
            None => "not proven yet".to_owned(),
        }
    }

    /// The two small lines beside the word; the second may be empty.
    pub(crate) fn lines(&self) -> [String; 2] {
        if let (Tone::Live, Some(lost)) = (self.tone, &self.lost) {
            let as_of = lost
                .as_of
                .as_ref()
                .map_or(String::new(), |time| format!(", as of {time}"));
            let rate = format::rate(self.changes_per_second);
            return [
                format!("{} lost{as_of}", lost.name),
                format!("{} · {rate} changes/s", self.proof()),
            ];
        }
        match self.tone {
            Tone::Live => [
                self.proof(),
                format!(
                    "{} · {} changes/s",
                    self.sources.words(),
                    format::rate(self.changes_per_second)
                ),
            ],
            Tone::CatchingUp => [
                if self.status == LinkStatus::Connected {
                    "all tables equal".to_owned()
                } else {
                    "checking the tables".to_owned()
                },
                format!("{} changes/s", format::rate(self.changes_per_second)),
            ],
            Tone::Waiting => {
                let attempt = match (self.attempt, self.max_attempts) {
                    (0, _) => String::new(),
                    (attempt, 0) => format!("attempt {attempt}"),
                    (attempt, most) => format!("attempt {attempt} of {most}"),
                };
                let next = match self.retry_in_secs {
                    // Rounded up: else "0 s" would be shown for a whole second.
                    Some(left) => format!("next attempt in {}", format::span(left.max(0.0).ceil())),
                    None if self.attempt == 0 => "first attempt".to_owned(),
                    None => "connecting now".to_owned(),
                };
                [next, attempt]
            }
            Tone::Offline => [
                match &self.reason {
                    Some(reason) => format::clean(reason, 72),
                    None if self.status == LinkStatus::Disconnected => "disconnected from this screen".to_owned(),
                    None => "no reason given".to_owned(),
                },
                match self.retry_in_secs {
                    Some(left) => format!("checks again in {}", format::span(left.max(0.0).ceil())),
                    None => String::new(),
                },
            ],
        }
    }

    /// The accessible name.
    pub(crate) fn spoken(&self) -> String {
        let lines = self.lines().into_iter().filter(|line| !line.is_empty());
        let mut text = format!("Connection: {}", self.word());
        if let Some(share) = self.share() {
            text.push_str(&format!(" {share}"));
        }
        for line in lines {
            text.push_str(", ");
            text.push_str(&line);
        }
        text
    }
}

/// The badge's texts laid out, so that the header can measure it before placing it. Its size depends on the type scale and
/// on the number of sources, not on what it shows.
pub(crate) struct BadgeLayout {
    word: Arc<Galley>,
    lines: Vec<Arc<Galley>>,
    /// Diameter of the dot or spinner.
    dot: f32,
    /// The distance of the contents from the edge, and of the contents from each other, in points.
    padding: Vec2,
    inner_gap: f32,
    /// The size with the word alone, in points.
    pub(crate) size: Vec2,
    /// How much wider it is with the two small lines.
    pub(crate) details_width: f32,
}

impl std::fmt::Debug for BadgeLayout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BadgeLayout")
            .field("size", &self.size)
            .field("details_width", &self.details_width)
            .finish_non_exhaustive()
    }
}

/// On a desk, points.
const PADDING: Vec2 = vec2(14.0, 4.0);
const INNER_GAP: f32 = 10.0;
/// Room for the small lines beside the widest word, in ems. Beside a shorter word they have more; a longer reason is cut, the
/// popover shows all of it.
const DETAILS_EMS: f32 = 12.0;

impl BadgeLayout {
    /// Lays out the texts.
    pub(crate) fn new(ui: &Ui, view: &BadgeView, look: &LinkLook) -> Self {
        let unit = theme::unit(ui.ctx());
        let (padding, inner_gap) = (PADDING * unit, (INNER_GAP * unit).round());
        let ink = look.ink(theme::of(ui));
        let painter = ui.painter();
        let (room, warn) = (Tier::Room.font(ui), theme::of(ui).warn);
        let lay_out = |word: &str, share: Option<String>| {
            let mut words = LayoutJob::default();
            words.append(word, 0.0, TextFormat::simple(room.clone(), ink));
            if let Some(share) = share {
                words.append(&format!(" · {share}"), 0.0, TextFormat::simple(room.clone(), warn));
            }
            words.wrap.max_width = f32::INFINITY;
            painter.layout_job(words)
        };
        let word = lay_out(view.word(), view.share());
        let all = view.sources.all;
        let widest_share = (all > 1).then(|| format!("{all} of {all}"));
        let widest_word = Tone::ALL
            .into_iter()
            .map(|tone| lay_out(tone.word(), None).size().x)
            .fold(lay_out(Tone::Live.word(), widest_share).size().x, f32::max);
        let caption = Tier::Caption.font(ui);
        let details = (caption.size * DETAILS_EMS).ceil();
        let most = details + widest_word - word.size().x;
        let [first, second] = view.lines();
        // A single line may wrap, two lines may not.
        let rows = if second.is_empty() { 2 } else { 1 };
        let lines: Vec<_> = [first, second]
            .into_iter()
            .filter(|line| !line.is_empty())
            .enumerate()
            .map(|(number, line)| {
                let is_loss = match view.share() {
                    Some(_) => number == 0,
                    None => number == 1 && view.tone == Tone::Live && view.sources.is_partial(),
                };
                let ink = if is_loss { warn } else { ink };
                let mut job = LayoutJob::simple(line, caption.clone(), ink, most);
                job.wrap.max_rows = rows;
                painter.layout_job(job)
            })
            .collect();
        let line = painter.layout_no_wrap(String::new(), caption, ink).size().y;
        let dot = word.size().y * 0.46;
        Self {
            dot,
            size: vec2(
                (padding.x * 2.0 + dot + inner_gap + widest_word).ceil(),
                (word.size().y.max(line * 2.0) + padding.y * 2.0).ceil(),
            ),
            details_width: inner_gap + details,
            word,
            lines,
            padding,
            inner_gap,
        }
    }

    /// Draws it at `rect` as a button, with the small lines where these have room.
    pub(crate) fn show(&self, ui: &Ui, rect: Rect, view: &BadgeView, look: &LinkLook) -> Response {
        let response = ui.interact(rect, ui.id().with("badge"), Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(WidgetType::Button, ui.is_enabled(), view.popover_open, view.spoken())
        });
        let unit = theme::unit(ui.ctx());
        let painter = ui.painter();
        let corner = rect.height() * 0.28;
        if look.halo > 0.01 {
            let glow = look.edge().gamma_multiply(0.45 * look.halo);
            painter.rect_stroke(
                rect.expand(3.0 * unit),
                corner + 3.0 * unit,
                Stroke::new(6.0 * unit, glow),
                StrokeKind::Middle,
            );
        }
        painter.rect_filled(rect, corner, look.face(theme::of(ui)));
        let edge = if response.has_focus() {
            Stroke::new(2.5 * unit, theme::of(ui).selection)
        } else if response.hovered() || view.popover_open {
            Stroke::new(2.0 * unit, theme::of(ui).text)
        } else {
            Stroke::new(1.5 * unit, look.edge())
        };
        painter.rect_stroke(rect, corner, edge, StrokeKind::Inside);

        let dot = pos2(rect.left() + self.padding.x + self.dot * 0.5, rect.center().y);
        self.draw_dot(ui, dot, view, look);
        let word = pos2(dot.x + self.dot * 0.5 + self.inner_gap, rect.center().y);
        let word = Align2::LEFT_CENTER.anchor_size(word, self.word.size());
        painter.galley(word.min, Arc::clone(&self.word), look.ink(theme::of(ui)));
        if rect.width() > self.size.x {
            let height: f32 = self.lines.iter().map(|line| line.size().y).sum();
            let mut at = pos2(rect.right() - self.padding.x, rect.center().y - height * 0.5);
            for line in &self.lines {
                let line_at = Align2::RIGHT_TOP.anchor_size(at, line.size());
                painter.galley(line_at.min, Arc::clone(line), look.ink(theme::of(ui)));
                at.y += line.size().y;
            }
        }
        response.on_hover_text(match &view.reason {
            Some(reason) => format::clean(reason, 400),
            None => "Connection details (C)".to_owned(),
        })
    }

    /// Live: a disc. Live but for a lost table: a disc that is half empty. Connecting: a turning arc. Offline: a cross. The
    /// shapes differ without their colours.
    fn draw_dot(&self, ui: &Ui, center: egui::Pos2, view: &BadgeView, look: &LinkLook) {
        let painter = ui.painter();
        let radius = self.dot * 0.5;
        match view.tone {
            Tone::Live if view.share().is_some() => {
                let line = (radius * 0.24).max(1.5);
                painter.circle_stroke(center, radius - line * 0.5, Stroke::new(line, look.edge()));
                let half = Rect::from_center_size(center, Vec2::splat(self.dot + 2.0))
                    .split_top_bottom_at_fraction(0.5)
                    .1;
                painter.with_clip_rect(half).circle_filled(center, radius, look.edge());
            }
            Tone::Live => {
                painter.circle_filled(center, radius, look.edge());
            }
            Tone::CatchingUp | Tone::Waiting => {
                let line = Stroke::new((radius * 0.32).max(2.0), theme::of(ui).text);
                spinner(ui, center, radius - line.width * 0.5, line);
            }
            Tone::Offline => {
                let line = Stroke::new((radius * 0.34).max(2.0), look.ink(theme::of(ui)));
                let arm = vec2(radius, radius) * 0.72;
                painter.line_segment([center - arm, center + arm], line);
                let arm = vec2(arm.x, -arm.y);
                painter.line_segment([center - arm, center + arm], line);
            }
        }
    }
}

/// A turning arc: one turn in 1.2 s.
pub(crate) fn spinner(ui: &Ui, center: egui::Pos2, radius: f32, line: Stroke) {
    const TURN_SECS: f64 = 1.2;
    ui.ctx().request_repaint();
    let turn = ui.input(|input| (input.time / TURN_SECS).fract()) as f32;
    let track = Stroke::new(line.width, line.color.gamma_multiply(0.25));
    ui.painter().circle_stroke(center, radius, track);
    status_icon::arc(ui.painter(), center, radius, turn, 0.3, line);
}

/// The badge in the flow of a panel.
pub fn badge_ui(ui: &mut Ui, view: &BadgeView, look: &LinkLook) -> Response {
    let layout = BadgeLayout::new(ui, view, look);
    let (_, rect) = ui.allocate_space(layout.size + vec2(layout.details_width, 0.0));
    layout.show(ui, rect, view, look)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> BadgeView {
        BadgeView {
            status: LinkStatus::Connected,
            tone: Tone::Live,
            attempt: 0,
            max_attempts: 5,
            retry_in_secs: None,
            reason: None,
            stream_only: false,
            proven_secs: Some(4.2),
            changes_per_second: 48.0,
            sources: SourceTally {
                all: 3,
                kept: 3,
                polled: 0,
            },
            lost: None,
            popover_open: false,
        }
    }

    #[test]
    fn a_lost_table_is_named_with_the_age_of_its_rows() {
        let lost = BadgeView {
            lost: Some(LostSources {
                count: 1,
                name: "tasks".to_owned(),
                as_of: Some("14:03".to_owned()),
            }),
            ..view()
        };
        assert_eq!(
            lost.spoken(),
            "Connection: Live 2 of 3, tasks lost, as of 14:03, proven 4 s ago · 48 changes/s"
        );
        let offline = BadgeView {
            tone: Tone::Offline,
            ..lost
        };
        assert_eq!(offline.share(), None, "then nothing is live");
    }

    #[test]
    fn live_shows_the_age_of_its_proof_and_how_many_tables_are_confirmed() {
        assert_eq!(
            view().spoken(),
            "Connection: Live, proven 4 s ago, 3 sources · 48 changes/s"
        );
        let all_polled = BadgeView {
            proven_secs: None,
            sources: SourceTally {
                all: 3,
                kept: 3,
                polled: 3,
            },
            ..view()
        };
        assert_eq!(
            all_polled.spoken(),
            "Connection: Live, read every 1 min, 3 sources, 3 polled · 48 changes/s",
            "nothing brings its changes by itself"
        );
        let alone = BadgeView {
            stream_only: true,
            ..view()
        };
        assert_eq!(
            alone.spoken(),
            "Connection: Live, unproven, stream only, 3 sources · 48 changes/s"
        );
    }

    #[test]
    fn waiting_counts_down_and_shows_the_attempt() {
        let mut waiting = BadgeView {
            status: LinkStatus::Disconnected,
            tone: Tone::Waiting,
            attempt: 2,
            retry_in_secs: Some(5.2),
            ..view()
        };
        assert_eq!(
            waiting.spoken(),
            "Connection: Connecting…, next attempt in 6 s, attempt 2 of 5"
        );
        waiting.retry_in_secs = Some(-3.0);
        waiting.max_attempts = 0;
        assert_eq!(
            waiting.spoken(),
            "Connection: Connecting…, next attempt in 0 s, attempt 2"
        );
        waiting.retry_in_secs = None;
        assert_eq!(waiting.spoken(), "Connection: Connecting…, connecting now, attempt 2");
        waiting.attempt = 0;
        assert_eq!(waiting.spoken(), "Connection: Connecting…, first attempt");
    }

    #[test]
    fn catching_up_shows_the_check_and_the_rate() {
        let mut doubtful = BadgeView {
            status: LinkStatus::Connecting,
            tone: Tone::CatchingUp,
            ..view()
        };
        assert_eq!(
            doubtful.spoken(),
            "Connection: Catching up…, checking the tables, 48 changes/s"
        );
        doubtful.status = LinkStatus::Connected;
        assert_eq!(
            doubtful.spoken(),
            "Connection: Catching up…, all tables equal, 48 changes/s"
        );
    }

    #[test]
    fn sources_are_counted_by_how_they_are_kept_up_to_date() {
        let words = |states: &[SourceState]| {
            let report = |state: &SourceState| SourceReport {
                state: *state,
                ..SourceReport::default()
            };
            let sources: Vec<SourceReport> = states.iter().map(report).collect();
            SourceTally::of(&sources).words()
        };
        let (followed, polled) = (SourceState::Followed, SourceState::Polled);
        assert_eq!(words(&[followed]), "1 source");
        assert_eq!(words(&[followed, SourceState::StreamOnly]), "2 sources");
        assert_eq!(words(&[followed, polled]), "2 sources, 1 polled");
        assert_eq!(words(&[followed, SourceState::Refused]), "1 of 2 sources");
        assert_eq!(words(&[polled, SourceState::Lost]), "1 of 2 sources, 1 polled");
    }

    #[test]
    fn a_refusal_that_is_checked_again_shows_when() {
        let refused = BadgeView {
            status: LinkStatus::Error,
            tone: Tone::Offline,
            max_attempts: 0,
            retry_in_secs: Some(251.3),
            reason: Some("the server refused the key".to_owned()),
            ..view()
        };
        assert_eq!(
            refused.spoken(),
            "Connection: Offline, the server refused the key, checks again in 4 min 12 s"
        );
    }

    #[test]
    fn offline_shows_the_reason_in_one_bounded_line() {
        let offline = BadgeView {
            status: LinkStatus::Error,
            tone: Tone::Offline,
            reason: Some("the server\nrefused the key ".repeat(400)),
            ..view()
        };
        let spoken = offline.spoken();
        assert!(
            spoken.starts_with("Connection: Offline, the server refused the key"),
            "{spoken}"
        );
        assert!(spoken.chars().count() < 110 && !spoken.contains('\n'));
    }
}
