//! The card that connects a project: entered, looked at, corrected, saved; without Bevy and without a network.

use std::{path::Path, sync::Arc};

use egui::{Key, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{By, NodeT as _, Queryable as _},
};
use model::{
    Kind, SourceMapping, Status,
    discover::{ColumnFacts, Confidence, PassedOver, Proposal, ProposedSource, TableFacts, Way},
};
use opswall::{
    connection::{Found, ProjectSetup},
    ui::connect::{ConnectAction, ConnectCard, Step, connect_ui, offer_ui},
};
use serde_json::json;
use settings::{Env, FeedSettings, Settings, SettingsArgs};

use crate::ui_panels::themed;

const URL: &str = "https://abcdefgh.supabase.co";
const KEY: &str = "sb_publishable_hidden";

fn setup(folder: &Path, found: Result<Found, String>) -> ProjectSetup {
    let env = Env {
        working_dir: folder.to_owned(),
        ..Env::default()
    };
    ProjectSetup {
        settings: Settings::load(&SettingsArgs::default(), &env).expect("settings"),
        look: Arc::new(move |_: &FeedSettings| found.clone()),
    }
}

fn proposed(kind: Kind, table: &str, way: Way) -> (TableFacts, ProposedSource) {
    let rows = ["mothballed", "done", "sync_failed"].iter().enumerate();
    let rows = rows.map(|(at, state)| {
        serde_json::from_value(json!({"id": at, "headline": format!("{table} {at}"), "state": state})).expect("a row")
    });
    let columns = ["id", "headline", "state"].map(|name| ColumnFacts {
        name: name.to_owned(),
        ..ColumnFacts::default()
    });
    let facts = TableFacts {
        schema: "public".to_owned(),
        table: table.to_owned(),
        columns: columns.to_vec(),
        rows: rows.collect(),
        count: Some(1_204),
        ..TableFacts::default()
    };
    let mut mapping = SourceMapping::of(kind);
    mapping.table = table.to_owned();
    mapping.status = vec!["state".to_owned()];
    let source = ProposedSource {
        mapping,
        confidence: Confidence::Likely,
        reason: "named like it".to_owned(),
        roles: Vec::new(),
        unknown_words: Vec::new(),
        way,
    };
    (facts, source)
}

fn found() -> Found {
    let denied = "anon may not read it";
    let (mut tables, sources): (Vec<TableFacts>, _) = [
        proposed(Kind::Agent, "bots", Way::LeftOut(denied.to_owned())),
        proposed(Kind::Task, "jobs", Way::Followed),
    ]
    .into_iter()
    .unzip();
    tables[0].is_denied = true;
    Found {
        unproven: None,
        role: "anon".to_owned(),
        tables,
        proposal: Proposal {
            sources,
            passed_over: vec![PassedOver {
                table: "invoices".to_owned(),
                reason: "nothing of it is a state".to_owned(),
            }],
        },
    }
}

struct State {
    card: ConnectCard,
    setup: ProjectSetup,
    feeds: Vec<FeedSettings>,
    closed: bool,
}

fn card(size: (f32, f32), setup: ProjectSetup) -> Harness<'static, State> {
    let state = State {
        card: ConnectCard::default(),
        setup,
        feeds: Vec::new(),
        closed: false,
    };
    themed(size, state, move |ui, state: &mut State| {
        state.card.poll();
        let mut actions = Vec::new();
        connect_ui(ui, &mut state.card, size.1, &mut actions);
        for action in actions {
            state.closed |= action == ConnectAction::Close;
            state.feeds.extend(state.card.act(action, &state.setup));
        }
    })
}

/// Enters the address and the key by keys alone, and waits for what is found.
fn look(harness: &mut Harness<'_, State>) {
    enter(harness, URL, KEY);
    for _ in 0..200 {
        harness.run_steps(1);
        if !matches!(harness.state().card.step, Step::Looking(_)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    harness.run_steps(3);
}

fn enter(harness: &mut Harness<'_, State>, url: &str, key: &str) {
    harness.get_by_label("URL").focus();
    harness.run_steps(2);
    harness.get_by_label("URL").type_text(url);
    harness.run_steps(2);
    harness.get_by_label("Publishable key").focus();
    harness.run_steps(2);
    harness.get_by_label("Publishable key").type_text(key);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
}

fn texts(harness: &Harness<'_, State>) -> Vec<String> {
    harness
        .query_all(By::new())
        .flat_map(|node| [node.accesskit_node().label(), node.accesskit_node().value()])
        .flatten()
        .collect()
}

#[test]
fn a_project_is_entered_looked_at_corrected_and_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = card((900.0, 1_400.0), setup(folder.path(), Ok(found())));
    harness.run_steps(2);
    look(&mut harness);
    // What cannot be read comes with the statement that mends it; the rest with its rows as they are drawn.
    harness.get_by_label("SQL to let anon read bots");
    harness.get_by_label_contains("grant select on public.bots to anon;\ndrop policy");
    harness.get_by_label("invoices: nothing of it is a state");
    harness.get_by_label("1 source, 1 followed; 2 of 3 sample rows have a state; without one: mothballed");

    harness.get_by_label("mothballed (unmapped): choose a state").click();
    harness.run_steps(3);
    harness.get_by_label("waiting").click();
    harness.run_steps(3);
    harness.get_by_label("waiting (mothballed)");
    harness.get_by_label("1 source, 1 followed; 3 of 3 sample rows have a state");

    harness.get_by_label("Save and connect").click();
    harness.run_steps(3);
    let state = harness.state();
    let feed = state.feeds.first().expect("a feed");
    let sources = feed.mapping.sources();
    assert_eq!((sources.len(), sources[0].table.as_str()), (1, "jobs"));
    assert_eq!(sources[0].words.get("mothballed"), Some(&Status::Waiting));
    assert!(!state.card.is_open && state.card.entry.key.is_empty());

    // The next start reads the same.
    let env = Env {
        working_dir: folder.path().to_owned(),
        ..Env::default()
    };
    let again = Settings::load(&SettingsArgs::default(), &env).expect("settings");
    let feed = again.feed().expect("a project");
    assert!(feed.shown_url().contains("abcdefgh.supabase.co"));
    assert_eq!(
        feed.mapping.sources()[0].words.get("mothballed"),
        Some(&Status::Waiting)
    );
    let text = std::fs::read_to_string(folder.path().join("opswall.toml")).expect("the file");
    assert!(!text.contains(KEY), "the key is in a file of its own");
}

#[test]
fn the_key_is_shown_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = card((700.0, 500.0), setup(folder.path(), Err("no answer".to_owned())));
    harness.run_steps(2);
    look(&mut harness);
    harness.get_by_label("No answer");
    let shown = texts(&harness);
    assert!(shown.iter().all(|text| !text.contains("hidden")), "{shown:?}");
    let debug = format!("{:?} {:?}", harness.state().card, harness.state().setup);
    assert!(!debug.contains("hidden"), "{debug}");
}

#[test]
fn what_cannot_be_a_project_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    for (url, key, part) in [
        ("", KEY, "Enter the project's URL"),
        ("abcdefgh", KEY, "give the project's URL"),
        ("http://example.com", KEY, "http"),
        (URL, "sb_secret_abc", "secret (service_role) key"),
        (URL, "two words", "characters that no key has"),
    ] {
        let mut harness = card((700.0, 500.0), setup(folder.path(), Ok(found())));
        harness.run_steps(2);
        enter(&mut harness, url, key);
        harness.run_steps(2);
        let problem = harness.state().card.problem.clone().unwrap_or_default();
        assert!(problem.contains(part), "{url} {part}: {problem}");
        assert!(matches!(harness.state().card.step, Step::Enter));
        assert!(!problem.contains("sb_secret_abc"), "{problem}");
    }
}

#[test]
fn an_older_file_is_replaced_only_after_a_second_click_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("opswall.toml");
    std::fs::write(&path, "theme = \"light\"\n").expect("written");
    let mut harness = card((900.0, 1_400.0), setup(folder.path(), Ok(found())));
    harness.run_steps(2);
    look(&mut harness);
    harness.get_by_label("Save and connect").click();
    harness.run_steps(3);
    assert!(harness.state().feeds.is_empty());
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "theme = \"light\"\n");
    harness.get_by_label("Replace it and connect").click();
    harness.run_steps(3);
    assert_eq!(harness.state().feeds.len(), 1);
    let old = std::fs::read_to_string(folder.path().join("opswall.toml.old")).expect("kept");
    assert_eq!(old, "theme = \"light\"\n");
    let new = std::fs::read_to_string(&path).expect("there");
    assert!(new.contains("jobs") && new.contains("light"), "{new}");
}

#[test]
fn kinds_and_columns_are_changed_by_a_click_and_a_source_can_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = card((900.0, 1_400.0), setup(folder.path(), Ok(found())));
    harness.run_steps(2);
    look(&mut harness);
    harness.get_by_label("tasks ⏷").click();
    harness.run_steps(3);
    harness.get_by_label("runs").click();
    harness.run_steps(3);
    harness.get_by_label("runs ⏷");
    harness.get_by_label_contains("name: ").click();
    harness.run_steps(3);
    harness.get_by_label("headline").click();
    harness.run_steps(3);
    harness.get_by_label("jobs 0");
    harness.get_by_label("jobs").click();
    harness.run_steps(3);
    harness.get_by_label("0 sources, 0 followed");
    harness.get_by_label("Save and connect").click();
    harness.run_steps(3);
    assert_eq!(
        harness.state().card.problem.as_deref(),
        Some("Choose at least one table.")
    );
}

#[test]
fn the_card_fits_a_narrow_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    for size in [(360.0, 640.0), (540.0, 960.0), (900.0, 500.0)] {
        let mut harness = card(size, setup(folder.path(), Ok(found())));
        harness.run_steps(2);
        look(&mut harness);
        let button = harness.get_by_label("Save and connect").rect();
        assert!(
            button.bottom() <= size.1 && button.right() <= size.0,
            "{size:?}: {button:?}"
        );
        let labels = harness.query_all(By::new().role(Role::Label)).map(|node| node.rect());
        let right = labels.map(|rect| rect.right()).fold(0.0, f32::max);
        assert!(right <= size.0 + 1.0, "{size:?}: {right}");
    }
}

#[test]
fn the_offer_opens_the_card_or_goes() {
    let mut harness = themed((500.0, 300.0), Vec::new(), offer_ui);
    harness.run_steps(2);
    harness.get_by_label("Connect a project…").click();
    harness.run_steps(2);
    harness.get_by_label("Not now").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().as_slice(),
        [ConnectAction::Toggle, ConnectAction::Close]
    );
}
