//! The texts with which a real server refuses handshakes and joins and closes channels, each under a short name.

/// How a real server refuses the handshake of a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// The short name by which control calls ask for it.
    pub name: &'static str,
    /// The HTTP status code of the refusal.
    pub status: u16,
    /// The `error` in the body; empty = no body.
    pub text: &'static str,
}

/// How a real server refuses a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinError {
    /// The short name by which control calls ask for it.
    pub name: &'static str,
    /// The text in the `reason` of the reply.
    pub reason: &'static str,
    /// The code with which the socket is closed after the reply.
    pub closes: Option<u16>,
    /// The reply is sent at once, without the usual delay.
    pub is_immediate: bool,
}

/// A message of the event `system`, with which a real server reports on the subscription of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemMessage {
    /// The short name by which control calls ask for it.
    pub name: &'static str,
    /// The `extension` of the payload: which part of the server reports.
    pub extension: &'static str,
    /// Whether the `status` is `ok` rather than `error`.
    pub is_ok: bool,
    /// The `message` of the payload.
    pub text: &'static str,
    /// Whether `phx_close` follows.
    pub closes: bool,
}

const fn handshake(name: &'static str, status: u16, text: &'static str) -> Handshake {
    Handshake { name, status, text }
}

const fn join(name: &'static str, reason: &'static str) -> JoinError {
    JoinError {
        name,
        reason,
        closes: None,
        is_immediate: false,
    }
}

const fn system(name: &'static str, extension: &'static str, text: &'static str, closes: bool) -> SystemMessage {
    SystemMessage {
        name,
        extension,
        is_ok: false,
        text,
        closes,
    }
}

/// Every way to refuse a handshake.
pub const HANDSHAKES: &[Handshake] = &[
    handshake("no_key", 401, "API key is missing"),
    handshake("no_claims", 401, "Fields `role` and `exp` are required in JWT"),
    handshake("expired", 401, "Token has expired"),
    handshake("malformed", 401, "The token provided is not a valid JWT"),
    handshake("signature", 401, "Failed to validate JWT signature"),
    handshake(
        "signer",
        401,
        "Failed to generate JWT signer for key ID (kid) \"demo\", check your JWT secret or JWKS configuration",
    ),
    handshake("suspended", 403, "Realtime was disabled for this tenant"),
    handshake("vsn", 403, ""),
    handshake("no_tenant", 404, "Tenant not found"),
    handshake("too_many_users", 429, "Too many connected users"),
    handshake("too_many_joins", 429, "Too many joins per second"),
    handshake("error", 500, "Error connecting to Realtime"),
    handshake("unavailable", 503, "Error connecting to Realtime"),
];

/// Every way to refuse a join.
pub const JOINS: &[JoinError] = &[
    join("no_topic", "TopicNameRequired: You must provide a topic name"),
    join("expired", "InvalidJWTToken: Token has expired 60 seconds ago"),
    join(
        "no_claims",
        "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
    ),
    join("bad_expiry", "InvalidJWTToken: Token expiration time is invalid"),
    join("malformed", "MalformedJWT: The token provided is not a valid JWT"),
    join("signature", "JwtSignatureError: Failed to validate JWT signature"),
    join(
        "signer",
        "JwtSignerError: Failed to generate JWT signer, check your JWT secret or JWKS configuration",
    ),
    join(
        "unauthorized",
        "Unauthorized: You do not have permissions to read from this Channel topic: opswall",
    ),
    join("private_only", "PrivateOnly: This project only allows private channels"),
    join("too_many_channels", "ChannelRateLimitReached: Too many channels"),
    join("too_many_users", "ConnectionRateLimitReached: Too many connected users"),
    JoinError {
        closes: Some(1001),
        ..join(
            "too_many_joins",
            "ClientJoinRateLimitReached: Too many joins per second",
        )
    },
    join(
        "too_many_database_connections",
        "DatabaseConnectionRateLimitReached: Too many database connections attempts per second",
    ),
    join(
        "pool",
        "IncreaseConnectionPool: Please increase your connection pool size",
    ),
    join(
        "database_full",
        "DatabaseLackOfConnections: Database can't accept more connections, Realtime won't connect",
    ),
    join(
        "no_database",
        "UnableToConnectToProject: Realtime was unable to connect to the project database",
    ),
    join(
        "no_database_bare",
        "Realtime was unable to connect to the project database",
    ),
    join(
        "initializing",
        "InitializingProjectConnection: Realtime is initializing the project connection",
    ),
    join(
        "connecting",
        "InitializingProjectConnection: Connecting to the project database",
    ),
    join("canceled", "QueryCanceled: Query was cancelled, please try again"),
    join("partition", "MissingPartition: Missing partition for today's messages"),
    join("rpc_timeout", "TimeoutOnRpcCall: Node request timeout"),
    join("rpc_error", "ErrorOnRpcCall: RPC call error: :nodedown"),
    join("muster", "MusterJoinError: :timeout"),
    join(
        "restarting",
        "RealtimeRestarting: Realtime is restarting, please standby",
    ),
    JoinError {
        closes: Some(1001),
        ..join("no_tenant", "TenantNotFound: Tenant with the given ID does not exist")
    },
    join(
        "suspended",
        "RealtimeDisabledForTenant: Realtime disabled for this tenant",
    ),
    join(
        "replay",
        "UnableToReplayMessages: Realtime was unable to replay messages",
    ),
    join("replay_params", "UnableToReplayMessages: Replay params are not valid"),
    join(
        "replay_public",
        "UnableToReplayMessages: Replay is not allowed for public channels",
    ),
    join("unknown", "Unknown Error on Channel"),
    join("exception", "UnknownErrorOnChannel: no function clause matching"),
    join("crashed", "join crashed"),
    JoinError {
        is_immediate: true,
        ..join("unmatched", "unmatched topic")
    },
    join("socket_full", "too many channels joined"),
    join("old_expiry", "InvalidJWTExpiration: Token expiration time is invalid"),
    join("docs_channels", "too_many_channels: Too many channels"),
    join("docs_connections", "too_many_connections: Too many connected users"),
    join("docs_joins", "too_many_joins: Too many joins per second"),
    join("tenant_events", "tenant_events: Too many messages per second"),
];

/// Every `system` message.
pub const SYSTEMS: &[SystemMessage] = &[
    SystemMessage {
        is_ok: true,
        ..system("subscribed", "postgres_changes", "Subscribed to PostgreSQL", false)
    },
    system(
        "filter",
        "postgres_changes",
        "Error parsing `filter` params: [\"garbage\"]",
        false,
    ),
    system(
        "select",
        "postgres_changes",
        "Error parsing `select` params: expected a list of column name strings, e.g. select: [\"col1\", \"col2\"]",
        false,
    ),
    system(
        "no_params",
        "postgres_changes",
        "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: %{}",
        false,
    ),
    system(
        "wildcard",
        "postgres_changes",
        "Column selection is not supported for wildcard subscriptions. Please provide a `schema` and `table`",
        false,
    ),
    system(
        "not_published",
        "postgres_changes",
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect \
         parameters: [event: *, schema: public, table: agents, filters: [], select: nil]",
        false,
    ),
    system(
        "exception",
        "postgres_changes",
        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect \
         parameters: [event: *, schema: public, table: agents, filters: [{\"x\", \"eq\", \"1\", false}], select: nil]. \
         Exception: ERROR P0001 (raise_exception) invalid column for filter x",
        false,
    ),
    system(
        "database_timeouts",
        "postgres_changes",
        "{:error, \"Too many database timeouts\"}",
        false,
    ),
    system("expired", "system", "Token has expired 0 seconds ago", true),
    system(
        "no_claims",
        "system",
        "Fields `role` and `exp` are required in JWT",
        true,
    ),
    system("malformed", "system", "The token provided is not a valid JWT", true),
    system(
        "signer",
        "system",
        "Failed to generate JWT signer, check your JWT secret or JWKS configuration",
        true,
    ),
    system("signature", "system", ":signature_error", true),
    system(
        "unauthorized",
        "system",
        "You do not have permissions to read from this Channel topic: opswall",
        true,
    ),
    system(
        "no_longer",
        "system",
        "You no longer have permission to read from this Channel topic: opswall",
        true,
    ),
    system("too_many_messages", "system", "Too many messages per second", true),
    system(
        "too_many_presences",
        "system",
        "Too many presence messages per second",
        true,
    ),
    system(
        "client_presences",
        "system",
        "Client presence rate limit exceeded",
        true,
    ),
    system("track_size", "system", "Track message size exceeded", true),
    system(
        "no_database",
        "system",
        "Realtime was unable to connect to the project database",
        true,
    ),
    system("canceled", "system", "Query was cancelled, please try again", true),
    system("rpc_timeout", "system", "Node request timeout", true),
    system("rpc_error", "system", "RPC call error: :nodedown", true),
    system(
        "not_replicated",
        "system",
        "Replication connection was not established in time",
        true,
    ),
    SystemMessage {
        is_ok: true,
        ..system("replicated", "system", "Replication connection established", false)
    },
];

impl Handshake {
    /// The one with this short name.
    pub fn named(name: &str) -> Option<&'static Self> {
        HANDSHAKES.iter().find(|refusal| refusal.name == name)
    }
}

impl JoinError {
    /// The one with this short name.
    pub fn named(name: &str) -> Option<&'static Self> {
        JOINS.iter().find(|refusal| refusal.name == name)
    }
}

impl SystemMessage {
    /// The one with this short name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SYSTEMS.iter().find(|message| message.name == name)
    }
}
