//! The pitch of the cells, the widths of the streets and which blocks share a strip, such that all blocks together fill the
//! ground and the cells are as large as possible.
//!
//! For each of a series of cell widths, `strips` finds the strips that are least high together; the cell height is what the
//! ground's height then leaves (`trial`). The best pair of width and height is taken.

mod strips;
mod trial;

use glam::{Vec2, Vec3};

use crate::{NameWidth, scene::DESK_TEXT};
pub(crate) use strips::FitStrip;
use trial::Trial;

/// Headers that are tried: height in heights of readable text, the share of the ground that all may take, and how much more a
/// plan is worth that shows all names whole in them. A header without text is the last resort.
const HEADERS: [(f32, f32, f32); 4] = [(2.6, 0.15, 1.0), (2.0, 0.25, 0.9), (1.5, 0.48, 0.8), (0.0, 1.0, 0.0)];
/// With few blocks, names matter so many times as much; from the first to the second number of blocks less and less.
const FEW_BLOCKS: f32 = 3.0;
const FEW: (f32, f32) = (60.0, 500.0);
/// How much less the whole names are worth then when another one is cut.
const CUT: f32 = 0.7;
/// How much more a plan is worth that shows all names at least in part.
const PART_WORTH: f32 = 1.2;
/// A plan of which headers take more than they may is worth so many times as much.
const THIN: f32 = 0.5;
/// A name of which less than this share has room is of no use.
const LEAST_PART: f32 = 0.5;
/// A name makes its block at most this share of the ground wide.
pub(crate) const WIDEST_NAME: f32 = 0.45;
/// The header height at which names are as wide as their smallest readable size says, in heights of readable text.
pub(crate) const SMALLEST_HEADER: f32 = 1.5;
/// How much more a plan is worth, with few blocks, that has room for the counts beside all names.
const COUNTS_WORTH: f32 = 0.3;
/// What blocks are made wide enough for, tried in turn: the share of all names, the shortest first, the part of each name, and
/// whether its counts are beside it.
const NAME_SHARES: [(f32, f32, bool); 7] = [
    (1.0, 1.0, true),
    (0.9, 1.0, true),
    (1.0, 1.0, false),
    (0.9, 1.0, false),
    (0.6, 1.0, false),
    (0.9, LEAST_PART, false),
    (0.4, LEAST_PART, false),
];
/// Above this number of blocks, names have no influence on the plan.
const MOST_NAMED: usize = 600;
/// Width of a street per width of an agent.
pub(crate) const STREET_PER_AGENT: f32 = 1.2;

/// What a block needs of the ground.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    /// Its tasks, at least one.
    pub(crate) cells: u32,
    /// Width of its header's text.
    pub(crate) name: NameWidth,
}

impl Want {
    /// The width of its header's text.
    fn header(&self, with_counts: bool) -> f32 {
        if with_counts {
            self.name.with_counts
        } else {
            self.name.alone
        }
    }
}

/// What blocks are made wide enough for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct NameRoom {
    /// The longest header's text, pixels at the least readable size.
    longest: f32,
    /// Whether that is of names with their counts.
    with_counts: bool,
}

/// The ground for blocks with a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground {
    /// Width and height, pixels.
    pub(crate) size: Vec2,
    /// The smallest readable text, pixels.
    pub(crate) text: f32,
    /// Whether agents need room in the streets.
    pub(crate) has_agents: bool,
    /// The share of the ground that streets may take.
    pub(crate) streets: f32,
}

/// Measures that all strips of a plan share, and which blocks each contains.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// Width and height of a cell with its gap.
    pub(crate) pitch: Vec2,
    /// Height of headers; 0 where none is readable.
    pub(crate) header: f32,
    /// Room around the cells of a block.
    pub(crate) pad: f32,
    /// Ground left free at the left and at the top.
    pub(crate) edge: f32,
    /// Width of vertical and of horizontal streets.
    pub(crate) street: Vec2,
    /// Diameter of an agent in a street.
    pub(crate) agent: f32,
    /// The strips, from the top.
    pub(crate) strips: Vec<FitStrip>,
    /// The least columns of each block.
    pub(crate) columns: Vec<u32>,
    /// The width that each block has for its name at least.
    pub(crate) named: Vec<f32>,
    score: f32,
    /// The share of names that are whole, that can be read at least in part, and that have room for their counts.
    names: Vec3,
}

/// The gap between neighbouring cells at a pitch.
pub(crate) fn gap(pitch: Vec2) -> f32 {
    (pitch.min_element() * 0.07).min(8.0)
}

/// The width per height that suits a cell of this area (square pixels at a desk): tiles with text are wide, marks square.
fn aspect(area: f32, factor: f32) -> f32 {
    let side = area.max(1e-6).sqrt() / factor;
    1.0 + 1.2 * ((side / 24.0).ln() / 5.0_f32.ln()).clamp(0.0, 1.0)
}

/// How good a pitch is: the side of the largest cell of the best aspect that fits.
pub(crate) fn worth(pitch: Vec2, factor: f32) -> f32 {
    let root = aspect(pitch.x * pitch.y, factor).sqrt();
    (pitch.x / root).min(pitch.y * root)
}

/// Fits blocks, in their order, to a ground. There is at least one block.
pub(crate) fn fit(wants: &[Want], ground: Ground) -> Fit {
    let blocks = wants.len() as f32;
    let side = (0.9 * ground.size.x * ground.size.y / blocks).sqrt();
    // The usual block is half as wide again as high.
    let expected = (side / 1.5_f32.sqrt()).min(ground.size.y);
    let sorted = |with_counts: bool| {
        let mut names: Vec<f32> = wants.iter().map(|want| want.header(with_counts)).collect();
        names.sort_by(f32::total_cmp);
        names
    };
    let names = [false, true].map(sorted);
    let few = ((FEW.1 - blocks) / (FEW.1 - FEW.0)).clamp(0.0, 1.0);
    let mut best: Option<(f32, Fit)> = None;
    for (height, limit, worth) in HEADERS {
        let worth = worth * (1.0 + (FEW_BLOCKS - 1.0) * few);
        let header = height * ground.text;
        if header / expected > 1.5 * limit && height > 0.0 {
            continue;
        }
        let value = |fit: &Fit| {
            let is_thin = fit.strips.len() as f32 * header > limit * ground.size.y;
            // With few blocks, one name that is cut is too much.
            let whole = if fit.names.x < 1.0 {
                fit.names.x * (1.0 - CUT * few)
            } else {
                1.0
            };
            let names = 1.0 + worth * whole + PART_WORTH * fit.names.y + COUNTS_WORTH * few * fit.names.z;
            fit.score * names * if is_thin { THIN } else { 1.0 }
        };
        let (width, plain) = search(wants, ground, header, side, NameRoom::default(), None);
        let most = plain.score * (1.0 + worth + PART_WORTH + COUNTS_WORTH * few);
        let mut keep = |fit: Fit| {
            let value = value(&fit);
            if best.as_ref().is_none_or(|best| value > best.0) {
                best = Some((value, fit));
            }
            best.as_ref().map_or(0.0, |best| best.0)
        };
        let mut least = keep(plain);
        let mut before = NameRoom::default();
        for (share, part, with_counts) in NAME_SHARES {
            let names = &names[usize::from(with_counts)];
            let last = ((names.len() as f32 * share).ceil() as usize).saturating_sub(1);
            let longest = names.get(last).map_or(0.0, |name| name * part);
            let room = NameRoom { longest, with_counts };
            // Room for names never makes cells larger.
            if header > 0.0 && wants.len() <= MOST_NAMED && most > least && room != before {
                least = keep(search(wants, ground, header, side, room, Some(width)).1);
            }
            before = room;
        }
    }
    best.map_or_else(
        || search(wants, ground, 0.0, side, NameRoom::default(), None).1,
        |best| best.1,
    )
}

/// The best of a series of cell widths, with its width: around those of which all cells fill the ground, or below one that is
/// the best without names.
fn search(wants: &[Want], ground: Ground, header: f32, side: f32, names: NameRoom, unnamed: Option<f32>) -> (f32, Fit) {
    let factor = ground.text / DESK_TEXT;
    let cells: f32 = wants.iter().map(|want| want.cells as f32).sum();
    let area = 0.75 * ground.size.x * ground.size.y / cells;
    let middle = unnamed.unwrap_or_else(|| (area * aspect(area, factor)).sqrt());
    let step = if cells <= 400.0 { 1.05_f32 } else { 1.1 };
    let (below, above) = match (unnamed.is_some(), cells <= 400.0) {
        (true, true) => (12, 5),
        (true, false) => (7, 1),
        (false, true) => (18, 14),
        (false, false) => (6, 5),
    };
    let trial = |width: f32| {
        let trial = Trial {
            ground,
            header,
            side,
            names,
            width,
        };
        trial.fit(wants)
    };
    let coarse = (-below..=above).map(|power| trial(middle * step.powi(power)));
    let better = |one: (f32, Fit), other: (f32, Fit)| if other.1.score > one.1.score { other } else { one };
    let (width, best) = coarse.reduce(better).unwrap_or_else(|| trial(middle));
    let fine = [0.97, 0.985, 1.015, 1.03].map(|share| trial(width * share));
    fine.into_iter().fold((width, best), better)
}
