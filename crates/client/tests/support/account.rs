//! An account on the demo's server, and the files with its secrets.
#![allow(dead_code, reason = "each test program uses its part")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use crate::listener::Listener;
use demo::{Account, AuthOptions, Keys, Options, Server};
use serde_json::{Value, json};
use settings::{Env, FeedSettings, Settings, SettingsArgs};

pub(crate) const EMAIL: &str = "wall@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const KEY: &str = "sb_publishable_wallkey";

/// A server with one account, whose sessions last `lifetime_s` seconds.
pub(crate) fn server(lifetime_s: u64, rate: f64) -> Server {
    forgiving(lifetime_s, rate, false)
}

/// Such a server. With `forgives_parent` it also accepts the refresh token before the current one.
pub(crate) fn forgiving(lifetime_s: u64, rate: f64, forgives_parent: bool) -> Server {
    let options = Options {
        agents: 12,
        workflows: 5,
        tasks: 150,
        rate,
        seed: 7,
        keys: Keys::Only(vec![KEY.into()]),
        auth: AuthOptions {
            accounts: vec![Account {
                email: EMAIL.into(),
                password: PASSWORD.into(),
            }],
            lifetime: Duration::from_secs(lifetime_s),
            forgives_parent,
            ..AuthOptions::default()
        },
        ..Options::default()
    };
    Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server")
}

/// A folder with the files of the user's secrets.
pub(crate) struct Place(pub(crate) tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.write("password", PASSWORD);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), format!("{text}\n")).expect("written");
        #[cfg(unix)]
        fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("closed");
    }

    pub(crate) fn token(&self) -> String {
        let text = fs::read_to_string(self.path("token")).expect("the token file");
        let mut lines = text.lines();
        let token = lines.next().expect("a line").to_owned();
        assert_eq!((lines.next(), text.ends_with('\n')), (None, true), "one plain line");
        token
    }

    pub(crate) fn flags(&self, url: &str, by_token: bool) -> Vec<String> {
        let path = |name: &str| self.path(name).to_string_lossy().into_owned();
        let mut flags = vec!["--url".into(), url.into(), "--key".into(), KEY.into()];
        if by_token {
            flags.extend(["--refresh-token-file".into(), path("token")]);
        } else {
            flags.extend([
                "--email".into(),
                EMAIL.into(),
                "--password-file".into(),
                path("password"),
            ]);
        }
        flags
    }

    pub(crate) fn settings(&self, url: &str, by_token: bool) -> FeedSettings {
        let path = |name: &str| self.path(name).to_string_lossy().into_owned();
        let args = SettingsArgs::default().url(url).key(KEY).reconnect_interval_ms("100");
        let args = if by_token {
            args.refresh_token_file(path("token"))
        } else {
            args.email(EMAIL).password_file(path("password"))
        };
        Settings::load(&args, &Env::default())
            .and_then(|settings| settings.feed())
            .expect("settings")
    }

    pub(crate) fn by_password(&self, server: &Server) -> Listener {
        Listener::start(self.settings(&server.url(), false))
    }

    pub(crate) fn by_token(&self, server: &Server) -> Listener {
        Listener::start(self.settings(&server.url(), true))
    }
}

/// Signs in as another program would, and returns the session.
pub(crate) fn sign_in(server: &Server) -> Value {
    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let mut socket = TcpStream::connect(server.addr()).expect("a connection");
    write!(
        socket,
        "POST /auth/v1/token?grant_type=password HTTP/1.1\r\nhost: x\r\napikey: {KEY}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("a session")
}

pub(crate) fn refresh_token(server: &Server) -> String {
    sign_in(server)["refresh_token"].as_str().expect("a token").to_owned()
}
