//! Which tables are checked: the sources, and the companions that complete their rows.

use model::{Kind, Mapping, SourceMapping, mapping::Companion};

/// A table that is checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// How it is read. Of a companion only the name and the key are meant.
    pub(super) of: SourceMapping,
    /// It completes the rows of sources, by this column of its own.
    pub(super) companion: Option<String>,
}

impl Checked {
    /// The tables of a mapping, in the order in which a session follows them.
    pub(super) fn all(mapping: &Mapping) -> Vec<Self> {
        let sources = mapping.sources().iter().map(|of| Self {
            of: of.clone(),
            companion: None,
        });
        let companions = mapping.companion_tables().into_iter().map(Self::companion);
        sources.chain(companions).collect()
    }

    fn companion(of: &Companion) -> Self {
        let mut table = SourceMapping {
            schema: of.schema.clone(),
            table: of.table().to_owned(),
            id: of.id.clone(),
            ..SourceMapping::of(Kind::Task)
        };
        for role in SourceMapping::ROLES.iter().filter(|role| **role != "id") {
            if let Some(columns) = table.columns_mut(role) {
                columns.clear();
            }
        }
        Self {
            of: table,
            companion: Some(of.theirs().to_owned()),
        }
    }

    /// The section of the settings that names it.
    pub(super) fn section(&self) -> String {
        match self.companion {
            Some(_) => format!("the [[sources.companions]] with the table {}", self.of.name()),
            None => format!("the [[sources]] of {}", self.of.name()),
        }
    }

    /// How another table is named in its place.
    pub(super) fn rename(&self) -> String {
        match self.companion {
            Some(_) => format!("correct {}", self.section()),
            None => format!("name your table with --{}-table", self.of.kind.plural()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions_come_behind_the_sources_with_their_own_key() {
        let mut agents = SourceMapping::of(Kind::Agent);
        let mut presence = Companion::new("agent_presence", "agent");
        presence.id = vec!["agent".into()];
        agents.companions.push(presence);
        let tables = Checked::all(&Mapping::new(vec![agents]));
        let [source, companion] = tables.as_slice() else {
            panic!("two tables: {tables:?}");
        };
        assert_eq!(source.rename(), "name your table with --agents-table");
        assert_eq!(companion.of.id, ["agent"]);
        assert!(companion.of.status.is_empty() && companion.of.updated_at.is_empty());
        assert!(companion.rename().contains("[[sources.companions]]"));
    }
}
