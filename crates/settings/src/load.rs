//! All layers together: the settings in force.

use std::{
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use secrecy::{ExposeSecret as _, SecretString};

use model::{Backoff, Mapping, Notice};

use crate::{
    Auth, Effective, Env, FeedSettings, FindSources, FinishedWorkflows, SettingsArgs, SettingsError, SignIn, TextSize,
    WallSettings,
    definition::is_run_time,
    effective, file, key,
    layers::{self, Set, SettingsLayer},
    mapping,
    origin::Origin,
    saved, sign_in, sources,
    table::Values,
    url::{self, Endpoints},
};

const FILE_NAME: &str = "opswall.toml";

/// The settings in force. [`Settings::load`] reports what is wrong with them; [`Settings::feed`] reports what is
/// missing, because `demo` and `config` need no project.
#[derive(Clone)]
pub struct Settings {
    endpoints: Option<Endpoints>,
    key: Option<SecretString>,
    sign_in: Option<SignIn>,
    values: Values,
    /// The schedule of reconnect attempts.
    pub backoff: Backoff,
    /// Tables, columns and status words. Where no setting names a table, the tables of the demo.
    pub mapping: Arc<Mapping>,
    sources: Arc<mapping::Written>,
    /// What the picture uses.
    pub wall: WallSettings,
    /// The named view to begin with, by its name or number.
    pub view: Option<String>,
    /// Whether the log contains more.
    pub verbose: bool,
    /// Where changes in the panel are kept; `None` when the user has no such folder.
    pub keep_in: Option<saved::Keeper>,
    /// What could not be used but does not prevent a start.
    pub notices: Vec<Notice>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
    /// The file that `init` writes: the one that was named, or that of the working directory.
    pub own_file: PathBuf,
    effective: Vec<Effective>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The list of settings in force masks secrets.
        f.debug_struct("Settings")
            .field("effective", &self.effective)
            .field("files", &self.files)
            .field("notices", &self.notices)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads all layers.
    ///
    /// # Errors
    /// A mistake in one of them, for exit code 2.
    pub fn load(args: &SettingsArgs, env: &Env) -> Result<Self, SettingsError> {
        Self::decide(&Layers::read(args, env)?, args, env)
    }

    /// Decides the layers that were read. It reads the files of the key and of the sign-in.
    pub(crate) fn decide(read: &Layers, args: &SettingsArgs, env: &Env) -> Result<Self, SettingsError> {
        let Layers {
            layers,
            files,
            state_file,
            notices,
        } = read;
        let mut notices = notices.clone();
        let mut values = Values::read(&layers::merge(layers), env)?;
        order_intervals(&mut values)?;
        let endpoints = url::Given::of(&values).endpoints()?;
        let feed = endpoints
            .as_ref()
            .map(|endpoints| url::shown(&endpoints.realtime.value));
        let sources = mapping::gather(layers, feed.as_deref())?;
        let (mapping, mapping_origins) = sources.mapping(None)?;
        let key = key::decide(&values)?;
        if let (Some(key), Some(endpoints)) = (&key, &endpoints) {
            notices.extend(key::warnings(
                &key.value,
                &endpoints.realtime.value,
                seconds_since_1970(),
            ));
        }
        let sign_in = sign_in::decide(&values)?;
        notices.extend(sign_in.as_ref().and_then(|sign_in| sign_in.file().notice()));

        let mut effective = effective::scalars(&values, endpoints.as_ref(), key.as_ref());
        effective.extend(effective::mapping(&mapping, &mapping_origins));
        let backoff = backoff(&values);
        Ok(Self {
            endpoints,
            key: key.map(|key| key.value),
            sign_in,
            backoff,
            mapping: Arc::new(mapping),
            sources: Arc::new(sources),
            wall: wall(&values),
            view: values.view.value.clone(),
            verbose: values.verbose.value,
            values,
            keep_in: state_file.clone().map(|path| saved::Keeper {
                path,
                started_with: backoff,
            }),
            notices,
            files: files.clone(),
            own_file: file_paths(args, env).pop().map(|(path, _)| path).unwrap_or_default(),
            effective,
        })
    }

    /// The connection to a project that is entered while the program runs. It has the user's intervals; its tables are found.
    ///
    /// # Errors
    /// When the URL is none, or the key cannot be one or bypasses row-level security.
    pub fn project_feed(&self, url: &str, key: SecretString) -> Result<FeedSettings, SettingsError> {
        let given = url::Given {
            allow_insecure: self.values.allow_insecure.value,
            ..url::Given::project(url.trim())
        };
        let endpoints = given.endpoints()?.ok_or(SettingsError::NoProject)?;
        let key = key::checked(Set::new(key, Origin::Default), self.values.allow_service_key.value)?;
        Ok(FeedSettings {
            change_limit: self.values.change_limit.value,
            find_sources: Some(FindSources(self.sources.clone())),
            ..self.feed_at(endpoints, key.value, self.mapping.clone())
        })
    }

    /// These settings with another project, for the file that is written for it.
    #[must_use]
    pub fn with_project(&self, url: &str, key_file: &std::path::Path) -> Self {
        let mut settings = self.clone();
        for setting in &mut settings.effective {
            setting.value = match setting.name.as_str() {
                "url" => serde_json::json!(url.trim()),
                "key_file" => serde_json::json!(key_file.to_string_lossy()),
                "realtime_url" | "rest_url" | "auth_url" => serde_json::Value::Null,
                _ => continue,
            };
            setting.origin = Origin::File {
                path: self.own_file.clone(),
                line: 1,
            };
        }
        settings
    }

    /// Whether a setting names tables: if none does, they are found at each start.
    pub fn names_tables(&self) -> bool {
        self.sources.names_tables()
    }

    /// Whether a project is set: without one the wall shows the demo feed, and the screen names it as such.
    pub fn has_project(&self) -> bool {
        self.endpoints.is_some()
    }

    /// The connection to the project.
    ///
    /// # Errors
    /// What is missing for it.
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
            change_limit: self.values.change_limit.value,
            find_sources: (!self.sources.names_tables()).then(|| FindSources(self.sources.clone())),
            ..self.feed_at(endpoints, key, self.mapping.clone())
        })
    }

    /// As [`Settings::feed`], with tables that are to be found although settings may name some.
    ///
    /// # Errors
    /// As [`Settings::feed`].
    pub fn finding_feed(&self) -> Result<FeedSettings, SettingsError> {
        Ok(FeedSettings {
            find_sources: Some(FindSources(self.sources.clone())),
            ..self.feed()?
        })
    }

    /// The connection to the built-in demo feed at `base` (`http://127.0.0.1:PORT`). It has the user's intervals, and
    /// neither the user's mapping, because its tables are its own, nor the user's password. It drops no changes.
    ///
    /// # Errors
    /// When `base` is not a URL.
    pub fn demo_feed(&self, base: &str, key: &str) -> Result<FeedSettings, SettingsError> {
        let endpoints = url::Given::project(base).endpoints()?.ok_or(SettingsError::NoProject)?;
        Ok(self.feed_at(endpoints, key.into(), Arc::new(Mapping::default())))
    }

    /// The connection to a local server at `base` with the tables of the user's own script: as to a project, with the user's
    /// mapping or with tables to be found, and without the user's password.
    ///
    /// # Errors
    /// When `base` is not a URL.
    pub fn rehearsal_feed(&self, base: &str, key: &str) -> Result<FeedSettings, SettingsError> {
        let endpoints = url::Given::project(base).endpoints()?.ok_or(SettingsError::NoProject)?;
        Ok(FeedSettings {
            find_sources: (!self.sources.names_tables()).then(|| FindSources(self.sources.clone())),
            ..self.feed_at(endpoints, key.into(), self.mapping.clone())
        })
    }

    fn feed_at(&self, endpoints: Endpoints, key: SecretString, mapping: Arc<Mapping>) -> FeedSettings {
        let values = &self.values;
        FeedSettings {
            realtime_url: endpoints.realtime.value,
            rest_url: endpoints.rest.value,
            key,
            auth: None,
            allow_service_key: values.allow_service_key.value,
            vsn: values.vsn.value,
            backoff: self.backoff,
            heartbeat_interval: values.heartbeat_interval_ms.value,
            reconcile_interval: values.reconcile_interval_s.value,
            audit_interval: values.audit_interval_s.value,
            proof_max_age: proof_max_age(values.proof_max_age_s.value, values.audit_interval_s.value),
            change_limit: None,
            database_broadcast: values.database_broadcast.value,
            replace_connection: values.replace_connection_h.value,
            mapping,
            find_sources: None,
        }
    }

    /// The mapping to read rows with from now on, when the status words changed while opswall runs: that of the settings,
    /// or, where no setting names a table, the sources that were found (`present`) with the words of the settings.
    ///
    /// # Errors
    /// A setting names a table that is none of the sources.
    pub fn mapping_over(&self, present: &Mapping) -> Result<Arc<Mapping>, SettingsError> {
        if self.sources.names_tables() {
            return Ok(Arc::clone(&self.mapping));
        }
        let (mapping, _) = self.sources.mapping(Some(present.sources().to_vec()))?;
        Ok(Arc::new(mapping))
    }

    /// The values of these settings.
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// Whether the key is the same one. It may have changed in its file.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        let key = |settings: &Self| settings.key.as_ref().map(|key| key.expose_secret().to_owned());
        key(self) == key(other)
    }

    /// These settings with other values of what may change while opswall runs.
    pub(crate) fn with_run_time(&self, values: &Values) -> Self {
        let mut settings = self.clone();
        settings.values.take_run_time(values);
        settings.backoff = backoff(&settings.values);
        settings.wall = wall(&settings.values);
        for (name, set) in settings.values.shown() {
            let mut listed = settings.effective.iter_mut();
            if is_run_time(name)
                && let Some(setting) = listed.find(|setting| setting.name == name)
            {
                setting.value = set.value;
                setting.origin = set.origin;
            }
        }
        settings
    }

    /// These settings with the columns and status words of others; `None` when those follow other tables, which takes a
    /// restart.
    pub(crate) fn with_words_of(&self, other: &Self) -> Option<Self> {
        let companions = |settings: &Self| -> Vec<_> {
            let sources = settings.mapping.sources().iter();
            sources.map(|source| (source.kind, source.companions.clone())).collect()
        };
        let is_same = self.names_tables() == other.names_tables()
            && sources::sources(&self.mapping) == sources::sources(&other.mapping)
            && companions(self) == companions(other);
        let is_of_mapping =
            |setting: &&Effective| setting.name.starts_with("sources.") || setting.name.starts_with("status.");
        is_same.then(|| {
            let own = self.effective.iter().filter(|setting| !is_of_mapping(setting));
            Self {
                mapping: Arc::clone(&other.mapping),
                sources: Arc::clone(&other.sources),
                effective: own
                    .chain(other.effective.iter().filter(is_of_mapping))
                    .cloned()
                    .collect(),
                ..self.clone()
            }
        })
    }

    /// Remembers which files and which backoff the start would have had now.
    pub(crate) fn with_start_of(mut self, other: &Self) -> Self {
        self.files.clone_from(&other.files);
        self.keep_in.clone_from(&other.keep_in);
        self
    }

    /// Every setting with its value and origin, secrets masked, for `config`.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

/// What was written anywhere, weakest layer first.
#[derive(Clone)]
pub(crate) struct Layers {
    /// All layers; the first ones are those of `files`.
    pub(crate) layers: Vec<SettingsLayer>,
    /// The settings files that were read, weakest first.
    pub(crate) files: Vec<PathBuf>,
    /// Where changes in the panel are saved.
    pub(crate) state_file: Option<PathBuf>,
    notices: Vec<Notice>,
}

impl Layers {
    /// The layers of the settings files alone, and the files, weakest first.
    pub(crate) fn of_files(
        args: &SettingsArgs,
        env: &Env,
    ) -> Result<(Vec<SettingsLayer>, Vec<PathBuf>), SettingsError> {
        let mut layers = Vec::new();
        let mut files = Vec::new();
        for (path, must_exist) in file_paths(args, env) {
            match file::read(&path)? {
                Some(layer) => {
                    layers.push(layer);
                    files.push(path);
                }
                None if must_exist => {
                    return Err(SettingsError::Unreadable {
                        what: file::WHAT,
                        path,
                        problem: "there is no such file".into(),
                    });
                }
                None => {}
            }
        }
        Ok((layers, files))
    }

    /// All layers.
    pub(crate) fn read(args: &SettingsArgs, env: &Env) -> Result<Self, SettingsError> {
        let (mut layers, files) = Self::of_files(args, env)?;
        let mut notices = Vec::new();
        let state_file = env.state_dir.as_ref().map(|folder| folder.join(saved::FILE_NAME));
        if let Some(path) = &state_file {
            let (layer, notice) = saved::load(path);
            layers.push(layer);
            notices.extend(notice);
        }
        let (layer, unknown) = env.layer()?;
        layers.push(layer);
        notices.extend(unknown);
        layers.push(args.layer()?);
        Ok(Self {
            layers,
            files,
            state_file,
            notices,
        })
    }

    /// The layers of the settings files.
    pub(crate) fn in_files(&self) -> &[SettingsLayer] {
        self.layers.get(..self.files.len()).unwrap_or_default()
    }
}

/// The files to read, weakest first, and whether each must exist.
pub(crate) fn file_paths(args: &SettingsArgs, env: &Env) -> Vec<(PathBuf, bool)> {
    if let Some(path) = args.config().cloned().or_else(|| env.config()) {
        // Joining an absolute path replaces the folder.
        return vec![(env.working_dir.join(path), true)];
    }
    let users = env.config_dir.as_ref().map(|folder| (folder.join(FILE_NAME), false));
    let own = (env.working_dir.join(FILE_NAME), false);
    users.into_iter().chain([own]).collect()
}

/// The longest delay is not below the first one. Where only one of the two was written, the other follows it.
pub(crate) fn order_intervals(values: &mut Values) -> Result<(), SettingsError> {
    let (first, longest) = (&mut values.reconnect_interval_ms, &mut values.max_reconnect_interval_ms);
    if longest.value >= first.value {
        return Ok(());
    }
    if longest.origin == Origin::Default {
        *longest = Set::new(first.value, Origin::Derived("reconnect_interval_ms"));
    } else if first.origin == Origin::Default {
        *first = Set::new(longest.value, Origin::Derived("max_reconnect_interval_ms"));
    } else {
        return Err(SettingsError::value(
            longest.origin.subject("max_reconnect_interval_ms"),
            &longest.value.as_millis().to_string(),
            format!("at least reconnect_interval_ms, which is {}", first.value.as_millis()),
        ));
    }
    Ok(())
}

fn backoff(values: &Values) -> Backoff {
    Backoff {
        max_attempts: values.max_reconnect_attempts.value,
        interval: values.reconnect_interval_ms.value,
        max_interval: values.max_reconnect_interval_ms.value,
        jitter: values.reconnect_jitter.value,
    }
    .clamped()
}

fn wall(values: &Values) -> WallSettings {
    WallSettings {
        kiosk: values.kiosk.value,
        theme: values.theme.value,
        quality: values.quality.value,
        reduced_motion: values.reduced_motion.value,
        screen_diagonal: values.screen_diagonal.value.map(|inches| inches as f32),
        viewing_distance: values.viewing_distance.value.map(|metres| metres as f32),
        scale: TextSize::of_percent(values.scale.value),
        finished: FinishedWorkflows {
            shrink_after: values.shrink_finished_after_s.value,
            fold_after: values.fold_finished_after_s.value,
        },
    }
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The age of a proof from which on it is none. An audit every so often must be able to fail once.
fn proof_max_age(age: Duration, audit_interval: Option<Duration>) -> Duration {
    const HALF_A_MINUTE: Duration = Duration::from_secs(30);
    audit_interval.map_or(age, |interval| age.max(interval * 2 + HALF_A_MINUTE))
}
