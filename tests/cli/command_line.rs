//! The command line, and what `opswall config` prints.

use std::{fs, path::Path};

use opswall::{cli::Cli, commands::config};
use serde_json::{Value, json};
use settings::{Env, Settings};

fn load(folder: &Path, flags: &[&str]) -> Settings {
    let words = ["opswall", "config"].iter().chain(flags);
    let cli = Cli::read(words).expect("flags that exist");
    let env = Env {
        working_dir: folder.to_owned(),
        ..Env::default()
    };
    Settings::load(&cli.settings, &env).expect("settings")
}

fn printed(settings: &Settings, as_json: bool) -> String {
    let mut out = Vec::new();
    config::write(settings, as_json, &mut out).expect("printed");
    String::from_utf8(out).expect("text")
}

fn help(command: &str) -> String {
    let error = Cli::read(["opswall", command, "--help"]).expect_err("help");
    error.to_string()
}

#[test]
fn config_shows_who_signs_in_but_no_secret() {
    const SECRET: &str = "hush4711";
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["password", "token"] {
        fs::write(folder.path().join(name), SECRET).expect("written");
    }
    let ways: [&[&str]; 2] = [
        &["--email", "wall@example.com", "--password-file", "password"],
        &["--refresh-token-file", "token"],
    ];
    let project = ["--url", "https://abcdefgh.supabase.co?apikey=hush4711", "--key", SECRET];
    for (flags, shown) in ways.into_iter().zip(["wall@example.com", "token"]) {
        let settings = load(folder.path(), &[&project, flags].concat());
        for as_json in [false, true] {
            let text = printed(&settings, as_json);
            assert!(text.contains(shown) && text.contains("/auth/v1"), "{text}");
            assert!(!text.contains(SECRET) && text.contains("********"), "{text}");
        }
    }
    let cli = Cli::read(["opswall", "config", "--key", SECRET]).expect("flags");
    assert!(!format!("{cli:?}").contains(SECRET));
}

#[test]
fn config_prints_what_can_be_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("opswall.toml");
    fs::write(
        &file,
        "url = 'https://a.supabase.co'\nkey = 'demo'\n[status]\nerledigt = 'done'\n[[sources]]\ntable = 'jobs'\n\
         kind = 'task'\nschema = 'ops'\nagent = 'worker -> bots.name'\nwords = { 'in der Prüfung' = 'waiting' }\n\
         [[sources]]\ntable = 'bots'\nkind = 'agent'\nstatus = ['bot_state.word', 'status']\n\
         [[sources.companions]]\ntable = 'bot_state'\nkey = 'bot'\nlatest_by = 'at'\n",
    )
    .expect("written");
    let settings = load(folder.path(), &["--reconnect-jitter", "0.1"]);
    assert_eq!(settings.mapping.sources().len(), 2);
    let text = printed(&settings, false);
    assert!(text.contains("reconnect_jitter = 0.1"), "{text}");
    assert!(text.contains("# flag --reconnect-jitter"), "{text}");
    assert!(text.contains("opswall.toml:1"), "{text}");
    fs::write(&file, &text).expect("written");
    let again = load(folder.path(), &[]);
    assert_eq!(again.mapping, settings.mapping);
    let backoff = |settings: &Settings| {
        settings
            .demo_feed("http://127.0.0.1:1", "demo")
            .expect("a feed")
            .backoff
    };
    assert_eq!(backoff(&again), backoff(&settings));

    let object: Value = serde_json::from_str(&printed(&settings, true)).expect("JSON");
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
fn help_lists_the_settings_that_a_command_uses_and_the_defaults_of_the_demo_feed() {
    for command in ["serve", "bench", "schema"] {
        let text = help(command);
        for setting in ["--url", "--heartbeat-interval-ms", "--theme"] {
            assert!(!text.contains(setting), "{command} does not use {setting}: {text}");
        }
    }
    assert!(help("schema").contains("--agents-table"));
    let text = help("tail");
    assert!(
        text.contains("--heartbeat-interval-ms") && !text.contains("--theme"),
        "{text}"
    );
    let text = help("serve");
    for default in ["--agents <N>", "[default: 24]", "[default: 12]", "[default: usual]"] {
        assert!(text.contains(default), "{default} is missing in: {text}");
    }
    let cli = Cli::read(["opswall", "--url", "http://127.0.0.1:1", "serve", "--theme", "light"]);
    assert!(cli.is_ok(), "settings that a command does not use are accepted");
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
        Cli::read(line.split(' ')).expect(line);
    }
    for line in [
        "opswall tail --for minus",
        "opswall doktor",
        "opswall serve --listen nowhere",
        "opswall tail --bogus",
    ] {
        let error = Cli::read(line.split(' ')).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[cfg(feature = "wall")]
#[test]
fn the_wall_is_the_default_and_a_snapshot_has_a_size() {
    use opswall::commands::CliCommand;
    assert!(Cli::read(["opswall", "--kiosk"]).expect("the wall").command.is_none());
    let cli = Cli::read(["opswall", "snapshot", "a.png", "--size", "640x360"]).expect("a snapshot");
    match cli.command {
        Some(CliCommand::Snapshot(args)) => assert_eq!(args.size, (640, 360)),
        other => panic!("a snapshot, not {other:?}"),
    }
    for size in ["640", "0x0", "99999x10", "axb"] {
        assert!(
            Cli::read(["opswall", "snapshot", "a.png", "--size", size]).is_err(),
            "{size}"
        );
    }
}
