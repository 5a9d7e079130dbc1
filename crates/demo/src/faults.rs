//! Faults on a timetable: `drop-every=20s,refuse-for=8s,stall-every=60s,stall-for=10s`.

use std::{fmt, str::FromStr, time::Duration};

use super::{Cut, DemoError};

/// What goes wrong, and when. Nothing does by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Cut every socket this often.
    pub drop_every: Option<Duration>,
    /// How sockets are cut.
    pub drop_how: Cut,
    /// After each cut, refuse new sockets for this long.
    pub refuse_for: Option<Duration>,
    /// Stop sending and answering this often…
    pub stall_every: Option<Duration>,
    /// …for this long; 10 s where only `stall-every` is given.
    pub stall_for: Option<Duration>,
    /// Lose changes silently this often…
    pub lose_every: Option<Duration>,
    /// …this many at a time; 1 where only `lose-every` is given.
    pub lose: Option<u64>,
}

const WORDS: &str = "drop-every, drop-how, refuse-for, stall-every, stall-for, lose-every and lose";

impl FromStr for Faults {
    type Err = DemoError;

    fn from_str(text: &str) -> Result<Self, DemoError> {
        let mut faults = Self::default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty() && *part != "none")
        {
            let (word, value) = part.split_once('=').unwrap_or((part, ""));
            let (word, value) = (word.trim(), value.trim());
            let span = || duration(word, value);
            match word {
                "drop-every" => faults.drop_every = Some(span()?),
                "drop-how" => faults.drop_how = value.parse()?,
                "refuse-for" => faults.refuse_for = Some(span()?),
                "stall-every" => faults.stall_every = Some(span()?),
                "stall-for" => faults.stall_for = Some(span()?),
                "lose-every" => faults.lose_every = Some(span()?),
                "lose" => {
                    let lose = value.parse().map_err(|_| {
                        DemoError::Faults(format!("lose={value} is no number of changes: write it as lose=5"))
                    })?;
                    faults.lose = Some(lose);
                }
                _ => {
                    return Err(DemoError::Faults(format!(
                        "unknown fault '{word}': the known ones are {WORDS}, as in drop-every=20s,refuse-for=8s"
                    )));
                }
            }
        }
        let needs = [
            (
                "refuse-for",
                faults.refuse_for.is_some(),
                "drop-every",
                faults.drop_every.is_some(),
            ),
            (
                "drop-how",
                faults.drop_how != Cut::default(),
                "drop-every",
                faults.drop_every.is_some(),
            ),
            (
                "stall-for",
                faults.stall_for.is_some(),
                "stall-every",
                faults.stall_every.is_some(),
            ),
            ("lose", faults.lose.is_some(), "lose-every", faults.lose_every.is_some()),
        ];
        for (word, given, needed, there) in needs {
            if given && !there {
                return Err(DemoError::Faults(format!(
                    "{word} says nothing without {needed}: add {needed}=30s"
                )));
            }
        }
        Ok(faults)
    }
}

/// Between 100 ms and a day.
fn duration(word: &str, value: &str) -> Result<Duration, DemoError> {
    let bad = || {
        DemoError::Faults(format!(
            "{word}={value} is no duration between 100ms and 24h: write it as {word}=20s (units: ms, s, m, h)"
        ))
    };
    let unit_at = value.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(value.len());
    let (number, unit) = value.split_at_checked(unit_at).ok_or_else(bad)?;
    let scale = match unit.trim() {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(bad()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| bad())? * scale;
    if !(0.1..=86_400.0).contains(&seconds) {
        return Err(bad());
    }
    Ok(Duration::from_secs_f64(seconds))
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let spans = [
            ("drop-every", self.drop_every),
            ("refuse-for", self.refuse_for),
            ("stall-every", self.stall_every),
            ("stall-for", self.stall_for),
            ("lose-every", self.lose_every),
        ];
        for (word, span) in spans {
            if let Some(span) = span {
                parts.push(format!("{word}={}ms", span.as_millis()));
            }
        }
        if self.drop_how != Cut::default() {
            parts.push(format!("drop-how={}", self.drop_how));
        }
        if let Some(lose) = self.lose {
            parts.push(format!("lose={lose}"));
        }
        f.write_str(if parts.is_empty() { "none" } else { "" })?;
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_and_written_back() {
        let text = "drop-every=20s, refuse-for=8s,stall-every=1m,stall-for=1500ms,drop-how=1012";
        let faults: Faults = text.parse().expect("a profile");
        assert_eq!(faults.drop_every, Some(Duration::from_secs(20)));
        assert_eq!(faults.stall_for, Some(Duration::from_millis(1500)));
        assert_eq!(faults.drop_how, Cut::Close(1012));
        assert_eq!(faults.to_string().parse::<Faults>().expect("its own text"), faults);
        for none in ["", "none"] {
            assert_eq!(none.parse::<Faults>().expect("nothing"), Faults::default());
        }
    }

    #[test]
    fn a_bad_profile_is_one_sentence_that_names_the_word() {
        for (text, said) in [
            (
                "drop-evry=20s",
                "unknown fault 'drop-evry': the known ones are drop-every",
            ),
            ("drop-every=0s", "drop-every=0s is no duration"),
            ("drop-every=20parsecs", "drop-every=20parsecs is no duration"),
            ("drop-every", "drop-every= is no duration"),
            ("drop-every=é", "drop-every=é is no duration"),
            ("refuse-for=8s", "refuse-for says nothing without drop-every"),
            ("lose-every=5s,lose=x", "lose=x is no number"),
            ("drop-every=5s,drop-how=axe", "axe"),
        ] {
            let error = text.parse::<Faults>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
