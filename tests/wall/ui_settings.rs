//! The settings window by its labels and actions, without Bevy and without a GPU.

use egui::{Event, Key, Modifiers};
use egui_kittest::{Harness, kittest::NodeT as _, kittest::Queryable as _};
use opswall::{
    editor::{SettingsRequest, SettingsView},
    ui::{
        Action,
        settings::{SettingsPanel, settings_ui},
    },
};
use settings::{EditableSetting, Group, Origin, ValueKind};

use crate::ui_panels::themed;

/// The window, what it shows, and what it asked for.
type State = (SettingsPanel, SettingsView, Vec<Action>);

fn setting(key: &'static str, kind: ValueKind, value: Option<&str>) -> EditableSetting {
    EditableSetting {
        key,
        group: Group::Display,
        title: format!("What {key} is"),
        kind,
        value: value.map(str::to_owned),
        origin: Origin::Default,
        in_file: None,
        differs_from_file: false,
        default: value.map(str::to_owned),
        fixed_by: None,
    }
}

fn number(least: f64, most: f64, step: f64, unit: &'static str, zero: Option<&'static str>) -> ValueKind {
    ValueKind::Number {
        least,
        most,
        step,
        is_whole: true,
        unit,
        zero,
    }
}

fn view() -> SettingsView {
    SettingsView {
        settings: vec![
            setting(
                "theme",
                ValueKind::Choice(vec!["dark", "light", "high-contrast"]),
                Some("dark"),
            ),
            setting("reduced_motion", ValueKind::Flag, Some("false")),
            setting("screen_diagonal", number(5.0, 1_000.0, 1.0, "in", None), None),
            setting("scale", number(75.0, 250.0, 5.0, "%", None), Some("100")),
            setting(
                "shrink_finished_after_s",
                number(0.0, 604_800.0, 60.0, "s", Some("never")),
                Some("0"),
            ),
        ],
        file: "/home/ops/opswall.toml".to_owned(),
        ..SettingsView::default()
    }
}

/// One of the settings of the view.
fn of<'v>(view: &'v mut SettingsView, key: &str) -> &'v mut EditableSetting {
    let mut settings = view.settings.iter_mut();
    settings.find(|setting| setting.key == key).expect("a setting")
}

fn window(view: SettingsView) -> Harness<'static, State> {
    let state = (SettingsPanel::default(), view, Vec::new());
    let mut harness = themed((900.0, 900.0), state, |ui, (panel, view, actions)| {
        settings_ui(ui, panel, view, 700.0, actions);
    });
    harness.run_steps(3);
    harness
}

/// What was asked for since the last call.
fn asked(harness: &mut Harness<'_, State>) -> Vec<Action> {
    harness.run_steps(4);
    std::mem::take(&mut harness.state_mut().2)
}

fn set(key: &'static str, text: &str) -> Vec<Action> {
    let text = text.to_owned();
    vec![Action::Settings(SettingsRequest::Set { key, text })]
}

/// Enters a text into the control of this name.
fn enter(harness: &mut Harness<'_, State>, label: &str, text: &str) -> Vec<Action> {
    harness.get_by_label(label).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    asked(harness)
}

#[test]
fn each_control_asks_for_the_value_as_the_file_has_it() {
    let mut harness = window(view());
    harness.get_by_label("Theme: light").click();
    assert_eq!(asked(&mut harness), set("theme", "light"));
    harness.get_by_label("Theme: dark").click();
    assert_eq!(asked(&mut harness), [], "it is dark");
    harness.get_by_label("Reduced motion").click();
    assert_eq!(asked(&mut harness), set("reduced_motion", "true"));
    assert_eq!(enter(&mut harness, "Scale", "150"), set("scale", "150"));
    assert_eq!(
        enter(&mut harness, "Shrink finished after", "90"),
        set("shrink_finished_after_s", "90")
    );
}

#[test]
fn numbers_stay_within_their_bounds_and_what_is_none_changes_nothing() {
    let mut harness = window(view());
    assert_eq!(enter(&mut harness, "Scale", "99999"), set("scale", "250"));
    assert_eq!(enter(&mut harness, "Scale", "wide"), []);
    assert_eq!(
        enter(&mut harness, "Shrink finished after", "never"),
        [],
        "that is what it is"
    );
}

#[test]
fn a_drag_asks_once_at_its_end() {
    let mut harness = window(view());
    let at = harness.get_by_label("Scale").rect().center();
    harness.drag_at(at);
    for step in 1..=5_u8 {
        harness.hover_at(at + egui::vec2(f32::from(step) * 4.0, 0.0));
        harness.run_steps(1);
    }
    assert_eq!(asked(&mut harness), [], "it is still held");
    harness.drop_at(at + egui::vec2(20.0, 0.0));
    let asked = asked(&mut harness);
    let [Action::Settings(SettingsRequest::Set { key: "scale", text })] = asked.as_slice() else {
        panic!("one change: {asked:?}");
    };
    let percent: u32 = text.parse().expect("a whole number");
    assert!((101..=250).contains(&percent), "{percent}");
}

#[test]
fn a_setting_without_a_value_can_be_typed_and_a_mistake_stands_at_its_line() {
    let mut harness = window(view());
    assert_eq!(
        enter(&mut harness, "Screen diagonal", "wide"),
        set("screen_diagonal", "wide")
    );
    let why = "screen_diagonal is 'wide': give a number from 5 to 1000 (inches)";
    harness.state_mut().1.refused = Some(("screen_diagonal", why.to_owned()));
    harness.run_steps(2);
    let line = harness.get_by_label("What screen_diagonal is").rect();
    let next = harness.get_by_label("What scale is").rect();
    let mistake = harness.get_by_label(why).rect();
    assert!(line.bottom() <= mistake.top() && mistake.bottom() <= next.top());
    assert_eq!(
        enter(&mut harness, "Screen diagonal", "55"),
        set("screen_diagonal", "55")
    );
}

#[test]
fn what_was_changed_can_be_taken_back_and_saved() {
    let mut harness = window(view());
    for label in ["Reset Theme", "Reset all", "Save"] {
        assert!(harness.get_by_label(label).accesskit_node().is_disabled(), "{label}");
        harness.get_by_label(label).click();
    }
    assert_eq!(asked(&mut harness), []);
    let view = &mut harness.state_mut().1;
    view.has_unsaved = true;
    let theme = of(view, "theme");
    (theme.value, theme.origin) = (Some("light".to_owned()), Origin::Edited);
    (theme.in_file, theme.differs_from_file) = (Some("dark".to_owned()), true);
    harness.run_steps(2);
    harness.get_by_label("not as in the file");
    harness.get_by_label("Changes count until opswall ends. Save writes them into /home/ops/opswall.toml.");
    harness.get_by_label("Reset Theme").click();
    assert_eq!(asked(&mut harness), [Action::Settings(SettingsRequest::Reset("theme"))]);
    harness.get_by_label("Reset all").click();
    assert_eq!(asked(&mut harness), [Action::Settings(SettingsRequest::ResetAll)]);
    harness.get_by_label("Save").click();
    assert_eq!(asked(&mut harness), [Action::Settings(SettingsRequest::Save)]);
    harness.state_mut().1.is_saving = true;
    harness.run_steps(2);
    harness.get_by_label("Save").click();
    assert_eq!(asked(&mut harness), [], "it is being saved");
}

#[test]
fn a_flag_that_counts_at_the_next_start_and_a_mistake_in_the_file_are_said() {
    let mut view = view();
    of(&mut view, "theme").fixed_by = Some(Origin::Flag("--theme".to_owned()));
    view.mistake = Some("theme in opswall.toml, line 3, is 'drak': give dark, light or high-contrast".to_owned());
    let harness = window(view);
    harness.get_by_label("At the next start, flag --theme counts in any case.");
    harness.get_by_label("Not in force: theme in opswall.toml, line 3, is 'drak': give dark, light or high-contrast.");
}

#[test]
fn the_keyboard_reaches_everything_from_the_button_that_has_it_first() {
    let mut harness = window(view());
    harness.get_by_label("Close settings").focus();
    harness.run_steps(2);
    assert!(harness.get_by_label("Close settings").is_focused());
    for label in ["Theme: dark", "Theme: light"] {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        assert!(harness.get_by_label(label).is_focused(), "{label}");
    }
    harness.key_press(Key::Enter);
    assert_eq!(asked(&mut harness), set("theme", "light"));
    for label in [
        "Theme: high-contrast",
        "Reduced motion",
        "Shrink finished after",
        "Screen diagonal",
        "Scale",
    ] {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        assert!(harness.get_by_label(label).is_focused(), "{label}");
        if label == "Scale" {
            harness.key_press(Key::ArrowUp);
            assert_eq!(asked(&mut harness), set("scale", "105"));
        }
    }
}

#[test]
fn the_window_leads_to_the_legend_and_closes() {
    let mut harness = window(view());
    harness.get_by_label("Status words").click();
    assert_eq!(asked(&mut harness), [Action::ShowLegend]);
    harness.get_by_label("Close settings").click();
    assert_eq!(asked(&mut harness), [Action::ToggleSettings]);
}

#[test]
fn hostile_values_are_shortened() {
    let mut view = view();
    view.mistake = Some("\u{202E}x".repeat(50_000));
    view.refused = Some(("scale", "y".repeat(50_000)));
    of(&mut view, "theme").in_file = Some("z".repeat(50_000));
    let harness = window(view);
    let least = harness.get_by_label("Scale").rect();
    assert!(least.top() < 900.0, "the window still fits: {least}");
}
