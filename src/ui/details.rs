//! What a row says beside its state, in lines: what it does, what it waits for, when it is due, what it cost.

use super::format;
use model::{
    format::grouped,
    mapping::{Attempt, Details},
};

/// Most letters of a line.
const MOST: usize = 120;

/// The lines of the details, those that matter most first. `now_ms`: milliseconds since the Unix epoch.
pub(crate) fn lines(details: &Details, now_ms: i64) -> Vec<String> {
    let text = |line: &str| format::clean(line, MOST);
    let secs = |ms: i64| (ms.saturating_sub(now_ms)) as f64 / 1_000.0;
    let waits = details
        .waits_for
        .as_deref()
        .map(|line| format!("waits for {}", text(line)));
    let until = details.waits_until_ms.map(secs).filter(|left| *left > 0.0);
    let due = details.due_ms.map(secs).map(|left| match left < 0.0 {
        true => format!("overdue by {}", format::span(-left)),
        false => format!("due in {}", format::span(left)),
    });
    // The first attempt of an unknown number is every row's.
    let is_told = |attempt: &Attempt| attempt.number > 1 || attempt.most.is_some();
    let attempt = details.attempt.filter(is_told).map(|attempt| match attempt.most {
        Some(most) => format!("attempt {} of {most}", attempt.number),
        None => format!("attempt {}", attempt.number),
    });
    let cost = details.cost.map(|cost| format!("cost {cost:.2}"));
    let tokens = details.tokens.map(|tokens| format!("{} tokens", grouped(tokens)));
    let numbers: Vec<String> = [due, attempt, cost, tokens].into_iter().flatten().collect();
    [
        details.activity.as_deref().map(text),
        waits,
        until.map(|left| format!("waits for another {}", format::span(left))),
        (!numbers.is_empty()).then(|| format::dotted(numbers)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_said_and_what_is_not_is_left_out() {
        assert_eq!(lines(&Details::default(), 0), Vec::<String>::new());
        let details = Details {
            activity: Some("Comparing vendors".into()),
            waits_for: Some("the contract".into()),
            waits_until_ms: Some(61_000),
            due_ms: Some(-59_000),
            cost: Some(1.5),
            tokens: Some(12_000),
            attempt: Some(Attempt {
                number: 2,
                most: Some(3),
            }),
            url: None,
        };
        assert_eq!(
            lines(&details, 1_000),
            [
                "Comparing vendors",
                "waits for the contract",
                "waits for another 1 min",
                "overdue by 1 min · attempt 2 of 3 · cost 1.50 · 12,000 tokens"
            ]
        );
        assert_eq!(lines(&details, 62_000).len(), 3, "the wait is over");
        let first = Details {
            attempt: Some(Attempt { number: 1, most: None }),
            ..Details::default()
        };
        assert_eq!(lines(&first, 0), Vec::<String>::new());
    }
}
