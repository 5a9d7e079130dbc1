//! Tools for developers (`--features dev`): Bevy's remote protocol on 127.0.0.1:15702, through which a client can list and
//! read the entities, components and resources that implement `Reflect`. Not in any build by default.

use bevy::{
    prelude::*,
    remote::{RemotePlugin, http::RemoteHttpPlugin},
};

pub(crate) fn plugin(app: &mut App) {
    app.add_plugins((RemotePlugin::default(), RemoteHttpPlugin::default()));
}
