//! Edits are written into the settings file: what else is in it stays, and it is replaced whole or not at all.

use std::{fs, path::PathBuf};

use proptest::prelude::*;

use super::{
    Place,
    editor::{reread, setting},
};
use model::theme::ThemeName;
use settings::{Origin, SaveFileError, SettingsEditor};

/// Writes the edits and takes the file as it is then.
fn save(editor: &mut SettingsEditor) -> Result<(), SaveFileError> {
    let read = editor.saving().write()?;
    editor.take(read).expect("what was written can be taken");
    Ok(())
}

fn own_file(place: &Place) -> PathBuf {
    place.env.working_dir.join("opswall.toml")
}

fn written(place: &Place) -> String {
    fs::read_to_string(own_file(place)).expect("the file")
}

#[test]
fn a_save_changes_values_and_nothing_else() {
    let place = Place::new().file(
        "# Wall of the office.\nurl   = 'https://a.example' # ours\r\nkey = \"sb_publishable_1\"\nauth.email = \"a@b.example\"\n\
         theme = \"light\"\t# bright room\nauth.password_file = \"p\"\n\n[status]\n# theme = \"x\"\nfertig = \"done\"",
    );
    fs::write(place.env.working_dir.join("p"), "secret").expect("written");
    let mut editor = place.editor(&[]);
    editor.set("theme", "dark").expect("edited");
    editor.set("viewing_distance", "4").expect("edited");
    save(&mut editor).expect("saved");
    assert_eq!(
        written(&place),
        "# Wall of the office.\nurl   = 'https://a.example' # ours\r\nkey = \"sb_publishable_1\"\nauth.email = \"a@b.example\"\n\
         theme = \"dark\"\t# bright room\nauth.password_file = \"p\"\nviewing_distance = 4.0\n\n[status]\n# theme = \"x\"\nfertig = \"done\"",
    );
    assert!(!editor.has_unsaved());
    let theme = setting(&editor, "theme");
    assert!(
        matches!(theme.origin, Origin::File { line: 5, .. }),
        "{:?}",
        theme.origin
    );
    let before = written(&place);
    save(&mut editor).expect("nothing to save");
    assert_eq!(written(&place), before);
    assert_eq!(
        fs::read_dir(&place.env.working_dir).expect("the folder").count(),
        2,
        "no other file is left"
    );
}

#[test]
fn the_example_file_gets_each_value_under_the_lines_that_describe_it() {
    let place = Place::new().file(include_str!("../../../../assets/opswall.example.toml"));
    let before = written(&place);
    let mut editor = place.editor(&[]);
    editor.set("theme", "light").expect("edited");
    editor.set("reconnect_jitter", "0.5").expect("edited");
    save(&mut editor).expect("saved");
    let wanted = before
        .replace("\n#theme = \"dark\"\n", "\n#theme = \"dark\"\ntheme = \"light\"\n")
        .replace(
            "\n#reconnect_jitter = 0.0\n",
            "\n#reconnect_jitter = 0.0\nreconnect_jitter = 0.5\n",
        );
    assert_eq!(written(&place), wanted);
}

#[test]
fn where_there_is_no_file_one_is_made_and_the_strongest_one_is_written_else() {
    let place = Place::new();
    let mut editor = place.editor(&[]);
    save(&mut editor).expect("nothing to save");
    assert!(!own_file(&place).exists(), "without an edit no file is made");
    editor.set("reduced_motion", "on").expect("edited");
    save(&mut editor).expect("saved");
    assert!(
        written(&place).ends_with("\n\nreduced_motion = true\n"),
        "{}",
        written(&place)
    );
    assert!(written(&place).starts_with("# "));

    let place = Place::new().users_file("theme = \"light\"\n");
    let mut editor = place.editor(&[]);
    editor.set("theme", "high-contrast").expect("edited");
    save(&mut editor).expect("saved");
    assert!(!own_file(&place).exists());
    let users = place.root.path().join("config/opswall.toml");
    assert_eq!(
        fs::read_to_string(&users).expect("the file"),
        "theme = \"high-contrast\"\n"
    );

    let place = Place::new().users_file("theme = \"light\"\n").file("# ours\n");
    let mut editor = place.editor(&[]);
    editor.set("theme", "high-contrast").expect("edited");
    save(&mut editor).expect("saved");
    assert_eq!(written(&place), "# ours\ntheme = \"high-contrast\"\n");

    let place = Place::new().file("# not this one\n");
    let named = place.env.working_dir.join("mine.toml");
    fs::write(&named, "theme = \"light\"").expect("written");
    let mut editor = place.editor(&["--config", "mine.toml"]);
    editor.set("theme", "dark").expect("edited");
    save(&mut editor).expect("saved");
    assert_eq!(fs::read_to_string(&named).expect("the file"), "theme = \"dark\"");
    assert_eq!(written(&place), "# not this one\n");
}

#[test]
fn what_was_written_by_others_meanwhile_stays() {
    let place = Place::new().file("theme = \"light\"\n");
    let mut editor = place.editor(&[]);
    editor.set("theme", "dark").expect("edited");
    place.rewrite("# rewritten\nquality = \"full\"\ntheme = \"high-contrast\"\nurl = \"https://a.example\"\n");
    let read = editor.saving().write().expect("saved");
    assert_eq!(
        written(&place),
        "# rewritten\nquality = \"full\"\ntheme = \"dark\"\nurl = \"https://a.example\"\n"
    );
    let changes = editor.take(read).expect("taken");
    assert_eq!(changes.changed.len(), 1, "quality is in force: {changes:?}");
    assert_eq!(changes.needs_restart, ["url"]);
}

#[test]
fn a_file_with_a_mistake_is_not_written() {
    let place = Place::new().file("theme = \"light\"\n");
    let mut editor = place.editor(&[]);
    editor.set("theme", "dark").expect("edited");
    for text in ["theme = \n", "them = \"light\"\n", "[theme]\nx = 1\n[theme]\n"] {
        place.rewrite(text);
        let error = editor.saving().write().expect_err(text);
        assert!(matches!(error, SaveFileError::Mistake(_)), "{error}");
        assert!(error.to_string().starts_with("not saved, because "), "{error}");
        assert_eq!(written(&place), text);
    }
    assert!(editor.has_unsaved(), "the edit stays");
}

#[test]
fn a_file_with_which_the_next_start_would_fail_is_not_written() {
    let place = Place::new().file("max_reconnect_interval_ms = 10000\n");
    let mut editor = place.editor(&["--max-reconnect-interval-ms", "60000"]);
    editor
        .set("reconnect_interval_ms", "50000")
        .expect("good together with the flag");
    let error = editor.saving().write().expect_err("bad without the flag").to_string();
    assert!(error.contains("at least reconnect_interval_ms"), "{error}");
    assert_eq!(written(&place), "max_reconnect_interval_ms = 10000\n");
    // A file that needs the flag already is no obstacle.
    place.rewrite("max_reconnect_interval_ms = 10000\nreconnect_interval_ms = 20000\n");
    reread(&mut editor).expect("read");
    editor.reset_all();
    editor.set("theme", "light").expect("edited");
    save(&mut editor).expect("saved");
}

#[test]
fn an_edit_over_a_flag_stays_in_force_when_it_is_saved() {
    let place = Place::new().file("theme = \"light\"\n");
    let mut editor = place.editor(&["--theme", "high-contrast"]);
    editor.set("theme", "dark").expect("edited");
    save(&mut editor).expect("saved");
    let theme = setting(&editor, "theme");
    assert_eq!((theme.origin, theme.in_file.as_deref()), (Origin::Edited, Some("dark")));
    assert_eq!(editor.settings().wall.theme, ThemeName::Dark);
    assert!(!theme.differs_from_file && theme.fixed_by.is_some() && !editor.has_unsaved());
    assert_eq!(
        place.load(&["--theme", "high-contrast"]).wall.theme,
        ThemeName::HighContrast
    );
}

#[test]
fn what_the_panel_saved_for_the_same_setting_no_longer_counts() {
    let place = Place::new().file("reconnect_jitter = 0.1\n");
    let state = place.env.state_dir.as_ref().expect("a folder").join("state.toml");
    fs::create_dir_all(state.parent().expect("a folder")).expect("a folder");
    fs::write(
        &state,
        "reconnect_jitter = 0.2\nmax_reconnect_attempts = 9\n[words.a.tasks]\nx = \"done\"\n",
    )
    .expect("written");
    let mut editor = place.editor(&[]);
    assert!(matches!(setting(&editor, "reconnect_jitter").origin, Origin::Saved(_)));
    editor.set("reconnect_jitter", "0.3").expect("edited");
    save(&mut editor).expect("saved");
    assert_eq!(setting(&editor, "reconnect_jitter").value.as_deref(), Some("0.3"));
    assert_eq!(place.load(&[]).backoff.jitter, 0.3);
    let left = fs::read_to_string(&state).expect("the file");
    assert!(!left.contains("jitter") && left.contains("max_reconnect_attempts = 9") && left.contains("x = \"done\""));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_the_mode_of_its_target_is_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let place = Place::new();
    let dotfiles = place.root.path().join("dotfiles");
    fs::create_dir(&dotfiles).expect("a folder");
    let target = dotfiles.join("wall.toml");
    fs::write(&target, "theme = \"light\"\n").expect("written");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("set");
    symlink("../dotfiles/wall.toml", own_file(&place)).expect("a link");
    let mut editor = place.editor(&[]);
    editor.set("theme", "dark").expect("edited");
    save(&mut editor).expect("saved");
    assert!(fs::symlink_metadata(own_file(&place)).expect("a link").is_symlink());
    assert_eq!(fs::read_to_string(&target).expect("the file"), "theme = \"dark\"\n");
    assert_eq!(
        fs::metadata(&target).expect("the file").permissions().mode() & 0o777,
        0o640
    );
    // Of a link that leads nowhere, the target is made.
    fs::remove_file(&target).expect("deleted");
    editor.set("theme", "light").expect("edited");
    save(&mut editor).expect("saved");
    assert!(
        fs::read_to_string(&target)
            .expect("the file")
            .ends_with("theme = \"light\"\n")
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_is_protected_is_not_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new().file("theme = \"light\"\n");
    fs::set_permissions(own_file(&place), fs::Permissions::from_mode(0o444)).expect("set");
    let mut editor = place.editor(&[]);
    editor.set("theme", "dark").expect("edited");
    let error = editor.saving().write().expect_err("read-only");
    assert!(matches!(error, SaveFileError::ReadOnly(_)));
    assert!(error.to_string().contains("read-only: make it writable"), "{error}");
    assert_eq!(written(&place), "theme = \"light\"\n");
    assert_eq!(editor.settings().wall.theme, ThemeName::Dark, "the edit stays in force");
}

#[test]
fn a_folder_that_is_gone_is_an_error_with_a_remedy() {
    let place = Place::new();
    let mut editor = place.editor(&[]);
    editor.set("theme", "light").expect("edited");
    fs::remove_dir(&place.env.working_dir).expect("deleted");
    let error = editor.saving().write().expect_err("nowhere to write").to_string();
    assert!(error.contains("and save again"), "{error}");
}

proptest! {
    /// Whatever is edited and saved, a start without flags has the values that were in force.
    #[test]
    fn the_next_start_has_what_was_saved(
        before in prop::sample::subsequence(vec![
            "theme = \"light\"",
            "# theme = \"dark\"",
            "reconnect_interval_ms = 2_000",
            "max_reconnect_interval_ms = 90000 # long",
            "reduced_motion = true",
            "screen_diagonal = 55",
            "kiosk = true",
        ], 0..=7).prop_shuffle(),
        sections in prop::sample::subsequence(vec!["[status]\nfertig = \"done\"", "[[sources]]\ntable = \"t\"\nkind = \"task\""], 0..=2),
        edits in prop::collection::vec(prop::sample::select(vec![
            ("theme", "light"), ("theme", "high-contrast"), ("theme", "dark"),
            ("reconnect_interval_ms", "700"), ("reconnect_interval_ms", "100000"),
            ("max_reconnect_interval_ms", "800"), ("max_reconnect_interval_ms", "200000"),
            ("max_reconnect_attempts", "0"), ("reconnect_jitter", "0.125"), ("reconnect_jitter", "1"),
            ("reduced_motion", "false"), ("quality", "full"), ("viewing_distance", "0.2"), ("screen_diagonal", "1000"),
            ("shrink_finished_after_s", "0"), ("fold_finished_after_s", "7"),
        ]), 0..6),
    ) {
        let text: Vec<&str> = before.into_iter().chain(sections).collect();
        let place = Place::new().file(&text.join("\n"));
        let mut editor = place.editor(&[]);
        for (key, value) in edits {
            // What contradicts the rest is refused.
            let _ = editor.set(key, value);
        }
        let (wall, backoff) = (editor.settings().wall, editor.settings().backoff);
        save(&mut editor).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(!editor.has_unsaved());
        prop_assert_eq!((editor.settings().wall, editor.settings().backoff), (wall, backoff));
        let next = place.load(&[]);
        prop_assert_eq!((next.wall, next.backoff), (wall, backoff));
        for line in text.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with(['#', '['])) {
            prop_assert!(written(&place).lines().any(|kept| kept == line), "{}", line);
        }
    }
}
