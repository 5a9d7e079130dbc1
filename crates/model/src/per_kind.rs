//! One value for each kind.

use enum_map::EnumMap;

use super::Kind;

/// One `T` for each kind, indexed by kind.
pub type PerKind<T> = EnumMap<Kind, T>;
