//! The operator's view is restored after a restart, if the fleet is the same.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use bevy::prelude::*;
use opswall::{
    actions::Command,
    fleet::{self, FleetMapping},
    frame, layout,
    messages::{self, Intent, Synced},
    scene::{
        self,
        camera::{SceneCamera, View, ViewMemory},
    },
    wall::RememberPlugin,
};
use realtime::SyncReport;
use settings::saved_view;

use crate::ties::{feed, task, workflow};

/// Views are saved after a rest; a test waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(20);
const FEED: &str = "https://project.example/rest";

/// A wall with a screen, its rows and the end of its first snapshot.
fn wall(path: Option<&Path>, blocks: usize) -> App {
    on_screen(path, blocks, UVec2::new(1600, 900))
}

fn on_screen(path: Option<&Path>, blocks: usize, physical_size: UVec2) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins,
        bevy::asset::AssetPlugin::default(),
        bevy::window::WindowPlugin::default(),
    ))
    .insert_resource(FleetMapping::default())
    .add_plugins((
        frame::plugin,
        messages::plugin,
        fleet::plugin,
        layout::plugin,
        scene::plugin,
    ));
    if let Some(path) = path {
        app.add_plugins(RememberPlugin {
            path: path.to_owned(),
            feed: FEED.into(),
        });
    }
    app.update();
    let mut cameras = app.world_mut().query_filtered::<&mut Camera, With<SceneCamera>>();
    let mut camera = cameras.single_mut(app.world_mut()).expect("the scene has one camera");
    camera.computed.target_info = Some(bevy::camera::RenderTargetInfo {
        physical_size,
        scale_factor: 1.0,
    });
    // The plan is made for this screen from its first row on.
    app.update();
    let mut rows = Vec::new();
    for w in 0..blocks {
        rows.push(workflow(&format!("w{w}")));
        rows.extend((0..20).map(|n| task(&format!("t{w}-{n}"), "queued", &format!("w{w}"), &[], None)));
    }
    feed(&mut app, rows);
    app.world_mut().write_message(Synced(SyncReport {
        snapshot: 1,
        rows: Vec::new(),
        added: 0,
        changed: 0,
        removed: 0,
        reconcile: false,
    }));
    app.update();
    app.update();
    app
}

fn view(app: &App) -> View {
    *app.world().resource::<View>()
}

fn run(app: &mut App, what: &str, is_done: impl Fn(&App) -> bool) {
    let begun = Instant::now();
    while !is_done(app) {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
        app.update();
    }
}

fn focus(app: &mut App, id: &str) {
    let key = model::RowKey::new(
        model::Kind::Workflow,
        model::SourceId::usual(model::Kind::Workflow),
        id.into(),
    );
    app.world_mut().write_message(Intent::Focus(key));
    app.update();
    run(app, "the camera arrives", |app| {
        let held = app.world().resource::<ViewMemory>().held;
        held.is_some_and(|held| held.center.distance(view(app).center) < 1e-3)
    });
}

#[test]
fn a_view_is_restored_after_a_restart_unless_everything_was_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.toml");
    let kept = || saved_view::load(&path, saved_view::fingerprint(FEED));
    let mut first = wall(Some(&path), 12);
    let everything = view(&first);
    assert!(kept().is_none());
    focus(&mut first, "w7");
    let left = view(&first);
    assert!((everything.world_per_px - 1.0).abs() < 1e-3, "a world unit is a pixel");
    assert!(left.world_per_px < everything.world_per_px * 0.8, "it is closer");
    run(&mut first, "the view is kept", |_| kept().is_some());
    drop(first);

    let mut second = wall(Some(&path), 12);
    let shown = view(&second);
    assert!(shown.center.distance(left.center) < 0.01 && (shown.world_per_px / left.world_per_px - 1.0).abs() < 0.01);
    // A kiosk, or a wall that takes a picture, saves no view.
    assert_eq!(view(&wall(None, 12)), everything);
    // On a very different screen the plan is another one, and everything is shown.
    let other = view(&on_screen(Some(&path), 12, UVec2::new(900, 2_000)));
    assert!(
        (other.world_per_px - 1.0).abs() < 1e-3 && other.center.length() < 1.0,
        "{other:?}"
    );

    second.world_mut().write_message(Command::ShowAll);
    run(&mut second, "it is forgotten", |_| kept().is_none());
    assert_eq!(view(&wall(Some(&path), 12)), everything);
}

#[test]
fn an_empty_view_and_an_invalid_file_show_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.toml");
    let everything = view(&wall(Some(&path), 12));
    let world = wall(None, 12);
    let fleet = world.world().resource::<layout::Extent>().0;
    let feed = saved_view::fingerprint(FEED);
    let nothing = saved_view::SavedView {
        feed,
        camera: saved_view::Camera {
            center: [f64::from(fleet.max.x) * 3.0, 0.0],
            world_per_px: 0.01,
            fleet: [fleet.min.x, fleet.min.y, fleet.max.x, fleet.max.y].map(f64::from),
        },
    };
    saved_view::save(&path, Some(&nothing)).expect("kept");
    assert_eq!(view(&wall(Some(&path), 12)), everything);
    for broken in [
        "\u{0}\u{1}",
        "[view]\ncenter = 'x'",
        "[view]\nfeed = '1'\ncenter = [nan, nan]",
    ] {
        std::fs::write(&path, broken).expect("written");
        assert_eq!(view(&wall(Some(&path), 12)), everything);
    }
}
