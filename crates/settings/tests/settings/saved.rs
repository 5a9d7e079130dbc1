//! What was changed in the panel is kept, and a broken file does no harm.

use std::fs;

use model::Backoff;
use settings::saved;

use crate::{Place, timing};

#[test]
fn only_changed_settings_are_saved_and_a_broken_file_gives_a_notice() {
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
    assert_eq!(timing(&place.load(&[])).backoff, Backoff::default(), "changed back");
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
        let text = &settings.notices[0].text;
        assert!(text.contains("delete the file to clear this message"), "{text}");
        assert_eq!(timing(&settings).backoff.max_attempts, 5);
        let half = broken.contains("0.5");
        assert_eq!(
            timing(&settings).backoff.jitter,
            if half { 0.5 } else { 0.0 },
            "a good line beside a bad one counts"
        );
        saved::save_backoff(&keeper, &tuned).expect("replaced");
        assert_eq!(
            timing(&place.load(&[])).backoff.max_attempts,
            9,
            "and it can be replaced"
        );
    }
    fs::write(
        &keeper.path,
        "a_setting_of_a_later_version = 1\nreconnect_jitter = 0.25\n",
    )
    .expect("written");
    assert_eq!(timing(&place.load(&[])).backoff.jitter, 0.25);
    saved::save_backoff(&keeper, &tuned).expect("kept");
    let text = fs::read_to_string(&keeper.path).expect("the file");
    assert!(text.contains("a_setting_of_a_later_version"), "{text}");
}

#[test]
fn a_folder_that_cannot_be_written_gives_one_sentence() {
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
