//! The search for the tables before a command begins, where no setting names one.

use std::time::Duration;

use super::Failure;
use client::{
    discover,
    probe::{self, ClientConfig},
};
use realtime::{Token, TokenError};

use settings::FeedSettings;

/// How long the sign-in may take.
const SIGN_IN_DEADLINE: Duration = Duration::from_secs(20);

/// Finds the tables, and lets the feed follow them; does nothing where settings name them.
pub(super) fn tables(feed: &mut FeedSettings) -> Result<(), Failure> {
    if feed.find_sources.is_none() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start the network: {error}; free some memory")))?;
    runtime.block_on(async {
        let (tls, token) = access(feed).await?;
        let found = discover::resolve(feed, &tls, token.as_ref()).await;
        found.map(drop).map_err(|error| Failure::Running(error.to_string()))
    })
}

/// What reads by REST need: TLS, and the token of the user who is to sign in.
pub(super) async fn access(feed: &FeedSettings) -> Result<(ClientConfig, Option<Token>), Failure> {
    let secure = feed.rest_url.as_ref().is_none_or(|url| url.scheme() == "https");
    let tls = probe::client_config(secure).map_err(Failure::Running)?;
    match probe::sign_in(feed, tls.clone(), SIGN_IN_DEADLINE).await {
        None => Ok((tls, None)),
        Some((Ok(grant), _)) => Ok((tls, Some(grant.token))),
        Some((Err(TokenError::Refused(text) | TokenError::Unavailable { text, .. }), _)) => Err(Failure::Running(text)),
    }
}
