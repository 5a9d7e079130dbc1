//! Precedence of the layers, defaults, and how values reach their consumers.

use std::{fs, time::Duration};

use model::{Backoff, Kind, Status};
use realtime::Vsn;
use secrecy::ExposeSecret as _;
use serde_json::json;
use settings::{Origin, saved};

use crate::{PROJECT, Place, timing, value};

#[test]
fn the_defaults_are_those_of_the_product() {
    let feed = Place::new().feed(&PROJECT);
    assert_eq!(feed.backoff, Backoff::default());
    assert_eq!(feed.heartbeat_interval, Duration::from_secs(25));
    assert_eq!(feed.reconcile_interval, Some(Duration::from_secs(600)));
    assert_eq!(feed.audit_interval, Some(Duration::from_secs(30)));
    assert_eq!(feed.change_limit, Some(100));
    assert_eq!(feed.replace_connection, Some(Duration::from_secs(23 * 3_600)));
    assert_eq!(feed.vsn, Vsn::V2);
    let settings = Place::new().load(&[]);
    assert!(!settings.has_project());
    assert!(settings.notices.is_empty());
}

#[test]
fn urls_are_derived_from_the_project_url_and_each_can_be_set() {
    let feed = Place::new().feed(&PROJECT);
    assert_eq!(
        feed.realtime_url.as_str(),
        "wss://abcdefgh.supabase.co/realtime/v1/websocket"
    );
    assert_eq!(
        feed.rest_url.expect("rest").as_str(),
        "https://abcdefgh.supabase.co/rest/v1"
    );
    assert!(feed.auth.is_none(), "there is no sign-in by default");
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
fn flags_override_variables_saved_state_files_and_defaults_in_this_order() {
    let mut place = Place::new()
        .users_file(
            "reconnect_interval_ms = 1001\nmax_reconnect_attempts = 11\nheartbeat_interval_ms = 11000\nvsn = '1.0.0'",
        )
        .file("reconnect_interval_ms = 1002\nmax_reconnect_attempts = 12\nheartbeat_interval_ms = 12000");
    let settings = place.load(&[]);
    assert_eq!(
        timing(&settings).vsn,
        Vsn::V1,
        "the user's file fills what the working directory's leaves open"
    );
    assert_eq!(timing(&settings).backoff.interval, Duration::from_millis(1_002));
    let (_, origin) = value(&settings, "heartbeat_interval_ms");
    assert!(matches!(origin, Origin::File { line: 3, .. }), "{origin:?}");

    let keeper = settings.keep_in.clone().expect("a folder");
    let tuned = Backoff {
        interval: Duration::from_millis(1_003),
        ..timing(&settings).backoff
    };
    saved::save_backoff(&keeper, &tuned).expect("kept");
    let settings = place.load(&[]);
    assert_eq!(
        timing(&settings).backoff.interval,
        Duration::from_millis(1_003),
        "saved for the next start"
    );
    assert_eq!(
        timing(&settings).backoff.max_attempts,
        12,
        "settings that the panel did not change are those of the file"
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
fn a_key_can_be_in_a_file_and_a_stronger_layer_replaces_it() {
    let place = Place::new().file("url = 'https://a.supabase.co'\nkey_file = 'secret.txt'");
    fs::write(place.env.working_dir.join("secret.txt"), "sb_publishable_file\nmore\n").expect("written");
    assert_eq!(place.feed(&[]).key.expose_secret(), "sb_publishable_file");
    assert_eq!(place.feed(&["--key", "flag"]).key.expose_secret(), "flag");
    let ambient = Place::new()
        .var("SUPABASE_ANON_KEY", "anon")
        .var("OPSWALL_KEY_FILE", "k")
        .var("SUPABASE_URL", "https://a.b");
    fs::write(ambient.env.working_dir.join("k"), " from-file \r\n").expect("written");
    assert_eq!(
        ambient.feed(&[]).key.expose_secret(),
        "from-file",
        "the key file was named for opswall"
    );
    let error = place.error(&["--key-file", "missing.txt"]);
    assert!(
        error.contains("cannot read the key file") && error.contains("missing.txt"),
        "{error}"
    );
    let error = place.error(&["--key", "sesame", "--key-file", "secret.txt"]);
    assert!(error.contains("one of the two") && !error.contains("sesame"), "{error}");
}

#[test]
fn the_quality_is_automatic_unless_it_is_set() {
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
fn kiosk_never_gives_up_unless_attempts_are_set() {
    let settings = Place::new().load(&["--kiosk"]);
    assert!(settings.wall.kiosk);
    assert_eq!(
        (timing(&settings).backoff.max_attempts, timing(&settings).backoff.jitter),
        (0, 0.2)
    );
    assert_eq!(value(&settings, "reconnect_jitter").1, Origin::Kiosk);
    let settings = Place::new()
        .var("OPSWALL_KIOSK", "yes")
        .load(&["--max-reconnect-attempts", "7"]);
    assert_eq!(
        (timing(&settings).backoff.max_attempts, timing(&settings).backoff.jitter),
        (7, 0.2)
    );
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
             [[sources]]\nkind = 'agent'\ntable = 'ai_agents'\nid = 'agent_id'\nlabel = 'handle'\n\
             [[sources]]\nkind = 'task'\ntable = 'tasks'\nagent = ['worker', 'workers']\nschema = 'work'\npriority_one_is_most_urgent = true\n\
             [[sources]]\nkind = 'workflow'\ntable = 'workflows'\n\
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
    let agents = mapping.first(Kind::Agent).expect("a source").1;
    assert_eq!(
        (&*agents.schema, &*agents.table, &*agents.id),
        ("ops", "ai_agents", &["agent_id".to_owned()][..])
    );
    assert_eq!(
        (&agents.label, &agents.status),
        (&vec!["handle".to_owned()], &vec!["phase".into(), "record.state".into()])
    );
    let tasks = mapping.first(Kind::Task).expect("a source").1;
    assert_eq!(
        (&*tasks.schema, &*tasks.table, &tasks.agent),
        ("work", "jobs", &vec!["worker".into(), "workers".into()])
    );
    assert!(tasks.one_is_most_urgent);
    assert_eq!(tasks.error, ["why"]);
    assert_eq!(mapping.first(Kind::Workflow).expect("a source").1.label, ["topic"]);
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
    assert_eq!(
        value(&settings, "sources.ops.ai_agents.status").1,
        Origin::Flag("--map".into())
    );
    let everywhere = place.load(&["--schema", "all"]);
    assert_eq!(
        &*everywhere.mapping.first(Kind::Task).expect("a source").1.schema,
        "all",
        "a flag for all beats a file for one"
    );
}

#[test]
fn a_key_of_several_columns_is_set_by_file_flag_and_variable() {
    let id = |place: Place, args: &[&str]| {
        let settings = place.load(args);
        let shown = value(&settings, "sources.workflows.id").0;
        let [_, _, source] = settings::sources(&settings.mapping).try_into().expect("three sources");
        assert_eq!(
            source.key,
            settings.mapping.first(Kind::Workflow).expect("a source").1.id
        );
        (source.key, shown)
    };
    let several = (vec!["owner".to_owned(), "name".to_owned()], json!(["owner", "name"]));
    let file = "[[sources]]\nkind = 'agent'\ntable = 'agents'\n[[sources]]\nkind = 'task'\ntable = 'tasks'\n\
                [[sources]]\nkind = 'workflow'\ntable = 'workflows'\nid = ['owner', 'name']\n";
    assert_eq!(id(Place::new().file(file), &[]), several);
    assert_eq!(id(Place::new(), &["--map", "workflow.id=owner, name"]), several);
    assert_eq!(
        id(Place::new().var("OPSWALL_MAP", "workflow.id=owner,name"), &[]),
        several
    );
    let one = (vec!["code".to_owned()], json!("code"));
    assert_eq!(id(Place::new().file(file), &["--map", "workflow.id=code"]), one);
    for wrong in ["workflow.id=owner,owner", "workflow.id=owner,", "workflow.id="] {
        let error = Place::new().error(&["--map", wrong]);
        assert!(
            error.contains("--map is") && error.contains("several different ones"),
            "{error}"
        );
    }
}

#[test]
fn partitions_and_limits_reach_the_feed() {
    let place = Place::new().file(
        "audit_interval_s = 0\nchange_limit = 250\nreplace_connection_h = 0\n\
         [[sources]]\nkind = 'agent'\ntable = 'agents'\n\
         [[sources]]\nkind = 'task'\ntable = 'tasks'\npartitions = ['tasks_2026_%', 'tasks_old']\n",
    );
    let feed = place.feed(&PROJECT);
    assert_eq!(
        feed.mapping.first(Kind::Task).expect("a source").1.partitions,
        ["tasks_2026_%", "tasks_old"]
    );
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
        (
            &*feed.mapping.first(Kind::Agent).expect("a source").1.partitions,
            feed.change_limit
        ),
        (&["agents_%".to_owned()][..], None)
    );
    let demo = place.load(&[]).demo_feed("http://127.0.0.1:1", "demo").expect("a feed");
    assert_eq!(demo.change_limit, None, "the demo feed drops no changes");
}

#[test]
fn an_unknown_variable_gives_a_notice() {
    let settings = Place::new().var("OPSWALL_MAX_RECONECT_ATTEMPTS", "3").load(&[]);
    let text = &settings.notices.first().expect("a notice").text;
    assert!(text.contains("did you mean OPSWALL_MAX_RECONNECT_ATTEMPTS?"), "{text}");
}

#[test]
fn the_demo_feed_uses_the_intervals_but_not_the_mapping_of_the_user() {
    let settings = Place::new()
        .file("agents_table = 'robots'")
        .load(&["--reconnect-interval-ms", "100"]);
    let feed = settings.demo_feed("http://127.0.0.1:4000", "demo").expect("a feed");
    assert_eq!(feed.realtime_url.as_str(), "ws://127.0.0.1:4000/realtime/v1/websocket");
    assert_eq!(feed.mapping.first(Kind::Agent).expect("a source").1.table, "agents");
    assert_eq!(feed.backoff.interval, Duration::from_millis(100));
}
