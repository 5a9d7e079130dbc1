//! What a user would change in the file that `init` writes: at most three lines, in a file beside the fixture.

/// Most lines of a correction.
const MAX_LINES: usize = 3;

/// The text of a settings file with a correction. Of its lines,
/// - `TABLE: ENTRY` sets an entry of the source of this table (`jobs: status = "phase"`); words are added to those that
///   are there;
/// - others are added at the end: a source has the lines `[[sources]]`, its kind and its table.
pub(crate) fn apply(written: &str, correction: &str) -> String {
    let lines: Vec<&str> = correction
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert!(lines.len() <= MAX_LINES, "more than {MAX_LINES} lines: {correction}");
    let mut text: Vec<String> = written.lines().map(str::to_owned).collect();
    for line in lines {
        match line.split_once(": ") {
            Some((table, entry)) => set(&mut text, table, entry),
            None => text.push(line.to_owned()),
        }
    }
    text.join("\n") + "\n"
}

fn set(text: &mut Vec<String>, table: &str, entry: &str) {
    let named = format!("table = \"{table}\"");
    let at = text.iter().position(|line| *line == named);
    let at = at.unwrap_or_else(|| panic!("no source has {named}: {}", text.join("\n")));
    let head = text.iter().take(at).rposition(|line| line == "[[sources]]");
    let head = head.expect("a source has a head");
    let length = text
        .iter()
        .skip(head + 1)
        .take_while(|line| !line.trim_start().starts_with('['));
    let end = head + 1 + length.count();
    let (key, value) = entry.split_once(" = ").expect("an entry");
    let start = format!("{key} = ");
    let own = (head..end).find(|at| text.get(*at).is_some_and(|line| line.starts_with(&start)));
    match own {
        Some(own) if key == "words" => {
            let known = text[own].trim_end_matches(" }").to_owned();
            text[own] = format!("{known}, {}", value.trim_start_matches("{ "));
        }
        Some(own) => text[own] = entry.to_owned(),
        None => text.insert(at + 1, entry.to_owned()),
    }
}

#[test]
fn a_correction_changes_what_its_lines_say() {
    let written = "# found\n\n[[sources]]\nkind = \"task\"\ntable = \"jobs\"\nwords = { \"a\" = \"done\" }\n\n\
                   [[sources]]\nkind = \"task\"\ntable = \"calls\"\n";
    let correction =
        "# two words\njobs: words = { \"b\" = \"waiting\" }\ncalls: kind = \"run\"\njobs: status = \"phase\"\n";
    let expected = "# found\n\n[[sources]]\nkind = \"task\"\ntable = \"jobs\"\nstatus = \"phase\"\n\
                    words = { \"a\" = \"done\", \"b\" = \"waiting\" }\n\n[[sources]]\nkind = \"run\"\ntable = \"calls\"\n";
    assert_eq!(apply(written, correction), expected);
}
