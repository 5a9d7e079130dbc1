//! Fonts for names in other scripts. The embedded fonts have Latin, Greek and Cyrillic; when a row is named in another
//! script, a thread searches the system's fonts for it, once, and the best one is added to the labels and the panels. Where
//! the system has none, the letters are drawn as boxes.
//!
//! fontique could do the search itself, but its `system` feature makes Bevy load all system fonts at start, on the main
//! thread, and needs fontconfig as a native library on Linux.

mod scan;
mod script;

use std::{sync::Arc, thread};

use bevy::{
    prelude::*,
    text::{FontCx, TextFont},
};
use bevy_egui::EguiContext;
use parley::{
    GenericFamily,
    fontique::{Blob, Script as Tag},
};

use self::{
    scan::Found,
    script::{SCRIPTS, Script},
};
use crate::{
    fleet::{RowLabel, Touched},
    frame::FontSystems,
};

/// Scripts that were requested, and the search that is running.
#[derive(Resource, Debug, Default)]
struct Fonts {
    /// By the index in `SCRIPTS`.
    requested: [bool; SCRIPTS.len()],
    wanted: Vec<&'static Script>,
    scan: Option<thread::JoinHandle<Vec<Found>>>,
}

/// Adds fonts while the app runs.
pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Fonts>().add_systems(
        Update,
        (
            request.in_set(FontSystems::Request),
            search.in_set(FontSystems::Search),
            add.in_set(FontSystems::Add),
        )
            .run_if(resource_exists::<FontCx>),
    );
}

/// Requests the scripts of new names.
fn request(mut fonts: ResMut<Fonts>, touched: Res<Touched>, labels: Query<&RowLabel, Changed<RowLabel>>) {
    let fonts = fonts.bypass_change_detection();
    for label in touched.iter().filter_map(|row| labels.get(row).ok()) {
        if label.0.is_ascii() {
            continue;
        }
        for place in label.0.chars().filter_map(script::place_of) {
            if let (Some(requested), Some(script)) = (fonts.requested.get_mut(place), SCRIPTS.get(place))
                && !std::mem::replace(requested, true)
            {
                fonts.wanted.push(script);
            }
        }
    }
}

/// Starts a search for the requested scripts, one at a time.
fn search(mut fonts: ResMut<Fonts>) {
    let fonts = fonts.bypass_change_detection();
    if fonts.wanted.is_empty() || fonts.scan.is_some() {
        return;
    }
    let wanted = std::mem::take(&mut fonts.wanted);
    let scan = thread::Builder::new()
        .name("opswall-fonts".into())
        .spawn(move || scan::find(&wanted));
    match scan {
        Ok(scan) => fonts.scan = Some(scan),
        Err(error) => {
            warn!("the system's fonts cannot be searched: {error}; names in other scripts are drawn as boxes")
        }
    }
}

/// Adds the fonts that were found to the labels and the panels.
fn add(
    mut fonts: ResMut<Fonts>,
    mut context: ResMut<FontCx>,
    mut texts: Query<&mut TextFont>,
    mut panels: Query<&mut EguiContext>,
) {
    let fonts = fonts.bypass_change_detection();
    let Some(scan) = fonts.scan.take_if(|scan| scan.is_finished()) else {
        return;
    };
    // A search that failed has found nothing.
    for found in scan.join().unwrap_or_default() {
        let families = context
            .collection
            .register_fonts(Blob::new(Arc::clone(&found.bytes) as _), None);
        let family = families
            .iter()
            .map(|(family, _)| *family)
            .find(|family| context.collection.family_name(*family) == Some(found.family.as_str()));
        for script in &found.scripts {
            match Tag::parse(script.tag) {
                Ok(tag) => _ = context.collection.append_fallbacks(tag, family.into_iter()),
                // Emoji are no script.
                Err(_) => context
                    .collection
                    .append_generic_families(GenericFamily::Emoji, family.into_iter()),
            }
        }
        for mut panel in &mut panels {
            crate::ui::theme::add_font(panel.get_mut(), &found.family, &found.bytes, found.index);
        }
        info!("added the font {} from {}", found.family, found.path.display());
        // Texts are laid out again with it.
        for mut text in &mut texts {
            text.set_changed();
        }
    }
}
