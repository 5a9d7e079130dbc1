//! The card that connects a project: its address and key are entered, its tables are looked at, the guesses are corrected,
//! and the result is written and followed.

mod draft;
mod found;

use std::{fmt, path::PathBuf, sync::Arc};

use bevy::prelude::Resource;
use egui::{Align2, Area, Context, Id, Key, Label, Order, Rect, RichText, ScrollArea, TextEdit, Ui, vec2};
use secrecy::{ExposeSecret as _, SecretString};

pub use self::draft::{Draft, DraftSource, Edit, Sample};
use super::{close_button, header, theme, theme::Tier};
use crate::connection::{Looking, ProjectSetup, write_project};
use model::Mapping;
use settings::{
    FeedSettings,
    new_file::{FoundSource, NewFileError},
};

/// What the user does on the card.
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectAction {
    /// Opens the card, or closes it.
    Toggle,
    /// Closes the card. It can be opened again.
    Close,
    /// Looks at the project that was entered.
    Look,
    /// Back to the address and the key.
    Back,
    /// Changes a proposed source.
    Edit(usize, Edit),
    /// Writes the file and follows the project; `replace`: an older file is moved aside.
    Save {
        /// Whether an older file may be replaced.
        replace: bool,
    },
}

/// What is entered. Its text is shown by no `Debug`.
#[derive(Default)]
pub struct Entry {
    /// The URL of the project.
    pub url: String,
    /// The key.
    pub key: String,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Where the card stands.
#[derive(Debug, Default)]
pub enum Step {
    /// Address and key are entered.
    #[default]
    Enter,
    /// The tables are looked at.
    Looking(Looking),
    /// The proposal is corrected.
    Found(Box<Draft>),
}

/// The card and what was entered on it.
#[derive(Resource, Debug, Default)]
pub struct ConnectCard {
    /// It is shown.
    pub is_open: bool,
    /// The small offer to open it is shown.
    pub is_offered: bool,
    /// What is entered.
    pub entry: Entry,
    /// Where it stands.
    pub step: Step,
    /// What went wrong, one sentence.
    pub problem: Option<String>,
    /// The file that was written, until it is reported.
    pub written: Option<PathBuf>,
    /// There is a file already: the next save asks whether it is replaced.
    pub asks_to_replace: bool,
    feed: Option<FeedSettings>,
}

impl ConnectCard {
    /// A closed card, which is offered or not.
    pub fn offered(is_offered: bool) -> Self {
        Self {
            is_offered,
            ..Self::default()
        }
    }

    /// Carries out an action. Returns the feed that is to be followed, once there is one.
    pub fn act(&mut self, action: ConnectAction, setup: &ProjectSetup) -> Option<FeedSettings> {
        match action {
            ConnectAction::Toggle => {
                self.is_open = !self.is_open;
                self.is_offered = false;
            }
            ConnectAction::Close => {
                self.is_open = false;
                self.is_offered = false;
            }
            ConnectAction::Back => {
                self.step = Step::Enter;
                self.problem = None;
            }
            ConnectAction::Look => self.look(setup),
            ConnectAction::Edit(at, edit) => {
                if let Step::Found(draft) = &mut self.step {
                    draft.edit(at, edit);
                }
            }
            ConnectAction::Save { replace } => return self.save(setup, replace),
        }
        None
    }

    fn look(&mut self, setup: &ProjectSetup) {
        let key = SecretString::from(self.entry.key.trim());
        if self.entry.url.trim().is_empty() || key.expose_secret().is_empty() {
            self.problem = Some("Enter the project's URL and its publishable key.".to_owned());
            return;
        }
        match setup.settings.project_feed(&self.entry.url, key) {
            Ok(feed) => {
                self.problem = None;
                self.step = Step::Looking(Looking::start(Arc::clone(&setup.look), feed.clone()));
                self.feed = Some(feed);
            }
            Err(error) => self.problem = Some(model::text::sentence(&error.to_string())),
        }
    }

    /// Takes what was found, if the look has ended.
    pub fn poll(&mut self) {
        let Step::Looking(looking) = &self.step else { return };
        match looking.result() {
            None => {}
            Some(Ok(found)) => self.step = Step::Found(Box::new(Draft::of(found))),
            Some(Err(problem)) => {
                self.problem = Some(model::text::sentence(&problem));
                self.step = Step::Enter;
            }
        }
    }

    fn save(&mut self, setup: &ProjectSetup, replace: bool) -> Option<FeedSettings> {
        let Step::Found(draft) = &self.step else { return None };
        let feed = self.feed.clone()?;
        let mapping = Mapping::new(draft.mappings());
        if mapping.sources().is_empty() {
            self.problem = Some("Choose at least one table.".to_owned());
            return None;
        }
        let source = |source: &DraftSource| FoundSource {
            mapping: source.mapping.clone(),
            columns: source.columns.clone(),
            remarks: vec![source.reason.clone()],
            is_left_out: !source.is_included,
        };
        let sources: Vec<FoundSource> = draft.sources.iter().map(source).collect();
        match write_project(&setup.settings, &self.entry.url, &feed.key, &sources, replace) {
            Ok(()) => {}
            Err(NewFileError::Exists(_)) => {
                self.asks_to_replace = true;
                return None;
            }
            Err(error) => {
                self.problem = Some(model::text::sentence(&error.to_string()));
                return None;
            }
        }
        let mut mapping = mapping;
        mapping.words.clone_from(&setup.settings.mapping.words);
        // The key is not kept on the card.
        *self = Self {
            written: Some(setup.settings.own_file.clone()),
            ..Self::default()
        };
        Some(FeedSettings {
            mapping: Arc::new(mapping),
            find_sources: None,
            ..feed
        })
    }
}

/// Widest card, in ems.
const MOST_EMS: f32 = 62.0;
/// Width of the form, in ems.
const FORM_EMS: f32 = 34.0;

/// The small offer, at the lower edge of `scene`.
pub(crate) fn offer_area(ctx: &Context, scene: Rect, actions: &mut Vec<ConnectAction>) {
    Area::new(Id::new("connect offer"))
        .order(Order::Middle)
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(scene.right_bottom() - vec2(theme::GAP, theme::GAP))
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| offer_ui(ui, actions));
        });
}

/// The contents of the offer.
pub fn offer_ui(ui: &mut Ui, actions: &mut Vec<ConnectAction>) {
    ui.set_max_width(Tier::Body.font(ui).size * 24.0);
    let text = theme::of(ui).text;
    ui.label(RichText::new("Connect a project").font(Tier::Name.font(ui)).color(text));
    let words =
        "This is demo data. Give the URL and the key of a Supabase project: its tables are found by themselves.";
    let words = RichText::new(words).color(theme::of(ui).muted);
    ui.add(Label::new(words).wrap());
    ui.horizontal(|ui| {
        if primary(ui, "Connect a project…").on_hover_text("P").clicked() {
            actions.push(ConnectAction::Toggle);
        }
        if ui.button("Not now").clicked() {
            actions.push(ConnectAction::Close);
        }
    });
}

/// The card in the middle of `scene`.
pub(crate) fn connect_area(ctx: &Context, card: &mut ConnectCard, scene: Rect, actions: &mut Vec<ConnectAction>) {
    Area::new(Id::new("connect"))
        .order(Order::Middle)
        .pivot(Align2::CENTER_CENTER)
        .fixed_pos(scene.center())
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| {
                let room = scene.shrink(theme::GAP * 2.0).size();
                let ems = match card.step {
                    Step::Found(_) => MOST_EMS,
                    Step::Enter | Step::Looking(_) => FORM_EMS,
                };
                let width = (Tier::Body.font(ui).size * ems).min(room.x - 26.0);
                ui.set_width(width.max(120.0));
                connect_ui(ui, card, room.y - 26.0, actions);
            });
        });
}

/// The contents of the card, at most `height` points high.
pub fn connect_ui(ui: &mut Ui, card: &mut ConnectCard, height: f32, actions: &mut Vec<ConnectAction>) {
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if close_button(ui, "Close").clicked() {
                actions.push(ConnectAction::Close);
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let text = theme::of(ui).text;
                ui.label(RichText::new("Connect a project").font(Tier::Name.font(ui)).color(text));
            });
        });
    });
    match &card.step {
        Step::Enter => enter_ui(ui, &mut card.entry, card.problem.as_deref(), actions),
        Step::Looking(_) => looking_ui(ui, actions),
        Step::Found(draft) => {
            let below = Tier::Body.font(ui).size * 7.0;
            let most = (height - below - 60.0).max(80.0);
            ScrollArea::vertical()
                .max_height(most)
                .auto_shrink([false, true])
                .show(ui, |ui| found::found_ui(ui, draft, actions));
            save_ui(ui, draft, card.problem.as_deref(), card.asks_to_replace, actions);
        }
    }
}

fn enter_ui(ui: &mut Ui, entry: &mut Entry, problem: Option<&str>, actions: &mut Vec<ConnectAction>) {
    let muted = theme::of(ui).muted;
    let mut is_entered = false;
    let mut field = |ui: &mut Ui, name: &str, hint: &str, text: &mut String, is_key: bool| {
        let label = ui.label(RichText::new(name).color(muted));
        let edit = TextEdit::singleline(text)
            .password(is_key)
            .hint_text(hint)
            .char_limit(4_096)
            .margin(vec2(8.0, 6.0))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit).labelled_by(label.id);
        is_entered |= response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        response
    };
    field(ui, "URL", "https://abcdefgh.supabase.co", &mut entry.url, false);
    field(ui, "Publishable key", "sb_publishable_…", &mut entry.key, true);
    let hint =
        "Both are in the project's settings under API. A secret key is refused: it would bypass row-level security.";
    let hint = RichText::new(hint).font(Tier::Small.font(ui)).color(muted);
    ui.add(Label::new(hint).wrap());
    problem_ui(ui, problem);
    let is_clicked = primary(ui, "Look at its tables").clicked();
    if is_clicked || is_entered {
        actions.push(ConnectAction::Look);
    }
}

fn looking_ui(ui: &mut Ui, actions: &mut Vec<ConnectAction>) {
    ui.horizontal(|ui| {
        let side = Tier::Body.font(ui).size * 1.6;
        let (rect, _) = ui.allocate_exact_size(vec2(side, side), egui::Sense::hover());
        let line = egui::Stroke::new(2.5, theme::of(ui).text);
        header::spinner(ui, rect.center(), side * 0.4, line);
        let text = theme::of(ui).text;
        ui.label(RichText::new("Looking for tables, and whether their changes arrive…").color(text));
    });
    if ui.button("Cancel").clicked() {
        actions.push(ConnectAction::Back);
    }
}

fn save_ui(ui: &mut Ui, draft: &Draft, problem: Option<&str>, asks_to_replace: bool, actions: &mut Vec<ConnectAction>) {
    ui.add_space(4.0);
    let summary = RichText::new(draft.summary()).color(theme::of(ui).text);
    ui.add(Label::new(summary).wrap());
    if let Some(unproven) = &draft.unproven {
        let words = RichText::new(unproven).color(theme::of(ui).warn);
        ui.add(Label::new(words).wrap());
    }
    problem_ui(ui, problem);
    if asks_to_replace {
        let words = "opswall.toml exists already. It can be replaced; the old one is kept as opswall.toml.old.";
        let words = RichText::new(words).color(theme::of(ui).warn);
        ui.add(Label::new(words).wrap());
    }
    ui.horizontal(|ui| {
        let words = if asks_to_replace {
            "Replace it and connect"
        } else {
            "Save and connect"
        };
        if primary(ui, words).clicked() {
            actions.push(ConnectAction::Save {
                replace: asks_to_replace,
            });
        }
        if ui.button("Back").clicked() {
            actions.push(ConnectAction::Back);
        }
    });
}

fn problem_ui(ui: &mut Ui, problem: Option<&str>) {
    if let Some(problem) = problem {
        let words = RichText::new(problem).color(theme::of(ui).offline);
        ui.add(Label::new(words).wrap().selectable(true));
    }
}

/// The button that goes on.
fn primary(ui: &mut Ui, words: &str) -> egui::Response {
    let text = RichText::new(words).color(theme::of(ui).ground);
    ui.add(egui::Button::new(text).fill(theme::of(ui).text))
}
