//! What agents have in hand becomes links.

use bevy::prelude::*;

use super::store::Links;
use crate::{
    fleet::{FleetClock, Touched, WorksOn},
    frame::FrameSystems,
    scene::marks::{Marks, MarksDrawn, stamp},
};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Links>()
        .add_systems(Update, draw.in_set(FrameSystems::Draw).after(MarksDrawn));
}

fn draw(
    mut links: ResMut<Links>,
    mut marks: ResMut<Marks>,
    clock: Res<FleetClock>,
    mut dropped: RemovedComponents<WorksOn>,
    touched: Res<Touched>,
    holding: Query<&WorksOn>,
) {
    let now = stamp(clock.0);
    for agent in dropped.read() {
        if !holding.contains(agent) {
            links.set(agent, None, now, &marks);
        }
    }
    for agent in touched.iter() {
        if let Ok(works_on) = holding.get(agent) {
            links.set(agent, Some(works_on.0), now, &marks);
        }
    }
    for entity in marks.drain_reseated() {
        links.refresh(entity, &marks);
    }
}
