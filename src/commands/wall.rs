//! `opswall wall` and `opswall demo`: the wall, on a display or without one.

use std::{net::Ipv4Addr, path::PathBuf, process::ExitCode, sync::Arc};

use bevy::prelude::AppExit;

use super::{
    Failure,
    demo_feed::{DemoFeed, RunningDemo},
    prove::prove,
};
use crate::{
    connection::{ConnectionPlugin, Found, ProjectSetup},
    editor::FollowedSettings,
    third_party,
    ui::connect::ConnectCard,
    views::ViewsPlugin,
    wall::{
        self, Picture, RememberPlugin, WallOptions,
        canvas::{self, Canvas},
    },
};
use client::{discover::discover, probe};
use demo::TableId;
use model::Kind;
use settings::{FeedSettings, Settings, StartedWith};

/// The picture that is written to the working directory where there is no display.
const KEPT_PICTURE: &str = "opswall.png";
/// The size of that picture.
const KEPT_SIZE: (u32, u32) = (1920, 1080);

/// The source of the wall's rows: a project, or a demo feed, which runs until this is dropped.
pub(super) struct Source {
    /// How the feed is connected to.
    pub(super) feed: FeedSettings,
    /// The demo feed, where it is the source.
    pub(super) demo: Option<RunningDemo>,
    /// Nothing is configured, so that a project is offered to be connected.
    pub(super) is_offered: bool,
}

/// Runs the wall until its window is closed. With `demo` it shows the demo feed; without, the configured project, or the
/// demo feed if there is none.
///
/// # Errors
/// When the settings cannot be used or a thread cannot be started.
pub(super) fn run(started_with: StartedWith, demo: Option<DemoFeed>) -> Result<ExitCode, Failure> {
    let followed = FollowedSettings::start(started_with)?;
    let settings = &followed.settings().clone();
    let source = source(settings, demo)?;
    let (canvas, picture) = if canvas::display_answers() {
        (
            Canvas::Window {
                fullscreen: settings.wall.kiosk,
            },
            Picture::None,
        )
    } else {
        eprintln!(
            "opswall: no display found (DISPLAY, WAYLAND_DISPLAY); drawing without a window into {KEPT_PICTURE}, which is \
             rewritten every 5 s"
        );
        (
            Canvas::offscreen(KEPT_SIZE.into()),
            Picture::Kept(PathBuf::from(KEPT_PICTURE)),
        )
    };
    show(settings, Some(followed), source, canvas, picture)
}

/// Starts the demo feed if it is to be shown.
pub(super) fn source(settings: &Settings, demo: Option<DemoFeed>) -> Result<Source, Failure> {
    let is_offered = demo.is_none();
    let demo = demo.or_else(|| (!settings.has_project()).then(DemoFeed::default));
    let Some(demo) = demo else {
        return Ok(Source {
            feed: settings.feed()?,
            demo: None,
            is_offered: false,
        });
    };
    let has_runs = demo.options.runs;
    let demo = demo.start((Ipv4Addr::LOCALHOST, 0).into())?;
    if let Some(words) = demo.fixture() {
        eprintln!("{words}");
        let feed = settings.rehearsal_feed(&demo.url(), "demo")?;
        return Ok(Source {
            feed,
            demo: Some(demo),
            is_offered: false,
        });
    }
    let mut feed = settings.demo_feed(&demo.url(), "demo")?;
    if has_runs && !feed.mapping.follows(Kind::Run) {
        Arc::make_mut(&mut feed.mapping).follow_runs(TableId::Runs.name());
    }
    Ok(Source {
        feed,
        demo: Some(demo),
        is_offered,
    })
}

/// Builds the app around a source, runs it, and returns its exit code. `followed`: the settings may change meanwhile.
pub(super) fn show(
    settings: &Settings,
    followed: Option<FollowedSettings>,
    source: Source,
    canvas: Canvas,
    picture: Picture,
) -> Result<ExitCode, Failure> {
    let Source { feed, demo, is_offered } = source;
    let mapping = feed.mapping.clone();
    // The view is remembered only where an operator can change it: not on a kiosk, and not without a window.
    let name = demo.as_ref().map_or_else(|| feed.shown_url(), |_| "demo".to_owned());
    let views = ViewsPlugin {
        path: settings.keep_in.as_ref().map(|keeper| keeper.path.clone()),
        feed: name.clone(),
        first: settings.view.clone(),
    };
    let has_operator = matches!(canvas, Canvas::Window { .. }) && !settings.wall.kiosk;
    let remember = settings
        .keep_in
        .as_ref()
        .filter(|_| has_operator)
        .map(|keeper| RememberPlugin {
            path: keeper.path.clone(),
            feed: name,
        });
    let is_demo = demo.is_some();
    let mut connection = ConnectionPlugin::start(feed, is_demo, settings.keep_in.clone())
        .map_err(|error| Failure::Running(error.to_string()))?;
    if let Some(demo) = demo {
        connection = connection.keeping(Box::new(demo));
    }
    third_party::bevy_gpu::report_missing_driver();
    let mut app = wall::build(WallOptions {
        canvas,
        connection,
        mapping,
        picture,
        settings: settings.wall,
        verbose: settings.verbose,
        notices: settings.notices.clone(),
    });
    app.add_plugins(views);
    if let Some(followed) = followed {
        followed.add_to(&mut app);
    }
    if let Some(remember) = remember {
        app.add_plugins(remember);
    }
    if has_operator {
        app.insert_resource(ProjectSetup {
            settings: settings.clone(),
            look: Arc::new(look),
        })
        .insert_resource(ConnectCard::offered(is_offered && is_demo));
    }
    let exit = app.run();
    Ok(match exit {
        AppExit::Success => ExitCode::SUCCESS,
        AppExit::Error(code) => ExitCode::from(code.get()),
    })
}

/// Looks at the tables of a project with the key alone. The error is one sentence.
fn look(feed: &FeedSettings) -> Result<Found, String> {
    let Some(find) = &feed.find_sources else {
        return Err("the settings name the tables already; change them in opswall.toml".to_owned());
    };
    let secure = feed.rest_url.as_ref().is_none_or(|url| url.scheme() == "https");
    let tls = probe::client_config(secure)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the network cannot be started ({error}); free some memory"))?;
    let found = runtime.block_on(discover(feed, find, &tls, None));
    // Name look-ups cannot be cancelled: they are not waited for.
    runtime.shutdown_background();
    let mut discovery = found.map_err(|error| error.to_string())?;
    if discovery.proposal.sources.is_empty() {
        return Err(discovery.nothing());
    }
    let unproven = prove(feed, &mut discovery).map_err(|failure| failure.to_string())?;
    Ok(Found {
        tables: discovery.tables,
        proposal: discovery.proposal,
        unproven,
        role: discovery.role,
    })
}
