//! The header: name, badge, totals, rate, clock. Readable from across the room; what does not fit is left out, the least
//! important part first.

mod badge;
mod fit;
mod stat;
mod totals;

use std::sync::Arc;

use egui::{Align2, Color32, Galley, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

pub(crate) use self::badge::{BadgeLayout, spinner};
pub use self::badge::{BadgeView, LostSources, SourceTally, badge_ui};
pub use self::fit::Part;
pub(crate) use self::fit::fit;
use self::stat::Stat;
use super::{Action, link_look::LinkLook, theme, theme::Tier, widgets};
use crate::{connection::RateHistory, messages::QualityFeature};
use model::{Kind, PerKind};

/// The totals that the header shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderCounts {
    /// Agents that have begun something and are not done with it: running, waiting or blocked.
    pub agents_busy: usize,
    /// Agents in any status.
    pub agents: usize,
    /// Agents whose status is failed.
    pub agents_failed: usize,
    /// Running tasks and runs.
    pub running: usize,
    /// Queued tasks and runs.
    pub queued: usize,
    /// Tasks and runs that wait for a person.
    pub waiting: usize,
    /// Blocked tasks and runs.
    pub blocked: usize,
    /// Failed tasks and runs.
    pub failed: usize,
    /// Workflows that are running, waiting or blocked.
    pub workflows_active: usize,
    /// Workflows in any status.
    pub workflows: usize,
}

/// All that the header shows, as plain data.
#[derive(Debug)]
pub struct HeaderView<'a> {
    /// What the connection badge shows.
    pub badge: &'a BadgeView,
    /// The totals, of all rows on the wall.
    pub counts: HeaderCounts,
    /// The time of day, formatted.
    pub clock: &'a str,
    /// The rate of changes at present, the number beside the spark line.
    pub changes_per_second: f32,
    /// Changes per second, one a second, oldest first.
    pub spark: &'a [f32],
    /// No changes arrive: the totals may be old and are drawn muted.
    pub stale: bool,
    /// The kinds whose source is lost: their totals are old and drawn muted.
    pub lost: PerKind<bool>,
    /// The kinds that have a source: the totals of others are left out.
    pub followed: PerKind<bool>,
    /// What the picture lacks, so that it keeps its frame rate.
    pub reduced: &'a [QualityFeature],
}

/// Where the badge is, for what hangs under it, and which parts are shown.
#[derive(Debug)]
pub struct HeaderShown {
    /// The rectangle of the badge, in points.
    pub badge: Rect,
    /// The parts that fitted, from left to right.
    pub parts: Vec<Part>,
}

const PAD: f32 = 14.0;
/// Between parts that belong together, and between groups.
const GAP: f32 = 22.0;
/// Width of the spark line in points, and of the space between it and its number.
const SPARK_WIDTH: f32 = 110.0;

/// Draws the header into the whole width of `ui`, as high as it needs.
pub fn header_ui(ui: &mut Ui, view: &HeaderView<'_>, look: &LinkLook, actions: &mut Vec<Action>) -> HeaderShown {
    let pieces = Pieces::new(ui, view, look);
    let height = pieces.content_height + 14.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let parts = fit(&pieces.wanted(), GAP, rect.width() - PAD * 2.0);
    pieces.draw_right(ui, rect, &parts, view);
    let badge = pieces.draw_left(ui, rect, &parts, view, look, actions);
    let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - look.line), rect.right_bottom());
    ui.painter().rect_filled(line, 0.0, look.edge());
    HeaderShown { badge, parts }
}

/// All parts, laid out, before it is known which of them fit.
struct Pieces {
    name: Arc<Galley>,
    badge: BadgeLayout,
    stats: Vec<Stat>,
    clock: Arc<Galley>,
    clock_ink: Color32,
    /// Height of the highest part.
    content_height: f32,
}

impl Pieces {
    fn new(ui: &Ui, view: &HeaderView<'_>, look: &LinkLook) -> Self {
        let inks = theme::of(ui);
        let clock_ink = if view.stale { inks.muted } else { inks.text };
        let lay_out = |text: &str, tier: Tier, ink| ui.painter().layout_no_wrap(text.to_owned(), tier.font(ui), ink);
        let badge = BadgeLayout::new(ui, view.badge, look);
        let texts = totals::totals(ui, view);
        let stats: Vec<Stat> = texts.into_iter().map(|text| Stat::new(ui, text)).collect();
        Self {
            name: lay_out("opswall", Tier::Name, inks.muted),
            clock: lay_out(view.clock, Tier::RoomDigits, clock_ink),
            clock_ink,
            content_height: stats.iter().map(|stat| stat.size.y).fold(badge.size.y, f32::max),
            badge,
            stats,
        }
    }

    /// All parts and their widths, from left to right.
    fn wanted(&self) -> Vec<(Part, f32)> {
        let first = [Part::Name, Part::Badge].into_iter();
        let parts = first.chain(self.stats.iter().map(|stat| stat.part));
        let parts = parts.chain([Part::Spark, Part::Clock]);
        parts.map(|part| (part, self.width_of(part))).collect()
    }

    fn width_of(&self, part: Part) -> f32 {
        match part {
            Part::Name => self.name.size().x,
            Part::Badge => self.badge.size.x,
            Part::Spark => SPARK_WIDTH,
            Part::Clock => self.clock.size().x,
            other => self.stat(other).map_or(0.0, |stat| stat.size.x),
        }
    }

    fn stat(&self, part: Part) -> Option<&Stat> {
        self.stats.iter().find(|stat| stat.part == part)
    }

    fn show_stat(&self, ui: &Ui, part: Part, rect: Rect) {
        if let Some(stat) = self.stat(part) {
            let centered = Rect::from_center_size(rect.center(), vec2(rect.width(), stat.size.y));
            stat.show(ui, centered);
        }
    }

    /// The parts at the right end: clock, spark line, rate.
    fn draw_right(&self, ui: &Ui, rect: Rect, parts: &[Part], view: &HeaderView<'_>) {
        let mut right = rect.right() - PAD;
        for part in parts.iter().rev().filter(|part| is_at_right(**part)) {
            let width = self.width_of(*part);
            right -= width;
            match part {
                Part::Clock => {
                    let at = Align2::LEFT_CENTER.anchor_size(pos2(right, rect.center().y), self.clock.size());
                    ui.painter().galley(at.min, Arc::clone(&self.clock), self.clock_ink);
                    let label = ui.interact(at, ui.id().with("clock"), Sense::hover());
                    label.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Time {}", view.clock)));
                }
                Part::Spark => {
                    let at = centered_in(rect, right, width, self.content_height * 0.62);
                    widgets::spark_line(ui, at, view.spark, RateHistory::SPAN, 1.0, view.stale);
                }
                _ => self.show_stat(ui, *part, centered_in(rect, right, width, self.content_height)),
            }
            right -= GAP;
        }
    }

    /// The parts from the left end: name, badge, totals. Returns where the badge is.
    fn draw_left(
        &self,
        ui: &Ui,
        rect: Rect,
        parts: &[Part],
        view: &HeaderView<'_>,
        look: &LinkLook,
        actions: &mut Vec<Action>,
    ) -> Rect {
        let mut left = rect.left() + PAD;
        let mut badge_rect = rect;
        let mut group = None;
        for part in parts.iter().filter(|part| !is_at_right(**part)) {
            let width = self.width_of(*part);
            let next = group_of(*part);
            if next.is_some() && group.is_some_and(|group| Some(group) != next) {
                self.draw_hairline(ui, rect, left - GAP * 0.5);
            }
            group = next.or(group);
            match part {
                Part::Name => {
                    let at = Align2::LEFT_CENTER.anchor_size(pos2(left, rect.center().y), self.name.size());
                    ui.painter().galley(at.min, Arc::clone(&self.name), theme::of(ui).muted);
                }
                Part::Badge => {
                    // A badge alone on a narrow screen is cut at the edge.
                    let room = (rect.right() - PAD - left).max(40.0);
                    badge_rect = centered_in(rect, left, width.min(room), self.badge.size.y);
                    if self.badge.show(ui, badge_rect, view.badge, look).clicked() {
                        actions.push(Action::TogglePopover);
                    }
                }
                _ => self.show_stat(ui, *part, centered_in(rect, left, width, self.content_height)),
            }
            left += width + GAP;
        }
        badge_rect
    }

    fn draw_hairline(&self, ui: &Ui, rect: Rect, x: f32) {
        let half = self.content_height * 0.36;
        let middle = rect.center().y;
        let hairline = Stroke::new(1.0, theme::of(ui).line);
        ui.painter().vline(x.round(), middle - half..=middle + half, hairline);
    }
}

/// A rectangle at `x`, centred vertically in the header.
fn centered_in(rect: Rect, x: f32, width: f32, height: f32) -> Rect {
    let top = (rect.center().y - height * 0.5).round();
    Rect::from_min_size(pos2(x, top), vec2(width, height))
}

fn is_at_right(part: Part) -> bool {
    matches!(part, Part::Clock | Part::Spark | Part::Rate | Part::Reduced)
}

/// What is counted: a hairline separates agents, tasks and workflows.
fn group_of(part: Part) -> Option<Kind> {
    match part {
        Part::Agents => Some(Kind::Agent),
        Part::Running | Part::Queued | Part::Waiting | Part::Blocked | Part::Failed => Some(Kind::Task),
        Part::Workflows => Some(Kind::Workflow),
        Part::Name | Part::Badge | Part::Reduced | Part::Rate | Part::Spark | Part::Clock => None,
    }
}
