//! What the rows that were read look like with the proposed sources.

use std::collections::BTreeMap;

use super::super::Failure;
use client::discover::Discovery;
use model::{
    RowId, RowKey, Status,
    discover::{Mending, ProposedSource, Way},
    format::{counted, grouped},
};
use settings::FeedSettings;

/// Most words that the closing line lists.
const MAX_WORDS: usize = 8;

/// The sample as it would be drawn.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// One for each proposed source.
    pub(super) sources: Vec<SourcePicture>,
}

/// The sample of one source.
#[derive(Debug, Default)]
pub(super) struct SourcePicture {
    /// Rows in all, as far as is known.
    pub(super) count: Option<u64>,
    /// Rows that were looked at.
    pub(super) rows: usize,
    /// Rows whose state is known.
    pub(super) read: usize,
    /// Rows by the word of their state, the most frequent first.
    pub(super) states: Vec<(&'static str, usize)>,
    /// Words that nothing is known of, with the number of rows, the most frequent first.
    pub(super) unmapped: Vec<(String, usize)>,
    /// Statements that mend what keeps the source from being read or followed.
    pub(super) sql: Vec<String>,
    /// What these statements are for.
    pub(super) sql_for: Option<String>,
}

impl Picture {
    pub(super) fn of(discovery: &Discovery, feed: &FeedSettings) -> Result<Self, Failure> {
        let all: Vec<_> = discovery.proposal.sources.iter().map(|of| of.mapping.clone()).collect();
        let mapping = match &feed.find_sources {
            Some(find) => find.mapping(all)?,
            None => model::Mapping::new(all),
        };
        let sources = mapping
            .iter()
            .zip(&discovery.proposal.sources)
            .map(|((id, of), source)| {
                let facts = discovery.facts(of);
                let rows = facts.map(|facts| facts.rows.as_slice()).unwrap_or_default();
                let mut picture = SourcePicture {
                    count: facts.and_then(|facts| facts.count),
                    rows: rows.len(),
                    ..SourcePicture::default()
                };
                let mut states: BTreeMap<&'static str, usize> = BTreeMap::new();
                for record in rows {
                    let row = mapping.id_of(id, record).unwrap_or_else(|| RowId::from(""));
                    let reading = mapping.reading(&RowKey::new(of.kind, id, row), record);
                    let state = reading.state.word();
                    picture.read += usize::from(reading.state != Status::Unmapped);
                    *states.entry(state).or_default() += 1;
                }
                picture.states = states.into_iter().collect();
                picture.states.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
                picture.unmapped.clone_from(&source.unknown_words);
                mend(&mut picture, discovery, source);
                picture
            });
        Ok(Self {
            sources: sources.collect(),
        })
    }

    /// `7 sources, 5 followed; 1,204 of 1,230 rows read, 26 unmapped: parked, …`
    pub(super) fn summary(&self, discovery: &Discovery) -> String {
        let of_way = |is: fn(&Way) -> bool| {
            let sources = discovery.proposal.sources.iter();
            sources.filter(|source| is(&source.way)).count() as u64
        };
        let mut text = format!(
            "{}, {} followed",
            counted(self.sources.len() as u64, "source", "sources"),
            grouped(of_way(|way| matches!(way, Way::Followed)))
        );
        let others = [
            ("polled", of_way(|way| matches!(way, Way::Polled(_)))),
            ("left out", of_way(|way| matches!(way, Way::LeftOut(_)))),
        ];
        for (word, count) in others.into_iter().filter(|(_, count)| *count > 0) {
            text.push_str(&format!(", {} {word}", grouped(count)));
        }
        let sum = |count: fn(&SourcePicture) -> usize| self.sources.iter().map(count).sum::<usize>();
        let (rows, read) = (sum(|of| of.rows), sum(|of| of.read));
        text.push_str(&format!(
            "; {} of {} read",
            grouped(read as u64),
            counted(rows as u64, "row", "rows")
        ));
        if rows > read {
            let mut words: Vec<(&str, usize)> = Vec::new();
            for (word, rows) in self.sources.iter().flat_map(|of| &of.unmapped) {
                match words.iter_mut().find(|(known, _)| known == word) {
                    Some((_, count)) => *count += rows,
                    None => words.push((word, *rows)),
                }
            }
            words.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
            text.push_str(&format!(", {} unmapped", grouped((rows - read) as u64)));
            if !words.is_empty() {
                let mut listed: Vec<&str> = words.iter().take(MAX_WORDS).map(|(word, _)| *word).collect();
                if words.len() > MAX_WORDS {
                    listed.push("…");
                }
                text.push_str(&format!(": {}", listed.join(", ")));
            }
        }
        text
    }
}

/// The statements for what keeps a source from being read or followed.
fn mend(picture: &mut SourcePicture, discovery: &Discovery, source: &ProposedSource) {
    let facts = discovery.facts(&source.mapping);
    if let Some(mending) = facts.and_then(|facts| Mending::of(facts, &source.mapping.name(), &discovery.role)) {
        picture.sql_for = Some(mending.purpose);
        picture.sql = mending.statements;
    }
}
