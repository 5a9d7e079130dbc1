//! What a user is told about the settings file: pure functions of what happened.

use model::{Notice, NoticeKind};
use settings::{ChangedSetting, SaveFileError, SettingsChanges};

/// Settings that one notice names.
const MOST_NAMED: usize = 3;
/// Letters of a value in a notice.
const MOST_VALUE: usize = 40;

/// What taking the file has changed. `is_news`: what needs a restart is not yet known. `None` where there is nothing to tell.
pub(super) fn taken(changes: &SettingsChanges, is_news: bool) -> Option<Notice> {
    let mut parts: Vec<String> = changes.changed.iter().map(changed).collect();
    if changes.is_remapped {
        parts.push("columns and status words are read anew".to_owned());
    }
    let awaits = is_news && !changes.needs_restart.is_empty();
    if parts.is_empty() && !awaits {
        return None;
    }
    let mut text = String::new();
    if !parts.is_empty() {
        text = format!("The settings file was written: {}.", listed(&parts));
    }
    if awaits {
        let verb = if changes.needs_restart.len() == 1 {
            "counts"
        } else {
            "count"
        };
        let space = if text.is_empty() { "" } else { " " };
        let keys = listed(&changes.needs_restart);
        text += &format!("{space}Of the settings file, {keys} {verb} at the next start.");
    }
    let kind = if awaits {
        NoticeKind::SettingsAwaitRestart
    } else {
        NoticeKind::SettingsFollowed
    };
    Some(Notice::new(kind, text))
}

/// The file has a mistake.
pub(super) fn mistaken(error: &str) -> String {
    format!("The settings stay as they were: {error}.")
}

/// Settings were written into the file.
pub(super) fn saved(keys: &[&str], file: &str) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    if keys.is_empty() {
        return format!("{file} has everything already.");
    }
    format!("Saved {} in {file}.", listed(&keys))
}

/// They were not.
pub(super) fn not_saved(error: &SaveFileError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    format!("{}{}.", first.collect::<String>(), letters.as_str())
}

fn changed(setting: &ChangedSetting) -> String {
    match &setting.now {
        Some(value) => format!("{} is {} now", setting.key, model::text::clean(value, MOST_VALUE)),
        None => format!("{} is no longer set", setting.key),
    }
}

/// The first ones, and how many more there are.
fn listed(parts: &[String]) -> String {
    let named = parts.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match parts.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &'static str, now: Option<&str>) -> ChangedSetting {
        ChangedSetting {
            key,
            before: None,
            now: now.map(str::to_owned),
        }
    }

    #[test]
    fn a_notice_says_what_changed_and_what_needs_a_restart() {
        let mut changes = SettingsChanges {
            changed: vec![setting("theme", Some("light")), setting("screen_diagonal", None)],
            ..SettingsChanges::default()
        };
        let told =
            |changes: &SettingsChanges, is_news| taken(changes, is_news).map(|notice| (notice.kind, notice.text));
        let text = "The settings file was written: theme is light now, screen_diagonal is no longer set.";
        let expected = Some((NoticeKind::SettingsFollowed, text.to_owned()));
        assert_eq!(told(&changes, false), expected);
        changes.needs_restart = vec!["url".to_owned(), "kiosk".to_owned()];
        assert_eq!(told(&changes, false), expected, "that is known");
        let both = format!("{text} Of the settings file, url, kiosk count at the next start.");
        assert_eq!(told(&changes, true), Some((NoticeKind::SettingsAwaitRestart, both)));
    }

    #[test]
    fn nothing_new_is_not_told_and_much_is_shortened() {
        let mut changes = SettingsChanges {
            needs_restart: vec!["url".to_owned()],
            ..SettingsChanges::default()
        };
        assert_eq!(taken(&changes, false), None);
        changes.needs_restart = (0..1_000).map(|number| format!("key{number}")).collect();
        let text = taken(&changes, true).expect("news").text;
        assert!(text.contains("key2 and 997 more count"), "{text}");
        let long = setting("theme", Some(&"x".repeat(10_000)));
        assert!(changed(&long).len() < 100);
    }
}
