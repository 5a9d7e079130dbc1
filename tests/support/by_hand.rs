//! Rows that a test sets by hand, without the fleet: what change detection finds is noted as the fleet notes it.

use bevy::prelude::*;
use opswall::{
    fleet::{AgentRow, Moment, PartOf, RowState, TaskRow, Touched, WorkflowRow, WorksOn},
    frame::FrameSystems,
    layout::{District, Place},
};

pub fn plugin(app: &mut App) {
    app.init_resource::<Touched>()
        .add_systems(First, |mut touched: ResMut<Touched>| touched.clear())
        .add_systems(Update, note.in_set(FrameSystems::Receive));
}

fn note(
    mut touched: ResMut<Touched>,
    rows: Query<
        Entity,
        Or<(
            Changed<TaskRow>,
            Changed<AgentRow>,
            Changed<WorkflowRow>,
            Changed<RowState>,
            Changed<Moment>,
            Changed<Place>,
            Changed<District>,
            Changed<PartOf>,
            Changed<WorksOn>,
        )>,
    >,
) {
    for row in &rows {
        touched.note(row);
    }
}
