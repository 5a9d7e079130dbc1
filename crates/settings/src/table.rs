//! The table of all settings. To add one, add an entry here and use its field of `Values` where it takes effect
//! (`Settings::load`, `FeedSettings` or `WallSettings`). Flag, variable, file key, line of `config`, saved state, help,
//! example file and README follow from the entry.

use std::{path::PathBuf, time::Duration};

use model::{Backoff, theme::ThemeName};
use realtime::Vsn;
use secrecy::SecretString;

use crate::{
    DatabaseBroadcast, QualityPolicy,
    definition::{Definition, Group, settings},
    display::{FOLD_FINISHED_S, SHRINK_FINISHED_S},
    form::{Choice, FilePath, Number, Secret, Switch, TableName, Text, Unit, Whole},
};

const WEEK_S: u32 = 604_800;
const YEAR_H: u32 = 8_760;
/// Shortest and longest delay between two attempts, in milliseconds.
const INTERVAL_MS: std::ops::RangeInclusive<u32> =
    Backoff::INTERVAL_RANGE.0.as_millis() as u32..=Backoff::INTERVAL_RANGE.1.as_millis() as u32;
/// The backoff without any setting.
const USUAL: Backoff = Backoff::DEFAULT;

settings! {
    /// URL of the project, like https://abcdefgh.supabase.co
    url: Option<String> = Text { placeholder: "URL", want: "the project's URL, like https://abcdefgh.supabase.co" },
        Definition::of(Group::Project).customary(&["SUPABASE_URL"]).example("\"https://abcdefgh.supabase.co\"");

    /// Publishable (or anon) key; other users of this machine can see flags, so prefer a file or the environment
    /// A secret key is refused, because it bypasses row-level security.
    key: Option<SecretString> = Secret,
        Definition::of(Group::Project)
            .customary(&["SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"])
            .example("\"sb_publishable_…\"");

    /// File that holds the key on its first line; used instead of `key`
    key_file: Option<PathBuf> = FilePath, Definition::of(Group::Project).alternative().example("\"opswall.key\"");

    /// WebSocket URL of Realtime, instead of the one derived from `url`
    realtime_url: Option<String> = Text {
        placeholder: "URL",
        want: "the socket's URL, like wss://abcdefgh.supabase.co/realtime/v1/websocket",
    }, Definition::of(Group::Project).alternative().example("\"ws://localhost:4000/socket/websocket\"");

    /// URL of the REST interface, instead of the one derived from `url`; `none` = stream only, without snapshots
    rest_url: Option<String> = Text {
        placeholder: "URL|none",
        want: "the REST interface's URL, like https://abcdefgh.supabase.co/rest/v1, or none",
    }, Definition::of(Group::Project).alternative().example("\"none\"");

    /// URL of the Auth endpoints, instead of the one derived from `url`
    auth_url: Option<String> = Text {
        placeholder: "URL",
        want: "the Auth endpoints' URL, like https://abcdefgh.supabase.co/auth/v1",
    }, Definition::of(Group::Project).alternative().example("\"https://abcdefgh.supabase.co/auth/v1\"");

    /// Accept a secret (service_role) key although it bypasses row-level security
    allow_service_key: bool = Switch, Definition::of(Group::Project);

    /// Accept http and ws to other machines, which sends the key unencrypted
    allow_insecure: bool = Switch, Definition::of(Group::Project);

    /// E-mail address of the user to sign in as, with `password_file`, for tables that need a signed-in role
    email: Option<String> = Text { placeholder: "EMAIL", want: "the e-mail address of the user who signs in" },
        Definition::of(Group::SignIn).section("auth");

    /// File that holds the user's password on its first line
    password_file: Option<PathBuf> = FilePath, Definition::of(Group::SignIn).section("auth");

    /// File with a refresh token, used instead of e-mail and password; each new token is written into it
    refresh_token_file: Option<PathBuf> = FilePath, Definition::of(Group::SignIn).section("auth");

    /// Serializer version of the Realtime protocol
    vsn: Vsn = Choice::<Vsn>::new(), Definition::of(Group::Connection);

    /// Failed attempts in a row before it gives up and shows the error; 0 = never gives up, which is the default with `kiosk`
    max_reconnect_attempts: u32 = Whole::new(USUAL.max_attempts, 0..=Backoff::MAX_ATTEMPTS_LIMIT)
        .zero("never give up")
        .in_kiosk(0), Definition::of(Group::Connection).saved().run_time();

    /// Delay before the first attempt, in milliseconds; each later delay is twice as long: 3, 6, 12, 24, 48 s
    reconnect_interval_ms: Duration =
        Whole::new(USUAL.interval.as_millis() as u32, INTERVAL_MS).unit(Unit::Milliseconds),
        Definition::of(Group::Connection).saved().run_time();

    /// Longest delay between two attempts, in milliseconds
    max_reconnect_interval_ms: Duration =
        Whole::new(USUAL.max_interval.as_millis() as u32, INTERVAL_MS).unit(Unit::Milliseconds),
        Definition::of(Group::Connection).saved().run_time();

    /// Share of each delay that is random, 0 to 1, so that many walls do not reconnect at once; 0.2 with `kiosk`
    reconnect_jitter: f64 = Number::new(Some(USUAL.jitter), 0.0..=1.0, Unit::Share).in_kiosk(0.2),
        Definition::of(Group::Connection).saved().run_time();

    /// Interval of heartbeats, in milliseconds; one that stays unanswered for this long means that the socket is dead
    heartbeat_interval_ms: Duration = Whole::new(25_000, 100..=60_000).unit(Unit::Milliseconds),
        Definition::of(Group::Connection);

    /// Interval of routine resyncs, in seconds, which read all tables again; 0 = never
    reconcile_interval_s: Option<Duration> = Whole::new(600, 0..=WEEK_S).unit(Unit::Seconds).zero("never"),
        Definition::of(Group::Connection);

    /// Longest interval of audits between resyncs, in seconds, which compare row counts and latest changes; 0 = never
    audit_interval_s: Option<Duration> = Whole::new(30, 0..=WEEK_S).unit(Unit::Seconds).zero("never"),
        Definition::of(Group::Connection);

    /// Age of the last proof that the rows equal the database's, in seconds, from which on Live is not claimed
    /// It is at least twice the interval of audits and half a minute. Without audits nothing is proven between two resyncs.
    proof_max_age_s: Duration = Whole::new(90, 15..=WEEK_S).unit(Unit::Seconds),
        Definition::of(Group::Connection);

    /// Changes a second, summed over all subscribers of the project, above which the server silently drops some; 0 = it drops none
    /// It is a limit of the project's Realtime plan: 100, 500, 2500 or 10000. When changes arrive at this rate for 5 s,
    /// or as many as in one second of it within 10 s of connecting, the tables are compared with the database at once,
    /// and again a minute later.
    change_limit: Option<u32> = Whole::new(100, 0..=1_000_000).zero("the server drops nothing"),
        Definition::of(Group::Connection);

    /// Age, in hours, at which a connection without a signed-in user is replaced before the server cuts it; 0 = never
    replace_connection_h: Option<Duration> = Whole::new(23, 0..=YEAR_H).unit(Unit::Hours).zero("never"),
        Definition::of(Group::Connection);

    /// Whether changes are also followed by Broadcast from the database: `auto` where `opswall schema --broadcast` set it up
    /// A join finds that out; a server without it lets the socket wait for about 5 s, and is asked again ten minutes
    /// later at the soonest.
    database_broadcast: DatabaseBroadcast = Choice::<DatabaseBroadcast>::new(), Definition::of(Group::Connection);

    /// Unattended display: full screen, hidden cursor, never gives up, jittered reconnects
    kiosk: bool = Switch, Definition::of(Group::Display);

    /// Named view to begin with, and to return to on an unattended display: its name, or its number
    view: Option<String> = Text { placeholder: "NAME", want: "the name or the number of a view" },
        Definition::of(Group::Display).example("\"Billing\"");

    /// Colours: dark, light for bright rooms, or high-contrast
    theme: ThemeName = Choice::<ThemeName>::new(), Definition::of(Group::Display).run_time();

    /// On a machine too slow for the whole picture: auto leaves parts of it out, full draws everything
    quality: QualityPolicy = Choice::<QualityPolicy>::new(), Definition::of(Group::Display).run_time();

    /// Marks fade instead of moving, and nothing pulses or flows
    reduced_motion: bool = Switch, Definition::of(Group::Display).run_time();

    /// Diagonal of the screen, in inches; with `viewing_distance` it sets the size of the text
    screen_diagonal: Option<f64> = Number::new(None, 5.0..=1_000.0, Unit::Inches),
        Definition::of(Group::Display).example("55").run_time();

    /// Distance from which the room reads the screen, in metres
    viewing_distance: Option<f64> = Number::new(None, 0.2..=100.0, Unit::Metres),
        Definition::of(Group::Display).example("4.0").run_time();

    /// Size of all text, in percent of what the screen and the viewing distance give
    scale: u32 = Whole::new(100, 75..=250).unit(Unit::Percent), Definition::of(Group::Display).run_time();

    /// Time after which a finished workflow is only a header, in seconds; 0 = never
    shrink_finished_after_s: Option<Duration> = Whole::new(SHRINK_FINISHED_S, 0..=WEEK_S).unit(Unit::Seconds).zero("never"),
        Definition::of(Group::Display).run_time();

    /// Time after which a finished workflow is part of the block of all finished ones, in seconds; 0 = never
    fold_finished_after_s: Option<Duration> = Whole::new(FOLD_FINISHED_S, 0..=WEEK_S).unit(Unit::Seconds).zero("never"),
        Definition::of(Group::Display).run_time();

    /// Schema of the tables that name none
    schema: Option<String> = TableName { usual: "public" }, Definition::of(Group::Tables);

    /// Table of the agents
    agents_table: Option<String> = TableName { usual: "agents" }, Definition::of(Group::Tables);

    /// Table of the tasks
    tasks_table: Option<String> = TableName { usual: "tasks" }, Definition::of(Group::Tables);

    /// Table of the workflows
    workflows_table: Option<String> = TableName { usual: "workflows" }, Definition::of(Group::Tables);

    /// Table of the workflows' runs, which are then cells of their workflow's block; empty = not followed
    runs_table: Option<String> = TableName { usual: "" }, Definition::of(Group::Tables);

    /// Log more details
    verbose: bool = Switch, Definition::of(Group::General).short('v');
}

/// Settings that are not one value each.
static OTHERS: &[Definition] = &[
    Definition {
        key: "preset",
        help: "Engine whose tables are followed, like pgflow or pg_boss; repeatable, in the file a list",
        details: "The files of assets/presets have their names.",
        form: &Text {
            placeholder: "NAME",
            want: "the name of a preset in quotes, or a list of them",
        },
        example: Some("\"pgflow\""),
        is_alternative: true,
        ..Definition::of(Group::Tables)
    },
    Definition {
        key: "map",
        help: "Which column has which role, like agent.status=phase or my_jobs.label=title,name; repeatable",
        form: &Text {
            placeholder: "KIND|TABLE.ROLE=COLUMN,…",
            want: "KIND.ROLE=COLUMN, like agent.status=phase or task.label=title,name",
        },
        ..Definition::of(Group::Tables).not_in_file()
    },
    Definition {
        key: "status",
        help: "Which state a status word of your tables means, like erledigt=done; repeatable",
        form: &Text {
            placeholder: "WORD=STATE",
            want: "WORD=STATE, like erledigt=done",
        },
        ..Definition::of(Group::Tables).not_in_file().run_time()
    },
    Definition {
        key: "config",
        help: "Settings file, instead of opswall.toml in the working directory and in the user's configuration directory",
        form: &FilePath,
        ..Definition::of(Group::General).not_in_file()
    },
];

/// All settings.
pub(crate) fn definitions() -> impl Iterator<Item = &'static Definition> {
    TABLE.iter().chain(OTHERS)
}
