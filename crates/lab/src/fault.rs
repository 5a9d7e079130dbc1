//! The list of fault kinds: the name of each, how a client can detect it, and how it is injected.
//!
//! A new fault is one variant of [`Fault`] and the arms that the compiler then asks for. The chaos bench, the schedules of
//! `--faults` and the tests take their kinds from this list.

use std::{fmt, ops::Range, time::Duration};

use demo::{AnswerFault, Api, ChannelFault, Control, Cut, Refusal, SystemMessage, TableId};
use fastrand::Rng;
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

use crate::{Flow, Proxy, Way};

/// One way for a connection to fail. The name in profiles and reports is the variant's in snake case.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray, IntoStaticStr, EnumString, EnumMessage,
)]
#[strum(serialize_all = "snake_case")]
pub enum Fault {
    /// The connection is reset.
    Rst,
    /// The connection ends.
    Fin,
    /// Nothing passes any more in either direction, and neither side sees an end.
    HalfOpen,
    /// Nothing passes for a while; then everything arrives late.
    Freeze,
    /// Random bytes are inserted into the stream.
    Garbage,
    /// Some bytes arrive inverted.
    CorruptBytes,
    /// Everything is written in small pieces.
    Split,
    /// Writes are held back and then arrive at once.
    Merged,
    /// Fewer bytes a second pass than are sent.
    Throttled,
    /// The server sends and answers nothing for a while.
    Stall,
    /// The server ends every socket: with a FIN, a reset or a close code.
    Drop,
    /// The server shuts down: close code 1012, on some runs announced by a `system` message.
    Drain,
    /// `phx_close` for every channel.
    PhxClose,
    /// `phx_error` for every channel.
    PhxError,
    /// The server reports that the session's token has expired, and closes the channel.
    TokenExpired,
    /// A `system` error that closes the channel.
    SystemError,
    /// Changes are lost for a while; then the subscription is confirmed a second time.
    Resubscribed,
    /// Changes reach the tables and not the sockets, without any sign of it.
    SilentLoss,
    /// Pages cannot be read for a while; then changes are lost for a while, without any sign of it.
    DatabaseRestart,
    /// PostgreSQL is down for a while: nothing is written, pages are answered with 503, and no message reports it.
    DatabaseDown,
    /// The backend of the server's poller is terminated: changes are lost for a while, without any sign of it.
    PollerKilled,
    /// The server's poller times out on a large transaction, which is lost with the changes of a while, without any sign of it.
    PollerTimeout,
    /// A burst is delivered and exceeds the limit on changes: those of a while are dropped without any sign of it.
    ChangeLimit,
    /// The right to read a table is revoked for a while: changes come with an error and without the row, pages are refused.
    SelectRevoked,
    /// A table is emptied with TRUNCATE, which sends nothing, and most of its rows are inserted again.
    Truncate,
    /// Sockets are dropped; for a while a join is refused and ends its socket, and new sockets are refused with 429.
    TooManyJoins,
    /// Sockets are dropped, and new ones are refused with 401 for a while.
    #[strum(serialize = "http_401")]
    Http401,
    /// Sockets are dropped, and new ones are refused with 429 for a while.
    #[strum(serialize = "http_429")]
    Http429,
    /// Sockets are dropped, and new ones are refused with 500 for a while.
    #[strum(serialize = "http_500")]
    Http500,
    /// Sockets are dropped, and new ones are refused with 503 for a while.
    #[strum(serialize = "http_503")]
    Http503,
    /// Sockets are dropped, and the next join is refused.
    RefusedJoin,
    /// Sockets are dropped, and some pages of the next snapshot are broken.
    BadPages,
    /// A message that is not a frame.
    MalformedFrame,
}

/// How a client that follows the stream can find a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// By itself: it must leave Live before it is Live again.
    Certain,
    /// Perhaps not at all, because the fault may do no harm.
    Possible,
    /// Only by reading the tables again.
    BySnapshot,
}

/// How a kind is injected.
#[derive(Clone, Copy)]
enum Injection {
    /// The proxy passes bytes in this way for the span of the fault.
    Flow(fn(&mut Rng) -> Flow),
    /// One action of the proxy. The result is the number of connections that it met.
    Proxy(fn(&Proxy, &mut Rng) -> usize),
    /// One action of the server. The result is the number of sockets or channels that it met.
    Server(fn(&Control, Severity, &mut Rng) -> usize),
    /// The server behaves in this way for a while. The result is how long.
    Lasting(fn(&Control, Severity, &mut Rng) -> Duration),
}

/// What faults are injected into.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// What steers the server; most faults are injected through it.
    pub control: &'a Control,
    /// The proxy in front of the server, which faults of the stream of bytes need; without it they are not injected.
    pub proxy: Option<&'a Proxy>,
}

/// How severe one fault is. A kind uses the parts that apply to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Severity {
    /// How long it lasts.
    pub span: Duration,
    /// How the server ends its sockets.
    pub cut: Cut,
    /// Number of changes that [`Fault::SilentLoss`] loses; `None` = all changes within `span`.
    pub changes: Option<u64>,
}

/// Close codes that the server is known to end sockets with, and the two ends without one.
const CUTS: [Cut; 6] = [
    Cut::Fin,
    Cut::Rst,
    Cut::Close(1012),
    Cut::Close(1001),
    Cut::Close(1011),
    Cut::Close(1000),
];
const SYSTEM_ERRORS: [&str; 3] = ["no_database", "canceled", "rpc_timeout"];
const JOIN_ERRORS: [&str; 5] = ["initializing", "restarting", "no_database", "too_many_joins", "unknown"];
const MALFORMED_FRAMES: [&str; 4] = [
    "{",
    "[1,2,3]",
    "[null,null,\"realtime:x\",\"postgres_changes\",{\"ids\":7}]",
    "null",
];

/// Changes of the burst or of the large transaction of one fault.
const BURST: usize = 1_000;
/// [`Fault::Truncate`] leaves out one of this many rows.
const OMITTED_OF: usize = 10;
/// Longest time from the return of a database until the poller has another slot.
const MAX_WITHOUT_SLOT: Duration = Duration::from_secs(5);
/// The tables that a fault of one table is injected into. The demo feed fills them in every mode.
const TABLES: [TableId; 3] = [TableId::Agents, TableId::Tasks, TableId::Workflows];
/// Pages that one [`Fault::BadPages`] breaks.
const MAX_BAD_PAGES: usize = 4;

impl Severity {
    /// A random severity whose span lies within `spans`.
    pub fn random(spans: Range<Duration>, rng: &mut Rng) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let (from, to) = (millis(spans.start), millis(spans.end));
        Self {
            span: Duration::from_millis(rng.u64(from..to.max(from + 1))),
            cut: pick(&CUTS, rng),
            changes: rng.bool().then(|| rng.u64(1..50)),
        }
    }
}

impl Fault {
    /// Every kind, in the order of the list.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name in profiles and reports, such as `half_open`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What happens, in one sentence.
    pub fn description(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The kinds of which no frame says anything: a client finds them when the next audit differs, and until then the lease
    /// on Live holds.
    pub const SILENT: &'static [Self] = &[
        Self::DatabaseDown,
        Self::PollerKilled,
        Self::PollerTimeout,
        Self::ChangeLimit,
        Self::SelectRevoked,
        Self::Truncate,
    ];

    /// `count` faults in an order that the seed decides; every kind occurs before any occurs again.
    pub fn sequence(count: usize, rng: &mut Rng) -> Vec<Self> {
        Self::sequence_of(Self::ALL, count, rng)
    }

    /// `count` faults of these kinds, as [`Fault::sequence`] orders them; none when there are no kinds.
    pub fn sequence_of(kinds: &[Self], count: usize, rng: &mut Rng) -> Vec<Self> {
        let mut sequence = Vec::new();
        while sequence.len() < count && !kinds.is_empty() {
            let mut round = kinds.to_vec();
            rng.shuffle(&mut round);
            sequence.extend(round);
        }
        sequence.truncate(count);
        sequence
    }

    /// How a client can find it.
    pub fn detection(self) -> Detection {
        self.spec().0
    }

    /// Whether it is injected by a proxy rather than by the server.
    pub(crate) fn needs_proxy(self) -> bool {
        matches!(self.spec().1, Injection::Flow(_) | Injection::Proxy(_))
    }

    /// Whether it lasts for the span of its severity.
    pub fn lasts(self) -> bool {
        matches!(self.spec().1, Injection::Flow(_) | Injection::Lasting(_))
    }

    /// Injects it. Returns how long it lasts, after which [`Fault::end`] is due; `None` when it needs a proxy and the
    /// target has none.
    pub fn inject(self, target: Target<'_>, severity: Severity, rng: &mut Rng) -> Option<Duration> {
        Some(match self.spec().1 {
            Injection::Flow(flow) => {
                target.proxy?.set_flow(flow(rng));
                severity.span
            }
            Injection::Proxy(act) => {
                act(target.proxy?, rng);
                Duration::ZERO
            }
            Injection::Server(act) => {
                act(target.control, severity, rng);
                Duration::ZERO
            }
            Injection::Lasting(act) => act(target.control, severity, rng),
        })
    }

    /// Undoes what would last for ever.
    pub fn end(self, target: Target<'_>) {
        if let (Injection::Flow(_), Some(proxy)) = (self.spec().1, target.proxy) {
            proxy.set_flow(Flow::Pass);
        }
    }

    /// The one entry of each kind.
    fn spec(self) -> (Detection, Injection) {
        use Detection::{BySnapshot, Certain, Possible};
        use Injection::{Flow as Flows, Lasting, Proxy as AtProxy, Server};
        match self {
            Self::Rst => (Certain, AtProxy(|proxy, _| proxy.cut(Cut::Rst))),
            Self::Fin => (Certain, AtProxy(|proxy, _| proxy.cut(Cut::Fin))),
            Self::HalfOpen => (Certain, AtProxy(|proxy, _| proxy.set_flow_of_open(Flow::Swallow))),
            Self::Freeze => (Possible, Flows(|_| Flow::Stall)),
            Self::Garbage => (Possible, AtProxy(inject_garbage)),
            Self::CorruptBytes => (
                Possible,
                AtProxy(|proxy, rng| proxy.corrupt(Way::ToClient, rng.usize(1..4_000))),
            ),
            Self::Split => (Possible, Flows(|rng| Flow::Split(rng.usize(1..200)))),
            Self::Merged => (
                Possible,
                Flows(|rng| Flow::Merge(Duration::from_millis(rng.u64(50..600)))),
            ),
            Self::Throttled => (Possible, Flows(|rng| Flow::Throttle(rng.u32(20_000..200_000)))),
            Self::Stall => (Possible, Lasting(stall)),
            Self::Drop => (Certain, Server(|control, severity, _| control.cut(severity.cut))),
            Self::Drain => (Certain, Server(|control, _, rng| control.drain(rng.bool()))),
            Self::PhxClose => (
                Certain,
                Server(|control, _, _| control.inject_channel_fault(ChannelFault::Close)),
            ),
            Self::PhxError => (
                Certain,
                Server(|control, _, _| control.inject_channel_fault(ChannelFault::Error)),
            ),
            Self::TokenExpired => (
                Certain,
                Server(|control, _, _| control.inject_channel_fault(ChannelFault::Expire)),
            ),
            Self::SystemError => (Certain, Server(send_system_error)),
            Self::Resubscribed => (Certain, Lasting(resubscribe)),
            Self::SilentLoss => (BySnapshot, Lasting(lose)),
            Self::DatabaseRestart => (BySnapshot, Lasting(restart_database)),
            Self::DatabaseDown => (BySnapshot, Lasting(stop_database)),
            Self::PollerKilled => (BySnapshot, Lasting(end_poller)),
            Self::PollerTimeout => (BySnapshot, Lasting(time_out_poller)),
            Self::ChangeLimit => (BySnapshot, Lasting(exceed_change_limit)),
            Self::SelectRevoked => (BySnapshot, Lasting(revoke_select)),
            Self::Truncate => (BySnapshot, Server(reload)),
            Self::TooManyJoins => (Certain, Lasting(exceed_join_limit)),
            Self::Http401 => (
                Certain,
                Lasting(|control, severity, _| refuse(control, severity, "expired", None)),
            ),
            Self::Http429 => (
                Certain,
                Lasting(|control, severity, _| refuse(control, severity, "too_many_users", Some(1))),
            ),
            Self::Http500 => (
                Certain,
                Lasting(|control, severity, _| refuse(control, severity, "error", None)),
            ),
            Self::Http503 => (
                Certain,
                Lasting(|control, severity, _| refuse(control, severity, "unavailable", None)),
            ),
            Self::RefusedJoin => (Certain, Server(refuse_join)),
            Self::BadPages => (Certain, Server(break_pages)),
            Self::MalformedFrame => (Possible, Server(send_malformed_frame)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn pick<T: Copy + Default>(all: &[T], rng: &mut Rng) -> T {
    all.get(rng.usize(..all.len())).copied().unwrap_or_default()
}

fn inject_garbage(proxy: &Proxy, rng: &mut Rng) -> usize {
    let way = if rng.bool() { Way::ToClient } else { Way::ToServer };
    proxy.inject_garbage(way, rng.usize(64..4_096), rng.u64(..))
}

fn stall(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.stall(severity.span);
    severity.span
}

fn send_system_error(control: &Control, _: Severity, rng: &mut Rng) -> usize {
    SystemMessage::named(pick(&SYSTEM_ERRORS, rng)).map_or(0, |message| control.send_system(*message))
}

fn resubscribe(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.gap(severity.span);
    severity.span
}

fn lose(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    match severity.changes {
        Some(changes) => {
            control.lose(changes);
            Duration::ZERO
        }
        None => {
            control.lose_for(severity.span);
            severity.span
        }
    }
}

fn restart_database(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.restart_database(severity.span, severity.span);
    severity.span * 2
}

fn stop_database(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    let without_slot = severity.span.min(MAX_WITHOUT_SLOT);
    control.stop_database(severity.span, without_slot);
    severity.span + without_slot
}

fn end_poller(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.end_poller(severity.span);
    severity.span
}

fn time_out_poller(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.time_out_poller(BURST, severity.span);
    severity.span
}

fn exceed_change_limit(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.exceed_change_limit(BURST, severity.span);
    severity.span
}

fn revoke_select(control: &Control, severity: Severity, rng: &mut Rng) -> Duration {
    control.revoke_select(table(rng), severity.span);
    severity.span
}

fn reload(control: &Control, _: Severity, rng: &mut Rng) -> usize {
    control.reload(table(rng), OMITTED_OF)
}

fn exceed_join_limit(control: &Control, severity: Severity, _: &mut Rng) -> Duration {
    control.exceed_join_limit(severity.span);
    control.cut(severity.cut);
    severity.span
}

fn table(rng: &mut Rng) -> TableId {
    TABLES
        .get(rng.usize(..TABLES.len()))
        .copied()
        .unwrap_or(TableId::Agents)
}

/// Refuses new sockets in one of the server's own ways and drops the open ones.
fn refuse(control: &Control, severity: Severity, name: &str, retry_after: Option<u32>) -> Duration {
    let refusal = Refusal {
        retry_after,
        ..Refusal::named(name).unwrap_or_default()
    };
    control.refuse(refusal, Some(severity.span));
    control.cut(severity.cut);
    severity.span
}

fn refuse_join(control: &Control, severity: Severity, rng: &mut Rng) -> usize {
    control.refuse_joins(pick(&JOIN_ERRORS, rng), 1);
    control.cut(severity.cut)
}

fn break_pages(control: &Control, severity: Severity, rng: &mut Rng) -> usize {
    let mut faults = [
        AnswerFault::Html(200),
        AnswerFault::Html(502),
        AnswerFault::Truncate,
        AnswerFault::Half,
        AnswerFault::Garbage,
        AnswerFault::Hangup,
        AnswerFault::Status {
            status: 503,
            text: "Service Unavailable".into(),
            retry_after: Some(1),
        },
    ];
    rng.shuffle(&mut faults);
    for fault in faults.into_iter().take(MAX_BAD_PAGES) {
        control.inject_answer_fault(Api::Rest, fault, rng.u32(..2), 1);
    }
    control.cut(severity.cut)
}

fn send_malformed_frame(control: &Control, _: Severity, rng: &mut Rng) -> usize {
    control.send_text(pick(&MALFORMED_FRAMES, rng))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_the_sequence_and_every_kind_occurs() {
        let sequence = |seed| Fault::sequence(100, &mut Rng::with_seed(seed));
        assert_eq!(sequence(3).len(), 100);
        assert_eq!(sequence(3), sequence(3));
        assert_ne!(sequence(3), sequence(4));
        for kind in Fault::ALL {
            let times = sequence(3).into_iter().filter(|fault| fault == kind).count();
            let rounds = 100 / Fault::ALL.len();
            assert!((rounds..=rounds + 1).contains(&times), "{kind}: {times}");
        }
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Fault::ALL {
            assert_eq!(Fault::named(kind.name()), Some(*kind));
        }
        assert_eq!(Fault::HalfOpen.to_string(), "half_open");
        assert_eq!(Fault::Http401.name(), "http_401");
        assert_eq!(Fault::named("axe"), None);
    }

    /// The table of the crate's README is derived from the list.
    #[test]
    fn the_readme_lists_every_kind() {
        let mut table =
            String::from("| fault | what happens | detected | injected by | lasts |\n|---|---|---|---|---|\n");
        for fault in Fault::ALL {
            let detected = match fault.detection() {
                Detection::Certain => "always",
                Detection::Possible => "perhaps",
                Detection::BySnapshot => "by reading again",
            };
            let site = if fault.needs_proxy() { "proxy" } else { "server" };
            let lasts = if fault.lasts() { "yes" } else { "" };
            let (name, text) = (fault.name().replace('_', "-"), fault.description());
            table += &format!("| `{name}` | {text} | {detected} | {site} | {lasts} |\n");
        }
        let readme = include_str!("../README.md");
        assert!(
            readme.contains(&table),
            "write this table into crates/lab/README.md:\n{table}"
        );
    }

    #[test]
    fn a_random_severity_stays_within_its_bounds() {
        let mut rng = Rng::with_seed(1);
        let spans = Duration::from_millis(500)..Duration::from_millis(2_500);
        for _ in 0..100 {
            let severity = Severity::random(spans.clone(), &mut rng);
            assert!(spans.contains(&severity.span), "{severity:?}");
            assert!(
                severity.changes.is_none_or(|changes| (1..50).contains(&changes)),
                "{severity:?}"
            );
        }
    }

    #[test]
    fn the_words_of_refusals_are_the_server_s() {
        for name in SYSTEM_ERRORS {
            assert!(
                SystemMessage::named(name).is_some_and(|message| message.closes),
                "{name}"
            );
        }
        for name in ["expired", "too_many_users", "error", "unavailable"] {
            assert!(Refusal::named(name).is_some(), "{name}");
        }
        for name in JOIN_ERRORS {
            assert!(demo::JoinError::named(name).is_some(), "{name}");
        }
    }
}
