//! The pitch of the cells, the widths of the streets and which blocks share a strip, such that all blocks together fill the
//! ground and the cells are as large as possible.
//!
//! For each of a series of cell widths, `strips` finds the rows of strips that are least high together; the cell height is what
//! the ground's height then leaves. The best pair of width and height is taken.

mod strips;

use glam::Vec2;

use crate::scene::DESK_TEXT;
pub(crate) use strips::FitStrip;
use strips::{Measure, partition};

/// Headers that are tried: height in heights of readable text, the share of the ground that all may take, and how much a plan
/// with them is worth. A header without text is the last resort.
const HEADERS: [(f32, f32, f32); 4] = [(2.6, 0.15, 1.14), (2.0, 0.25, 1.06), (1.5, 0.42, 1.0), (0.0, 1.0, 0.85)];
/// How much more a plan is worth that shows all names whole.
const NAMES_WORTH: f32 = 0.8;
/// The header height at which names are as wide as their smallest readable size says, in heights of readable text.
const SMALLEST_HEADER: f32 = 1.5;
/// A name makes its block at most this share of the ground wide.
const WIDEST_NAME: f32 = 0.45;
/// Blocks are made wide enough for these shares of the names, the shortest ones, in turn.
const NAME_SHARES: [f32; 4] = [1.0, 0.9, 0.6, 0.0];
/// Above so many blocks, names have no influence on the plan.
const MOST_NAMED: usize = 600;
/// The share of the ground that horizontal and vertical streets may take.
const STREETS: Vec2 = Vec2::new(0.035, 0.07);
/// Width of a street per width of an agent.
pub(crate) const STREET_PER_AGENT: f32 = 1.2;
/// A body of which less than this share is cells counts as badly filled.
const WELL_FILLED: f32 = 0.7;

/// What a block needs of the ground.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    /// Its tasks, at least one.
    pub(crate) cells: u32,
    /// Width of its header's text at the least readable size, pixels.
    pub(crate) name: f32,
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
    score: f32,
    /// The share of names that their block is wide enough for.
    names_whole: f32,
}

/// The gap between neighbouring cells at a pitch.
pub(crate) fn gap(pitch: Vec2) -> f32 {
    (pitch.min_element() * 0.07).clamp(0.2, 8.0)
}

/// The width per height that suits a cell of this area (square pixels at a desk): tiles with text are wide, marks square.
fn aspect(area: f32, factor: f32) -> f32 {
    let side = area.max(1e-6).sqrt() / factor;
    1.0 + 1.2 * ((side / 24.0).ln() / 5.0_f32.ln()).clamp(0.0, 1.0)
}

/// How good a pitch is: the side of the largest cell of the best aspect that fits.
fn worth(pitch: Vec2, factor: f32) -> f32 {
    let root = aspect(pitch.x * pitch.y, factor).sqrt();
    (pitch.x / root).min(pitch.y * root)
}

/// Fits blocks, in their order, to a ground. There is at least one block.
pub(crate) fn fit(wants: &[Want], ground: Ground) -> Fit {
    let blocks = wants.len() as f32;
    let side = (0.9 * ground.size.x * ground.size.y / blocks).sqrt();
    // The usual block is half as wide again as high.
    let expected = (side / 1.5_f32.sqrt()).min(ground.size.y);
    let mut names: Vec<f32> = wants.iter().map(|want| want.name).collect();
    names.sort_by(f32::total_cmp);
    let mut best: Option<(f32, Fit)> = None;
    for (height, limit, worth) in HEADERS {
        let header = height * ground.text;
        if header / expected > 1.5 * limit && best.is_none() {
            continue;
        }
        let shares = NAME_SHARES
            .into_iter()
            .filter(|&share| share == 0.0 || (header > 0.0 && wants.len() <= MOST_NAMED));
        for share in shares {
            let last = ((names.len() as f32 * share).ceil() as usize).checked_sub(1);
            let longest = last.and_then(|last| names.get(last)).copied().unwrap_or(0.0);
            let fit = search(wants, ground, header, side, longest);
            let is_thin = fit.strips.len() as f32 * header > limit * ground.size.y;
            let value = fit.score * worth * (1.0 + NAMES_WORTH * fit.names_whole) * if is_thin { 0.5 } else { 1.0 };
            if best.as_ref().is_none_or(|best| value > best.0) {
                best = Some((value, fit));
            }
        }
    }
    best.map_or_else(|| search(wants, ground, 0.0, side, 0.0), |best| best.1)
}

/// The best of a series of cell widths.
fn search(wants: &[Want], ground: Ground, header: f32, side: f32, longest: f32) -> Fit {
    let factor = ground.text / DESK_TEXT;
    let cells: f32 = wants.iter().map(|want| want.cells as f32).sum();
    let area = 0.75 * ground.size.x * ground.size.y / cells;
    let middle = (area * aspect(area, factor)).sqrt();
    let (step, reach) = if cells <= 400.0 { (1.05_f32, 20) } else { (1.1, 8) };
    let trial = |width: f32| trial(wants, ground, header, side, longest, width);
    let coarse = (-reach..=reach).map(|power| trial(middle * step.powi(power)));
    let better = |one: (f32, Fit), other: (f32, Fit)| if other.1.score > one.1.score { other } else { one };
    let (width, best) = coarse.reduce(better).unwrap_or_else(|| trial(middle));
    let fine = [0.965, 0.98, 0.99, 1.01, 1.02, 1.035].map(|share| trial(width * share));
    fine.into_iter().fold((width, best), better).1
}

/// The fit with cells of about this width, which is returned too.
fn trial(wants: &[Want], ground: Ground, header: f32, side: f32, longest: f32, width: f32) -> (f32, Fit) {
    let factor = ground.text / DESK_TEXT;
    let cells: f32 = wants.iter().map(|want| want.cells as f32).sum();
    let pad = (0.02 * side).clamp(0.25, 7.0 * factor);
    let least = (0.02 * side).clamp(1.0, 6.0 * factor);
    let room = ground.size - least;
    // Widths are tried for which cells of the best aspect just fit.
    let height = (width / aspect(width * width, factor)).min(room.y);
    let mut agent = if ground.has_agents {
        (0.4 * width.min(height)).clamp(4.0, 24.0 * factor)
    } else {
        0.0
    };
    let mut street = Vec2::splat(least.max(STREET_PER_AGENT * agent));
    let name_scale = header / (SMALLEST_HEADER * ground.text);
    let measure = |street: Vec2| Measure {
        room: room.x,
        width: width.min(room.x - street.x - 2.0 * pad),
        height,
        lot: street.x + 2.0 * pad,
        strip: header + 2.0 * pad + street.y,
        name_scale,
        widest_name: (WIDEST_NAME * room.x).min(longest * name_scale),
    };
    let mut strips = partition(wants, &measure(street));
    // Streets within their budget.
    let count = strips.len() as f32;
    let allowed = STREETS * room / Vec2::new(wants.len() as f32 / count, count);
    if street.cmpgt(allowed).any() && street.max_element() > least {
        agent = agent.min((allowed.y / STREET_PER_AGENT).max(least / STREET_PER_AGENT));
        let wanted = least.max(STREET_PER_AGENT * agent);
        // A vertical street that cannot hold an agent is as narrow as all are without agents.
        street = Vec2::new(if wanted <= allowed.x { wanted } else { least }, wanted);
        strips = partition(wants, &measure(street));
    }
    let measure = measure(street);
    let rows: u32 = strips.iter().map(|strip| strip.rows).sum();
    let height = ((room.y - strips.len() as f32 * measure.strip) / rows as f32).max(room.y * 1e-6);
    let width = strips
        .iter()
        .map(|strip| strips::widest(wants, strip, &measure))
        .fold(f32::INFINITY, f32::min);
    let pitch = Vec2::new(width, height);
    let body: f32 = strips
        .iter()
        .map(|strip| (room.x - strip.count as f32 * street.x) * (strip.rows as f32 * height + 2.0 * pad))
        .sum();
    let cell = (pitch - gap(pitch)).max(Vec2::ZERO);
    let filled = cells * cell.x * cell.y / body.max(1e-6);
    let columns = strips::all_columns(wants, &strips, &measure);
    let is_whole = |(want, columns): &(&Want, &u32)| want.name * name_scale <= **columns as f32 * width;
    let whole = wants.iter().zip(&columns).filter(is_whole).count();
    let fit = Fit {
        names_whole: if header > 0.0 {
            whole as f32 / wants.len() as f32
        } else {
            0.0
        },
        columns,
        pitch,
        header,
        pad,
        edge: least,
        street,
        agent,
        score: worth(pitch, factor) * (filled / WELL_FILLED).min(1.0),
        strips,
    };
    (measure.width, fit)
}
