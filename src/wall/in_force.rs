//! Puts settings in force that change while the wall runs. Each is a resource or a message of the feature that it is for.

use bevy::prelude::*;
use settings::{Settings, WallSettings, saved::Keeper};

use super::{governor::Policy, viewing::Viewing};
use crate::{
    connection::Feed,
    editor::SettingsInForce,
    fleet::FleetMapping,
    frame::SettingsSystems,
    layout::CityPlan,
    messages::{Intent, Noticed, Remapped, ScreenTheme},
    scene::motion::MotionSettings,
};
use model::{Notice, NoticeKind};

pub(super) fn plugin(app: &mut App) {
    // Without an editor nobody writes it, and it is read all the same.
    app.add_message::<SettingsInForce>().add_systems(
        Update,
        put_in_force
            .run_if(on_message::<SettingsInForce>)
            .in_set(SettingsSystems::PutInForce),
    );
}

/// Puts the display's settings in force with which a wall begins.
pub(super) fn begin(world: &mut World, settings: &WallSettings) {
    world.resource_mut::<MotionSettings>().reduced = settings.reduced_motion;
    world.resource_mut::<ScreenTheme>().0 = settings.theme;
    world.resource_mut::<CityPlan>().set_finished(settings.finished);
    world.insert_resource(Viewing::of(settings));
    world.insert_resource(Policy(settings.quality));
}

fn put_in_force(
    mut changes: MessageReader<SettingsInForce>,
    mut theme: ResMut<ScreenTheme>,
    mut motion: ResMut<MotionSettings>,
    mut plan: ResMut<CityPlan>,
    mut viewing: ResMut<Viewing>,
    mut policy: ResMut<Policy>,
    mut feed: Option<ResMut<Feed>>,
    mapping: Res<FleetMapping>,
    mut intents: MessageWriter<Intent>,
    mut remapped: MessageWriter<Remapped>,
    mut notices: MessageWriter<Noticed>,
) {
    for SettingsInForce {
        before,
        now,
        is_remapped,
    } in changes.read()
    {
        let (old, new) = (&before.wall, &now.wall);
        theme.set_if_neq(ScreenTheme(new.theme));
        motion.set_if_neq(MotionSettings {
            reduced: new.reduced_motion,
        });
        viewing.set_if_neq(Viewing::of(new));
        policy.set_if_neq(Policy(new.quality));
        if old.finished != new.finished {
            plan.bypass_change_detection().set_finished(new.finished);
        }
        // The panel may have changed the backoff meanwhile: only what the settings changed is theirs.
        if before.backoff != now.backoff {
            intents.write(Intent::Retune(now.backoff));
        }
        if let Some(feed) = feed.as_mut() {
            feed.keep_in = keeper(now);
        }
        if *is_remapped {
            match now.mapping_over(&mapping.0) {
                Ok(mapping) => {
                    remapped.write(Remapped(mapping));
                }
                Err(error) => {
                    let text = format!("Rows are read as before: {error}.");
                    notices.write(Noticed(Notice::new(NoticeKind::SettingsMistaken, text)));
                }
            }
        }
    }
}

/// Where the panel saves a changed backoff. What the settings window changed is not saved with it.
fn keeper(settings: &Settings) -> Option<Keeper> {
    let keeper = settings.keep_in.as_ref()?;
    Some(Keeper {
        path: keeper.path.clone(),
        started_with: settings.backoff,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::PathBuf,
        time::{Duration, Instant},
    };

    use model::{Backoff, NoticeKind, theme::ThemeName};
    use settings::{Env, QualityPolicy, SettingsArgs, StartedWith};

    use super::*;
    use crate::{
        editor::{FollowedSettings, SettingsRequest, SettingsView},
        frame, layout, messages,
        wall::governor,
    };

    /// A file is read within this time on a busy machine: a hang fails, slowness does not.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// The watch looks at the folder for the first time within this: a write that it meets halfway would be two versions.
    const SETTLE: Duration = Duration::from_millis(300);

    struct Wall {
        app: App,
        folder: tempfile::TempDir,
        said: Vec<Notice>,
    }

    impl Wall {
        /// A wall with this settings file, without a feed and a scene.
        fn new(file: Option<&str>) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            if let Some(text) = file {
                fs::write(folder.path().join("opswall.toml"), text).expect("written");
            }
            let started_with = StartedWith {
                args: SettingsArgs::default(),
                env: Env {
                    working_dir: folder.path().to_owned(),
                    ..Env::default()
                },
            };
            let followed = FollowedSettings::start(started_with).expect("settings");
            let mut app = App::new();
            app.add_plugins((MinimalPlugins, frame::plugin, messages::plugin, plugin))
                .init_resource::<MotionSettings>()
                .init_resource::<FleetMapping>();
            layout::resources(&mut app);
            begin(app.world_mut(), &followed.settings().wall);
            followed.add_to(&mut app);
            std::thread::sleep(SETTLE);
            app.update();
            Self {
                app,
                folder,
                said: Vec::new(),
            }
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("opswall.toml")
        }

        fn write(&self, text: &str) {
            fs::write(self.file(), text).expect("written");
        }

        fn request(&mut self, request: SettingsRequest) {
            self.app.world_mut().write_message(request);
            self.frame();
        }

        fn set(&mut self, key: &'static str, text: &str) {
            let text = text.to_owned();
            self.request(SettingsRequest::Set { key, text });
        }

        /// One frame, and what is told in it.
        fn frame(&mut self) {
            self.app.update();
            let mut noticed = self.app.world_mut().resource_mut::<Messages<Noticed>>();
            self.said.extend(noticed.drain().map(|Noticed(notice)| notice));
        }

        fn until(&mut self, what: &str, is_done: impl Fn(&Self) -> bool) {
            let begun = Instant::now();
            while !is_done(self) {
                assert!(begun.elapsed() < PATIENCE, "never came: {what}");
                std::thread::sleep(Duration::from_millis(10));
                self.frame();
            }
        }

        /// Long enough for a second report of the same version of a file.
        fn rest(&mut self) {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(2) {
                std::thread::sleep(Duration::from_millis(20));
                self.frame();
            }
        }

        fn theme(&self) -> ThemeName {
            self.app.world().resource::<ScreenTheme>().0
        }

        fn view(&self) -> &SettingsView {
            self.app.world().resource()
        }

        fn told(&self, kind: NoticeKind) -> Vec<&str> {
            let of_kind = self.said.iter().filter(|notice| notice.kind == kind);
            of_kind.map(|notice| notice.text.as_str()).collect()
        }

        fn backoffs(&self) -> Vec<Backoff> {
            let intents = self.app.world().resource::<Messages<Intent>>();
            let backoffs = intents
                .iter_current_update_messages()
                .filter_map(|intent| match intent {
                    Intent::Retune(backoff) => Some(*backoff),
                    _ => None,
                });
            backoffs.collect()
        }
    }

    #[test]
    fn a_file_that_is_written_changes_the_wall_and_says_so() {
        let mut wall = Wall::new(Some("theme = \"dark\"\n"));
        assert_eq!(wall.theme(), ThemeName::Dark);
        wall.write("theme = \"light\"\nreduced_motion = true\nscale = 150\nkiosk = true\n");
        wall.until("the new theme", |wall| wall.theme() == ThemeName::Light);
        let world = wall.app.world();
        assert!(world.resource::<MotionSettings>().reduced);
        let larger = Settings::load(&SettingsArgs::default().scale("150"), &Env::default()).expect("settings");
        assert_eq!(*world.resource::<Viewing>(), Viewing::of(&larger.wall));
        wall.rest();
        let told = wall.told(NoticeKind::SettingsAwaitRestart);
        assert_eq!(told.len(), 1, "{told:?}");
        let (changed, restart) = told[0].split_once(". ").expect("two sentences");
        assert!(changed.contains("theme is light now"), "{changed}");
        assert!(restart.contains("kiosk counts at the next start"), "{restart}");
    }

    #[test]
    fn a_broken_file_changes_nothing_and_is_reported_once() {
        let mut wall = Wall::new(Some("theme = \"light\"\n"));
        wall.write("theme = \"lihgt\"\n");
        wall.until("the mistake", |wall| wall.view().mistake.is_some());
        wall.rest();
        assert_eq!(wall.theme(), ThemeName::Light);
        let told = wall.told(NoticeKind::SettingsMistaken);
        assert_eq!(told.len(), 1, "{told:?}");
        for part in ["opswall.toml", "line 1", "give dark, light or high-contrast"] {
            assert!(told[0].contains(part), "{}", told[0]);
        }
        wall.write("theme = \"high-contrast\"\n");
        wall.until("the correction", |wall| wall.theme() == ThemeName::HighContrast);
        assert_eq!(wall.view().mistake, None);
    }

    #[test]
    fn a_change_in_the_window_counts_at_once_and_can_be_taken_back() {
        let mut wall = Wall::new(None);
        wall.set("theme", "light");
        assert_eq!(wall.theme(), ThemeName::Light);
        assert!(wall.view().has_unsaved);
        wall.set("quality", "full");
        assert_eq!(*wall.app.world().resource::<Policy>(), Policy(QualityPolicy::Full));
        wall.set("max_reconnect_attempts", "9");
        let backoffs = wall.backoffs();
        assert_eq!(
            backoffs.iter().map(|backoff| backoff.max_attempts).collect::<Vec<_>>(),
            [9]
        );
        wall.set("scale", "9000");
        assert_eq!(wall.view().refused.as_ref().map(|(key, _)| *key), Some("scale"));
        wall.request(SettingsRequest::Reset("theme"));
        assert_eq!(wall.theme(), ThemeName::default());
        assert_eq!(wall.view().refused, None);
        wall.request(SettingsRequest::ResetAll);
        assert_eq!(*wall.app.world().resource::<Policy>(), Policy(QualityPolicy::Auto));
        assert!(!wall.view().has_unsaved);
        assert!(wall.said.is_empty(), "who changes something knows it: {:?}", wall.said);
    }

    #[test]
    fn what_is_saved_is_in_the_file_and_told_once() {
        let mut wall = Wall::new(Some("# mine\nreduced_motion = true\n"));
        wall.set("theme", "light");
        wall.request(SettingsRequest::Save);
        wall.until("the save", |wall| !wall.view().is_saving && !wall.view().has_unsaved);
        let text = fs::read_to_string(wall.file()).expect("the file");
        assert!(text.contains("# mine") && text.contains("theme = \"light\""), "{text}");
        wall.rest();
        assert_eq!(wall.told(NoticeKind::Saved).len(), 1);
        assert_eq!(wall.said.len(), 1, "{:?}", wall.said);
    }

    #[test]
    fn what_cannot_be_saved_stays_in_force_and_is_told() {
        let mut wall = Wall::new(None);
        wall.set("theme", "light");
        // Written by another program, with a mistake.
        wall.write("theme = 7 8\n");
        wall.request(SettingsRequest::Save);
        wall.until("the failure", |wall| !wall.told(NoticeKind::NotSaved).is_empty());
        assert!(wall.view().has_unsaved && wall.theme() == ThemeName::Light);
        assert_eq!(fs::read_to_string(wall.file()).expect("the file"), "theme = 7 8\n");
    }

    #[test]
    fn a_backoff_from_the_panel_takes_the_place_of_an_edit() {
        let mut wall = Wall::new(None);
        wall.set("max_reconnect_attempts", "9");
        wall.set("theme", "light");
        let tuned = Backoff {
            max_attempts: 4,
            ..Backoff::DEFAULT
        };
        wall.app.world_mut().write_message(Intent::Tune(tuned));
        wall.set("reduced_motion", "true");
        let settings = wall.view().settings.iter();
        let edited = settings.filter(|setting| setting.origin == settings::Origin::Edited);
        let edited: Vec<_> = edited.map(|setting| setting.key).collect();
        assert_eq!(edited, ["theme", "reduced_motion"]);
    }

    #[test]
    fn all_features_are_on_as_soon_as_quality_is_full() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, messages::plugin, governor::plugin))
            .init_resource::<crate::wall::frame_rate::FrameRate>()
            .add_message::<bevy::window::WindowOccluded>()
            .insert_resource(messages::Quality::without(3));
        app.insert_resource(Policy(QualityPolicy::Full));
        app.update();
        assert_eq!(
            *app.world().resource::<messages::Quality>(),
            messages::Quality::default()
        );
    }
}
