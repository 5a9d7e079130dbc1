//! Which tables are sources, where no setting names one.

use std::{io::Write, sync::Arc};

use tokio::time::Instant;

use super::{
    check::Check,
    report::Report,
    steps::{Blocker, Reader, Target, add},
    tables::table_name,
};
use client::{
    discover::{Discovery, discover},
    probe,
};
use model::{SourceMapping, discover::Way, schema};

const NAME: &str = "sources";

/// Looks for the tables, and lets the later checks be about them.
pub(super) async fn check<W: Write>(
    report: &mut Report<W>,
    target: &mut Target,
    reader: &Reader,
    blocker: Blocker,
) -> Blocker {
    let find = target.feed.find_sources.clone()?;
    if let Some(blocker) = blocker {
        return add(report, Check::blocked(NAME, blocker));
    }
    let base = target.feed.rest_url.as_ref()?;
    let started = Instant::now();
    let token = reader.signed_in.then_some(&reader.token);
    let found = match probe::client_config(base.scheme() == "https") {
        Ok(tls) => discover(&target.feed, &find, &tls, token)
            .await
            .map_err(|error| error.to_string()),
        Err(problem) => Err(problem),
    };
    let discovery = match found {
        Ok(discovery) => discovery,
        Err(problem) => return add(report, none(&problem)),
    };
    // Tables that cannot be read are checked too: their checks say what to do.
    let sources: Vec<SourceMapping> = discovery.proposal.sources.iter().map(|of| of.mapping.clone()).collect();
    let mapping = match find.mapping(sources) {
        Ok(mapping) if !mapping.sources().is_empty() => mapping,
        Ok(_) => {
            let error = discovery.mapping(&find).err();
            return add(report, none(&error.map(|error| error.to_string()).unwrap_or_default()));
        }
        Err(error) => return add(report, none(&error.to_string())),
    };
    let tables: Vec<String> = mapping.sources().iter().map(table_name).collect();
    report.expect_tables(tables.iter());
    let check = diagnose(&discovery, &tables);
    target.feed.mapping = Arc::new(mapping);
    add(report, check.took(started.elapsed()))
}

fn none(problem: &str) -> Check {
    let (means, remedy) = problem
        .rsplit_once("; ")
        .unwrap_or((problem, "list the tables in [[sources]] of opswall.toml"));
    Check::failed(NAME, "no table to follow was found")
        .means(means)
        .remedy(remedy)
}

fn diagnose(discovery: &Discovery, tables: &[String]) -> Check {
    let found = format!("{}; followed are {}", discovery.summary(), tables.join(", "));
    let left_out: Vec<(&SourceMapping, &str)> = (discovery.proposal.sources.iter())
        .filter_map(|source| match &source.way {
            Way::LeftOut(why) => Some((&source.mapping, why.as_str())),
            _ => None,
        })
        .collect();
    if left_out.is_empty() {
        return Check::ok(NAME, found).remedy("run opswall init, which writes them into opswall.toml");
    }
    let reasons: Vec<String> = left_out
        .iter()
        .map(|(source, why)| format!("{}: {why}", table_name(source)))
        .collect();
    let is_denied = |source: &SourceMapping| {
        let facts = discovery.tables.iter().find(|facts| facts.table == source.table);
        facts.is_some_and(|facts| facts.is_denied)
    };
    let grants: Vec<String> = left_out
        .iter()
        .filter(|(source, _)| is_denied(source))
        .map(|(source, _)| schema::grant(&source.schema, &source.table, &discovery.role))
        .collect();
    Check::warning(NAME, found)
        .means(format!("the wall would leave out {}", reasons.join("; ")))
        .sql(grants.join("\n"))
}
