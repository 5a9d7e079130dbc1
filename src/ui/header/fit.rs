//! Which parts of the header are shown where not all of them fit. Pure.

/// The parts of the header, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The name of the program.
    Name,
    /// The connection badge, a button.
    Badge,
    /// How many agents are busy, of all.
    Agents,
    /// The number of running tasks and runs.
    Running,
    /// The number of queued tasks and runs.
    Queued,
    /// The number of tasks and runs that wait for a person.
    Waiting,
    /// The number of blocked tasks and runs.
    Blocked,
    /// The number of failed tasks and runs.
    Failed,
    /// How many workflows are active, of all.
    Workflows,
    /// The icon of a simplified picture.
    Reduced,
    /// Changes per second, as a number.
    Rate,
    /// Changes per second over the last minute, as a line.
    Spark,
    /// The time of day.
    Clock,
}

/// The order in which parts are left out. The badge, blocked, failed and the icon of a simplified picture always stay.
const DROP_ORDER: [Part; 9] = [
    Part::Spark,
    Part::Name,
    Part::Workflows,
    Part::Queued,
    Part::Rate,
    Part::Clock,
    Part::Running,
    Part::Agents,
    Part::Waiting,
];

/// The parts that fit side by side into `available`, with `gap` between them; order kept.
pub(crate) fn fit(wanted: &[(Part, f32)], gap: f32, available: f32) -> Vec<Part> {
    let mut kept = wanted.to_vec();
    let width = |kept: &[(Part, f32)]| kept.iter().map(|(_, width)| width + gap).sum::<f32>() - gap;
    for part in DROP_ORDER {
        if width(&kept) <= available {
            break;
        }
        kept.retain(|(other, _)| *other != part);
    }
    kept.into_iter().map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(Part, f32); 12] = [
        (Part::Name, 80.0),
        (Part::Badge, 200.0),
        (Part::Agents, 100.0),
        (Part::Running, 60.0),
        (Part::Queued, 60.0),
        (Part::Waiting, 60.0),
        (Part::Blocked, 60.0),
        (Part::Failed, 60.0),
        (Part::Workflows, 60.0),
        (Part::Rate, 80.0),
        (Part::Spark, 120.0),
        (Part::Clock, 70.0),
    ];

    #[test]
    fn everything_stays_where_there_is_room() {
        assert_eq!(fit(&ALL, 10.0, 5_000.0).len(), ALL.len());
    }

    #[test]
    fn what_is_wrong_outlives_what_is_merely_so() {
        let tight = fit(&ALL, 10.0, 700.0);
        assert!(!tight.contains(&Part::Spark) && !tight.contains(&Part::Name));
        assert!(tight.contains(&Part::Failed) && tight.contains(&Part::Agents));
        assert_eq!(fit(&ALL, 10.0, 0.0), [Part::Badge, Part::Blocked, Part::Failed]);
    }
}
