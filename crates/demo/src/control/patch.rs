//! Changes to the behaviour and to a table's rules, as a control call writes them. What is absent stays as it is.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{DemoError, MAX_STEPS, call::seconds};
use crate::{Behaviour, Delays, Limit, Subscribe, TableRules};

/// Changes to the server's behaviour. Names that end in `_s` are seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BehaviourPatch {
    /// The base of the delays.
    delays: Option<DelaysWord>,
    /// Factor on all delays.
    delay_scale: Option<f64>,
    join_s: Option<f64>,
    join_error_s: Option<f64>,
    subscribe_s: Option<f64>,
    resubscribe_s: Option<f64>,
    refuse_s: Option<f64>,
    token_check_s: Option<f64>,
    idle_s: Option<f64>,
    blocks_while_joining: Option<bool>,
    subscribe: Option<SubscribeWord>,
    slot_late_s: Option<f64>,
    stale_frames: Option<bool>,
    /// 0 = whole messages.
    fragment_bytes: Option<usize>,
    page_s: Option<f64>,
    steps_behind_page: Option<usize>,
    max_rows: Option<usize>,
    toast_bytes: Option<usize>,
    max_change_bytes: Option<usize>,
    poll_s: Option<f64>,
    /// 0 = none.
    limit_per_s: Option<f64>,
    limit_bucket_s: Option<f64>,
    /// 0 = none.
    joins_per_s: Option<f64>,
    joins_bucket_s: Option<f64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DelaysWord {
    Demo,
    Real,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SubscribeWord {
    Confirmed,
    Never,
    ErrorFirst,
    ChangesFirst,
    SlotLate,
    Deaf,
}

/// Changes to a table's rules.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TablePatch {
    published: Option<bool>,
    full: Option<bool>,
    keyless: Option<bool>,
    /// "" = none.
    partition: Option<String>,
    /// Roles that lose the right to read it.
    deny: Vec<String>,
    /// Roles that get the right to read it back.
    grant: Vec<String>,
    /// `false` = row-level security off.
    row_security: Option<bool>,
    /// Row-level security policies: a condition for each role.
    policies: BTreeMap<String, String>,
}

/// Most roles that one table may be denied to.
const MAX_DENIED: usize = 64;

impl BehaviourPatch {
    /// Applies all changes, or none and an error.
    pub(crate) fn apply(&self, behaviour: &mut Behaviour) -> Result<(), DemoError> {
        let mut new = behaviour.clone();
        if let Some(word) = self.delays {
            new.delays = match word {
                DelaysWord::Demo => Delays::DEMO,
                DelaysWord::Real => Delays::REAL,
            };
        }
        if let Some(scale) = self.delay_scale {
            if !(0.0..=1_000.0).contains(&scale) {
                return Err(DemoError::Control("delay_scale must be between 0 and 1000".into()));
            }
            new.delays = new.delays.scaled(scale);
        }
        let spans: [(Option<f64>, &mut Duration); 9] = [
            (self.join_s, &mut new.delays.join),
            (self.join_error_s, &mut new.delays.join_error),
            (self.subscribe_s, &mut new.delays.subscribe),
            (self.resubscribe_s, &mut new.delays.resubscribe),
            (self.refuse_s, &mut new.delays.refuse),
            (self.token_check_s, &mut new.delays.token_check),
            (self.idle_s, &mut new.delays.idle),
            (self.page_s, &mut new.delays.page),
            (self.poll_s, &mut new.poll),
        ];
        for (value, span) in spans {
            if let Some(value) = value {
                *span = seconds(value)?;
            }
        }
        let late = self.slot_late_s.map(seconds).transpose()?;
        match (self.subscribe, late) {
            (None, None) => {}
            (Some(SubscribeWord::SlotLate), None) => {
                return Err(DemoError::Control(
                    "slot_late needs a delay: add \"slot_late_s\":3".into(),
                ));
            }
            (None | Some(SubscribeWord::SlotLate), Some(late)) => new.subscribe = Subscribe::SlotLate(late),
            (Some(word), _) => {
                new.subscribe = match word {
                    SubscribeWord::Confirmed | SubscribeWord::SlotLate => Subscribe::Confirmed,
                    SubscribeWord::Never => Subscribe::Never,
                    SubscribeWord::ErrorFirst => Subscribe::ErrorFirst,
                    SubscribeWord::ChangesFirst => Subscribe::ChangesFirst,
                    SubscribeWord::Deaf => Subscribe::Deaf,
                }
            }
        }
        if let Some(per_s) = self.limit_per_s {
            new.limit = limit(per_s, self.limit_bucket_s)?;
        }
        if let Some(per_s) = self.joins_per_s {
            new.join_limit = limit(per_s, self.joins_bucket_s)?;
        }
        new.blocks_while_joining = self.blocks_while_joining.unwrap_or(new.blocks_while_joining);
        new.sends_stale_frames = self.stale_frames.unwrap_or(new.sends_stale_frames);
        new.steps_behind_page = self.steps_behind_page.unwrap_or(new.steps_behind_page).min(MAX_STEPS);
        new.max_rows = self.max_rows.unwrap_or(new.max_rows);
        new.toast_bytes = self.toast_bytes.unwrap_or(new.toast_bytes);
        new.max_change_bytes = self.max_change_bytes.unwrap_or(new.max_change_bytes);
        if let Some(bytes) = self.fragment_bytes {
            new.fragment_bytes = (bytes > 0).then_some(bytes);
        }
        *behaviour = new;
        Ok(())
    }
}

/// A limit with buckets of this length, or of the real server's; `None` for a rate of 0.
fn limit(per_s: f64, bucket_s: Option<f64>) -> Result<Option<Limit>, DemoError> {
    let bucket = bucket_s.map(seconds).transpose()?;
    Ok((per_s > 0.0).then(|| Limit {
        bucket: bucket.unwrap_or(Limit::real(per_s).bucket),
        per_s,
    }))
}

impl TablePatch {
    /// Applies all changes, or none and an error.
    pub(crate) fn apply(&self, rules: &mut TableRules) -> Result<(), DemoError> {
        let mut new = rules.clone();
        new.is_published = self.published.unwrap_or(new.is_published);
        new.is_full = self.full.unwrap_or(new.is_full);
        new.is_keyless = self.keyless.unwrap_or(new.is_keyless);
        if let Some(name) = &self.partition {
            new.partition = (!name.is_empty()).then(|| name.clone());
        }
        new.denied.extend(self.deny.iter().cloned());
        new.denied.retain(|role| !self.grant.contains(role));
        if new.denied.len() > MAX_DENIED {
            return Err(DemoError::Control(format!(
                "a table of the demo feed is denied to at most {MAX_DENIED} roles"
            )));
        }
        match self.row_security {
            Some(true) => new.restrict(),
            Some(false) => new.allow_all(),
            None => {}
        }
        for (role, condition) in &self.policies {
            new.allow(role, condition)?;
        }
        *rules = new;
        Ok(())
    }
}
