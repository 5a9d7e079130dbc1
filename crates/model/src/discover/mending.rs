//! The statements that mend what keeps a table from being read or followed.

use super::facts::{TableFacts, TableForm};
use crate::schema;

/// Statements, and what they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mending {
    /// `to let anon read tasks`.
    pub purpose: String,
    /// SQL, to be run in this order.
    pub statements: Vec<String>,
}

impl Mending {
    /// What mends a table for the database role that reads; `None` where nothing is known to be amiss. `name`: the table as
    /// it is named to people.
    pub fn of(facts: &TableFacts, name: &str, role: &str) -> Option<Self> {
        let (schema, table) = (facts.schema.as_str(), facts.table.as_str());
        let (mut purpose, mut statements) = (None, Vec::new());
        if facts.is_denied {
            purpose = Some(format!("to let {role} read {name}"));
            statements.push(schema::grant(schema, table, role));
            // A table that nobody could read has most likely no policy either.
            statements.push(schema::policy(schema, table, role));
        } else if facts.rows.is_empty() && facts.refusal.is_none() {
            purpose = Some(format!("if {name} is not empty: to let {role} see its rows"));
            statements.push(schema::policy(schema, table, role));
        }
        if facts.is_published == Some(false) && !matches!(facts.form, Some(TableForm::View)) {
            purpose.get_or_insert_with(|| format!("to send the changes of {name}"));
            statements.push(schema::publish(schema, table));
        }
        purpose.map(|purpose| Self { purpose, statements })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_obstacle_has_its_statements() {
        let denied = TableFacts {
            schema: "public".to_owned(),
            table: "jobs".to_owned(),
            is_denied: true,
            refusal: Some("anon may not read it".to_owned()),
            ..TableFacts::default()
        };
        let mending = Mending::of(&denied, "jobs", "anon").unwrap();
        assert_eq!(mending.purpose, "to let anon read jobs");
        assert!(mending.statements[0].contains("grant select"), "{mending:?}");
        assert!(mending.statements[1].contains("create policy"), "{mending:?}");
        let empty = TableFacts {
            is_denied: false,
            refusal: None,
            is_published: Some(false),
            ..denied.clone()
        };
        let mending = Mending::of(&empty, "jobs", "anon").unwrap();
        assert!(mending.purpose.starts_with("if jobs is not empty"));
        assert!(mending.statements[1].contains("alter publication"), "{mending:?}");
        let view = TableFacts {
            form: Some(TableForm::View),
            refusal: Some("it is no table".to_owned()),
            ..empty
        };
        assert_eq!(Mending::of(&view, "jobs", "anon"), None, "a view is never published");
    }
}
