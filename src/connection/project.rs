//! Another project while the wall runs: its tables are looked at, its file is written, and it is followed in the place of
//! the present feed.

use std::{
    fmt, fs,
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
    time::Instant,
};

use bevy::prelude::*;

use super::{ConnectionView, Feed, FeedWaiter, Rates};
use crate::messages::{Noticed, Switched};
use client::Worker;
use model::{
    Notice, NoticeKind,
    discover::{Proposal, TableFacts},
};
use secrecy::{ExposeSecret as _, SecretString};
use settings::{
    FeedSettings, Settings,
    files::{Purpose, write_whole},
    new_file::{self, FoundSource, NewFileError},
};

/// What was found in a project.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The tables, as far as they are known.
    pub tables: Vec<TableFacts>,
    /// Which of them are proposed as sources.
    pub proposal: Proposal,
    /// Why it is not proven that changes arrive, a clause: the stream could not be reached.
    pub unproven: Option<String>,
    /// The database role that reads.
    pub role: String,
}

/// Looks at the tables of a project. It may take seconds; it runs on a thread of its own. The error is one sentence.
pub type Look = dyn Fn(&FeedSettings) -> Result<Found, String> + Send + Sync;

/// What is needed to connect another project. Where it is absent, the wall offers no such thing.
#[derive(Resource, Clone)]
pub struct ProjectSetup {
    /// The settings of this start.
    pub settings: Settings,
    /// Looks at the tables.
    pub look: Arc<Look>,
}

impl fmt::Debug for ProjectSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectSetup")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A look that is under way.
#[derive(Debug)]
pub struct Looking(Mutex<Receiver<Result<Found, String>>>);

impl Looking {
    /// Begins to look.
    pub(crate) fn start(look: Arc<Look>, settings: FeedSettings) -> Self {
        let (send, result) = mpsc::channel();
        let failed = send.clone();
        let thread = thread::Builder::new().name("opswall-look".into()).spawn(move || {
            // The card may have been closed meanwhile.
            let _ = send.send(look(&settings));
        });
        if let Err(error) = thread {
            let _ = failed.send(Err(format!("no thread can be started ({error}); free some memory")));
        }
        Self(Mutex::new(result))
    }

    /// What was found, once it is there.
    pub(crate) fn result(&self) -> Option<Result<Found, String>> {
        let Ok(result) = self.0.lock() else { return None };
        match result.try_recv() {
            Ok(found) => Some(found),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err("the look ended unexpectedly; try again".to_owned())),
        }
    }
}

/// The file beside the settings in which the key of a project is kept.
const KEY_FILE: &str = "opswall.key";

/// Writes the settings of a project, and its key into a file of its own that only its owner can read. `replace`: files that
/// exist are moved to `NAME.old`.
///
/// # Errors
/// When a file exists and must not be replaced, or cannot be written.
pub(crate) fn write_project(
    settings: &Settings,
    url: &str,
    key: &SecretString,
    sources: &[FoundSource],
    replace: bool,
) -> Result<(), NewFileError> {
    let path = settings.own_file.as_path();
    let key_path = path.with_file_name(KEY_FILE);
    for path in [path, &key_path] {
        new_file::check(path, replace)?;
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| NewFileError::Write { path, source }
    };
    for path in [path, &key_path] {
        if path.exists() {
            let mut old = path.as_os_str().to_owned();
            old.push(".old");
            fs::rename(path, &old).map_err(failed(path))?;
        }
    }
    write_whole(&key_path, Purpose::State, |file| {
        writeln!(file, "{}", key.expose_secret())
    })
    .map_err(failed(&key_path))?;
    let head = [format!("Written by opswall: the tables of {}.", url.trim())];
    let project = settings.with_project(url, Path::new(KEY_FILE));
    new_file::write(path, &new_file::text(&project, path, &head, sources), replace)
}

/// Follows this feed from now on, in the place of the present one.
#[derive(Message, Debug, Clone)]
pub struct Follow(pub FeedSettings);

/// Replaces the worker. The rows of the old feed go before the first ones of the new feed come.
pub(super) fn follow(
    mut follows: MessageReader<Follow>,
    mut feed: ResMut<Feed>,
    waiter: Res<FeedWaiter>,
    mut connection: ResMut<ConnectionView>,
    mut rates: ResMut<Rates>,
    mut switched: MessageWriter<Switched>,
    mut notices: MessageWriter<Noticed>,
    time: Res<Time<Real>>,
) {
    let Some(Follow(settings)) = follows.read().last() else {
        return;
    };
    let started = Instant::now();
    let worker = match Worker::start(settings.clone()) {
        Ok(worker) => worker,
        Err(error) => {
            notices.write(Noticed(Notice::new(NoticeKind::NetworkStopped, error.to_string())));
            return;
        }
    };
    waiter.follow(worker.events());
    let new = Feed::new(worker, &settings.mapping, feed.keep_in.clone(), started);
    let old = std::mem::replace(&mut *feed, new);
    // Ending the old worker may take a second, and the demo's server ends with it.
    let ending = thread::Builder::new().name("opswall-end".into());
    if let Err(error) = ending.spawn(move || drop(old)) {
        warn!("the old feed ended in a frame, because no thread can be started: {error}");
    }
    let now = time.elapsed_secs_f64();
    *connection = ConnectionView {
        since: now,
        reported: now,
        ..ConnectionView::of(settings, false)
    };
    *rates = Rates::default();
    switched.write(Switched {
        mapping: settings.mapping.clone(),
        feed: settings.shown_url(),
    });
}
