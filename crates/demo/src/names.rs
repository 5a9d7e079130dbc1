//! Plausible names of agents, workflows, tasks, people and reasons, composed from short lists of words.

use std::sync::Arc;

use fastrand::Rng;

/// An agent's role, and the verbs with which its tasks begin.
pub(crate) struct Role {
    /// The word in the column `role`.
    pub(crate) name: &'static str,
    /// The first words of titles of tasks that suit the role.
    pub(crate) verbs: &'static [&'static str],
}

/// The roles of agents.
pub(crate) const ROLES: [Role; 6] = [
    Role {
        name: "researcher",
        verbs: &["Survey", "Compare", "Summarise", "Trace", "Collect", "Cross-check"],
    },
    Role {
        name: "engineer",
        verbs: &["Implement", "Refactor", "Migrate", "Fix", "Wire up", "Benchmark"],
    },
    Role {
        name: "reviewer",
        verbs: &["Review", "Audit", "Verify", "Re-read", "Approve", "Spot-check"],
    },
    Role {
        name: "writer",
        verbs: &["Draft", "Rewrite", "Document", "Translate", "Outline", "Proofread"],
    },
    Role {
        name: "analyst",
        verbs: &["Query", "Chart", "Forecast", "Reconcile", "Segment", "Score"],
    },
    Role {
        name: "operator",
        verbs: &["Deploy", "Roll back", "Rotate", "Back up", "Provision", "Patch"],
    },
];

/// The models of agents.
pub(crate) const MODELS: [&str; 5] = [
    "gpt-5-mini",
    "claude-sonnet-4-5",
    "gemini-2.5-pro",
    "llama-4-70b",
    "mistral-large-3",
];

const GIVEN: [&str; 48] = [
    "Ada", "Alan", "Alma", "Amara", "Anselm", "Astrid", "Basil", "Beatrix", "Bruno", "Caspar", "Clio", "Cyrus", "Dara",
    "Edda", "Elio", "Enid", "Esra", "Farid", "Fern", "Grace", "Hedy", "Hugo", "Ines", "Iris", "Jonas", "Juno", "Kaito",
    "Lena", "Linus", "Mabel", "Mira", "Nadia", "Nils", "Odile", "Orson", "Petra", "Quinn", "Rafa", "Rosa", "Sana",
    "Silas", "Tove", "Uma", "Vera", "Wanda", "Xenia", "Yara", "Zeno",
];

const PEOPLE: [&str; 12] = [
    "Priya N.",
    "Tomás R.",
    "Hannah K.",
    "Mehmet A.",
    "Chloé D.",
    "Jun W.",
    "Ola S.",
    "Ruth B.",
    "Kofi M.",
    "Elena V.",
    "Sam P.",
    "Ingrid L.",
];

const AREAS: [&str; 20] = [
    "Checkout",
    "Billing",
    "Search",
    "Onboarding",
    "Fraud rules",
    "Data lake",
    "Mobile app",
    "Support inbox",
    "Partner API",
    "Warehouse",
    "Pricing",
    "Identity",
    "Notifications",
    "Ad reporting",
    "Payroll",
    "Compliance",
    "Recommendations",
    "Edge cache",
    "Contracts",
    "Field service",
];

const EFFORTS: [&str; 14] = [
    "migration",
    "release 4.2",
    "incident follow-up",
    "quarterly review",
    "clean-up",
    "load test",
    "security audit",
    "redesign",
    "cost cut",
    "localisation",
    "data backfill",
    "pilot",
    "customer study",
    "hardening",
];

const OBJECTS: [&str; 40] = [
    "refund webhook",
    "invoice template",
    "search index",
    "sign-in flow",
    "rate limiter",
    "nightly export",
    "consent banner",
    "price feed",
    "address parser",
    "retry queue",
    "feature flags",
    "error budget",
    "API changelog",
    "customer interviews",
    "churn cohort",
    "access tokens",
    "staging cluster",
    "payment ledger",
    "onboarding mail",
    "permission matrix",
    "image pipeline",
    "release notes",
    "test fixtures",
    "cache keys",
    "vendor contracts",
    "usage report",
    "tax table",
    "audit log",
    "shipping labels",
    "support macros",
    "data dictionary",
    "TLS certificates",
    "event schema",
    "backup policy",
    "mobile crash log",
    "partner quotas",
    "ranking model",
    "duplicate accounts",
    "holiday calendar",
    "warehouse map",
];

const PLACES: [&str; 16] = [
    "for EU customers",
    "on staging",
    "before Friday",
    "for the mobile app",
    "in region us-east",
    "after the incident",
    "for the partner API",
    "with sample data",
    "for new accounts",
    "across tenants",
    "for the board",
    "in production",
    "for the beta group",
    "per country",
    "with the vendor",
    "since last release",
];

const STEPS: [&str; 6] = [
    "Gathering inputs",
    "Planning",
    "Building",
    "Testing",
    "Reviewing",
    "Handing over",
];

const FAILURES: [&str; 10] = [
    "Rate limited by the model provider (429)",
    "Tool call timed out after 60 s",
    "Tests failed: 3 of 212",
    "Context length exceeded",
    "Permission denied for schema billing",
    "Upstream returned 502 Bad Gateway",
    "Output did not match the expected JSON schema",
    "Merge conflict in 4 files",
    "Quota exhausted for this month",
    "Connection reset by peer",
];

const BLOCKERS: [&str; 8] = [
    "Waiting for credentials to the vendor sandbox",
    "Depends on a task that is not finished",
    "Needs a decision on the retention period",
    "Staging is down for maintenance",
    "Missing sample data for region apac",
    "Budget for this month is used up",
    "Conflicting requirements in the ticket",
    "Access request is pending",
];

const SOURCES: [&str; 6] = ["github", "linear", "slack", "schedule", "email", "api"];

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from.get(rng.usize(0..from.len().max(1))).copied().unwrap_or_default()
}

/// An agent's name: `Ada`, and `Ada 2` once all names are used.
pub(crate) fn agent(number: usize) -> Arc<str> {
    // 29 and 48 have no common factor, so every name is used before any is used again, in no alphabetical order.
    let name = GIVEN.get(number * 29 % GIVEN.len()).copied().unwrap_or("Ada");
    match number / GIVEN.len() {
        0 => name.into(),
        round => format!("{name} {}", round + 1).into(),
    }
}

/// The role of the agent with this number.
pub(crate) fn role(number: usize) -> &'static Role {
    match number % ROLES.len() {
        0 => &ROLES[0],
        1 => &ROLES[1],
        2 => &ROLES[2],
        3 => &ROLES[3],
        4 => &ROLES[4],
        _ => &ROLES[5],
    }
}

/// A random model.
pub(crate) fn model(rng: &mut Rng) -> &'static str {
    pick(rng, &MODELS)
}

/// A random name for a workflow.
pub(crate) fn workflow(rng: &mut Rng) -> Arc<str> {
    format!("{} {}", pick(rng, &AREAS), pick(rng, &EFFORTS)).into()
}

/// A random title for a task.
pub(crate) fn task(rng: &mut Rng) -> Arc<str> {
    let role = role(rng.usize(0..ROLES.len()));
    let (verb, object) = (pick(rng, role.verbs), pick(rng, &OBJECTS));
    if rng.u8(0..10) < 4 {
        format!("{verb} {object} {}", pick(rng, &PLACES))
    } else {
        format!("{verb} {object}")
    }
    .into()
}

/// A random owner of a workflow.
pub(crate) fn owner(rng: &mut Rng) -> &'static str {
    pick(rng, &PEOPLE)
}

/// A random reason why a task failed.
pub(crate) fn failure(rng: &mut Rng) -> &'static str {
    pick(rng, &FAILURES)
}

/// A random reason why a task is blocked.
pub(crate) fn blocker(rng: &mut Rng) -> &'static str {
    pick(rng, &BLOCKERS)
}

/// The name of a workflow's step after `done` of `total` steps.
pub(crate) fn step(done: u32, total: u32) -> &'static str {
    let at = (done as usize * STEPS.len()) / (total.max(1) as usize);
    STEPS.get(at.min(STEPS.len() - 1)).copied().unwrap_or_default()
}

/// The metadata of a task, in jsonb's format.
pub(crate) fn task_metadata(rng: &mut Rng) -> Arc<str> {
    let labels = match rng.u8(0..4) {
        0 => "[]",
        1 => r#"["customer"]"#,
        2 => r#"["tech-debt", "q4"]"#,
        _ => r#"["q4"]"#,
    };
    format!(
        r#"{{"labels": {labels}, "source": "{}", "estimate_minutes": {}}}"#,
        pick(rng, &SOURCES),
        rng.u16(1..=24) * 5
    )
    .into()
}

/// The metadata of an agent, in jsonb's format.
pub(crate) fn agent_metadata(rng: &mut Rng) -> Arc<str> {
    format!(
        r#"{{"host": "runner-{:02}", "slots": {}, "region": "{}"}}"#,
        rng.u8(1..=32),
        rng.u8(1..=8),
        pick(rng, &["eu-central", "us-east", "ap-south"])
    )
    .into()
}
