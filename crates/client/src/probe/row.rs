//! One row by its key, over REST.

use rustls::ClientConfig;

use super::super::rest::Rest;
use model::{Record, RowId};
use realtime::{PageError, PageQuery, PageRequest, Source, Token};
use settings::FeedSettings;

/// Reads a row; `None` when there is none of this key, or row-level security hides it.
///
/// # Errors
/// When the table cannot be read, or the project has no REST address.
pub async fn row(
    settings: &FeedSettings,
    tls: &ClientConfig,
    source: Source,
    id: RowId,
    token: Option<Token>,
) -> Result<Option<Record>, PageError> {
    let Some(base) = settings.rest_url.clone() else {
        return Err(PageError::Fatal(
            "the settings have no REST address, so rows cannot be read".into(),
        ));
    };
    let rest = Rest::new(base, settings.key.clone(), tls)
        .map_err(|error| PageError::Fatal(format!("no HTTP client could be made: {error}")))?;
    let request = PageRequest {
        id: 0,
        source,
        query: PageQuery::Ids(vec![id]),
        token,
    };
    rest.read(request).await.map(|page| page.into_iter().next())
}
