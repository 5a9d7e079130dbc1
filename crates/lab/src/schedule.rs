//! Faults at regular intervals, as `--faults` writes them: `drop-every=20s,refuse-for=8s,stall-every=60s,stall-for=10s`.
//!
//! `NAME-every=20s` injects a fault of the list that often, and `NAME-for=8s` sets how long it lasts; the name is the fault's
//! with hyphens (`http-429`). Faults that need a proxy cannot be scheduled. There are three older spellings: `refuse-for=8s`
//! refuses new sockets after each drop (which makes it an `http-503`), `lose-every=5s` is `silent-loss-every=5s`, and `lose=3`
//! is the number of changes that it loses.

use std::{
    io,
    str::FromStr,
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use demo::{Control, Cut, DemoError};
use fastrand::Rng;

use crate::{Fault, Severity, Target};

/// What goes wrong, and how often. By default nothing does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    entries: Vec<ScheduledFault>,
}

/// A fault that is injected at an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ScheduledFault {
    fault: Fault,
    every: Duration,
    severity: Severity,
}

/// Why a profile cannot be read. The text is a whole sentence that says how to write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScheduleError(String);

/// How long a fault lasts when the profile does not say.
const DEFAULT_SPAN: Duration = Duration::from_secs(10);
/// Shortest and longest interval or span.
const SECONDS: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;

impl Schedule {
    /// Whether it injects nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Injects its faults into a server, from a thread of its own, until the result is dropped. The first fault of an
    /// entry comes after its first interval.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(self, control: Control) -> io::Result<Scheduler> {
        let (stop, stopped) = sync_channel::<()>(0);
        let run = move || {
            let mut rng = Rng::new();
            let now = Instant::now();
            let mut due: Vec<(Instant, ScheduledFault)> =
                self.entries.iter().map(|entry| (now + entry.every, *entry)).collect();
            while let Some((at, entry)) = due.iter_mut().min_by_key(|(at, _)| *at) {
                match stopped.recv_timeout(at.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
                let target = Target {
                    control: &control,
                    proxy: None,
                };
                entry.fault.inject(target, entry.severity, &mut rng);
                *at += entry.every;
            }
        };
        let thread = thread::Builder::new().name("lab-faults".into()).spawn(run)?;
        Ok(Scheduler {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A schedule that is running. It stops when dropped.
#[derive(Debug)]
pub struct Scheduler {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a profile says about the fault of one name.
#[derive(Default)]
struct Draft<'a> {
    name: &'a str,
    /// A word that needs `NAME-every` to have an effect.
    dependent: Option<&'a str>,
    every: Option<Duration>,
    span: Option<Duration>,
    cut: Option<Cut>,
    changes: Option<u64>,
    refuse_for: Option<Duration>,
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut drafts: Vec<Draft<'_>> = Vec::new();
        let words = text.split(',').map(str::trim);
        for word in words.filter(|word| !word.is_empty() && *word != "none") {
            let (word, value) = word.split_once('=').unwrap_or((word, ""));
            read(&mut drafts, word.trim(), value.trim())?;
        }
        let entries: Result<_, _> = drafts.into_iter().map(Draft::finish).collect();
        Ok(Self { entries: entries? })
    }
}

/// Enters one `word=value` into the draft that it belongs to.
fn read<'a>(drafts: &mut Vec<Draft<'a>>, word: &'a str, value: &str) -> Result<(), ScheduleError> {
    let (name, part) = match word {
        "drop-how" => ("drop", "how"),
        "refuse-for" => ("drop", "refuse-for"),
        "lose" => ("lose", "changes"),
        word => word.rsplit_once('-').unwrap_or((word, "")),
    };
    let fault = fault(name).filter(|fault| !fault.needs_proxy());
    let fault = fault.ok_or_else(|| unknown(word))?;
    let at = drafts.iter().position(|draft| draft.name == name).unwrap_or_else(|| {
        drafts.push(Draft {
            name,
            ..Draft::default()
        });
        drafts.len() - 1
    });
    let Some(draft) = drafts.get_mut(at) else { return Ok(()) };
    match part {
        "every" => draft.every = Some(duration(word, value)?),
        "for" if fault.lasts() => draft.span = Some(duration(word, value)?),
        "refuse-for" => draft.refuse_for = Some(duration(word, value)?),
        "how" => {
            draft.cut = Some(
                value
                    .parse()
                    .map_err(|error: DemoError| ScheduleError(error.to_string()))?,
            )
        }
        "changes" => {
            let changes = value.parse();
            let bad = |_| ScheduleError(format!("lose={value} is no number of changes: write it as lose=5"));
            draft.changes = Some(changes.map_err(bad)?);
        }
        _ => return Err(unknown(word)),
    }
    if part != "every" {
        draft.dependent = Some(word);
    }
    Ok(())
}

impl Draft<'_> {
    fn finish(self) -> Result<ScheduledFault, ScheduleError> {
        let name = self.name;
        let every = self.every.ok_or_else(|| {
            let word = self.dependent.unwrap_or(name);
            ScheduleError(format!(
                "{word} has no effect without {name}-every: add {name}-every=30s"
            ))
        })?;
        let fault = match self.refuse_for {
            // Dropping the sockets and refusing new ones is a kind of its own.
            Some(_) => Fault::Http503,
            None => fault(name).ok_or_else(|| unknown(name))?,
        };
        Ok(ScheduledFault {
            fault,
            every,
            severity: Severity {
                span: self.refuse_for.or(self.span).unwrap_or(DEFAULT_SPAN),
                cut: self.cut.unwrap_or_default(),
                // One change is lost unless the profile sets a number of changes or a span.
                changes: self.changes.or(self.span.is_none().then_some(1)),
            },
        })
    }
}

fn fault(name: &str) -> Option<Fault> {
    match name {
        "lose" => Some(Fault::SilentLoss),
        name => Fault::named(&name.replace('-', "_")),
    }
}

fn unknown(word: &str) -> ScheduleError {
    let at_server = Fault::ALL.iter().filter(|fault| !fault.needs_proxy());
    let names: Vec<String> = at_server.map(|fault| fault.name().replace('_', "-")).collect();
    ScheduleError(format!(
        "unknown fault '{word}': the known ones are drop-every, drop-how, refuse-for, stall-every, stall-for, lose-every and \
         lose, as in drop-every=20s,refuse-for=8s; and NAME-every, with NAME-for where the fault lasts, for {}",
        names.join(", ")
    ))
}

/// Reads a duration between 100 ms and a day.
fn duration(word: &str, value: &str) -> Result<Duration, ScheduleError> {
    let bad = || {
        ScheduleError(format!(
            "{word}={value} is no duration between 100ms and 24h: write it as {word}=20s (units: ms, s, m, h)"
        ))
    };
    let unit_at = value.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(unit_at).ok_or_else(bad)?;
    let scale = match unit.trim() {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(bad()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| bad())? * scale;
    if !SECONDS.contains(&seconds) {
        return Err(bad());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<ScheduledFault> {
        text.parse::<Schedule>().expect(text).entries
    }

    #[test]
    fn a_profile_is_read() {
        let text = "drop-every=20s, refuse-for=8s,stall-every=1m,stall-for=1500ms,drop-how=1012";
        let [drop, stall] = entries(text)[..] else {
            panic!("two entries")
        };
        assert_eq!((drop.fault, drop.every), (Fault::Http503, Duration::from_secs(20)));
        assert_eq!(
            (drop.severity.cut, drop.severity.span),
            (Cut::Close(1012), Duration::from_secs(8))
        );
        assert_eq!((stall.fault, stall.every), (Fault::Stall, Duration::from_secs(60)));
        assert_eq!(stall.severity.span, Duration::from_millis(1500));
        for none in ["", "none"] {
            assert!(none.parse::<Schedule>().expect("nothing").is_empty());
        }
    }

    #[test]
    fn what_a_profile_leaves_out_has_a_default() {
        let [drop, stall, lose] = entries("drop-every=5s,stall-every=5s,lose-every=5s")[..] else {
            panic!("three entries")
        };
        assert_eq!((drop.fault, drop.severity.cut), (Fault::Drop, Cut::Fin));
        assert_eq!(stall.severity.span, DEFAULT_SPAN);
        assert_eq!((lose.fault, lose.severity.changes), (Fault::SilentLoss, Some(1)));
        assert_eq!(entries("lose-every=5s,lose=7")[0].severity.changes, Some(7));
    }

    #[test]
    fn every_fault_of_the_server_can_be_scheduled() {
        for fault in Fault::ALL {
            let name = fault.name().replace('_', "-");
            let read = format!("{name}-every=5s").parse::<Schedule>();
            assert_eq!(read.is_ok(), !fault.needs_proxy(), "{name}: {read:?}");
            let lasting = format!("{name}-every=5s,{name}-for=2s").parse::<Schedule>();
            assert_eq!(
                lasting.is_ok(),
                fault.lasts() && !fault.needs_proxy(),
                "{name}: {lasting:?}"
            );
        }
        let [loss] = entries("silent-loss-every=5s,silent-loss-for=2s")[..] else {
            panic!("one entry")
        };
        assert_eq!(
            (loss.severity.changes, loss.severity.span),
            (None, Duration::from_secs(2))
        );
    }

    #[test]
    fn a_bad_profile_is_one_sentence_that_names_the_word() {
        for (text, said) in [
            (
                "drop-evry=20s",
                "unknown fault 'drop-evry': the known ones are drop-every",
            ),
            ("axe", "unknown fault 'axe'"),
            ("half-open-every=5s", "unknown fault 'half-open-every'"),
            ("drop-every=0s", "drop-every=0s is no duration"),
            ("drop-every=20parsecs", "drop-every=20parsecs is no duration"),
            ("drop-every", "drop-every= is no duration"),
            ("drop-every=é", "drop-every=é is no duration"),
            ("refuse-for=8s", "refuse-for has no effect without drop-every"),
            ("stall-for=8s", "stall-for has no effect without stall-every"),
            ("drop-how=1012", "drop-how has no effect without drop-every"),
            ("lose=2", "lose has no effect without lose-every"),
            ("lose-every=5s,lose=x", "lose=x is no number"),
            ("drop-every=5s,drop-how=axe", "axe"),
        ] {
            let error = text.parse::<Schedule>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
