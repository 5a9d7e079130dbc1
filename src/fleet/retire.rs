//! Despawns the entities of gone rows after their exit animation.

use std::collections::VecDeque;

use bevy::prelude::*;

use super::{EXIT_SECS, FleetClock, Moment};
use crate::frame::FrameSystems;

/// Entities of gone rows, the oldest first.
#[derive(Resource, Debug, Default)]
pub(super) struct Leaving(VecDeque<(f64, Entity)>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Leaving>()
        .add_systems(Update, despawn.in_set(FrameSystems::Receive));
}

/// Marks a row as gone.
pub(super) fn begin(world: &mut World, entity: Entity, now: f64) {
    if let Some(mut moment) = world.get_mut::<Moment>(entity) {
        moment.gone = Some(now);
    }
    world.resource_mut::<Leaving>().0.push_back((now, entity));
}

fn despawn(clock: Res<FleetClock>, mut leaving: ResMut<Leaving>, mut commands: Commands) {
    while let Some(&(gone, entity)) = leaving.0.front() {
        if clock.0 - gone < EXIT_SECS {
            break;
        }
        leaving.0.pop_front();
        commands.entity(entity).try_despawn();
    }
}
