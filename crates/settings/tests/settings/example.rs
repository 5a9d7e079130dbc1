//! The example file can be used as it is, and with every line switched on.

use std::{fs, path::Path};

use model::{Backoff, Kind};
use settings::Origin;

use crate::{Place, timing};

#[test]
fn the_example_file_is_valid_and_contains_the_defaults() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/opswall.example.toml");
    let text = fs::read_to_string(example).expect("the example");
    let as_it_is = Place::new().file(&text).load(&[]);
    assert_eq!(timing(&as_it_is).backoff, Backoff::default());
    // With every commented setting enabled it is still valid, and only settings without a default differ.
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("#") {
            Some(rest) if !rest.starts_with([' ', '#']) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let place = Place::new().file(&all);
    let settings = place.load(&["--key", "demo"]);
    assert_eq!(timing(&settings).backoff, Backoff::default());
    let sources = settings.mapping.sources();
    let names: Vec<(&str, Kind)> = sources
        .iter()
        .map(|source| (source.table.as_str(), source.kind))
        .collect();
    assert_eq!(
        names,
        [
            ("agents", Kind::Agent),
            ("tasks", Kind::Task),
            ("workflow_runs", Kind::Run)
        ]
    );
    assert_eq!(sources[0].label, model::SourceMapping::of(Kind::Agent).label);
    assert_eq!(sources[0].companions[0].column("status"), "agent_presence.status");
    assert_eq!(sources[1].words.get("parked"), Some(&model::Status::Waiting));
    let known = settings.effective().iter().filter(|one| {
        !one.name.contains('.') && !["realtime_url", "rest_url", "auth_url", "key_file"].contains(&one.name.as_str())
    });
    for one in known {
        let is_said = matches!(one.origin, Origin::File { .. }) || one.name == "key";
        assert!(is_said, "{} is missing in the example", one.name);
    }
}
