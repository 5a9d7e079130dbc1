//! Work-arounds for dependencies, each with the issue it answers and the version that makes it obsolete.
