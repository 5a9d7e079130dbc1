//! A row as a query sees it.

use model::{Cell, Kind, Status};

use super::Field;

/// A value of a field. What a row lacks has no value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A state, and the row's own word for it.
    State(Status, Option<&'a str>),
    /// A kind.
    Kind(Kind),
    /// A text.
    Text(&'a str),
    /// A number; of a share 0 to 1.
    Number(f64),
    /// A span of time in seconds.
    Seconds(f64),
    /// True or false.
    Flag(bool),
}

/// A row that can be queried. Values are lent, so that a row that has them read already need not allocate.
pub trait Row {
    /// Calls `test` with one value of the field after the other until it returns true, and returns whether it did. A field
    /// that the row lacks has no value; `agent` and `workflow` have several, the name and the id of each.
    ///
    /// `state` has a [`Value::State`], `kind` a [`Value::Kind`], `age` a [`Value::Seconds`], `needs_person` a
    /// [`Value::Flag`], `cost`, `tokens`, `attempt` and `progress` a [`Value::Number`], the others a [`Value::Text`]. A
    /// value of another sort matches nothing.
    fn any(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool;

    /// The cell of the column of exactly this name. It is never called with a name that is masked ([`model::is_masked`]).
    fn column(&self, name: &str) -> Option<Cell<'_>>;
}

impl<R: Row + ?Sized> Row for &R {
    fn any(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        (**self).any(field, test)
    }

    fn column(&self, name: &str) -> Option<Cell<'_>> {
        (**self).column(name)
    }
}
