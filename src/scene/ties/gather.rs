//! What is pointed at becomes ties.

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{focus::Fleet, route, store::ShownTies};
use crate::{
    fleet::{Assignments, FleetClock, TieIndex, Touched},
    frame::FrameSystems,
    scene::{
        marks::{Marks, MarksDrawn, stamp},
        selection::Selection,
    },
};

/// While rows come and go, ties are gathered anew no more often than this: what is pointed at changes at once.
const LEAST_SECS: f64 = 0.2;

/// What was gathered last, and when.
#[derive(Debug, Default)]
pub(super) struct Last {
    focus: Selection,
    edition: u64,
    at: f64,
    districts: EntityHashSet,
    reseats: u64,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<ShownTies>()
        .init_resource::<TieIndex>()
        .init_resource::<Assignments>()
        .add_systems(Update, draw.in_set(FrameSystems::Draw).after(MarksDrawn));
}

fn draw(
    mut last: Local<Last>,
    mut ties: ResMut<ShownTies>,
    marks: Res<Marks>,
    selection: Res<Selection>,
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    fleet: Fleet,
) {
    let is_other_focus = last.focus != *selection;
    let is_pointed = selection.hovered.or(selection.selected).is_some();
    if !is_other_focus && !is_pointed {
        return;
    }
    let is_news = last.edition != fleet.edition() && clock.0 - last.at >= LEAST_SECS;
    let is_moved = !last.districts.is_empty() && touched.iter().any(|row| last.districts.contains(&row));
    if is_other_focus || is_news || is_moved {
        let ends = fleet.ties(selection.hovered, selection.selected);
        last.focus = *selection;
        (last.edition, last.at) = (fleet.edition(), clock.0);
        last.districts = fleet.districts(&ends);
        let strength = route::strength(ends.len());
        let routed = ends.iter().map(|&(from, to, kind)| {
            let circles = fleet.circle(from).zip(fleet.circle(to));
            ((from, to, kind), circles.and_then(|(from, to)| route::via(from, to)))
        });
        ties.set(routed, strength, stamp(clock.0));
    } else if last.reseats == marks.reseats() {
        return;
    }
    last.reseats = marks.reseats();
    ties.write(&marks);
}
