//! Toasts: notices that are shown for some seconds.

mod queue;
mod stack;

use bevy::prelude::*;

pub use self::queue::{Toast, Toasts};
pub use self::stack::toasts_ui;
pub(crate) use self::stack::{toasts_area, width};
use crate::{frame::FrameSystems, messages::Noticed};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Toasts>()
        .add_systems(Update, collect.in_set(FrameSystems::Animate));
}

fn collect(time: Res<Time<Real>>, mut noticed: MessageReader<Noticed>, mut toasts: ResMut<Toasts>) {
    let now = time.elapsed_secs_f64();
    for Noticed(notice) in noticed.read() {
        toasts.push(notice, now);
    }
    toasts.bypass_change_detection().expire(now);
}
