//! What an error says about a mistake.

use std::fs;

use proptest::prelude::*;
use settings::saved;

use crate::Place;

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
            file("[[sources]]\ntable = 'a'\nkind = 'agent'\nstatsu = 'x'"),
            &["unknown setting 'sources.statsu'", "line 4", "'sources.status'"],
        ),
        (
            file("[[sources]]\ntable = 'jobs'\nkind = 'jop'"),
            &["sources.kind in", "is 'jop'", "agent, task, workflow, run"],
        ),
        (
            file("[[sources]]\ntable = 'jobs'"),
            &["sources in", "line 1", "has no kind", "kind = \"agent\""],
        ),
        (file("[[sources]]\nkind = 'task'"), &["has no table", "table = "]),
        (
            file("[[sources]]\ntable = 'a'\nkind = 'task'\n[[sources]]\ntable = 'a'\nkind = 'task'"),
            &["line 4", "is a for tasks a second time", "remove one of the two"],
        ),
        (
            file("[[sources]]\ntable = 'a'\nkind = 'task'\ngone = 'away'"),
            &["sources.gone in", "is 'away'", "one of idle"],
        ),
        (
            file("[[sources]]\ntable = 'a'\nkind = 'task'\nwords = { x = 'y' }"),
            &["status.x in", "is 'y'", "one of idle"],
        ),
        (
            file("[[sources]]\ntable = 'a'\nkind = 'task'\n[[sources.companions]]\ntable = 'b'"),
            &["sources.companions in", "has no key"],
        ),
        (
            file("[[sources]]\ntable = 'a'\nkind = 'task'\n[[sources.companions]]\ntable = 'b'\nkye = 'c'"),
            &["unknown setting 'sources.companions.kye'", "'sources.companions.key'"],
        ),
        (
            Place::new()
                .file("[[sources]]\ntable = 'jobs'\nkind = 'task'")
                .error(&["--map", "jbos.status=phase"]),
            &["--map is 'jbos'", "a known source: did you mean 'jobs'?"],
        ),
        (
            file(&format!("#{}", "x".repeat(1_100_000))),
            &["the settings file", "is larger than 1 MiB; shorten it"],
        ),
        (file("schema = 5"), &["schema in", "is '5'", "one name"]),
        (file("[status]\nx = 3"), &["status.x in", "line 2", "is 'a number'"]),
        (file("[status]\nx = ['y']"), &["status.x in", "is 'x'", "one of idle"]),
        (file("sources = 3"), &["sources in", "sections like [[sources]]"]),
        (file("kiosk = 'perhaps'"), &["kiosk in", "line 1", "true or false"]),
        (
            file("reconnect_interval_ms = '1 s'"),
            &["reconnect_interval_ms in", "is '1 s'", "from 100 to 3600000"],
        ),
        (file("reconnect_interval_ms = 99999999999999999999"), &["a huge number"]),
        (file("url = 5"), &["url in", "is '5'"]),
        (file("a = = b"), &["is not valid TOML at line 1"]),
        (
            file("url = 'https://a.supabase.co'\nkey = [1]"),
            &["key in", "is not a text"],
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

/// The example file with some bytes changed, or any bytes.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let example = include_str!("../../../../assets/opswall.example.toml")
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
    fn any_file_gives_settings_or_one_sentence(file in any_file(), state in any_file(), variable in "\\PC*") {
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
