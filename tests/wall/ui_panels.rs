//! The panels, except for the connection's details, by their labels and actions: each is driven through its accessible
//! labels, without Bevy and without a GPU.

use egui::{Key, Vec2, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{By, NodeT as _, Queryable as _},
};
use jiff::tz::TimeZone;
use model::theme::ThemeName;
use model::{Kind, Notice, NoticeKind, Record, RowKey, SourceId, Status, StatusReading};
use opswall::{
    actions::Command,
    messages::{Intent, MappedWord},
    ui::{
        Action, OpenWord, TypeScale,
        connect::ConnectAction,
        finder::{Finder, FinderView, FoundRow, finder_ui},
        header::{BadgeView, SourceTally, badge_ui},
        inspector::{Folds, InspectorView, RowHistory, inspector_ui},
        keys::{KeyContext, action},
        legend::{LegendRow, LegendView, legend_ui},
        link_look::{LinkLook, Tone},
        log::{Log, LogContext, log_ui},
        overlay::{OverlayView, overlay_ui},
        palette::{Palette, palette_ui},
        theme,
        toasts::{Toasts, toasts_ui},
    },
};
use realtime::LinkStatus;

pub(crate) fn themed<'a, State>(
    size: (f32, f32),
    state: State,
    panel: impl FnMut(&mut egui::Ui, &mut State) + 'a,
) -> Harness<'a, State> {
    scaled(TypeScale::default(), size, state, panel)
}

pub(crate) fn scaled<'a, State>(
    scale: TypeScale,
    size: (f32, f32),
    state: State,
    mut panel: impl FnMut(&mut egui::Ui, &mut State) + 'a,
) -> Harness<'a, State> {
    let mut dressed = false;
    Harness::builder().with_size(Vec2::from(size)).build_ui_state(
        move |ui, state| {
            if !std::mem::replace(&mut dressed, true) {
                theme::apply(ui.ctx(), &scale, ThemeName::Dark);
                ui.ctx().request_discard("themed");
            }
            panel(ui, state);
        },
        state,
    )
}

pub(crate) fn badge(tone: Tone) -> BadgeView {
    BadgeView {
        status: match tone {
            Tone::Live => LinkStatus::Connected,
            Tone::CatchingUp | Tone::Waiting => LinkStatus::Connecting,
            Tone::Offline => LinkStatus::Error,
        },
        tone,
        attempt: 0,
        max_attempts: 5,
        retry_in_secs: None,
        reason: None,
        stream_only: false,
        proven_secs: Some(4.2),
        changes_per_second: 48.0,
        sources: SourceTally {
            all: 3,
            kept: 3,
            polled: 0,
        },
        lost: None,
        popover_open: false,
    }
}

#[test]
fn the_badge_shows_each_state_in_words() {
    let waiting = BadgeView {
        attempt: 2,
        retry_in_secs: Some(3.4),
        ..badge(Tone::Waiting)
    };
    let offline = BadgeView {
        reason: Some("the server refused the key".to_owned()),
        ..badge(Tone::Offline)
    };
    let cases = [
        (
            badge(Tone::Live),
            "Connection: Live, proven 4 s ago, 3 sources · 48 changes/s",
        ),
        (
            badge(Tone::CatchingUp),
            "Connection: Catching up…, checking the tables, 48 changes/s",
        ),
        (badge(Tone::Waiting), "Connection: Connecting…, first attempt"),
        (waiting, "Connection: Connecting…, next attempt in 4 s, attempt 2 of 5"),
        (offline, "Connection: Offline, the server refused the key"),
    ];
    for (view, label) in cases {
        let look = LinkLook::of(view.tone, theme::inks(ThemeName::Dark));
        let mut harness = themed((600.0, 80.0), (), |ui, ()| {
            badge_ui(ui, &view, &look);
        });
        harness.step();
        let node = harness.get_by(|node| node.role() == Role::Button);
        assert_eq!(node.accesskit_node().label().as_deref(), Some(label));
    }
}

#[test]
fn toasts_are_capped_folded_and_removed_by_a_click() {
    let mut toasts = Toasts::default();
    for attempt in 1..=3 {
        let text = format!("Retrying in 5 s ({attempt} of 5)");
        toasts.push(&Notice::new(NoticeKind::Retrying, text), 0.0);
    }
    for kind in [
        NoticeKind::AuditFailed,
        NoticeKind::Drift,
        NoticeKind::WallFull,
        NoticeKind::TooManyRows,
        NoticeKind::GpuReplaced,
        NoticeKind::NetworkStopped,
    ] {
        toasts.push(&Notice::new(kind, kind.code()), 0.0);
    }
    toasts.push(&Notice::new(NoticeKind::Refused, "No access"), 0.0);
    let mut harness = themed((420.0, 500.0), (toasts, Vec::new()), |ui, (toasts, actions)| {
        toasts_ui(ui, toasts, 1.0, None, actions);
    });
    harness.run_steps(2);
    let labels: Vec<_> = harness
        .query_all(By::new().role(Role::Button))
        .filter_map(|node| node.accesskit_node().label())
        .collect();
    assert_eq!(labels.len(), Toasts::MOST_SHOWN, "{labels:?}");
    assert_eq!(
        labels.first().map(String::as_str),
        Some("Error: No access"),
        "newest on top"
    );
    harness.get_by_label("Warning: too_many_rows").click();
    harness.run_steps(2);
    assert!(matches!(harness.state().1.as_slice(), [Action::Dismiss(_)]));
}

#[test]
fn a_toast_does_not_repeat_the_reason_that_stands_over_the_scene() {
    let reason =
        "the server did not open a WebSocket (HTTP 503: Error connecting to Realtime); gave up after 2 attempts";
    let shown = |said: Option<&'static str>| {
        let mut toasts = Toasts::default();
        let gave_up = format!("T{}.", &reason[1..]);
        toasts.push(&Notice::new(NoticeKind::GaveUp, gave_up), 0.0);
        toasts.push(&Notice::new(NoticeKind::Drift, "2 rows were corrected"), 0.0);
        let mut harness = themed((420.0, 200.0), Vec::new(), move |ui, actions| {
            toasts_ui(ui, &toasts, 1.0, said, actions);
        });
        harness.run_steps(2);
        harness.query_all(By::new().role(Role::Button)).count()
    };
    assert_eq!(shown(None), 2);
    assert_eq!(shown(Some(reason)), 1);
    assert_eq!(shown(Some("no route to the server")), 2);
}

#[test]
fn repeated_toasts_show_their_count() {
    let mut toasts = Toasts::default();
    for _ in 0..3 {
        let notice = Notice::new(NoticeKind::Drift, "2 rows were corrected");
        toasts.push(&notice, 0.0);
    }
    let mut harness = themed((420.0, 200.0), Vec::new(), move |ui, actions| {
        toasts_ui(ui, &toasts, 1.0, None, actions);
    });
    harness.run_steps(2);
    harness.get_by_label("Warning: 2 rows were corrected ×3");
}

#[test]
fn the_inspector_masks_secrets_and_survives_hostile_rows() {
    let json = serde_json::json!({
        "id": 7,
        "api_key": "sk-very-secret",
        "config": {"a": 1},
        "notes": "x".repeat(1_000_000),
        "bidi": "\u{202E}gnp.exe",
        "nested": {"deep": {"token": "abc-secret"}},
    });
    let record: Record = serde_json::from_value(json).expect("a record");
    let key = RowKey::new(Kind::Task, SourceId::usual(Kind::Task), "7".into());
    let state = StatusReading {
        status: Status::Unmapped,
        word: Some("zombie".into()),
        ..StatusReading::default()
    };
    let mut harness = themed((360.0, 700.0), Vec::new(), move |ui, actions| {
        let view = InspectorView {
            key: &key,
            label: "",
            subtitle: None,
            state: &state,
            progress: Some(f32::NAN),
            error: None,
            table: "tasks".to_owned(),
            why: "unmapped, because `status` is `zombie` (rule: unknown word)".into(),
            details: vec!["waits for the contract".into()],
            record: &record,
            gone: true,
            lost: None,
            history: RowHistory::default(),
            relations: Vec::new(),
            link: None,
            now_ms: 0,
            zone: TimeZone::UTC,
            provenance: "Read from its table at 14:00:05.".to_owned(),
        };
        inspector_ui(ui, &view, &mut Folds::default(), actions);
    });
    harness.run_steps(3);
    let texts: Vec<String> = harness
        .query_all(By::new().role(Role::Label))
        .filter_map(|node| node.accesskit_node().value())
        .collect();
    assert!(
        texts.iter().all(|text| !text.contains("secret") && text.len() < 2_000),
        "{texts:?}"
    );
    for expected in [
        "zombie (unmapped)",
        "unmapped, because `status` is `zombie` (rule: unknown word)",
        "waits for the contract",
    ] {
        assert!(texts.iter().any(|text| text == expected), "{texts:?}");
    }
    assert!(texts.iter().any(|text| text == "�gnp.exe"));
    harness.get_by_label("Close inspector").click();
    harness.run_steps(2);
    assert_eq!(harness.state().as_slice(), [Action::Intent(Intent::Select(None))]);
}

#[test]
fn the_legend_counts_and_names_the_unknown_words() {
    let rows = [LegendRow {
        status: Status::Failed,
        agents: 0,
        work: 12_345,
    }];
    let words = [OpenWord {
        source: SourceId::usual(Kind::Task),
        table: "tasks".to_owned(),
        word: "zombie".to_owned(),
        status: Status::Unmapped,
        rows: 12,
    }];
    let mut harness = themed((500.0, 700.0), Vec::new(), move |ui, actions| {
        let view = LegendView {
            rows: &rows,
            has_runs: false,
            words: &words,
            more_words: 3,
        };
        legend_ui(ui, &view, actions);
    });
    harness.run_steps(2);
    harness.get_by_label("12.3k");
    harness.get_by_label("and 3 more");
    harness.get_by_label("zombie (unmapped): choose a state").click();
    harness.run_steps(3);
    harness.get_by_label("blocked").click();
    harness.run_steps(2);
    let mapped = MappedWord {
        source: SourceId::usual(Kind::Task),
        table: "tasks".to_owned(),
        word: "zombie".to_owned(),
        status: Status::Blocked,
    };
    assert_eq!(harness.state().as_slice(), [Action::Intent(Intent::MapWord(mapped))]);
    harness.state_mut().clear();
    harness.get_by_label("Close legend").click();
    harness.run_steps(2);
    assert_eq!(harness.state().as_slice(), [Action::ToggleLegend]);
}

#[test]
fn an_old_scene_shows_its_age_and_an_empty_one_the_reason() {
    let card = |tone, age_secs, reason: Option<&'static str>, rows| {
        let mut harness = themed((900.0, 500.0), (), move |ui, ()| {
            let view = OverlayView {
                tone,
                staleness: 1.0,
                age_secs,
                reason,
                shown_url: "wss://example.supabase.co/realtime/v1/websocket",
                rows,
                retry_in_secs: None,
            };
            overlay_ui(ui, ui.max_rect(), &view);
        });
        harness.run_steps(2);
        harness
    };
    card(Tone::Waiting, Some(41.0), None, 9).get_by_label("41 s old");
    let offline = card(Tone::Offline, Some(93.0), Some("no route to the server"), 9);
    offline.get_by_label("Offline: data is 1 min 33 s old");
    offline.get_by_label("No route to the server");
    card(Tone::Waiting, None, None, 0).get_by_label("Connecting to example.supabase.co");
    card(Tone::Live, Some(0.0), None, 0).get_by_label_contains("SELECT policy");
    card(Tone::Offline, None, Some("x"), 0).get_by_label("Not connected to example.supabase.co");
    assert_eq!(
        card(Tone::Live, Some(0.0), None, 9)
            .query_all(By::new().role(Role::Label))
            .count(),
        0
    );
}

#[test]
fn keys_close_what_is_open_one_after_the_other() {
    let all = KeyContext {
        palette_open: true,
        finder_open: true,
        log_open: true,
        keys_open: true,
        settings_open: true,
        views_open: true,
        connect_open: true,
        can_connect: true,
        menu_open: false,
        popover_open: true,
        table_open: true,
        selected: true,
        searching: true,
        filtered: true,
        live: true,
    };
    assert_eq!(action(Command::Close, all), Some(Action::TogglePalette));
    let found = KeyContext {
        palette_open: false,
        ..all
    };
    assert_eq!(action(Command::Close, found), Some(Action::ToggleFinder));
    let help = KeyContext {
        finder_open: false,
        ..found
    };
    assert_eq!(action(Command::Close, help), Some(Action::ToggleKeys));
    let settings = KeyContext {
        keys_open: false,
        ..help
    };
    assert_eq!(action(Command::Close, settings), Some(Action::ToggleSettings));
    let views = KeyContext {
        settings_open: false,
        ..settings
    };
    assert_eq!(action(Command::Close, views), Some(Action::ToggleViews));
    let card = KeyContext {
        views_open: false,
        ..views
    };
    assert_eq!(
        action(Command::Close, card),
        Some(Action::Connect(ConnectAction::Close))
    );
    assert_eq!(
        action(Command::ConnectProject, card),
        Some(Action::Connect(ConnectAction::Toggle))
    );
    let kiosk = KeyContext {
        can_connect: false,
        ..card
    };
    assert_eq!(action(Command::ConnectProject, kiosk), None);
    let menu = KeyContext { menu_open: true, ..all };
    assert_eq!(action(Command::Close, menu), None, "the list closes itself");
    let two = KeyContext {
        connect_open: false,
        ..card
    };
    assert_eq!(action(Command::Close, two), Some(Action::ClosePopover));
    let log = KeyContext {
        popover_open: false,
        ..two
    };
    assert_eq!(action(Command::Close, log), Some(Action::ToggleLog));
    let table = KeyContext { log_open: false, ..log };
    assert_eq!(action(Command::Close, table), Some(Action::ToggleTable));
    let one = KeyContext {
        table_open: false,
        ..table
    };
    assert_eq!(action(Command::Close, one), Some(Action::Intent(Intent::Select(None))));
    let searching = KeyContext { selected: false, ..one };
    assert_eq!(action(Command::Close, searching), Some(Action::Find(String::new())));
    let none = KeyContext {
        searching: false,
        ..searching
    };
    assert_eq!(action(Command::Close, none), Some(Action::ShowAllStates));
    assert_eq!(action(Command::ToggleConnection, one), Some(Action::TogglePopover));
    assert_eq!(
        action(Command::Reconnect, one),
        None,
        "a live connection is not dropped by a key"
    );
    let dead = KeyContext { live: false, ..one };
    assert_eq!(
        action(Command::Reconnect, dead),
        Some(Action::Intent(Intent::Reconnect))
    );
    let copies = [Command::CopyId, Command::CopyJson].map(|command| action(command, all));
    assert_eq!(copies, [false, true].map(|as_json| Some(Action::CopyRow { as_json })));
    assert_eq!(action(Command::CopyId, none), None, "nothing is selected");
    assert_eq!(action(Command::ZoomIn, all), None, "the scene's");
}

/// Types signs, then presses keys.
fn press<State>(harness: &mut Harness<'_, State>, signs: &str, keys: &[Key]) {
    harness.run_steps(2);
    for sign in signs.chars() {
        harness.event(egui::Event::Text(sign.to_string()));
        harness.run_steps(1);
    }
    for key in keys {
        harness.key_press(*key);
        harness.run_steps(2);
    }
}

/// The palette after these signs and keys: the actions, and what it shows.
fn palette(signs: &str, keys: &[Key]) -> (Vec<Action>, Palette) {
    let state = (Palette::default(), Vec::new());
    let mut harness = themed((600.0, 500.0), state, |ui, (palette, actions)| {
        palette_ui(ui, palette, actions);
    });
    press(&mut harness, signs, keys);
    let (palette, actions) = harness.into_state();
    (actions, palette)
}

#[test]
fn the_palette_runs_what_is_typed_or_chosen_by_keys() {
    let ran = |command: Command| vec![Action::TogglePalette, Action::Run(command)];
    assert_eq!(palette("recon", &[Key::Enter]).0, ran(Command::Reconnect));
    assert_eq!(
        palette("block", &[Key::ArrowDown, Key::ArrowDown, Key::Enter]).0,
        ran(Command::PreviousBlock)
    );
    let (actions, shown) = palette("no such thing", &[Key::Enter]);
    assert_eq!((actions, shown.typed.as_str()), (Vec::new(), "no such thing"));
    assert_eq!(palette("", &[Key::Escape]).0, [Action::TogglePalette]);
    let (_, far) = palette("", &[Key::ArrowUp]);
    assert_eq!(far.at, 0, "it does not go around");
}

/// The finder after these signs and keys, while it shows these rows: the actions, and what was typed.
fn finder(signs: &str, keys: &[Key], rows: &[FoundRow]) -> (Vec<Action>, Finder) {
    looking_finder(signs, keys, rows, None)
}

/// As `finder`, while so much of the rows has been looked at.
fn looking_finder(signs: &str, keys: &[Key], rows: &[FoundRow], progress: Option<f32>) -> (Vec<Action>, Finder) {
    let state = (Finder::default(), Vec::new());
    let mut vocabulary = query::Vocabulary::default();
    vocabulary.add_column("retries");
    let mut harness = themed((700.0, 500.0), state, |ui, (finder, actions)| {
        let view = FinderView {
            rows,
            count: Some(rows.len()),
            progress,
            ..FinderView::default()
        };
        let complete = |text: &str, cursor: usize| query::complete(text, cursor, &vocabulary);
        finder_ui(ui, finder, &view, &complete, actions);
    });
    press(&mut harness, signs, keys);
    let (finder, actions) = harness.into_state();
    (actions, finder)
}

#[test]
fn the_finder_asks_while_typing_completes_and_inspects() {
    let key = |id: &str| RowKey::new(Kind::Task, SourceId::usual(Kind::Task), id.into());
    let row = |id: &str| FoundRow {
        key: key(id),
        label: format!("Task {id}"),
        status: Status::Failed,
        place: "Payroll".into(),
        age: "2 min".into(),
    };
    let rows = [row("a"), row("b"), row("c")];
    let inspected = |id: &str| [Action::Inspect(key(id)), Action::CloseFinder];
    let (actions, _) = finder("in", &[Key::Enter], &rows);
    let asked = ["i", "in"].map(|text| Action::Find(text.into()));
    assert_eq!(actions, [&asked[..], &inspected("a")].concat());
    let (actions, shown) = finder("", &[Key::ArrowDown, Key::ArrowDown, Key::ArrowUp, Key::Enter], &rows);
    let shows = ["b", "c", "b"].map(|id| Action::Intent(Intent::Focus(key(id))));
    assert_eq!(actions, [&shows[..], &inspected("b")].concat());
    assert_eq!(shown.at, 1);
    let (actions, shown) = finder("retr", &[Key::Tab], &[]);
    assert_eq!(shown.typed, "retries:");
    assert_eq!(actions.last(), Some(&Action::Find("retries:".into())));
    let (actions, _) = looking_finder("in", &[Key::Enter], &rows, Some(0.3));
    assert_eq!(actions, asked, "the rows of the text before are not chosen");
    let ends = [Action::Find(String::new()), Action::CloseFinder];
    assert_eq!(finder("", &[Key::Escape], &rows).0, ends);
}

#[test]
fn the_event_log_shows_what_matters_and_pauses() {
    use journal::{Bounds, Journal, Origin, Rules, Seen};

    let mut journal = Journal::new(Bounds::default(), Rules::new(model::is_masked, journal::is_routine), 0);
    let record = Record::default();
    let key = |id: &str| RowKey::new(Kind::Task, SourceId::usual(Kind::Task), id.into());
    let note = |journal: &mut Journal, at_ms: i64, id: &str, status: Status| {
        let label = format!("Task {id}");
        let seen = Seen {
            record: &record,
            label: &label,
            status,
        };
        journal.row(at_ms, Origin::Live, &key(id), None, Some(seen));
    };
    note(&mut journal, 1_000, "a", Status::Queued);
    note(&mut journal, 2_000, "b", Status::Failed);
    let state = (Log::default(), journal, Vec::new());
    let mut harness = themed((640.0, 400.0), state, |ui, (log, journal, actions)| {
        let context = LogContext {
            time_of: &|ms| format!("{ms} ms"),
            now_ms: 60_000,
            row_of: &|_, _| {},
            is_over: &|| false,
        };
        log_ui(ui, log, journal, context, 300.0, actions);
    });
    harness.run_steps(2);
    harness.get_by_label("1000 ms task Task a: new, queued");
    harness.get_by_label("Pause").click();
    harness.run_steps(2);
    note(&mut harness.state_mut().1, 3_000, "c", Status::Failed);
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Task c").is_none(), "it is paused");
    harness.get_by_label("Go on").click();
    harness.run_steps(2);
    harness.get_by_label("3000 ms task Task c: new, failed");
    harness.get_by_label("failures").click();
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Task a").is_none(), "it did not fail");
    harness.get_by_label_contains("3 since you last looked, 2 of them trouble");
    harness.get_by_label("all").click();
    harness.state_mut().0.text = "label:b or state:queued".to_owned();
    harness.run_steps(2);
    assert!(
        harness.query_by_label_contains("Task c").is_none(),
        "the query does not match it"
    );
    harness.get_by_label("1000 ms task Task a: new, queued");
    harness.state_mut().0.text = "state:".to_owned();
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Task a").is_none(), "that is no query");
    harness.state_mut().0.text.clear();
    harness.run_steps(2);
    harness.get_by_label("2000 ms task Task b: new, failed").click();
    harness.run_steps(2);
    assert_eq!(harness.state().2, [Action::Inspect(key("b"))]);
}
