//! The control call: the same as the methods, written as one JSON object such as `{"do":"cut","how":"1012"}`.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    super::{Account, ErrorShape, SYSTEMS, SystemMessage},
    ChannelFault, Control, Cut, DAY, DemoError, Door, Refusal, Spoil, TableId,
    patch::{ConductPatch, TablePatch},
};

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
        /// One of the server's own ways.
        say: Option<String>,
        text: Option<String>,
        retry_after: Option<u32>,
    },
    Allow {},
    RefuseJoins {
        say: String,
        times: Option<u32>,
    },
    AllowJoins {},
    System {
        say: String,
    },
    Gap {
        for_s: f64,
    },
    Drain {
        message: Option<bool>,
    },
    Reap {},
    Hurry {},
    LoseFor {
        for_s: f64,
    },
    RestartDatabase {
        down_s: Option<f64>,
        blind_s: f64,
    },
    Truncate {
        table: String,
    },
    Say {
        text: String,
    },
    Ping {},
    Conduct(ConductPatch),
    Table {
        table: String,
        set: TablePatch,
    },
    Rekey {
        table: String,
        id: String,
        to: String,
    },
    Spoil {
        door: Door,
        fault: Spoil,
        skip: Option<u32>,
        times: Option<u32>,
    },
    Unspoil {},
    Account {
        email: String,
        password: String,
    },
    RemoveAccount {
        email: String,
    },
    Auth {
        lifetime_s: Option<f64>,
        reuse_s: Option<f64>,
        errors: Option<ErrorShape>,
    },
    RevokeSessions {},
    RotateSecret {},
    Token {
        role: String,
        seconds: i64,
    },
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
    Auth,
    All,
}

impl Control {
    /// Carries out a call written as JSON, and answers in JSON.
    pub(crate) fn call(&self, body: &[u8]) -> Result<Value, DemoError> {
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
            Call::Refuse {
                for_s,
                status,
                what,
                say,
                text,
                retry_after,
            } => {
                let what = what.unwrap_or(RefuseWhat::Sockets);
                let named = match &say {
                    Some(name) => Refusal::named(name).ok_or_else(|| {
                        DemoError::Control(format!(
                            "no refusal is called {name}: say its text with \"text\" instead"
                        ))
                    })?,
                    None => Refusal::default(),
                };
                let mut refusal = Refusal {
                    sockets: matches!(what, RefuseWhat::Sockets | RefuseWhat::All),
                    rest: matches!(what, RefuseWhat::Rest | RefuseWhat::All),
                    auth: matches!(what, RefuseWhat::Auth | RefuseWhat::All),
                    text: text.or(named.text),
                    retry_after,
                    status: named.status,
                };
                if let Some(status) = status {
                    refusal.status = self::status(status)?;
                }
                self.refuse(refusal, for_s.map(seconds).transpose()?);
            }
            Call::Allow {} => self.allow(),
            Call::RefuseJoins { say, times } => self.refuse_joins(&say, times.unwrap_or(1)),
            Call::AllowJoins {} => self.allow_joins(),
            Call::System { say } => {
                let message = *SystemMessage::named(&say).ok_or_else(|| {
                    let names: Vec<&str> = SYSTEMS.iter().map(|message| message.name).collect();
                    DemoError::Control(format!(
                        "no system message is called {say}: there are {}",
                        names.join(", ")
                    ))
                })?;
                done.insert("channels".into(), self.system(message).into());
            }
            Call::Gap { for_s } => {
                done.insert("channels".into(), self.gap(seconds(for_s)?).into());
            }
            Call::Drain { message } => {
                done.insert("sockets".into(), self.drain(message.unwrap_or(true)).into());
            }
            Call::Reap {} => {
                done.insert("sockets".into(), self.reap().into());
            }
            Call::Hurry {} => self.hurry(),
            Call::LoseFor { for_s } => self.lose_for(seconds(for_s)?),
            Call::RestartDatabase { down_s, blind_s } => {
                self.restart_database(seconds(down_s.unwrap_or(0.0))?, seconds(blind_s)?);
            }
            Call::Truncate { table } => {
                done.insert("rows".into(), self.truncate(table_id(&table)?).into());
            }
            Call::Say { text } => {
                done.insert("sockets".into(), self.say(&text).into());
            }
            Call::Ping {} => {
                done.insert("sockets".into(), self.ping().into());
            }
            Call::Conduct(patch) => self.conduct(|conduct| patch.apply(conduct))?,
            Call::Table { table, set } => self.rules(table_id(&table)?, |rules| set.apply(rules))?,
            Call::Rekey { table, id, to } => self.rekey(table_id(&table)?, row_id(&id)?, row_id(&to)?)?,
            Call::Spoil {
                door,
                fault,
                skip,
                times,
            } => self.spoil(door, fault, skip.unwrap_or(0), times.unwrap_or(1)),
            Call::Unspoil {} => self.unspoil(),
            Call::Account { email, password } => self.account(Account::checked(&email, &password)?)?,
            Call::RemoveAccount { email } => {
                done.insert("removed".into(), self.remove_account(&email).into());
            }
            Call::Auth {
                lifetime_s,
                reuse_s,
                errors,
            } => {
                if let Some(lifetime) = lifetime_s.map(seconds).transpose()? {
                    self.token_lifetime(lifetime);
                }
                if let Some(interval) = reuse_s.map(seconds).transpose()? {
                    self.reuse_interval(interval);
                }
                if let Some(shape) = errors {
                    self.auth_errors(shape);
                }
            }
            Call::RevokeSessions {} => {
                done.insert("sessions".into(), self.revoke_sessions().into());
            }
            Call::RotateSecret {} => self.rotate_secret()?,
            Call::Token { role, seconds } => {
                done.insert("token".into(), self.token(&role, seconds).into());
            }
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

fn status(status: u16) -> Result<StatusCode, DemoError> {
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200);
    status.ok_or_else(|| DemoError::Control("status must be an HTTP status from 200 to 999".into()))
}

fn row_id(text: &str) -> Result<Uuid, DemoError> {
    Uuid::parse_str(text).map_err(|_| DemoError::Control(format!("the id {text} is no uuid")))
}

fn table_id(name: &str) -> Result<TableId, DemoError> {
    TableId::from_name(name)
        .ok_or_else(|| DemoError::Control(format!("no table {name}: there are agents, tasks and workflows")))
}

pub(super) fn seconds(value: f64) -> Result<Duration, DemoError> {
    let span = Duration::try_from_secs_f64(value).ok().filter(|span| *span <= DAY);
    span.ok_or_else(|| DemoError::Control(format!("{value} is no span: give a number of seconds from 0 to 86400")))
}
