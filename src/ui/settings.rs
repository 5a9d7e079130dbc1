//! The settings window: everything that can be changed while the wall runs, by subject. A change counts at once; it is written
//! into the settings file when it is saved.

use egui::{
    Align, Align2, Area, Button, Context, DragValue, Id, Label, Layout, Order, Rect, Response, RichText, ScrollArea,
    TextEdit, Ui, WidgetInfo, WidgetType, vec2,
};
use settings::{EditableSetting, Origin, ValueKind};

use super::{Action, TypeScale, format, theme, theme::Tier};
use crate::editor::{SettingsRequest, SettingsView};

/// Width of the window and of a setting's name on a desk, points.
const WIDTH: f32 = 680.0;
const NAME_WIDTH: f32 = 190.0;
/// The most of the scene's height that the list takes, and the lines that are left for what is above and below it.
const HEIGHT_SHARE: f32 = 0.75;
const LINES_LEFT: f32 = 7.0;
const LEAST_HEIGHT: f32 = 80.0;
/// Letters that can be typed into a field, and of a value that is shown.
const MOST_TYPED: usize = 20;
const MOST_VALUE: usize = 60;
/// Letters of a mistake.
const MOST_TEXT: usize = 400;
/// Points by which the pointer is dragged for one step of a number.
const DRAG_STEP: f64 = 4.0;

/// The window while it is open.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SettingsPanel {
    /// The number that is being dragged. It counts at the end of the drag: some changes place everything anew.
    dragged: Option<(&'static str, f64)>,
    /// What is typed for settings that have no value yet.
    typed: Vec<(&'static str, String)>,
    /// What was asked for last by such a field: a mistake is asked for once.
    asked: Option<(&'static str, String)>,
}

/// The window in the middle of the scene.
pub(crate) fn settings_area(
    ctx: &Context,
    panel: &mut SettingsPanel,
    view: &SettingsView,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    let left = scene.height() - LINES_LEFT * ctx.global_style().spacing.interact_size.y;
    let most_height = left.min(scene.height() * HEIGHT_SHARE).max(LEAST_HEIGHT);
    Area::new(Id::new("settings"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_CENTER)
        .fixed_pos(scene.center())
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| {
                settings_ui(ui, panel, view, most_height, actions);
            });
        });
}

/// The window's contents; the list is at most this high.
pub fn settings_ui(
    ui: &mut Ui,
    panel: &mut SettingsPanel,
    view: &SettingsView,
    most_height: f32,
    actions: &mut Vec<Action>,
) {
    let width = WIDTH * growth(ui);
    ui.set_width(width.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    head_ui(ui, actions);
    if let Some(mistake) = &view.mistake {
        let text = format!("Not in force: {}.", format::clean(mistake, MOST_TEXT));
        warning(ui, &text);
    }
    ScrollArea::vertical()
        .max_height(most_height)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            for section in sections(view) {
                ui.add_space(6.0);
                let heading = RichText::new(section).font(Tier::Name.font(ui));
                ui.label(heading.color(theme::of(ui).text));
                for setting in view.settings.iter().filter(|setting| section_of(setting) == section) {
                    ui.push_id(setting.key, |ui| setting_ui(ui, panel, setting, view, actions));
                }
            }
        });
    ui.separator();
    foot_ui(ui, view, actions);
}

fn growth(ui: &Ui) -> f32 {
    Tier::Body.font(ui).size / TypeScale::default().body
}

fn head_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(
            RichText::new("Settings")
                .font(Tier::Name.font(ui))
                .color(theme::of(ui).text),
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "Close settings").clicked() {
                actions.push(Action::ToggleSettings);
            }
        });
    });
}

/// The headings, in the order of the settings.
fn sections(view: &SettingsView) -> Vec<&'static str> {
    let mut sections = Vec::new();
    for section in view.settings.iter().map(section_of) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    sections
}

fn section_of(setting: &EditableSetting) -> &'static str {
    match setting.key {
        "screen_diagonal" | "viewing_distance" | "scale" => "Type size",
        _ => setting.group.heading(),
    }
}

/// A setting's key in words, without the unit, which stands beside the value.
fn name(setting: &EditableSetting) -> String {
    let key = match &setting.kind {
        ValueKind::Number { unit, .. } if !unit.is_empty() => setting
            .key
            .strip_suffix(unit)
            .and_then(|key| key.strip_suffix('_'))
            .unwrap_or(setting.key),
        _ => setting.key,
    };
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// One setting: its name, its control, what it is, and what is particular about its value.
fn setting_ui(
    ui: &mut Ui,
    panel: &mut SettingsPanel,
    setting: &EditableSetting,
    view: &SettingsView,
    actions: &mut Vec<Action>,
) {
    let name = name(setting);
    let mut wanted = None;
    ui.horizontal(|ui| {
        let label = name_ui(ui, &name, setting);
        wanted = control_ui(ui, panel, setting, &name, &label);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let is_edited = setting.origin == Origin::Edited;
            let reset = ui.add_enabled(is_edited, Button::new("Reset").small());
            let said = format!("Reset {name}");
            reset.widget_info(|| WidgetInfo::labeled(WidgetType::Button, is_edited, &said));
            shown(&reset);
            if reset.on_hover_text("Take this change back").clicked() {
                actions.push(Action::Settings(SettingsRequest::Reset(setting.key)));
            }
            if setting.differs_from_file {
                let text = RichText::new("not as in the file").font(Tier::Small.font(ui));
                let label = ui.add(Label::new(text.color(theme::of(ui).warn)).truncate());
                label.on_hover_text(file_says(setting));
            }
        });
    });
    small(ui, &setting.title);
    if let Some(origin) = &setting.fixed_by {
        small(ui, &format!("At the next start, {origin} counts in any case."));
    }
    if let Some((_, why)) = view.refused.as_ref().filter(|(key, _)| *key == setting.key) {
        warning(ui, &format::clean(why, MOST_TEXT));
    }
    ui.add_space(4.0);
    if let Some(text) = wanted.filter(|text| Some(text) != setting.value.as_ref()) {
        let key = setting.key;
        actions.push(Action::Settings(SettingsRequest::Set { key, text }));
    }
}

/// The name, and where its value comes from.
fn name_ui(ui: &mut Ui, name: &str, setting: &EditableSetting) -> Response {
    let width = NAME_WIDTH * growth(ui);
    let height = ui.spacing().interact_size.y;
    let label = ui.allocate_ui_with_layout(vec2(width, height), Layout::left_to_right(Align::Center), |ui| {
        ui.set_width(width);
        ui.add(Label::new(RichText::new(name).color(theme::of(ui).text)).truncate())
    });
    let value = |value: &Option<String>| {
        let value = value.as_deref().unwrap_or("not set");
        format::clean(value, MOST_VALUE)
    };
    label.inner.on_hover_text(format!(
        "{} = {}\nfrom: {}\ndefault: {}",
        setting.key,
        value(&setting.value),
        setting.origin,
        value(&setting.default)
    ))
}

fn file_says(setting: &EditableSetting) -> String {
    match (&setting.in_file, &setting.default) {
        (Some(value), _) => format!("The file has {}", format::clean(value, MOST_VALUE)),
        (None, Some(value)) => format!(
            "The file does not name it; the default is {}",
            format::clean(value, MOST_VALUE)
        ),
        (None, None) => "The file does not name it, and it has no default".to_owned(),
    }
}

/// The control of a setting. Returns what it is to be set to, if it was changed.
fn control_ui(
    ui: &mut Ui,
    panel: &mut SettingsPanel,
    setting: &EditableSetting,
    name: &str,
    label: &Response,
) -> Option<String> {
    let value = setting.value.as_deref();
    match &setting.kind {
        ValueKind::Flag => {
            let mut is_on = value == Some("true");
            let flag = ui.checkbox(&mut is_on, "").labelled_by(label.id);
            flag.widget_info(|| WidgetInfo::selected(WidgetType::Checkbox, true, is_on, name));
            shown(&flag);
            flag.changed().then(|| is_on.to_string())
        }
        ValueKind::Choice(words) => {
            let mut chosen = None;
            for word in words {
                let is_present = value == Some(*word);
                let choice = ui.selectable_label(is_present, *word);
                let said = format!("{name}: {word}");
                choice.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, is_present, &said));
                shown(&choice);
                if choice.clicked() {
                    chosen = Some((*word).to_owned());
                }
            }
            chosen
        }
        ValueKind::Number { unit, zero, .. } => {
            let present = value.and_then(|text| text.parse::<f64>().ok());
            let wanted = match present {
                Some(present) => {
                    panel.typed.retain(|(key, _)| *key != setting.key);
                    number_ui(ui, panel, setting, present, label)
                }
                None => unset_ui(ui, panel, setting, label),
            };
            if zero.is_none() || present != Some(0.0) {
                ui.label(RichText::new(*unit).color(theme::of(ui).muted));
            }
            wanted
        }
    }
}

fn number_ui(
    ui: &mut Ui,
    panel: &mut SettingsPanel,
    setting: &EditableSetting,
    present: f64,
    label: &Response,
) -> Option<String> {
    let ValueKind::Number {
        least,
        most,
        step,
        is_whole,
        zero,
        ..
    } = setting.kind
    else {
        return None;
    };
    let dragged = panel.dragged.filter(|(key, _)| *key == setting.key);
    let mut number = dragged.map_or(present, |(_, number)| number);
    let is_focused = ui.memory(|memory| memory.has_focus(ui.next_auto_id()));
    // The arrows go by whole steps.
    let speed = if is_focused { step } else { step / DRAG_STEP };
    let value = DragValue::new(&mut number)
        .range(least..=most)
        .speed(speed)
        .update_while_editing(false)
        .custom_formatter(|number, _| number_text(number, is_whole, zero))
        .custom_parser(|text| parsed(text, zero));
    let value = ui.add(value).labelled_by(label.id);
    shown(&value);
    if value.changed() {
        panel.dragged = Some((setting.key, number));
    }
    if value.dragged() {
        return None;
    }
    let (_, number) = panel.dragged.take_if(|(key, _)| *key == setting.key)?;
    Some(number_text(number, is_whole, None))
}

/// A field for a setting that has no value: what is typed counts when it is left, or by Enter.
fn unset_ui(ui: &mut Ui, panel: &mut SettingsPanel, setting: &EditableSetting, label: &Response) -> Option<String> {
    let at = panel.typed.iter().position(|(key, _)| *key == setting.key);
    let mut typed = at.map(|at| panel.typed.swap_remove(at).1).unwrap_or_default();
    let field = TextEdit::singleline(&mut typed)
        .hint_text("not set")
        .char_limit(MOST_TYPED)
        .desired_width(64.0 * growth(ui));
    let field = ui.add(field).labelled_by(label.id);
    shown(&field);
    let is_over = field.lost_focus() && !ui.input(|input| input.key_pressed(egui::Key::Escape));
    let wanted = typed.trim().to_owned();
    if field.gained_focus() {
        panel.asked = None;
    }
    let asked = (setting.key, wanted.clone());
    let is_wanted = is_over && !wanted.is_empty() && panel.asked.as_ref() != Some(&asked);
    if is_wanted {
        panel.asked = Some(asked);
    }
    if !typed.is_empty() {
        panel.typed.push((setting.key, typed));
    }
    is_wanted.then_some(wanted)
}

fn number_text(number: f64, is_whole: bool, zero: Option<&str>) -> String {
    match zero {
        Some(meaning) if number == 0.0 => meaning.to_owned(),
        _ if is_whole => format!("{number:.0}"),
        // Hundredths: a drag yields values such as 0.2000000001.
        _ => format!("{}", (number * 100.0).round() / 100.0),
    }
}

fn parsed(text: &str, zero: Option<&str>) -> Option<f64> {
    let text = text.trim();
    if zero.is_some_and(|meaning| meaning.eq_ignore_ascii_case(text)) {
        return Some(0.0);
    }
    text.replace(',', ".")
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Scrolls to what the keyboard has reached.
fn shown(control: &Response) {
    if control.gained_focus() {
        control.scroll_to_me(None);
    }
}

fn small(ui: &mut Ui, text: &str) {
    let text = RichText::new(text).font(Tier::Small.font(ui));
    ui.add(Label::new(text.color(theme::of(ui).muted)).wrap());
}

fn warning(ui: &mut Ui, text: &str) {
    let text = RichText::new(text).font(Tier::Small.font(ui));
    ui.add(Label::new(text.color(theme::of(ui).warn)).wrap());
}

/// Saving, and what is beside the settings of one value.
fn foot_ui(ui: &mut Ui, view: &SettingsView, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        let save = ui.add_enabled(view.has_unsaved && !view.is_saving, Button::new("Save"));
        if save.clicked() {
            actions.push(Action::Settings(SettingsRequest::Save));
        }
        let is_edited = view.settings.iter().any(|setting| setting.origin == Origin::Edited);
        if ui.add_enabled(is_edited, Button::new("Reset all")).clicked() {
            actions.push(Action::Settings(SettingsRequest::ResetAll));
        }
        if ui.link("Status words").clicked() {
            actions.push(Action::ShowLegend);
        }
    });
    let text = match (view.is_saving, view.has_unsaved) {
        (true, _) => format!("Writing {} …", view.file),
        (false, true) => format!("Changes count until opswall ends. Save writes them into {}.", view.file),
        (false, false) => format!("Changes count at once. Save writes them into {}.", view.file),
    };
    small(ui, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_shown() {
        let zero = Some("never");
        for (number, is_whole, text) in [
            (0.0, true, "never"),
            (600.0, true, "600"),
            (0.2, false, "0.2"),
            (3.999_999_9, false, "4"),
        ] {
            assert_eq!(number_text(number, is_whole, zero), text);
            let read = parsed(text, zero).expect("a number");
            assert!((read - number).abs() < 0.01, "{text}");
        }
        assert_eq!(number_text(0.0, true, None), "0", "the settings read no word");
        assert_eq!(parsed("4,5", None), Some(4.5));
        for text in ["", "x", "inf", "NaN", "1e999"] {
            assert_eq!(parsed(text, zero), None, "{text}");
        }
    }
}
