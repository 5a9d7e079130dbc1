//! Restores the last view after a restart. Not used by a kiosk or for a picture, which show everything.

use std::path::{Path, PathBuf};

use bevy::{app::AppExit, prelude::*, tasks::IoTaskPool};

use crate::{
    messages::Switched,
    scene::camera::{HeldView, ViewMemory, likeness},
    views::{held, saved},
};
use settings::saved_view::{self, SavedView};

/// A view is saved once it has been the same for this long, in seconds.
const REST_SECS: f64 = 2.0;
/// An unchanged view is saved again when the fleet's area has less than this in common with the saved one.
const STALE_BELOW: f32 = 0.8;

/// Saves and restores the view.
#[derive(Debug, Clone)]
pub struct RememberPlugin {
    /// The user's state file.
    pub path: PathBuf,
    /// Identifies the feed: its URL without a query, or that it is the demo.
    pub feed: String,
}

#[derive(Resource, Debug)]
struct Remembered {
    path: PathBuf,
    feed: u64,
    /// The view in the file.
    kept: Option<HeldView>,
    /// The view to save, and since when it has been the same.
    next: Option<HeldView>,
    since: f64,
}

impl Plugin for RememberPlugin {
    fn build(&self, app: &mut App) {
        let feed = saved_view::fingerprint(&self.feed);
        let kept = saved_view::load(&self.path, feed).map(|view| held(&view.camera));
        app.world_mut().resource_mut::<ViewMemory>().recall = kept;
        app.insert_resource(Remembered {
            path: self.path.clone(),
            feed,
            kept,
            next: kept,
            since: 0.0,
        })
        .add_systems(Last, keep);
    }
}

fn keep(
    mut remembered: ResMut<Remembered>,
    memory: Res<ViewMemory>,
    mut exits: MessageReader<AppExit>,
    mut switched: MessageReader<Switched>,
    time: Res<Time<Real>>,
) {
    if let Some(latest) = switched.read().last() {
        // What is kept from now on is the view of another feed.
        remembered.feed = saved_view::fingerprint(&latest.feed);
        (remembered.kept, remembered.next) = (memory.held, memory.held);
    }
    // Until the first rows have arrived, the restored view has not been applied.
    if !memory.is_settled {
        return;
    }
    let now = time.elapsed_secs_f64();
    if !is_same(remembered.next, memory.held) {
        (remembered.next, remembered.since) = (memory.held, now);
    }
    let is_over = exits.read().count() > 0;
    let has_rested = now - remembered.since >= REST_SECS;
    if is_same(remembered.kept, remembered.next) || !(has_rested || is_over) {
        return;
    }
    remembered.kept = remembered.next;
    let (path, view) = (
        remembered.path.clone(),
        remembered.next.map(|view| SavedView {
            feed: remembered.feed,
            camera: saved(view),
        }),
    );
    if is_over {
        write(&path, view);
    } else {
        IoTaskPool::get().spawn(async move { write(&path, view) }).detach();
    }
}

/// A failure is logged; the view is then not restored after the next start.
fn write(path: &Path, view: Option<SavedView>) {
    if let Err(error) = saved_view::save(path, view.as_ref()) {
        warn!("the view is not kept for the next start: {error}");
    }
}

/// Whether both are the same view of nearly the same fleet.
fn is_same(one: Option<HeldView>, other: Option<HeldView>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one.center == other.center
                && one.world_per_px == other.world_per_px
                && likeness(one.fleet, other.fleet) >= STALE_BELOW
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}
