//! Another feed: the rows of the old one go, within the frame's budget, before those of the new one come.

use bevy::prelude::*;

use super::{FleetIndex, FleetMapping, Hidden, Incoming, Rereading};
use crate::{
    frame::FleetSystems,
    messages::{Backlog, Switched},
};
use model::{Change, Op, Record};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, clear.run_if(on_message::<Switched>).in_set(FleetSystems::Clear));
}

fn clear(
    mut switched: MessageReader<Switched>,
    mut index: ResMut<FleetIndex>,
    mut incoming: ResMut<Incoming>,
    mut mapping: ResMut<FleetMapping>,
    mut rereading: ResMut<Rereading>,
    mut hidden: ResMut<Hidden>,
    mut backlog: ResMut<Backlog>,
) {
    let Some(latest) = switched.read().last() else {
        return;
    };
    mapping.0 = latest.mapping.clone();
    *rereading = Rereading::default();
    *hidden = Hidden::default();
    index.refused = 0;
    // What waits is of the old feed: the new one's changes of this frame are not in the queue yet.
    incoming.0.clear();
    incoming.0.extend(index.by_key.keys().map(|key| Change {
        key: key.clone(),
        op: Op::Delete,
        record: Record::default(),
        committed_ms: None,
    }));
    backlog.waiting = incoming.len();
}
