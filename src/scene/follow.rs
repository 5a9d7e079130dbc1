//! Tells the camera where the agent is drawn that it keeps in the middle, also while that agent flies.

use bevy::prelude::*;

use super::{
    camera::Followed,
    marks::{Marks, stamp},
};
use crate::{fleet::FleetClock, frame::CameraSystems};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, locate.in_set(CameraSystems::Screen));
}

fn locate(mut followed: ResMut<Followed>, marks: Res<Marks>, clock: Res<FleetClock>) {
    let Some(row) = followed.row else { return };
    let at = marks.mark(row).map(|mark| mark.flight_position(stamp(clock.0)));
    if followed.at != at {
        followed.at = at;
    }
}
