//! The I/O: TLS, WebSocket, REST pages, and the worker thread that drives a `realtime` session.
