//! The transitions of the connection's look, as bevy_tweening animations: badge and header line blend between tones, the
//! veil over a stale scene fades in and out, and rows of lost sources turn grey. Three entities live as long as the app; a new tween replaces the running one.

use std::time::Duration;

use bevy::prelude::*;
use bevy_tweening::{AnimTarget, Lens, Tween, TweenAnim, TweeningPlugin};

use super::{
    link_look::{LinkLook, Tone},
    steady::SteadyTone,
    theme::inks,
};
use crate::{
    connection::ConnectionView,
    frame::TransitionSystems,
    messages::{LostKinds, ScreenTheme, Staleness},
};
use model::{PerKind, theme::ThemeName};
use realtime::LinkStatus;

/// Badge and header line: one tone into the next.
const BLEND: Duration = Duration::from_millis(320);
/// The veil: within the second that docs/visual-language.md allows, in both directions.
const VEIL: Duration = Duration::from_millis(600);

pub(super) fn plugin(app: &mut App) {
    if !app.is_plugin_added::<TweeningPlugin>() {
        app.add_plugins(TweeningPlugin);
    }
    app.init_resource::<SteadyTone>()
        .add_systems(Startup, spawn_animated)
        .add_systems(
            Update,
            (
                update_tone.in_set(TransitionSystems::Tone),
                retarget_look.in_set(TransitionSystems::Look),
                (retarget_veil, retarget_lost).in_set(TransitionSystems::Veil),
            ),
        );
}

/// The tone and theme that the look has, or blends to.
#[derive(Component, Debug, PartialEq)]
struct LookGoal(Option<(Tone, ThemeName)>);

/// The staleness that the veil has, or fades to.
#[derive(Component, Debug, PartialEq)]
struct VeilGoal(f32);

/// The greyness that the rows of lost sources have, or fade to.
#[derive(Component, Debug, PartialEq)]
struct LostGoal(PerKind<f32>);

struct LookLens {
    from: LinkLook,
    to: LinkLook,
}

impl Lens<LinkLook> for LookLens {
    fn lerp(&mut self, mut target: Mut<'_, LinkLook>, ratio: f32) {
        target.set_if_neq(LinkLook::mix(&self.from, &self.to, ratio));
    }
}

struct VeilLens {
    from: f32,
    to: f32,
}

impl Lens<Staleness> for VeilLens {
    fn lerp(&mut self, mut target: Mut<'_, Staleness>, ratio: f32) {
        target.set_if_neq(Staleness(self.from + (self.to - self.from) * ratio));
    }
}

struct LostLens {
    from: PerKind<f32>,
    to: PerKind<f32>,
}

impl Lens<LostKinds> for LostLens {
    fn lerp(&mut self, mut target: Mut<'_, LostKinds>, ratio: f32) {
        let mixed = PerKind::from_fn(|kind| self.from[kind] + (self.to[kind] - self.from[kind]) * ratio);
        target.set_if_neq(LostKinds(mixed));
    }
}

fn spawn_animated(mut commands: Commands) {
    commands.spawn((Name::new("connection look"), LinkLook::default(), LookGoal(None)));
    commands.spawn((Name::new("veil"), VeilGoal(0.0), AnimTarget::resource::<Staleness>()));
    let none = LostGoal(PerKind::default());
    commands.spawn((Name::new("lost sources"), none, AnimTarget::resource::<LostKinds>()));
}

fn update_tone(connection: Res<ConnectionView>, time: Res<Time<Real>>, mut tone: ResMut<SteadyTone>) {
    tone.bypass_change_detection()
        .record(Tone::of(&connection.report), time.elapsed_secs_f64());
}

fn retarget_look(
    mut commands: Commands,
    tone: Res<SteadyTone>,
    theme: Res<ScreenTheme>,
    look: Single<(Entity, &mut LinkLook, &mut LookGoal)>,
) {
    let (entity, mut look, mut goal) = look.into_inner();
    let tone = tone.shown();
    let began = goal.0.is_some();
    if !goal.set_if_neq(LookGoal(Some((tone, theme.0)))) {
        return;
    }
    let to = LinkLook::of(tone, inks(theme.0));
    if began {
        let lens = LookLens { from: *look, to };
        let tween = Tween::new(EaseFunction::CubicOut, BLEND, lens);
        commands.entity(entity).insert(TweenAnim::new(tween));
    } else {
        *look = to;
    }
}

fn retarget_veil(
    mut commands: Commands,
    connection: Res<ConnectionView>,
    staleness: Res<Staleness>,
    veil: Single<(Entity, &mut VeilGoal)>,
) {
    let (entity, mut goal) = veil.into_inner();
    let to = if is_stale(&connection) { 1.0 } else { 0.0 };
    if !goal.set_if_neq(VeilGoal(to)) {
        return;
    }
    let lens = VeilLens { from: staleness.0, to };
    let tween = Tween::new(EaseFunction::QuadraticInOut, VEIL, lens);
    commands.entity(entity).insert(TweenAnim::new(tween));
}

fn retarget_lost(
    mut commands: Commands,
    connection: Res<ConnectionView>,
    lost: Res<LostKinds>,
    goal: Single<(Entity, &mut LostGoal)>,
) {
    let (entity, mut goal) = goal.into_inner();
    let to = PerKind::from_fn(|kind| if connection.has_lost(kind) { 1.0 } else { 0.0 });
    if !goal.set_if_neq(LostGoal(to)) {
        return;
    }
    let lens = LostLens { from: lost.0, to };
    let tween = Tween::new(EaseFunction::QuadraticInOut, VEIL, lens);
    commands.entity(entity).insert(TweenAnim::new(tween));
}

/// Whether the screen may be out of date. While an empty wall connects for the first time it is not: there is nothing older
/// that could be mistaken for the present.
pub(super) fn is_stale(connection: &ConnectionView) -> bool {
    if connection.report.is_flowing() {
        return false;
    }
    let rows = connection.rows();
    let first_try = connection.report.status == LinkStatus::Connecting && connection.report.attempt == 0;
    connection.last_live.is_some() || (rows > 0 && !first_try)
}

#[cfg(test)]
mod tests {
    use bevy::time::TimeUpdateStrategy;

    use super::*;
    use crate::{frame, messages, ui::theme::Inks};
    use model::{Kind, Mapping, SourceId};
    use realtime::{SourceReport, StatusReport};
    use settings::SourceKinds;

    fn dark() -> &'static Inks {
        inks(ThemeName::Dark)
    }

    fn app() -> App {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, frame::plugin, messages::plugin, plugin))
            .init_resource::<ConnectionView>()
            .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(50)));
        app.update();
        app
    }

    fn report(app: &mut App, status: LinkStatus, last_live: Option<f64>) {
        let mut connection = app.world_mut().resource_mut::<ConnectionView>();
        connection.report = StatusReport {
            status,
            ..StatusReport::default()
        };
        connection.last_live = last_live;
    }

    fn run(app: &mut App, frames: u32) {
        for _ in 0..frames {
            app.update();
        }
    }

    fn look(app: &mut App) -> LinkLook {
        *app.world_mut()
            .query::<&LinkLook>()
            .single(app.world())
            .expect("one look")
    }

    fn animations(app: &mut App) -> usize {
        app.world_mut().query::<&TweenAnim>().iter(app.world()).count()
    }

    #[test]
    fn losing_live_blends_the_badge_and_raises_the_veil() {
        let mut app = app();
        report(&mut app, LinkStatus::Connected, Some(0.0));
        run(&mut app, 20);
        assert_eq!(look(&mut app).edge(), dark().live);
        assert_eq!(*app.world().resource::<Staleness>(), Staleness(0.0));

        report(&mut app, LinkStatus::Error, Some(0.0));
        run(&mut app, 4);
        let halfway = look(&mut app);
        assert!(halfway.line > 2.0 && halfway.line < 6.0, "{halfway:?}");
        let Staleness(veil) = *app.world().resource::<Staleness>();
        assert!(veil > 0.0 && veil < 1.0, "{veil}");

        run(&mut app, 20);
        assert_eq!(look(&mut app).edge(), dark().offline);
        assert_eq!(look(&mut app).halo, 0.0);
        assert_eq!(
            *app.world().resource::<Staleness>(),
            Staleness(1.0),
            "up within a second"
        );

        report(&mut app, LinkStatus::Connected, Some(1.0));
        run(&mut app, 20);
        assert_eq!(*app.world().resource::<Staleness>(), Staleness(0.0));
    }

    #[test]
    fn rows_of_a_lost_source_turn_grey_and_back_and_raise_no_veil() {
        let mut app = app();
        report(&mut app, LinkStatus::Connected, Some(0.0));
        let mut connection = app.world_mut().resource_mut::<ConnectionView>();
        connection.kinds = SourceKinds::of(&Mapping::default());
        connection.sources = vec![SourceReport::default(); 3];
        let tasks = SourceId::usual(Kind::Task);
        connection.sources[tasks.index()].lost_ms = Some(7);
        run(&mut app, 20);
        let LostKinds(grey) = *app.world().resource::<LostKinds>();
        assert_eq!(
            (grey[Kind::Task], grey[Kind::Agent], grey[Kind::Workflow]),
            (1.0, 0.0, 0.0)
        );
        assert_eq!(*app.world().resource::<Staleness>(), Staleness(0.0));
        app.world_mut().resource_mut::<ConnectionView>().sources[tasks.index()].lost_ms = None;
        run(&mut app, 20);
        assert_eq!(*app.world().resource::<LostKinds>(), LostKinds::default());
    }

    #[test]
    fn catching_up_raises_no_veil_and_is_grey_until_it_is_surely_over() {
        let mut app = app();
        report(&mut app, LinkStatus::Connected, Some(0.0));
        run(&mut app, 20);
        app.world_mut().resource_mut::<ConnectionView>().report = StatusReport {
            catching_up: true,
            ..StatusReport::default()
        };
        for _ in 0..40 {
            app.update();
            assert_eq!(*app.world().resource::<Staleness>(), Staleness(0.0));
        }
        assert_eq!(look(&mut app).edge(), dark().muted);
        report(&mut app, LinkStatus::Connected, Some(0.0));
        run(&mut app, 10);
        assert_eq!(look(&mut app).edge(), dark().muted, "half a second is nothing");
        run(&mut app, 30);
        assert_eq!(look(&mut app).edge(), dark().live);
        assert_eq!(*app.world().resource::<Staleness>(), Staleness(0.0));
    }

    #[test]
    fn losing_the_line_while_catching_up_is_an_outage() {
        let mut connection = ConnectionView {
            last_live: Some(0.0),
            ..ConnectionView::default()
        };
        connection.report.catching_up = true;
        assert!(!is_stale(&connection));
        connection.report.catching_up = false;
        assert!(is_stale(&connection));
    }

    #[test]
    fn flapping_leaves_nothing_behind() {
        let mut app = app();
        run(&mut app, 20);
        let before = app.world().entities().count_spawned();
        for round in 0..100 {
            let status = if round % 2 == 0 {
                LinkStatus::Connected
            } else {
                LinkStatus::Disconnected
            };
            report(&mut app, status, Some(0.0));
            run(&mut app, 2);
            assert!(animations(&mut app) <= 3);
        }
        run(&mut app, 30);
        assert_eq!(animations(&mut app), 0);
        assert_eq!(app.world().entities().count_spawned(), before);
    }

    #[test]
    fn the_first_filling_is_calm_and_a_failed_one_is_not() {
        let mut connection = ConnectionView::default();
        assert!(!is_stale(&connection), "nothing shown yet");
        connection.kinds = SourceKinds::of(&Mapping::default());
        connection.sources = vec![SourceReport {
            rows: 40,
            ..SourceReport::default()
        }];
        assert!(!is_stale(&connection), "first snapshot under way");
        connection.report.attempt = 1;
        assert!(is_stale(&connection));
        connection.report.status = LinkStatus::Connected;
        assert!(!is_stale(&connection));
    }
}
