//! The connection popover: everything about the connection, and what can be done about it.

mod details;
mod draft;
mod schedule;
mod tuning;

use egui::{Area, Context, Id, Order, Pos2, RichText, ScrollArea, Ui};

pub use self::draft::TuneDraft;
pub use self::schedule::schedule_text;
use super::{Action, format, header::BadgeView, link_look::Tone, theme, theme::Tier};
use crate::{
    domain::{Backoff, LinkReport, LinkStatus},
    messages::Intent,
};

/// All that the popover shows, as plain data.
#[derive(Debug)]
pub struct PopoverView<'a> {
    pub badge: &'a BadgeView,
    /// Seconds in the present status.
    pub since_secs: f64,
    pub shown_url: &'a str,
    pub link: &'a LinkReport,
    pub changes_per_second: f32,
    /// The panel's own copy of the backoff.
    pub backoff: Backoff,
    /// Now, on the clock of `LinkReport::history`.
    pub feed_ms: u64,
}

/// Hangs the popover at `corner` (its upper left), as high as the screen lets it.
pub fn popover_area(ctx: &Context, view: &PopoverView<'_>, corner: Pos2, actions: &mut Vec<Action>) {
    Area::new(Id::new("connection"))
        .order(Order::Middle)
        .fixed_pos(corner)
        .constrain(true)
        .show(ctx, |ui| {
            // The area remembers the height that it had; what it may have is what is left of the screen.
            let most = (ctx.content_rect().bottom() - corner.y - theme::GAP * 2.0).max(160.0);
            ui.set_max_height(most);
            theme::plate().show(ui, |ui| {
                ui.set_width(theme::POPOVER_WIDTH);
                ScrollArea::vertical()
                    .max_height(most - 24.0)
                    .auto_shrink([false, true])
                    .show(ui, |ui| popover_ui(ui, view, actions));
            });
        });
}

/// The popover's contents.
pub fn popover_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    heading_ui(ui, view, actions);
    if let Some(reason) = &view.badge.reason
        && view.badge.tone != Tone::Live
    {
        ui.label(RichText::new(format::clean(reason, 400)).color(theme::TEXT));
    }
    buttons_ui(ui, view, actions);
    ui.separator();
    details::facts_ui(ui, view);
    ui.separator();
    details::tables_ui(ui, view);
    ui.separator();
    let trying = (view.badge.tone == Tone::Waiting && view.badge.attempt > 0).then_some(view.badge.attempt);
    tuning::tuning_ui(ui, &view.backoff, trying, actions);
    ui.separator();
    ui.label(
        RichText::new("Last connects")
            .font(Tier::Name.font(ui))
            .color(theme::TEXT),
    );
    details::history_ui(ui, view);
}

fn heading_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let color = match view.badge.tone {
            Tone::Live => theme::LIVE,
            Tone::Waiting => theme::TEXT,
            Tone::Offline => theme::OFFLINE,
        };
        ui.label(RichText::new(view.badge.word()).font(Tier::Name.font(ui)).color(color));
        let since = format!("for {}", format::span(view.since_secs));
        ui.label(RichText::new(since).color(theme::MUTED));
        let [first, second] = view.badge.lines();
        if view.badge.tone != Tone::Offline {
            let lines = [first, second].into_iter().filter(|line| !line.is_empty());
            ui.label(RichText::new(format::dotted(lines)).color(theme::MUTED));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if super::close_button(ui, "Close connection details").clicked() {
                actions.push(Action::ClosePopover);
            }
        });
    });
}

fn buttons_ui(ui: &mut Ui, view: &PopoverView<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        // Always of use: live it starts afresh, waiting it does not wait.
        let text = RichText::new("Reconnect").color(theme::GROUND);
        let reconnect = egui::Button::new(text).fill(theme::TEXT);
        if ui
            .add(reconnect)
            .on_hover_text("Drop what there is and connect now (R)")
            .clicked()
        {
            actions.push(Action::Intent(Intent::Reconnect));
        }
        let closed = view.badge.tone == Tone::Offline && view.badge.status == LinkStatus::Disconnected;
        let disconnect = ui.add_enabled(!closed, egui::Button::new("Disconnect"));
        if disconnect.on_hover_text("Close and stay closed").clicked() {
            actions.push(Action::Intent(Intent::Disconnect));
        }
    });
}
