//! Which parts of the header are shown where not all of them fit. Pure.

use model::Status;

/// The parts of the header, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The name of the program.
    Name,
    /// The connection badge, a button.
    Badge,
    /// The two small lines in the badge.
    Details,
    /// How many agents are busy, of all.
    Agents,
    /// How many workflows are active.
    Workflows,
    /// The number of tasks and runs in a state.
    State(Status),
    /// The icon of a simplified picture.
    Reduced,
    /// Changes per second, as a number.
    Rate,
    /// Changes per second over the last minute, as a line.
    Spark,
    /// The time of day.
    Clock,
}

/// The states in the order of their counters.
pub(crate) const STATES: [Status; Status::ALL.len()] = [
    Status::Running,
    Status::Queued,
    Status::Waiting,
    Status::Blocked,
    Status::Failed,
    Status::Done,
    Status::Cancelled,
    Status::Unmapped,
    Status::Idle,
    Status::Offline,
];

/// The order in which parts are left out. The badge, the states that need a person and the icon of a simplified picture
/// always stay.
const DROP_ORDER: [Part; 14] = [
    Part::Spark,
    Part::Name,
    Part::State(Status::Offline),
    Part::State(Status::Idle),
    Part::State(Status::Cancelled),
    Part::Rate,
    Part::Workflows,
    Part::Details,
    Part::Clock,
    Part::State(Status::Unmapped),
    Part::State(Status::Done),
    Part::Agents,
    Part::State(Status::Queued),
    Part::State(Status::Running),
];

/// The parts that fit side by side into `available`, with `gap` between them; order kept.
pub(crate) fn fit(wanted: &[(Part, f32)], gap: f32, available: f32) -> Vec<Part> {
    let has_room = |kept: &[(Part, f32)]| kept.iter().map(|(_, width)| width + gap).sum::<f32>() - gap <= available;
    let mut kept = wanted.to_vec();
    let mut dropped = Vec::new();
    for part in DROP_ORDER {
        if has_room(&kept) {
            break;
        }
        kept.retain(|(other, _)| *other != part);
        dropped.push(part);
    }
    // A wide part that went may have made room for a narrow one that went before it.
    for part in dropped.into_iter().rev() {
        let is_kept = |other: Part| other == part || kept.iter().any(|(kept, _)| *kept == other);
        let more: Vec<_> = wanted.iter().copied().filter(|(other, _)| is_kept(*other)).collect();
        if has_room(&more) {
            kept = more;
        }
    }
    kept.into_iter().map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(Part, f32)> {
        let first = [
            (Part::Name, 80.0),
            (Part::Badge, 200.0),
            (Part::Details, 150.0),
            (Part::Agents, 100.0),
            (Part::Workflows, 60.0),
        ];
        let states = STATES.map(|status| (Part::State(status), 60.0));
        let last = [(Part::Rate, 80.0), (Part::Spark, 120.0), (Part::Clock, 70.0)];
        first.into_iter().chain(states).chain(last).collect()
    }

    fn is_alarm(part: &Part) -> bool {
        matches!(part, Part::State(status) if status.is_trouble())
    }

    #[test]
    fn every_state_has_a_counter_and_only_alarms_and_the_badge_always_stay() {
        for status in Status::ALL {
            assert!(STATES.contains(&status), "{status:?}");
            let is_dropped = DROP_ORDER.contains(&Part::State(status));
            assert_eq!(is_dropped, !status.is_trouble(), "{status:?}");
        }
        let least = fit(&all(), 10.0, 0.0);
        assert_eq!(least.first(), Some(&Part::Badge));
        assert!(least.len() == 4 && least[1..].iter().all(is_alarm), "{least:?}");
    }

    #[test]
    fn everything_stays_where_there_is_room() {
        assert_eq!(fit(&all(), 10.0, 5_000.0).len(), all().len());
    }

    #[test]
    fn what_is_wrong_outlives_what_is_merely_so() {
        let tight = fit(&all(), 10.0, 700.0);
        assert!(!tight.contains(&Part::Spark) && !tight.contains(&Part::Name));
        assert!(tight.contains(&Part::Agents) && tight.iter().filter(|part| is_alarm(part)).count() == 3);
    }

    #[test]
    fn room_that_a_wide_part_leaves_is_used_and_never_exceeded() {
        for available in (300..2_000).map(|width| width as f32) {
            let kept = fit(&all(), 10.0, available);
            let width = |kept: &[Part]| {
                let widths = all().into_iter().filter(|(part, _)| kept.contains(part));
                widths.map(|(_, width)| width + 10.0).sum::<f32>() - 10.0
            };
            assert!(width(&kept) <= available.max(410.0), "{available}: {kept:?}");
            for (part, own) in all() {
                let is_left_out = !kept.contains(&part);
                assert!(
                    !is_left_out || width(&kept) + own + 10.0 > available,
                    "{available}: {part:?}"
                );
            }
        }
    }
}
