//! The frames of the ingest bench: changes as a real server words them, the same for the same plan.

use std::fmt::Write as _;

/// The topic of the frames: the first that our session joins.
pub(super) const TOPIC: &str = "realtime:opswall-1";
/// Length of an insert's or update's text in bytes; a delete is shorter.
const FRAME_BYTES: usize = 650;
/// Titles are cut from this.
const PROSE: &str = "Review the migration plan and write down what is left to do before the release; ask the planner for \
    its notes, compare them with last week's figures, then draft the summary, check every link, run the suite again \
    and hand the result to whoever is on call, who reads it through once more and signs it off before the window closes.";
const STATES: [&str; 6] = ["queued", "in_progress", "blocked", "in_review", "done", "failed"];
/// Deletes among 256 changes of an existing row.
const DELETES: u8 = 8;

/// The frames of a run: the same plan gives the same frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many changes are sent.
    pub(crate) changes: u64,
    /// How many rows they are changes of.
    pub(crate) rows: usize,
    /// The start of the random numbers.
    pub(crate) seed: u64,
}

impl Plan {
    /// Changes of a run that is as fast as the reader.
    pub(crate) const CHANGES: u64 = 300_000;

    /// Changes of a run at this rate: ten seconds of it.
    pub(crate) fn changes_at(rate: u32) -> u64 {
        u64::from(rate) * 10
    }
}

/// A table of the bench: its name, the id of its entry on the channel, its list of columns as the server writes it.
#[derive(Debug)]
pub(super) struct Table {
    /// The table's name.
    pub(super) name: &'static str,
    /// The id of its entry on the channel.
    pub(super) entry: u32,
    title: &'static str,
    columns: &'static str,
}

/// The tables whose changes are sent, with ids and columns as a server names them.
pub(super) const TABLES: [Table; 3] = [
    Table {
        name: "agents",
        entry: 44_331_287,
        title: "name",
        columns: r#"[{"name": "id", "type": "uuid"}, {"name": "name", "type": "text"}, {"name": "status", "type": "text"}, {"name": "progress", "type": "int4"}, {"name": "updated_at", "type": "timestamptz"}]"#,
    },
    Table {
        name: "tasks",
        entry: 109_446_758,
        title: "title",
        columns: r#"[{"name": "id", "type": "uuid"}, {"name": "title", "type": "text"}, {"name": "status", "type": "text"}, {"name": "progress", "type": "int4"}, {"name": "updated_at", "type": "timestamptz"}]"#,
    },
    Table {
        name: "workflows",
        entry: 128_133_037,
        title: "title",
        columns: r#"[{"name": "id", "type": "uuid"}, {"name": "title", "type": "text"}, {"name": "status", "type": "text"}, {"name": "progress", "type": "int4"}, {"name": "updated_at", "type": "timestamptz"}]"#,
    },
];

/// Generates the frames one by one. The last one inserts a row of its own, whose id marks the end.
#[derive(Debug)]
pub(super) struct Frames {
    plan: Plan,
    random: fastrand::Rng,
    alive: Vec<bool>,
    made: u64,
    text: String,
    tail: String,
}

impl Frames {
    /// The frames of this plan, from the first.
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            random: fastrand::Rng::with_seed(plan.seed),
            alive: vec![false; plan.rows],
            made: 0,
            text: String::with_capacity(FRAME_BYTES),
            tail: String::with_capacity(FRAME_BYTES),
        }
    }

    /// The next frame's text; `None` after the last.
    pub(super) fn next(&mut self) -> Option<&str> {
        if self.made >= self.plan.changes {
            return None;
        }
        self.made += 1;
        let row = if self.made == self.plan.changes {
            self.plan.rows
        } else {
            self.random.usize(..self.plan.rows)
        };
        let kind = match self.alive.get_mut(row) {
            Some(alive) if *alive => {
                *alive = self.random.u8(..) >= DELETES;
                if *alive { "UPDATE" } else { "DELETE" }
            }
            Some(alive) => {
                *alive = true;
                "INSERT"
            }
            None => "INSERT",
        };
        // Writing into a text cannot fail.
        let _ = self.write(row, kind);
        Some(&self.text)
    }

    fn write(&mut self, row: usize, kind: &str) -> std::fmt::Result {
        let table = table_of(row);
        let id = id_of(self.plan.seed, row);
        let (seconds, millis) = (self.made / 1_000 % 86_400, self.made % 1_000);
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let (text, tail) = (&mut self.text, &mut self.tail);
        text.clear();
        tail.clear();
        write!(
            text,
            r#"[null,null,"{TOPIC}","postgres_changes",{{"data":{{"columns":{},"commit_timestamp":"2026-11-23T{clock}.{millis:03}Z","errors":null"#,
            table.columns
        )?;
        if kind != "INSERT" {
            write!(text, r#","old_record":{{"id": "{id}"}}"#)?;
        }
        if kind != "DELETE" {
            write!(text, r#","record":{{"id": "{id}", "{}": ""#, table.title)?;
            let state = self.random.choice(STATES).unwrap_or_default();
            let (progress, micros) = (self.random.u8(..=100), self.random.u32(..1_000));
            write!(
                tail,
                r#"", "status": "{state}", "progress": {progress}, "updated_at": "2026-11-23T{clock}.{millis:03}{micros:03}+00:00"}}"#
            )?;
        }
        write!(
            tail,
            r#","schema":"public","table":"{}","type":"{kind}"}},"ids":[{}]}}]"#,
            table.name, table.entry
        )?;
        if kind != "DELETE" {
            // Some titles contain characters that JSON escapes, some are not ASCII.
            let odd = match self.random.u8(..32) {
                0 => r#"the \"big\" one: "#,
                1 => "für Zoë: ",
                _ => "",
            };
            let missing = FRAME_BYTES.saturating_sub(text.len() + tail.len() + odd.len());
            let from = self.random.usize(..=PROSE.len().saturating_sub(missing));
            text.push_str(odd);
            text.push_str(PROSE.get(from..from + missing).unwrap_or_default());
        }
        text.push_str(tail);
        Ok(())
    }
}

/// Nearly all rows are tasks.
fn table_of(row: usize) -> &'static Table {
    let [agents, tasks, workflows] = &TABLES;
    match row % 100 {
        0..5 => agents,
        5 => workflows,
        _ => tasks,
    }
}

/// A row's id: a uuid that looks like any other.
fn id_of(seed: u64, row: usize) -> String {
    let mut random = fastrand::Rng::with_seed(seed ^ (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (high, low) = (random.u64(..), random.u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

/// The id of the row that comes last.
pub(super) fn last_id(plan: Plan) -> String {
    id_of(plan.seed, plan.rows)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    const PLAN: Plan = Plan {
        changes: 3_000,
        rows: 200,
        seed: 7,
    };

    #[test]
    fn frames_are_changes_in_an_order_that_a_table_can_have() {
        let (mut frames, mut alive, mut kinds) = (Frames::new(PLAN), HashSet::new(), HashSet::new());
        let mut last = String::new();
        let mut count = 0;
        while let Some(text) = frames.next() {
            count += 1;
            let frame: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(
                (&frame[2], &frame[3]),
                (&Value::from(TOPIC), &Value::from("postgres_changes"))
            );
            let data = &frame[4]["data"];
            let kind = data["type"].as_str().expect("a type").to_owned();
            let row = if kind == "DELETE" {
                &data["old_record"]
            } else {
                &data["record"]
            };
            last = row["id"].as_str().expect("an id").to_owned();
            let key = (data["table"].to_string(), last.clone());
            let fits = match kind.as_str() {
                "INSERT" => alive.insert(key),
                "UPDATE" => alive.contains(&key),
                _ => alive.remove(&key),
            };
            assert!(fits, "{text}");
            assert!(kind == "DELETE" || text.len() == FRAME_BYTES, "{} {text}", text.len());
            kinds.insert(kind);
        }
        assert_eq!((count, kinds.len(), last), (PLAN.changes, 3, last_id(PLAN)));
    }

    #[test]
    fn the_same_plan_gives_the_same_frames() {
        let (mut one, mut other) = (Frames::new(PLAN), Frames::new(PLAN));
        while let Some(text) = one.next() {
            assert_eq!(Some(text), other.next());
        }
        assert_eq!(other.next(), None);
    }
}
