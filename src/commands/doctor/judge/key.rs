//! The key: what kind it is, for whom, for how long.

use super::{super::check::Check, DAYS_OF_WARNING, day, days};
use realtime::{Claims, Token};

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `sb_publishable_…`
    Publishable,
    /// `sb_secret_…`
    Secret,
    /// An older key, or a key of a server of one's own.
    Jwt(Claims),
    Unknown,
}

/// Tells the kinds apart.
pub fn kind(key: &Token) -> Kind {
    let text = key.expose();
    if text.starts_with("sb_publishable_") {
        Kind::Publishable
    } else if text.starts_with("sb_secret_") {
        Kind::Secret
    } else {
        key.claims().map_or(Kind::Unknown, Kind::Jwt)
    }
}

impl Kind {
    /// The database role that rows are read as without a sign-in.
    pub fn role(&self) -> &str {
        match self {
            Self::Secret => "service_role",
            Self::Jwt(claims) => claims.role.as_deref().unwrap_or("anon"),
            Self::Publishable | Self::Unknown => "anon",
        }
    }
}

/// `host`: the project's. `now`: seconds since the Unix epoch. `is_demo`: it is the built-in feed's.
pub fn key(kind: &Kind, host: &str, now: i64, is_demo: bool) -> Check {
    const NAME: &str = "key";
    const RISK: &str = "it bypasses row-level security: whoever has this machine has the whole database";
    const EXCHANGE: &str = "use the publishable key, with a policy for what the wall may read";
    match kind {
        _ if is_demo => Check::ok(NAME, "the demo feed's own"),
        Kind::Publishable => Check::ok(NAME, "publishable key; reads as anon"),
        Kind::Secret => Check::warning(NAME, "secret key").means(RISK).remedy(EXCHANGE),
        Kind::Unknown => Check::warning(NAME, "neither a publishable key nor a JWT")
            .means("no Supabase project gives out such keys; a server of your own may")
            .remedy("copy the publishable key again from the project's API settings"),
        Kind::Jwt(claims) => jwt(claims, host, now, RISK, EXCHANGE),
    }
}

fn jwt(claims: &Claims, host: &str, now: i64, risk: &str, exchange: &str) -> Check {
    let role = claims.role.as_deref().unwrap_or_default();
    let Some(expires) = claims.expires.filter(|_| !role.is_empty()) else {
        return Check::failed("key", "a JWT without role or expiry")
            .means("Realtime refuses a JWT that lacks one of them")
            .remedy("copy the publishable (or anon) key from the project's API settings");
    };
    let left = days(now, expires);
    let found = format!("JWT, role {role}, to {}", day(expires));
    if expires <= now {
        return Check::failed("key", found)
            .means(format!("it expired {} days ago (by this machine's clock)", -left - 1))
            .remedy("copy the present publishable key from the project's API settings; check this machine's date");
    }
    let own = host.strip_suffix(".supabase.co").filter(|own| !own.contains('.'));
    if let (Some(project), Some(own)) = (&claims.project, own)
        && project != own
    {
        return Check::failed("key", format!("{found}, for the project {project}"))
            .means(format!(
                "the URL is that of the project {own}: the key belongs to another one"
            ))
            .remedy("take URL and key from the same project's API settings");
    }
    if matches!(role, "service_role" | "supabase_admin" | "postgres") {
        return Check::warning("key", found).means(risk).remedy(exchange);
    }
    if left < DAYS_OF_WARNING {
        return Check::warning("key", format!("{found} ({left} days left)"))
            .means("when it has expired no connection is accepted any more")
            .remedy("use the publishable key, or let the wall sign in ([auth])");
    }
    Check::ok("key", found)
}
