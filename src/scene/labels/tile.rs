//! The text of cells with room for words. Pure.
//!
//! In a tile, beside the mark stands the title in two lines; below it the agent and one line of activity or of the error; at the lower
//! edge the status and its age. What there is no room for is left out, the least important first. A smaller cell that is wide
//! enough has its mark at the left and the title at the right of it.

use bevy::math::{Rect, Vec2};

use model::{Phase, Status, Trouble};

use super::{
    label::{Ink, LINE, LabelTier, line_px},
    text::{self, Age},
};

/// Free pixels at a tile's edges, at a desk.
pub(crate) const PAD_PX: f32 = 6.0;
/// Free pixels at the lower edge of a tile with a progress bar, at a desk: the bar lies 4 px above the edge and is 3 px high.
pub(crate) const BAR_PAD_PX: f32 = 10.0;
/// The square that is kept free for the mark, in heights of a title line.
const MARK_LINES: f32 = 1.3;
/// The mark's radius in heights of a title line.
const RADIUS_LINES: f32 = 0.5;
/// The most lines of activity or error.
const MOST_DETAIL_LINES: usize = 3;

/// The sizes of text by the size of the tile: from this width and height on, pixels at a desk, the tiers of the title and of
/// everything else. The largest first.
const STEPS: [(f32, f32, LabelTier, LabelTier); 4] = [
    (460.0, 220.0, LabelTier::Title, LabelTier::Name),
    (300.0, 140.0, LabelTier::Name, LabelTier::Body),
    (170.0, 80.0, LabelTier::Body, LabelTier::Small),
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
pub(crate) const fn tile_mark(size_px: Vec2, unit: f32) -> (Vec2, f32) {
    let line = tiers(size_px, unit).0.base_px() * LINE * unit;
    let pad = PAD_PX * unit;
    let middle = Vec2::new(pad + MARK_LINES * line / 2.0, pad + line / 2.0);
    (middle, RADIUS_LINES * line)
}

/// A cell with a title is wide if it has this many times its height, and this many pixels at a desk.
const WIDE: (f32, f32) = (1.3, 66.0);
/// Free pixels around the mark of a wide cell, and at its right end, at a desk.
const WIDE_GAP_PX: f32 = 5.0;
/// The radius of the mark of a wide cell as a share of its height, and at most, pixels at a desk.
const WIDE_RADIUS: (f32, f32) = (0.26, 13.0);
/// The radius of a mark in the middle of its cell, as a share of the cell's lesser side.
const RADIUS: f32 = 0.33;
/// The most lines of a title beside its mark.
const MOST_TITLE_LINES: usize = 3;
/// The least width of a title beside its mark, in em.
const LEAST_TITLE_EM: f32 = 3.2;

const fn is_wide(size_px: Vec2, unit: f32) -> bool {
    size_px.x >= WIDE.0 * size_px.y && size_px.x >= WIDE.1 * unit
}

/// Where the mark of a cell is that is smaller than a tile and large enough for a title (`Level::Titled`), as for `tile_mark`.
pub(crate) const fn titled_mark(size_px: Vec2, unit: f32) -> (Vec2, f32) {
    if is_wide(size_px, unit) {
        let radius = (WIDE_RADIUS.0 * size_px.y).min(WIDE_RADIUS.1 * unit);
        (Vec2::new(WIDE_GAP_PX * unit + radius, size_px.y / 2.0), radius)
    } else {
        let side = size_px.x.min(size_px.y);
        (Vec2::new(size_px.x / 2.0, size_px.y / 2.0), RADIUS * side)
    }
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

/// The text of a tile, from top to bottom.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TileText {
    /// Its lines.
    pub(super) lines: Vec<TileLine>,
    /// Whether something of the title was left out.
    pub(super) is_shortened: bool,
    /// Whether the age is shown.
    pub(super) has_age: bool,
}

/// Titles of what is over step back.
const fn title_ink(status: Status) -> Ink {
    match status.phase() {
        Phase::Over | Phase::Away => Ink::Muted,
        Phase::Open | Phase::Running | Phase::Failed => Ink::Text,
    }
}

/// The title beside the mark of a cell of this size (`Level::Titled`), logical pixels, at a text scale. No lines where there is
/// no room for it in its cell.
pub(super) fn titled(title: &str, status: Status, size_px: Vec2, scale: f32) -> TileText {
    let unit = scale.max(1.0);
    let tier = LabelTier::Small;
    let font = tier.base_px() * scale;
    let line = line_px(font);
    let (mark, radius) = titled_mark(size_px, unit);
    let gap = WIDE_GAP_PX * unit;
    let left = mark.x + radius + gap;
    let width = size_px.x - left - gap;
    let rows = ((size_px.y - unit) / line).floor().max(0.0) as usize;
    if !is_wide(size_px, unit) || width < LEAST_TITLE_EM * font || rows == 0 {
        return TileText::default();
    }
    let Some(wrapped) = text::wrap(title, font, width, rows.min(MOST_TITLE_LINES)) else {
        return TileText::default();
    };
    let ink = match status.phase() {
        _ if status.is_trouble() => Ink::Text,
        Phase::Running => Ink::Text,
        Phase::Open | Phase::Failed | Phase::Over | Phase::Away => Ink::Muted,
    };
    let top = (size_px.y - wrapped.text.len() as f32 * line) / 2.0;
    let lines = wrapped.text.into_iter().enumerate();
    let lines = lines.map(|(row, text)| {
        let corner = Vec2::new(left, top + row as f32 * line);
        let size = Vec2::new(text::width(&text, font), line);
        TileLine {
            text,
            ink,
            tier,
            rect: Rect::from_corners(corner, corner + size),
        }
    });
    TileText {
        lines: lines.collect(),
        is_shortened: wrapped.is_shortened,
        has_age: false,
    }
}

/// The text of a tile of this size, logical pixels, at a text scale. No lines where not even a piece of the title fits.
pub(super) fn tile(facts: &TileFacts, size_px: Vec2, scale: f32) -> TileText {
    let unit = scale.max(1.0);
    let (title_tier, tier) = tiers(size_px, unit);
    let (title_font, font) = (title_tier.base_px() * scale, tier.base_px() * scale);
    let (title_line, line) = (line_px(title_font), line_px(font));
    let pad = PAD_PX * unit;
    let (mark, radius) = tile_mark(size_px, unit);
    // Indented by whole spaces, so that one text has all lines.
    let indent = text::spaces_px(text::spaces_for(2.0 * (mark.x - pad), title_font), title_font);
    let top = (mark.y - title_line / 2.0).max(pad);
    let bottom = size_px.y - if facts.has_bar { BAR_PAD_PX * unit } else { pad };
    let (left, width) = (pad, size_px.x - 2.0 * pad);
    let room = bottom - top;
    if room < title_line {
        return TileText::default();
    }
    let wrap = |lines: usize| text::wrap(facts.title, title_font, width - indent, lines);
    let is_long = wrap(1).is_none_or(|title| title.is_shortened);
    let rows = if is_long && room >= 2.0 * title_line { 2 } else { 1 };
    let Some(title) = wrap(rows) else {
        return TileText::default();
    };
    let mut shown = TileText {
        is_shortened: title.is_shortened,
        ..TileText::default()
    };
    let mut y = top;
    let mut add = |text: String, ink: Ink, tier: LabelTier, x: f32, y: f32| {
        let font = tier.base_px() * scale;
        let corner = Vec2::new(x, y);
        let rect = Rect::from_corners(corner, corner + Vec2::new(text::width(&text, font), line_px(font)));
        shown.lines.push(TileLine { text, ink, tier, rect });
    };
    for row in title.text {
        add(row, title_ink(facts.status), title_tier, left + indent, y);
        y += title_line;
    }
    y = y.max(mark.y + radius);
    // The mark shows the state as well: of a tile with room for two lines, a long title takes both.
    let last = bottom - line;
    if y > last {
        return shown;
    }
    let mut rows = ((last - y) / line).floor() as usize;
    let detail_ink = match facts.status.trouble() {
        Some(Trouble::Failed) => Ink::Status(facts.status),
        _ => Ink::Muted,
    };
    // Why it failed comes before who has it in hand.
    let is_agent_first = detail_ink == Ink::Muted || rows > 1;
    if let Some(agent) = facts.agent.filter(|_| is_agent_first && rows > 0)
        && let Some(agent) = text::shorten(agent, font, width)
    {
        add(agent.text, Ink::Text, tier, left, y);
        y += line;
        rows -= 1;
    }
    let detail = facts.detail.filter(|_| rows > 0);
    let detail = detail.and_then(|detail| text::wrap(detail, font, width, rows.min(MOST_DETAIL_LINES)));
    for row in detail.map(|detail| detail.text).unwrap_or_default() {
        add(row, detail_ink, tier, left, y);
        y += line;
    }
    let age = facts.age.as_ref();
    let age_px = age.map_or(0.0, |age| text::width(&format!(" {}", age.widest), font));
    let word = |room: f32| text::shorten(facts.word, font, room).map(|word| word.text);
    let state = match (age, word(width - age_px)) {
        (Some(age), Some(word)) => {
            shown.has_age = true;
            Some(format!("{word} {}", age.text))
        }
        _ => word(width),
    };
    if let Some(state) = state {
        let size = Vec2::new(text::width(&state, font), line);
        let corner = Vec2::new(left, last);
        shown.lines.push(TileLine {
            text: state,
            ink: Ink::Status(facts.status),
            tier,
            rect: Rect::from_corners(corner, corner + size),
        });
    }
    shown
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
        shown.lines.iter().map(|line| line.text.as_str()).collect()
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
        assert!(at(30.0, 12.0, &facts()).lines.is_empty());
    }

    #[test]
    fn larger_tiles_have_larger_text_and_a_larger_mark() {
        let (small, large) = (Vec2::new(110.0, 50.0), Vec2::new(500.0, 230.0));
        let font = |size: Vec2| tile(&facts(), size, 1.0).lines.first().map(|line| line.tier);
        assert_eq!(
            (font(small), font(large)),
            (Some(LabelTier::Small), Some(LabelTier::Title))
        );
        assert!(tile_mark(large, 1.0).1 > tile_mark(small, 1.0).1);
        let (middle, radius) = tile_mark(2.5 * small, 2.5);
        assert_eq!((middle / 2.5, radius / 2.5), tile_mark(small, 1.0));
    }

    #[test]
    fn a_wide_cell_has_its_title_beside_the_mark_and_a_square_one_has_not() {
        let at = |size: Vec2| titled("Train ranking model", Status::Running, size, 1.0);
        let wide = at(Vec2::new(90.0, 50.0));
        assert_eq!(texts(&wide), ["Train", "ranking", "model"]);
        assert!(at(Vec2::splat(60.0)).lines.is_empty());
        let (middle, radius) = titled_mark(Vec2::splat(60.0), 1.0);
        assert!(middle == Vec2::splat(30.0) && radius < 30.0);
    }

    proptest! {
        #[test]
        fn titles_lie_in_their_cell_off_the_mark(width in 28.0..240.0_f32, height in 28.0..110.0_f32, scale in 0.75..3.0_f32, title in "\\PC{0,60}") {
            let size = Vec2::new(width, height) * scale;
            let shown = titled(&title, Status::Failed, size, scale);
            let (middle, radius) = titled_mark(size, scale.max(1.0));
            let cell = Rect::from_corners(Vec2::ZERO, size);
            let mark = Rect::from_center_half_size(middle, Vec2::splat(radius));
            prop_assert!(mark.intersect(cell).size().min_element() > 2.0 * radius - 0.01);
            for (index, line) in shown.lines.iter().enumerate() {
                prop_assert!(line.rect.min.x >= middle.x + radius && line.rect.max.x <= size.x + 0.1);
                prop_assert!(line.rect.min.y >= -0.1 && line.rect.max.y <= size.y + 0.1);
                for other in &shown.lines[..index] {
                    prop_assert!(line.rect.intersect(other.rect).height() < 0.1);
                }
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
            for (index, line) in shown.lines.iter().enumerate() {
                let rect = line.rect;
                prop_assert!(rect.min.x >= PAD_PX * unit - 0.1 && rect.max.x <= size.x - PAD_PX * unit + 0.1, "{line:?}");
                prop_assert!(rect.min.y >= PAD_PX * unit - 0.1 && rect.max.y <= size.y - PAD_PX * unit + 0.1, "{line:?}");
                prop_assert!(rect.intersect(mark).is_empty(), "{line:?} {mark:?}");
                prop_assert!(!has_bar || rect.intersect(bar).is_empty(), "{line:?}");
                for other in &shown.lines[..index] {
                    prop_assert!(rect.intersect(other.rect).height() < 0.1, "{line:?} {other:?}");
                }
            }
        }
    }
}
