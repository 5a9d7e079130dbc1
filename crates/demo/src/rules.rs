//! The database's rules for each table: publication, key, replica identity, partition, grants, row-level security.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use crate::{
    DemoError, Identity,
    predicate::{Predicate, split},
    store::{Row, TableId},
};

/// The rules of all tables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules([TableRules; 5]);

/// What the demo feed lets clients see of one table, and how the stream reports its changes.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRules {
    table: TableId,
    /// It is in the publication `supabase_realtime`.
    pub is_published: bool,
    /// `REPLICA IDENTITY FULL`: changes carry the whole old row.
    pub is_full: bool,
    /// Positions of the columns of its primary key. An update and a delete carry their old values.
    key: Vec<usize>,
    /// The stream treats it as a table without a primary key: `Error 400`.
    pub is_keyless: bool,
    /// It is a view that cannot be written to: the stream never has its changes, and REST only reads it.
    pub is_view: bool,
    /// Its rows are in a partition of this name, which the stream sends in place of the table's name.
    pub partition: Option<String>,
    /// Roles without the right to read the table: `Error 401`, and 401 or 403 at REST.
    pub denied: BTreeSet<String>,
    /// Until this moment every role but `service_role` is denied.
    pub(crate) revoked_until: Option<Instant>,
    /// The policies of row-level security by role; `None` = off. A role without a policy sees nothing.
    policies: Option<BTreeMap<String, Policy>>,
}

/// Which rows a role sees.
#[derive(Debug, Clone, PartialEq)]
enum Policy {
    Everything,
    Nothing,
    Where(Vec<Predicate>),
}

/// The role that row-level security does not apply to.
const BYPASS: &str = "service_role";
/// Most roles with a policy, and most conditions of one policy.
const MAX_POLICIES: usize = 64;

impl Rules {
    /// Everything is published and readable, for this identity. `has_pulse`: the table of the pulse exists.
    pub(crate) fn new(identity: Identity, has_pulse: bool) -> Self {
        Self(TableId::EVERY.map(|table| TableRules {
            table,
            is_published: table != TableId::Pulse || has_pulse,
            is_full: identity.is_full(table),
            key: vec![0],
            is_keyless: false,
            is_view: false,
            partition: None,
            denied: BTreeSet::new(),
            revoked_until: None,
            policies: None,
        }))
    }

    /// The rules of a table.
    pub(crate) fn of(&self, table: TableId) -> &TableRules {
        match table {
            TableId::Agents => &self.0[0],
            TableId::Tasks => &self.0[1],
            TableId::Workflows => &self.0[2],
            TableId::Runs => &self.0[3],
            TableId::Pulse => &self.0[4],
        }
    }

    /// The rules of a table, to be changed.
    pub(crate) fn of_mut(&mut self, table: TableId) -> &mut TableRules {
        match table {
            TableId::Agents => &mut self.0[0],
            TableId::Tasks => &mut self.0[1],
            TableId::Workflows => &mut self.0[2],
            TableId::Runs => &mut self.0[3],
            TableId::Pulse => &mut self.0[4],
        }
    }
}

impl TableRules {
    /// Makes these columns the primary key of the table. `id` alone identifies its rows in the store all the same.
    ///
    /// # Errors
    /// A sentence that names the column that the table does not have, or an empty list.
    pub fn set_key(&mut self, columns: &[&str]) -> Result<(), DemoError> {
        let position = |column: &&str| {
            let found = self.table.schema().column(column);
            found
                .map(|(at, _)| at)
                .ok_or_else(|| DemoError::Control(format!("table {} has no column {column}", self.table.name())))
        };
        let key = columns.iter().map(position).collect::<Result<Vec<_>, _>>()?;
        if key.is_empty() {
            return Err(DemoError::Control("a primary key has at least one column".into()));
        }
        self.key = key;
        Ok(())
    }

    /// Whether the column at a position is part of the primary key.
    pub(crate) fn is_key(&self, at: usize) -> bool {
        self.key.contains(&at)
    }

    /// Whether the stream has its changes.
    pub(crate) fn is_streamed(&self) -> bool {
        self.is_published && !self.is_view
    }

    /// The methods that REST allows on it. As in PostgREST, they do not depend on grants, and only a table with a
    /// primary key has `PUT`.
    pub(crate) fn allowed_methods(&self) -> &'static str {
        match (self.is_view, self.is_keyless) {
            (true, _) => "OPTIONS,GET,HEAD",
            (false, true) => "OPTIONS,GET,HEAD,POST,PATCH,DELETE",
            (false, false) => "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE",
        }
    }

    /// The name of the table in the stream.
    pub(crate) fn stream_name(&self) -> &str {
        self.partition.as_deref().unwrap_or(self.table.name())
    }

    /// Policies may hide rows.
    pub(crate) fn has_row_security(&self) -> bool {
        self.policies.is_some()
    }

    /// Turns row-level security on, and lets a role see the rows that meet every condition of a list such as
    /// `status=neq.busy,owner=eq.me`; or all rows (`true`), or none (`false`).
    ///
    /// # Errors
    /// A sentence that names the condition that is not one.
    pub fn allow(&mut self, role: &str, condition: &str) -> Result<(), DemoError> {
        let policy = match condition.trim() {
            "true" => Policy::Everything,
            "false" => Policy::Nothing,
            conditions => {
                let parts = split(conditions)
                    .unwrap_or_default()
                    .into_iter()
                    .take(MAX_POLICIES)
                    .map(|part| {
                        let (column, test) = part.trim().split_once('=').unwrap_or((part, ""));
                        Predicate::parse(self.table.schema(), column, test).map_err(|_| {
                        DemoError::Control(format!(
                            "'{part}' is no condition on table {}: write one such as status=eq.busy, or true, or false",
                            self.table.name()
                        ))
                    })
                    });
                Policy::Where(parts.collect::<Result<_, _>>()?)
            }
        };
        let policies = self.policies.get_or_insert_default();
        if policies.len() >= MAX_POLICIES && !policies.contains_key(role) {
            return Err(DemoError::Control(format!(
                "a table of the demo feed has policies for at most {MAX_POLICIES} roles"
            )));
        }
        policies.insert(role.into(), policy);
        Ok(())
    }

    /// Turns row-level security on. Roles without a policy see nothing.
    pub fn restrict(&mut self) {
        self.policies.get_or_insert_default();
    }

    /// Turns row-level security off.
    pub fn allow_all(&mut self) {
        self.policies = None;
    }

    /// Whether a role has the right to read the table at this moment.
    pub(crate) fn may_read(&self, role: &str, now: Instant) -> bool {
        let is_revoked = role != BYPASS && self.revoked_until.is_some_and(|until| now < until);
        !is_revoked && !self.denied.contains(role)
    }

    /// Whether row-level security lets a role see a row.
    pub(crate) fn shows(&self, role: &str, row: &Row) -> bool {
        let Some(policies) = self.policies.as_ref().filter(|_| role != BYPASS) else {
            return true;
        };
        match policies.get(role) {
            None | Some(Policy::Nothing) => false,
            Some(Policy::Everything) => true,
            Some(Policy::Where(conditions)) => conditions.iter().all(|condition| condition.is_met_by(row)),
        }
    }
}
