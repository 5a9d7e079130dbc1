//! The wall that is measured: the one that a display gets, on the rows of the crowd.

use std::time::{Duration, Instant};

use bevy::prelude::*;

use super::{
    crowd::{self, Crowd, States},
    player::Player,
};
use crate::{
    commands::Failure,
    connection::{ConnectionPlugin, ConnectionView},
    fleet::{Columns, FleetClock, FleetIndex, Touched},
    frame::FrameSystems,
    layout::{MOVE_SECS, Place},
    messages::Backlog,
    wall::{self, Picture, WallOptions, canvas::Canvas},
};
use model::{Kind, RowKey, SourceId};
use realtime::LinkStatus;
use settings::{Env, Settings, SettingsArgs, WallSettings};

/// Frames are played one by one: the canvas's own pace does not matter.
const RATE: f64 = 60.0;
/// All rows are on the wall within this, of each thousand.
const PATIENCE_PER_1000: Duration = Duration::from_millis(300);
const LEAST_PATIENCE: Duration = Duration::from_secs(60);
/// Then what has appeared has grown in, labels are written and the camera is at rest.
const SETTLE: Duration = Duration::from_secs(2);

/// While this is true every mark is in flight: all places change each time that a flight ends, as when the ground is
/// packed anew.
#[derive(Resource, Default)]
struct Stirring {
    is_on: bool,
    last: f64,
    sign: f32,
}

/// A wall that shows all rows of the crowd.
pub(super) fn open(crowd: &Crowd, entities: usize, size: UVec2) -> Result<Player, Failure> {
    let arguments = SettingsArgs::default().url(crowd.url()).key(crowd::KEY);
    // Nothing of this machine's own settings may disturb the measurement, nor may a reading of all rows fall into it.
    let settings = Settings::load(&arguments, &Env::default()).and_then(|settings| settings.feed());
    let mut feed = settings.map_err(|error| Failure::Running(error.to_string()))?;
    feed.reconcile_interval = None;
    feed.audit_interval = None;
    feed.change_limit = None;
    let mapping = feed.mapping.clone();
    let connection = ConnectionPlugin::start(feed, false, None).map_err(|error| Failure::Running(error.to_string()))?;
    let mut app = wall::build(WallOptions {
        canvas: Canvas::Offscreen {
            size,
            frames_per_second: RATE,
        },
        connection,
        mapping,
        picture: Picture::None,
        settings: WallSettings::default(),
        verbose: false,
        notices: Vec::new(),
    });
    app.init_resource::<Stirring>()
        .add_systems(Update, stir.in_set(FrameSystems::Place));
    let mut player = Player::new(app)?;
    fill(&mut player, entities)?;
    Ok(player)
}

/// Plays until every row is there and has come to rest.
fn fill(player: &mut Player, entities: usize) -> Result<(), Failure> {
    let started = Instant::now();
    let patience = LEAST_PATIENCE.max(PATIENCE_PER_1000 * u32::try_from(entities / 1_000).unwrap_or(u32::MAX));
    loop {
        player.frame()?;
        let world = player.app.world();
        let connection = world.resource::<ConnectionView>();
        if connection.report.status == LinkStatus::Connected && world.resource::<Backlog>().waiting == 0 {
            break;
        }
        if started.elapsed() > patience {
            let why = connection.report.reason.as_deref().unwrap_or("no answer");
            return Err(Failure::Running(format!(
                "after {} s the wall has {} rows and is not live: {why}; ask for fewer",
                patience.as_secs(),
                world.resource::<FleetIndex>().len()
            )));
        }
    }
    let rows = player.app.world().resource::<FleetIndex>().len();
    if rows < entities * 9 / 10 {
        return Err(Failure::Running(format!(
            "of {entities} rows {rows} came; run the bench again"
        )));
    }
    player.flat_out(SETTLE)?;
    Ok(())
}

/// Plays until nothing comes in and nothing is placed any more.
pub(super) fn until_rest(player: &mut Player) -> Result<(), Failure> {
    /// Number of consecutive frames in which no row was touched.
    const QUIET_FRAMES: usize = 30;
    let mut quiet = 0;
    until(player, "come to rest although the feed pauses", |world| {
        let is_quiet = world.resource::<Backlog>().waiting == 0 && world.resource::<Touched>().is_empty();
        quiet = if is_quiet { quiet + 1 } else { 0 };
        quiet >= QUIET_FRAMES
    })
}

/// Plays until the wall has exactly these rows in these states.
pub(super) fn until_equal(player: &mut Player, source: &States) -> Result<(), Failure> {
    until(player, "come to show what the feed has", |world| {
        is_equal(world, source)
    })
}

/// Plays until it is so; `what` is what the wall did not do if it never is.
fn until(player: &mut Player, what: &str, mut is_so: impl FnMut(&World) -> bool) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        player.frame()?;
        if is_so(player.app.world()) {
            return Ok(());
        }
        if started.elapsed() > LEAST_PATIENCE {
            return Err(Failure::Running(format!(
                "the wall did not {what}; run the bench again"
            )));
        }
    }
}

fn is_equal(world: &World, source: &States) -> bool {
    let index = world.resource::<FleetIndex>();
    let is_shown = |((kind, id), status): (&(Kind, String), &String)| {
        let row = index.get(&RowKey::new(*kind, SourceId::usual(*kind), id.as_str().into()));
        let columns = row.and_then(|row| world.get::<Columns>(row));
        columns.is_some_and(|columns| {
            columns
                .0
                .get("status")
                .is_some_and(|cell| cell.as_str() == Some(status))
        })
    };
    index.len() == source.len() && source.iter().all(is_shown)
}

/// Sets every mark in flight from now on, or lets them land.
pub(super) fn set_stirring(player: &mut Player, is_on: bool) {
    player.app.world_mut().resource_mut::<Stirring>().is_on = is_on;
}

fn stir(
    mut stirring: ResMut<Stirring>,
    clock: Res<FleetClock>,
    mut touched: ResMut<Touched>,
    mut places: Query<(Entity, &mut Place)>,
) {
    if !stirring.is_on || clock.0 - stirring.last < MOVE_SECS {
        return;
    }
    let sign = if stirring.sign > 0.0 { -1.0 } else { 1.0 };
    (stirring.last, stirring.sign) = (clock.0, sign);
    for (row, mut place) in &mut places {
        touched.note(row);
        *place = Place {
            size: place.size,
            at: place.at + place.size * (0.3 * sign),
            from: place.at,
            moved: clock.0,
        };
    }
}
