//! The card at the pointer: what is under it, in a few words.

use egui::{Area, Context, Id, Label, Order, Pos2, Rect, RichText, Sense, Ui, Vec2, vec2};

use super::{format, status_icon, theme, theme::Tier};
use model::{Kind, StatusReading};

/// The row under the pointer, as plain data.
#[derive(Debug)]
pub(crate) struct HoverView<'a> {
    /// The kind of the row.
    pub(crate) kind: Kind,
    /// The name of the row, cleaned for the screen.
    pub(crate) label: &'a str,
    /// An agent's second line.
    pub(crate) subtitle: Option<&'a str>,
    /// The row's status, and the word that it was read from.
    pub(crate) state: &'a StatusReading,
    /// Seconds since it changed, by the row's own time or by when the change arrived.
    pub(crate) age_secs: Option<f64>,
    /// The agents that a task is assigned to, as far as their rows exist.
    pub(crate) agents: Vec<&'a str>,
    /// An agent's task in hand.
    pub(crate) task: Option<&'a str>,
    /// A task's workflow.
    pub(crate) workflow: Option<&'a str>,
    /// Share done, 0 to 1.
    pub(crate) progress: Option<f32>,
    /// Why a task failed, if the row gives a reason.
    pub(crate) error: Option<&'a str>,
    /// What it does, what it waits for, when it is due, what it cost, in lines.
    pub(crate) details: Vec<String>,
    /// The source of the row is lost: what it says of the row's age.
    pub(crate) lost: Option<String>,
}

/// Widest card, points.
const MOST_WIDTH: f32 = 300.0;
/// Distance from the pointer: beyond the arrow.
const AWAY: Vec2 = vec2(16.0, 18.0);
const MOST_LABEL: usize = 90;
const MOST_ERROR: usize = 140;
/// Agents of a task that are named.
const MOST_AGENTS: usize = 3;

/// Places the card beside `pointer`, wholly within `screen`. It takes no clicks.
pub(crate) fn hover_area(ctx: &Context, view: &HoverView<'_>, pointer: Pos2, screen: Rect) {
    let id = Id::new("hover card");
    let known = ctx.memory(|memory| memory.area_rect(id)).map(|area| area.size());
    let size = known.unwrap_or(vec2(MOST_WIDTH, 90.0));
    Area::new(id)
        .order(Order::Foreground)
        .interactable(false)
        .fixed_pos(beside(pointer, size, screen))
        .show(ctx, |ui| {
            theme::plate(theme::of(ui))
                .inner_margin(egui::Margin::symmetric(10, 7))
                .show(ui, |ui| hover_ui(ui, view));
        });
}

/// The upper left corner of a card of `size`: below and right of the pointer, on its other sides where that would leave
/// the screen, and within the screen in any case.
fn beside(pointer: Pos2, size: Vec2, screen: Rect) -> Pos2 {
    let along = |at: f32, away: f32, size: f32, low: f32, high: f32| {
        let after = at + away;
        let before = at - away * 0.6 - size;
        let wanted = if after + size <= high || before < low {
            after
        } else {
            before
        };
        wanted.min(high - size).max(low)
    };
    Pos2::new(
        along(pointer.x, AWAY.x, size.x, screen.left(), screen.right()),
        along(pointer.y, AWAY.y, size.y, screen.top(), screen.bottom()),
    )
}

/// The card's contents.
pub(crate) fn hover_ui(ui: &mut Ui, view: &HoverView<'_>) {
    let inks = theme::of(ui);
    ui.set_max_width(MOST_WIDTH);
    ui.spacing_mut().item_spacing = vec2(7.0, 2.0);
    ui.spacing_mut().interact_size.y = 0.0;
    let small = Tier::Small.font(ui);
    let name = format::clean(view.label, MOST_LABEL);
    let name = if name.is_empty() {
        view.kind.singular().to_owned()
    } else {
        name
    };
    ui.add(Label::new(RichText::new(name).font(Tier::Body.font(ui)).color(inks.text)).wrap());
    ui.horizontal(|ui| {
        let status = view.state.status;
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(small.size), Sense::hover());
        status_icon::paint(ui.painter(), rect, status, inks.status(status));
        ui.label(
            RichText::new(state_text(view))
                .font(small.clone())
                .color(inks.status_ink(status)),
        );
    });
    if let Some(lost) = &view.lost {
        ui.add(Label::new(RichText::new(lost).font(small.clone()).color(inks.warn)).truncate());
    }
    for line in lines(view) {
        ui.add(Label::new(RichText::new(line).font(small.clone()).color(inks.muted)).truncate());
    }
    if let Some(error) = view.error {
        let error = RichText::new(format::clean(error, MOST_ERROR))
            .font(small)
            .color(inks.offline);
        ui.add(Label::new(error).wrap());
    }
}

/// The state in words, and the progress.
fn state_text(view: &HoverView<'_>) -> String {
    let mut parts = vec![match view.state.word.as_deref().map(|word| format::clean(word, 40)) {
        Some(word) if word != view.state.status.word() => format!("{} ({word})", view.state.status.word()),
        _ => view.state.status.word().to_owned(),
    }];
    if let Some(progress) = view.progress {
        parts.push(format!("{:.0} %", (progress.clamp(0.0, 1.0) * 100.0).round()));
    }
    format::dotted(parts)
}

/// What it belongs to, and when it changed.
fn lines(view: &HoverView<'_>) -> Vec<String> {
    let named = |what: &str, name: Option<&str>| name.map(|name| format!("{what} {}", format::clean(name, MOST_LABEL)));
    let whose = [
        view.subtitle.map(|text| format::clean(text, MOST_LABEL)),
        named("works on", view.task),
        by(&view.agents),
        named("in", view.workflow),
    ];
    let changed = view
        .age_secs
        .map(|age| format!("changed {} ago", format::span(age.max(0.0))));
    let details = view.details.iter().cloned().map(Some);
    details.chain(whose).chain([changed]).flatten().collect()
}

/// The assigned agents, the first few by name.
fn by(agents: &[&str]) -> Option<String> {
    let names: Vec<String> = agents
        .iter()
        .take(MOST_AGENTS)
        .map(|name| format::clean(name, MOST_LABEL / agents.len().clamp(1, MOST_AGENTS)))
        .collect();
    let more = agents.len().saturating_sub(MOST_AGENTS);
    match (names.join(", "), more) {
        (names, _) if names.is_empty() => None,
        (names, 0) => Some(format!("by {names}")),
        (names, more) => Some(format!("by {names} and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn the_card_never_leaves_the_screen_nor_lies_under_the_pointer() {
        let screen = Rect::from_min_max(pos2(0.0, 60.0), pos2(800.0, 600.0));
        let size = vec2(240.0, 90.0);
        for x in [0.0, 5.0, 300.0, 560.0, 700.0, 799.0] {
            for y in [60.0, 61.0, 300.0, 520.0, 599.0] {
                let pointer = pos2(x, y);
                let card = Rect::from_min_size(beside(pointer, size, screen), size);
                assert!(screen.contains_rect(card), "{card:?} at {pointer:?}");
                assert!(!card.contains(pointer), "{card:?} at {pointer:?}");
            }
        }
        let tiny = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 50.0));
        assert_eq!(
            beside(pos2(50.0, 25.0), size, tiny),
            tiny.min,
            "what does not fit begins at the edge"
        );
    }

    #[test]
    fn several_agents_are_named_and_many_are_counted() {
        assert_eq!(by(&[]), None);
        assert_eq!(by(&["Ada"]).as_deref(), Some("by Ada"));
        assert_eq!(by(&["Ada", "Bob"]).as_deref(), Some("by Ada, Bob"));
        let many = by(&["Ada", "Bob", "Cid", "Dan", "Eve"]);
        assert_eq!(many.as_deref(), Some("by Ada, Bob, Cid and 2 more"));
    }
}
