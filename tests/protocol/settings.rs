//! Where a setting may be written, which place wins, and what is said of a mistake.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use clap::Parser as _;
use model::{Backoff, Kind, Status};
use opswall::{cli::Cli, commands::config};
use proptest::prelude::*;
use realtime::Vsn;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use settings::{Env, FeedSettings, Origin, Settings, SettingsError, SignIn, saved};

/// A place to start opswall in: a working directory, the user's folders, variables.
struct Place {
    root: tempfile::TempDir,
    env: Env,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let folder = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir(&path).expect("a folder");
            path
        };
        let env = Env {
            variables: BTreeMap::new(),
            working_dir: folder("work"),
            config_dir: Some(folder("config")),
            state_dir: Some(root.path().join("state/opswall")),
        };
        Self { root, env }
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.env.variables.insert(name.into(), value.into());
        self
    }

    fn file(self, text: &str) -> Self {
        fs::write(self.env.working_dir.join("opswall.toml"), text).expect("written");
        self
    }

    fn users_file(self, text: &str) -> Self {
        fs::write(self.root.path().join("config/opswall.toml"), text).expect("written");
        self
    }

    fn try_load(&self, flags: &[&str]) -> Result<Settings, SettingsError> {
        let words = ["opswall", "config"].iter().chain(flags);
        let cli = Cli::try_parse_from(words).expect("flags that exist");
        Settings::load(&cli.settings, &self.env)
    }

    fn load(&self, flags: &[&str]) -> Settings {
        self.try_load(flags).expect("settings")
    }

    fn feed(&self, flags: &[&str]) -> FeedSettings {
        self.load(flags).feed().expect("a feed")
    }

    fn error(&self, flags: &[&str]) -> String {
        match self.try_load(flags) {
            Ok(settings) => settings.feed().expect_err("a mistake").to_string(),
            Err(error) => error.to_string(),
        }
    }
}

fn value(settings: &Settings, name: &str) -> (Value, Origin) {
    let found = settings.effective().iter().find(|one| one.name == name).expect(name);
    (found.value.clone(), found.origin.clone())
}

const PROJECT: [&str; 4] = ["--url", "https://abcdefgh.supabase.co", "--key", "sb_publishable_x"];

#[test]
fn the_defaults_are_the_contract() {
    let settings = Place::new().load(&[]);
    assert_eq!(settings.backoff, Backoff::default());
    assert_eq!(settings.heartbeat_interval, Duration::from_secs(25));
    assert_eq!(settings.reconcile_interval, Some(Duration::from_secs(600)));
    assert_eq!(settings.audit_interval, Some(Duration::from_secs(60)));
    assert_eq!(settings.change_limit, Some(100));
    assert_eq!(settings.replace_connection, Some(Duration::from_secs(23 * 3_600)));
    assert_eq!(settings.vsn, Vsn::V2);
    assert!(!settings.has_project());
    assert!(settings.notices.is_empty());
}

#[test]
fn urls_are_derived_from_the_projects_and_each_can_be_replaced() {
    let feed = Place::new().feed(&PROJECT);
    assert_eq!(
        feed.realtime_url.as_str(),
        "wss://abcdefgh.supabase.co/realtime/v1/websocket"
    );
    assert_eq!(
        feed.rest_url.expect("rest").as_str(),
        "https://abcdefgh.supabase.co/rest/v1"
    );
    assert!(feed.auth.is_none(), "nobody signs in unless told to");
    assert_eq!(feed.key.expose_secret(), "sb_publishable_x");

    let feed = Place::new().feed(&[
        "--url",
        "http://127.0.0.1:54321/",
        "--key",
        "demo",
        "--rest-url",
        "none",
    ]);
    assert_eq!(feed.realtime_url.as_str(), "ws://127.0.0.1:54321/realtime/v1/websocket");
    assert_eq!(feed.rest_url, None);

    let bare = "ws://localhost:4000/socket/websocket";
    let feed = Place::new().feed(&["--realtime-url", bare, "--rest-url", "http://[::1]:3000/", "--key", "k"]);
    assert_eq!(feed.realtime_url.as_str(), bare);
    assert_eq!(feed.rest_url.expect("rest").as_str(), "http://[::1]:3000/");
    assert_eq!(feed.realtime_url.as_str(), "ws://localhost:4000/socket/websocket");

    let behind_a_path = Place::new().feed(&["--url", "https://example.com/supabase/?x=1#y", "--key", "k"]);
    assert_eq!(
        behind_a_path.realtime_url.as_str(),
        "wss://example.com/supabase/realtime/v1/websocket"
    );
    assert_eq!(
        behind_a_path.shown_url(),
        "wss://example.com/supabase/realtime/v1/websocket"
    );
}

#[test]
fn a_flag_beats_a_variable_beats_the_panel_beats_the_files_beat_the_default() {
    let mut place = Place::new()
        .users_file(
            "reconnect_interval_ms = 1001\nmax_reconnect_attempts = 11\nheartbeat_interval_ms = 11000\nvsn = '1.0.0'",
        )
        .file("reconnect_interval_ms = 1002\nmax_reconnect_attempts = 12\nheartbeat_interval_ms = 12000");
    let settings = place.load(&[]);
    assert_eq!(
        settings.vsn,
        Vsn::V1,
        "the user's file fills what the working directory's leaves open"
    );
    assert_eq!(settings.backoff.interval, Duration::from_millis(1_002));
    let (_, origin) = value(&settings, "heartbeat_interval_ms");
    assert!(matches!(origin, Origin::File { line: 3, .. }), "{origin:?}");

    let keeper = settings.keep_in.clone().expect("a folder");
    let tuned = Backoff {
        interval: Duration::from_millis(1_003),
        ..settings.backoff
    };
    saved::save_backoff(&keeper, &tuned).expect("kept");
    let settings = place.load(&[]);
    assert_eq!(
        settings.backoff.interval,
        Duration::from_millis(1_003),
        "kept for the next start"
    );
    assert_eq!(
        settings.backoff.max_attempts, 12,
        "what the panel did not touch stays the file's"
    );
    assert!(matches!(value(&settings, "reconnect_interval_ms").1, Origin::Saved(_)));

    place = place.var("OPSWALL_RECONNECT_INTERVAL_MS", "1004");
    let settings = place.load(&[]);
    assert_eq!(
        value(&settings, "reconnect_interval_ms"),
        (json!(1004), Origin::Env("OPSWALL_RECONNECT_INTERVAL_MS".into()))
    );
    let settings = place.load(&["--reconnect-interval-ms", "1005"]);
    assert_eq!(
        value(&settings, "reconnect_interval_ms"),
        (json!(1005), Origin::Flag("--reconnect-interval-ms".into()))
    );
}

#[test]
fn the_project_comes_from_the_customary_variables() {
    let place = Place::new()
        .var("SUPABASE_URL", "https://env.supabase.co")
        .var("SUPABASE_ANON_KEY", "anon")
        .var("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_y");
    let feed = place.feed(&[]);
    assert_eq!(
        feed.key.expose_secret(),
        "sb_publishable_y",
        "the newer kind of key first"
    );
    assert_eq!(feed.shown_url(), "wss://env.supabase.co/realtime/v1/websocket");
    assert_eq!(
        place.var("SUPABASE_PUBLISHABLE_KEY", "").feed(&[]).key.expose_secret(),
        "anon"
    );
}

#[test]
fn a_key_can_stand_in_a_file_and_a_stronger_layer_replaces_it() {
    let place = Place::new().file("url = 'https://a.supabase.co'\nkey_file = 'secret.txt'");
    fs::write(place.env.working_dir.join("secret.txt"), "sb_publishable_file\nmore\n").expect("written");
    assert_eq!(place.feed(&[]).key.expose_secret(), "sb_publishable_file");
    assert_eq!(place.feed(&["--key", "flag"]).key.expose_secret(), "flag");
    let ambient = Place::new()
        .var("SUPABASE_ANON_KEY", "anon")
        .var("OPSWALL_KEY_FILE", "k")
        .var("SUPABASE_URL", "https://a.b");
    fs::write(ambient.env.working_dir.join("k"), " from-file \r\n").expect("written");
    assert_eq!(ambient.feed(&[]).key.expose_secret(), "from-file", "named for opswall");
    let error = place.error(&["--key-file", "missing.txt"]);
    assert!(
        error.contains("cannot read the key file") && error.contains("missing.txt"),
        "{error}"
    );
    let error = place.error(&["--key", "sesame", "--key-file", "secret.txt"]);
    assert!(error.contains("one of the two") && !error.contains("sesame"), "{error}");
}

#[test]
fn the_quality_is_governed_unless_it_is_pinned() {
    use settings::QualityPolicy;
    assert_eq!(Place::new().load(&[]).wall.quality, QualityPolicy::Auto);
    let settings = Place::new().load(&["--quality", "full"]);
    assert_eq!(settings.wall.quality, QualityPolicy::Full);
    assert_eq!(
        value(&settings, "quality"),
        (json!("full"), Origin::Flag("--quality".into()))
    );
}

#[test]
fn the_theme_comes_from_flag_environment_and_file() {
    use model::theme::ThemeName;
    assert_eq!(Place::new().load(&[]).wall.theme, ThemeName::Dark);
    let place = Place::new().var("OPSWALL_THEME", "Light");
    assert_eq!(place.load(&[]).wall.theme, ThemeName::Light);
    let settings = place.load(&["--theme", "high-contrast"]);
    assert_eq!(settings.wall.theme, ThemeName::HighContrast);
    assert_eq!(
        value(&settings, "theme"),
        (json!("high-contrast"), Origin::Flag("--theme".into()))
    );
}

#[test]
fn kiosk_never_gives_up_unless_somebody_said_otherwise() {
    let settings = Place::new().load(&["--kiosk"]);
    assert!(settings.wall.kiosk);
    assert_eq!((settings.backoff.max_attempts, settings.backoff.jitter), (0, 0.2));
    assert_eq!(value(&settings, "reconnect_jitter").1, Origin::Kiosk);
    let settings = Place::new()
        .var("OPSWALL_KIOSK", "yes")
        .load(&["--max-reconnect-attempts", "7"]);
    assert_eq!((settings.backoff.max_attempts, settings.backoff.jitter), (7, 0.2));
    assert!(
        !Place::new()
            .var("OPSWALL_KIOSK", "1")
            .load(&["--kiosk=false"])
            .wall
            .kiosk
    );
}

#[test]
fn the_mapping_is_set_by_file_flag_and_variable() {
    let place = Place::new()
        .file(
            "schema = 'ops'\n\
             [tables.agents]\ntable = 'ai_agents'\nid = 'agent_id'\nlabel = 'handle'\n\
             [tables.tasks]\nagent = ['worker', 'workers']\nschema = 'work'\npriority_one_is_most_urgent = true\n\
             [status]\npermanent = 'idle'\ndone = ['Erledigt', 'fertig']\nfailed = 'kaputt'\nidle = 'waiting'\n",
        )
        .var("OPSWALL_STATUS", "offen=queued; blocked = haengt,klemmt")
        .var("OPSWALL_MAP", "workflow.label=topic; task.error=why");
    let settings = place.load(&[
        "--map",
        "agent.status=phase,record.state",
        "--status",
        "permanent=running",
        "--tasks-table",
        "jobs",
    ]);
    let mapping = &settings.mapping;
    let agents = &mapping.kinds[Kind::Agent];
    assert_eq!(
        (&*agents.schema, &*agents.table, &*agents.id),
        ("ops", "ai_agents", "agent_id")
    );
    assert_eq!(
        (&agents.label, &agents.status),
        (&vec!["handle".to_owned()], &vec!["phase".into(), "record.state".into()])
    );
    let tasks = &mapping.kinds[Kind::Task];
    assert_eq!(
        (&*tasks.schema, &*tasks.table, &tasks.agent),
        ("work", "jobs", &vec!["worker".into(), "workers".into()])
    );
    assert!(tasks.one_is_most_urgent);
    assert_eq!(tasks.error, ["why"]);
    assert_eq!(mapping.kinds[Kind::Workflow].label, ["topic"]);
    for (word, status) in [
        ("permanent", Status::Running),
        ("erledigt", Status::Done),
        ("fertig", Status::Done),
        ("kaputt", Status::Failed),
        ("idle", Status::Waiting),
        ("offen", Status::Queued),
        ("klemmt", Status::Blocked),
    ] {
        assert_eq!(mapping.words.get(word), Some(&status), "{word}");
    }
    assert_eq!(value(&settings, "tables.agents.status").1, Origin::Flag("--map".into()));
    let everywhere = place.load(&["--schema", "all"]);
    assert_eq!(
        &*everywhere.mapping.kinds[Kind::Task].schema,
        "all",
        "a flag for all beats a file for one"
    );
}

#[test]
fn a_mistake_is_one_sentence_with_its_place_and_its_remedy() {
    let file = |text: &str| Place::new().file(text).error(&[]);
    let flag = |flags: &[&str]| Place::new().error(flags);
    for (error, said) in [
        (flag(&[]), &["no Supabase project is set", "SUPABASE_URL"][..]),
        (
            flag(&["--url", "https://a.supabase.co"]),
            &["no key is set for wss://a.supabase.co", "SUPABASE_PUBLISHABLE_KEY"],
        ),
        (
            flag(&["--url", "nonsense"]),
            &["--url is 'nonsense'", "https://abcdefgh.supabase.co"],
        ),
        (flag(&["--url", "ftp://a.b"]), &["--url is 'ftp://a.b'"]),
        (flag(&["--url", "https://"]), &["--url is 'https://'"]),
        (flag(&["--url", " "]), &["--url is ''"]),
        (
            flag(&["--url", "http://example.com", "--key", "k"]),
            &["in the clear", "use https://", "--allow-insecure"],
        ),
        (
            flag(&["--realtime-url", "ws://localhost:1/x", "--key", "k"]),
            &["--rest-url none"],
        ),
        (
            flag(&["--max-reconnect-attempts", "many"]),
            &["--max-reconnect-attempts is 'many'", "0 to 1000"],
        ),
        (
            flag(&["--reconnect-jitter", "1.5"]),
            &["--reconnect-jitter is '1.5'", "from 0 to 1"],
        ),
        (flag(&["--reconnect-jitter", "NaN"]), &["--reconnect-jitter is 'NaN'"]),
        (flag(&["--vsn", "3"]), &["--vsn is '3'", "1.0.0 or 2.0.0"]),
        (flag(&["--quality", "low"]), &["--quality is 'low'", "auto or full"]),
        (
            flag(&["--theme", "solarized"]),
            &["--theme is 'solarized'", "dark, light or high-contrast"],
        ),
        (flag(&["--kiosk=maybe"]), &["--kiosk is 'maybe'", "true or false"]),
        (
            flag(&["--map", "agent.statsu=x"]),
            &["--map is 'statsu'", "did you mean 'status'?"],
        ),
        (flag(&["--map", "agents"]), &["--map is 'agents'", "KIND.ROLE=COLUMN"]),
        (
            flag(&["--status", "offen=geht"]),
            &["--status is 'geht'", "idle, queued"],
        ),
        (
            flag(&["--config", "nowhere.toml"]),
            &["nowhere.toml", "there is no such file"],
        ),
        (
            flag(&["--reconnect-interval-ms", "9000", "--max-reconnect-interval-ms", "5000"]),
            &[
                "--max-reconnect-interval-ms is '5000'",
                "at least reconnect_interval_ms, which is 9000",
            ],
        ),
        (
            Place::new().var("OPSWALL_HEARTBEAT_INTERVAL_MS", "1").error(&[]),
            &["OPSWALL_HEARTBEAT_INTERVAL_MS is '1'"],
        ),
        (
            file("\n\nmax_reconect_attempts = 3"),
            &[
                "unknown setting 'max_reconect_attempts'",
                "line 3",
                "did you mean 'max_reconnect_attempts'?",
            ],
        ),
        (
            file("[tables.agent]\nstatsu = 'x'"),
            &[
                "unknown setting 'tables.agents.statsu'",
                "line 2",
                "'tables.agents.status'",
            ],
        ),
        (
            file("[tables.agnets]\nid = 'x'"),
            &["'tables.agnets'", "'tables.agents'"],
        ),
        (file("[status]\nx = 3"), &["status.x in", "line 2", "is 'a number'"]),
        (file("[status]\nx = ['y']"), &["status.x in", "is 'x'", "one of idle"]),
        (file("tables = 3"), &["tables in", "sections like [tables.agents]"]),
        (file("kiosk = 'perhaps'"), &["kiosk in", "line 1", "true or false"]),
        (
            file("reconnect_interval_ms = '1 s'"),
            &["reconnect_interval_ms in", "is '1 s'", "from 100 to 3600000"],
        ),
        (file("reconnect_interval_ms = 99999999999999999999"), &["a huge number"]),
        (file("url = 5"), &["url in", "is '5'"]),
        (file("a = = b"), &["does not read as TOML at line 1"]),
        (
            file("url = 'https://a.supabase.co'\nkey = [1]"),
            &["key in", "is no text"],
        ),
        (
            flag(&["--email", "wall@example.com"]),
            &["--email is set without a password", "--password-file"],
        ),
        (
            flag(&["--password-file", "p"]),
            &["--password-file is set without an e-mail", "--email"],
        ),
        (
            flag(&["--email", "wall@example.com", "--password-file", "p"]),
            &["cannot read the password file", "p:"],
        ),
        (
            flag(&["--email", "w@e.com", "--refresh-token-file", "t"]),
            &["--refresh-token-file is given together", "one of the two ways"],
        ),
        (
            file("\n[auth]\nemail = 'a@b.c'\nrefresh_token_file = 'x'"),
            &["refresh_token_file in", "line 4", "one of the two ways"],
        ),
        (
            file("[auth]\nemial = 'a@b.c'"),
            &["unknown setting 'auth.emial'", "line 2", "did you mean 'auth.email'?"],
        ),
        (file("auth = 'a@b.c'"), &["auth in", "a section like [auth]"]),
        (
            file("[auth]\npassword = 'hush'"),
            &["unknown setting 'auth.password'", "did you mean 'auth.password_file'?"],
        ),
        (
            file("change_limit = -1"),
            &["change_limit in", "0 to 1000000", "0 = the server"],
        ),
        (flag(&["--audit-interval-s", "1m"]), &["--audit-interval-s is '1m'"]),
        (
            flag(&["--replace-connection-h", "9999"]),
            &["--replace-connection-h is '9999'", "from 0 to 8760"],
        ),
        (
            flag(&["--auth-url", "nonsense", "--url", "https://a.b"]),
            &["--auth-url is 'nonsense'"],
        ),
        (
            flag(&["--auth-url", "http://example.com", "--url", "https://a.b"]),
            &["--auth-url is http://example.com", "in the clear"],
        ),
    ] {
        for part in said {
            assert!(error.contains(part), "'{part}' is missing in: {error}");
        }
        assert!(
            !error.contains('\n') && !error.trim_end().ends_with('.'),
            "one sentence: {error}"
        );
    }
}

#[test]
fn no_secret_is_in_an_error_or_in_what_config_prints() {
    const SECRET: &str = "hush4711";
    let place = Place::new();
    for flags in [
        &["--url", "https://user:hush4711@a.supabase.co"][..],
        &["--url", "user:hush4711@nonsense"],
        &["--url", "nonsense?apikey=hush4711"],
        &["--url", "http://example.com?apikey=hush4711"],
        &["--url", "https://a.supabase.co", "--key", "sb_secret_hush4711"],
        &["--url", "https://a.supabase.co", "--key", "hush4711 x"],
    ] {
        let error = place.error(flags);
        assert!(!error.contains(SECRET), "{error}");
    }
    let settings = place.load(&["--url", "https://a.supabase.co?apikey=hush4711", "--key", SECRET]);
    for as_json in [false, true] {
        let mut out = Vec::new();
        config::write(&settings, as_json, &mut out).expect("printed");
        let text = String::from_utf8(out).expect("text");
        assert!(!text.contains(SECRET), "{text}");
        assert!(text.contains("********"), "{text}");
    }
    assert!(!format!("{settings:?}").contains(SECRET));
    let cli = Cli::try_parse_from(["opswall", "config", "--key", SECRET]).expect("flags");
    assert!(!format!("{cli:?}").contains(SECRET));
}

/// A folder with a password file and a refresh token file.
fn with_secrets(place: Place) -> Place {
    for (name, text) in [
        ("password", " pass word \r\nnot this\n"),
        ("token", "r3fr3sh\n"),
        ("long", &"x".repeat(20_000)),
        ("empty", "\n\n"),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln"),
        ("odd", "a b"),
    ] {
        let path = place.env.working_dir.join(name);
        fs::write(&path, text).expect("written");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("closed");
    }
    place
}

fn way(feed: &FeedSettings) -> (String, String, String) {
    let auth = feed.auth.as_ref().expect("somebody signs in");
    let secret = auth.sign_in.file().secret().expose_secret().to_owned();
    match &auth.sign_in {
        SignIn::Password { email, .. } => (auth.url.to_string(), email.clone(), secret),
        SignIn::RefreshToken(_) => (auth.url.to_string(), String::new(), secret),
    }
}

#[test]
fn one_signs_in_with_a_password_or_with_a_refresh_token_and_a_stronger_layer_changes_the_way() {
    let place = with_secrets(Place::new().file(
        "url = 'https://a.supabase.co'\nkey = 'k'\n[auth]\nemail = 'wall@example.com'\npassword_file = 'password'\n",
    ));
    let url = "https://a.supabase.co/auth/v1";
    let words = |url: &str, email: &str, secret: &str| (url.to_owned(), email.to_owned(), secret.to_owned());
    assert_eq!(
        way(&place.feed(&[])),
        words(url, "wall@example.com", " pass word "),
        "spaces belong to a password"
    );
    assert!(place.load(&[]).notices.is_empty());
    assert_eq!(
        way(&place.feed(&["--refresh-token-file", "token"])),
        words(url, "", "r3fr3sh")
    );
    assert_eq!(
        way(&place.feed(&["--email", "b@example.com", "--auth-url", "http://localhost:9999/"])),
        words("http://localhost:9999/", "b@example.com", " pass word ")
    );
    let by_variable = place.var("OPSWALL_REFRESH_TOKEN_FILE", "token");
    assert_eq!(way(&by_variable.feed(&[])), words(url, "", "r3fr3sh"));
    assert_eq!(
        way(&by_variable.feed(&["--email", "c@example.com", "--password-file", "password"])).1,
        "c@example.com"
    );
    assert!(
        by_variable
            .load(&[])
            .demo_feed("http://127.0.0.1:1", "demo")
            .expect("a feed")
            .auth
            .is_none(),
        "the demo feed never sees the user's secrets"
    );

    let bare = with_secrets(Place::new());
    let flags = [
        "--realtime-url",
        "ws://localhost:1/x",
        "--rest-url",
        "none",
        "--key",
        "k",
        "--refresh-token-file",
    ];
    let error = bare.error(&[&flags[..], &["token"]].concat());
    assert!(error.contains("--auth-url"), "{error}");
    for (file, said) in [
        ("jwt", "holds a key or a session token"),
        ("odd", "characters that no refresh token has"),
        ("empty", "its first line is empty"),
        ("long", "larger than"),
        ("missing", "cannot read the refresh token file"),
    ] {
        let error = bare.error(&[&flags[..], &[file]].concat());
        assert!(error.contains(said) && error.contains(file), "{file}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_complained_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = with_secrets(Place::new());
    let flags = ["--email", "wall@example.com", "--password-file", "password"];
    let mode = |mode| {
        let path = place.env.working_dir.join("password");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
        place.load(&flags).notices
    };
    assert!(mode(0o640).is_empty(), "a group may share it");
    let notices = mode(0o644);
    let text = &notices.first().expect("a notice").text;
    assert!(text.contains("password file") && text.contains("chmod 600"), "{text}");
}

#[test]
fn config_shows_who_signs_in_but_no_secret() {
    let place = with_secrets(Place::new());
    let ways: [&[&str]; 2] = [
        &["--email", "wall@example.com", "--password-file", "password"],
        &["--refresh-token-file", "token"],
    ];
    for (flags, shown) in ways.into_iter().zip(["wall@example.com", "token"]) {
        let settings = place.load(&[&PROJECT, flags].concat());
        for as_json in [false, true] {
            let mut out = Vec::new();
            config::write(&settings, as_json, &mut out).expect("printed");
            let text = String::from_utf8(out).expect("text");
            assert!(text.contains(shown) && text.contains("/auth/v1"), "{text}");
            assert!(!text.contains("pass word") && !text.contains("r3fr3sh"), "{text}");
        }
        let debug = format!("{settings:?} {:?}", settings.feed().expect("a feed"));
        assert!(!debug.contains("pass word") && !debug.contains("r3fr3sh"), "{debug}");
    }
}

#[test]
fn partitions_and_limits_reach_the_feed() {
    let place = Place::new().file(
        "audit_interval_s = 0\nchange_limit = 250\nreplace_connection_h = 0\n\
         [tables.tasks]\npartitions = ['tasks_2026_%', 'tasks_old']\n",
    );
    let feed = place.feed(&PROJECT);
    assert_eq!(feed.mapping.kinds[Kind::Task].partitions, ["tasks_2026_%", "tasks_old"]);
    assert_eq!(
        (feed.audit_interval, feed.change_limit, feed.replace_connection),
        (None, Some(250), None)
    );
    let flags = [
        &PROJECT[..],
        &["--map", "agent.partitions=agents_%", "--change-limit", "0"],
    ]
    .concat();
    let feed = place.feed(&flags);
    assert_eq!(
        (&*feed.mapping.kinds[Kind::Agent].partitions, feed.change_limit),
        (&["agents_%".to_owned()][..], None)
    );
    let demo = place.load(&[]).demo_feed("http://127.0.0.1:1", "demo").expect("a feed");
    assert_eq!(demo.change_limit, None, "the built-in feed drops nothing");
}

#[test]
fn config_prints_what_can_be_read_back() {
    let place = Place::new().file("url = 'https://a.supabase.co'\n[status]\nerledigt = 'done'\n");
    let settings = place.load(&["--reconnect-jitter", "0.1"]);
    let mut out = Vec::new();
    config::write(&settings, false, &mut out).expect("printed");
    let text = String::from_utf8(out).expect("text");
    assert!(text.contains("reconnect_jitter = 0.1"), "{text}");
    assert!(text.contains("# flag --reconnect-jitter"), "{text}");
    assert!(text.contains("opswall.toml:1"), "{text}");
    let again = Place::new().file(&text.replace("allow_", "# allow_")).load(&[]);
    assert_eq!(again.mapping, settings.mapping);
    assert_eq!(again.backoff, settings.backoff);

    let mut out = Vec::new();
    config::write(&settings, true, &mut out).expect("printed");
    let object: Value = serde_json::from_slice(&out).expect("JSON");
    let settings = object["settings"].as_array().expect("a list");
    let url = settings.iter().find(|one| one["name"] == "url").expect("url");
    assert_eq!(
        (&url["value"], &url["origin"]["layer"], &url["origin"]["line"]),
        (&json!("https://a.supabase.co/"), &json!("file"), &json!(1))
    );
    assert!(
        settings
            .iter()
            .any(|one| one["name"] == "status.erledigt" && one["value"] == "done")
    );
}

#[test]
fn what_the_panel_saved_is_only_what_it_changed_and_a_broken_file_is_only_a_notice() {
    let place = Place::new();
    let keeper = place.load(&[]).keep_in.expect("a folder");
    let tuned = Backoff {
        max_attempts: 9,
        ..Backoff::default()
    };
    saved::save_backoff(&keeper, &tuned).expect("kept");
    let text = fs::read_to_string(&keeper.path).expect("the file");
    assert!(
        text.contains("max_reconnect_attempts = 9") && !text.contains("interval"),
        "{text}"
    );
    saved::save_backoff(&keeper, &Backoff::default()).expect("kept");
    assert_eq!(place.load(&[]).backoff, Backoff::default(), "changed back");
    let folder = keeper.path.parent().expect("a folder");
    assert_eq!(fs::read_dir(folder).expect("the folder").count(), 1, "no leftovers");

    for broken in [
        "\u{0}",
        "max_reconnect_attempts = ",
        "max_reconnect_attempts = 'x'\nreconnect_jitter = 0.5",
        "reconnect_jitter = 7.0",
    ] {
        fs::write(&keeper.path, broken).expect("written");
        let settings = place.load(&[]);
        assert_eq!(settings.notices.len(), 1, "{broken}");
        assert_eq!(settings.backoff.max_attempts, 5);
        let half = broken.contains("0.5");
        assert_eq!(
            settings.backoff.jitter,
            if half { 0.5 } else { 0.0 },
            "a good line beside a bad one counts"
        );
        saved::save_backoff(&keeper, &tuned).expect("replaced");
        assert_eq!(place.load(&[]).backoff.max_attempts, 9, "and it can be replaced");
    }
    fs::write(
        &keeper.path,
        "a_setting_of_a_later_version = 1\nreconnect_jitter = 0.25\n",
    )
    .expect("written");
    assert_eq!(place.load(&[]).backoff.jitter, 0.25);
    saved::save_backoff(&keeper, &tuned).expect("kept");
    let text = fs::read_to_string(&keeper.path).expect("the file");
    assert!(text.contains("a_setting_of_a_later_version"), "{text}");
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let place = Place::new();
    let blocked = place.root.path().join("file");
    fs::write(&blocked, "").expect("written");
    let keeper = saved::Keeper {
        path: blocked.join("state.toml"),
        started_with: Backoff::default(),
    };
    let error = saved::save_backoff(&keeper, &Backoff::default())
        .expect_err("no folder")
        .to_string();
    assert!(
        error.contains("cannot write") && error.contains("state.toml"),
        "{error}"
    );
}

#[test]
fn a_variable_that_is_no_setting_is_a_notice() {
    let settings = Place::new().var("OPSWALL_MAX_RECONECT_ATTEMPTS", "3").load(&[]);
    let text = &settings.notices.first().expect("a notice").text;
    assert!(text.contains("did you mean OPSWALL_MAX_RECONNECT_ATTEMPTS?"), "{text}");
}

#[test]
fn the_demo_feed_takes_the_pace_but_not_the_mapping_of_the_user() {
    let settings = Place::new()
        .file("agents_table = 'robots'")
        .load(&["--reconnect-interval-ms", "100"]);
    let feed = settings.demo_feed("http://127.0.0.1:4000", "demo").expect("a feed");
    assert_eq!(feed.realtime_url.as_str(), "ws://127.0.0.1:4000/realtime/v1/websocket");
    assert_eq!(feed.mapping.kinds[Kind::Agent].table, "agents");
    assert_eq!(feed.backoff.interval, Duration::from_millis(100));
}

#[test]
fn the_example_file_is_valid_and_says_the_defaults() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/opswall.example.toml");
    let text = fs::read_to_string(example).expect("the example");
    let as_it_is = Place::new().file(&text).load(&[]);
    assert_eq!(as_it_is.backoff, Backoff::default());
    // With every commented setting switched on it still reads, and nothing in it differs from the default but what
    // only a user can say.
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("#") {
            Some(rest) if !rest.starts_with([' ', '#']) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let place = Place::new().file(&all);
    let settings = place.load(&["--key", "demo"]);
    assert_eq!(settings.backoff, Backoff::default());
    assert_eq!(settings.mapping.kinds, model::Mapping::default().kinds);
    let known = settings.effective().iter().filter(|one| {
        !one.name.contains('.') && !["realtime_url", "rest_url", "auth_url"].contains(&one.name.as_str())
    });
    for one in known {
        let is_said = matches!(one.origin, Origin::File { .. }) || one.name == "key";
        assert!(is_said, "{} is missing in the example", one.name);
    }
}

/// The example with some of its bytes changed, or anything at all.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let example = include_str!("../../assets/opswall.example.toml")
        .replace("\n#", "\n")
        .into_bytes();
    let edit = (any::<prop::sample::Index>(), any::<u8>());
    let edited = prop::collection::vec(edit, 0..8).prop_map(move |edits| {
        let mut bytes = example.clone();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![
        edited,
        prop::collection::vec(any::<u8>(), 0..200),
        any::<String>().prop_map(String::into_bytes)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_is_worse_than_one_sentence(file in any_file(), state in any_file(), variable in "\\PC*") {
        let place = Place::new().var("OPSWALL_MAP", &variable).var("OPSWALL_RECONNECT_JITTER", "0.5");
        fs::write(place.env.working_dir.join("opswall.toml"), file).expect("written");
        let folder = place.env.state_dir.clone().expect("a folder");
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(saved::FILE_NAME), state).expect("written");
        if let Err(error) = place.try_load(&[]) {
            let text = error.to_string();
            prop_assert!(!text.is_empty() && !text.contains('\n') && text.len() < 2_000, "{text}");
        }
    }
}

#[test]
fn commands_and_their_flags_parse() {
    for line in [
        "opswall serve --listen 127.0.0.1:0 --agents 40 --workflows 12 --tasks 400 --rate 50 --seed 7 --faults drop-every=20s",
        "opswall tail --json --url http://127.0.0.1:54321 --key demo --for 5 --dump state.jsonl --quiet",
        "opswall --url http://127.0.0.1:54321 tail --for 2.5s",
        "opswall config --json --verbose",
        "opswall doctor --json --wait 5",
        "opswall schema --schema ops",
        "opswall bench ingest --json",
    ] {
        Cli::try_parse_from(line.split(' ')).expect(line);
    }
    for line in [
        "opswall tail --for minus",
        "opswall doktor",
        "opswall serve --listen nowhere",
        "opswall tail --bogus",
    ] {
        let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[cfg(feature = "wall")]
#[test]
fn the_wall_is_the_default_and_a_snapshot_has_a_size() {
    use opswall::commands::Command;
    assert!(
        Cli::try_parse_from(["opswall", "--kiosk"])
            .expect("the wall")
            .command
            .is_none()
    );
    let cli = Cli::try_parse_from(["opswall", "snapshot", "a.png", "--size", "640x360"]).expect("a snapshot");
    match cli.command {
        Some(Command::Snapshot(args)) => assert_eq!(args.size, (640, 360)),
        other => panic!("a snapshot, not {other:?}"),
    }
    for size in ["640", "0x0", "99999x10", "axb"] {
        assert!(
            Cli::try_parse_from(["opswall", "snapshot", "a.png", "--size", size]).is_err(),
            "{size}"
        );
    }
}
