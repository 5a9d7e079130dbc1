//! The control call: the same as the methods, written as one JSON object such as `{"do":"cut","how":"1012"}`.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{ChannelFault, Control, Cut, DAY, DemoError, Refusal, TableId};

/// What can be called for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Call {
    Pause {},
    Resume {},
    Rate {
        changes_per_s: f64,
    },
    Step {
        transactions: Option<usize>,
    },
    Cut {
        how: Option<String>,
    },
    Refuse {
        for_s: Option<f64>,
        status: Option<u16>,
        what: Option<RefuseWhat>,
    },
    Allow {},
    Stall {
        for_s: f64,
    },
    Unstall {},
    Drop {
        changes: u64,
    },
    Channels {
        fault: ChannelFault,
    },
    Insert {
        table: String,
        row: Map<String, Value>,
    },
    Update {
        table: String,
        id: String,
        row: Map<String, Value>,
    },
    Delete {
        table: String,
        id: String,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefuseWhat {
    Sockets,
    Rest,
    All,
}

impl Control {
    /// Carries out a call written as JSON, and answers in JSON.
    pub(in crate::demo) fn call(&self, body: &[u8]) -> Result<Value, DemoError> {
        let mut done = Map::new();
        done.insert("ok".into(), true.into());
        match read_call(body)? {
            Call::Pause {} => self.pause(),
            Call::Resume {} => self.resume(),
            Call::Rate { changes_per_s } => self.set_rate(changes_per_s),
            Call::Step { transactions } => {
                done.insert("changes".into(), self.step(transactions.unwrap_or(1)).into());
            }
            Call::Cut { how } => {
                let how = how.map_or(Ok(Cut::Fin), |how| how.parse())?;
                done.insert("sockets".into(), self.cut(how).into());
            }
            Call::Refuse { for_s, status, what } => {
                let mut refusal = Refusal::default();
                if let Some(status) = status {
                    let status = StatusCode::from_u16(status)
                        .ok()
                        .filter(|status| status.as_u16() >= 200);
                    let error = || DemoError::Control("status must be an HTTP status from 200 to 999".into());
                    refusal.status = status.ok_or_else(error)?;
                }
                (refusal.sockets, refusal.rest) = match what.unwrap_or(RefuseWhat::Sockets) {
                    RefuseWhat::Sockets => (true, false),
                    RefuseWhat::Rest => (false, true),
                    RefuseWhat::All => (true, true),
                };
                self.refuse(refusal, for_s.map(seconds).transpose()?);
            }
            Call::Allow {} => self.allow(),
            Call::Stall { for_s } => self.stall(seconds(for_s)?),
            Call::Unstall {} => self.unstall(),
            Call::Drop { changes } => self.lose(changes),
            Call::Channels { fault } => {
                done.insert("channels".into(), self.channels(fault).into());
            }
            Call::Insert { table, row } => {
                let id = self.insert(table_id(&table)?, row)?;
                done.insert("id".into(), id.to_string().into());
            }
            Call::Update { table, id, row } => self.update(table_id(&table)?, row_id(&id)?, &row)?,
            Call::Delete { table, id } => self.delete(table_id(&table)?, row_id(&id)?)?,
        }
        Ok(Value::Object(done))
    }
}

/// The word under `do` names the call, the rest are its arguments. (serde's own way of tagging inside the object
/// cannot read numbers once `serde_json` keeps all their digits.)
fn read_call(body: &[u8]) -> Result<Call, DemoError> {
    let bad = |error: String| {
        DemoError::Control(format!(
            "no control call ({error}): send an object such as {}",
            r#"{"do":"cut","how":"rst"}"#
        ))
    };
    let mut arguments: Map<String, Value> = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
    let Some(Value::String(word)) = arguments.remove("do") else {
        return Err(bad("\"do\" is missing".into()));
    };
    let call = Value::Object(Map::from_iter([(word, Value::Object(arguments))]));
    serde_json::from_value(call).map_err(|error| bad(error.to_string()))
}

fn row_id(text: &str) -> Result<Uuid, DemoError> {
    Uuid::parse_str(text).map_err(|_| DemoError::Control(format!("the id {text} is no uuid")))
}

fn table_id(name: &str) -> Result<TableId, DemoError> {
    TableId::from_name(name)
        .ok_or_else(|| DemoError::Control(format!("no table {name}: there are agents, tasks and workflows")))
}

fn seconds(value: f64) -> Result<Duration, DemoError> {
    let span = Duration::try_from_secs_f64(value).ok().filter(|span| *span <= DAY);
    span.ok_or_else(|| DemoError::Control(format!("for_s is {value}: it must be between 0 and 86400 seconds")))
}
