//! The log and the notices of commands without a window. The wall has Bevy's logging.

use std::io::{self, IsTerminal as _};

use settings::Settings;

/// Sends the log to standard error; without colour codes where that is a file, or where `NO_COLOR` is set.
pub(super) fn start(verbose: bool) {
    let level = if verbose { "info" } else { "warn" };
    // What is wrong with a certificate is in our own error.
    let filter = tracing_subscriber::EnvFilter::new(format!("{level},rustls_platform_verifier=off"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let log = if io::stderr().is_terminal() {
        log
    } else {
        log.with_ansi(false)
    };
    // A second call in one process (a test) keeps the first.
    let _ = log.try_init();
}

/// Prints a sentence that is no failure.
pub(super) fn print(sentence: &str) {
    eprintln!("opswall: {}", model::text::printable(sentence));
}

/// Prints what could not be used of the settings.
pub(super) fn print_notices(settings: &Settings) {
    for notice in &settings.notices {
        eprintln!("opswall: {}", notice.text);
    }
}
