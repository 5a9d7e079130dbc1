//! The text of cells with room for words. Pure.
//!
//! In a tile, beside the mark stands the title in up to three lines; at the lower edge the status and its age, above them the agent and
//! a line of activity or of the error. What there is no room for is left out, the
//! least important first. A smaller cell that is high enough has its title below the mark.

use bevy::math::{Rect, Vec2};

use model::{Phase, Status, Trouble};

use super::{
    label::{Ink, LINE, LabelTier, Part, line_px},
    text::{self, Age},
};
use crate::scene::detail::{MARK_MOST_PX, MARK_SHARE};

/// Free pixels at a tile's edges, at a desk.
const PAD_PX: f32 = 6.0;
/// Free pixels at the lower edge of a tile with a progress bar, at a desk: the bar lies 4 px above the edge and is 3 px high.
const BAR_PAD_PX: f32 = 10.0;
/// The square that is kept free for the mark, in heights of a title line.
const MARK_LINES: f32 = 1.3;
/// The mark's radius in heights of a title line.
const RADIUS_LINES: f32 = 0.5;
/// The most lines of a title.
const MOST_TITLE_LINES: usize = 3;
/// The most lines of activity or error.
const MOST_DETAIL_LINES: usize = 3;

/// The sizes of text by the size of the tile: from this width and height on, pixels at a desk, the tiers of the title and of
/// everything else. The largest first.
const STEPS: [(f32, f32, LabelTier, LabelTier); 4] = [
    (380.0, 170.0, LabelTier::Title, LabelTier::Name),
    (240.0, 108.0, LabelTier::Name, LabelTier::Body),
    (165.0, 72.0, LabelTier::Body, LabelTier::Small),
    (0.0, 0.0, LabelTier::Small, LabelTier::Small),
];

/// The tiers of the title and of everything else in a tile of this size, logical pixels.
const fn tiers(size_px: Vec2, unit: f32) -> (LabelTier, LabelTier) {
    let mut index = 0;
    while index + 1 < STEPS.len() {
        let (width, height, title, rest) = STEPS[index];
        if size_px.x >= width * unit && size_px.y >= height * unit {
            return (title, rest);
        }
        index += 1;
    }
    (LabelTier::Small, LabelTier::Small)
}

/// Where the mark of a tile is, in logical pixels: the offset of its middle from the tile's upper left corner, y downwards,
/// and its radius. `unit` is `TextScale::unit`.
pub(super) const fn tile_mark(size_px: Vec2, unit: f32) -> (Vec2, f32) {
    mark_of(tiers(size_px, unit).0, unit)
}

const fn mark_of(title: LabelTier, unit: f32) -> (Vec2, f32) {
    let line = title.base_px() * LINE * unit;
    let pad = PAD_PX * unit;
    let middle = Vec2::new(pad + MARK_LINES * line / 2.0, pad + line / 2.0);
    (middle, RADIUS_LINES * line)
}

/// The sizes from which on tiles have a larger mark, the largest first, and where that is (`tile_mark`), in desk pixels: the
/// shaders' table.
pub(crate) fn tile_marks() -> impl Iterator<Item = (Vec2, Vec2, f32)> {
    STEPS.into_iter().map(|(width, height, title, _)| {
        let (middle, radius) = mark_of(title, 1.0);
        (Vec2::new(width, height), middle, radius)
    })
}

/// Free pixels between a mark and the title below it, at a desk.
const GAP_PX: f32 = 2.0;
/// The least width of a shortened title below its mark, in em.
const LEAST_TITLE_EM: f32 = 6.0;

/// The radius of the mark in the middle of a cell that is no tile, in logical pixels.
pub(super) fn mark_radius(size_px: Vec2, unit: f32) -> f32 {
    (MARK_SHARE * size_px.min_element()).min(MARK_MOST_PX * unit)
}

/// What a tile could show.
#[derive(Debug, Clone, Default)]
pub(super) struct TileFacts<'a> {
    /// The name of the task or run.
    pub(super) title: &'a str,
    /// The word for its status: the row's own where it is not mapped.
    pub(super) word: &'a str,
    /// Its status.
    pub(super) status: Status,
    /// How long ago it changed.
    pub(super) age: Option<Age>,
    /// Who has it in hand.
    pub(super) agent: Option<&'a str>,
    /// What is being done, or why it failed.
    pub(super) detail: Option<&'a str>,
    /// Whether it has a progress bar.
    pub(super) has_bar: bool,
}

/// One line of a tile.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TileLine {
    /// Its text.
    pub(super) text: String,
    /// Its colour.
    pub(super) ink: Ink,
    /// Its font size.
    pub(super) tier: LabelTier,
    /// Its rectangle in logical pixels from the tile's upper left corner, y downwards.
    pub(super) rect: Rect,
}

/// The text of a cell: the title, and in a tile the facts at its lower edge. Lines of one kind have one height.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TileText {
    /// The lines of the title, from top to bottom.
    pub(super) title: Vec<TileLine>,
    /// The lines of everything else, from top to bottom.
    pub(super) facts: Vec<TileLine>,
    /// Whether something of the title was left out.
    pub(super) is_shortened: bool,
    /// Whether the age is shown.
    pub(super) has_age: bool,
}

/// The upper left corner of lines that follow one another, from that of their cell, and their text as the parts of one label;
/// `None` where there are no lines.
pub(super) fn parts(lines: &[TileLine], scale: f32) -> Option<(Vec2, Vec<Part>)> {
    let first = lines.first()?;
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        match parts.last_mut() {
            Some(above) if above.ink == line.ink => above.text = format!("{}\n{}", above.text, line.text),
            above => {
                if let Some(above) = above {
                    above.text.push('\n');
                }
                parts.push(Part::new(line.text.clone(), line.ink, line.tier, scale));
            }
        }
    }
    Some((first.rect.min, parts))
}

/// Titles of what is over step back.
const fn title_ink(status: Status) -> Ink {
    match status.phase() {
        Phase::Over | Phase::Away => Ink::Muted,
        Phase::Open | Phase::Running | Phase::Failed => Ink::Text,
    }
}

/// The title below the mark of a cell of this size (`Level::Titled`), logical pixels, at a text scale. No lines where there is no
/// room for it in the cell.
pub(super) fn titled(title: &str, status: Status, size_px: Vec2, scale: f32) -> TileText {
    let unit = scale.max(1.0);
    let tier = LabelTier::Small;
    let font = tier.base_px() * scale;
    let top = size_px.y / 2.0 + mark_radius(size_px, unit) + GAP_PX * unit;
    let shown = text::shorten(title, font, size_px.x - 2.0 * GAP_PX * unit)
        .filter(|shown| !shown.is_shortened || size_px.x >= LEAST_TITLE_EM * font)
        .filter(|_| size_px.y - top >= line_px(font));
    let Some(shown) = shown else {
        return TileText::default();
    };
    let width = text::width(&shown.text, font);
    let corner = Vec2::new((size_px.x - width) / 2.0, top);
    let line = TileLine {
        text: shown.text,
        ink: title_ink(status),
        tier,
        rect: Rect::from_corners(corner, corner + Vec2::new(width, line_px(font))),
    };
    TileText {
        title: vec![line],
        is_shortened: shown.is_shortened,
        ..TileText::default()
    }
}

/// Whether a tile of this size is high enough for more than its title and its status.
pub(super) const fn has_detail(size_px: Vec2, scale: f32) -> bool {
    let unit = scale.max(1.0);
    let line = tiers(size_px, unit).1.base_px() * LINE * scale;
    size_px.y >= 3.0 * line + 2.0 * PAD_PX * unit - 2.0
}

/// The text of a tile of this size, logical pixels, at a text scale. Nothing where not even a piece of the title fits.
pub(super) fn tile(facts: &TileFacts, size_px: Vec2, scale: f32) -> TileText {
    let unit = scale.max(1.0);
    let (title_tier, tier) = tiers(size_px, unit);
    let font = tier.base_px() * scale;
    let line = line_px(font);
    let pad = PAD_PX * unit;
    let (mark, radius) = tile_mark(size_px, unit);
    let indent = 2.0 * (mark.x - pad);
    let top = (mark.y - line_px(title_tier.base_px() * scale) / 2.0).max(pad);
    let bottom = size_px.y - if facts.has_bar { BAR_PAD_PX * unit } else { pad };
    let (left, width) = (pad, size_px.x - 2.0 * pad);
    let room = bottom - top;
    let row = |text: String, ink: Ink, tier: LabelTier, x: f32, y: f32| {
        let font = tier.base_px() * scale;
        let corner = Vec2::new(x, y);
        let rect = Rect::from_corners(corner, corner + Vec2::new(text::width(&text, font), line_px(font)));
        TileLine { text, ink, tier, rect }
    };
    let Some((title, title_tier)) = title(facts, [title_tier, tier], scale, width - indent, room) else {
        return TileText::default();
    };
    let title_line = line_px(title_tier.base_px() * scale);
    let ends = top + title.text.len() as f32 * title_line;
    let lines = title.text.into_iter().zip(0_u8..);
    let lines = lines.map(|(text, line)| {
        let y = top + f32::from(line) * title_line;
        row(text, title_ink(facts.status), title_tier, left + indent, y)
    });
    let mut shown = TileText {
        title: lines.collect(),
        is_shortened: title.is_shortened,
        ..TileText::default()
    };
    let rows = ((bottom - ends.max(mark.y + radius)) / line + 1e-3).floor().max(0.0) as usize;
    if rows == 0 {
        return shown;
    }
    let (state, has_age) = state(facts, font, width);
    shown.has_age = has_age;
    let mut texts = others(facts, font, width, rows - 1);
    texts.extend(state.map(|state| (state, Ink::Status(facts.status))));
    let first = bottom - texts.len() as f32 * line;
    let lines = texts.into_iter().zip(0_u8..);
    let lines = lines.map(|((text, ink), number)| row(text, ink, tier, left, first + f32::from(number) * line));
    shown.facts = lines.collect();
    shown
}

/// The lines of the title and their size, in a room of this width and height. A title is whole where that is possible: in more
/// lines, or else smaller; beside the facts, or else instead of them, because the mark shows the state as well. `None` where not
/// even a piece of it fits.
fn title(
    facts: &TileFacts,
    [largest, rest]: [LabelTier; 2],
    scale: f32,
    width: f32,
    height: f32,
) -> Option<(text::Shown<Vec<String>>, LabelTier)> {
    let line = |tier: LabelTier| line_px(tier.base_px() * scale);
    let wrap = |tier: LabelTier, lines: usize| text::wrap(facts.title, tier.base_px() * scale, width, lines);
    let fits = |tier: LabelTier, lines: usize, below: usize| {
        lines as f32 * line(tier) + below as f32 * line(rest) <= height + 1e-3
    };
    let has_failed = facts.status.trouble() == Some(Trouble::Failed);
    let below = 1 + usize::from(has_failed && facts.detail.is_some());
    let ways = [below, 0].into_iter().flat_map(|below| {
        let tiers = [largest, rest, LabelTier::Small].into_iter();
        tiers.flat_map(move |tier| (1..=MOST_TITLE_LINES).map(move |lines| (tier, lines, below)))
    });
    let mut whole = ways
        .filter(|&(tier, lines, below)| fits(tier, lines, below))
        .filter_map(|(tier, lines, _)| Some((wrap(tier, lines)?, tier)))
        .filter(|(title, _)| !title.is_shortened);
    whole.next().or_else(|| {
        let lines = if fits(largest, 2, 0) { 2 } else { 1 };
        fits(largest, 1, 0).then_some(())?;
        Some((wrap(largest, lines)?, largest))
    })
}

/// The status and its age, and whether the age is there.
fn state(facts: &TileFacts, font: f32, width: f32) -> (Option<String>, bool) {
    let word = |room: f32| text::shorten(facts.word, font, room).map(|word| word.text);
    let with_age = facts.age.as_ref().and_then(|age| {
        let age_px = text::width(&format!(" {}", age.widest), font);
        Some(format!("{} {}", word(width - age_px)?, age.text))
    });
    let has_age = with_age.is_some();
    (with_age.or_else(|| word(width)), has_age)
}

/// Who has it in hand, and what is being done or why it failed, in at most this many lines.
fn others(facts: &TileFacts, font: f32, width: f32, rows: usize) -> Vec<(String, Ink)> {
    let has_failed = facts.status.trouble() == Some(Trouble::Failed);
    let ink = if has_failed {
        Ink::Status(facts.status)
    } else {
        Ink::Muted
    };
    // Why it failed comes before who has it in hand.
    let agent = facts
        .agent
        .filter(|_| rows > usize::from(has_failed && facts.detail.is_some()))
        .and_then(|agent| text::shorten(agent, font, width));
    let rows = rows - usize::from(agent.is_some());
    let detail = facts
        .detail
        .filter(|_| rows > 0)
        .and_then(|detail| text::wrap(detail, font, width, rows.min(MOST_DETAIL_LINES)));
    let detail = detail.map(|detail| detail.text).unwrap_or_default();
    let agent = agent.map(|agent| (agent.text, Ink::Muted));
    agent
        .into_iter()
        .chain(detail.into_iter().map(|line| (line, ink)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts<'a>() -> TileFacts<'a> {
        TileFacts {
            title: "Train ranking model",
            word: "failed",
            status: Status::Failed,
            age: Some(text::age(17.0 * 60.0)),
            agent: Some("Ada"),
            detail: Some("connection refused"),
            has_bar: false,
        }
    }

    fn texts(shown: &TileText) -> Vec<&str> {
        shown
            .title
            .iter()
            .chain(&shown.facts)
            .map(|line| line.text.as_str())
            .collect()
    }

    #[test]
    fn a_tile_shows_as_much_as_its_size_allows() {
        let at = |width: f32, height: f32, facts: &TileFacts| tile(facts, Vec2::new(width, height), 1.0);
        let large = at(160.0, 110.0, &facts());
        assert_eq!(
            texts(&large),
            ["Train ranking model", "Ada", "connection refused", "failed 17 min"]
        );
        assert!(!large.is_shortened && large.has_age);
        let low = at(160.0, 60.0, &facts());
        assert_eq!(
            texts(&low),
            ["Train ranking model", "connection refused", "failed 17 min"],
            "why it failed comes before who has it"
        );
        let calm = TileFacts {
            status: Status::Running,
            word: "running",
            detail: Some("reads the index"),
            ..facts()
        };
        assert_eq!(
            texts(&at(160.0, 60.0, &calm)),
            ["Train ranking model", "Ada", "running 17 min"]
        );
        assert_eq!(
            texts(&at(115.0, 60.0, &facts())),
            ["Train ranking", "model", "failed 17 min"]
        );
        assert_eq!(
            texts(&at(115.0, 50.0, &facts())),
            ["Train ranking", "model"],
            "the mark tells the state, too"
        );
        let short = TileFacts {
            title: "Score leads",
            ..facts()
        };
        assert_eq!(texts(&at(110.0, 50.0, &short)), ["Score leads", "failed 17 min"]);
        assert!(at(30.0, 12.0, &facts()).title.is_empty());
    }

    #[test]
    fn a_long_title_is_whole_in_more_lines_or_smaller() {
        let long = TileFacts {
            title: "Quarterly payroll of the western branches",
            ..facts()
        };
        let at = |width: f32, height: f32| tile(&long, Vec2::new(width, height), 1.0);
        let three = at(150.0, 110.0);
        let words = [
            "Quarterly payroll of",
            "the western",
            "branches",
            "Ada",
            "connection refused",
            "failed 17 min",
        ];
        assert_eq!(texts(&three), words);
        let (large, small) = (at(400.0, 180.0), at(160.0, 75.0));
        let tiers = [&large, &small].map(|shown| shown.title.first().map(|line| line.tier));
        assert_eq!(
            tiers,
            [Some(LabelTier::Title), Some(LabelTier::Small)],
            "{large:?} {small:?}"
        );
        assert!(!large.is_shortened && !small.is_shortened);
        assert!(at(100.0, 50.0).is_shortened);
    }

    #[test]
    fn larger_tiles_have_larger_text_and_a_larger_mark() {
        let (small, large) = (Vec2::new(110.0, 50.0), Vec2::new(500.0, 230.0));
        let font = |size: Vec2| tile(&facts(), size, 1.0).title.first().map(|line| line.tier);
        assert_eq!(
            (font(small), font(large)),
            (Some(LabelTier::Small), Some(LabelTier::Title))
        );
        assert!(tile_mark(large, 1.0).1 > tile_mark(small, 1.0).1);
        let (middle, radius) = tile_mark(2.5 * small, 2.5);
        assert_eq!((middle / 2.5, radius / 2.5), tile_mark(small, 1.0));
    }

    #[test]
    fn one_label_has_the_lines_of_one_kind() {
        let shown = tile(&facts(), Vec2::new(130.0, 120.0), 1.0);
        let (corner, title) = parts(&shown.title, 1.0).unwrap();
        assert_eq!(corner.y, PAD_PX);
        assert_eq!(title.len(), 1);
        assert_eq!(title[0].text, "Train ranking\nmodel");
        let (corner, facts) = parts(&shown.facts, 1.0).unwrap();
        assert_eq!(corner, Vec2::new(PAD_PX, 120.0 - PAD_PX - 3.0 * 16.0));
        let texts: Vec<&str> = facts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(texts, ["Ada\n", "connection refused\nfailed 17 min"]);
        assert_eq!(parts(&[], 1.0), None);
    }

    #[test]
    fn a_cell_has_its_title_below_the_mark_where_it_is_high_enough() {
        let at = |x: f32, y: f32| titled("Train ranking model", Status::Running, Vec2::new(x, y), 1.0);
        assert_eq!(texts(&at(130.0, 90.0)), ["Train ranking model"]);
        assert!(at(100.0, 90.0).is_shortened);
        assert!(at(60.0, 90.0).title.is_empty(), "too narrow to be read");
        assert!(at(130.0, 50.0).title.is_empty(), "too low");
    }

    proptest! {
        #[test]
        fn titles_lie_in_their_cell_off_the_mark(width in 28.0..240.0_f32, height in 28.0..110.0_f32, scale in 0.75..3.0_f32, title in "\\PC{0,60}") {
            let size = Vec2::new(width, height) * scale;
            let shown = titled(&title, Status::Failed, size, scale);
            let radius = mark_radius(size, scale.max(1.0));
            let cell = Rect::from_corners(Vec2::ZERO, size);
            for line in &shown.title {
                prop_assert!(line.rect.min.y >= cell.center().y + radius, "{line:?}");
                prop_assert!(line.rect.min.x >= -0.1 && line.rect.max.x <= size.x + 0.1, "{line:?}");
                prop_assert!(line.rect.max.y <= size.y + 0.1, "{line:?}");
            }
        }

        #[test]
        fn lines_lie_in_the_tile_off_the_mark_and_never_overlap(
            width in 20.0..900.0_f32,
            height in 10.0..500.0_f32,
            scale in 0.75..3.0_f32,
            title in "\\PC{0,60}",
            word in "[a-z]{0,20}",
            agent in proptest::option::of("\\PC{0,30}"),
            detail in proptest::option::of("[a-z ]{0,200}"),
            age in proptest::option::of(0.0..1e6_f64),
            has_bar: bool,
            is_failed: bool,
        ) {
            let size = Vec2::new(width, height) * scale;
            let status = if is_failed { Status::Failed } else { Status::Queued };
            let facts = TileFacts {
                title: &title,
                word: &word,
                status,
                age: age.map(text::age),
                agent: agent.as_deref(),
                detail: detail.as_deref(),
                has_bar,
            };
            let shown = tile(&facts, size, scale);
            let unit = scale.max(1.0);
            let (middle, radius) = tile_mark(size, unit);
            let mark = Rect::from_center_half_size(middle, Vec2::splat(radius));
            let bar = Rect::new(0.0, size.y - 7.0 * unit, size.x, size.y - 4.0 * unit);
            for (index, line) in shown.title.iter().chain(&shown.facts).enumerate() {
                let rect = line.rect;
                prop_assert!(rect.min.x >= PAD_PX * unit - 0.1 && rect.max.x <= size.x - PAD_PX * unit + 0.1, "{line:?}");
                prop_assert!(rect.min.y >= PAD_PX * unit - 0.1 && rect.max.y <= size.y - PAD_PX * unit + 0.1, "{line:?}");
                prop_assert!(rect.intersect(mark).is_empty(), "{line:?} {mark:?}");
                prop_assert!(!has_bar || rect.intersect(bar).is_empty(), "{line:?}");
                for other in shown.title.iter().chain(&shown.facts).take(index) {
                    prop_assert!(rect.intersect(other.rect).height() < 0.1, "{line:?} {other:?}");
                }
            }
        }
    }
}
