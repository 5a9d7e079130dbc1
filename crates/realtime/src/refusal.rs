//! What a refusal means: whether trying again can help, and one sentence for a person.
//!
//! The server's texts (docs/realtime-protocol.md §2.3, §8.2, §8.3) are matched loosely; an unknown one is worth another
//! attempt.

use std::time::Duration;

use super::{Remedies, Source};
use model::schema;

/// Whether and how soon to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Try again at once: nothing is wrong with the server.
    AtOnce,
    /// Try again by the schedule.
    Retry,
    /// Try again by the schedule, but not sooner than this: the server is asked too often.
    Slow(Duration),
    /// Try again with a fresh session token, once and at once. When that does not help, not sooner than this, or
    /// (`None`) only after a change of settings or server. Without a sign-in there is no fresh token: then `Fatal`.
    Refresh(Option<Duration>),
    /// Only a change of settings or server helps. A session that has been live before retries by the schedule all the
    /// same, because the refusal may be temporary.
    Fatal,
}

/// Least delay after a rate limit.
const RATE_LIMITED: Duration = Duration::from_secs(5);
/// Least delay after an exhausted quota, whose penalty lasts up to a minute.
const QUOTA: Duration = Duration::from_secs(30);
/// Least delay while the project is suspended.
const SUSPENDED: Duration = Duration::from_secs(60);

/// What a refusal means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) class: Class,
    /// What is wrong, and what to do about it.
    pub(super) sentence: String,
}

fn refusal(class: Class, sentence: impl Into<String>) -> Refusal {
    Refusal {
        class,
        sentence: sentence.into(),
    }
}

/// What a sentence about a refusal depends on besides the server's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// A session token was sent, not the key alone.
    pub(super) signed_in: bool,
    pub(super) remedies: &'a Remedies,
}

impl Terms<'_> {
    /// What the server refused.
    fn token(self) -> &'static str {
        if self.signed_in { "the session token" } else { "the key" }
    }

    /// The token has expired.
    fn expired(self, said: &str) -> Refusal {
        let sentence = if self.signed_in {
            format!("the session token has expired ({said}); if a fresh one does not help, check this machine's clock")
        } else {
            let remedy = &self.remedies.expired_key;
            format!("the key has expired ({said}); {remedy}, then reconnect")
        };
        refusal(Class::Refresh(None), sentence)
    }

    /// The token is refused. `then`: as in [`Class::Refresh`].
    fn refused(self, said: &str, then: Option<Duration>) -> Refusal {
        let token = self.token();
        let remedy = if self.signed_in {
            &self.remedies.sign_in
        } else {
            &self.remedies.key
        };
        refusal(
            Class::Refresh(then),
            format!("the server refused {token} ({said}); {remedy}, then reconnect"),
        )
    }

    /// The token's role may not join.
    fn not_allowed(self, said: &str) -> Refusal {
        let token = self.token();
        refusal(
            Class::Refresh(None),
            format!("{token} may not join the channel ({said}); allow its role on realtime.messages, then reconnect"),
        )
    }

    /// The same terms for what concerns the key, regardless of the signed-in user.
    fn of_key(self) -> Self {
        Self {
            signed_in: false,
            ..self
        }
    }
}

/// Whether this answer to an upgrade may have come from another server than the project's, as a network's sign-in page
/// or proxy sends it. It may be gone with another network.
pub(super) fn may_be_of_another_server(http: u16) -> bool {
    matches!(http, 300..=399 | 403 | 404)
}

/// The upgrade was answered with an HTTP status instead.
///
/// The key is part of the address, so no session token can heal a refused upgrade.
pub(super) fn of_connect(http: u16, message: &str, terms: Terms<'_>) -> Refusal {
    let said = if message.is_empty() {
        format!("HTTP {http}")
    } else {
        format!("HTTP {http}: {message}")
    };
    match http {
        401 if message.contains("JWT signer") => refusal(
            Class::Slow(QUOTA),
            format!("the server cannot check keys at the moment ({said})"),
        ),
        401 if message.contains("expired") => Refusal {
            class: if terms.signed_in {
                Class::Refresh(None)
            } else {
                Class::Fatal
            },
            ..terms.of_key().expired(&said)
        },
        401 => Refusal {
            class: Class::Fatal,
            ..terms.of_key().refused(&said, None)
        },
        403 if message.contains("disabled") => refusal(
            Class::Slow(SUSPENDED),
            format!("Realtime is switched off for this project ({said}); switch it on in the project's settings"),
        ),
        403 => refusal(
            Class::Fatal,
            format!("the server refused the connection ({said}); check the address and the serializer version (vsn)"),
        ),
        404 => refusal(
            Class::Fatal,
            format!(
                "there is no Realtime at this address ({said}); check the URL, and that the project is not paused, then reconnect"
            ),
        ),
        429 if message.contains("joins") => refusal(
            Class::Slow(RATE_LIMITED),
            format!("the project has too many joins ({said})"),
        ),
        429 => refusal(
            Class::Slow(RATE_LIMITED),
            format!("the server has too many connections ({said})"),
        ),
        300..=399 => refusal(
            Class::Fatal,
            format!(
                "the server redirects to another address ({said}), which is not followed because the key would be sent there; set the final address as the URL"
            ),
        ),
        _ => refusal(Class::Retry, format!("the server did not open a WebSocket ({said})")),
    }
}

/// The join was answered with an error.
pub(super) fn of_join(reason: &str, terms: Terms<'_>) -> Refusal {
    let has = |text: &str| reason.contains(text);
    let said = format!("\"{reason}\"");
    if has("Token has expired") || has("InvalidJWTExpiration") || has("Token expiration time is invalid") {
        terms.expired(&said)
    } else if has("JwtSignerError") {
        refusal(
            Class::Slow(QUOTA),
            format!("the server cannot check keys at the moment ({said})"),
        )
    } else if has("JwtSignatureError") {
        terms.refused(&said, Some(QUOTA))
    } else if has("`role` and `exp`") {
        Refusal {
            class: Class::Fatal,
            ..terms.refused(&said, None)
        }
    } else if has("JWT") || has("Jwt") {
        terms.refused(&said, None)
    } else if has("Unauthorized") || has("permissions to read") {
        terms.not_allowed(&said)
    } else if has("PrivateOnly") {
        refusal(
            Class::Fatal,
            "this project allows private channels only; allow public access in its Realtime settings, then reconnect",
        )
    } else if has("TopicNameRequired") || has("unmatched topic") || has("too many channels joined") {
        refusal(
            Class::Fatal,
            format!(
                "the server rejects the channel (\"{reason}\"); check that the address is a Supabase Realtime server"
            ),
        )
    } else if has("ClientJoinRateLimit") || has("too_many_joins") || has("DatabaseConnectionRateLimit") {
        refusal(
            Class::Slow(RATE_LIMITED),
            format!("the project has too many joins (\"{reason}\")"),
        )
    } else if has("ChannelRateLimitReached")
        || has("ConnectionRateLimitReached")
        || has("too_many_")
        || has("IncreaseConnectionPool")
        || has("DatabaseLackOfConnections")
        || has("TenantNotFound")
        || has("RealtimeDisabled")
    {
        refusal(
            Class::Slow(QUOTA),
            format!("the project is at its limits (\"{reason}\")"),
        )
    } else {
        refusal(Class::Retry, format!("the server refused the join (\"{reason}\")"))
    }
}

/// A `system` message of status error, or `None` when the server goes on trying by itself. `from_database`: its
/// extension is `postgres_changes`.
pub(super) fn of_system(from_database: bool, message: &str, sources: &[Source], terms: Terms<'_>) -> Option<Refusal> {
    let said = format!("\"{message}\"");
    let has = |text: &str| message.contains(text);
    if from_database {
        if has("Please check Realtime is enabled") {
            let name = refused_names(message, sources);
            return Some(refusal(
                Class::Fatal,
                format!(
                    "{name} does not exist or is not published; create it or run \"alter publication supabase_realtime add table {name}\", then reconnect"
                ),
            ));
        }
        if has("Unable to subscribe to changes") {
            let name = refused_names(message, sources);
            let cause = message.split("Exception: ").nth(1).unwrap_or(message);
            return Some(refusal(
                Class::Fatal,
                format!(
                    "the database refused the subscription to {name} ({cause}); correct the table or the key's role, then reconnect"
                ),
            ));
        }
        if is_of_subscription(message) {
            return Some(refusal(
                Class::Fatal,
                format!(
                    "the server does not understand the subscription (\"{message}\"); check the names of the tables"
                ),
            ));
        }
        return None;
    }
    Some(if has("Too many") || has("rate limit") {
        refusal(
            Class::Slow(QUOTA),
            format!("the project is at its limits (\"{message}\")"),
        )
    } else if has("Token has expired") {
        terms.expired(&said)
    } else if has("JWT signer") {
        refusal(
            Class::Slow(QUOTA),
            format!("the server cannot check keys at the moment ({said})"),
        )
    } else if has("JWT") || has("signature_error") {
        terms.refused(&said, None)
    } else if has("permission") {
        terms.not_allowed(&said)
    } else {
        refusal(Class::Retry, format!("the server ended the channel (\"{message}\")"))
    })
}

/// Whether a message of the database's is final for the subscription: the server does not try again by itself.
pub(super) fn is_of_subscription(message: &str) -> bool {
    [
        "Unable to subscribe to changes",
        "Error parsing",
        "No subscription params",
        "Column selection is not supported",
    ]
    .iter()
    .any(|text| message.contains(text))
}

/// Schema and table that a refusal names: `[event: *, schema: public, table: x, filters: …]`.
pub(super) fn named_table(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("schema: ")?;
    let (schema, rest) = rest.split_once(", table: ")?;
    let (table, _) = rest.split_once(", filters: ").or_else(|| rest.split_once(']'))?;
    (!schema.is_empty() && !table.is_empty()).then_some((schema, table))
}

/// The names for a refusal: the table that it names, or else every one that it may be about.
fn refused_names(message: &str, sources: &[Source]) -> String {
    match named_table(message) {
        Some((schema, table)) => format!("{schema}.{table}"),
        None => sources.iter().map(Source::name).collect::<Vec<_>>().join(" or "),
    }
}

/// Why the changes of a source are not followed whose subscription was refused with this message: the end of a sentence
/// after "because", with what mends it.
pub(super) fn why_not_followed(message: &str, source: &Source) -> String {
    if message.contains("Please check Realtime is enabled") {
        let table = schema::qualified(&source.schema, &source.table);
        let publication = schema::PUBLICATION;
        return if source.partitions.is_empty() {
            format!(
                "it is not in the publication {publication}: if it is a table, run \"alter publication {publication} add \
                 table {table}\"; a partitioned table is followed by its partitions, with partitions = [\"{}_%\"] for it \
                 in the settings; a view has no changes of its own and is always polled",
                source.table
            )
        } else {
            let names = source.partitions.join(", ");
            let by_partition = schema::PUBLISH_PARTITIONS.trim_end_matches(';');
            format!(
                "no table of the publication {publication} has a name given in its partitions ({names}): correct them, or \
                 publish the table and run \"{by_partition}\""
            )
        };
    }
    match message.split_once("Exception: ") {
        Some((_, cause)) => format!("the database refuses its subscription ({cause})"),
        None => format!("the server does not take its subscription (\"{message}\")"),
    }
}

/// Longest text of the server's that is shown, in characters.
const MAX_TEXT: usize = 301;

/// A text from the server, fit to be shown: one line, bounded, and without the tokens, should one be in it.
pub(super) fn redacted<'t>(text: &str, tokens: impl Iterator<Item = &'t str>) -> String {
    let mut text = text.replace(char::is_control, " ");
    for token in tokens.filter(|token| token.len() >= 6) {
        text = text.replace(token, "…");
    }
    model::text::clean(&text, MAX_TEXT).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms<'a>(remedies: &'a Remedies) -> Terms<'a> {
        Terms {
            signed_in: false,
            remedies,
        }
    }

    #[test]
    fn an_unpublished_table_is_named_with_the_remedy() {
        let message = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: nope, filters: [], select: nil]";
        let refusal = of_system(true, message, &[], terms(&Remedies::default())).expect("a refusal");
        assert_eq!(refusal.class, Class::Fatal);
        assert!(
            refusal
                .sentence
                .contains("public.nope does not exist or is not published")
        );
        assert!(
            refusal
                .sentence
                .contains("alter publication supabase_realtime add table public.nope")
        );
    }

    #[test]
    fn what_mends_a_refused_subscription_fits_tables_partitions_and_views() {
        let message = "Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: My Tasks, filters: [], select: nil]";
        assert_eq!(named_table(message), Some(("public", "My Tasks")));
        assert_eq!(named_table("Unable to subscribe to changes"), None);
        let mut source = Source {
            schema: "public".into(),
            table: "My Tasks".into(),
            ..Source::default()
        };
        let why = why_not_followed(message, &source);
        for words in [
            "run \"alter publication supabase_realtime add table public.\"My Tasks\"\";",
            "partitions = [\"My Tasks_%\"]",
            "a view has no changes of its own",
        ] {
            assert!(why.contains(words), "{words}: {why}");
        }
        source.partitions = vec!["tasks_2026_%".into()];
        let why = why_not_followed(message, &source);
        assert!(
            why.contains("tasks_2026_%") && why.contains("set (publish_via_partition_root = false)\""),
            "{why}"
        );
        let why = why_not_followed("An exception happened. Exception: ERROR 42501 no right", &source);
        assert_eq!(why, "the database refuses its subscription (ERROR 42501 no right)");
    }

    #[test]
    fn a_temporary_database_error_is_no_refusal() {
        assert_eq!(
            of_system(
                true,
                "{:error, \"Too many database timeouts\"}",
                &[],
                terms(&Remedies::default())
            ),
            None
        );
    }

    #[test]
    fn refused_upgrades_are_classified() {
        for (http, message, class) in [
            (401, "API key is missing", Class::Fatal),
            (401, "Failed to generate JWT signer", Class::Slow(QUOTA)),
            (403, "", Class::Fatal),
            (403, "Realtime was disabled for this tenant", Class::Slow(SUSPENDED)),
            (404, "Tenant not found", Class::Fatal),
            (429, "Too many connected users", Class::Slow(RATE_LIMITED)),
            (302, "", Class::Fatal),
            (200, "", Class::Retry),
            (500, "Error connecting to Realtime", Class::Retry),
            (502, "", Class::Retry),
        ] {
            assert_eq!(
                of_connect(http, message, terms(&Remedies::default())).class,
                class,
                "{http} {message}"
            );
        }
    }

    #[test]
    fn too_many_joins_are_called_joins_wherever_they_are_refused() {
        let remedies = Remedies::default();
        for sentence in [
            of_connect(429, "Too many joins per second", terms(&remedies)).sentence,
            of_join(
                "ClientJoinRateLimitReached: Too many joins per second",
                terms(&remedies),
            )
            .sentence,
        ] {
            assert!(sentence.starts_with("the project has too many joins"), "{sentence}");
        }
        let users = of_connect(429, "Too many connected users", terms(&remedies)).sentence;
        assert!(users.contains("too many connections"), "{users}");
    }

    #[test]
    fn texts_are_shown_on_one_short_line_without_tokens() {
        assert_eq!(
            redacted("bad\ntoken eyJsecret!", ["eyJsecret"].into_iter()),
            "bad token …!"
        );
        assert_eq!(redacted(&"é".repeat(1_000), std::iter::empty()).chars().count(), 301);
    }
}
