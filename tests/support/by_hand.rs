//! Rows that a test sets by hand, without the fleet's systems: changed rows are found by change detection and noted as touched.

use bevy::prelude::*;
use model::{Kind, RowId, RowKey, SourceId};
use opswall::{
    fleet::{AgentRow, Key, Moment, PartOf, RowState, TaskRow, Touched, WorkflowRow, WorksOn},
    frame::FrameSystems,
    layout::{Block, Place},
};

pub(crate) fn plugin(app: &mut App) {
    opswall::fleet::resources(app);
    opswall::layout::resources(app);
    app.add_systems(First, |mut touched: ResMut<Touched>| touched.clear())
        .add_systems(Update, note.in_set(FrameSystems::Receive));
    key_rows::<TaskRow>(app, Kind::Task);
    key_rows::<AgentRow>(app, Kind::Agent);
    key_rows::<WorkflowRow>(app, Kind::Workflow);
}

/// The key of the row with this id.
pub(crate) fn key(kind: Kind, id: impl ToString) -> RowKey {
    RowKey::new(kind, SourceId::usual(kind), RowId::from(id.to_string().as_str()))
}

/// A row without a key gets the next number of its kind, so that the same rows have the same keys.
fn key_rows<R: Component>(app: &mut App, kind: Kind) {
    let mut given = 0_u32;
    app.add_observer(
        move |row: On<Add, R>, keyed: Query<(), With<Key>>, mut commands: Commands| {
            if !keyed.contains(row.entity) {
                commands.entity(row.entity).insert(Key(key(kind, given)));
                given += 1;
            }
        },
    );
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
            Changed<Block>,
            Changed<PartOf>,
            Changed<WorksOn>,
        )>,
    >,
) {
    for row in &rows {
        touched.note(row);
    }
}
