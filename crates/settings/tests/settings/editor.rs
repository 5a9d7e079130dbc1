//! Settings that change while opswall runs: edits, what a window shows of them, and files that are read again.

use std::time::Duration;

use super::Place;
use model::{Status, theme::ThemeName};
use settings::{EditableSetting, Origin, SettingsChanges, SettingsEditor, SettingsError, StartedWith, ValueKind};

impl Place {
    /// An editor of the settings with these flags.
    pub(super) fn editor(&self, flags: &[&str]) -> SettingsEditor {
        let args = self.args(flags);
        let env = self.env.clone();
        SettingsEditor::start(StartedWith { args, env }).expect("settings")
    }

    /// Replaces the settings file of the working directory.
    pub(super) fn rewrite(&self, text: &str) {
        std::fs::write(self.env.working_dir.join("opswall.toml"), text).expect("written");
    }
}

/// Reads the files again and takes them.
pub(super) fn reread(editor: &mut SettingsEditor) -> Result<SettingsChanges, SettingsError> {
    let read = editor.started_with().read_again()?;
    editor.take(read)
}

pub(super) fn setting(editor: &SettingsEditor, key: &str) -> EditableSetting {
    editor
        .view()
        .into_iter()
        .find(|setting| setting.key == key)
        .expect("an editable setting")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_window_shows_kind_value_origin_default_and_what_the_file_has() {
    let place = Place::new().file("theme = \"light\"\nreconnect_interval_ms = 5000\n");
    let editor = place.editor(&["--viewing-distance", "4"]);
    let theme = setting(&editor, "theme");
    assert_eq!(
        theme.kind,
        ValueKind::Choice(ThemeName::ALL.map(ThemeName::word).to_vec())
    );
    assert_eq!((theme.value, theme.in_file), (text("light"), text("light")));
    assert_eq!(theme.default, text("dark"));
    assert!(!theme.differs_from_file && theme.fixed_by.is_none() && !theme.title.contains('`'));
    assert!(matches!(theme.origin, Origin::File { line: 1, .. }));
    let interval = setting(&editor, "reconnect_interval_ms");
    assert_eq!(
        interval.kind,
        ValueKind::Number {
            least: 100.0,
            most: 3_600_000.0,
            step: 100.0,
            is_whole: true,
            unit: "ms",
            zero: None
        }
    );
    let distance = setting(&editor, "viewing_distance");
    assert_eq!((distance.in_file, distance.default), (None, None));
    assert!(distance.differs_from_file);
    assert_eq!(distance.fixed_by, Some(Origin::Flag("--viewing-distance".into())));
    let diagonal = setting(&editor, "screen_diagonal");
    assert_eq!((diagonal.value, diagonal.differs_from_file), (None, false));
    assert!(!editor.has_unsaved());
}

#[test]
fn every_setting_of_the_window_takes_its_own_value_and_bounds_and_refuses_others() {
    let place = Place::new();
    for setting in place.editor(&[]).view() {
        let mut editor = place.editor(&[]);
        let (good, bad): (Vec<String>, Vec<&str>) = match &setting.kind {
            ValueKind::Flag => (vec!["true".into(), "off".into()], vec!["", "maybe"]),
            ValueKind::Choice(words) => (
                words.iter().map(|word| (*word).to_owned()).collect(),
                vec!["", "purple"],
            ),
            ValueKind::Number { least, most, .. } => (
                vec![most.to_string(), least.to_string()],
                vec!["", "-1", "1e99", "nan", "inf", "many", "0x10"],
            ),
        };
        for value in good {
            // A pair of settings may have to be ordered: the other one follows.
            editor.set(setting.key, &value).expect("a good value");
            let shown = self::setting(&editor, setting.key);
            assert_eq!(shown.origin, Origin::Edited);
            editor
                .set(setting.key, &shown.value.expect("a value"))
                .expect("what is shown can be set");
        }
        let before = editor.view();
        for value in bad {
            let error = editor.set(setting.key, value).expect_err(value).to_string();
            assert!(error.starts_with(setting.key), "{error}");
        }
        assert!(editor.set(setting.key, &"9".repeat(100_000)).is_err());
        assert_eq!(editor.view(), before, "a refused edit changes nothing");
    }
}

#[test]
fn a_mistake_is_the_sentence_that_the_file_would_give() {
    let mut editor = Place::new().editor(&[]);
    for (key, value) in [
        ("theme", "\"purple\""),
        ("reconnect_jitter", "7.5"),
        ("max_reconnect_attempts", "-2"),
    ] {
        let place = Place::new().file(&format!("{key} = {value}\n"));
        let of_file = place.try_load(&[]).expect_err("a mistake").to_string();
        let of_edit = editor
            .set(key, value.trim_matches('"'))
            .expect_err("a mistake")
            .to_string();
        let (_, sentence) = of_file.split_once(" is ").expect("a sentence");
        assert_eq!(of_edit, format!("{key} is {sentence}"));
    }
    let error = editor
        .set("url", "https://x.example")
        .expect_err("not at run time")
        .to_string();
    assert!(error.starts_with("url cannot be changed while opswall runs"), "{error}");
    for key in ["key", "status", "kiosk", "nonsense\u{1b}[31m"] {
        let error = editor.set(key, "true").expect_err("not at run time").to_string();
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn edits_lie_over_flags_until_they_are_taken_back() {
    let place = Place::new()
        .var("OPSWALL_REDUCED_MOTION", "true")
        .file("theme = \"light\"\n");
    let mut editor = place.editor(&["--theme", "high-contrast"]);
    editor.set("theme", " dark ").expect("edited");
    editor.set("reduced_motion", "no").expect("edited");
    assert_eq!(editor.settings().wall.theme, ThemeName::Dark);
    assert!(!editor.settings().wall.reduced_motion);
    let theme = setting(&editor, "theme");
    assert_eq!(theme.fixed_by, Some(Origin::Flag("--theme".into())));
    assert_eq!((theme.value, theme.in_file), (text("dark"), text("light")));
    assert!(editor.has_unsaved());
    let listed = editor
        .settings()
        .effective()
        .iter()
        .find(|setting| setting.name == "theme")
        .expect("listed");
    assert_eq!(listed.origin, Origin::Edited);
    editor.reset("theme").expect("taken back");
    assert_eq!(editor.settings().wall.theme, ThemeName::HighContrast);
    editor.reset("theme").expect("nothing to take back");
    editor.reset_all();
    assert!(editor.settings().wall.reduced_motion && !editor.has_unsaved());
}

#[test]
fn values_that_belong_together_are_checked_together() {
    let place = Place::new().file("max_reconnect_interval_ms = 10000\n");
    let mut editor = place.editor(&[]);
    editor.set("max_reconnect_interval_ms", "60000").expect("edited");
    editor.set("reconnect_interval_ms", "50000").expect("edited");
    assert_eq!(editor.settings().backoff.interval, Duration::from_secs(50));
    let error = editor
        .reset("max_reconnect_interval_ms")
        .expect_err("a contradiction")
        .to_string();
    assert!(error.contains("at least reconnect_interval_ms"), "{error}");
    assert_eq!(
        editor.settings().backoff.max_interval,
        Duration::from_secs(60),
        "the edit stays"
    );
    // Where only one is written, the other follows it.
    let mut editor = Place::new().editor(&[]);
    editor.set("reconnect_interval_ms", "120000").expect("edited");
    let longest = setting(&editor, "max_reconnect_interval_ms");
    assert_eq!(longest.value, text("120000"));
    assert_eq!(longest.origin, Origin::Derived("reconnect_interval_ms"));
}

#[test]
fn a_file_read_again_changes_what_may_change_and_names_what_needs_a_restart() {
    let place = Place::new().file("theme = \"light\"\nurl = \"https://a.example\"\nkey = \"k\"\n");
    let mut editor = place.editor(&["--reduced-motion"]);
    assert_eq!(reread(&mut editor).expect("read"), SettingsChanges::default());
    place.rewrite("theme = \"dark\"\nurl = \"https://b.example\"\nkey = \"k\"\nreduced_motion = false\nkiosk = true\n");
    let changes = reread(&mut editor).expect("read");
    let keys: Vec<_> = changes.changed.iter().map(|changed| changed.key).collect();
    assert_eq!(
        keys,
        ["theme"],
        "a flag stays above the file, and kiosk brings no other defaults while it waits"
    );
    assert_eq!(
        (&changes.changed[0].before, &changes.changed[0].now),
        (&text("light"), &text("dark"))
    );
    assert_eq!(changes.needs_restart, ["url", "kiosk"]);
    assert_eq!(editor.settings().wall.theme, ThemeName::Dark);
    assert!(!editor.settings().wall.kiosk && editor.settings().backoff.max_attempts != 0);
    let url = editor
        .settings()
        .effective()
        .iter()
        .find(|setting| setting.name == "url")
        .expect("listed");
    assert_eq!(url.value, "https://a.example/", "what is in force is shown");
    // What waits for a restart is listed until it is written back.
    assert_eq!(reread(&mut editor).expect("read").needs_restart, ["url", "kiosk"]);
    place.rewrite("theme = \"dark\"\nurl = \"https://a.example\"\nkey = \"k2\"\n");
    assert_eq!(reread(&mut editor).expect("read").needs_restart, ["key"]);
    assert!(!format!("{editor:?}").contains("k2"));
}

#[test]
fn a_key_that_changed_in_its_file_needs_a_restart() {
    let place = Place::new().file("url = \"https://a.example\"\nkey_file = \"k\"\n");
    let key = place.env.working_dir.join("k");
    std::fs::write(&key, "sb_publishable_1").expect("written");
    let mut editor = place.editor(&[]);
    std::fs::write(&key, "sb_publishable_2").expect("written");
    assert_eq!(reread(&mut editor).expect("read").needs_restart, ["key"]);
    std::fs::remove_file(&key).expect("deleted");
    assert!(reread(&mut editor).is_err(), "a start would fail too");
}

#[test]
fn of_a_file_with_a_mistake_nothing_is_taken_and_its_line_is_named() {
    let place = Place::new().file("theme = \"light\"\n");
    let mut editor = place.editor(&[]);
    let before = editor.view();
    for (text, said) in [
        ("theme = \"dark\"\n\nquality = \"best\"\n", "line 3"),
        ("theme = \"dark\"\nquality = \n", "line 2"),
        ("theme = \"dark\"\n[status]\nx = \"nothing\"\n", "line 3"),
        ("theme = \"dark\"\nthem = 1\n", "line 2"),
        ("theme = \"dark\"\n[[sources]]\n", "line 2"),
        ("theme = \"dark\"\nurl = \"ftp://x\"\n", "line 2"),
        (
            "theme = \"dark\"\nreconnect_interval_ms = 5000\nmax_reconnect_interval_ms = 1000\n",
            "line 3",
        ),
    ] {
        place.rewrite(text);
        let error = reread(&mut editor).expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
        assert_eq!(editor.view(), before, "{text}");
    }
    place.rewrite(&"#".repeat(2_000_000));
    assert!(
        reread(&mut editor)
            .expect_err("too large")
            .to_string()
            .contains("larger than 1 MiB")
    );
    std::fs::remove_file(place.env.working_dir.join("opswall.toml")).expect("deleted");
    let changes = reread(&mut editor).expect("no file is no mistake");
    assert_eq!(changes.changed[0].now, text("dark"));
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_read_a_second_time() {
    let place = Place::new().file("theme = \"light\"\n");
    let path = place.env.working_dir.join("opswall.toml");
    let editor = place.editor(&["--config", "opswall.toml"]);
    std::fs::remove_file(&path).expect("deleted");
    let error = editor
        .started_with()
        .read_again()
        .expect_err("it must exist")
        .to_string();
    assert!(error.contains("there is no such file"), "{error}");
    // A socket stands for everything that is no regular file: a pipe would have to be written from another thread.
    let _socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let error = editor.started_with().read_again().expect_err("not read").to_string();
    assert!(error.contains("no regular file"), "{error}");
}

#[test]
fn edits_stay_over_a_file_that_is_read_again() {
    let place = Place::new().file("theme = \"light\"\n");
    let mut editor = place.editor(&[]);
    editor.set("theme", "high-contrast").expect("edited");
    editor.set("reconnect_interval_ms", "50000").expect("edited");
    place.rewrite("theme = \"dark\"\nreduced_motion = true\n");
    let changes = reread(&mut editor).expect("read");
    let keys: Vec<_> = changes.changed.iter().map(|changed| changed.key).collect();
    assert_eq!(keys, ["reduced_motion"]);
    let theme = setting(&editor, "theme");
    assert_eq!((theme.value, theme.in_file), (text("high-contrast"), text("dark")));
    // A file that contradicts an edit is not taken.
    place.rewrite("theme = \"light\"\nmax_reconnect_interval_ms = 10000\n");
    let error = reread(&mut editor).expect_err("a contradiction").to_string();
    assert!(error.contains("line 2") && error.contains("50000"), "{error}");
    assert_eq!(setting(&editor, "theme").in_file, text("dark"));
    // An edit that somebody wrote into the file by hand is none any more.
    place.rewrite("theme = \"high-contrast\"\n");
    assert_eq!(reread(&mut editor).expect("read").changed.len(), 1);
    assert!(matches!(setting(&editor, "theme").origin, Origin::File { .. }));
}

#[test]
fn status_words_change_at_run_time_and_other_tables_need_a_restart() {
    let sources = "[[sources]]\ntable = \"jobs\"\nkind = \"task\"\n";
    let place = Place::new().file(sources);
    let mut editor = place.editor(&[]);
    let present = editor.settings().mapping.clone();
    place.rewrite(&format!(
        "{sources}words = {{ parked = \"waiting\" }}\nlabel = \"headline\"\n[status]\nfertig = \"done\"\n"
    ));
    let changes = reread(&mut editor).expect("read");
    assert!(changes.is_remapped && changes.needs_restart.is_empty() && changes.changed.is_empty());
    let mapping = editor.settings().mapping_over(&present).expect("a mapping");
    assert_eq!(mapping.words.get("fertig"), Some(&Status::Done));
    assert_eq!(mapping.sources()[0].words.get("parked"), Some(&Status::Waiting));
    assert_eq!(mapping.sources()[0].label, ["headline"]);
    let names: Vec<_> = editor
        .settings()
        .effective()
        .iter()
        .map(|setting| setting.name.as_str())
        .collect();
    assert!(
        names.contains(&"status.fertig") && names.contains(&"sources.jobs.words.parked"),
        "{names:?}"
    );
    for other in [
        "[[sources]]\ntable = \"chores\"\nkind = \"task\"\n".to_owned(),
        format!("{sources}id = \"uid\"\n"),
        format!("{sources}[[sources.companions]]\ntable = \"more\"\nkey = \"job_id\"\n"),
        "preset = \"pgflow\"\n".to_owned(),
        String::new(),
    ] {
        place.rewrite(&other);
        let changes = reread(&mut editor).expect("read");
        assert_eq!(
            (changes.needs_restart.as_slice(), changes.is_remapped),
            (["sources".to_owned()].as_slice(), false)
        );
        assert_eq!(editor.settings().mapping, mapping, "{other}");
    }
    place.rewrite(&format!("{sources}[status]\n"));
    assert!(reread(&mut editor).expect("read").is_remapped, "words go as they came");
    place.rewrite(&format!("tasks_table = \"chores\"\n{sources}"));
    assert_eq!(reread(&mut editor).expect("read").needs_restart, ["tasks_table"]);
}

#[test]
fn words_of_sources_that_were_found_change_too() {
    let place = Place::new().file("url = \"https://a.example\"\nkey = \"k\"\n");
    let mut editor = place.editor(&[]);
    let found = model::Mapping::new(vec![model::SourceMapping {
        table: "found".to_owned(),
        ..model::SourceMapping::of(model::Kind::Task)
    }]);
    place.rewrite("url = \"https://a.example\"\nkey = \"k\"\n[status]\nfertig = \"done\"\n");
    let changes = reread(&mut editor).expect("read");
    assert!(changes.is_remapped && changes.needs_restart.is_empty());
    let mapping = editor.settings().mapping_over(&found).expect("a mapping");
    assert_eq!(mapping.sources(), found.sources());
    assert_eq!(mapping.words.get("fertig"), Some(&Status::Done));
}
