//! All layers together: what is in force.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use crate::domain::{Backoff, Level, Mapping, Notice};

use super::{
    Effective, Env, FeedSettings, SettingsArgs, SettingsError, Vsn,
    effective::Parts,
    file, key,
    layer::{self, Layer},
    mapping, names,
    origin::Origin,
    saved,
    typed::{Set, Values},
    url::{self, Endpoints},
};

const FILE_NAME: &str = "opswall.toml";

/// Everything that was set. Mistakes are found by [`Settings::load`]; what is merely missing is said by
/// [`Settings::feed`], because `demo` and `config` need no project.
#[derive(Debug, Clone)]
pub struct Settings {
    endpoints: Option<Endpoints>,
    key: Option<SecretString>,
    pub vsn: Vsn,
    pub backoff: Backoff,
    pub heartbeat_interval: Duration,
    pub reconcile_interval: Option<Duration>,
    pub mapping: Arc<Mapping>,
    pub wall: WallSettings,
    pub verbose: bool,
    /// Where the panel's changes are kept; `None` when the user has no such folder.
    pub keep_in: Option<saved::Keeper>,
    /// What could not be used but is no reason to stop.
    pub notices: Vec<Notice>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
    effective: Vec<Effective>,
}

/// What the picture takes from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WallSettings {
    /// Unattended.
    pub kiosk: bool,
    /// Fades instead of flights.
    pub reduced_motion: bool,
    /// Inches; 5 to 1,000.
    pub screen_diagonal: Option<f32>,
    /// Metres; 0.2 to 100.
    pub viewing_distance: Option<f32>,
}

impl Settings {
    /// Reads all layers. Errors are for exit code 2.
    pub fn load(args: &SettingsArgs, env: &Env) -> Result<Self, SettingsError> {
        let mut notices = Vec::new();
        let mut files = Vec::new();
        // Weakest first.
        let mut layers: Vec<Layer> = Vec::new();
        for (path, must_exist) in file_paths(args, env) {
            match file::read(&path)? {
                Some(layer) => {
                    layers.push(layer);
                    files.push(path);
                }
                None if must_exist => {
                    return Err(SettingsError::Unreadable {
                        what: "the settings file",
                        path,
                        problem: "there is no such file".into(),
                    });
                }
                None => {}
            }
        }
        let state_file = env.state_dir.as_ref().map(|folder| folder.join(saved::FILE_NAME));
        if let Some(path) = &state_file {
            let (layer, notice) = saved::load(path);
            layers.push(layer);
            notices.extend(notice);
        }
        let (layer, unknown) = env.layer()?;
        layers.push(layer);
        notices.extend(unknown.iter().map(|name| unknown_variable(name)));
        layers.push(args.layer()?);

        let values = Values(layer::merge(&layers));
        let (mapping, mapping_origins) = mapping::assemble(&layers)?;

        let kiosk = values.switch("kiosk")?;
        let backoff = backoff(&values, kiosk.value)?;
        let heartbeat = values.whole("heartbeat_interval_ms", 100..=60_000, "", default(25_000))?;
        let reconcile = values.whole("reconcile_interval_s", 0..=604_800, " (0 = never)", default(600))?;
        let vsn = vsn(&values)?;
        let allow_insecure = values.switch("allow_insecure")?;
        let allow_service_key = values.switch("allow_service_key")?;
        let a_url = "a URL, like https://abcdefgh.supabase.co";
        let endpoints = url::endpoints(
            values.text("url", a_url)?,
            values.text("realtime_url", a_url)?,
            values.text("rest_url", a_url)?,
            allow_insecure.value,
        )?;
        let key = project_key(&values, env, allow_service_key.value)?;
        let reduced_motion = values.switch("reduced_motion")?;
        let screen_diagonal = values.number("screen_diagonal", 5.0..=1_000.0, " (inches)")?;
        let viewing_distance = values.number("viewing_distance", 0.2..=100.0, " (metres)")?;
        let verbose = values.switch("verbose")?;

        let effective = super::effective::list(&Parts {
            values: &values,
            endpoints: endpoints.as_ref(),
            key: key.as_ref(),
            vsn: &vsn,
            backoff: &backoff,
            heartbeat: &heartbeat,
            reconcile: &reconcile,
            switches: [
                ("kiosk", &kiosk),
                ("reduced_motion", &reduced_motion),
                ("allow_service_key", &allow_service_key),
                ("allow_insecure", &allow_insecure),
                ("verbose", &verbose),
            ],
            screen_diagonal: screen_diagonal.as_ref(),
            viewing_distance: viewing_distance.as_ref(),
            mapping: &mapping,
            mapping_origins: &mapping_origins,
        });
        let backoff = backoff.value();
        Ok(Self {
            endpoints,
            key: key.map(|key| key.value),
            vsn: vsn.value,
            backoff,
            heartbeat_interval: millis(heartbeat.value),
            reconcile_interval: (reconcile.value != 0).then(|| Duration::from_secs(reconcile.value.unsigned_abs())),
            mapping: Arc::new(mapping),
            wall: WallSettings {
                kiosk: kiosk.value,
                reduced_motion: reduced_motion.value,
                screen_diagonal: screen_diagonal.map(|set| set.value as f32),
                viewing_distance: viewing_distance.map(|set| set.value as f32),
            },
            verbose: verbose.value,
            keep_in: state_file.map(|path| saved::Keeper {
                path,
                started_with: backoff,
            }),
            notices,
            files,
            effective,
        })
    }

    /// Whether a project is set: without one the wall shows the demo, and says so.
    pub fn has_project(&self) -> bool {
        self.endpoints.is_some()
    }

    /// The connection to the project, or what is missing for it.
    pub fn feed(&self) -> Result<FeedSettings, SettingsError> {
        let endpoints = self.endpoints.clone().ok_or(SettingsError::NoProject)?;
        let key = self.key.clone().ok_or_else(|| SettingsError::NoKey {
            shown_url: url::shown(&endpoints.realtime.value),
        })?;
        Ok(self.feed_at(endpoints, key, self.mapping.clone()))
    }

    /// The connection to the built-in demo feed at `base` (`http://127.0.0.1:PORT`), which has tables of its own: the
    /// user's pace, not the user's mapping.
    pub fn demo_feed(&self, base: &str, key: &str) -> Result<FeedSettings, SettingsError> {
        let base = Set::new(base.to_owned(), Origin::Default);
        let endpoints = url::endpoints(Some(base), None, None, false)?.ok_or(SettingsError::NoProject)?;
        Ok(self.feed_at(endpoints, key.into(), Arc::new(Mapping::default())))
    }

    fn feed_at(&self, endpoints: Endpoints, key: SecretString, mapping: Arc<Mapping>) -> FeedSettings {
        FeedSettings {
            realtime_url: endpoints.realtime.value,
            rest_url: endpoints.rest.value,
            key,
            vsn: self.vsn,
            backoff: self.backoff,
            heartbeat_interval: self.heartbeat_interval,
            reconcile_interval: self.reconcile_interval,
            mapping,
        }
    }

    /// Every setting with its value and origin, secrets masked: for `config`.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

/// The files to read, weakest first, and whether one must be there.
fn file_paths(args: &SettingsArgs, env: &Env) -> Vec<(PathBuf, bool)> {
    let named = args
        .config
        .clone()
        .or_else(|| env.get("OPSWALL_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        // Joining an absolute path replaces the folder.
        return vec![(env.working_dir.join(path), true)];
    }
    let users = env.config_dir.as_ref().map(|folder| (folder.join(FILE_NAME), false));
    let own = (env.working_dir.join(FILE_NAME), false);
    users.into_iter().chain([own]).collect()
}

fn unknown_variable(name: &str) -> Notice {
    let known: Vec<String> = names::SETTINGS
        .iter()
        .chain(&["map", "status", "config"])
        .map(|name| format!("{}{}", names::ENV_PREFIX, name.to_uppercase()))
        .collect();
    let rest = name.strip_prefix(names::ENV_PREFIX).unwrap_or(name).to_lowercase();
    let hint = names::nearest(&rest, names::SETTINGS.iter().copied())
        .and_then(|nearest| known.iter().find(|name| name.to_lowercase().ends_with(nearest)))
        .map_or_else(|| "it is ignored".to_owned(), |known| format!("did you mean {known}?"));
    Notice {
        level: Level::Warn,
        code: "unknown_variable",
        text: format!("{name} in the environment is no setting of opswall: {hint}"),
    }
}

/// The backoff's four settings with their origins.
pub(super) struct BackoffSet {
    pub(super) max_attempts: Set<i64>,
    pub(super) interval_ms: Set<i64>,
    pub(super) max_interval_ms: Set<i64>,
    pub(super) jitter: Set<f64>,
}

impl BackoffSet {
    fn value(&self) -> Backoff {
        Backoff {
            max_attempts: u32::try_from(self.max_attempts.value).unwrap_or(u32::MAX),
            interval: millis(self.interval_ms.value),
            max_interval: millis(self.max_interval_ms.value),
            jitter: self.jitter.value,
        }
        .clamped()
    }
}

pub(super) fn backoff(values: &Values, kiosk: bool) -> Result<BackoffSet, SettingsError> {
    /// Share of a delay that is random in kiosk mode: many walls must not come back at one moment.
    const KIOSK_JITTER: f64 = 0.2;
    let usual = Backoff::default();
    let (least, most) = Backoff::INTERVAL_RANGE;
    let bounds = whole_millis(least)..=whole_millis(most);
    let origin = || if kiosk { Origin::Kiosk } else { Origin::Default };
    let attempts = if kiosk { 0 } else { usual.max_attempts };
    let max_attempts = values.whole(
        "max_reconnect_attempts",
        0..=Backoff::MAX_ATTEMPTS_LIMIT.into(),
        " (0 = never give up)",
        Set::new(attempts.into(), origin()),
    )?;
    let mut interval_ms = values.whole(
        "reconnect_interval_ms",
        bounds.clone(),
        "",
        default(whole_millis(usual.interval)),
    )?;
    let mut max_interval_ms = values.whole(
        "max_reconnect_interval_ms",
        bounds,
        "",
        default(whole_millis(usual.max_interval)),
    )?;
    if max_interval_ms.value < interval_ms.value {
        // Where only one of the two was said, the other goes with it.
        if max_interval_ms.origin == Origin::Default {
            max_interval_ms = Set::new(interval_ms.value, Origin::Derived("reconnect_interval_ms"));
        } else if interval_ms.origin == Origin::Default {
            interval_ms = Set::new(max_interval_ms.value, Origin::Derived("max_reconnect_interval_ms"));
        } else {
            return Err(SettingsError::value(
                max_interval_ms.origin.subject("max_reconnect_interval_ms"),
                &max_interval_ms.value.to_string(),
                format!("at least reconnect_interval_ms, which is {}", interval_ms.value),
            ));
        }
    }
    let unset = match kiosk {
        true => Set::new(KIOSK_JITTER, Origin::Kiosk),
        false => Set::new(0.0, Origin::Default),
    };
    Ok(BackoffSet {
        max_attempts,
        interval_ms,
        max_interval_ms,
        jitter: values.number("reconnect_jitter", 0.0..=1.0, "")?.unwrap_or(unset),
    })
}

fn vsn(values: &Values) -> Result<Set<Vsn>, SettingsError> {
    let want = "1.0.0 or 2.0.0";
    let Some(text) = values.text("vsn", want)? else {
        return Ok(Set::new(Vsn::default(), Origin::Default));
    };
    let vsn = match text.value.as_str() {
        "1.0.0" => Vsn::V1,
        "2.0.0" => Vsn::V2,
        other => return Err(SettingsError::value(text.origin.subject("vsn"), other, want)),
    };
    Ok(Set::new(vsn, text.origin))
}

/// The key, or the one in the key's file; a file named in a settings file stands beside that file.
fn project_key(
    values: &Values,
    env: &Env,
    allow_service_key: bool,
) -> Result<Option<Set<SecretString>>, SettingsError> {
    let key = match values.text("key_file", "the path of a file")? {
        Some(path) => {
            let beside = match &path.origin {
                Origin::File { path, .. } => path.parent().map_or_else(|| env.working_dir.clone(), PathBuf::from),
                _ => env.working_dir.clone(),
            };
            if values.0.contains_key("key") {
                return Err(SettingsError::refused(
                    path.origin.subject("key_file"),
                    "is given together with a key: give one of the two",
                ));
            }
            Some(key::in_file(&beside.join(&path.value), path.origin)?)
        }
        None => values.text("key", "the publishable key")?.map(key::direct),
    };
    key.map(|key| key::checked(key, allow_service_key)).transpose()
}

fn default(value: i64) -> Set<i64> {
    Set::new(value, Origin::Default)
}

fn millis(value: i64) -> Duration {
    Duration::from_millis(value.unsigned_abs())
}

fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
