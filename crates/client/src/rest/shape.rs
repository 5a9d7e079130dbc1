//! What PostgREST shows of a table's definition, whatever the rights of the role that asks: the methods that it allows.

/// What a table's methods show of its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A table with a primary key, or a view that can be written to and whose table has one.
    Keyed,
    /// A table without a primary key, or a view of one.
    Keyless,
    /// A view, as nothing can be inserted into it.
    View,
}

impl Shape {
    /// Reads an `Allow` header such as `OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE`. PostgREST allows `PUT` only with a
    /// primary key. `None` when the header is not PostgREST's.
    pub fn of(allow: &str) -> Option<Self> {
        let allows = |method: &str| allow.split(',').any(|allowed| allowed.trim() == method);
        match (allows("GET"), allows("POST"), allows("PATCH"), allows("PUT")) {
            (true, true, true, true) => Some(Self::Keyed),
            (true, true, true, false) => Some(Self::Keyless),
            (true, false, _, false) => Some(Self::View),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_a_table_show_views_and_missing_keys() {
        for (allow, shape) in [
            ("OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE", Some(Shape::Keyed)),
            ("OPTIONS, GET, HEAD, POST, PATCH, DELETE", Some(Shape::Keyless)),
            ("OPTIONS,GET,HEAD", Some(Shape::View)),
            ("OPTIONS,GET,HEAD,DELETE", Some(Shape::View)),
            // A view with a trigger for inserts alone: nothing is known of a key.
            ("OPTIONS,GET,HEAD,POST", None),
            // Other servers.
            ("OPTIONS", None),
            ("POST", None),
            ("", None),
        ] {
            assert_eq!(Shape::of(allow), shape, "{allow}");
        }
    }
}
