//! Finds the sources of a project whose settings name no table: learns what its tables look like, and lets the model
//! propose which of them are sources ([`model::discover`]).

mod names;

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use thiserror::Error;

use crate::rest::Rest;
use model::{
    Mapping, Notice, NoticeKind, SourceMapping,
    discover::{Proposal, TableFacts, Way, propose},
    format::counted,
    text::clean,
};
use realtime::{Claims, Token};
use settings::{FeedSettings, FindSources};

/// What was learnt of a project, and what is proposed.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// Which of them are sources, and how they are read.
    pub proposal: Proposal,
    /// What was asked for.
    pub asked: Asked,
    /// The schema that was searched.
    pub schema: String,
    /// The database role that reads.
    pub role: String,
}

/// What a search asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Names of tables, in the order in which they were asked for.
    pub names: Vec<String>,
    /// Requests.
    pub requests: usize,
    /// How long it took.
    pub took: Duration,
    /// Why it ended early; `None`: it did not.
    pub cut_short: Option<&'static str>,
}

/// Why no sources were found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DiscoverError {
    /// Only a change of the settings or of the server helps.
    #[error("{0}")]
    Refused(String),
    /// A later attempt may succeed.
    #[error("{text}")]
    Unreachable {
        /// What happened.
        text: String,
        /// The shortest time that the server asks to wait.
        retry_after: Option<Duration>,
    },
}

/// Most names that a sentence lists.
const MAX_LISTED: usize = 8;
/// Longest name of a table in a sentence, in characters.
const MAX_NAME: usize = 64;

/// Finds the tables of the project by REST, with the key or the session token.
///
/// # Errors
/// When the server cannot be reached or refuses the key, or the settings have no REST address.
pub async fn discover(
    settings: &FeedSettings,
    find: &FindSources,
    tls: &ClientConfig,
    token: Option<&Token>,
) -> Result<Discovery, DiscoverError> {
    let Some(base) = settings.rest_url.clone() else {
        return Err(DiscoverError::Refused(
            "tables can only be found over REST, and rest_url is none; list the tables in [[sources]] of opswall.toml"
                .into(),
        ));
    };
    let rest = Rest::new(base, settings.key.clone(), tls)
        .map_err(|error| DiscoverError::Refused(format!("the HTTP client cannot be set up ({error})")))?;
    let role = role(settings, token);
    let schema = find.schema().to_owned();
    let (tables, asked) = names::search(&rest, &schema, &role, token).await?;
    let proposal = propose(&tables, settings::presets());
    Ok(Discovery {
        tables,
        proposal,
        asked,
        schema,
        role,
    })
}

/// Finds the sources of a feed whose settings name no table, and lets the feed follow them. `None`: its settings name them,
/// or it has no REST address by which they could be found.
///
/// # Errors
/// As [`discover`], and when nothing was found that can be followed.
pub async fn resolve(
    settings: &mut FeedSettings,
    tls: &ClientConfig,
    token: Option<&Token>,
) -> Result<Option<Discovery>, DiscoverError> {
    let Some(find) = settings.find_sources.clone().filter(|_| settings.rest_url.is_some()) else {
        return Ok(None);
    };
    let discovery = discover(settings, &find, tls, token).await?;
    settings.mapping = Arc::new(discovery.mapping(&find)?);
    settings.find_sources = None;
    Ok(Some(discovery))
}

/// The database role that reads with the project's key or this token.
pub fn role(settings: &FeedSettings, token: Option<&Token>) -> String {
    use secrecy::ExposeSecret as _;
    let claims = match token {
        Some(token) => token.claims(),
        None => Claims::read(settings.key.expose_secret()),
    };
    let other = if token.is_some() { "authenticated" } else { "anon" };
    claims
        .and_then(|claims| claims.role)
        .filter(|role| !role.is_empty() && role.len() <= MAX_NAME)
        .unwrap_or_else(|| other.to_owned())
}

impl Discovery {
    /// The sources that can be read, agents first.
    pub fn sources(&self) -> Vec<SourceMapping> {
        let sources = self.proposal.sources.iter();
        let readable = sources.filter(|source| !matches!(source.way, Way::LeftOut(_)));
        readable.map(|source| source.mapping.clone()).collect()
    }

    /// The mapping of what was found, with the changes that the settings make.
    ///
    /// # Errors
    /// When there is no source that can be read, or a setting names a table that is none.
    pub fn mapping(&self, find: &FindSources) -> Result<Mapping, DiscoverError> {
        let sources = self.sources();
        if sources.is_empty() {
            return Err(DiscoverError::Refused(self.nothing()));
        }
        find.mapping(sources)
            .map_err(|error| DiscoverError::Refused(error.to_string()))
    }

    /// `asked for 41 names in 0.8 s, found 6 tables`
    pub fn summary(&self) -> String {
        let Asked {
            names, took, cut_short, ..
        } = &self.asked;
        if names.is_empty() {
            return format!(
                "read the catalogue in {:.1} s, found {}",
                took.as_secs_f64(),
                counted(self.tables.len() as u64, "table", "tables")
            );
        }
        let mut text = format!(
            "asked for {} in {:.1} s, found {}",
            counted(names.len() as u64, "name", "names"),
            took.as_secs_f64(),
            counted(self.tables.len() as u64, "table", "tables")
        );
        if let Some(why) = cut_short {
            text.push_str(&format!(" ({why})"));
        }
        text
    }

    /// What was found, for a person: `Found 5 tables without settings: agents, …; opswall init writes them down.`
    pub fn notice(&self) -> Notice {
        let names: Vec<String> = self.sources().iter().map(SourceMapping::name).collect();
        let mut text = format!(
            "Found {} without settings: {}",
            counted(names.len() as u64, "table", "tables"),
            listed(&names)
        );
        let left_out = self.left_out();
        if !left_out.is_empty() {
            text.push_str(&format!("; not readable: {}", listed(&left_out)));
        }
        text.push_str("; opswall init writes them down.");
        Notice::new(NoticeKind::SourcesFound, text)
    }

    /// The proposed sources that cannot be read.
    fn left_out(&self) -> Vec<String> {
        let sources = self.proposal.sources.iter();
        let left_out = sources.filter(|source| matches!(source.way, Way::LeftOut(_)));
        left_out.map(|source| source.mapping.name()).collect()
    }

    /// What is known of the table of a source.
    pub fn facts(&self, source: &SourceMapping) -> Option<&TableFacts> {
        self.tables.iter().find(|facts| facts.is_of(source))
    }

    /// The columns of the table of a source, as far as they are known.
    pub fn columns(&self, source: &SourceMapping) -> Vec<String> {
        let facts = self.facts(source);
        let columns = facts.map(|facts| facts.columns.iter().map(|column| column.name.clone()));
        columns.map(Iterator::collect).unwrap_or_default()
    }

    /// The sentence for a project in which no source was found.
    pub fn nothing(&self) -> String {
        let denied: Vec<String> = (self.tables.iter())
            .filter(|table| table.is_denied)
            .map(|table| table.table.clone())
            .collect();
        let left_out = self.left_out();
        let asked = counted(self.asked.names.len() as u64, "name", "names");
        if !denied.is_empty() {
            return format!(
                "{} may not read {}: grant select to it (opswall init shows the statements), or sign in with [auth]",
                self.role,
                listed(&denied)
            );
        }
        if !left_out.is_empty() {
            return format!(
                "none of the tables that were found can be followed or read ({}); opswall init shows why",
                listed(&left_out)
            );
        }
        let cut_short = self.asked.cut_short.map(|why| format!(" ({why})")).unwrap_or_default();
        if self.tables.is_empty() && self.asked.names.is_empty() {
            return "the database has no tables; create some, or connect to another one".to_owned();
        }
        if self.tables.is_empty() {
            return format!(
                "no table was found in the schema {}: none of {asked} asked for{cut_short} exists ({}); name your tables \
                 in [[sources]] of opswall.toml, or run opswall init --database-url",
                clean(&self.schema, MAX_NAME),
                listed(&self.asked.names)
            );
        }
        let found: Vec<String> = self.tables.iter().map(|table| table.table.clone()).collect();
        format!(
            "no table with agents, tasks, workflows or runs was found among {}{cut_short}; name your tables in \
             [[sources]] of opswall.toml, or run opswall init --database-url",
            listed(&found)
        )
    }
}

/// Names, with a count in the place of those beyond [`MAX_LISTED`].
fn listed(names: &[String]) -> String {
    let mut text = (names.iter().take(MAX_LISTED))
        .map(|name| clean(name, MAX_NAME).into_owned())
        .collect::<Vec<_>>()
        .join(", ");
    let more = names.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
