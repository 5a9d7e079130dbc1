//! Named views, saved in the state file: for each feed up to nine, by the number of their key. A view that cannot be read is
//! ignored.

use std::{collections::BTreeMap, path::Path};

use model::Status;
use toml::{Table, Value};

use super::{
    saved::{self, SaveError},
    saved_view::{Camera, camera_of, camera_section},
};

const SECTION: &str = "views";
/// The numbers of views: those of the keys.
pub const NUMBERS: std::ops::RangeInclusive<u8> = 1..=9;
/// Most views of all feeds together: the file stays below its greatest size.
const MOST_VIEWS: usize = 45;
/// Characters of a name, a query and a column, and columns of a table. Longer ones are not saved.
pub const MOST_NAME: usize = 40;
const MOST_QUERY: usize = 500;
const MOST_COLUMN: usize = 80;
const MOST_COLUMNS: usize = 20;

/// What an operator looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedView {
    /// What it is called, at most [`MOST_NAME`] characters; may be empty.
    pub name: String,
    /// The camera; `None`: the whole fleet.
    pub camera: Option<Camera>,
    /// The states that are not dimmed; empty: all.
    pub states: Vec<Status>,
    /// What is looked for; empty: nothing.
    pub query: String,
    /// Whether rows that do not match are hidden instead of dimmed.
    pub hides_others: bool,
    /// The table, if it is open.
    pub table: Option<TableLook>,
}

/// The table of a view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableLook {
    /// The columns in their order, as text.
    pub columns: Vec<String>,
    /// The column by which it is sorted, as text.
    pub order: String,
    /// Whether the greatest value is first.
    pub is_descending: bool,
}

/// Saves a view of a feed under a number, or removes it. `feed`: [`super::saved_view::fingerprint`] of its name.
///
/// # Errors
/// When the file cannot be written, or holds too many views.
pub fn save(path: &Path, feed: u64, number: u8, view: Option<&NamedView>) -> Result<(), SaveError> {
    let mut is_full = false;
    saved::change(path, |table| {
        let count = |table: &Table| {
            let feeds = table.get(SECTION).and_then(Value::as_table).into_iter().flatten();
            feeds
                .map(|(_, views)| views.as_table().map_or(0, Table::len))
                .sum::<usize>()
        };
        let known = count(table);
        let entry = |table: &'_ mut Table, name: &str| {
            let entry = table
                .entry(name.to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            entry.as_table_mut().map(std::mem::take)
        };
        let Some(mut feeds) = entry(table, SECTION) else { return };
        let mut views = entry(&mut feeds, &feed_name(feed)).unwrap_or_default();
        let key = number.to_string();
        match view {
            Some(view) if known < MOST_VIEWS || views.contains_key(&key) => {
                views.insert(key, Value::Table(section(view)));
            }
            Some(_) => is_full = true,
            None => {
                views.remove(&key);
            }
        }
        if !views.is_empty() {
            feeds.insert(feed_name(feed), Value::Table(views));
        } else {
            feeds.remove(&feed_name(feed));
        }
        if feeds.is_empty() {
            table.remove(SECTION);
        } else {
            table.insert(SECTION.to_owned(), Value::Table(feeds));
        }
    })?;
    if is_full {
        let problem = format!("it holds {MOST_VIEWS} views already; remove one of them");
        return Err(SaveError::full(path, problem));
    }
    Ok(())
}

/// The views of a feed by their number.
pub fn load(path: &Path, feed: u64) -> BTreeMap<u8, NamedView> {
    let Some(table) = saved::read(path).ok().flatten() else {
        return BTreeMap::new();
    };
    let feeds = table.get(SECTION).and_then(Value::as_table);
    let views = feeds.and_then(|feeds| feeds.get(&feed_name(feed))?.as_table());
    let read = |(number, view): (&String, &Value)| {
        let number = number.parse().ok().filter(|number| NUMBERS.contains(number))?;
        Some((number, view_of(view.as_table()?)))
    };
    views.into_iter().flatten().filter_map(read).collect()
}

fn feed_name(feed: u64) -> String {
    format!("{feed:016x}")
}

fn section(view: &NamedView) -> Table {
    let text = |text: &str| Value::String(text.to_owned());
    let mut section = Table::new();
    if !view.name.is_empty() {
        section.insert(
            "name".to_owned(),
            Value::String(view.name.chars().take(MOST_NAME).collect()),
        );
    }
    if let Some(camera) = &view.camera {
        section.insert("camera".to_owned(), Value::Table(camera_section(camera)));
    }
    if !view.states.is_empty() {
        let states = view.states.iter().map(|status| text(status.word()));
        section.insert("states".to_owned(), Value::Array(states.collect()));
    }
    if !view.query.is_empty() && view.query.chars().count() <= MOST_QUERY {
        section.insert("query".to_owned(), text(&view.query));
        section.insert("hide_others".to_owned(), Value::Boolean(view.hides_others));
    }
    if let Some(look) = &view.table {
        let fits = |column: &&String| column.chars().count() <= MOST_COLUMN;
        let columns = look.columns.iter().filter(fits).take(MOST_COLUMNS);
        let mut table = Table::new();
        table.insert(
            "columns".to_owned(),
            Value::Array(columns.map(|column| text(column)).collect()),
        );
        if fits(&&look.order) {
            table.insert("order".to_owned(), text(&look.order));
        }
        table.insert("descending".to_owned(), Value::Boolean(look.is_descending));
        section.insert("table".to_owned(), Value::Table(table));
    }
    section
}

fn view_of(section: &Table) -> NamedView {
    let text = |section: &Table, name: &str, most: usize| {
        let text = section.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.chars().count() <= most {
            text.to_owned()
        } else {
            String::new()
        }
    };
    let list = |section: &Table, name: &str| -> Vec<String> {
        let list = section.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let flag = |section: &Table, name: &str| section.get(name).and_then(Value::as_bool).unwrap_or(false);
    let status = |word: &String| Status::ALL.into_iter().find(|status| status.word() == word);
    let look = |table: &Table| TableLook {
        columns: list(table, "columns")
            .into_iter()
            .filter(|column| column.chars().count() <= MOST_COLUMN)
            .take(MOST_COLUMNS)
            .collect(),
        order: text(table, "order", MOST_COLUMN),
        is_descending: flag(table, "descending"),
    };
    NamedView {
        name: text(section, "name", MOST_NAME),
        camera: section.get("camera").and_then(|camera| camera_of(camera.as_table()?)),
        states: list(section, "states").iter().filter_map(status).collect(),
        query: text(section, "query", MOST_QUERY),
        hides_others: flag(section, "hide_others"),
        table: section.get("table").and_then(Value::as_table).map(look),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn view() -> NamedView {
        NamedView {
            name: "Billing in trouble".into(),
            camera: Some(Camera {
                center: [1.5, -20.25],
                world_per_px: 0.05,
                fleet: [-80.0, -40.0, 80.0, 40.0],
            }),
            states: vec![Status::Failed, Status::Blocked],
            query: "workflow:billing".into(),
            hides_others: true,
            table: Some(TableLook {
                columns: vec!["state".into(), "\"retries\"".into()],
                order: "age".into(),
                is_descending: true,
            }),
        }
    }

    #[test]
    fn views_are_saved_by_feed_and_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(saved::FILE_NAME);
        assert!(load(&path, 7).is_empty());
        save(&path, 7, 1, Some(&view())).expect("saved");
        save(&path, 7, 9, Some(&NamedView::default())).expect("saved");
        save(&path, 8, 1, Some(&NamedView::default())).expect("saved");
        let all = load(&path, 7);
        assert_eq!(all.get(&1), Some(&view()));
        assert_eq!(all.keys().copied().collect::<Vec<_>>(), [1, 9]);
        save(&path, 7, 1, None).expect("removed");
        save(&path, 7, 9, None).expect("removed");
        save(&path, 8, 1, None).expect("removed");
        let text = fs::read_to_string(&path).expect("the file");
        assert!(!text.contains("views"), "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_too_many_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(saved::FILE_NAME);
        save(&path, 7, 1, Some(&view())).expect("saved");
        let good = fs::read_to_string(&path).expect("the file");
        let spoilt = good
            .replace("\"failed\"", "\"odd\"")
            .replace("0.05", "nan")
            .replace("[\"state\"", "[7");
        fs::write(&path, spoilt).expect("written");
        let read = load(&path, 7).remove(&1).expect("the view");
        assert_eq!((read.camera, read.states.as_slice()), (None, &[Status::Blocked][..]));
        assert_eq!(
            read.table.map(|look| look.columns),
            Some(vec!["\"retries\"".to_owned()])
        );
        fs::write(&path, good.replace(".1]", ".12]").replace(".1.", ".12.")).expect("written");
        assert!(load(&path, 7).is_empty(), "there is no such number");
        fs::write(&path, "views = 7").expect("written");
        assert!(load(&path, 7).is_empty());
        for feed in 0..5 {
            for number in NUMBERS {
                save(&path, feed, number, Some(&view())).expect("saved");
            }
        }
        save(&path, 0, 1, Some(&view())).expect("one that is there is replaced");
        let refused = save(&path, 99, 1, Some(&view())).expect_err("too many");
        assert!(refused.to_string().contains("45 views"), "{refused}");
        assert_eq!(load(&path, 4).len(), 9, "the others are still there");
    }
}
