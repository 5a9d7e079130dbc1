//! Saves rows in a file, away from the frame: as CSV or as JSON lines.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use bevy::{
    prelude::*,
    tasks::{IoTaskPool, Task, block_on, futures_lite::future},
};
use jiff::{Timestamp, tz::TimeZone};
use query::ReadRow;
use sheet::{Column, Exported};

use crate::{
    fleet::{FleetMapping, SeenRows},
    messages::Noticed,
};
use model::{Mapping, Notice, NoticeKind, Record, RowKey};

/// The largest file.
const MOST_BYTES: usize = 512 * 1_024 * 1_024;

/// A format in which rows are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Separated by commas, as spreadsheets read it.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl ExportFormat {
    /// The end of the file's name.
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// The rows and how they are read, taken from the wall, so that they can be written beside it.
pub(super) struct Export {
    rows: Vec<(RowKey, Record)>,
    names: foldhash::HashMap<RowKey, Arc<str>>,
    mapping: Arc<Mapping>,
    columns: Vec<Column>,
    format: ExportFormat,
    now_ms: i64,
}

impl Export {
    /// These rows with these columns.
    pub(super) fn new(
        keys: &[RowKey],
        columns: &[Column],
        format: ExportFormat,
        rows: &SeenRows,
        mapping: &FleetMapping,
    ) -> Self {
        let row = |key: &RowKey| Some((key.clone(), rows.find(key)?.columns.clone()));
        let named = rows.entities().filter_map(|row| rows.key(row));
        let name = |key: &RowKey| Some((key.clone(), rows.label(key)?));
        Self {
            rows: keys.iter().filter_map(row).collect(),
            names: named.filter_map(name).collect(),
            mapping: mapping.0.clone(),
            columns: columns.to_vec(),
            format,
            now_ms: Timestamp::now().as_millisecond(),
        }
    }

    fn write(&self, path: &Path) -> io::Result<Exported> {
        let mut out = BufWriter::new(File::create_new(path)?);
        let label_of = |key: &RowKey| self.names.get(key).cloned();
        let rows = self.rows.iter();
        let rows = rows.map(|(key, record)| {
            ReadRow::new(&self.mapping, key, record, self.now_ms)
                .with_labels(&label_of)
                .with_names_only()
        });
        let done = match self.format {
            ExportFormat::Csv => sheet::csv(&mut out, &self.columns, rows, MOST_BYTES)?,
            ExportFormat::JsonLines => sheet::json_lines(&mut out, &self.columns, rows, MOST_BYTES)?,
        };
        out.flush()?;
        Ok(done)
    }

    /// Writes the file, and says what came of it.
    fn save(&self, path: &Path) -> Notice {
        match self.write(path) {
            Ok(done) => {
                let cut = if done.is_cut {
                    ", the rest would exceed 512 MiB"
                } else {
                    ""
                };
                let text = format!("Saved {} rows in {}{cut}.", done.rows, path.display());
                Notice::new(NoticeKind::Saved, text)
            }
            Err(error) => {
                let remedy = match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some disk space",
                    _ => "start opswall in a folder that can be written to",
                };
                let text = format!("The rows are not saved: {}: {error}; {remedy}.", path.display());
                Notice::new(NoticeKind::NotSaved, text)
            }
        }
    }
}

/// The folder for downloads, or the working directory; the name has the time in it.
fn place(format: ExportFormat, now: Timestamp, zone: &TimeZone) -> PathBuf {
    let folder = directories::UserDirs::new()
        .and_then(|dirs| dirs.download_dir().map(Path::to_owned))
        .filter(|folder| folder.is_dir());
    let time = now.to_zoned(zone.clone()).strftime("%Y-%m-%d-%H%M%S").to_string();
    let name = format!("opswall-{time}.{}", format.extension());
    folder.unwrap_or_default().join(name)
}

/// Files that are being written.
#[derive(Resource, Default)]
pub(super) struct Saving(Vec<Task<Notice>>);

impl Saving {
    /// Begins to write a file.
    pub(super) fn begin(&mut self, export: Export) {
        let path = place(export.format, Timestamp::now(), &TimeZone::system());
        self.0.push(IoTaskPool::get().spawn(async move { export.save(&path) }));
    }
}

/// Reports files that were written.
pub(super) fn report(mut saving: ResMut<Saving>, mut notices: MessageWriter<Noticed>) {
    if saving.0.is_empty() {
        return;
    }
    saving.0.retain_mut(|task| match block_on(future::poll_once(task)) {
        Some(notice) => {
            notices.write(Noticed(notice));
            false
        }
        None => true,
    });
}

/// Text for the clipboard is bounded, so that copying takes no longer than this much text needs.
pub(crate) const MOST_COPIED: usize = 16 * 1_024 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Kind, RowId, SourceId};

    fn export(format: ExportFormat) -> Export {
        let key = |id: &str| RowKey::new(Kind::Task, SourceId::usual(Kind::Task), RowId::from(id));
        let record = |json: &str| Record::from_json(json).expect("a row");
        Export {
            rows: vec![
                (key("1"), record(r#"{"id": "1", "title": "=cmd", "api_key": "sk-1"}"#)),
                (key("2"), record(r#"{"id": "2", "title": "a, b", "api_key": "sk-2"}"#)),
            ],
            names: foldhash::HashMap::default(),
            mapping: Arc::new(Mapping::default()),
            columns: ["id", "title", "api_key"]
                .map(|name| Column::Named(name.into()))
                .to_vec(),
            format,
            now_ms: 0,
        }
    }

    #[test]
    fn rows_are_saved_without_secrets_and_formulas() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.csv");
        let notice = export(ExportFormat::Csv).save(&path);
        assert!(notice.text.starts_with("Saved 2 rows in "), "{}", notice.text);
        let text = std::fs::read_to_string(&path).expect("the file");
        assert!(
            text.contains("'=cmd") && text.contains("\"a, b\"") && !text.contains("sk-"),
            "{text}"
        );
        let again = export(ExportFormat::Csv).save(&path);
        assert_eq!(again.kind, NoticeKind::NotSaved, "no file is overwritten");
        let lines = folder.path().join("rows.jsonl");
        export(ExportFormat::JsonLines).save(&lines);
        let text = std::fs::read_to_string(&lines).expect("the file");
        assert!(
            text.lines().count() == 2 && text.contains("\"title\":\"=cmd\""),
            "{text}"
        );
    }

    #[test]
    fn a_folder_that_does_not_exist_is_told_with_the_remedy() {
        let notice = export(ExportFormat::Csv).save(Path::new("/nonexistent/rows.csv"));
        assert_eq!(notice.kind, NoticeKind::NotSaved);
        assert!(
            notice.text.contains("start opswall in a folder that can be written to"),
            "{}",
            notice.text
        );
    }

    #[test]
    fn the_name_has_the_time() {
        let path = place(ExportFormat::Csv, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        let name = path.file_name().and_then(|name| name.to_str());
        assert_eq!(name, Some("opswall-1970-01-01-000000.csv"));
    }
}
