//! Finds rows by what is typed: by a few letters, the most similar first, or by a query (`crates/query`). The rows are looked
//! at in pieces that fit into a frame, and again while it is open and rows change.

use std::time::{Duration, Instant};

use bevy::{ecs::entity::EntityHashSet, prelude::*};
use query::{Field, Finder, Query as Asked, Vocabulary};

use crate::{
    actions::Command,
    fleet::{FleetClock, SeenRow, SeenRows, Touched},
    frame::{FrameSystems, PointerSystems},
    messages::{Intent, Searched},
};
use model::RowKey;

/// Time for looking at rows in one frame.
const BUDGET: Duration = Duration::from_millis(5);
/// Rows between two looks at the clock.
const PIECE: usize = 256;
/// Rows that are listed, the best first.
const MOST_LISTED: usize = 8;
/// Shortest interval between two searches for one text while rows change.
const AGAIN_SECS: f64 = 0.5;
/// The camera flies to the first row when nothing more has been typed for this time.
const FLY_AFTER_SECS: f64 = 0.3;

/// What is looked for.
#[derive(Debug, Default)]
enum Sought {
    /// Nothing: the text is empty.
    #[default]
    Nothing,
    /// Rows that are similar to these letters.
    Letters(String),
    /// Rows that a query matches.
    Query(Asked),
    /// Nothing, because the text is no query.
    Mistake(query::Error),
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its key.
    pub key: RowKey,
    /// Its entity.
    pub row: Entity,
}

/// What was typed, and the rows that match it.
#[derive(Resource, Debug, Default)]
pub struct Search {
    text: String,
    sought: Sought,
    /// The best rows.
    pub(crate) listed: Vec<Found>,
    /// All of them.
    pub(crate) rows: EntityHashSet,
    /// All of them, the best first.
    order: Vec<Entity>,
    /// Other rows are hidden instead of dimmed.
    hides_others: bool,
    /// Counts up whenever `rows` is another set.
    pub(crate) version: u64,
    /// Names that may complete the text.
    pub(crate) vocabulary: Vocabulary,
    scan: Option<Scan>,
    is_due: bool,
    searched: f64,
    typed: f64,
    flown: Option<RowKey>,
}

/// A search under way.
#[derive(Debug)]
struct Scan {
    /// All rows when it began.
    all: Vec<Entity>,
    /// How many of them have been looked at.
    done: usize,
    hits: Vec<(Entity, RowKey, Rank)>,
}

/// How a match is listed: letters by how similar they are, then what is in trouble, then what changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    similar: u32,
    trouble: usize,
    /// Milliseconds, negative: the later, the less.
    changed: i64,
}

impl Search {
    /// Whether rows are looked for: others are dimmed.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.sought, Sought::Letters(_) | Sought::Query(_))
    }

    /// What was typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the rows that do not match are hidden.
    pub(crate) fn hides(&self) -> bool {
        self.hides_others && self.is_active()
    }

    /// Whether they would be.
    pub(crate) fn hides_others(&self) -> bool {
        self.hides_others
    }

    /// Hides rows that do not match, or only dims them.
    pub(crate) fn hide_others(&mut self, hides_others: bool) {
        if self.hides_others != hides_others {
            self.hides_others = hides_others;
            self.version += 1;
        }
    }

    /// Whether a row is hidden because it does not match.
    pub(crate) fn is_hidden(&self, row: Entity) -> bool {
        self.hides() && !self.rows.contains(&row)
    }

    /// The row so many places after another one in the order of the matches, around the end; the first or the last, where the
    /// other one does not match.
    pub(crate) fn after(&self, row: Option<Entity>, steps: isize) -> Option<Entity> {
        let own = row.and_then(|row| self.order.iter().position(|other| *other == row));
        let at = match own {
            Some(own) => own as isize + steps,
            None => steps - isize::from(steps > 0),
        };
        let at = at.checked_rem_euclid(self.order.len() as isize)?;
        self.order.get(at as usize).copied()
    }

    /// The mistake in the query.
    pub(crate) fn mistake(&self) -> Option<&query::Error> {
        match &self.sought {
            Sought::Mistake(error) => Some(error),
            _ => None,
        }
    }

    /// The share of the rows that has been looked at, while that takes more than a frame.
    pub(crate) fn progress(&self) -> Option<f32> {
        let scan = self.scan.as_ref()?;
        Some(scan.done as f32 / scan.all.len().max(1) as f32)
    }

    fn ask(&mut self, text: &str, now: f64) {
        if self.text == text {
            return;
        }
        text.clone_into(&mut self.text);
        (self.typed, self.flown) = (now, None);
        self.scan = None;
        let was_active = self.is_active();
        self.sought = sought(text, &self.vocabulary);
        self.is_due = self.is_active();
        self.searched = f64::NEG_INFINITY;
        if !self.is_active() {
            self.listed.clear();
            self.order.clear();
            self.rows.clear();
            self.hides_others = false;
        }
        if was_active != self.is_active() {
            self.version += 1;
        }
    }

    fn take_rows(&mut self, rows: EntityHashSet) {
        if self.rows != rows {
            self.rows = rows;
            self.version += 1;
        }
    }
}

/// Whether a text has a sign or a word that only a query has.
pub(crate) fn is_query(text: &str) -> bool {
    text.contains([':', '<', '>', '=', '"', '(', ')', '/'])
        || text
            .split_whitespace()
            .any(|word| word.starts_with('-') || matches!(word, "or" | "not" | "and"))
}

fn sought(text: &str, vocabulary: &Vocabulary) -> Sought {
    let text = text.trim();
    if text.is_empty() {
        return Sought::Nothing;
    }
    if !is_query(text) {
        return Sought::Letters(text.to_owned());
    }
    match Asked::parse_with(text, vocabulary) {
        Ok(query) => Sought::Query(query),
        Err(error) => Sought::Mistake(error),
    }
}

fn hit(rows: &SeenRows, seen: &SeenRow, similar: u32, now_ms: i64) -> (Entity, RowKey, Rank) {
    let rank = Rank {
        similar: u32::MAX - similar,
        trouble: seen.state.status.urgency(),
        changed: -rows.changed_ms(seen, now_ms),
    };
    (seen.row, seen.key.clone(), rank)
}

/// Looks at some of the rows of a search, until the time is over.
fn look(rows: &SeenRows, sought: &Sought, scan: &mut Scan, now_ms: i64, until: Instant) {
    let label_of = |key: &RowKey| rows.label(key);
    while scan.done < scan.all.len() {
        let piece = scan.all.get(scan.done..).unwrap_or_default();
        let piece = piece.get(..PIECE).unwrap_or(piece);
        scan.done += piece.len();
        let seen: Vec<SeenRow> = piece.iter().filter_map(|row| rows.get(*row)).collect();
        match sought {
            Sought::Query(query) => {
                let matching = seen
                    .iter()
                    .filter(|row| query.matches(&rows.read(row, &label_of, now_ms), now_ms));
                scan.hits.extend(matching.map(|row| hit(rows, row, 0, now_ms)));
            }
            Sought::Letters(letters) => {
                let mut finder = Finder::new(letters, PIECE);
                for (number, row) in seen.iter().enumerate() {
                    let row = rows.read(row, &label_of, now_ms);
                    finder.offer(Numbered { number, row });
                }
                let hits = finder.finish().into_iter();
                let found = hits.filter_map(|hit| Some((seen.get(hit.row.number)?, hit.score)));
                scan.hits
                    .extend(found.map(|(row, score)| hit(rows, row, score, now_ms)));
            }
            Sought::Nothing | Sought::Mistake(_) => {}
        }
        if Instant::now() >= until {
            return;
        }
    }
}

/// The columns of the rows, and their words for states.
fn vocabulary(rows: &SeenRows) -> Vocabulary {
    /// Rows that are read for their columns.
    const MOST_READ: usize = 2_000;
    let mut vocabulary = Vocabulary::default();
    for seen in rows.entities().take(MOST_READ).filter_map(|row| rows.get(row)) {
        for (name, _) in seen.columns.iter() {
            vocabulary.add_column(name);
        }
        if let Some(word) = &seen.state.word {
            vocabulary.add_value(Field::State, word);
        }
    }
    vocabulary
}

/// A row with its number in a piece.
struct Numbered<R> {
    number: usize,
    row: R,
}

impl<R: query::Row> query::Row for Numbered<R> {
    fn any(&self, field: Field, test: &mut dyn FnMut(query::Value<'_>) -> bool) -> bool {
        self.row.any(field, test)
    }

    fn column(&self, name: &str) -> Option<model::Cell<'_>> {
        self.row.column(name)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, hide.in_set(PointerSystems::Pick))
        .add_systems(Update, search.in_set(FrameSystems::Place));
}

/// Hides what does not match, or shows it again.
fn hide(mut search: ResMut<Search>, mut commands: MessageReader<Command>) {
    for command in commands.read() {
        if *command == Command::HideOthers && search.is_active() {
            let hides_others = !search.hides_others;
            search.hide_others(hides_others);
        }
    }
}

fn search(
    mut search: ResMut<Search>,
    mut asked: MessageReader<Searched>,
    rows: SeenRows,
    touched: Res<Touched>,
    clock: Res<FleetClock>,
    mut intents: MessageWriter<Intent>,
) {
    let now = clock.0;
    let search = search.bypass_change_detection();
    for Searched(text) in asked.read() {
        if search.text.is_empty() && !text.is_empty() {
            search.vocabulary = vocabulary(&rows);
        }
        search.ask(text, now);
    }
    if !search.is_active() {
        return;
    }
    search.is_due |= !touched.is_empty();
    if search.scan.is_none() && search.is_due && now - search.searched >= AGAIN_SECS {
        (search.is_due, search.searched) = (false, now);
        search.scan = Some(Scan {
            all: rows.entities().collect(),
            done: 0,
            hits: Vec::new(),
        });
    }
    if let Some(scan) = search.scan.as_mut() {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        look(&rows, &search.sought, scan, now_ms, Instant::now() + BUDGET);
        if scan.done == scan.all.len() {
            let mut hits = std::mem::take(&mut scan.hits);
            search.scan = None;
            hits.sort_by(|one, other| one.2.cmp(&other.2).then_with(|| one.1.cmp(&other.1)));
            search.order = hits.iter().map(|(row, ..)| *row).collect();
            let set = search.order.iter().copied().collect();
            hits.truncate(MOST_LISTED);
            search.listed = hits.into_iter().map(|(row, key, _)| Found { key, row }).collect();
            search.take_rows(set);
        }
    }
    // The camera follows the first match, not each letter.
    if search.scan.is_none()
        && search.flown.is_none()
        && now - search.typed >= FLY_AFTER_SECS
        && let Some(first) = search.listed.first()
    {
        search.flown = Some(first.key.clone());
        intents.write(Intent::Focus(first.key.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_letters_and_signs_make_a_query() {
        let vocabulary = Vocabulary::default();
        let kind = |text: &str| match sought(text, &vocabulary) {
            Sought::Nothing => "nothing",
            Sought::Letters(_) => "letters",
            Sought::Query(_) => "query",
            Sought::Mistake(_) => "mistake",
        };
        assert_eq!(kind("  "), "nothing");
        assert_eq!(kind("inv rec"), "letters");
        assert_eq!(kind("state:failed"), "query");
        assert_eq!(kind("invoice -label:test"), "query");
        assert_eq!(kind("state:"), "mistake");
        assert_eq!(kind("age>10m or cost>1"), "query");
    }

    #[test]
    fn the_walk_through_the_matches_goes_around() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let search = Search {
            order: [3, 1, 2].map(row).to_vec(),
            ..Search::default()
        };
        assert_eq!(search.after(None, 1), Some(row(3)));
        assert_eq!(search.after(Some(row(3)), 1), Some(row(1)));
        assert_eq!(search.after(Some(row(2)), 1), Some(row(3)), "around");
        assert_eq!(search.after(Some(row(9)), -1), Some(row(2)), "one that does not match");
        assert_eq!(Search::default().after(None, 1), None);
    }

    #[test]
    fn what_is_similar_is_first_then_what_is_in_trouble_then_what_changed_last() {
        let rank = |similar: u32, trouble: usize, changed: i64| Rank {
            similar: u32::MAX - similar,
            trouble,
            changed: -changed,
        };
        assert!(rank(9, 5, 0) < rank(8, 0, 9));
        assert!(rank(9, 0, 0) < rank(9, 5, 9));
        assert!(rank(9, 0, 9) < rank(9, 0, 8));
    }
}
