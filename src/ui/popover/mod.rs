//! The connection popover: everything about the connection, and what can be done about it.
//!
//! The head with the state and the buttons is always visible; the rest scrolls below it, in two columns where they fit.

mod checks;
mod facts;
mod history;
mod line;
mod reason;
mod schedule;
mod sources;
mod tuning;

use egui::{Align, Area, Context, Id, Label, Layout, Order, Pos2, Rect, RichText, ScrollArea, Stroke, Ui, vec2};
use jiff::{Timestamp, tz::TimeZone};

pub(crate) use self::reason::{command_in, command_ui};
pub use self::{sources::SourceLine, tuning::TuneDraft};
use super::{
    Action, clock::clock_text, connect::ConnectAction, format, header::BadgeView, link_look::Tone, theme, theme::Tier,
};
use crate::messages::Intent;
use model::Backoff;
use realtime::{LinkReport, LinkStatus};

/// All that the popover shows, as plain data.
#[derive(Debug)]
pub struct PopoverView<'a> {
    /// What the badge shows, which the head of the popover repeats.
    pub badge: &'a BadgeView,
    /// Seconds in the present status.
    pub since_secs: f64,
    /// The address of the project, without query or key.
    pub shown_url: &'a str,
    /// The sources, in the order of the settings.
    pub sources: &'a [SourceLine],
    /// The connection's details: round trips, counters, past attempts.
    pub link: &'a LinkReport,
    /// The rate of changes at present.
    pub changes_per_second: f32,
    /// The rate of received bytes at present.
    pub bytes_per_second: f32,
    /// Another project can be connected from here.
    pub can_connect: bool,
    /// The panel's own copy of the backoff.
    pub backoff: Backoff,
    /// Now, on the clock of the times in `link`, milliseconds.
    pub feed_ms: u64,
    /// What expires is a session's token; else it is the key.
    pub signed_in: bool,
    /// Now, in milliseconds since the Unix epoch.
    pub wall_ms: i64,
    /// The zone of the wall's clock, in which times of day are shown.
    pub zone: &'a TimeZone,
    /// How many pages to scroll down in this frame; up, if negative.
    pub pages: i32,
}

impl PopoverView<'_> {
    fn secs_since(&self, at_ms: u64) -> f64 {
        self.feed_ms.saturating_sub(at_ms) as f64 / 1e3
    }

    /// `4 min 10 s ago`.
    fn ago(&self, at_ms: u64) -> String {
        format!("{} ago", format::span(self.secs_since(at_ms)))
    }

    /// The time of day of a moment: `14:03`.
    fn time_of_day(&self, at_ms: u64) -> Option<String> {
        time_of_day(self.wall_ms, self.feed_ms, at_ms, self.zone)
    }

    /// `4 min`, for narrow columns.
    fn age(&self, at_ms: u64) -> String {
        format::age(self.secs_since(at_ms))
    }
}

/// The time of day of a moment on the feed's clock, on which it is `feed_ms` now.
pub(crate) fn time_of_day(wall_ms: i64, feed_ms: u64, at_ms: u64, zone: &TimeZone) -> Option<String> {
    let ago = i64::try_from(feed_ms.saturating_sub(at_ms)).ok()?;
    let at = Timestamp::from_millisecond(wall_ms.checked_sub(ago)?).ok()?;
    Some(clock_text(at, zone))
}

/// Width of a column and of the space between two, in ems.
const COLUMN_EMS: f32 = 32.0;
const GUTTER_EMS: f32 = 1.8;
/// Kept free at the right for the scroll bar, points.
const BAR: f32 = 10.0;
/// A press of Page Down scrolls by this share of the visible height.
const PAGE: f32 = 0.85;

/// Places the popover with its upper left corner at `corner`, or left of that to stay in `room`, and at most as high as the
/// room. Where it can, it leaves the width `toasts` at the right free.
pub fn popover_area(
    ctx: &Context,
    view: &PopoverView<'_>,
    corner: Pos2,
    room: Rect,
    toasts: f32,
    actions: &mut Vec<Action>,
) {
    let id = Id::new("connection");
    let known = ctx
        .memory(|memory| memory.area_rect(id))
        .map_or(0.0, |area| area.width());
    let mut held = room;
    if known <= room.width() - toasts {
        held.max.x -= toasts;
    }
    Area::new(id)
        .order(Order::Middle)
        .fixed_pos(corner)
        .constrain_to(held)
        .show(ctx, |ui| {
            // The area keeps its earlier height; the limit is what is left of the screen.
            let most = (room.bottom() - corner.y).max(160.0);
            ui.set_max_height(most);
            theme::plate(theme::of(ui)).show(ui, |ui| {
                ui.set_width(width(ui, room.width() - 26.0));
                let top = ui.cursor().top();
                head_ui(ui, view, actions);
                ui.separator();
                let left = most - (ui.cursor().top() - top) - 26.0;
                ScrollArea::vertical()
                    .max_height(left.max(80.0))
                    .auto_shrink([false, true])
                    .show(ui, |ui| {
                        ui.set_width(ui.available_width() - BAR);
                        scroll_by_keys(ui, left, view.pages);
                        body_ui(ui, view, actions);
                    });
            });
        });
}

/// Whether it lies over a part of the screen, as it was last shown.
pub(crate) fn covers(ctx: &Context, rect: Rect) -> bool {
    ctx.memory(|memory| memory.area_rect(Id::new("connection")))
        .is_some_and(|area| area.intersects(rect))
}

/// Two columns where they fit, else one, else the width of the room.
fn width(ui: &Ui, room: f32) -> f32 {
    let em = line::em(ui);
    let one = COLUMN_EMS * em + BAR;
    let two = (COLUMN_EMS * 2.0 + GUTTER_EMS) * em + BAR;
    if room >= two { two } else { one.min(room) }
}

/// The page keys scroll, and a control that gets the focus is scrolled into view.
fn scroll_by_keys(ui: &Ui, seen: f32, pages: i32) {
    if pages != 0 {
        ui.scroll_with_delta(vec2(0.0, -pages as f32 * seen * PAGE));
    }
    let focused = ui.memory(|memory| memory.focused());
    let id = Id::new("popover focus");
    let before: Option<Option<Id>> = ui.data(|data| data.get_temp(id));
    if before.flatten() != focused {
        ui.data_mut(|data| data.insert_temp(id, focused));
        if let Some(widget) = focused.and_then(|focused| ui.ctx().read_response(focused))
            && widget.layer_id == ui.layer_id()
        {
            ui.scroll_to_rect(widget.rect, None);
        }
    }
}

/// The popover's contents, one below the other.
pub fn popover_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    head_ui(ui, view, actions);
    ui.separator();
    body_ui(ui, view, actions);
}

fn body_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    if let Some(reason) = &view.badge.reason
        && view.badge.tone != Tone::Live
    {
        reason::reason_ui(ui, reason);
        ui.separator();
    }
    let em = line::em(ui);
    ui.spacing_mut().item_spacing.y = (em * 0.25).round();
    if ui.available_width() + 1.0 < (COLUMN_EMS * 2.0 + GUTTER_EMS) * em {
        now_ui(ui, view);
        ui.separator();
        tune_ui(ui, view, actions);
        ui.separator();
        history::events_ui(ui, view);
        ui.separator();
        history::connects_ui(ui, view);
        return;
    }
    let spacing = ui.spacing().item_spacing;
    ui.spacing_mut().item_spacing.x = GUTTER_EMS * em;
    let corner = ui.cursor().min;
    let middle = corner.x + ui.available_width() * 0.5;
    ui.columns_const(|[left, right]| {
        for column in [&mut *left, &mut *right] {
            column.spacing_mut().item_spacing = spacing;
        }
        left.with_layout(Layout::top_down(Align::LEFT), |ui| {
            now_ui(ui, view);
            ui.separator();
            history::connects_ui(ui, view);
        });
        right.with_layout(Layout::top_down(Align::LEFT), |ui| {
            tune_ui(ui, view, actions);
            ui.separator();
            history::events_ui(ui, view);
        });
    });
    let bottom = ui.min_rect().bottom();
    ui.painter()
        .vline(middle.round(), corner.y..=bottom, Stroke::new(1.0, theme::of(ui).line));
}

fn now_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    facts::facts_ui(ui, view);
    ui.separator();
    sources::sources_ui(ui, view);
    ui.separator();
    checks::checks_ui(ui, view);
}

fn tune_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    let trying = (view.badge.tone == Tone::Waiting && view.badge.attempt > 0).then_some(view.badge.attempt);
    tuning::tuning_ui(ui, &view.backoff, trying, actions);
}

fn head_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        // The cross is laid out first, so that a long line is cut beside it.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "Close connection details").clicked() {
                actions.push(Action::ClosePopover);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| heading_ui(ui, view));
        });
    });
    buttons_ui(ui, view, actions);
}

fn heading_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let color = match view.badge.tone {
        Tone::Live => theme::of(ui).live,
        Tone::CatchingUp | Tone::Waiting => theme::of(ui).text,
        Tone::Offline => theme::of(ui).offline,
    };
    ui.label(RichText::new(view.badge.word()).font(Tier::Name.font(ui)).color(color));
    if let Some(share) = view.badge.share() {
        let warn = theme::of(ui).warn;
        ui.label(RichText::new(share).font(Tier::Name.font(ui)).color(warn));
    }
    let since = format!("for {}", format::span(view.since_secs));
    ui.label(RichText::new(since).color(theme::of(ui).muted));
    let [first, second] = view.badge.lines();
    // When offline, the first line is the reason, which is shown in full below.
    let lines = [(view.badge.tone != Tone::Offline).then_some(first), Some(second)];
    let lines = format::dotted(lines.into_iter().flatten().filter(|line| !line.is_empty()));
    if !lines.is_empty() {
        ui.add(Label::new(RichText::new(lines).color(theme::of(ui).muted)).truncate());
    }
}

fn buttons_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        // Enabled in every state: it replaces a live connection and ends a wait.
        let text = RichText::new("Reconnect").color(theme::of(ui).ground);
        let reconnect = egui::Button::new(text).fill(theme::of(ui).text);
        if ui
            .add(reconnect)
            .on_hover_text("Close the connection and reconnect now (R)")
            .clicked()
        {
            actions.push(Action::Intent(Intent::Reconnect));
        }
        let closed = view.badge.tone == Tone::Offline && view.badge.status == LinkStatus::Disconnected;
        let disconnect = ui.add_enabled(!closed, egui::Button::new("Disconnect"));
        if disconnect
            .on_hover_text("Close the connection and stay offline")
            .clicked()
        {
            actions.push(Action::Intent(Intent::Disconnect));
        }
        if view.can_connect && ui.button("Connect a project…").on_hover_text("P").clicked() {
            actions.push(Action::Connect(ConnectAction::Toggle));
        }
    });
}
