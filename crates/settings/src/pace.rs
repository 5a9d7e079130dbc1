//! How often and how long: the backoff's four settings and what is done regularly.

use std::time::Duration;

use super::{
    SettingsError,
    origin::Origin,
    typed::{Set, Values},
};
use model::Backoff;

/// Share of a delay that is random in kiosk mode: many walls must not come back at one moment.
const KIOSK_JITTER: f64 = 0.2;

/// The backoff's four settings with their origins.
pub(super) struct BackoffSet {
    pub(super) max_attempts: Set<i64>,
    pub(super) interval_ms: Set<i64>,
    pub(super) max_interval_ms: Set<i64>,
    pub(super) jitter: Set<f64>,
}

impl BackoffSet {
    pub(super) fn value(&self) -> Backoff {
        Backoff {
            max_attempts: u32::try_from(self.max_attempts.value).unwrap_or(u32::MAX),
            interval: millis(self.interval_ms.value),
            max_interval: millis(self.max_interval_ms.value),
            jitter: self.jitter.value,
        }
        .clamped()
    }
}

pub(super) fn backoff(values: &Values, kiosk: bool) -> Result<BackoffSet, SettingsError> {
    let usual = Backoff::default();
    let (least, most) = Backoff::INTERVAL_RANGE;
    let bounds = whole_millis(least)..=whole_millis(most);
    let origin = || if kiosk { Origin::Kiosk } else { Origin::Default };
    let attempts = if kiosk { 0 } else { usual.max_attempts };
    let max_attempts = values.whole(
        "max_reconnect_attempts",
        0..=Backoff::MAX_ATTEMPTS_LIMIT.into(),
        " (0 = never give up)",
        Set::new(attempts.into(), origin()),
    )?;
    let mut interval_ms = values.whole(
        "reconnect_interval_ms",
        bounds.clone(),
        "",
        default(whole_millis(usual.interval)),
    )?;
    let mut max_interval_ms = values.whole(
        "max_reconnect_interval_ms",
        bounds,
        "",
        default(whole_millis(usual.max_interval)),
    )?;
    if max_interval_ms.value < interval_ms.value {
        // Where only one of the two was said, the other goes with it.
        if max_interval_ms.origin == Origin::Default {
            max_interval_ms = Set::new(interval_ms.value, Origin::Derived("reconnect_interval_ms"));
        } else if interval_ms.origin == Origin::Default {
            interval_ms = Set::new(max_interval_ms.value, Origin::Derived("max_reconnect_interval_ms"));
        } else {
            return Err(SettingsError::value(
                max_interval_ms.origin.subject("max_reconnect_interval_ms"),
                &max_interval_ms.value.to_string(),
                format!("at least reconnect_interval_ms, which is {}", interval_ms.value),
            ));
        }
    }
    let unset = match kiosk {
        true => Set::new(KIOSK_JITTER, Origin::Kiosk),
        false => Set::new(0.0, Origin::Default),
    };
    Ok(BackoffSet {
        max_attempts,
        interval_ms,
        max_interval_ms,
        jitter: values.number("reconnect_jitter", 0.0..=1.0, "")?.unwrap_or(unset),
    })
}

/// What is done regularly, with its origins.
pub(super) struct Rounds {
    pub(super) heartbeat_ms: Set<i64>,
    pub(super) reconcile_s: Set<i64>,
    pub(super) audit_s: Set<i64>,
    pub(super) change_limit: Set<i64>,
    pub(super) replace_h: Set<i64>,
}

impl Rounds {
    pub(super) fn read(values: &Values) -> Result<Self, SettingsError> {
        const WEEK_S: i64 = 604_800;
        const YEAR_H: i64 = 8_760;
        let never = " (0 = never)";
        Ok(Self {
            heartbeat_ms: values.whole("heartbeat_interval_ms", 100..=60_000, "", default(25_000))?,
            reconcile_s: values.whole("reconcile_interval_s", 0..=WEEK_S, never, default(600))?,
            audit_s: values.whole("audit_interval_s", 0..=WEEK_S, never, default(60))?,
            change_limit: values.whole(
                "change_limit",
                0..=1_000_000,
                " (0 = the server drops nothing)",
                default(100),
            )?,
            replace_h: values.whole("replace_connection_h", 0..=YEAR_H, never, default(23))?,
        })
    }

    pub(super) fn heartbeat(&self) -> Duration {
        millis(self.heartbeat_ms.value)
    }

    pub(super) fn reconcile(&self) -> Option<Duration> {
        unless_zero(&self.reconcile_s, 1)
    }

    pub(super) fn audit(&self) -> Option<Duration> {
        unless_zero(&self.audit_s, 1)
    }

    pub(super) fn change_limit(&self) -> Option<u32> {
        u32::try_from(self.change_limit.value).ok().filter(|limit| *limit != 0)
    }

    pub(super) fn replace(&self) -> Option<Duration> {
        unless_zero(&self.replace_h, 3_600)
    }
}

fn unless_zero(set: &Set<i64>, seconds: u64) -> Option<Duration> {
    (set.value != 0).then(|| Duration::from_secs(set.value.unsigned_abs() * seconds))
}

fn default(value: i64) -> Set<i64> {
    Set::new(value, Origin::Default)
}

fn millis(value: i64) -> Duration {
    Duration::from_millis(value.unsigned_abs())
}

fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
