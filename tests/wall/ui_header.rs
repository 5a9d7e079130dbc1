//! The header as legend and filter: which counters it has, where they are, what a click does. Without Bevy and without a GPU.

use egui::{Key, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{By, NodeT as _, Queryable as _},
};
use model::{Kind, PerKind, RowCounts, Status};
use opswall::{
    messages::{QualityFeature, StateFilter},
    ui::{
        Action, TypeScale,
        header::{BadgeView, HeaderView, Part, SourceTally, header_ui},
        link_look::{LinkLook, Tone},
        theme,
    },
};

use crate::ui_panels::{badge, scaled};

/// This many rows of each kind in each of the states.
fn counts(each: usize, states: &[Status]) -> RowCounts {
    let rows = Kind::ALL
        .into_iter()
        .flat_map(|kind| states.iter().map(move |status| (kind, *status)));
    rows.flat_map(|row| std::iter::repeat_n(row, each)).collect()
}

const USUAL: [Status; 6] = [
    Status::Queued,
    Status::Running,
    Status::Waiting,
    Status::Blocked,
    Status::Done,
    Status::Failed,
];

fn huge() -> RowCounts {
    counts(100_000, &USUAL)
}

/// What a header is drawn from, beside its size.
struct HeaderState {
    badge: BadgeView,
    counts: RowCounts,
    known: bool,
    filter: StateFilter,
    interactive: bool,
    followed: PerKind<bool>,
    reduced: &'static [QualityFeature],
    scale: TypeScale,
    actions: Vec<Action>,
    parts: Vec<Part>,
}

impl Default for HeaderState {
    fn default() -> Self {
        Self {
            badge: badge(Tone::Live),
            counts: RowCounts::default(),
            known: true,
            filter: StateFilter::default(),
            interactive: true,
            followed: PerKind::from_fn(|_| true),
            reduced: &[],
            scale: TypeScale::default(),
            actions: Vec::new(),
            parts: Vec::new(),
        }
    }
}

fn header_of(width: f32, state: HeaderState) -> Harness<'static, HeaderState> {
    let scale = state.scale;
    let mut harness = scaled(scale, (width, 400.0), state, move |ui, state: &mut HeaderState| {
        let is_flowing = matches!(state.badge.tone, Tone::Live | Tone::CatchingUp);
        let view = HeaderView {
            badge: &state.badge,
            counts: &state.counts,
            known: PerKind::from_fn(|_| state.known),
            filter: state.filter,
            interactive: state.interactive,
            clock: "14:03 UTC",
            changes_per_second: 100_000.0,
            spark: &[1.0; 60],
            stale: !is_flowing,
            lost: PerKind::default(),
            followed: state.followed,
            reduced: state.reduced,
        };
        let shown = egui::Panel::top("header").frame(egui::Frame::new()).show(ui, |ui| {
            let look = LinkLook::of(state.badge.tone, theme::of(ui));
            header_ui(ui, &view, &look, &mut state.actions)
        });
        assert!(shown.response.rect.width() <= width + 0.5, "{:?}", shown.response.rect);
        state.parts = shown.inner.parts;
    });
    harness.run_steps(3);
    harness
}

/// The rectangles of everything in the header that has an accessible name, from left to right.
fn rects(harness: &Harness<'_, HeaderState>) -> Vec<egui::Rect> {
    let mut rects: Vec<_> = [Role::Label, Role::Button]
        .into_iter()
        .flat_map(|role| harness.query_all(By::new().role(role)).map(|node| node.rect()))
        .collect();
    rects.sort_by(|a, b| a.left().total_cmp(&b.left()));
    rects
}

fn far() -> TypeScale {
    TypeScale::for_wall(55.0, 4.0, [3840.0, 2160.0], 1.0)
}

#[test]
fn the_header_survives_huge_counts_and_keeps_what_needs_somebody() {
    let offline = BadgeView {
        reason: Some("the server could not be reached for a very long reason indeed ".repeat(20)),
        ..badge(Tone::Offline)
    };
    for badge in [badge(Tone::Live), offline] {
        for (width, scale) in [
            (1280.0, TypeScale::default()),
            (1920.0, TypeScale::default()),
            (640.0, TypeScale::default()),
            (800.0, TypeScale::default()),
            (3840.0, far()),
        ] {
            let state = HeaderState {
                badge: badge.clone(),
                counts: huge(),
                scale,
                ..HeaderState::default()
            };
            let harness = header_of(width, state);
            let parts = &harness.state().parts;
            for part in [Status::Waiting, Status::Blocked, Status::Failed].map(Part::State) {
                assert!(parts.contains(&part), "{width}: {parts:?}");
            }
            let rects = rects(&harness);
            for pair in rects.windows(2) {
                assert!(pair[0].right() <= pair[1].left() + 0.5, "{width}: {pair:?} overlap");
            }
            assert!(rects.iter().all(|rect| rect.left() >= 0.0 && rect.right() <= width));
        }
    }
}

#[test]
fn the_counters_are_left_out_from_the_calm_to_the_alarming() {
    let parts = |width| header_of(width, HeaderState::default()).state().parts.clone();
    let state = Part::State;
    let wide = parts(1920.0);
    assert!(wide.contains(&Part::Spark) && wide.contains(&Part::Details), "{wide:?}");
    let laptop = parts(1280.0);
    for part in [Part::Clock, Part::Agents, state(Status::Done)] {
        assert!(laptop.contains(&part), "{laptop:?}");
    }
    let narrow = parts(800.0);
    assert!(!narrow.contains(&state(Status::Done)), "{narrow:?}");
    let least = parts(500.0);
    assert_eq!(
        least,
        [
            Part::Badge,
            state(Status::Waiting),
            state(Status::Blocked),
            state(Status::Failed)
        ],
        "what is 0 stays as well"
    );
}

#[test]
fn nothing_moves_when_the_status_or_a_number_changes() {
    for (width, scale) in [
        (1920.0, TypeScale::default()),
        (1280.0, TypeScale::default()),
        (800.0, TypeScale::default()),
        (3840.0, far()),
    ] {
        let mut first = None;
        let waiting = BadgeView {
            attempt: 2,
            retry_in_secs: Some(3_599.4),
            ..badge(Tone::Waiting)
        };
        let offline = BadgeView {
            reason: Some("the server refused the key".to_owned()),
            ..badge(Tone::Offline)
        };
        let partial = BadgeView {
            sources: SourceTally {
                all: 3,
                kept: 2,
                polled: 1,
            },
            ..badge(Tone::Live)
        };
        let badges = [
            badge(Tone::Live),
            badge(Tone::CatchingUp),
            badge(Tone::Waiting),
            badge(Tone::Offline),
            waiting,
            offline,
            partial,
        ];
        let mut chosen = StateFilter::default();
        chosen.solo(Status::Failed);
        for badge in badges {
            for (known, each) in [(false, 0), (true, 0), (true, 9), (true, 1_234)] {
                for filter in [StateFilter::default(), chosen] {
                    let state = HeaderState {
                        badge: badge.clone(),
                        counts: counts(each, &USUAL[..4]),
                        known,
                        filter,
                        scale,
                        ..HeaderState::default()
                    };
                    let rects = rects(&header_of(width, state));
                    let first = first.get_or_insert_with(|| rects.clone());
                    assert_eq!(&rects, first, "{width}: {:?}, {each} rows", badge.tone);
                }
            }
        }
    }
}

#[test]
fn a_counter_that_once_was_wider_or_once_had_rows_stays() {
    let mut harness = header_of(1920.0, HeaderState::default());
    harness.state_mut().counts = counts(1, &Status::ALL);
    harness.run_steps(2);
    let cancelled = Part::State(Status::Cancelled);
    assert!(
        harness.state().parts.contains(&cancelled),
        "{:?}",
        harness.state().parts
    );
    harness.state_mut().counts = counts(30_000, &Status::ALL);
    harness.run_steps(2);
    let before = rects(&harness);
    harness.state_mut().counts = RowCounts::default();
    harness.run_steps(2);
    assert_eq!(rects(&harness), before);
    harness.get_by_label("0 tasks cancelled: show only cancelled");
}

#[test]
fn what_was_never_read_is_unknown_and_not_zero() {
    let never = HeaderState {
        known: false,
        badge: badge(Tone::Offline),
        ..HeaderState::default()
    };
    let harness = header_of(1920.0, never);
    for label in [
        "agents: unknown",
        "active workflows: unknown",
        "changes per second: unknown",
    ] {
        harness.get_by_label(label);
    }
    for status in USUAL {
        let word = status.word();
        harness.get_by_label(&format!("tasks {word}: unknown: show only {word}"));
    }
    let live = header_of(1920.0, HeaderState::default());
    live.get_by_label("0 tasks failed: show only failed");
    live.get_by_label("0 of 0 agents busy");
}

#[test]
fn a_project_without_a_kind_has_no_totals_of_it() {
    let parts = |kinds: &[Kind]| {
        let state = HeaderState {
            followed: PerKind::from_fn(|kind| kinds.contains(&kind)),
            ..HeaderState::default()
        };
        let parts = header_of(1920.0, state).state().parts.clone();
        let failed = Part::State(Status::Failed);
        [Part::Agents, failed, Part::Workflows].map(|part| parts.contains(&part))
    };
    assert_eq!(parts(&[Kind::Agent]), [true, true, false]);
    assert_eq!(parts(&[Kind::Run]), [false, true, false]);
    assert_eq!(parts(&[Kind::Task, Kind::Workflow]), [false, true, true]);
    assert_eq!(parts(&[]), [true; 3], "while the tables are looked for");
}

#[test]
fn the_states_are_those_of_the_work_and_without_any_those_of_the_agents() {
    let label = |kinds: &[Kind], label: &str| {
        let state = HeaderState {
            followed: PerKind::from_fn(|kind| kinds.contains(&kind)),
            counts: kinds.iter().map(|kind| (*kind, Status::Failed)).collect(),
            interactive: false,
            ..HeaderState::default()
        };
        header_of(1920.0, state).get_by_label(label);
    };
    label(&[Kind::Agent], "1 agent failed");
    label(&[Kind::Agent, Kind::Run], "1 run failed");
    label(&Kind::ALL, "2 tasks failed");
}

#[test]
fn totals_have_exact_accessible_names() {
    let mut counts = huge();
    for _ in 0..1_234 {
        counts.add(Kind::Agent, Status::Offline);
    }
    let state = HeaderState {
        counts,
        interactive: false,
        ..HeaderState::default()
    };
    let harness = header_of(1920.0, state);
    harness.get_by_label("200,000 tasks failed");
    harness.get_by_label("300,000 of 601,234 agents busy, 100,000 failed");
    harness.get_by_label("Time 14:03 UTC");
}

#[test]
fn a_click_on_a_counter_shows_its_state_alone_and_shift_adds_one() {
    let mut harness = header_of(1920.0, HeaderState::default());
    harness.get_by_label("0 tasks failed: show only failed").click();
    harness.run_steps(2);
    harness
        .get_by_label("0 tasks blocked: show only blocked")
        .click_modifiers(egui::Modifiers::SHIFT);
    harness.run_steps(2);
    assert_eq!(
        std::mem::take(&mut harness.state_mut().actions),
        [Action::SoloState(Status::Failed), Action::ToggleState(Status::Blocked)]
    );
    harness.state_mut().filter.solo(Status::Failed);
    harness.run_steps(2);
    let chosen = harness.get_by_label("0 tasks failed: show all");
    assert_eq!(
        chosen.accesskit_node().toggled(),
        Some(egui::accesskit::Toggled::True),
        "it is announced as chosen"
    );
    let kiosk = HeaderState {
        interactive: false,
        ..HeaderState::default()
    };
    let kiosk = header_of(1920.0, kiosk);
    assert_eq!(kiosk.query_all(By::new().role(Role::Button)).count(), 1, "the badge");
}

#[test]
fn a_filter_dims_all_states_but_the_chosen_ones() {
    let dimmed = |filter: StateFilter| Status::ALL.into_iter().filter(|status| filter.dims(*status)).count();
    let mut filter = StateFilter::default();
    assert!(!filter.is_active() && dimmed(filter) == 0);
    filter.solo(Status::Failed);
    assert!(!filter.dims(Status::Failed) && filter.dims(Status::Done));
    assert_eq!(dimmed(filter), Status::ALL.len() - 1);
    filter.toggle(Status::Done);
    assert!(!filter.dims(Status::Done) && !filter.is_alone(Status::Failed));
    filter.solo(Status::Failed);
    assert!(filter.is_alone(Status::Failed), "it was not alone before");
    filter.solo(Status::Failed);
    assert_eq!(filter, StateFilter::default(), "again: all");
    filter.toggle(Status::Idle);
    assert!(filter.is_alone(Status::Idle));
    filter.toggle(Status::Idle);
    assert_eq!(filter, StateFilter::default());
}

#[test]
fn a_simplified_picture_has_an_icon_that_names_what_it_lacks() {
    for (count, text) in [
        (1, "Simplified picture: no glow"),
        (2, "Simplified picture: no glow or links"),
        (
            5,
            "Simplified picture: no glow, links, labels, full resolution or full frame rate",
        ),
    ] {
        let state = HeaderState {
            reduced: &QualityFeature::ALL[..count],
            ..HeaderState::default()
        };
        let harness = header_of(1920.0, state);
        assert!(harness.get_by_label(text).rect().width() < 60.0, "an icon");
    }
}

#[test]
fn the_badge_opens_by_mouse_and_by_keyboard() {
    let mut harness = header_of(1280.0, HeaderState::default());
    harness.get_by_label_contains("Connection: ").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::TogglePopover]);
    harness.state_mut().actions.clear();
    harness.key_press(Key::Tab);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::TogglePopover]);
}
