//! The shell: once a frame, gathers the views, draws the panels in their order, and carries out the actions that they
//! return.
//!
//! egui may run the pass twice in a frame; input comes with the first only, so no action happens twice.

mod reads;
mod related;

use std::time::{Duration, Instant};

use bevy::{
    ecs::{message::MessageCursor, system::SystemParam},
    prelude::*,
};
use bevy_egui::{EguiContext, EguiContexts, EguiPlugin, EguiPrimaryContextPass, PrimaryEguiContext};
use egui::{LayerId, Rect, Ui, UiBuilder, pos2, vec2};
use jiff::{Timestamp, tz::TimeZone};
use journal::Journal;

use self::reads::Reads;
use super::{
    Action, TypeScale, announce,
    announce::Announcer,
    banner, clock, connect,
    connect::{ConnectAction, ConnectCard},
    finder,
    finder::{Finder, FinderView},
    header,
    header::BadgeView,
    hover, inspector,
    inspector::Folds,
    keys,
    keys::KeyContext,
    legend,
    legend::LegendView,
    log,
    log::{Log, LogContext},
    overlay,
    overlay::OverlayView,
    palette,
    palette::Palette,
    popover,
    popover::{PopoverView, TuneDraft},
    related::Relation,
    settings::{self, SettingsPanel},
    several::{self, Several},
    table::{self, TablePanel, TableView},
    theme,
    toasts::{self, Toasts},
    views,
    views::ViewList,
    welcome::{self, Welcome},
    widgets,
};
use crate::{
    actions::{self, Command},
    connection::{Follow, ProjectSetup},
    editor::SettingsRequest,
    fleet::History,
    frame::PanelSystems,
    messages::{Intent, KeyboardInPanels, PointerOverPanels, SceneInsets, ScreenTheme, Searched, StateFilter},
    search::Search,
    table::{Table, TableChange},
    views::ViewChange,
};
use model::theme::ThemeName;
use model::{Kind, Notice, NoticeKind, RowKey};

/// Time for looking at entries of the log in one frame.
const LOG_BUDGET: Duration = Duration::from_millis(4);
/// Time for reading what the selected rows have in common in one frame.
const SEVERAL_BUDGET: Duration = Duration::from_millis(2);

pub(super) fn plugin(app: &mut App) {
    if !app.is_plugin_added::<EguiPlugin>() {
        app.add_plugins(EguiPlugin::default());
    }
    actions::add(app);
    app.init_resource::<Search>()
        .init_resource::<Table>()
        .add_message::<TableChange>()
        .init_resource::<Panels>()
        .init_resource::<ConnectCard>()
        .init_resource::<TypeScale>()
        .add_systems(
            EguiPrimaryContextPass,
            (apply_theme.in_set(PanelSystems::Theme), draw.in_set(PanelSystems::Draw)),
        );
}

/// Which panels are open.
#[derive(Resource, Debug, Default)]
pub struct Panels {
    /// The connection popover is open.
    pub popover_open: bool,
    /// The legend is open.
    pub legend_open: bool,
    /// The help card with the key bindings is open.
    pub keys_open: bool,
    /// The palette, while it is open.
    pub palette: Option<Palette>,
    /// The finder, while it is open.
    pub finder: Option<Finder>,
    /// The event log, while it is open.
    pub log: Option<Log>,
    /// How the table stands on the screen.
    table: TablePanel,
    /// The list of named views, while it is open.
    pub views: Option<ViewList>,
    /// The rows that the inspected one is related to.
    relations: KeptRelations,
    /// The settings window, while it is open.
    pub settings: Option<SettingsPanel>,
    /// What of the inspected row is unfolded.
    folds: Folds,
    /// What several selected rows have in common.
    several: Several,
    /// What had the keyboard before a panel took it.
    came_from: Option<egui::Id>,
    /// What a screen reader says by itself.
    announcer: Announcer,
    /// The hint for newcomers.
    welcome: Welcome,
    /// Unattended: no legend, no inspector, no card at the pointer.
    pub kiosk: bool,
    tune: TuneDraft,
    /// Pages by which the connection details are to be scrolled.
    pages: i32,
}

/// The panels that take the keyboard when they open, by the label of their close button.
const TAKE_FOCUS: [&str; 6] = [
    "Close connection details",
    "Close help",
    "Close events",
    "Close views",
    "Close settings",
    "Close legend",
];

impl Panels {
    /// Which of [`TAKE_FOCUS`] are open.
    fn open(&self) -> [bool; TAKE_FOCUS.len()] {
        [
            self.popover_open,
            self.keys_open,
            self.log.is_some(),
            self.views.is_some(),
            self.settings.is_some(),
            self.legend_open,
        ]
    }

    /// Lets a panel that was opened take the keyboard, and gives it back to what had it when the panel is closed.
    fn pass_focus(&mut self, ctx: &egui::Context, before: [bool; TAKE_FOCUS.len()]) {
        for ((label, was_open), is_open) in TAKE_FOCUS.into_iter().zip(before).zip(self.open()) {
            match (was_open, is_open) {
                (false, true) => {
                    self.came_from = ctx.memory(|memory| memory.focused());
                    widgets::focus_panel(ctx, label);
                }
                (true, false) => match self.came_from.take() {
                    Some(id) => ctx.memory_mut(|memory| memory.request_focus(id)),
                    None => ctx.memory_mut(|memory| {
                        if let Some(id) = memory.focused() {
                            memory.surrender_focus(id);
                        }
                    }),
                },
                _ => {}
            }
        }
    }
}

/// The relations of a row, which are looked up a few times a second: a workflow may have very many.
#[derive(Debug, Default)]
struct KeptRelations {
    row: Option<RowKey>,
    at: f64,
    relations: Vec<Relation>,
}

impl KeptRelations {
    /// Shortest interval between two lookups for one row, seconds.
    const AGAIN_SECS: f64 = 0.2;

    fn of(&mut self, row: &RowKey, now: f64, look_up: impl FnOnce() -> Vec<Relation>) -> Vec<Relation> {
        if self.row.as_ref() != Some(row) || now - self.at >= Self::AGAIN_SECS {
            self.relations = look_up();
            (self.row, self.at) = (Some(row.clone()), now);
        }
        self.relations.clone()
    }
}

/// What the panels write.
#[derive(SystemParam)]
struct Writes<'w> {
    intents: MessageWriter<'w, Intent>,
    insets: ResMut<'w, SceneInsets>,
    pointer: ResMut<'w, PointerOverPanels>,
    keyboard: ResMut<'w, KeyboardInPanels>,
    card: ResMut<'w, ConnectCard>,
    filter: ResMut<'w, StateFilter>,
    theme: ResMut<'w, ScreenTheme>,
    commands: ResMut<'w, Messages<Command>>,
    searched: MessageWriter<'w, Searched>,
    history: ResMut<'w, History>,
    table: MessageWriter<'w, TableChange>,
    views: Option<ResMut<'w, Messages<ViewChange>>>,
    settings: Option<ResMut<'w, Messages<SettingsRequest>>>,
    follows: MessageWriter<'w, Follow>,
    setup: Option<Res<'w, ProjectSetup>>,
}

/// Applies the theme to a new context, and to all of them when the theme or the type scale changed.
fn apply_theme(
    scale: Res<TypeScale>,
    theme: Res<ScreenTheme>,
    mut contexts: Query<(&mut EguiContext, Ref<PrimaryEguiContext>)>,
    mut applied: Local<Option<(TypeScale, ThemeName)>>,
) {
    let wanted = (*scale, theme.0);
    let is_changed = *applied != Some(wanted);
    for (mut context, primary) in &mut contexts {
        if is_changed || primary.is_added() {
            theme::apply(context.get_mut(), &scale, theme.0);
            *applied = Some(wanted);
        }
    }
}

fn draw(
    mut contexts: EguiContexts,
    reads: Reads,
    mut panels: ResMut<Panels>,
    mut toasts: ResMut<Toasts>,
    mut writes: Writes,
    mut read: Local<MessageCursor<Command>>,
) {
    // Without a window, or while it is closing, there is nothing to draw on; that is not an error.
    let Ok(ctx) = contexts.ctx_mut() else {
        return;
    };
    let ctx = ctx.clone();
    let now = reads.now();
    let panels = panels.bypass_change_detection();
    panels.tune.follow(reads.connection.backoff, now);

    let open_before = panels.open();
    let mut actions = Vec::new();
    let card = writes.card.bypass_change_detection();
    card.poll();
    let can_connect = writes.setup.is_some() && !panels.kiosk;
    let mut filter = *writes.filter;
    let card = can_connect.then_some(card);
    let run: Vec<Command> = read.read(&writes.commands).copied().collect();
    let covered = draw_panels(
        &ctx,
        &reads,
        panels,
        filter,
        card,
        &toasts,
        &writes.history.journal,
        &run,
        &mut actions,
    );
    for action in actions {
        match action {
            Action::Intent(intent) => {
                writes.intents.write(intent);
            }
            Action::Tuned(backoff) => panels.tune.edit(backoff),
            Action::TogglePopover => panels.popover_open = !panels.popover_open,
            Action::ClosePopover => panels.popover_open = false,
            Action::ToggleLegend => panels.legend_open = !panels.legend_open,
            Action::SoloState(status) => filter.solo(status),
            Action::ToggleState(status) => filter.toggle(status),
            Action::ShowAllStates => filter.clear(),
            Action::Connect(action) => {
                if action == ConnectAction::Toggle {
                    panels.popover_open = false;
                }
                let card = writes.card.bypass_change_detection();
                let feed = writes.setup.as_ref().and_then(|setup| card.act(action, setup));
                writes.follows.write_batch(feed.map(Follow));
                if let Some(path) = card.written.take() {
                    let text = format!("Wrote {}; it is read at the next start as well.", path.display());
                    toasts.push(&Notice::new(NoticeKind::SourcesFound, text), now);
                }
            }
            Action::ToggleKeys => panels.keys_open = !panels.keys_open,
            Action::TogglePalette => {
                panels.palette = (panels.palette.is_none() && !panels.kiosk).then(Palette::default);
            }
            Action::ToggleFinder => {
                let is_opened = panels.finder.is_none() && !panels.kiosk;
                panels.finder = is_opened.then(|| Finder::begun(&typed_after(&ctx, "/"), reads.search.text()));
            }
            Action::CloseFinder => panels.finder = None,
            Action::ToggleLog => {
                panels.log = (panels.log.is_none() && !panels.kiosk).then(Log::default);
                if panels.log.is_none() {
                    writes.history.journal.look();
                }
            }
            Action::ToggleTable => {
                panels.table = TablePanel::default();
                writes
                    .table
                    .write(TableChange::Open(!reads.table.is_open() && !panels.kiosk));
            }
            Action::ToggleViews => {
                panels.views = (panels.views.is_none() && !panels.kiosk).then(ViewList::default);
            }
            Action::View(change) => {
                if let Some(views) = writes.views.as_mut() {
                    views.write(change);
                }
            }
            Action::ToggleSettings => {
                let is_offered = reads.settings.is_some() && !panels.kiosk;
                panels.settings = (panels.settings.is_none() && is_offered).then(SettingsPanel::default);
            }
            Action::Settings(request) => {
                if let Some(requests) = writes.settings.as_mut() {
                    requests.write(request);
                }
            }
            Action::ShowLegend => panels.legend_open = true,
            Action::Table(change) => {
                writes.table.write(change);
            }
            Action::CopyTable => ctx.copy_text(reads.table_as_tsv()),
            Action::Export(format) => {
                writes.table.write(TableChange::Export(format, reads.table_keys()));
            }
            Action::DismissNewest => {
                let newest = toasts.shown().next_back().map(|toast| toast.number);
                if let Some(newest) = newest {
                    toasts.dismiss(newest);
                }
            }
            Action::Find(text) => {
                writes.searched.write(Searched(text));
            }
            Action::Inspect(key) => {
                writes.intents.write(Intent::Select(Some(key.clone())));
                writes.intents.write(Intent::Focus(key));
            }
            Action::Run(command) => {
                writes.commands.write(command);
            }
            Action::ScrollPages(pages) => panels.pages += pages,
            Action::CopyRow { as_json } => {
                let text = match (reads.inspected(), reads.selected_count() > 1) {
                    (_, true) => reads.selected_as_text(as_json),
                    (Some(view), false) if as_json => view.as_json(),
                    (Some(view), false) => view.key.id.to_string(),
                    (None, false) => continue,
                };
                ctx.copy_text(text);
            }
            Action::OpenLink => {
                if let Some(link) = reads.inspected().and_then(|view| view.link) {
                    ctx.open_url(egui::OpenUrl::new_tab(link));
                }
            }
            // Where the settings can be changed, it is one of them.
            Action::UseTheme(theme) => match writes.settings.as_mut() {
                Some(requests) => {
                    let text = theme.word().to_owned();
                    requests.write(SettingsRequest::Set { key: "theme", text });
                }
                None => {
                    writes.theme.set_if_neq(ScreenTheme(theme));
                }
            },
            Action::Dismiss(number) => toasts.dismiss(number),
        }
    }
    panels.pass_focus(&ctx, open_before);
    if let Some(backoff) = panels.tune.due(now) {
        writes.intents.write(Intent::Tune(backoff));
    }
    writes.filter.set_if_neq(filter);
    writes.insets.set_if_neq(covered.insets);
    // egui reports the pointer over floating areas only; the panels at the edges are in its background layer.
    let over_panel = ctx.pointer_latest_pos().is_some_and(|at| !covered.scene.contains(at));
    let over = over_panel || ctx.is_pointer_over_egui() || ctx.egui_is_using_pointer();
    writes.pointer.set_if_neq(PointerOverPanels(over));
    writes.keyboard.set_if_neq(KeyboardInPanels {
        focus: ctx.egui_wants_keyboard_input(),
        types: ctx.text_edit_focused() || panels.palette.is_some() || panels.finder.is_some(),
    });
}

/// What was typed in this frame after a sign: at few frames a second, a field is opened and typed into within one.
fn typed_after(ctx: &egui::Context, sign: &str) -> String {
    ctx.input(|input| {
        let texts = input.events.iter().filter_map(|event| match event {
            egui::Event::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let mut after = texts.skip_while(|text| *text != sign);
        after.next();
        after.collect()
    })
}

/// What the panels leave of the screen.
struct Covered {
    insets: SceneInsets,
    scene: Rect,
}

#[expect(clippy::too_many_arguments, reason = "what the panels read, and what they return")]
fn draw_panels(
    ctx: &egui::Context,
    reads: &Reads,
    panels: &mut Panels,
    filter: StateFilter,
    mut card: Option<&mut ConnectCard>,
    toasts: &Toasts,
    journal: &Journal,
    commands: &[Command],
    actions: &mut Vec<Action>,
) -> Covered {
    let menu_open = egui::Popup::is_any_open(ctx);
    let screen = ctx.viewport_rect();
    let builder = UiBuilder::new().layer_id(LayerId::background()).max_rect(screen);
    let mut root = Ui::new(ctx.clone(), egui::Id::new("panels"), builder);

    // The panels at the edges; the scene gets the rest.
    let badge = reads.badge(panels.popover_open);
    let badge_rect = draw_header(&mut root, reads, &badge, filter, !panels.kiosk, actions);
    if reads.connection.demo {
        banner::demo_banner(&mut root);
    }
    let mut selected = reads.inspected();
    let begun = Instant::now();
    reads.follow_several(&mut panels.several, &|| begun.elapsed() > SEVERAL_BUDGET);
    let count = reads.selected_count();
    if panels.kiosk {
    } else if count > 1 {
        let (common, rows) = (panels.several.common(), reads.selected_rows());
        inspector::inspector_panel(&mut root, |ui| {
            several::several_ui(ui, count, common, rows, inspector::growth(ui), actions);
        });
    } else if let Some(view) = selected.as_mut() {
        view.history = reads.history(journal, view.key);
        view.relations = panels.relations.of(view.key, reads.now(), || reads.relations(view.key));
        let folds = &mut panels.folds;
        inspector::inspector_panel(&mut root, |ui| inspector::inspector_ui(ui, view, folds, actions));
    }
    let scene = root.available_rect_before_wrap();

    // What floats over the scene.
    draw_legend(ctx, reads, panels, scene, actions);
    let message = overlay_view(reads, &badge);
    overlay::overlay_ui(&root, scene, &message);
    if panels.popover_open {
        let can_connect = card.is_some();
        draw_popover(ctx, reads, panels, can_connect, &badge, badge_rect, scene, actions);
    }
    let corner = scene.right_top() + vec2(-theme::GAP, theme::GAP);
    toasts::toasts_area(ctx, toasts, corner, reads.now(), message.shown_reason(), actions);
    let is_covered = panels.kiosk || ctx.is_pointer_over_egui();
    if let (Some(view), Some(pointer), false) = (reads.hovered(), ctx.pointer_latest_pos(), is_covered) {
        hover::hover_area(ctx, &view, pointer, scene);
    }
    if let Some(card) = card.as_deref_mut() {
        draw_card(ctx, card, scene, actions);
    }
    if panels.keys_open {
        keys::keys_area(ctx, actions);
    }
    if let Some(palette) = panels.palette.as_mut() {
        palette::palette_area(ctx, palette, scene, actions);
    }
    if let Some(log) = panels.log.as_mut() {
        let zone = TimeZone::system();
        let time_of = |ms: i64| clock::with_seconds(ms, &zone);
        let begun = Instant::now();
        let context = LogContext {
            time_of: &time_of,
            now_ms: Timestamp::now().as_millisecond(),
            row_of: &|key, test| reads.with_row(key, test),
            is_over: &|| begun.elapsed() > LOG_BUDGET,
        };
        log::log_area(ctx, log, journal, context, scene, actions);
    }
    if reads.table.is_open() {
        draw_table(ctx, reads, filter, &mut panels.table, scene, actions);
    }
    if let Some(list) = panels.views.as_mut() {
        let view = |number| reads.views.as_ref()?.all.get(&number).cloned();
        views::views_area(ctx, list, &view, scene, actions);
    }
    if let (Some(panel), Some(view)) = (panels.settings.as_mut(), reads.settings.as_ref()) {
        settings::settings_area(ctx, panel, view, scene, actions);
    }
    overlay::lasso_ui(&root, scene, reads.lasso());
    if let Some(finder) = panels.finder.as_mut() {
        let rows = reads.found();
        let view = FinderView {
            rows: &rows,
            ..finder_view(reads)
        };
        let complete = |text: &str, cursor: usize| query::complete(text, cursor, &reads.search.vocabulary);
        finder::finder_area(ctx, finder, &view, &complete, scene, actions);
    } else if !reads.search.text().is_empty() {
        finder::search_area(ctx, reads.search.text(), &finder_view(reads), scene, actions);
    }
    panels
        .announcer
        .follow(badge.tone, badge.reason.as_deref(), &reads.counts, reads.now());
    announce::announce(ctx, &root, &panels.announcer);
    if !panels.kiosk {
        let has_input = ctx.input(|input| input.pointer.is_moving() || !input.keys_down.is_empty());
        panels.welcome.follow(!commands.is_empty(), has_input, reads.now());
        welcome::welcome_area(ctx, &panels.welcome, scene, reads.now());
    }
    panels.pages = 0;
    let state = KeyContext {
        palette_open: panels.palette.is_some(),
        finder_open: panels.finder.is_some(),
        log_open: panels.log.is_some(),
        table_open: reads.table.is_open(),
        views_open: panels.views.is_some(),
        settings_open: panels.settings.is_some(),
        keys_open: panels.keys_open,
        connect_open: card.as_ref().is_some_and(|card| card.is_open),
        can_connect: card.is_some(),
        menu_open,
        popover_open: panels.popover_open,
        selected: selected.is_some(),
        searching: !reads.search.text().is_empty(),
        filtered: filter.is_active(),
        live: badge.tone.is_flowing(),
    };
    actions.extend(commands.iter().filter_map(|command| keys::action(*command, state)));
    Covered {
        insets: SceneInsets {
            top: scene.top() - screen.top(),
            bottom: screen.bottom() - scene.bottom(),
            left: scene.left() - screen.left(),
            right: screen.right() - scene.right(),
        },
        scene,
    }
}

/// The table over the lower part of the scene.
fn draw_table(
    ctx: &egui::Context,
    reads: &Reads,
    filter: StateFilter,
    panel: &mut TablePanel,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    let table = &reads.table;
    let zone = TimeZone::system();
    let selected = reads.selected();
    let is_selected = |key: &RowKey| reads.is_among(key, &selected);
    let view = TableView {
        columns: table.columns(),
        names: table.names(),
        order: table.order(),
        len: table.len(),
        row: &|at| table.row(at),
        position: &|key| table.position(key),
        progress: table.progress(),
        chosen: reads.chosen_words(filter),
        selected: reads.inspected_key(),
        is_selected: &is_selected,
        selected_count: selected.len(),
        with_row: &|key, read| reads.with_shown_row(key, read),
        now_ms: Timestamp::now().as_millisecond(),
        zone: &zone,
    };
    table::table_area(ctx, panel, &view, scene, actions);
}

/// What the finder shows beside the rows.
fn finder_view<'a>(reads: &'a Reads) -> FinderView<'a> {
    FinderView {
        rows: &[],
        count: reads.search.is_active().then(|| reads.search.rows.len()),
        progress: reads.search.progress(),
        hides_others: reads.search.hides_others(),
        mistake: reads.search.mistake(),
    }
}

/// The card that connects a project, or the offer of it.
fn draw_card(ctx: &egui::Context, card: &mut ConnectCard, scene: Rect, actions: &mut Vec<Action>) {
    let mut own = Vec::new();
    if card.is_open {
        connect::connect_area(ctx, card, scene, &mut own);
    } else if card.is_offered {
        connect::offer_area(ctx, scene, &mut own);
    }
    actions.extend(own.into_iter().map(Action::Connect));
}

/// The header along the upper edge. Returns where its badge is.
fn draw_header(
    root: &mut Ui,
    reads: &Reads,
    badge: &BadgeView,
    filter: StateFilter,
    interactive: bool,
    actions: &mut Vec<Action>,
) -> Rect {
    let spark: Vec<f32> = reads.rates.changes.samples().collect();
    let view = header::HeaderView {
        badge,
        counts: &reads.counts,
        known: reads.known(),
        filter,
        interactive,
        clock: &reads.clock.0,
        changes_per_second: reads.rates.changes.present(),
        spark: &spark,
        stale: !badge.tone.is_flowing(),
        lost: reads.lost_kinds(),
        followed: reads.followed(),
        reduced: reads.quality.off(),
    };
    let look = reads.look();
    egui::Panel::top("header")
        .frame(egui::Frame::new().fill(theme::of(root).surface))
        .show_separator_line(false)
        .show(root, |ui| header::header_ui(ui, &view, &look, actions))
        .inner
        .badge
}

/// Draws the legend if it is open, unless the popover would cover it.
fn draw_legend(ctx: &egui::Context, reads: &Reads, panels: &Panels, scene: Rect, actions: &mut Vec<Action>) {
    if !panels.legend_open || panels.kiosk {
        return;
    }
    let corner = scene.left_bottom() + vec2(theme::GAP, -theme::GAP);
    if panels.popover_open && popover::covers(ctx, legend::rect(ctx, corner)) {
        return;
    }
    let view = LegendView {
        rows: &reads.legend_rows(),
        has_runs: reads.followed()[Kind::Run],
        words: &reads.words.listed,
        more_words: reads.words.more,
    };
    legend::legend_area(ctx, &view, corner, actions);
}

fn overlay_view<'a>(reads: &'a Reads, badge: &'a BadgeView) -> OverlayView<'a> {
    OverlayView {
        tone: badge.tone,
        staleness: reads.staleness.0,
        age_secs: reads.connection.last_live.map(|live| reads.now() - live),
        reason: badge.reason.as_deref(),
        shown_url: &reads.connection.shown_url,
        rows: reads.rows(),
        retry_in_secs: badge.retry_in_secs,
    }
}

/// The connection's details under the badge.
#[expect(clippy::too_many_arguments, reason = "what the popover reads and where it may be")]
fn draw_popover(
    ctx: &egui::Context,
    reads: &Reads,
    panels: &Panels,
    can_connect: bool,
    badge: &BadgeView,
    badge_rect: Rect,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    let connection = &reads.connection;
    let now = reads.now();
    let view = PopoverView {
        badge,
        since_secs: now - connection.since,
        shown_url: &connection.shown_url,
        sources: &reads.source_lines(),
        link: &connection.link,
        changes_per_second: reads.rates.changes.present(),
        bytes_per_second: reads.rates.bytes.present(),
        can_connect,
        backoff: panels.tune.shown(),
        feed_ms: reads.feed_ms(),
        signed_in: connection.signed_in,
        wall_ms: Timestamp::now().as_millisecond(),
        zone: &TimeZone::system(),
        pages: panels.pages,
    };
    let corner = pos2(badge_rect.left(), scene.top() + theme::GAP * 0.5);
    let room = Rect::from_min_max(
        pos2(ctx.viewport_rect().left() + theme::GAP, corner.y),
        scene.max - vec2(theme::GAP, theme::GAP),
    );
    let clear = toasts::width(ctx) + theme::GAP * 0.25;
    popover::popover_area(ctx, &view, corner, room, clear, actions);
}
