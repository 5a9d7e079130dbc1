//! One sign-in, as the network thread performs it.

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use tokio::time::timeout;

use super::{
    super::auth::{Authenticator, SignInOutcome},
    reach,
};
use model::Notice;
use realtime::{Grant, TokenError};
use settings::FeedSettings;

/// Signs in; `None` when no sign-in is configured. A refresh token used up by it is replaced in its file.
pub async fn sign_in(
    settings: &FeedSettings,
    tls: ClientConfig,
    deadline: Duration,
) -> Option<(Result<Grant, TokenError>, Option<Notice>)> {
    let auth = settings.auth.clone()?;
    let authenticator = Authenticator::new(auth, settings.key.clone(), settings.allow_service_key);
    // It is not cancelled: the refresh token may already be used up.
    let signing = tokio::spawn(authenticator.sign_in(Arc::new(tls)));
    Some(match timeout(deadline.max(LEAST), signing).await {
        Ok(Ok(SignInOutcome { result, notice })) => (result, notice),
        Ok(Err(_)) => (Err(unavailable("it was broken off".into())), None),
        Err(_) => (Err(unavailable(reach::no_answer(deadline.max(LEAST)))), None),
    })
}

/// A sign-in that is cancelled may lose the only valid refresh token.
const LEAST: Duration = Duration::from_secs(20);

fn unavailable(text: String) -> TokenError {
    TokenError::Unavailable {
        text,
        retry_after: None,
    }
}
