//! Names in any script that this machine has a font for. The embedded fonts have Latin, Greek and Cyrillic; as soon as a
//! row is named in another script, the system's fonts are looked through for it, once, on a thread of their own, and the
//! best is given to the labels and to the panels. Where the system has none, its letters are boxes: install one.

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
    fleet::{Label, Touched},
    frame::FrameSystems,
};

/// Scripts that were asked for, and the look for the next of them.
#[derive(Resource, Debug, Default)]
struct Fonts {
    /// By the place in `SCRIPTS`.
    asked: [bool; SCRIPTS.len()],
    wanted: Vec<&'static Script>,
    scan: Option<thread::JoinHandle<Vec<Found>>>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Fonts>().add_systems(
        Update,
        (want, look, take)
            .chain()
            .run_if(resource_exists::<FontCx>)
            .in_set(FrameSystems::Animate),
    );
}

/// Notes the scripts of names that are new.
fn want(mut fonts: ResMut<Fonts>, touched: Res<Touched>, labels: Query<&Label, Changed<Label>>) {
    let fonts = fonts.bypass_change_detection();
    for label in touched.iter().filter_map(|row| labels.get(row).ok()) {
        if label.0.is_ascii() {
            continue;
        }
        for place in label.0.chars().filter_map(script::place_of) {
            if let (Some(asked), Some(script)) = (fonts.asked.get_mut(place), SCRIPTS.get(place))
                && !std::mem::replace(asked, true)
            {
                fonts.wanted.push(script);
            }
        }
    }
}

/// Looks for fonts, one look at a time.
fn look(mut fonts: ResMut<Fonts>) {
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
        Err(error) => warn!("the system's fonts cannot be looked at: {error}; names in other scripts are boxes"),
    }
}

/// Hands what was found to the labels and to the panels.
fn take(
    mut fonts: ResMut<Fonts>,
    mut context: ResMut<FontCx>,
    mut texts: Query<&mut TextFont>,
    mut panels: Query<&mut EguiContext>,
) {
    let fonts = fonts.bypass_change_detection();
    let Some(scan) = fonts.scan.take_if(|scan| scan.is_finished()) else {
        return;
    };
    // A look that failed has found nothing.
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
                // No script of letters.
                Err(_) => context
                    .collection
                    .append_generic_families(GenericFamily::Emoji, family.into_iter()),
            }
        }
        for mut panel in &mut panels {
            crate::ui::theme::add_font(panel.get_mut(), &found.family, &found.bytes, found.index);
        }
        info!(
            "names are written with {} too, from {}",
            found.family,
            found.path.display()
        );
        // Laid out anew with it.
        for mut text in &mut texts {
            text.set_changed();
        }
    }
}
