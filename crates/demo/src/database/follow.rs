//! Follows the changes of a database as they are committed, and sends them to the sockets.
//!
//! PostgreSQL's log is read through a temporary replication slot with SQL, as the real server does it, in the format of
//! `pgoutput`, which every PostgreSQL has.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::{TryStreamExt as _, pin_mut};
use tokio_postgres::{Client, Error, types::Type};

use super::{
    Database, RowChange,
    relation::Relation,
    row::Operation,
    wal::{self, Datum, Message, Tuple},
};
use crate::{auth::Caller, hub::Hub, socket::Access};

/// Interval between two readings of the log, as on a real server.
const POLL: Duration = Duration::from_millis(100);
/// Delay until the log is read again after an error.
const RETRY: Duration = Duration::from_secs(1);
/// Number of changes after which one reading ends, at the end of a transaction.
const BATCH: i32 = 10_000;

/// The log from a moment on.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Owns the slot, which ends with it.
    slot: Client,
    /// Reads what the log does not contain while the log is read.
    worker: Client,
}

/// What the subscriptions need to know of one change.
#[derive(Debug, Default)]
struct Demand {
    /// The role and the token of each channel that is to have it.
    callers: BTreeSet<(Arc<str>, String)>,
    /// The subscriptions with conditions, by id: the columns and SQL of their conditions.
    conditions: BTreeMap<i64, Vec<(String, String)>>,
}

impl Stream {
    /// Begins now: changes that are committed from here on are sent.
    pub(crate) async fn start(database: &Database) -> Result<Self, Error> {
        let (slot, worker) = (database.connect().await?, database.connect().await?);
        slot.batch_execute(
            "set timezone to 'UTC'; select pg_create_logical_replication_slot('opswall_' || pg_backend_pid(), 'pgoutput', \
             true)",
        )
        .await?;
        worker.batch_execute("set timezone to 'UTC'").await?;
        Ok(Self { slot, worker })
    }

    /// Sends what has been committed since the last reading.
    async fn read(&self, hub: &Hub, database: &Database) -> Result<(), Error> {
        let messages = self
            .slot
            .query_typed_raw(
                "select data from pg_logical_slot_get_binary_changes('opswall_' || pg_backend_pid(), null, $1, 'proto_version', \
                 '1', 'publication_names', 'supabase_realtime')",
                [(BATCH, Type::INT4)],
            )
            .await?;
        pin_mut!(messages);
        let mut committed = 0;
        let mut relations: HashMap<u32, Arc<Relation>> = HashMap::new();
        let mut rights: HashMap<(Arc<str>, u32), bool> = HashMap::new();
        while let Some(row) = messages.try_next().await? {
            let bytes: &[u8] = row.get(0);
            let (oid, operation, old, new) = match wal::read(bytes) {
                Some(Message::Begin { committed: at }) => {
                    committed = at;
                    continue;
                }
                Some(Message::Relation(table)) => {
                    relations.insert(table.oid, Arc::new(Relation::read(&self.worker, table).await?));
                    continue;
                }
                Some(Message::Insert { oid, new }) => (oid, Operation::Insert, None, Some(new)),
                Some(Message::Update { oid, old, new }) => (oid, Operation::Update, old, Some(new)),
                Some(Message::Delete { oid, old }) => (oid, Operation::Delete, Some(old), None),
                Some(Message::Other) | None => continue,
            };
            let Some(relation) = relations.get(&oid) else { continue };
            let demand = demand(hub, oid, operation);
            if demand.callers.is_empty() {
                hub.lock().changes += 1;
                continue;
            }
            let mut change = RowChange {
                relation: relation.clone(),
                operation,
                committed,
                record: None,
                old_record: None,
                met: Vec::new(),
                access: Vec::new(),
                max_bytes: hub.lock().behaviour.max_change_bytes,
            };
            match self.write_records(&mut change, old.as_ref(), new.as_ref()).await {
                Ok(()) => {}
                Err(error) if error.is_closed() => return Err(error),
                // The table or a type of it has been changed or dropped since.
                Err(_) => continue,
            }
            change.met = self.met(relation, &demand, old.as_ref(), new.as_ref()).await;
            for (role, token) in demand.callers {
                let access = match rights.get(&(role.clone(), oid)) {
                    Some(may_read) => *may_read,
                    None => {
                        let may_read = self.may_read(&role, oid).await;
                        rights.insert((role.clone(), oid), may_read);
                        may_read
                    }
                };
                let access = match (access, &new) {
                    (false, _) => Access::Denied,
                    // As on a real server, everybody learns the key of a deleted row.
                    (true, None) => Access::Whole,
                    (true, Some(_)) if !relation.has_row_security => Access::Whole,
                    (true, Some(new)) => match is_shown(database, relation, new, &Caller::new(&token, &role)).await {
                        true => Access::Whole,
                        false => Access::Hidden,
                    },
                };
                change.access.push((role, token, access));
            }
            hub.lock().send_row(&change);
        }
        Ok(())
    }

    /// Lets PostgreSQL write the rows as JSON.
    async fn write_records(
        &self,
        change: &mut RowChange,
        old: Option<&Tuple<'_>>,
        new: Option<&Tuple<'_>>,
    ) -> Result<(), Error> {
        let relation = change.relation.clone();
        let record = new.map(|new| {
            // With the identity `full`, values that are not in the log are those of the old row.
            let filled: Tuple<'_> = match old.filter(|_| relation.table.is_full) {
                Some(old) => new
                    .iter()
                    .zip(old)
                    .map(|(new, old)| if *new == Datum::Unchanged { *old } else { *new })
                    .collect(),
                None => new.clone(),
            };
            relation.row_sql(&filled, |_| true)
        });
        let is_whole = relation.table.is_full && (new.is_some() || !relation.has_row_security || relation.is_keyless());
        let old_record = match change.operation {
            Operation::Insert => None,
            // Without an old row in the log, its key is that of the new one.
            _ => old
                .or(new)
                .map(|old| relation.row_sql(old, |column| is_whole || relation.is_key(column))),
        };
        let json = |sql: Option<&String>| match sql {
            Some(sql) => format!("(select to_jsonb(_row)::text from ({sql}) _row)"),
            None => "null::text".to_owned(),
        };
        let sql = format!("select {}, {}", json(record.as_ref()), json(old_record.as_ref()));
        let row = self.worker.query_typed_one(&sql, &[]).await?;
        change.record = row.get(0);
        change.old_record = row.get(1);
        Ok(())
    }

    /// The subscriptions whose conditions a change meets: its new row, or of a deleted one the values that the log has.
    async fn met(
        &self,
        relation: &Relation,
        demand: &Demand,
        old: Option<&Tuple<'_>>,
        new: Option<&Tuple<'_>>,
    ) -> Vec<i64> {
        let Some(row) = new.or(old).filter(|_| !demand.conditions.is_empty()) else {
            return Vec::new();
        };
        let is_present = |column: &str| new.is_some() || relation.table.is_full || relation.is_key(column);
        let (mut ids, mut tests) = (Vec::new(), Vec::new());
        for (id, conditions) in &demand.conditions {
            if conditions.iter().all(|(column, _)| is_present(column)) {
                ids.push(*id);
                let all: Vec<&str> = conditions.iter().map(|(_, sql)| sql.as_str()).collect();
                tests.push(format!("({}) is true", all.join(" and ")));
            }
        }
        if tests.is_empty() {
            return Vec::new();
        }
        let row = relation.row_sql(row, is_present);
        let sql = format!("select array[{}] from ({row}) _row", tests.join(", "));
        // A condition that does not fit its column is met by no row.
        let met: Vec<bool> = match self.worker.query_typed_one(&sql, &[]).await {
            Ok(row) => row.get(0),
            Err(_) => Vec::new(),
        };
        ids.into_iter()
            .zip(met)
            .filter_map(|(id, met)| met.then_some(id))
            .collect()
    }

    /// Whether a role has the right to read any column of a table.
    async fn may_read(&self, role: &str, oid: u32) -> bool {
        let answer = self
            .worker
            .query_typed_one(
                "select has_any_column_privilege($1, $2, 'select')",
                &[(&role, Type::TEXT), (&oid, Type::OID)],
            )
            .await;
        // A role that does not exist may not.
        answer.is_ok_and(|row| row.get(0))
    }
}

/// Sends changes for ever, first those of `stream`. After an error it begins anew; what was committed meanwhile is lost, as it
/// is on a real server.
pub(crate) async fn follow(hub: Arc<Hub>, mut stream: Option<Stream>) {
    let Some(database) = &hub.database else { return };
    loop {
        if let Some(stream) = &stream {
            while stream.read(&hub, database).await.is_ok() {
                tokio::time::sleep(POLL).await;
            }
        }
        // The slot of before ends with its connection.
        drop(stream.take());
        tokio::time::sleep(RETRY).await;
        stream = Stream::start(database).await.ok();
    }
}

/// Who is to have a change.
fn demand(hub: &Hub, oid: u32, operation: Operation) -> Demand {
    let mut demand = Demand::default();
    let inner = hub.lock();
    for member in inner.members.iter() {
        for channel in member.channels.iter().filter(|channel| channel.is_live) {
            let entries = channel.entries.as_deref().unwrap_or_default();
            let mut is_wanted = false;
            for entry in entries.iter().filter(|entry| entry.covers_row(oid, operation)) {
                is_wanted = true;
                if entry.has_conditions() {
                    demand
                        .conditions
                        .entry(entry.id)
                        .or_insert_with(|| entry.conditions_sql());
                }
            }
            if is_wanted {
                let token = channel.token.as_deref().unwrap_or(&member.key);
                demand.callers.insert((channel.role.clone(), token.to_owned()));
            }
        }
    }
    demand
}

/// Whether policies let a caller see a row, as it is now.
async fn is_shown(database: &Database, relation: &Relation, row: &Tuple<'_>, caller: &Caller) -> bool {
    let Some(key) = relation.key_sql(row) else { return false };
    let Ok(reader) = database.read_as(caller).await else {
        return false;
    };
    let sql = format!("select from {} where {key}", relation.sql());
    let found = reader.client.query_typed(&sql, &[]).await;
    database.finish(reader).await;
    found.is_ok_and(|rows| !rows.is_empty())
}
