//! All layers together: what is in force.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use secrecy::SecretString;

use model::theme::ThemeName;
use model::{Backoff, Mapping, Notice, NoticeKind};
use realtime::Vsn;

use super::{
    Auth, Effective, Env, FeedSettings, QualityPolicy, SettingsArgs, SettingsError, SignIn, WallSettings,
    effective::Parts,
    file, key,
    layer::{self, Layer},
    mapping, names,
    origin::Origin,
    pace::{self, Rounds},
    saved, sign_in,
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
    sign_in: Option<SignIn>,
    allow_service_key: bool,
    pub vsn: Vsn,
    pub backoff: Backoff,
    pub heartbeat_interval: Duration,
    pub reconcile_interval: Option<Duration>,
    pub audit_interval: Option<Duration>,
    pub change_limit: Option<u32>,
    pub replace_connection: Option<Duration>,
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
        let backoff = pace::backoff(&values, kiosk.value)?;
        let rounds = Rounds::read(&values)?;
        let vsn = values.one_of("vsn", "1.0.0 or 2.0.0", vsn_of_word)?;
        let allow_insecure = values.switch("allow_insecure")?;
        let allow_service_key = values.switch("allow_service_key")?;
        let a_url = "a URL, like https://abcdefgh.supabase.co";
        let endpoints = url::endpoints(
            values.text("url", a_url)?,
            values.text("realtime_url", a_url)?,
            values.text("rest_url", a_url)?,
            values.text("auth_url", a_url)?,
            allow_insecure.value,
        )?;
        let key = project_key(&values, env, allow_service_key.value)?;
        if let (Some(key), Some(endpoints)) = (&key, &endpoints) {
            notices.extend(key::doubts(&key.value, &endpoints.realtime.value, seconds_since_1970()));
        }
        let sign_in = sign_in::decide(&values, env)?;
        notices.extend(sign_in.as_ref().and_then(|decided| decided.sign_in.file().notice()));
        let theme = values.one_of("theme", "dark, light or high-contrast", ThemeName::of_word)?;
        let quality = values.one_of("quality", "auto or full", QualityPolicy::of_word)?;
        let reduced_motion = values.switch("reduced_motion")?;
        let screen_diagonal = values.number("screen_diagonal", 5.0..=1_000.0, " (inches)")?;
        let viewing_distance = values.number("viewing_distance", 0.2..=100.0, " (metres)")?;
        let verbose = values.switch("verbose")?;

        let effective = super::effective::list(&Parts {
            values: &values,
            endpoints: endpoints.as_ref(),
            key: key.as_ref(),
            sign_in: sign_in.as_ref(),
            vsn: &vsn,
            backoff: &backoff,
            rounds: &rounds,
            switches: [
                ("kiosk", &kiosk),
                ("reduced_motion", &reduced_motion),
                ("allow_service_key", &allow_service_key),
                ("allow_insecure", &allow_insecure),
                ("verbose", &verbose),
            ],
            theme: &theme,
            quality: &quality,
            screen_diagonal: screen_diagonal.as_ref(),
            viewing_distance: viewing_distance.as_ref(),
            mapping: &mapping,
            mapping_origins: &mapping_origins,
        });
        let backoff = backoff.value();
        Ok(Self {
            endpoints,
            key: key.map(|key| key.value),
            sign_in: sign_in.map(|decided| decided.sign_in),
            allow_service_key: allow_service_key.value,
            vsn: vsn.value,
            backoff,
            heartbeat_interval: rounds.heartbeat(),
            reconcile_interval: rounds.reconcile(),
            audit_interval: rounds.audit(),
            change_limit: rounds.change_limit(),
            replace_connection: rounds.replace(),
            mapping: Arc::new(mapping),
            wall: WallSettings {
                kiosk: kiosk.value,
                theme: theme.value,
                quality: quality.value,
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
        let auth = match (&self.sign_in, &endpoints.auth) {
            (None, _) => None,
            (Some(_), None) => return Err(SettingsError::NoAuth),
            (Some(sign_in), Some(url)) => Some(Auth {
                url: url.value.clone(),
                sign_in: sign_in.clone(),
            }),
        };
        Ok(FeedSettings {
            auth,
            change_limit: self.change_limit,
            ..self.feed_at(endpoints, key, self.mapping.clone())
        })
    }

    /// The connection to the built-in demo feed at `base` (`http://127.0.0.1:PORT`), which has tables of its own: the
    /// user's pace, not the user's mapping, and never the user's password. It drops no changes.
    pub fn demo_feed(&self, base: &str, key: &str) -> Result<FeedSettings, SettingsError> {
        let base = Set::new(base.to_owned(), Origin::Default);
        let endpoints = url::endpoints(Some(base), None, None, None, false)?.ok_or(SettingsError::NoProject)?;
        Ok(self.feed_at(endpoints, key.into(), Arc::new(Mapping::default())))
    }

    fn feed_at(&self, endpoints: Endpoints, key: SecretString, mapping: Arc<Mapping>) -> FeedSettings {
        FeedSettings {
            realtime_url: endpoints.realtime.value,
            rest_url: endpoints.rest.value,
            key,
            auth: None,
            allow_service_key: self.allow_service_key,
            vsn: self.vsn,
            backoff: self.backoff,
            heartbeat_interval: self.heartbeat_interval,
            reconcile_interval: self.reconcile_interval,
            audit_interval: self.audit_interval,
            change_limit: None,
            replace_connection: self.replace_connection,
            mapping,
        }
    }

    /// Every setting with its value and origin, secrets masked: for `config`.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
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
        kind: NoticeKind::UnknownVariable,
        text: format!("{name} in the environment is no setting of opswall: {hint}"),
    }
}

fn vsn_of_word(word: &str) -> Option<Vsn> {
    match word {
        "1.0.0" => Some(Vsn::V1),
        "2.0.0" => Some(Vsn::V2),
        _ => None,
    }
}

/// The key, or the one in the key's file; a file named in a settings file stands beside that file.
fn project_key(
    values: &Values,
    env: &Env,
    allow_service_key: bool,
) -> Result<Option<Set<SecretString>>, SettingsError> {
    let key = match values.path("key_file", env)? {
        Some(path) => {
            if values.0.contains_key("key") {
                return Err(SettingsError::refused(
                    path.origin.subject("key_file"),
                    "is given together with a key: give one of the two",
                ));
            }
            Some(key::in_file(&path.value, path.origin)?)
        }
        None => values.text("key", "the publishable key")?.map(key::direct),
    };
    key.map(|key| key::checked(key, allow_service_key)).transpose()
}
