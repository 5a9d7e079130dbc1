//! Which columns are masked: a wall may hang in a public place.

/// Columns whose names contain one of these are masked.
const PARTS: [&str; 4] = ["key", "token", "secret", "password"];
/// Columns of these names are masked.
const NAMES: [&str; 2] = ["system_prompt", "config"];

/// Whether the values of a column, or of a key within JSON, are neither shown nor searched. Decided by the name alone.
pub fn is_masked(name: &str) -> bool {
    if name.is_ascii() {
        return is_masked_in(name.as_bytes());
    }
    is_masked_in(name.to_lowercase().as_bytes())
}

fn is_masked_in(name: &[u8]) -> bool {
    let is_name = |masked: &str| name.eq_ignore_ascii_case(masked.as_bytes());
    let has_part = |part: &str| {
        name.windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    NAMES.into_iter().any(is_name) || PARTS.into_iter().any(has_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_looking_columns_are_recognised_by_their_names() {
        for masked in [
            "api_key",
            "KEY",
            "accessToken",
            "client_secret",
            "password_hash",
            "System_Prompt",
            "config",
            "\u{212a}ey",
        ] {
            assert!(is_masked(masked), "{masked}");
        }
        for open in ["status", "configuration", "prompt", "title", "ke", "", "schlüssel"] {
            assert!(!is_masked(open), "{open}");
        }
    }
}
