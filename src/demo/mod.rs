//! The embedded feed: simulated operations, and a server in front of them that speaks Realtime and REST.
