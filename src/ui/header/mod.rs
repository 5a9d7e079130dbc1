//! The header: name, badge, totals, rate, clock. Readable from across the room; what does not fit is left out, the least
//! important part first. The counters of the states are the legend and, where there is a pointer, the filter.

mod badge;
mod fit;
mod held;
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
use crate::{
    connection::RateHistory,
    messages::{QualityFeature, StateFilter},
};
use model::{PerKind, RowCounts};

/// All that the header shows, as plain data.
#[derive(Debug)]
pub struct HeaderView<'a> {
    /// What the connection badge shows.
    pub badge: &'a BadgeView,
    /// The rows on the wall.
    pub counts: &'a RowCounts,
    /// The kinds of which something was read: the totals of others are not 0 but unknown.
    pub known: PerKind<bool>,
    /// The states that the user has chosen.
    pub filter: StateFilter,
    /// There is a pointer: a click on a state's counter chooses it.
    pub interactive: bool,
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

/// On a desk, points: from the edges to the first and the last part, above and below, and the length of the spark line.
const PAD: f32 = 14.0;
const PAD_Y: f32 = 7.0;
const SPARK_WIDTH: f32 = 110.0;

/// Between parts. It grows less than the type does: from afar the numbers need the room.
fn gap_of(unit: f32) -> f32 {
    (8.0 + 10.0 * unit).round()
}

/// Draws the header into the whole width of `ui`, as high as it needs.
pub fn header_ui(ui: &mut Ui, view: &HeaderView<'_>, look: &LinkLook, actions: &mut Vec<Action>) -> HeaderShown {
    let pieces = Pieces::new(ui, view, look);
    let unit = pieces.unit;
    let height = pieces.content_height + (PAD_Y * 2.0 * unit).round();
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let parts = fit(&pieces.wanted(), pieces.gap, rect.width() - pieces.pad * 2.0);
    pieces.draw_right(ui, rect, &parts, view);
    let badge = pieces.draw_left(ui, rect, &parts, view, look, actions);
    let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - look.line * unit), rect.right_bottom());
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
    /// Points of one point on a desk.
    unit: f32,
    gap: f32,
    pad: f32,
}

impl Pieces {
    fn new(ui: &Ui, view: &HeaderView<'_>, look: &LinkLook) -> Self {
        let inks = theme::of(ui);
        let clock_ink = if view.stale { inks.muted } else { inks.text };
        let lay_out = |text: &str, tier: Tier, ink| ui.painter().layout_no_wrap(text.to_owned(), tier.font(ui), ink);
        let badge = BadgeLayout::new(ui, view.badge, look);
        let texts = totals::totals(ui, view);
        let stats: Vec<Stat> = texts.into_iter().map(|text| Stat::new(ui, text)).collect();
        let unit = theme::unit(ui.ctx());
        Self {
            unit,
            gap: gap_of(unit),
            pad: (PAD * unit).round(),
            name: lay_out("opswall", Tier::Name, inks.muted),
            clock: lay_out(view.clock, Tier::Room, clock_ink),
            clock_ink,
            content_height: stats.iter().map(|stat| stat.size.y).fold(badge.size.y, f32::max),
            badge,
            stats,
        }
    }

    /// All parts and their widths, from left to right.
    fn wanted(&self) -> Vec<(Part, f32)> {
        let first = [Part::Name, Part::Badge, Part::Details].into_iter();
        let parts = first.chain(self.stats.iter().map(|stat| stat.part));
        let parts = parts.chain([Part::Spark, Part::Clock]);
        parts.map(|part| (part, self.width_of(part))).collect()
    }

    fn width_of(&self, part: Part) -> f32 {
        match part {
            Part::Name => self.name.size().x,
            Part::Badge => self.badge.size.x,
            // They stand within the badge, without a gap before them.
            Part::Details => self.badge.details_width - self.gap,
            Part::Spark => (SPARK_WIDTH * self.unit).round(),
            Part::Clock => self.clock.size().x,
            other => self.stat(other).map_or(0.0, |stat| stat.size.x),
        }
    }

    fn stat(&self, part: Part) -> Option<&Stat> {
        self.stats.iter().find(|stat| stat.part == part)
    }

    fn show_stat(&self, ui: &Ui, part: Part, rect: Rect, actions: &mut Vec<Action>) {
        let Some(stat) = self.stat(part) else { return };
        let centered = Rect::from_center_size(rect.center(), vec2(rect.width(), stat.size.y));
        let margin = vec2((self.gap * 0.5 - 1.0).floor(), (PAD_Y * 0.5 * self.unit).floor());
        let is_clicked = stat.show(ui, centered, margin).clicked();
        if let Part::State(status) = part
            && is_clicked
        {
            actions.push(match ui.input(|input| input.modifiers.shift) {
                true => Action::ToggleState(status),
                false => Action::SoloState(status),
            });
        }
    }

    /// The parts at the right end: clock, spark line, rate.
    fn draw_right(&self, ui: &Ui, rect: Rect, parts: &[Part], view: &HeaderView<'_>) {
        let mut right = rect.right() - self.pad;
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
                _ => {
                    let at = centered_in(rect, right, width, self.content_height);
                    self.show_stat(ui, *part, at, &mut Vec::new());
                }
            }
            right -= self.gap;
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
        let mut left = rect.left() + self.pad;
        let mut badge_rect = rect;
        let mut group = None;
        let details = if parts.contains(&Part::Details) {
            self.badge.details_width
        } else {
            0.0
        };
        let is_at_left = |part: &&Part| !is_at_right(**part) && **part != Part::Details;
        for part in parts.iter().filter(is_at_left) {
            let width = match part {
                Part::Badge => self.badge.size.x + details,
                part => self.width_of(*part),
            };
            let next = group_of(*part);
            if next.is_some() && group.is_some_and(|group| Some(group) != next) {
                self.draw_hairline(ui, rect, left - self.gap * 0.5);
            }
            group = next.or(group);
            match part {
                Part::Name => {
                    let at = Align2::LEFT_CENTER.anchor_size(pos2(left, rect.center().y), self.name.size());
                    ui.painter().galley(at.min, Arc::clone(&self.name), theme::of(ui).muted);
                }
                Part::Badge => {
                    // A badge alone on a narrow screen is cut at the edge.
                    let room = (rect.right() - self.pad - left).max(40.0);
                    badge_rect = centered_in(rect, left, width.min(room), self.badge.size.y);
                    if self.badge.show(ui, badge_rect, view.badge, look).clicked() {
                        actions.push(Action::TogglePopover);
                    }
                }
                _ => {
                    let at = centered_in(rect, left, width, self.content_height);
                    self.show_stat(ui, *part, at, actions);
                }
            }
            left += width + self.gap;
        }
        badge_rect
    }

    fn draw_hairline(&self, ui: &Ui, rect: Rect, x: f32) {
        let half = self.content_height * 0.36;
        let middle = rect.center().y;
        let hairline = Stroke::new(self.unit.max(1.0), theme::of(ui).line);
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

/// What belongs together: a hairline separates agents, workflows and states.
fn group_of(part: Part) -> Option<u8> {
    match part {
        Part::Agents => Some(0),
        Part::Workflows => Some(1),
        Part::State(_) => Some(2),
        Part::Name | Part::Badge | Part::Details | Part::Reduced | Part::Rate | Part::Spark | Part::Clock => None,
    }
}
