//! The connection's details by their labels and actions, without Bevy and without a GPU.

use std::time::Duration;

use egui::{Key, Vec2, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{By, Queryable as _},
};
use model::theme::ThemeName;
use model::{Backoff, Kind, Level};
use opswall::{
    messages::Intent,
    ui::{
        Action, TypeScale,
        header::{BadgeView, LostSources},
        link_look::Tone,
        overlay::{OverlayView, overlay_ui},
        popover::{PopoverView, SourceLine, TuneDraft, popover_area, popover_ui},
        theme,
    },
};
use realtime::{Attempt, LinkEvent, LinkReport, LinkStatus, Resync, SourceReport, SourceState};

use crate::ui_panels::{badge, themed};

#[derive(Default)]
struct PopoverState {
    actions: Vec<Action>,
    draft: TuneDraft,
    sent: Vec<Backoff>,
    now: f64,
}

fn popover(tone: Tone, status: LinkStatus) -> Harness<'static, PopoverState> {
    let link = LinkReport {
        heartbeat_rtt_ms: Some(12),
        ..LinkReport::default()
    };
    let mut sources = lines();
    sources[1].report.rows = 400;
    sources[1].report.state = SourceState::Reading;
    popover_of(BadgeView { status, ..badge(tone) }, link, sources, true, 480.0)
}

/// 2023-11-14 22:13:20 UTC.
const WALL_MS: i64 = 1_700_000_000_000;

static ZONE: jiff::tz::TimeZone = jiff::tz::TimeZone::UTC;

/// What the popover of these tests shows.
fn popover_view<'a>(
    badge: &'a BadgeView,
    link: &'a LinkReport,
    sources: &'a [SourceLine],
    backoff: Backoff,
    signed_in: bool,
) -> PopoverView<'a> {
    PopoverView {
        badge,
        since_secs: 93.0,
        shown_url: "wss://example.supabase.co/realtime/v1/websocket",
        sources,
        link,
        changes_per_second: 48.0,
        bytes_per_second: 3_400.0,
        can_connect: true,
        backoff,
        feed_ms: 10_000_000,
        signed_in,
        wall_ms: WALL_MS,
        zone: &ZONE,
        pages: 0,
    }
}

fn popover_of(
    badge: BadgeView,
    link: LinkReport,
    sources: Vec<SourceLine>,
    signed_in: bool,
    width: f32,
) -> Harness<'static, PopoverState> {
    themed((width, 1_800.0), PopoverState::default(), move |ui, state| {
        let backoff = state.draft.shown();
        let view = popover_view(&badge, &link, &sources, backoff, signed_in);
        let mut actions = Vec::new();
        popover_ui(ui, &view, &mut actions);
        state.now += 0.1;
        for action in actions {
            match action {
                Action::Tuned(backoff) => state.draft.edit(backoff),
                other => state.actions.push(other),
            }
        }
        state.sent.extend(state.draft.due(state.now));
    })
}

#[test]
fn reconnect_and_disconnect_push_one_intent_each() {
    let mut harness = popover(Tone::Live, LinkStatus::Connected);
    for (label, intent) in [("Reconnect", Intent::Reconnect), ("Disconnect", Intent::Disconnect)] {
        harness.get_by_label(label).click();
        harness.run_steps(4);
        assert_eq!(harness.state().actions, [Action::Intent(intent)]);
        harness.state_mut().actions.clear();
    }
}

#[test]
fn a_closed_connection_cannot_be_disconnected() {
    let mut harness = popover(Tone::Offline, LinkStatus::Disconnected);
    harness.get_by_label("Disconnect").click();
    harness.run_steps(4);
    assert_eq!(harness.state().actions, []);
}

#[test]
fn the_popover_shows_the_facts() {
    let mut harness = popover(Tone::Live, LinkStatus::Connected);
    harness.run_steps(2);
    for label in [
        "12 ms now, 12 ms at most",
        "400 rows",
        "reading the snapshot",
        "for 1 min 33 s",
        "No connection yet.",
        "Nothing has happened yet.",
        "none found",
        "none",
    ] {
        harness.get_by_label(label);
    }
    harness.get_by_label("3 · 6 · 12 · 24 · 48 s, then gives up after 1 min 33 s");
}

/// A connection with a history.
fn eventful() -> LinkReport {
    let mut link = LinkReport {
        heartbeat_rtt_ms: Some(23),
        round_trips_ms: vec![48, 21, 23],
        joins: 3,
        last_resync: Some(Resync {
            at_ms: 9_750_000,
            took_ms: 1_240,
            why: "gap",
            added: 3,
            changed: 12,
            removed: 1,
        }),
        last_drift: Some((2_800_000, 4)),
        last_audit: Some((9_988_000, true)),
        token_expires_ms: Some(WALL_MS + 43 * 60_000),
        coalesced: 1_204,
        changes: 11_912,
        bytes: 8_412_000,
        malformed: 2,
        connects: 3,
        history: vec![
            Attempt {
                started_ms: 9_000_000,
                live_ms: None,
                ended_ms: Some(9_001_000),
                reason: Some("connection refused".to_owned()),
            },
            Attempt {
                started_ms: 9_400_000,
                live_ms: Some(9_401_000),
                ended_ms: None,
                reason: None,
            },
        ],
        ..LinkReport::default()
    };
    for (second, (level, text, times)) in [
        (Level::Info, "Live: 40 agents, 400 tasks, 12 workflows.", 1),
        (Level::Warn, "Connection lost: the server closed the socket (1006).", 1),
        (Level::Info, "The session token was renewed.", 7),
    ]
    .into_iter()
    .enumerate()
    {
        link.events.push(LinkEvent {
            at_ms: 9_000_000 + second as u64 * 400_000,
            level,
            text: text.to_owned(),
            times,
        });
    }
    link
}

/// The usual sources, of which nothing is known.
fn lines() -> Vec<SourceLine> {
    [Kind::Agent, Kind::Task, Kind::Workflow]
        .map(|kind| SourceLine {
            name: kind.plural().to_owned(),
            kind: Some(kind),
            report: SourceReport::default(),
        })
        .to_vec()
}

/// The sources of such a connection.
fn sources() -> Vec<SourceLine> {
    let mut sources = lines();
    for (source, rows) in sources.iter_mut().zip([40, 1_400, 1]) {
        source.report.state = SourceState::Followed;
        source.report.rows = rows;
    }
    sources[1].report.state = SourceState::StreamOnly;
    sources[2].report.state = SourceState::Polled;
    sources
}

#[test]
fn every_line_of_the_popover_in_one_column_and_in_two() {
    for width in [480.0, 900.0] {
        let mut harness = popover_of(badge(Tone::Live), eventful(), sources(), true, width);
        harness.run_steps(2);
        for label in [
            "for 1 min 33 s",
            "proven 4 s ago · 3 sources · 48 changes/s",
            "wss://example.supabase.co/realtime/v1/websocket",
            "Round trips of the last 3 heartbeats",
            "23 ms now, 48 ms at most",
            "48 per second, 11,912 in all",
            "3.4 kB per second, 8.4 MB over 3 connections",
            "1,204 replaced by later changes of the same rows",
            "2 frames dropped",
            "ends in 43 min, at 22:56 UTC",
            "40 rows",
            "1,400 rows",
            "1 row",
            "stream only",
            "read every 60 s",
            "no. 3",
            "4 min 10 s ago, after a loss, in 1.2 s: 3 added, 12 changed, 1 removed",
            "12 s ago: equal",
            "2 h ago: 4 rows corrected",
            "Live: 40 agents, 400 tasks, 12 workflows.",
            "Connection lost: the server closed the socket (1006).",
            "The session token was renewed. ×7",
            "Warning",
            "never live: connection refused",
            "live since 9 min 59 s",
            "Reconnecting",
        ] {
            harness.get_by_label(label);
        }
        let top = |text: &str| harness.get_by_label(text).rect().top();
        assert!(
            top("The session token was renewed. ×7") < top("Live: 40 agents, 400 tasks, 12 workflows."),
            "newest first"
        );
        let right = harness
            .query_all(By::new().role(Role::Label))
            .map(|node| node.rect().right())
            .fold(0.0, f32::max);
        assert!(right <= width, "{right} of {width}");
    }
}

#[test]
fn a_lost_table_is_named_with_its_reason_and_the_age_of_its_rows() {
    let mut sources = sources();
    sources[1].report = SourceReport {
        state: SourceState::Lost,
        why: Some("public.tasks may not be read; grant select on it to the role that reads".to_owned()),
        rows: 1_400,
        proven_ms: Some(9_400_000),
        lost_ms: Some(9_520_000),
    };
    sources[2].report.why = Some("it has no primary key".to_owned());
    sources[2].report.proven_ms = Some(9_988_000);
    let badge = BadgeView {
        lost: Some(LostSources {
            count: 1,
            name: "tasks".to_owned(),
            as_of: Some("22:03 UTC".to_owned()),
        }),
        ..badge(Tone::Live)
    };
    for width in [480.0, 900.0] {
        let mut harness = popover_of(badge.clone(), eventful(), sources.clone(), true, width);
        harness.run_steps(2);
        for label in [
            "Live",
            "2 of 3",
            "tasks lost, as of 22:03 UTC · proven 4 s ago · 48 changes/s",
            "lost",
            "10 min ago",
            "lost at 22:05 UTC, rows as of 22:03 UTC: public.tasks may not be read; grant select on it to the role that reads",
            "read every 60 s",
            "12 s ago",
            "read every 60 s only: it has no primary key",
        ] {
            harness.get_by_label(label);
        }
    }
}

#[test]
fn the_popover_stays_on_the_screen_and_all_of_it_is_reached_by_keys() {
    let wall = TypeScale::for_wall(65.0, 5.0, [3840.0, 2160.0], 1.0);
    for (size, scale) in [
        ((1280.0, 720.0), TypeScale::default()),
        ((1920.0, 1080.0), TypeScale::default()),
        ((640.0, 480.0), TypeScale::default()),
        ((3840.0, 2160.0), wall),
        ((1280.0, 720.0), wall),
    ] {
        let (link, sources, badge) = (eventful(), sources(), badge(Tone::Live));
        let room = egui::Rect::from_min_max(egui::pos2(12.0, 70.0), egui::pos2(size.0 - 12.0, size.1 - 12.0));
        let mut dressed = false;
        let pages = std::rc::Rc::new(std::cell::Cell::new(0));
        let pages_down = pages.clone();
        let mut harness = Harness::builder().with_size(Vec2::from(size)).build_ui_state(
            move |ui, actions: &mut Vec<Action>| {
                if !std::mem::replace(&mut dressed, true) {
                    theme::apply(ui.ctx(), &scale, ThemeName::Dark);
                    ui.ctx().request_discard("themed");
                }
                let mut view = popover_view(&badge, &link, &sources, Backoff::default(), true);
                view.pages = pages_down.take();
                popover_area(ui.ctx(), &view, egui::pos2(94.0, 70.0), room, 370.0, actions);
            },
            Vec::new(),
        );
        harness.run_steps(4);
        let area = harness
            .ctx
            .memory(|memory| memory.area_rect(egui::Id::new("connection")));
        let area = area.expect("shown");
        assert!(room.expand(1.0).contains_rect(area), "{size:?}: {area:?} in {room:?}");
        for label in ["Close connection details", "Reconnect", "Disconnect"] {
            let button = harness.get_by_label(label).rect();
            assert!(area.contains_rect(button), "{size:?}: {label} at {button:?}");
        }
        // The last lines of both columns can be scrolled into view.
        for _ in 0..40 {
            pages.set(1);
            harness.run_steps(2);
        }
        for label in [
            "never live: connection refused",
            "Live: 40 agents, 400 tasks, 12 workflows.",
        ] {
            let line = harness.get_by_label(label).rect();
            assert!(
                line.bottom() <= area.bottom() + 1.0,
                "{size:?}: {label} at {line:?}, {area:?}"
            );
        }
        harness.get_by_label("Close connection details").click();
        harness.run_steps(2);
        assert_eq!(harness.state().as_slice(), [Action::ClosePopover]);
    }
}

#[test]
fn the_end_of_a_token_is_named_session_or_key() {
    let ending = |signed_in, left_ms: Option<i64>| {
        let link = LinkReport {
            token_expires_ms: left_ms.map(|left| WALL_MS + left),
            ..LinkReport::default()
        };
        let mut harness = popover_of(badge(Tone::Live), link, lines(), signed_in, 480.0);
        harness.run_steps(2);
        harness
    };
    ending(true, None).get_by_label("not signed in yet");
    let key = ending(false, Some(6 * 24 * 3_600_000));
    key.get_by_label("Key");
    key.get_by_label("ends in 6 d, on 20 Nov 2023 at 22:13 UTC");
    let none = ending(false, None);
    assert!(none.query_by_label("Key").is_none() && none.query_by_label("Session").is_none());
}

#[test]
fn a_reason_is_shown_in_full_with_its_command_to_copy() {
    let command = "alter publication supabase_realtime add table public.tasks";
    let refused = BadgeView {
        status: LinkStatus::Error,
        max_attempts: 0,
        retry_in_secs: Some(251.3),
        reason: Some(format!(
            "public.tasks does not exist or is not published; create it or run \"{command}\", then reconnect"
        )),
        ..badge(Tone::Offline)
    };
    let mut harness = popover_of(refused, LinkReport::default(), lines(), false, 480.0);
    harness.run_steps(2);
    harness.get_by_label_contains("public.tasks does not exist or is not published; create it or run");
    harness.get_by_label("checks again in 4 min 12 s");
    harness.get_by_label(&format!("{command};"));
    harness.get_by_label("Copy").click();
    harness.step();
    harness.step();
    let copied = harness
        .output()
        .platform_output
        .commands
        .iter()
        .any(|done| matches!(done, egui::OutputCommand::CopyText(text) if *text == format!("{command};")));
    let is_shown = harness.query_by_label("Copied").is_some();
    assert!(copied || is_shown, "a click copies");
}

#[test]
fn catching_up_shows_its_reason_and_no_alarm() {
    let reason = "catching up: changes were lost; the tables are read again";
    let view = BadgeView {
        reason: Some(reason.to_owned()),
        ..badge(Tone::CatchingUp)
    };
    let mut harness = popover_of(view, eventful(), sources(), false, 480.0);
    harness.run_steps(2);
    harness.get_by_label("Catching up…");
    harness.get_by_label("Catching up: changes were lost; the tables are read again");
    harness.get_by_label("checking the tables · 48 changes/s");

    // Nothing is drawn over the scene, whatever the veil did before.
    for (rows, age_secs) in [(9, Some(0.0)), (0, Some(0.0)), (9, None)] {
        let mut harness = themed((900.0, 500.0), (), move |ui, ()| {
            let view = OverlayView {
                tone: Tone::CatchingUp,
                staleness: 1.0,
                age_secs,
                reason: Some(reason),
                shown_url: "wss://example.supabase.co/realtime/v1/websocket",
                rows,
                retry_in_secs: None,
            };
            overlay_ui(ui, ui.max_rect(), &view);
        });
        harness.run_steps(2);
        assert_eq!(harness.query_all(By::new().role(Role::Label)).count(), 0);
    }
}

#[test]
fn tuning_sends_the_new_backoff_and_shows_its_schedule() {
    let mut harness = popover(Tone::Live, LinkStatus::Connected);
    harness.run_steps(2);
    let tries = harness.get_by(|node| node.role() == Role::Slider && node.label().as_deref() == Some("Attempts"));
    tries.focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(6);
    let sent = harness.state().sent.clone();
    let expected = Backoff {
        max_attempts: 6,
        ..Backoff::default()
    };
    assert_eq!(sent, [expected]);
    harness.get_by_label("3 · 6 · 12 · 24 · 48 · 60 s, then gives up after 2 min 33 s");

    harness.get_by_label("Reset to defaults").click();
    harness.run_steps(6);
    assert_eq!(harness.state().sent.last(), Some(&Backoff::default()));
}

#[test]
fn a_first_delay_above_the_longest_raises_the_longest() {
    let mut harness = popover(Tone::Live, LinkStatus::Connected);
    harness.run_steps(2);
    let first = harness.get_by(|node| node.role() == Role::Slider && node.label().as_deref() == Some("First delay"));
    first.focus();
    harness.run_steps(2);
    for _ in 0..200 {
        harness.key_press(Key::ArrowRight);
        harness.step();
    }
    harness.run_steps(6);
    let last = *harness.state().sent.last().expect("sent");
    assert!(last.interval > Duration::from_secs(60), "{last:?}");
    assert!(last.max_interval >= last.interval);
}

/// This many task sources, of which every seventh is denied.
fn many(count: usize) -> Vec<SourceLine> {
    let source = |at: usize| {
        let is_denied = at % 7 == 3;
        let why =
            format!("the role may not read it; run \"grant select on public.jobs_{at} to anon\" in the SQL editor");
        SourceLine {
            name: format!("jobs_{at}"),
            kind: Some(Kind::Task),
            report: SourceReport {
                state: if is_denied {
                    SourceState::Refused
                } else {
                    SourceState::Followed
                },
                why: is_denied.then_some(why),
                rows: at,
                ..SourceReport::default()
            },
        }
    };
    (0..count).map(source).collect()
}

#[test]
fn a_statement_of_each_source_can_be_copied_and_all_of_them_at_once() {
    let mut harness = popover_of(badge(Tone::Live), eventful(), many(8), true, 480.0);
    harness.run_steps(2);
    harness.get_by_label("grant select on public.jobs_3 to anon;");
    harness.get_by_label("Copy").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Copied").is_some());

    let mut harness = popover_of(badge(Tone::Live), eventful(), many(64), true, 480.0);
    harness.run_steps(2);
    harness.get_by_label("Copy all 9 statements").click();
    harness.step();
    let copied = harness
        .output()
        .platform_output
        .commands
        .iter()
        .find_map(|done| match done {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
    let is_shown = harness.query_by_label("Copied").is_some();
    let has_all = copied.is_some_and(|text| text.lines().count() == 9);
    assert!(has_all || is_shown);
}

#[test]
fn many_sources_are_folded_to_those_that_need_a_look() {
    let mut harness = popover_of(badge(Tone::Live), eventful(), many(64), true, 480.0);
    harness.run_steps(2);
    assert!(harness.query_by_label("jobs_3").is_some(), "one that is denied");
    assert!(harness.query_by_label("jobs_63").is_none(), "one of many that are well");
    harness.get_by_label("Show all 64 sources").click();
    harness.run_steps(3);
    harness.get_by_label("jobs_63");
    harness.get_by_label("Show fewer");
}

#[test]
fn a_table_that_completes_a_source_is_listed_under_it() {
    let mut sources = sources();
    sources.insert(
        1,
        SourceLine {
            name: "agent_presence".to_owned(),
            kind: None,
            report: SourceReport::default(),
        },
    );
    let mut harness = popover_of(badge(Tone::Live), eventful(), sources, true, 480.0);
    harness.run_steps(2);
    let top = |text: &str| harness.query_all_by_label(text).next().expect(text).rect().top();
    let companion = top("   + agent_presence");
    assert!(companion > top("40 rows") && companion < top("1,400 rows"));
}
