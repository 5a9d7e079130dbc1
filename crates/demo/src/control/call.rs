//! The control call: the methods of [`Control`] as one JSON object, such as `{"do":"cut","how":"1012"}`.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    AnswerFault, Api, ChannelFault, Control, Cut, DAY, DemoError, Refusal, TableId,
    patch::{BehaviourPatch, TablePatch},
};
use crate::{Account, ErrorShape, SYSTEMS, SystemMessage};

/// The calls by the word under `do`. Durations are in seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ControlCall {
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
    Refuse(Refuse),
    Allow {},
    RefuseJoins {
        /// The name of one of the server's reasons, or any text.
        reason: String,
        times: Option<u32>,
    },
    AllowJoins {},
    System {
        name: String,
    },
    Gap {
        for_s: f64,
    },
    Drain {
        message: Option<bool>,
    },
    Reap {},
    RunTimers {},
    Lose {
        changes: u64,
    },
    LoseFor {
        for_s: f64,
    },
    LoseBroadcasts {
        messages: u64,
    },
    ExceedChangeLimit {
        changes: Option<usize>,
        for_s: f64,
    },
    ExceedJoinLimit {
        for_s: f64,
    },
    AgeLimits {
        by_s: f64,
    },
    EndPoller {
        for_s: f64,
    },
    TimeOutPoller {
        changes: Option<usize>,
        for_s: f64,
    },
    RestartDatabase {
        down_s: Option<f64>,
        blind_s: f64,
    },
    StopDatabase {
        for_s: f64,
        blind_s: Option<f64>,
    },
    RevokeSelect {
        table: String,
        for_s: f64,
    },
    Truncate {
        table: String,
    },
    Reload {
        table: String,
        omitted_of: usize,
    },
    SendText {
        text: String,
    },
    Ping {},
    Behaviour(BehaviourPatch),
    Table {
        table: String,
        set: TablePatch,
    },
    Rekey {
        table: String,
        id: String,
        to: String,
    },
    AnswerFault {
        api: Api,
        fault: AnswerFault,
        skip: Option<u32>,
        times: Option<u32>,
    },
    ClearAnswerFaults {},
    Account {
        email: String,
        password: Secret,
    },
    RemoveAccount {
        email: String,
    },
    Auth(AuthCall),
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
    ChannelFault {
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

/// A password in a call. It is not shown by `Debug`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// What is refused, for how long, and with which answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    for_s: Option<f64>,
    status: Option<u16>,
    what: Option<RefuseWhat>,
    /// The name of one of the server's own refusals.
    name: Option<String>,
    text: Option<String>,
    retry_after: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefuseWhat {
    Sockets,
    Rest,
    Auth,
    All,
}

/// How sign-ins behave. What is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthCall {
    lifetime_s: Option<f64>,
    reuse_s: Option<f64>,
    errors: Option<ErrorShape>,
}

/// One field of the answer besides `"ok":true`, or none.
type Done = Option<(&'static str, Value)>;

impl Control {
    /// Carries out a call written as JSON, and returns the answer as JSON.
    pub(crate) fn call(&self, body: &[u8]) -> Result<Value, DemoError> {
        let done = self.dispatch(parse(body)?)?;
        let mut answer = Map::from_iter([("ok".to_owned(), Value::from(true))]);
        answer.extend(done.map(|(key, value)| (key.to_owned(), value)));
        Ok(Value::Object(answer))
    }

    #[expect(clippy::unit_arg, reason = "one line for each call is easier to read")]
    fn dispatch(&self, call: ControlCall) -> Result<Done, DemoError> {
        match call {
            ControlCall::Pause {} => none(self.pause()),
            ControlCall::Resume {} => none(self.resume()),
            ControlCall::Rate { changes_per_s } => none(self.set_rate(changes_per_s)),
            ControlCall::Step { transactions } => one("changes", self.step(transactions.unwrap_or(1))),
            ControlCall::Cut { how } => one("sockets", self.cut(how.map_or(Ok(Cut::Fin), |how| how.parse())?)),
            ControlCall::Refuse(refuse) => none(self.refuse(refuse.refusal()?, refuse.for_s.map(seconds).transpose()?)),
            ControlCall::Allow {} => none(self.allow()),
            ControlCall::RefuseJoins { reason, times } => none(self.refuse_joins(&reason, times.unwrap_or(1))),
            ControlCall::AllowJoins {} => none(self.allow_joins()),
            ControlCall::System { name } => one("channels", self.send_system(system_message(&name)?)),
            ControlCall::Gap { for_s } => one("channels", self.gap(seconds(for_s)?)),
            ControlCall::Drain { message } => one("sockets", self.drain(message.unwrap_or(true))),
            ControlCall::Reap {} => one("sockets", self.reap()),
            ControlCall::RunTimers {} => none(self.run_timers()),
            ControlCall::Lose { changes } => none(self.lose(changes)),
            ControlCall::LoseFor { for_s } => none(self.lose_for(seconds(for_s)?)),
            ControlCall::LoseBroadcasts { messages } => none(self.lose_broadcasts(messages)),
            ControlCall::ExceedChangeLimit { changes, for_s } => one(
                "changes",
                self.exceed_change_limit(changes.unwrap_or(0), seconds(for_s)?),
            ),
            ControlCall::ExceedJoinLimit { for_s } => none(self.exceed_join_limit(seconds(for_s)?)),
            ControlCall::AgeLimits { by_s } => none(self.age_limits(seconds(by_s)?)),
            ControlCall::EndPoller { for_s } => none(self.end_poller(seconds(for_s)?)),
            ControlCall::TimeOutPoller { changes, for_s } => {
                one("changes", self.time_out_poller(changes.unwrap_or(0), seconds(for_s)?))
            }
            ControlCall::StopDatabase { for_s, blind_s } => {
                none(self.stop_database(seconds(for_s)?, seconds(blind_s.unwrap_or(0.0))?))
            }
            ControlCall::RevokeSelect { table, for_s } => none(self.revoke_select(table_id(&table)?, seconds(for_s)?)),
            ControlCall::RestartDatabase { down_s, blind_s } => {
                none(self.restart_database(seconds(down_s.unwrap_or(0.0))?, seconds(blind_s)?))
            }
            ControlCall::Truncate { table } => one("rows", self.truncate(table_id(&table)?)),
            ControlCall::Reload { table, omitted_of } => one("rows", self.reload(table_id(&table)?, omitted_of)),
            ControlCall::SendText { text } => one("sockets", self.send_text(&text)),
            ControlCall::Ping {} => one("sockets", self.ping()),
            ControlCall::Behaviour(patch) => none(self.set_behaviour(|behaviour| patch.apply(behaviour))?),
            ControlCall::Table { table, set } => none(self.rules(table_id(&table)?, |rules| set.apply(rules))?),
            ControlCall::Rekey { table, id, to } => none(self.rekey(table_id(&table)?, row_id(&id)?, row_id(&to)?)?),
            ControlCall::AnswerFault {
                api,
                fault,
                skip,
                times,
            } => none(self.inject_answer_fault(api, fault, skip.unwrap_or(0), times.unwrap_or(1))),
            ControlCall::ClearAnswerFaults {} => none(self.clear_answer_faults()),
            ControlCall::Account { email, password } => none(self.add_account(Account::checked(&email, &password.0)?)?),
            ControlCall::RemoveAccount { email } => one("removed", self.remove_account(&email)),
            ControlCall::Auth(auth) => none(auth.apply(self)?),
            ControlCall::RevokeSessions {} => one("sessions", self.revoke_sessions()),
            ControlCall::RotateSecret {} => none(self.rotate_secret()?),
            ControlCall::Token { role, seconds } => one("token", self.token(&role, seconds)),
            ControlCall::Stall { for_s } => none(self.stall(seconds(for_s)?)),
            ControlCall::Unstall {} => none(self.unstall()),
            ControlCall::ChannelFault { fault } => one("channels", self.inject_channel_fault(fault)),
            ControlCall::Insert { table, row } => one("id", self.insert(table_id(&table)?, row)?.to_string()),
            ControlCall::Update { table, id, row } => none(self.update(table_id(&table)?, row_id(&id)?, &row)?),
            ControlCall::Delete { table, id } => none(self.delete(table_id(&table)?, row_id(&id)?)?),
        }
    }
}

fn none((): ()) -> Result<Done, DemoError> {
    Ok(None)
}

fn one(key: &'static str, value: impl Into<Value>) -> Result<Done, DemoError> {
    Ok(Some((key, value.into())))
}

impl Refuse {
    fn refusal(&self) -> Result<Refusal, DemoError> {
        let what = self.what.unwrap_or(RefuseWhat::Sockets);
        let named = match &self.name {
            Some(name) => Refusal::named(name).ok_or_else(|| {
                DemoError::Control(format!(
                    "no refusal is called {name}: give its text as \"text\" instead"
                ))
            })?,
            None => Refusal::default(),
        };
        Ok(Refusal {
            sockets: matches!(what, RefuseWhat::Sockets | RefuseWhat::All),
            rest: matches!(what, RefuseWhat::Rest | RefuseWhat::All),
            auth: matches!(what, RefuseWhat::Auth | RefuseWhat::All),
            status: self.status.map_or(Ok(named.status), status)?,
            text: self.text.clone().or(named.text),
            retry_after: self.retry_after,
        })
    }
}

impl AuthCall {
    fn apply(&self, control: &Control) -> Result<(), DemoError> {
        if let Some(lifetime) = self.lifetime_s.map(seconds).transpose()? {
            control.set_token_lifetime(lifetime);
        }
        if let Some(interval) = self.reuse_s.map(seconds).transpose()? {
            control.set_reuse_interval(interval);
        }
        if let Some(shape) = self.errors {
            control.set_auth_errors(shape);
        }
        Ok(())
    }
}

/// Reads a call: the word under `do` is its name, the rest are its arguments. serde's internally tagged enums do the
/// same, but cannot read numbers with `serde_json`'s arbitrary precision.
fn parse(body: &[u8]) -> Result<ControlCall, DemoError> {
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

fn system_message(name: &str) -> Result<SystemMessage, DemoError> {
    SystemMessage::named(name).copied().ok_or_else(|| {
        let names: Vec<&str> = SYSTEMS.iter().map(|message| message.name).collect();
        DemoError::Control(format!(
            "no system message is called {name}: there are {}",
            names.join(", ")
        ))
    })
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

/// Reads a duration of at most a day.
pub(super) fn seconds(value: f64) -> Result<Duration, DemoError> {
    let span = Duration::try_from_secs_f64(value).ok().filter(|span| *span <= DAY);
    span.ok_or_else(|| DemoError::Control(format!("{value} is no span: give a number of seconds from 0 to 86400")))
}
