//! Secrets are read from files within bounds, and printed nowhere.

use std::fs;

use clap::Parser as _;
use secrecy::ExposeSecret as _;
use settings::{Env, FeedSettings, SettingsArgs, SignIn};

use crate::{Flags, Place};

#[test]
fn no_secret_is_in_an_error_or_in_the_settings_in_force() {
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
    assert!(!format!("{:?}", settings.effective()).contains(SECRET));
    let key = settings
        .effective()
        .iter()
        .find(|one| one.name == "key")
        .expect("a key");
    assert!(
        key.is_secret && key.value.as_str().is_some_and(|text| text.starts_with("********")),
        "{key:?}"
    );
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

fn sign_in(feed: &FeedSettings) -> (String, String, String) {
    let auth = feed.auth.as_ref().expect("a sign-in");
    let secret = auth.sign_in.file().secret().expose_secret().to_owned();
    match &auth.sign_in {
        SignIn::Password { email, .. } => (auth.url.to_string(), email.clone(), secret),
        SignIn::RefreshToken(_) => (auth.url.to_string(), String::new(), secret),
    }
}

#[test]
fn a_stronger_layer_replaces_the_way_to_sign_in() {
    let place = with_secrets(Place::new().file(
        "url = 'https://a.supabase.co'\nkey = 'k'\n[auth]\nemail = 'wall@example.com'\npassword_file = 'password'\n",
    ));
    let url = "https://a.supabase.co/auth/v1";
    let words = |url: &str, email: &str, secret: &str| (url.to_owned(), email.to_owned(), secret.to_owned());
    assert_eq!(
        sign_in(&place.feed(&[])),
        words(url, "wall@example.com", " pass word "),
        "spaces belong to a password"
    );
    assert!(place.load(&[]).notices.is_empty());
    assert_eq!(
        sign_in(&place.feed(&["--refresh-token-file", "token"])),
        words(url, "", "r3fr3sh")
    );
    assert_eq!(
        sign_in(&place.feed(&["--email", "b@example.com", "--auth-url", "http://localhost:9999/"])),
        words("http://localhost:9999/", "b@example.com", " pass word ")
    );
    let by_variable = place.var("OPSWALL_REFRESH_TOKEN_FILE", "token");
    assert_eq!(sign_in(&by_variable.feed(&[])), words(url, "", "r3fr3sh"));
    assert_eq!(
        sign_in(&by_variable.feed(&["--email", "c@example.com", "--password-file", "password"])).1,
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
        ("jwt", "contains a key or a session token"),
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
fn a_secret_file_that_others_can_read_gives_a_notice() {
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
fn no_public_type_prints_a_secret_in_its_debug_output() {
    const SECRET: &str = "hush4711";
    let place = Place::new().var("SUPABASE_PUBLISHABLE_KEY", SECRET);
    fs::write(place.env.working_dir.join("secret"), SECRET).expect("written");
    let flags = ["--url", "https://a.supabase.co?apikey=hush4711", "--key", SECRET];
    for way in [
        &["--email", "wall@example.com", "--password-file", "secret"][..],
        &["--refresh-token-file", "secret"],
    ] {
        let flags = [&flags[..], way].concat();
        let settings = place.load(&flags);
        let feed = settings.feed().expect("a feed");
        let auth = feed.auth.clone().expect("a sign-in");
        let args = Flags::try_parse_from(["opswall"].iter().chain(&flags)).expect("flags");
        for text in [
            format!("{:?}", args.settings),
            format!("{:?}", SettingsArgs::default().key(SECRET)),
            format!("{:?}", place.env),
            format!("{settings:?}"),
            format!("{:?}", settings.effective()),
            format!("{feed:?}"),
            format!("{auth:?}"),
            format!("{:?}", auth.sign_in),
            format!("{:?}", auth.sign_in.file()),
            format!("{:?}", auth.sign_in.file().secret()),
        ] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
    let env = Env {
        variables: [("OPSWALL_KEY".to_owned(), SECRET.to_owned())].into(),
        ..Env::default()
    };
    assert!(!format!("{env:?}").contains(SECRET));
    let error = place.error(&["--url", "https://a.supabase.co", "--key", "hush4711 and more"]);
    assert!(!error.contains(SECRET), "{error}");
}
