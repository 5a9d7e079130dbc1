//! The address of a row's own page: from a template that the settings give its source, or from a column of the row.

use std::fmt::Write as _;

use super::Mapping;
use crate::{Cell, Record, SourceId};

/// Longest template, longest value that is put into one, and longest address, in bytes.
const MAX_TEMPLATE: usize = 512;
const MAX_VALUE: usize = 200;
const MAX_ADDRESS: usize = 2_048;

/// Whether a text is a template: an `https` address with the names of columns in braces behind its host,
/// `https://example.com/tasks/{id}`. The host is fixed, so that no row decides where a click leads.
pub fn is_link_template(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let is_fixed = !host.is_empty() && host.chars().all(is_host);
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\');
    let names = path.split('{').skip(1);
    let are_closed = names.clone().all(|name| name.find('}').is_some_and(|end| end > 0));
    let has_stray = path.split('{').next().is_some_and(|before| before.contains('}'));
    text.len() <= MAX_TEMPLATE && is_fixed && path.chars().all(is_plain) && are_closed && !has_stray
}

/// The address that a template gives for a row; `None` where a column is missing, null, masked, a list, an object or too long.
fn filled(template: &str, record: &Record) -> Option<String> {
    let mut parts = template.split('{');
    let mut address = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        if crate::is_masked(name) {
            return None;
        }
        let value = match record.get(name)? {
            Cell::Text(text) => text,
            Cell::Number(digits) => digits.into(),
            Cell::Bool(_) | Cell::Null | Cell::List(_) | Cell::Object(_) => return None,
        };
        if value.is_empty() || value.len() > MAX_VALUE {
            return None;
        }
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                address.push(char::from(byte));
            } else {
                let _ = write!(address, "%{byte:02X}");
            }
        }
        address.push_str(rest);
    }
    // A value of dots alone would lead to another page of the host.
    let climbs = address.split(['/', '?', '#']).any(|part| part == ".." || part == ".");
    (address.len() <= MAX_ADDRESS && !climbs).then_some(address)
}

impl Mapping {
    /// The address of a row's own page: that of its source's template, or else of its `url` column.
    pub fn link(&self, source: SourceId, record: &Record) -> Option<String> {
        let template = self.source(source)?.link.as_deref();
        match template {
            Some(template) => filled(template, record),
            None => self.details(source, record).url.map(|url| url.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_a_fixed_host_and_names_in_braces() {
        for good in [
            "https://example.com/tasks/{id}",
            "https://example.com:8443/{team}/runs/{run_id}?tab=log",
            "https://example.com",
        ] {
            assert!(is_link_template(good), "{good}");
        }
        for bad in [
            "http://example.com/{id}",
            "javascript:alert(1)",
            "https://{host}/x",
            "https://example.com@evil.example/{id}",
            "https:///{id}",
            "https://example.com/{id",
            "https://example.com/{}",
            "https://example.com/id}",
            "https://example.com/a b",
            "https://example.com/\u{202E}",
            &format!("https://example.com/{}", "x".repeat(MAX_TEMPLATE)),
        ] {
            assert!(!is_link_template(bad), "{bad}");
        }
    }

    #[test]
    fn values_are_put_in_encoded_and_never_lead_elsewhere() {
        let record = |json: &str| Record::from_json(json).expect("a row");
        let row = record(r#"{"id": 7, "name": "a/b ü?#", "key": {"a": 1}, "none": null, "api_key": "sk", "up": ".."}"#);
        let of = |template: &str| filled(template, &row);
        assert_eq!(of("https://e.com/{id}").as_deref(), Some("https://e.com/7"));
        assert_eq!(
            of("https://e.com/{name}/x").as_deref(),
            Some("https://e.com/a%2Fb%20%C3%BC%3F%23/x")
        );
        for nothing in ["{none}", "{missing}", "{key}", "{api_key}", "{up}"] {
            assert_eq!(of(&format!("https://e.com/{nothing}")), None, "{nothing}");
        }
        let long = record(&format!(r#"{{"id": "{}"}}"#, "x".repeat(1_000_000)));
        assert_eq!(filled("https://e.com/{id}", &long), None);
    }
}
