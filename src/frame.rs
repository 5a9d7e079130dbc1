//! The order of one frame, and the only place that orders systems: elsewhere a system states which set it is in, never
//! which system it comes after.

use bevy::{prelude::*, sprite::update_text2d_layout, time::TimeSystems};
use bevy_egui::EguiPrimaryContextPass;
use bevy_tweening::AnimationSystem;

/// The stages of one frame, in order (`Update`).
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameSystems {
    /// The worker's channels become messages; input is read.
    Receive,
    /// Messages become entities and components.
    Apply,
    /// Entities get their places.
    Place,
    /// Camera, flights, transitions.
    Animate,
    /// What is to be drawn is packed and handed to the renderer.
    Draw,
}

/// The pointer's part of `Receive`: a click refers to what the last frame showed.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PointerSystems {
    /// The mouse and the fingers become `Pointer`, the keyboard commands.
    Read,
    /// The pointer hovers over and selects rows.
    Pick,
    /// Intents select rows.
    Select,
}

/// The settings' systems in `Receive`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SettingsSystems {
    /// Requests and written files change the settings.
    Follow,
    /// What changed is put in force.
    PutInForce,
}

/// The connection's systems in `Receive`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ConnectionSystems {
    /// Intents become commands of the worker.
    Commands,
    /// Another feed takes the place of the present one.
    Follow,
    /// The worker's events become messages.
    Receive,
    /// A changed backoff is saved.
    Save,
    /// Changes and bytes per second are sampled.
    Rates,
}

/// The fleet's systems in `Apply`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FleetSystems {
    /// The fleet's clock advances.
    Clock,
    /// The rows of a feed that is followed no longer go.
    Clear,
    /// Changes enter the queue.
    Enqueue,
    /// Changes leave the queue and become rows.
    Apply,
    /// Rows are read again because the mapping changed.
    Reread,
    /// Agents whose heartbeat is overdue go offline.
    Expire,
    /// Agents get their task in hand.
    Assign,
    /// Rows that a resync changed pulse.
    Pulse,
    /// Rows that were left out are reported.
    Report,
}

/// The camera's systems in `Animate`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CameraSystems {
    /// The controller gets the size of the screen and the extent of the fleet.
    Screen,
    /// The view of the last run is restored.
    Recall,
    /// The pointer moves the camera,
    Pointer,
    /// then keys,
    Keys,
    /// then intents.
    Intents,
    /// The camera gets its pose.
    Pose,
    /// The pose becomes what the next run restores.
    Remember,
    /// The level of detail follows the pose.
    Detail,
}

/// The blends of the panels' look in `Animate`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TransitionSystems {
    /// The status becomes a tone.
    Tone,
    /// The look blends to the tone,
    Look,
    /// and the scene's veil to how stale it is.
    Veil,
}

/// Fonts of other scripts in `Animate`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum FontSystems {
    /// Scripts of new labels are requested.
    Request,
    /// A thread searches the system's fonts.
    Search,
    /// Fonts that were found are added.
    Add,
}

/// The scene's systems in `Draw`.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DrawSystems {
    /// Clocks advance; old stamps are renewed.
    Clock,
    /// Marks of rows that are gone are removed.
    Remove,
    /// Tasks become marks,
    Tasks,
    /// then agents.
    Agents,
    /// Blocks and the dock become marks.
    Grounds,
    /// The rings around the hovered and the selected mark.
    Rings,
    /// What the selected row waits for.
    Trail,
    /// What the selection highlights.
    Highlight,
    /// Beams from agents to their tasks.
    Links,
    /// Ties of the hovered and the selected row.
    Ties,
    /// The uniform of the shaders.
    Uniform,
}

/// The labels' systems: two in `Draw`, and one in `PostUpdate` after the texts have been laid out.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LabelSystems {
    /// Labels are chosen and placed.
    Arrange,
    /// Labels are written into text entities.
    Show,
    /// Text entities follow their marks.
    Follow,
}

/// The panels' systems (`EguiPrimaryContextPass`).
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PanelSystems {
    /// egui gets the theme.
    Theme,
    /// The panels are drawn.
    Draw,
}

/// The frame's time is set before Bevy reads it (`First`).
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SetTime;

/// What ends a frame (`Last`).
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EndSystems {
    /// Motion and what a picture waits for are detected.
    Detect,
    /// The frame rate is decided; pictures that are finished are reported.
    Decide,
    /// The frame rate is applied.
    Apply,
    /// The thread that waits for events is given the time at which it wakes the window's loop.
    Wait,
}

/// Declares the order of all sets.
pub fn plugin(app: &mut App) {
    app.configure_sets(
        Update,
        (
            FrameSystems::Receive,
            FrameSystems::Apply,
            FrameSystems::Place,
            FrameSystems::Animate,
            FrameSystems::Draw,
        )
            .chain(),
    )
    .configure_sets(
        Update,
        (PointerSystems::Read, PointerSystems::Pick, PointerSystems::Select)
            .chain()
            .in_set(FrameSystems::Receive),
    )
    .configure_sets(
        Update,
        (SettingsSystems::Follow, SettingsSystems::PutInForce)
            .chain()
            .in_set(FrameSystems::Receive),
    )
    .configure_sets(
        Update,
        (
            ConnectionSystems::Commands,
            ConnectionSystems::Follow,
            ConnectionSystems::Receive,
            ConnectionSystems::Save,
            ConnectionSystems::Rates,
        )
            .chain()
            .in_set(FrameSystems::Receive),
    )
    .configure_sets(
        Update,
        (
            FleetSystems::Clock,
            FleetSystems::Clear,
            FleetSystems::Enqueue,
            FleetSystems::Apply,
            FleetSystems::Reread,
            FleetSystems::Expire,
            FleetSystems::Assign,
            FleetSystems::Pulse,
            FleetSystems::Report,
        )
            .chain()
            .in_set(FrameSystems::Apply),
    )
    .configure_sets(
        Update,
        (
            CameraSystems::Screen,
            CameraSystems::Recall,
            CameraSystems::Pointer,
            CameraSystems::Keys,
            CameraSystems::Intents,
            CameraSystems::Pose,
            CameraSystems::Remember,
            CameraSystems::Detail,
        )
            .chain()
            .in_set(FrameSystems::Animate),
    )
    .configure_sets(
        Update,
        (
            TransitionSystems::Tone,
            TransitionSystems::Look,
            TransitionSystems::Veil,
            AnimationSystem::AnimationUpdate,
        )
            .chain()
            .in_set(FrameSystems::Animate),
    )
    .configure_sets(
        Update,
        (FontSystems::Request, FontSystems::Search, FontSystems::Add)
            .chain()
            .in_set(FrameSystems::Animate),
    )
    .configure_sets(
        Update,
        (
            DrawSystems::Clock,
            DrawSystems::Remove,
            DrawSystems::Tasks,
            DrawSystems::Agents,
            DrawSystems::Grounds,
            DrawSystems::Rings,
            DrawSystems::Trail,
            DrawSystems::Highlight,
            DrawSystems::Links,
            DrawSystems::Ties,
            DrawSystems::Uniform,
        )
            .chain()
            .in_set(FrameSystems::Draw),
    )
    .configure_sets(
        Update,
        (LabelSystems::Arrange, LabelSystems::Show)
            .chain()
            .in_set(FrameSystems::Draw),
    )
    .configure_sets(
        EguiPrimaryContextPass,
        (PanelSystems::Theme, PanelSystems::Draw).chain(),
    )
    .configure_sets(First, SetTime.before(TimeSystems))
    .configure_sets(
        Last,
        (
            EndSystems::Detect,
            EndSystems::Decide,
            EndSystems::Apply,
            EndSystems::Wait,
        )
            .chain(),
    )
    .configure_sets(
        PostUpdate,
        // A label's place depends on the size of its laid-out text.
        LabelSystems::Follow
            .after(update_text2d_layout)
            .before(TransformSystems::Propagate),
    );
}
