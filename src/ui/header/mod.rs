//! The header: name, badge, totals, pace, clock. Readable from across the room; what does not fit goes, the least
//! important first.

mod badge;
mod fit;
mod stat;

use std::sync::Arc;

use egui::{Align2, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

pub use self::badge::{BadgeLayout, BadgeView, badge_ui, spinner};
pub use self::fit::{Part, fit};
use self::stat::{Stat, StatText};
use super::{Action, format, link_look::LinkLook, rates::RateHistory, spark, theme, theme::Tier};
use crate::messages::QualityFeature;
use model::{Kind, Status};

/// The totals that the header shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderCounts {
    pub agents_busy: usize,
    pub agents: usize,
    pub agents_failed: usize,
    pub running: usize,
    pub queued: usize,
    pub waiting: usize,
    pub blocked: usize,
    pub failed: usize,
    pub workflows_active: usize,
    pub workflows: usize,
}

/// All that the header shows, as plain data.
#[derive(Debug)]
pub struct HeaderView<'a> {
    pub badge: &'a BadgeView,
    pub counts: HeaderCounts,
    pub clock: &'a str,
    pub changes_per_second: f32,
    /// Changes per second, one a second, oldest first.
    pub spark: &'a [f32],
    /// Nothing flows: the totals step back, they may be old.
    pub stale: bool,
    /// What the picture does without, so that it keeps its pace.
    pub reduced: &'a [QualityFeature],
}

/// Where the badge came to stand, for what hangs under it, and what was shown.
#[derive(Debug)]
pub struct HeaderShown {
    pub badge: Rect,
    pub parts: Vec<Part>,
}

const PAD: f32 = 14.0;
/// Between parts that belong together, and between groups.
const GAP: f32 = 22.0;
/// Width of the spark line in points, and of the space between it and its number.
const SPARK_WIDTH: f32 = 110.0;

/// Draws the header into the whole width of `ui`, as high as it needs.
pub fn header_ui(ui: &mut Ui, view: &HeaderView<'_>, look: &LinkLook, actions: &mut Vec<Action>) -> HeaderShown {
    let badge = BadgeLayout::new(ui, view.badge, look);
    let stats = stats(ui, view);
    let name = ui
        .painter()
        .layout_no_wrap("opswall".to_owned(), Tier::Name.font(ui), theme::of(ui).muted);
    let ink = if view.stale {
        theme::of(ui).muted
    } else {
        theme::of(ui).text
    };
    let clock = ui
        .painter()
        .layout_no_wrap(view.clock.to_owned(), Tier::RoomDigits.font(ui), ink);

    let width_of = |part: Part| match part {
        Part::Name => name.size().x,
        Part::Badge => badge.size.x,
        Part::Spark => SPARK_WIDTH,
        Part::Clock => clock.size().x,
        other => stats
            .iter()
            .find(|stat| stat.part == other)
            .map_or(0.0, |stat| stat.size.x),
    };
    let mut wanted = vec![(Part::Name, width_of(Part::Name)), (Part::Badge, width_of(Part::Badge))];
    wanted.extend(stats.iter().map(|stat| (stat.part, stat.size.x)));
    wanted.push((Part::Spark, SPARK_WIDTH));
    wanted.push((Part::Clock, clock.size().x));

    let content = stats.iter().map(|stat| stat.size.y).fold(badge.size.y, f32::max);
    let height = content + 14.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let parts = fit(&wanted, GAP, rect.width() - PAD * 2.0);

    // From the left: name, badge, totals. From the right: clock, spark line and pace.
    let mut left = rect.left() + PAD;
    let mut right = rect.right() - PAD;
    let middle = rect.center().y;
    let row = |x: f32, width: f32, height: f32| {
        Rect::from_min_size(pos2(x, (middle - height * 0.5).round()), vec2(width, height))
    };
    let mut badge_rect = rect;
    for part in parts
        .iter()
        .rev()
        .filter(|part| matches!(part, Part::Clock | Part::Spark | Part::Rate | Part::Reduced))
    {
        let width = width_of(*part);
        right -= width;
        match part {
            Part::Clock => {
                let at = Align2::LEFT_CENTER.anchor_size(pos2(right, middle), clock.size());
                ui.painter().galley(at.min, Arc::clone(&clock), ink);
                let said = ui.interact(at, ui.id().with("clock"), Sense::hover());
                said.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Time {}", view.clock)));
            }
            Part::Spark => {
                let at = row(right, width, content * 0.62);
                spark::paint(ui, at, view.spark, RateHistory::SPAN, 1.0, view.stale);
            }
            _ => show_stat(ui, &stats, *part, row(right, width, content)),
        }
        right -= GAP;
    }
    let mut group = None;
    for part in &parts {
        let width = width_of(*part);
        let next = group_of(*part);
        if next.is_some() && group.is_some_and(|group| Some(group) != next) {
            let hairline = Stroke::new(1.0, theme::of(ui).line);
            let inset = content * 0.14;
            let y = middle - content * 0.5 + inset..=middle + content * 0.5 - inset;
            ui.painter().vline((left - GAP * 0.5).round(), y, hairline);
        }
        group = next.or(group);
        match part {
            Part::Name => {
                let at = Align2::LEFT_CENTER.anchor_size(pos2(left, middle), name.size());
                ui.painter().galley(at.min, Arc::clone(&name), theme::of(ui).muted);
            }
            Part::Badge => {
                // At most what is there: a badge alone on a narrow screen is cut, not spilled.
                let room = (rect.right() - PAD - left).max(40.0);
                badge_rect = row(left, width.min(room), badge.size.y);
                if badge.show(ui, badge_rect, view.badge, look).clicked() {
                    actions.push(Action::TogglePopover);
                }
            }
            Part::Clock | Part::Spark | Part::Rate | Part::Reduced => continue,
            _ => show_stat(ui, &stats, *part, row(left, width, content)),
        }
        left += width + GAP;
    }
    let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - look.line), rect.right_bottom());
    ui.painter().rect_filled(line, 0.0, look.edge());
    HeaderShown {
        badge: badge_rect,
        parts,
    }
}

/// What is counted: a hairline stands between agents, tasks and workflows.
fn group_of(part: Part) -> Option<Kind> {
    match part {
        Part::Agents => Some(Kind::Agent),
        Part::Running | Part::Queued | Part::Waiting | Part::Blocked | Part::Failed => Some(Kind::Task),
        Part::Workflows => Some(Kind::Workflow),
        Part::Name | Part::Badge | Part::Reduced | Part::Rate | Part::Spark | Part::Clock => None,
    }
}

fn show_stat(ui: &Ui, stats: &[Stat], part: Part, rect: Rect) {
    if let Some(stat) = stats.iter().find(|stat| stat.part == part) {
        let centered = Rect::from_center_size(rect.center(), vec2(rect.width(), stat.size.y));
        stat.show(ui, centered);
    }
}

/// The totals in their order. What is abnormal has colour only when there is some of it.
fn stats(ui: &Ui, view: &HeaderView<'_>) -> Vec<Stat> {
    let counts = &view.counts;
    let calm = if view.stale {
        theme::of(ui).muted
    } else {
        theme::of(ui).text
    };
    let exact = |count: usize| format::grouped(count as u64);
    // The state's shape has its own colour, as on the scene and in the legend; its number is calm.
    let plain = |part, number: String, caption: &str, icon: Option<(Status, usize)>, spoken| StatText {
        part,
        number,
        caption: caption.to_owned(),
        caption_ink: theme::of(ui).muted,
        icon: icon.map(|(status, _)| status),
        ink: calm,
        icon_ink: match icon {
            Some((status, 1..)) if !view.stale => theme::of(ui).status(status),
            _ => theme::of(ui).muted,
        },
        spoken,
    };
    let alarm = |part, status: Status, count: usize, caption: &str, spoken| {
        let loud = count > 0 && !view.stale;
        StatText {
            part,
            number: format::compact(count),
            caption: caption.to_owned(),
            caption_ink: theme::of(ui).muted,
            icon: Some(status),
            ink: if loud {
                theme::of(ui).status_ink(status)
            } else {
                theme::of(ui).muted
            },
            icon_ink: if loud {
                theme::of(ui).status(status)
            } else {
                theme::of(ui).line
            },
            spoken,
        }
    };
    let mut agents = plain(
        Part::Agents,
        format!(
            "{}/{}",
            format::compact(counts.agents_busy),
            format::compact(counts.agents)
        ),
        "agents busy",
        None,
        format!("{} of {} agents busy", exact(counts.agents_busy), exact(counts.agents)),
    );
    if counts.agents_failed > 0 {
        agents.caption = format!("agents, {} failed", format::compact(counts.agents_failed));
        agents
            .spoken
            .push_str(&format!(", {} failed", exact(counts.agents_failed)));
        if !view.stale {
            agents.caption_ink = theme::of(ui).status_ink(Status::Failed);
        }
    }
    let mut texts = vec![
        agents,
        plain(
            Part::Running,
            format::compact(counts.running),
            "running",
            Some((Status::Running, counts.running)),
            format!("{} tasks running", exact(counts.running)),
        ),
        plain(
            Part::Queued,
            format::compact(counts.queued),
            "queued",
            Some((Status::Queued, counts.queued)),
            format!("{} tasks queued", exact(counts.queued)),
        ),
    ];
    if counts.waiting > 0 {
        let spoken = format!("{} tasks waiting for a person", exact(counts.waiting));
        texts.push(alarm(Part::Waiting, Status::Waiting, counts.waiting, "waiting", spoken));
    }
    let blocked = format!("{} tasks blocked", exact(counts.blocked));
    texts.push(alarm(
        Part::Blocked,
        Status::Blocked,
        counts.blocked,
        "blocked",
        blocked,
    ));
    let failed = format!("{} tasks failed", exact(counts.failed));
    texts.push(alarm(Part::Failed, Status::Failed, counts.failed, "failed", failed));
    texts.push(plain(
        Part::Workflows,
        format::compact(counts.workflows_active),
        "workflows",
        None,
        format!(
            "{} of {} workflows active",
            exact(counts.workflows_active),
            exact(counts.workflows)
        ),
    ));
    if !view.reduced.is_empty() {
        let off = view
            .reduced
            .iter()
            .map(|feature| feature.word())
            .collect::<Vec<_>>()
            .join(", ");
        let spoken = format!("This machine is too slow for the whole picture; reduced: {off}");
        let mut reduced = plain(Part::Reduced, "reduced".to_owned(), &off, None, spoken);
        reduced.ink = theme::of(ui).muted;
        texts.push(reduced);
    }
    let pace = format::rate(view.changes_per_second);
    texts.push(plain(
        Part::Rate,
        pace.clone(),
        "changes/s",
        None,
        format!("{pace} changes per second"),
    ));
    texts.into_iter().map(|text| Stat::new(ui, text)).collect()
}
