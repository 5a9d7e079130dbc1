//! What remains of a mapping on a table whose columns are known.

use crate::{Header, SourceMapping};

use super::LinkText;

impl SourceMapping {
    /// The columns of a role that a table with these columns has, in the table's own spelling. A path into a JSON column
    /// counts as there when the column is, and so does a column of a companion.
    pub fn present(&self, role: &str, columns: &[String]) -> Vec<String> {
        let Some(header) = Header::new(columns.iter().map(|column| column.as_str().into()).collect()) else {
            return Vec::new();
        };
        let names = self.columns(role).map(Vec::as_slice).unwrap_or_default();
        names.iter().filter_map(|name| self.spelled(&header, name)).collect()
    }

    /// A name as the settings write it, with the table's own spelling; `None`: the table has no such column.
    fn spelled(&self, header: &Header, name: &str) -> Option<String> {
        let own = |column: &str| Some(header.names().get(header.index_like(column)?)?.to_string());
        if let Some(column) = own(name) {
            return Some(column);
        }
        let is_of_companion = |companion: &crate::mapping::Companion| {
            name.strip_prefix(companion.table())
                .is_some_and(|rest| rest.starts_with('.'))
        };
        if self.companions.iter().any(is_of_companion) {
            return Some(name.to_owned());
        }
        if let Some((written, target)) = name.split_once("->") {
            let columns: Option<Vec<String>> = LinkText::of(written).columns.iter().map(|column| own(column)).collect();
            return Some(format!("{} -> {}", columns?.join("+"), target.trim()));
        }
        if let Some(path) = name.strip_prefix('/') {
            return own(path.split('/').next()?).map(|_| name.to_owned());
        }
        if let Some((part, whole)) = name.split_once('/') {
            return Some(format!("{}/{}", own(part)?, own(whole)?));
        }
        let (column, _) = name.split_once('.')?;
        own(column).map(|_| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, mapping::Companion};

    #[test]
    fn names_are_spelled_as_the_table_does_and_others_are_left_out() {
        let columns = [
            "id",
            "taskName",
            "status",
            "record",
            "attempts",
            "max_attempts",
            "agent_id",
            "org",
        ];
        let columns: Vec<String> = columns.map(str::to_owned).into();
        let mut of = SourceMapping::of(Kind::Task);
        assert_eq!(of.present("label", &columns), ["taskName"]);
        assert_eq!(of.present("attempt", &columns), ["attempts/max_attempts", "attempts"]);
        of.status = ["state", "record.status", "/record/state", "other.state", "live.state"]
            .map(str::to_owned)
            .into();
        assert_eq!(of.present("status", &columns), ["record.status", "/record/state"]);
        of.companions.push(Companion::new("live", "task_id"));
        assert_eq!(
            of.present("status", &columns),
            ["record.status", "/record/state", "live.state"]
        );
        of.agent = ["agent_id -> agents", "org+agent_id -> members", "worker -> agents.name"]
            .map(str::to_owned)
            .into();
        assert_eq!(
            of.present("agent", &columns),
            ["agent_id -> agents", "org+agent_id -> members"]
        );
        assert!(of.present("nonsense", &columns).is_empty() && of.present("label", &[]).is_empty());
    }
}
