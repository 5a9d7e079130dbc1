//! The messages between features (the feed's events, the user's intents), and the few resources of the screen that they
//! share. The only module that every feature may use.

use std::sync::Arc;

use bevy::prelude::*;

use model::theme::ThemeName;
use model::{Backoff, Change, Kind, Mapping, Notice, PerKind, RowKey, SourceId, Status};
use realtime::{StatusReport, SyncReport};

/// The sources were found, after the wall was built without them: how rows are read from now on. It comes before the first
/// change of a row.
#[derive(Message, Debug, Clone)]
pub(crate) struct SourcesFound(pub(crate) Arc<Mapping>);

/// A row changed, in the order of the feed.
#[derive(Message, Debug, Clone)]
pub struct RowChanged(pub Change);

/// The connection's status changed.
#[derive(Message, Debug, Clone)]
pub(crate) struct StatusChanged(pub(crate) StatusReport);

/// A snapshot has been merged; its changes were sent before this.
#[derive(Message, Debug, Clone)]
pub struct Synced(pub SyncReport);

/// There is something a person should know.
#[derive(Message, Debug, Clone)]
pub struct Noticed(pub Notice);

/// Another feed is followed from now on: all rows of the old one go.
#[derive(Message, Debug, Clone)]
pub struct Switched {
    /// How its rows are read.
    pub mapping: Arc<Mapping>,
    /// Its address, without query or key.
    pub feed: String,
}

/// Rows are read with another mapping of the same tables from now on, all of them.
#[derive(Message, Debug, Clone)]
pub struct Remapped(pub Arc<Mapping>);

/// What is typed into the finder; empty when it is closed.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Searched(pub(crate) String);

/// An action of the user. The only way from the panels back to the connection and the scene.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum Intent {
    /// Connect anew, without waiting.
    Reconnect,
    /// Close the connection and stay offline.
    Disconnect,
    /// A new backoff, in force immediately and saved for the next start.
    Tune(Backoff),
    /// A new backoff, in force immediately: the settings have it, so that it is not saved here.
    Retune(Backoff),
    /// Select a row, or nothing.
    Select(Option<RowKey>),
    /// Select a row beside those that are selected, or no longer.
    SelectAlso(RowKey),
    /// Select exactly these rows; the last one is inspected.
    SelectRows(Vec<RowKey>),
    /// Fly the camera to a row.
    Focus(RowKey),
    /// Move the camera to a row without zooming, unless the row is in view.
    Show(RowKey),
    /// A status word of a source means this state: in force for all rows, and saved for the next start.
    MapWord(MappedWord),
}

/// What a user decided about a status word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedWord {
    /// The source in whose rows it stands.
    pub source: SourceId,
    /// The name of its table.
    pub table: String,
    /// The word as the rows have it.
    pub word: String,
    /// Its state.
    pub status: Status,
}

/// How many changes wait to be applied. Written by the fleet, read by the connection, which takes no more than fit into
/// `Backlog::LIMIT`; the others wait in the worker, which keeps one per row.
#[derive(Resource, Debug, Default, Clone, Copy, Reflect)]
#[reflect(Resource)]
pub struct Backlog {
    /// Changes that the fleet has received and not yet applied.
    pub waiting: usize,
}

impl Backlog {
    /// Two frames' worth of a 5,000-row transaction.
    pub(crate) const LIMIT: usize = 10_000;
}

/// Screen edges covered by panels, in logical pixels: the scene is centred in the rest.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct SceneInsets {
    /// Height at the upper edge.
    pub top: f32,
    /// Height at the lower edge.
    pub bottom: f32,
    /// Width at the left edge.
    pub left: f32,
    /// Width at the right edge.
    pub right: f32,
}

/// The theme in which the scene and the panels are drawn. It may change at any time.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ScreenTheme(pub ThemeName);

/// The states that the user has chosen in the header: rows in other states are dimmed. None is chosen at first, and then no
/// row is dimmed. Written by the panels, read by the scene.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct StateFilter {
    /// By [`Status::index`].
    chosen: [bool; Status::ALL.len()],
}

impl StateFilter {
    /// Whether some state is chosen.
    pub fn is_active(self) -> bool {
        self.chosen.contains(&true)
    }

    /// Whether this state is chosen.
    pub fn is_chosen(self, status: Status) -> bool {
        self.chosen.get(status.index()).copied().unwrap_or(false)
    }

    /// The states that are chosen; none where all are shown.
    pub(crate) fn chosen(self) -> impl Iterator<Item = Status> {
        Status::ALL.into_iter().filter(move |status| self.is_chosen(*status))
    }

    /// Whether rows in this state are dimmed.
    pub fn dims(self, status: Status) -> bool {
        self.is_active() && !self.is_chosen(status)
    }

    /// The states whose rows are dimmed, as bits by [`Status::index`].
    pub(crate) fn dimmed_bits(self) -> u32 {
        Status::ALL
            .into_iter()
            .filter(|status| self.dims(*status))
            .fold(0, |bits, status| bits | 1 << status.index())
    }

    /// Whether this state is the only one that is chosen.
    pub fn is_alone(self, status: Status) -> bool {
        Status::ALL
            .into_iter()
            .all(|other| self.is_chosen(other) == (other == status))
    }

    /// Chooses this state alone; none, where it is chosen alone already.
    pub fn solo(&mut self, status: Status) {
        let was_alone = self.is_alone(status);
        self.clear();
        if !was_alone {
            self.toggle(status);
        }
    }

    /// Chooses this state beside the others, or no longer.
    pub fn toggle(&mut self, status: Status) {
        if let Some(chosen) = self.chosen.get_mut(status.index()) {
            *chosen = !*chosen;
        }
    }

    /// Chooses none: no row is dimmed.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// How stale the scene looks, 0 (live) to 1: written by the tween of the veil; the shaders reduce saturation by it and stop
/// animations.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct Staleness(pub f32);

/// How grey the rows of each kind are because their source is lost, 0 (not lost) to 1: written by a tween, as
/// [`Staleness`] is. The rows of other kinds keep their colours.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct LostKinds(pub PerKind<f32>);

impl LostKinds {
    /// The greyness of tasks and runs together, where they cannot be told apart.
    pub(crate) fn work(&self) -> f32 {
        self.0[Kind::Task].max(self.0[Kind::Run])
    }
}

/// The pointer is over a panel or dragged from one: the scene ignores it. Written by the panels in every frame.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub struct PointerOverPanels(pub bool);

/// The pointer has not moved for a while and its arrow is hidden: nothing is hovered. Written by the kiosk.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub(crate) struct PointerResting(pub(crate) bool);

/// What of the keyboard the panels have. Written by the panels.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub(crate) struct KeyboardInPanels {
    /// A control has it, a focused button for instance: arrows and the like are not the scene's.
    pub(crate) focus: bool,
    /// A text field has it: no key is a command.
    pub(crate) types: bool,
}

/// Parts of the picture that are turned off on a machine that is too slow for all of them, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualityFeature {
    /// Pulses, and the light that follows a change.
    Glow,
    /// Beams and ties.
    Links,
    /// Labels of calm agents and tasks; blocks, what is in trouble and the selected row keep theirs.
    Labels,
    /// Full resolution of the scene; the panels keep theirs.
    Resolution,
    /// The display's own frame rate.
    Rate,
}

impl QualityFeature {
    /// Every feature, in the order in which they are turned off.
    pub const ALL: [Self; 5] = [Self::Glow, Self::Links, Self::Labels, Self::Resolution, Self::Rate];

    /// The feature as the header shows it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Glow => "glow",
            Self::Links => "links",
            Self::Labels => "labels",
            Self::Resolution => "full resolution",
            Self::Rate => "full frame rate",
        }
    }
}

/// Which quality features are on. Written by the wall's governor, read by the scene and the header.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub struct Quality {
    /// How many of `QualityFeature::ALL` are off, from the first.
    off: usize,
}

impl Quality {
    /// Disables the first `off` quality features.
    pub fn without(off: usize) -> Self {
        Self {
            off: off.min(QualityFeature::ALL.len()),
        }
    }

    /// Whether a feature is on.
    pub fn has(self, feature: QualityFeature) -> bool {
        !self.off().contains(&feature)
    }

    /// The features that are off, the first to be switched off first.
    pub(crate) fn off(self) -> &'static [QualityFeature] {
        QualityFeature::ALL.get(..self.off).unwrap_or_default()
    }
}

/// Registers every message and shared resource.
pub fn plugin(app: &mut App) {
    app.add_message::<SourcesFound>()
        .add_message::<RowChanged>()
        .add_message::<StatusChanged>()
        .add_message::<Synced>()
        .add_message::<Noticed>()
        .add_message::<Intent>()
        .add_message::<Searched>()
        .add_message::<Remapped>()
        .add_message::<Switched>()
        .init_resource::<Backlog>()
        .init_resource::<SceneInsets>()
        .init_resource::<ScreenTheme>()
        .init_resource::<StateFilter>()
        .init_resource::<Staleness>()
        .init_resource::<LostKinds>()
        .init_resource::<PointerOverPanels>()
        .init_resource::<PointerResting>()
        .init_resource::<Quality>()
        .init_resource::<KeyboardInPanels>();
}
