//! The backoff's four settings, each with its slider, and the schedule that they give. A change is in force immediately.

use std::time::Duration;

use egui::{Align, Layout, RichText, Slider, SliderClamping, Ui, vec2};

use super::{
    line::{em, title},
    schedule::{schedule_plot, schedule_text},
};
use crate::ui::{Action, theme};
use model::Backoff;

/// The slider for attempts ends here; more can be typed.
const SLIDER_ATTEMPTS: u32 = 20;
/// Width of a slider and of its name, in ems.
const SLIDER_EMS: f32 = 11.0;
const NAME_EMS: f32 = 7.4;

/// The panel's copy of the backoff: follows the connection, except while it is being changed here. Pure: the time is an
/// argument.
#[derive(Debug, Default)]
pub struct TuneDraft {
    draft: Backoff,
    /// Changed and not sent yet.
    is_unsent: bool,
    /// When the last change was sent, seconds.
    sent: Option<f64>,
}

impl TuneDraft {
    /// At most one change is sent in this time: dragging a slider changes it in every frame.
    pub(crate) const PACE_SECS: f64 = 0.15;
    /// A sent change comes back from the connection within this time; until then the panel shows its own.
    const ECHO_SECS: f64 = 1.0;

    /// What the panel shows.
    pub fn shown(&self) -> Backoff {
        self.draft
    }

    /// Takes the backoff that the connection uses, unless a newer one has yet to reach it.
    pub(crate) fn follow(&mut self, current: Backoff, now: f64) {
        let is_echo_pending = self.sent.is_some_and(|sent| now - sent < Self::ECHO_SECS);
        if !self.is_unsent && !is_echo_pending {
            self.draft = current;
        }
    }

    /// Takes the backoff that the user set.
    pub fn edit(&mut self, backoff: Backoff) {
        let backoff = backoff.clamped();
        if backoff != self.draft {
            self.draft = backoff;
            self.is_unsent = true;
        }
    }

    /// The backoff to send now, if any. The last change is always sent in the end.
    pub fn due(&mut self, now: f64) -> Option<Backoff> {
        if !self.is_unsent || self.sent.is_some_and(|sent| now - sent < Self::PACE_SECS) {
            return None;
        }
        self.is_unsent = false;
        self.sent = Some(now);
        Some(self.draft)
    }
}

/// Draws the settings as `backoff` has them; a changed one is pushed as `Action::Tuned`.
pub(super) fn tuning_ui(ui: &mut Ui, backoff: &Backoff, trying: Option<u32>, actions: &mut Vec<Action>) {
    let mut edited = *backoff;
    ui.horizontal(|ui| {
        title(ui, "Reconnecting");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let changed = *backoff != Backoff::default();
            if ui
                .add_enabled(changed, egui::Button::new("Reset to defaults"))
                .clicked()
            {
                edited = Backoff::default();
            }
        });
    });
    ui.spacing_mut().slider_width = em(ui) * SLIDER_EMS;

    let attempts = Slider::new(&mut edited.max_attempts, 0..=SLIDER_ATTEMPTS)
        .clamping(SliderClamping::Never)
        .custom_formatter(|value, _| attempts_text(value))
        .custom_parser(parse_attempts);
    named(ui, "Attempts", attempts);
    let first = edited.interval.as_secs_f64();
    if let Some(moved) = seconds_slider(ui, first, "First delay") {
        edited.interval = moved;
        edited.max_interval = edited.max_interval.max(moved);
    }
    let longest = edited.max_interval.as_secs_f64();
    if let Some(moved) = seconds_slider(ui, longest, "Longest delay") {
        edited.max_interval = moved;
        edited.interval = edited.interval.min(moved);
    }
    let share = (edited.jitter * 100.0).round();
    let mut percent = share;
    let jitter = Slider::new(&mut percent, 0.0..=100.0)
        .clamping(SliderClamping::Always)
        .fixed_decimals(0)
        .suffix(" %");
    named(ui, "Jitter", jitter);
    if percent != share {
        edited.jitter = percent / 100.0;
    }
    let edited = edited.clamped();
    ui.add_space(2.0);
    schedule_plot(ui, &edited, trying);
    ui.add(egui::Label::new(RichText::new(schedule_text(&edited)).color(theme::of(ui).text)).wrap());
    if edited != *backoff {
        actions.push(Action::Tuned(edited));
    }
}

fn duration(seconds: f64) -> Duration {
    // In whole hundredths: a slider yields values such as 3.0174.
    let hundredths = (seconds * 100.0).round();
    if hundredths.is_finite() {
        Duration::from_millis(hundredths.clamp(0.0, 360_000.0) as u64 * 10)
    } else {
        Backoff::default().interval
    }
}

/// A slider with its name before it. All names have one width, so that the sliders are aligned.
fn named(ui: &mut Ui, name: &str, slider: Slider<'_>) {
    let width = em(ui) * NAME_EMS;
    ui.horizontal(|ui| {
        let height = ui.spacing().interact_size.y;
        let layout = Layout::left_to_right(Align::Center);
        let label = ui.allocate_ui_with_layout(vec2(width, height), layout, |ui| {
            ui.set_width(width);
            ui.label(RichText::new(name).color(theme::of(ui).muted))
        });
        ui.add(slider).labelled_by(label.inner.id);
    });
}

/// A slider over the delays that may be set; the new delay when it was moved, and only then, so that a value between
/// its steps stays as it is.
fn seconds_slider(ui: &mut Ui, seconds: f64, name: &str) -> Option<Duration> {
    let (least, most) = Backoff::INTERVAL_RANGE;
    let mut moved = seconds;
    let slider = Slider::new(&mut moved, least.as_secs_f64()..=most.as_secs_f64())
        .logarithmic(true)
        .clamping(SliderClamping::Always)
        .max_decimals(2)
        .suffix(" s");
    named(ui, name, slider);
    (moved != seconds).then(|| duration(moved))
}

fn attempts_text(value: f64) -> String {
    if value < 0.5 {
        "0 = endless".to_owned()
    } else {
        format!("{value:.0}")
    }
}

fn parse_attempts(text: &str) -> Option<f64> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<u32>().ok().map(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_parsed_as_they_are_formatted() {
        assert_eq!(parse_attempts(&attempts_text(0.0)), Some(0.0));
        assert_eq!(parse_attempts("17"), Some(17.0));
        assert_eq!(parse_attempts("never"), None);
        assert_eq!(parse_attempts("-3"), None);
    }

    #[test]
    fn seconds_are_whole_hundredths_and_bounded() {
        assert_eq!(duration(3.0174), Duration::from_millis(3_020));
        assert_eq!(duration(1e30), Duration::from_secs(3_600));
        assert_eq!(duration(f64::NAN), Backoff::default().interval);
    }

    fn attempts(max_attempts: u32) -> Backoff {
        Backoff {
            max_attempts,
            ..Backoff::default()
        }
    }

    #[test]
    fn a_drag_is_sent_at_intervals_and_its_last_value_always() {
        let mut draft = TuneDraft::default();
        let mut sent = Vec::new();
        for frame in 0..60_u32 {
            let now = f64::from(frame) / 60.0;
            if frame < 30 {
                draft.edit(attempts(10 + frame));
            }
            sent.extend(draft.due(now).map(|backoff| backoff.max_attempts));
        }
        assert!(sent.len() >= 3 && sent.len() <= 6, "{sent:?}");
        assert_eq!(sent.last(), Some(&39));
    }

    #[test]
    fn the_panel_does_not_jump_back_before_its_change_has_arrived() {
        let mut draft = TuneDraft::default();
        draft.edit(attempts(9));
        draft.follow(Backoff::default(), 0.0);
        assert_eq!(draft.shown().max_attempts, 9);
        assert_eq!(draft.due(0.0), Some(attempts(9)));
        draft.follow(Backoff::default(), 0.5);
        assert_eq!(draft.shown().max_attempts, 9, "its echo has not arrived yet");
        draft.follow(attempts(7), 2.0);
        assert_eq!(draft.shown().max_attempts, 7, "the backoff in force wins");
    }

    #[test]
    fn setting_the_present_value_sends_nothing() {
        let mut draft = TuneDraft::default();
        draft.edit(Backoff::default());
        assert_eq!(draft.due(0.0), None);
    }
}
