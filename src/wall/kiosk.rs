//! Unattended: nothing but header, alarms and scene. The pointer's arrow is hidden while nobody moves it.

use bevy::{
    prelude::*,
    window::{CursorMoved, CursorOptions, PrimaryWindow},
};

use crate::{frame::FrameSystems, messages::PointerResting, ui::Panels};

/// Seconds after the last movement in which the arrow is seen: somebody has come to the mouse.
const SEEN_SECS: f64 = 3.0;

/// Since when the pointer lies still.
#[derive(Resource, Debug, Default)]
struct LastMoved(Option<f64>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<LastMoved>()
        .add_systems(Startup, fold_panels)
        .add_systems(Update, rest.in_set(FrameSystems::Receive));
}

fn fold_panels(mut panels: ResMut<Panels>) {
    panels.kiosk = true;
}

fn rest(
    mut moved: MessageReader<CursorMoved>,
    mut last: ResMut<LastMoved>,
    mut resting: ResMut<PointerResting>,
    mut cursors: Query<&mut CursorOptions, With<PrimaryWindow>>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed_secs_f64();
    if moved.read().count() > 0 {
        last.0 = Some(now);
    }
    let is_seen = last.0.is_some_and(|last| now - last < SEEN_SECS);
    resting.set_if_neq(PointerResting(!is_seen));
    for mut cursor in &mut cursors {
        if cursor.visible != is_seen {
            cursor.visible = is_seen;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bevy::time::TimeUpdateStrategy;

    use super::*;

    #[test]
    fn the_arrow_is_seen_while_somebody_moves_it() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, crate::frame::plugin, crate::messages::plugin, plugin))
            .init_resource::<Panels>()
            .add_message::<CursorMoved>()
            .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs(1)));
        let window = app.world_mut().spawn((Window::default(), PrimaryWindow)).id();
        let is_seen = |app: &App| {
            let cursor = app.world().get::<CursorOptions>(window);
            let resting = app.world().resource::<PointerResting>().0;
            assert_eq!(cursor.map(|cursor| cursor.visible), Some(!resting));
            !resting
        };
        app.update();
        app.update();
        assert!(!is_seen(&app) && app.world().resource::<Panels>().kiosk);
        app.world_mut().write_message(CursorMoved {
            window,
            position: Vec2::ONE,
            delta: None,
        });
        app.update();
        assert!(is_seen(&app));
        (0..4).for_each(|_| app.update());
        assert!(!is_seen(&app));
    }
}
