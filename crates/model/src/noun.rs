//! One and many.

/// The word for so many of something: 1 `row`, 0 or 2 `rows`.
pub fn noun<'w>(count: u64, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        assert_eq!(
            [0, 1, 2].map(|count| noun(count, "row", "rows")),
            ["rows", "row", "rows"]
        );
    }
}
