//! Pictures of the panels in each of their states, drawn without a window: that each state looks its own, and files to
//! look at (`cargo test --test wall -- --ignored ui_gallery`, then `target/tmp/gallery/`, or the folder `OPSWALL_PICTURES`).

use std::{path::PathBuf, sync::mpsc, time::Duration};

use bevy::{
    app::PluginsState,
    camera::RenderTarget,
    log::LogPlugin,
    prelude::*,
    render::{
        RenderPlugin,
        render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages},
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
    time::TimeUpdateStrategy,
    window::ExitCondition,
    winit::WinitPlugin,
};
use model::{Backoff, Change, Kind, Level, Mapping, Notice, NoticeKind, Op, Record, RowKey, SourceId, Status};
use opswall::{
    connection::{self, ConnectionView},
    editor::SettingsView,
    fleet, frame,
    messages::{self, Noticed, RowChanged},
    scene::selection::Selection,
    ui::{self, Panels, TypeScale, settings::SettingsPanel},
};
use realtime::{Attempt, LinkEvent, LinkStatus, Resync, SourceReport, SourceState, StatusReport};
use settings::{Env, SettingsArgs, SettingsEditor, SourceKinds, StartedWith};

struct Gallery {
    app: App,
    image: Handle<Image>,
}

impl Gallery {
    fn new(width: u32, height: u32) -> Self {
        let mut app = App::new();
        app.add_plugins(
            DefaultPlugins
                .set(WindowPlugin {
                    primary_window: None,
                    exit_condition: ExitCondition::DontExit,
                    ..default()
                })
                .set(RenderPlugin {
                    synchronous_pipeline_compilation: true,
                    ..default()
                })
                .disable::<WinitPlugin>()
                .disable::<LogPlugin>(),
        )
        .add_plugins((
            frame::plugin,
            messages::plugin,
            connection::rates,
            fleet::plugin,
            ui::plugin,
        ))
        .insert_resource(fleet::FleetMapping(std::sync::Arc::default()))
        .init_resource::<ConnectionView>()
        .add_message::<connection::Follow>()
        .init_resource::<Selection>()
        .insert_resource(ClearColor(opswall::scene::palette::palette(default()).ground))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(100)));
        let mut image = Image::new_fill(
            Extent3d {
                width,
                height,
                depth_or_array_layers: 1,
            },
            TextureDimension::D2,
            &[0; 4],
            TextureFormat::Rgba8UnormSrgb,
            Default::default(),
        );
        image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
        let image = app.world_mut().resource_mut::<Assets<Image>>().add(image);
        app.world_mut()
            .spawn((Camera2d, RenderTarget::Image(image.clone().into()), Msaa::Off));
        while app.plugins_state() == PluginsState::Adding {
            bevy::tasks::tick_global_task_pools_on_main_thread();
        }
        app.finish();
        app.cleanup();
        let mut gallery = Self { app, image };
        gallery.run(3);
        gallery
    }

    fn run(&mut self, frames: u32) {
        for _ in 0..frames {
            self.app.update();
        }
    }

    fn now(&self) -> f64 {
        self.app.world().resource::<Time<Real>>().elapsed_secs_f64()
    }

    fn connection(&mut self, change: impl FnOnce(&mut ConnectionView, f64)) {
        let now = self.now();
        change(&mut self.app.world_mut().resource_mut::<ConnectionView>(), now);
    }

    fn panels(&mut self, change: impl FnOnce(&mut Panels)) {
        change(&mut self.app.world_mut().resource_mut::<Panels>());
    }

    fn notice(&mut self, kind: NoticeKind, text: &str) {
        self.app.world_mut().write_message(Noticed(Notice::new(kind, text)));
    }

    /// Fills the fleet with rows in all states.
    fn fill(&mut self, tasks: usize) {
        const WORDS: [&str; 12] = [
            "running",
            "running",
            "queued",
            "queued",
            "queued",
            "done",
            "done",
            "blocked",
            "failed",
            "waiting",
            "cancelled",
            "quarantined",
        ];
        let mut rows = Vec::new();
        for n in 0..tasks {
            let word = WORDS[n % WORDS.len()];
            rows.push((
                Kind::Task,
                serde_json::json!({
                    "id": n, "title": format!("Reconcile invoices batch {n}"), "status": word, "progress": 0.4,
                    "api_key": "sk-live-123", "created_at": "2026-11-23T12:00:00+00:00", "priority": "high",
                    "metadata": {"region": "eu-central-1", "retries": 2, "tags": ["nightly", "finance"]},
                    "description": "Match open invoices against bank statements and flag the ones that do not add up.",
                    "assigned_to": null,
                }),
            ));
        }
        for n in 0..40 {
            let word = ["busy", "idle", "busy", "offline"][n % 4];
            rows.push((
                Kind::Agent,
                serde_json::json!({"id": n, "name": format!("agent {n}"), "status": word}),
            ));
        }
        for n in 0..12 {
            rows.push((
                Kind::Workflow,
                serde_json::json!({"id": n, "name": format!("flow {n}"), "status": "running"}),
            ));
        }
        for (kind, json) in rows {
            let id = json["id"].to_string();
            let record: Record = serde_json::from_value(json).expect("a record");
            self.app.world_mut().write_message(RowChanged(Change {
                key: RowKey::new(kind, SourceId::usual(kind), id.as_str().into()),
                op: Op::Insert,
                record,
                committed_ms: None,
            }));
        }
        self.run(3);
    }

    fn live(&mut self) {
        self.connection(|connection, now| {
            connection.report = StatusReport {
                status: LinkStatus::Connected,
                max_attempts: 5,
                ..default()
            };
            connection.since = now - 247.0;
            connection.last_live = Some(now);
            connection.shown_url = "wss://abcdefghij.supabase.co/realtime/v1/websocket".to_owned();
            connection.kinds = SourceKinds::of(&Mapping::default());
            connection.sources = [40, 400, 12]
                .map(|rows| SourceReport {
                    state: SourceState::Followed,
                    rows,
                    ..default()
                })
                .to_vec();
            connection.link.heartbeat_rtt_ms = Some(23);
            connection.link.changes = 11_912;
            connection.link.bytes = 8_412_000;
            connection.link.connects = 3;
            connection.link.history = vec![
                Attempt {
                    started_ms: 100,
                    live_ms: Some(900),
                    ended_ms: Some(2_000),
                    reason: Some("the server closed the socket (1006)".to_owned()),
                },
                Attempt {
                    started_ms: 5_000,
                    live_ms: None,
                    ended_ms: Some(5_100),
                    reason: Some("connection refused".to_owned()),
                },
                Attempt {
                    started_ms: 11_000,
                    live_ms: Some(11_400),
                    ended_ms: None,
                    reason: None,
                },
            ];
        });
    }

    fn pace(&mut self) {
        for second in 0..62_u32 {
            let rate =
                20 + (f64::from(second) * 0.35).sin().mul_add(18.0, 5.0) as u64 + u64::from(second % 7 == 0) * 30;
            self.connection(|connection, now| {
                connection.link.changes += rate;
                connection.last_live = Some(now);
            });
            self.run(10);
        }
    }

    /// The present picture.
    fn shoot(&mut self) -> Image {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.app
            .world_mut()
            .spawn(Screenshot::image(self.image.clone()))
            .observe(move |captured: On<ScreenshotCaptured>| {
                let _ = sender.try_send(captured.image.clone());
            });
        for _ in 0..200 {
            self.app.update();
            if let Ok(image) = receiver.try_recv() {
                return image;
            }
        }
        panic!("no picture within 200 frames");
    }

    fn keep(&mut self, name: &str) -> Image {
        let image = self.shoot();
        let folder = std::env::var_os("OPSWALL_PICTURES").map_or_else(
            || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gallery"),
            PathBuf::from,
        );
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let picture = image.clone().try_into_dynamic().expect("a picture");
        picture
            .to_rgb8()
            .save(folder.join(format!("{name}.png")))
            .expect("written");
        image
    }
}

/// Puts every source into this state.
fn set_states(connection: &mut ConnectionView, state: SourceState) {
    for source in &mut connection.sources {
        source.state = state;
    }
}

fn lost(connection: &mut ConnectionView, now: f64) {
    connection.report = StatusReport {
        status: LinkStatus::Disconnected,
        attempt: 2,
        max_attempts: 5,
        retry_in_ms: Some(6_000),
        reason: Some("the server closed the socket (1006)".to_owned()),
        ..default()
    };
    connection.since = now - 1.0;
    connection.last_live = Some(now - 41.0);
    set_states(connection, SourceState::Closed);
}

fn gave_up(connection: &mut ConnectionView, now: f64) {
    connection.report = StatusReport {
        status: LinkStatus::Error,
        attempt: 5,
        max_attempts: 5,
        reason: Some("connection refused by abcdefghij.supabase.co:443; gave up after 5 attempts".to_owned()),
        ..default()
    };
    connection.since = now - 30.0;
    connection.last_live = Some(now - 134.0);
}

fn catching_up(connection: &mut ConnectionView, now: f64) {
    connection.report = StatusReport {
        status: LinkStatus::Connecting,
        catching_up: true,
        max_attempts: 5,
        reason: Some(
            "catching up: during the burst the server may have dropped changes; the tables are read until they match"
                .to_owned(),
        ),
        ..default()
    };
    connection.since = now - 12.0;
    connection.reported = now;
    connection.last_live = Some(now);
}

fn refused(connection: &mut ConnectionView, now: f64) {
    connection.report = StatusReport {
        status: LinkStatus::Error,
        attempt: 1,
        retry_in_ms: Some(252_000),
        reason: Some(
            "public.tasks does not exist or is not published; create it or run \"alter publication supabase_realtime add table public.tasks\", then reconnect"
                .to_owned(),
        ),
        ..default()
    };
    connection.since = now - 48.0;
    connection.reported = now;
    connection.last_live = None;
    set_states(connection, SourceState::Refused);
}

/// Twenty events, some of them long, and all other facts of the popover.
fn eventful(connection: &mut ConnectionView, now: f64) {
    let at = |secs: f64| ((now - secs).max(0.0) * 1e3) as u64;
    let texts = [
        (Level::Info, 1, "Live: 40 agents, 400 tasks, 12 workflows."),
        (
            Level::Warn,
            1,
            "public.workflows is followed by the stream alone, its rows show up when they change: the server refuses to read it (HTTP 403: permission denied for table workflows).",
        ),
        (Level::Info, 7, "The session token was renewed."),
        (
            Level::Warn,
            1,
            "Connection lost (the server closed the connection, 1006).",
        ),
        (
            Level::Warn,
            3,
            "Not connected (connection refused by abcdefghij.supabase.co:443). Retrying in 12 s (3 of 5).",
        ),
        (
            Level::Error,
            1,
            "Connection refused by abcdefghij.supabase.co:443; gave up after 5 attempts: check the address and that the server runs, then reconnect.",
        ),
        (Level::Info, 1, "Live again after 41 s; 12 rows changed meanwhile."),
        (
            Level::Info,
            1,
            "Caught up after a burst of 6,412 changes: all tables match the database.",
        ),
        (Level::Warn, 1, "An audit corrected 4 rows whose changes never arrived."),
        (
            Level::Info,
            1,
            "This machine was suspended for 8 h 12 min; reconnecting.",
        ),
    ];
    connection.link.events = (0..20_u32)
        .map(|slot| {
            let (level, times, text) = texts[slot as usize % texts.len()];
            LinkEvent {
                at_ms: at(f64::from(20 - slot) * 2.7),
                level,
                text: text.to_owned(),
                times,
            }
        })
        .collect();
    let link = &mut connection.link;
    link.round_trips_ms = (0..60_u64)
        .map(|beat| 21 + beat * beat % 17 + u64::from(beat == 37) * 60)
        .collect();
    link.joins = 3;
    link.last_resync = Some(Resync {
        at_ms: at(30.0),
        took_ms: 1_240,
        why: "gap",
        added: 3,
        changed: 12,
        removed: 1,
    });
    link.last_audit = Some((at(12.0), true));
    link.last_drift = Some((at(55.0), 4));
    link.coalesced = 1_204;
    connection.sources[2].state = SourceState::StreamOnly;
    link.token_expires_ms = Some(jiff::Timestamp::now().as_millisecond() + 43 * 60_000);
    connection.signed_in = true;
}

#[test]
#[ignore = "draws the pictures that a person looks at"]
fn pictures_of_every_state() {
    let mut wall = Gallery::new(1280, 720);
    wall.connection(|connection, _| {
        connection.shown_url = "wss://abcdefghij.supabase.co/realtime/v1/websocket".to_owned()
    });
    wall.run(10);
    wall.keep("01_first_contact");
    wall.connection(|connection, now| {
        gave_up(connection, now);
        connection.last_live = None;
    });
    wall.run(15);
    wall.keep("02_never_reached");
    wall.live();
    wall.run(15);
    wall.keep("03_no_rows");
    wall.fill(400);
    wall.pace();
    wall.connection(|connection, _| connection.demo = true);
    wall.notice(NoticeKind::Connected, "Connected: 40 agents, 400 tasks, 12 workflows");
    wall.run(5);
    wall.keep("04_live_demo");
    wall.panels(|panels| panels.popover_open = true);
    wall.run(5);
    wall.keep("05_popover_720");
    wall.panels(|panels| panels.popover_open = false);
    wall.connection(lost);
    wall.notice(
        NoticeKind::Lost,
        "Connection lost (the server closed the connection, 1006).",
    );
    wall.notice(NoticeKind::Retrying, "Retrying in 3 s (1 of 5).");
    wall.notice(NoticeKind::Drift, "2 rows had drifted and were corrected; a long notice wraps over more than one line so that it can be read whole");
    wall.run(1);
    wall.keep("06_blending");
    wall.run(10);
    wall.keep("07_waiting");
    wall.notice(
        NoticeKind::Retrying,
        "Not connected (connection refused). Retrying in 6 s (2 of 5).",
    );
    wall.connection(gave_up);
    wall.notice(
        NoticeKind::GaveUp,
        "Connection refused by abcdefghij.supabase.co:443; gave up after 5 attempts.",
    );
    wall.run(12);
    wall.keep("08_offline");
    wall.live();
    wall.connection(|connection, _| connection.demo = false);
    let row = wall.app.world().resource::<fleet::FleetIndex>().get(&RowKey::new(
        Kind::Task,
        SourceId::usual(Kind::Task),
        "8".into(),
    ));
    wall.app.world_mut().resource_mut::<Selection>().selected = row;
    wall.run(15);
    wall.keep("09_inspector");
    wall.panels(|panels| panels.keys_open = true);
    wall.run(5);
    wall.keep("10_keys");
}

#[test]
#[ignore = "draws the pictures that a person looks at"]
fn pictures_of_a_large_screen() {
    let mut large = Gallery::new(1920, 1080);
    large.live();
    large.fill(2_000);
    large.pace();
    large.panels(|panels| panels.popover_open = true);
    large.connection(|connection, _| {
        connection.backoff = Backoff {
            jitter: 0.2,
            max_attempts: 0,
            ..default()
        }
    });
    large.run(5);
    large.keep("11_popover_1080_endless");
    large.panels(|panels| panels.popover_open = false);
    large
        .app
        .insert_resource(TypeScale::for_wall(55.0, 4.0, [1920.0, 1080.0], 1.0));
    large.run(5);
    large.keep("12_wall_55in_4m");
    large.panels(|panels| panels.popover_open = true);
    large.connection(eventful);
    large.run(5);
    large.keep("13_wall_popover");
    large.panels(|panels| panels.popover_open = false);
    large.connection(gave_up);
    large.run(15);
    large.keep("14_wall_offline");
}

#[test]
#[ignore = "draws the pictures that a person looks at"]
fn pictures_of_the_connection() {
    let mut desk = Gallery::new(1280, 720);
    desk.live();
    desk.fill(400);
    desk.pace();
    desk.connection(catching_up);
    desk.run(15);
    desk.keep("15_catching_up");
    desk.panels(|panels| panels.popover_open = true);
    desk.connection(eventful);
    desk.connection(|connection, _| connection.sources[0].state = SourceState::Polled);
    desk.run(5);
    desk.keep("16_popover_catching_up");
    desk.live();
    desk.connection(|connection, _| {
        connection.link.token_expires_ms = Some(jiff::Timestamp::now().as_millisecond() + 4 * 60_000);
        connection.link.malformed = 2;
    });
    desk.notice(
        NoticeKind::TokenEnds,
        "The session token cannot be renewed and ends in 4 min 0 s: the account was refused (invalid_grant); sign in again.",
    );
    desk.run(15);
    desk.keep("17_token_ending");
    desk.connection(refused);
    desk.run(15);
    desk.keep("18_refused_looks_again");
    desk.panels(|panels| panels.popover_open = false);
    desk.run(5);
    desk.keep("19_refused");

    let mut full = Gallery::new(1920, 1080);
    full.live();
    full.fill(2_000);
    full.pace();
    full.connection(eventful);
    full.panels(|panels| panels.popover_open = true);
    full.run(5);
    full.keep("20_popover_1080");
    let mut uhd = Gallery::new(3840, 2160);
    uhd.app
        .insert_resource(TypeScale::for_wall(65.0, 5.0, [3840.0, 2160.0], 1.0));
    uhd.live();
    uhd.fill(400);
    uhd.connection(eventful);
    uhd.panels(|panels| panels.popover_open = true);
    uhd.run(5);
    uhd.keep("21_popover_4k");
    let mut narrow = Gallery::new(800, 600);
    narrow.live();
    narrow.fill(400);
    narrow.connection(eventful);
    narrow.panels(|panels| panels.popover_open = true);
    narrow.run(5);
    narrow.keep("22_popover_narrow");
}

#[test]
#[ignore = "draws the pictures that a person looks at"]
fn pictures_of_the_header() {
    let mut desk = Gallery::new(1920, 1080);
    desk.connection(gave_up);
    desk.connection(|connection, _| connection.last_live = None);
    desk.run(15);
    desk.keep("23_header_unknown");
    desk.live();
    desk.fill(400);
    desk.pace();
    desk.panels(|panels| panels.legend_open = true);
    desk.app
        .world_mut()
        .resource_mut::<messages::StateFilter>()
        .solo(Status::Failed);
    desk.run(15);
    desk.keep("24_header_filtered_legend");
    desk.app.world_mut().resource_mut::<messages::StateFilter>().clear();
    desk.connection(lost);
    desk.run(15);
    desk.keep("25_header_lost");
    for (name, width, height, scale) in [
        ("26_header_800", 800, 600, TypeScale::default()),
        (
            "27_header_4k_4m",
            3840,
            2160,
            TypeScale::for_wall(55.0, 4.0, [3840.0, 2160.0], 1.0),
        ),
    ] {
        let mut wall = Gallery::new(width, height);
        wall.app.insert_resource(scale);
        wall.live();
        wall.fill(4_000);
        wall.pace();
        wall.panels(|panels| panels.legend_open = true);
        wall.notice(
            NoticeKind::Drift,
            "2 rows had drifted and were corrected; a long notice wraps over more than one line so that it can be read whole",
        );
        wall.run(5);
        wall.keep(name);
    }
}

#[test]
#[ignore = "draws the pictures that a person looks at"]
fn pictures_of_the_settings() {
    let mut editor = SettingsEditor::start(StartedWith {
        args: SettingsArgs::default().reconnect_jitter("0.3"),
        env: Env::default(),
    })
    .expect("settings");
    editor.set("quality", "full").expect("a change");
    editor.set("max_reconnect_attempts", "9").expect("a change");
    let why = editor.set("screen_diagonal", "wide").expect_err("no number");
    let view = SettingsView {
        settings: editor.view(),
        has_unsaved: editor.has_unsaved(),
        refused: Some(("screen_diagonal", why.to_string())),
        file: "/home/ops/opswall.toml".to_owned(),
        ..SettingsView::default()
    };
    for (name, width, height, scale) in [
        ("28_settings", 1920, 1080, TypeScale::default()),
        ("29_settings_800", 800, 600, TypeScale::default()),
        (
            "30_settings_4k_4m",
            3840,
            2160,
            TypeScale::for_wall(55.0, 4.0, [3840.0, 2160.0], 1.0),
        ),
    ] {
        let mut wall = Gallery::new(width, height);
        wall.app.insert_resource(scale).insert_resource(view.clone());
        wall.live();
        wall.fill(400);
        wall.panels(|panels| panels.settings = Some(SettingsPanel::default()));
        wall.run(5);
        wall.keep(name);
    }
}
