//! Single rows over REST: one by its key, and those that complete it.

use rustls::ClientConfig;

use super::super::rest::{Matching, Rest};
use model::{Record, RowId};
use realtime::{PageError, PageQuery, PageRequest, Source, Token};
use settings::FeedSettings;

/// Reads rows with the project's key and, where there is one, a session token.
pub struct Rows {
    rest: Rest,
    token: Option<Token>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

impl Rows {
    /// A reader of these settings' REST address.
    ///
    /// # Errors
    /// When the project has no REST address, or no HTTP client can be made.
    pub fn new(settings: &FeedSettings, tls: &ClientConfig, token: Option<Token>) -> Result<Self, PageError> {
        let Some(base) = settings.rest_url.clone() else {
            return Err(PageError::Fatal(
                "the settings have no REST address, so rows cannot be read".into(),
            ));
        };
        let rest = Rest::new(base, settings.key.clone(), tls)
            .map_err(|error| PageError::Fatal(format!("no HTTP client could be made: {error}")))?;
        Ok(Self { rest, token })
    }

    /// Reads a row; `None` when there is none of this key, or row-level security hides it.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn by_id(&self, source: Source, id: RowId) -> Result<Option<Record>, PageError> {
        let request = PageRequest {
            id: 0,
            source,
            query: PageQuery::Ids(vec![id]),
            token: self.token.clone(),
        };
        self.rest.read(request).await.map(|page| page.into_iter().next())
    }

    /// Reads rows by columns that need not be the key.
    ///
    /// # Errors
    /// When the table cannot be read, or lacks one of the columns.
    pub async fn matching(&self, source: &Source, matching: &Matching<'_>) -> Result<Vec<Record>, PageError> {
        let page = self.rest.matching(source, matching, self.token.as_ref()).await?;
        Ok(page.into_iter().collect())
    }
}
