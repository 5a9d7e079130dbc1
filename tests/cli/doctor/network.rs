//! The checks of settings, name, port and certificate.

use std::{
    ffi::OsStr,
    net::{Ipv4Addr, TcpListener},
};

use super::program::{diagnose, diagnose_with, expect, run, run_in};
use crate::{
    demo::server,
    tls::{Authority, Day, FAR_OFF, LONG_AGO},
};

const ORDER: &[&str] = &[
    "settings",
    "url",
    "dns",
    "tcp",
    "tls",
    "key",
    "auth",
    "clock",
    "sign_in",
    "rest",
    "websocket",
    "join",
    "subscribed",
    "heartbeat",
    "change",
    "pulse",
];

#[test]
fn without_settings_the_demo_feed_is_checked_and_named() {
    let report = diagnose(&["--wait", "10"]);
    assert_eq!((report.code, report.overall()), (0, "ok"), "{}", report.text);
    assert_eq!(report.names(), ORDER);
    expect(report.check("settings"), "ok", &["demo feed", "SUPABASE_URL"]);
    expect(report.check("change"), "ok", &["public."]);
    for table in ["public.agents", "public.tasks", "public.workflows"] {
        expect(report.of_table("rest", table), "ok", &["rows"]);
        expect(report.of_table("subscribed", table), "ok", &[]);
    }
}

#[test]
fn the_text_reports_the_same_checks_for_people() {
    let (code, text, error) = run(&["--wait", "10"], &[("TERM", OsStr::new("xterm"))]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(!text.contains('\x1b'), "no colour outside of a terminal: {text}");
    assert!(text.starts_with("ok        settings"), "{text}");
    assert!(
        text.ends_with(" 0 warnings, 0 failed, 2 skipped\n") || text.contains(" 0 failed, "),
        "{text}"
    );
    let subscribed: Vec<&str> = text.lines().filter(|line| line.contains("subscribed")).collect();
    assert_eq!(subscribed.len(), 3, "{text}");
    let at = |line: &str| line.find("changes are followed");
    assert!(
        subscribed
            .iter()
            .all(|line| at(line).is_some() && at(line) == at(subscribed[0])),
        "aligned: {text}"
    );
}

#[test]
fn wrong_settings_are_a_finding_with_exit_code_2() {
    for (args, words) in [
        (&["--url", "nonsense", "--key", "x"][..], &["nonsense", "https://"][..]),
        (&["--url", "https://x.supabase.co"], &["key"]),
        (
            &["--url", "https://x.supabase.co", "--key", "sb_secret_sesame"],
            &["--allow-service-key"],
        ),
        (&["--config", "nowhere.toml"], &["nowhere.toml"]),
    ] {
        let report = diagnose(args);
        assert_eq!((report.code, report.overall()), (2, "failed"), "{}", report.text);
        expect(report.check("settings"), "failed", words);
        assert_eq!(report.names(), ORDER);
        assert_eq!(report.results("skipped").len(), ORDER.len() - 1);
        assert!(!report.text.contains("sesame"), "{}", report.text);
    }
}

#[test]
fn the_origin_of_the_settings_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = "url = \"http://127.0.0.1:1\"\nkey = \"sb_publishable_sesame\"\n";
    std::fs::write(folder.path().join("opswall.toml"), file).expect("a file");
    let (code, text, _) = run_in(folder.path(), &[], &[("OPSWALL_NONSENSE", OsStr::new("1"))]);
    assert_eq!(code, 1);
    for word in ["opswall.toml:1", "opswall.toml:2", "OPSWALL_NONSENSE", "looked for"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("sesame"), "{text}");
}

#[test]
fn addresses_that_cannot_be_a_project_are_recognised() {
    for (url, word) in [
        ("https://supabase.com/dashboard/project/abc", "dashboard"),
        ("https://db.abc.supabase.co:5432", "database"),
        ("https://aws-0-eu-central-1.pooler.supabase.com:6543", "database"),
        ("https://abc.supabase.co/rest/v1", "path"),
    ] {
        let report = diagnose(&["--url", url, "--key", "sb_publishable_x"]);
        assert_eq!(report.code, 1);
        expect(report.check("url"), "failed", &[word, "<project-ref>"]);
        // No request is sent to a server that is not the user's.
        expect(report.check("dns"), "skipped", &["because url failed"]);
        expect(report.check("websocket"), "skipped", &["because url failed"]);
    }
}

#[test]
fn an_invalid_name_stops_at_dns() {
    // The local resolver refuses a label of this length, so no query is sent.
    let url = format!("https://{}.invalid", "x".repeat(70));
    let report = diagnose(&["--url", &url, "--key", "sb_publishable_x"]);
    assert_eq!(report.code, 1);
    expect(report.check("dns"), "failed", &["cannot be found", "spelling"]);
    assert_eq!(report.results("failed"), ["dns"]);
    expect(report.check("tcp"), "skipped", &["because dns failed"]);
    expect(
        report.of_table("rest", "public.tasks"),
        "skipped",
        &["because dns failed"],
    );
    expect(report.check("key"), "ok", &["publishable"]);
}

#[test]
fn a_port_where_nothing_listens_stops_at_tcp() {
    let closed_port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    let url = format!("http://{}", closed_port.expect("a port"));
    let report = diagnose(&["--url", &url, "--key", "sb_publishable_x"]);
    assert_eq!(report.code, 1);
    expect(report.check("tcp"), "failed", &["refused", "nothing listens", "port"]);
    assert_eq!(report.results("failed"), ["tcp"]);
    expect(report.check("heartbeat"), "skipped", &["because tcp failed"]);
}

#[test]
fn a_server_that_accepts_connections_and_never_answers_is_reported() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = silent.local_addr().expect("an address");
    let report = diagnose(&[
        "--url",
        &format!("http://{address}"),
        "--key",
        "sb_publishable_x",
        "--timeout",
        "0.5",
    ]);
    assert_eq!(report.code, 1);
    expect(report.check("tcp"), "ok", &[]);
    expect(report.check("auth"), "failed", &["no answer in 0.5 s"]);
    expect(
        report.of_table("rest", "public.agents"),
        "failed",
        &["no answer in 0.5 s"],
    );
    expect(report.of_table("rest", "public.tasks"), "skipped", &["because"]);
    expect(report.check("websocket"), "failed", &["no answer in 0.5 s", "proxy"]);
    expect(report.check("join"), "skipped", &["because websocket failed"]);

    let url = format!("https://{address}");
    let report = diagnose(&["--url", &url, "--key", "sb_publishable_x", "--timeout", "0.5"]);
    expect(report.check("tls"), "failed", &["no answer in 0.5 s"]);
    expect(report.check("websocket"), "skipped", &["because tls failed"]);
}

#[test]
fn a_trusted_certificate_is_reported_with_its_issuer_and_expiry() {
    let (authority, server) = (Authority::new(), server(50.0));
    let url = authority.front("127.0.0.1", LONG_AGO, FAR_OFF, server.addr());
    let file = authority.file();
    let env = [("SSL_CERT_FILE", file.as_os_str())];
    let report = diagnose_with(&["--url", &url, "--key", "demo", "--wait", "10"], &env);
    assert_eq!(report.code, 0, "{}", report.text);
    expect(
        report.check("tls"),
        "ok",
        &["Authority of a test", "Server of a test", "2090-01-01", "TLSv1.3"],
    );
    for name in ["websocket", "join", "heartbeat", "change"] {
        expect(report.check(name), "ok", &[]);
    }
    expect(report.of_table("rest", "public.tasks"), "ok", &["rows"]);
}

#[test]
fn a_certificate_that_expires_soon_is_a_warning() {
    let (authority, server) = (Authority::new(), server(0.0));
    let soon = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(5));
    let to = (
        soon.year().into(),
        soon.month().unsigned_abs(),
        soon.day().unsigned_abs(),
    );
    let url = authority.front("127.0.0.1", LONG_AGO, to, server.addr());
    let file = authority.file();
    let report = diagnose_with(
        &["--url", &url, "--key", "demo"],
        &[("SSL_CERT_FILE", file.as_os_str())],
    );
    assert_eq!((report.code, report.overall()), (0, "warning"), "{}", report.text);
    expect(report.check("tls"), "warning", &["days left", "renew"]);
    expect(report.check("websocket"), "ok", &[]);
}

#[test]
fn each_fault_of_a_certificate_is_explained() {
    let (authority, other, server) = (Authority::new(), Authority::new(), server(0.0));
    let (good, bad) = (authority.file(), other.file());
    let cases: [(&str, Day, Day, &OsStr, &[&str]); 4] = [
        (
            "127.0.0.1",
            LONG_AGO,
            FAR_OFF,
            bad.as_os_str(),
            &["issuer is unknown", "update-ca-certificates", "Authority of a test"],
        ),
        (
            "127.0.0.1",
            LONG_AGO,
            (2021, 2, 3),
            good.as_os_str(),
            &["has expired", "2021-02-03", "renew"],
        ),
        (
            "127.0.0.1",
            (2080, 1, 1),
            FAR_OFF,
            good.as_os_str(),
            &["not valid yet", "date"],
        ),
        (
            "other.example",
            LONG_AGO,
            FAR_OFF,
            good.as_os_str(),
            &["not for 127.0.0.1", "other.example"],
        ),
    ];
    for (host, from, to, trusted, words) in cases {
        let url = authority.front(host, from, to, server.addr());
        let report = diagnose_with(&["--url", &url, "--key", "demo"], &[("SSL_CERT_FILE", trusted)]);
        assert_eq!(report.code, 1);
        expect(report.check("tls"), "failed", words);
        assert_eq!(report.results("failed"), ["tls"], "{}", report.text);
        expect(report.check("websocket"), "skipped", &["because tls failed"]);
    }
}

#[test]
fn https_to_a_port_without_tls_is_reported() {
    let server = server(0.0);
    let url = server.url().replace("http://", "https://");
    let report = diagnose(&["--url", &url, "--key", "demo"]);
    expect(report.check("tls"), "failed", &["does not speak TLS", "scheme"]);
    assert_eq!(report.code, 1);
}
