//! What features tell one another: the feed's news, the user's intents, and the few shared facts of the screen.
//! The only module that everyone in the ECS may know.

use bevy::prelude::*;

use model::theme::ThemeName;
use model::{Backoff, Change, Notice, RowKey};
use realtime::{StatusReport, SyncReport};

/// A row changed, in the order of the feed.
#[derive(Message, Debug, Clone)]
pub struct RowChanged(pub Change);

/// The connection's status changed.
#[derive(Message, Debug, Clone)]
pub struct StatusChanged(pub StatusReport);

/// A snapshot has been merged; its changes came before.
#[derive(Message, Debug, Clone)]
pub struct Synced(pub SyncReport);

/// Something a person should know.
#[derive(Message, Debug, Clone)]
pub struct Noticed(pub Notice);

/// What the user wants. The only way from the panels back to the connection and the scene.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum Intent {
    Reconnect,
    Disconnect,
    /// New backoff, in force at once and kept for the next start.
    Tune(Backoff),
    /// Select a row, or nothing.
    Select(Option<RowKey>),
    /// Fly the camera to a row.
    Focus(RowKey),
}

/// How many changes wait to be applied. Written by the fleet, read by the connection, which stops pulling at
/// `Backlog::LIMIT`: what does not fit waits in the worker, where it is folded per row.
#[derive(Resource, Debug, Default, Clone, Copy)]
pub struct Backlog {
    pub waiting: usize,
}

impl Backlog {
    /// Two frames' worth of a 5,000-row transaction.
    pub const LIMIT: usize = 10_000;
}

/// Screen edges covered by panels, in logical pixels: the scene centres itself in what is left.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct SceneInsets {
    pub top: f32,
    pub bottom: f32,
    pub left: f32,
    pub right: f32,
    /// Further from the left, under a panel that floats over the scene: the camera fits everything beside it.
    pub floating_left: f32,
}

/// Panels that float over the scene and stay for a while, in logical pixels from the top left: no name is begun under them.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct FloatingPanels(pub Vec<Rect>);

/// Which colours the screen wears.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ScreenTheme(pub ThemeName);

/// How stale the scene looks, 0 (live) to 1: the tween of the veil writes it, the shader desaturates by it and holds
/// motion still.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct Staleness(pub f32);

/// The pointer is over a panel, or a panel holds it: the scene leaves it alone. Written by the panels every frame.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PointerOverPanels(pub bool);

/// The pointer lies unused, and its arrow is hidden: nothing is under it. Written by the wall.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PointerResting(pub bool);

/// A panel takes the keyboard (a text field, a focused button): the scene's keys rest. Written by the panels.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct KeyboardInPanels(pub bool);

/// What the picture does without on a machine that is too slow for all of it, in the order in which it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualityFeature {
    /// Pulses, and the light that follows a change.
    Glow,
    /// Beams and ties.
    Links,
    /// Names of agents and tasks; districts, trouble and what is selected keep theirs.
    Labels,
    /// Every physical pixel of the scene; the panels keep theirs.
    Resolution,
    /// As many frames as the display shows.
    Rate,
}

impl QualityFeature {
    pub const ALL: [Self; 5] = [Self::Glow, Self::Links, Self::Labels, Self::Resolution, Self::Rate];

    pub fn word(self) -> &'static str {
        match self {
            Self::Glow => "glow",
            Self::Links => "links",
            Self::Labels => "labels",
            Self::Resolution => "full resolution",
            Self::Rate => "full frame rate",
        }
    }
}

/// How much of the picture is drawn. Written by the wall's governor, obeyed by the scene, told by the header.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Quality {
    /// How many of `QualityFeature::ALL` are off, from the first.
    off: usize,
}

impl Quality {
    /// Without the first so many of `QualityFeature::ALL`.
    pub fn without(off: usize) -> Self {
        Self {
            off: off.min(QualityFeature::ALL.len()),
        }
    }

    pub fn has(self, feature: QualityFeature) -> bool {
        !self.off().contains(&feature)
    }

    /// What is off.
    pub fn off(self) -> &'static [QualityFeature] {
        QualityFeature::ALL.get(..self.off).unwrap_or_default()
    }
}

/// Registers every message and shared fact.
pub fn plugin(app: &mut App) {
    app.add_message::<RowChanged>()
        .add_message::<StatusChanged>()
        .add_message::<Synced>()
        .add_message::<Noticed>()
        .add_message::<Intent>()
        .init_resource::<Backlog>()
        .init_resource::<SceneInsets>()
        .init_resource::<FloatingPanels>()
        .init_resource::<ScreenTheme>()
        .init_resource::<Staleness>()
        .init_resource::<PointerOverPanels>()
        .init_resource::<PointerResting>()
        .init_resource::<Quality>()
        .init_resource::<KeyboardInPanels>();
}
