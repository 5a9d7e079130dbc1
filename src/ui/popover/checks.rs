//! The checks: subscription, resync, audit, drift, pulse, broadcast.

use egui::Ui;

use super::{
    PopoverView,
    line::{fact, heading},
};
use crate::ui::format;
use realtime::{BroadcastReport, PulseReport, PulseState, Resync};

/// Draws the checks.
pub(super) fn checks_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let link = view.link;
    heading(ui, "Checks");
    fact(ui, "Subscription", subscription_text(link.joins));
    fact(
        ui,
        "Last resync",
        match &link.last_resync {
            Some(resync) => resync_text(resync, view.feed_ms),
            None => "none yet".to_owned(),
        },
    );
    fact(
        ui,
        "Last audit",
        match link.last_audit {
            Some((at, true)) => format!("{}: equal", view.ago(at)),
            Some((at, false)) => format!("{}: different, so the tables are read again", view.ago(at)),
            None => "none yet".to_owned(),
        },
    );
    fact(
        ui,
        "Last drift",
        match link.last_drift {
            Some((at, rows)) => format!(
                "{}: {} corrected",
                view.ago(at),
                format::counted(rows as u64, "row", "rows")
            ),
            None => "none found".to_owned(),
        },
    );
    if let Some(pulse) = &link.pulse {
        fact(ui, "Pulse", pulse_text(pulse, view.feed_ms));
    }
    if let Some(text) = link.broadcast.as_ref().and_then(broadcast_text) {
        fact(ui, "Broadcast", text);
    }
}

/// `1,204 messages, 3 changes missed by the database feed, 0 by broadcast`; nothing where it was never joined.
fn broadcast_text(broadcast: &BroadcastReport) -> Option<String> {
    if !broadcast.is_joined && broadcast.messages == 0 {
        return None;
    }
    let state = if broadcast.is_joined { "" } else { "not joined: " };
    Some(format!(
        "{state}{}, {} missed by the database feed, {} by broadcast",
        format::counted(broadcast.messages, "message", "messages"),
        format::counted(broadcast.missed_by_stream, "change", "changes"),
        format::grouped(broadcast.missed_by_broadcast)
    ))
}

/// `every 5 s, last 2 s ago, 0 lost`
fn pulse_text(pulse: &PulseReport, feed_ms: u64) -> String {
    let state = match pulse.state {
        PulseState::Awaited | PulseState::Running => "",
        PulseState::Missing => "does not arrive: ",
        PulseState::Stopped => "stopped: ",
    };
    let every = match pulse.interval_ms {
        Some(interval) => format!("every {}", format::age((interval as f64 / 1e3).round())),
        None => "interval not known yet".to_owned(),
    };
    let last = match pulse.last_ms {
        Some(at) => format!("last {} ago", format::age(feed_ms.saturating_sub(at) as f64 / 1e3)),
        None => "none yet".to_owned(),
    };
    format!("{state}{every}, {last}, {} lost", format::grouped(pulse.lost))
}

fn subscription_text(joins: u64) -> String {
    match joins {
        0 => "none yet".to_owned(),
        joins => format!("no. {}", format::grouped(joins)),
    }
}

/// `4 min 10 s ago, after a loss, in 1.2 s: 3 added, 12 changed, 1 removed`.
pub(super) fn resync_text(resync: &Resync, feed_ms: u64) -> String {
    let why = match resync.why {
        "first" => "for a new subscription",
        "gap" => "after a loss",
        "audit" => "routine check",
        "poll" => "of single tables",
        "replaced" => "for a fresh connection",
        other => other,
    };
    let Resync {
        added,
        changed,
        removed,
        ..
    } = *resync;
    let difference = if added + changed + removed == 0 {
        "no difference".to_owned()
    } else {
        let count = |count: usize| format::grouped(count as u64);
        format!(
            "{} added, {} changed, {} removed",
            count(added),
            count(changed),
            count(removed)
        )
    };
    let ago = format::span(feed_ms.saturating_sub(resync.at_ms) as f64 / 1e3);
    format!("{ago} ago, {why}, in {}: {difference}", format::millis(resync.took_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_is_one_line_where_there_is_one() {
        let mut broadcast = BroadcastReport::default();
        assert_eq!(broadcast_text(&broadcast), None);
        broadcast.messages = 1_204;
        broadcast.missed_by_stream = 3;
        broadcast.is_joined = true;
        assert_eq!(
            broadcast_text(&broadcast).as_deref(),
            Some("1,204 messages, 3 changes missed by the database feed, 0 by broadcast")
        );
    }

    #[test]
    fn the_pulse_is_one_line() {
        let mut pulse = PulseReport {
            state: PulseState::Running,
            interval_ms: Some(5_020),
            last_ms: Some(8_000),
            lost: 0,
        };
        assert_eq!(pulse_text(&pulse, 10_000), "every 5 s, last 2 s ago, 0 lost");
        pulse.state = PulseState::Stopped;
        assert_eq!(pulse_text(&pulse, 70_000), "stopped: every 5 s, last 1 min ago, 0 lost");
    }

    #[test]
    fn a_resync_shows_why_and_what_it_changed() {
        let mut resync = Resync {
            at_ms: 10_000,
            took_ms: 1_240,
            why: "gap",
            added: 3,
            changed: 1_200,
            removed: 1,
        };
        assert_eq!(
            resync_text(&resync, 260_000),
            "4 min 10 s ago, after a loss, in 1.2 s: 3 added, 1,200 changed, 1 removed"
        );
        resync = Resync {
            why: "audit",
            added: 0,
            changed: 0,
            removed: 0,
            ..resync
        };
        assert_eq!(
            resync_text(&resync, 0),
            "0 s ago, routine check, in 1.2 s: no difference"
        );
    }
}
