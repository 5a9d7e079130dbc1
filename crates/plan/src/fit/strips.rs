//! Which blocks share a strip, and how many rows of cells each strip has.

use super::Want;

/// How much the unused part of a strip's length counts against it.
const UNUSED: f32 = 0.5;

/// How much a strip counts as higher whose rows are more or fewer than usual: strips of similar height look orderly.
const UNLIKE: f32 = 0.08;
const MOST_UNLIKE: f32 = 0.2;

/// The measures of a trial, pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// Length of a strip.
    pub(super) room: f32,
    /// Width of a cell.
    pub(super) width: f32,
    /// Expected height of a cell.
    pub(super) height: f32,
    /// What each block takes of the strip's length besides its cells.
    pub(super) lot: f32,
    /// What each strip takes of the ground's height besides its cells.
    pub(super) strip: f32,
    /// Width that a block has for its name, per width of the name.
    pub(super) name_scale: f32,
    /// The most that a name widens its block to.
    pub(super) widest_name: f32,
    /// Whether a name's counts are beside it.
    pub(super) with_counts: bool,
}

/// A strip: consecutive blocks with the same number of rows of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FitStrip {
    /// Rows of cells.
    pub(crate) rows: u32,
    /// Its first block.
    pub(crate) first: usize,
    /// How many blocks it contains.
    pub(crate) count: usize,
}

/// Lengths in a strip are counted in this many parts of a cell's width: names need no whole cells.
const PARTS: u32 = 8;

impl Measure {
    /// The width that a block has for its name, pixels.
    pub(super) fn named_width(&self, want: &Want) -> f32 {
        (want.header(self.with_counts) * self.name_scale).min(self.widest_name)
    }

    /// The least parts of a block, for its name.
    fn named_parts(&self, want: &Want) -> u32 {
        (self.named_width(want) / self.width * PARTS as f32).ceil() as u32
    }

    /// The parts of a strip with so many blocks.
    fn parts(&self, blocks: usize) -> u32 {
        let cells = (self.room - blocks as f32 * self.lot) / self.width;
        (cells * PARTS as f32 * 1.000_01).max(0.0) as u32
    }
}

/// Parts of a block in a strip with so many rows.
fn parts(want: &Want, rows: u32, named: u32) -> u32 {
    (want.cells.div_ceil(rows) * PARTS).max(named)
}

/// The widest cells with which a strip's blocks fit into it.
pub(super) fn widest(wants: &[Want], strip: &FitStrip, measure: &Measure) -> f32 {
    let blocks = wants.get(strip.first..strip.first + strip.count).unwrap_or(&[]);
    let parts: u32 = blocks
        .iter()
        .map(|want| parts(want, strip.rows, measure.named_parts(want)))
        .sum();
    (measure.room - strip.count as f32 * measure.lot) / (parts.max(1) as f32 / PARTS as f32)
}

/// The least columns of every block in its strip.
pub(super) fn all_columns(wants: &[Want], strips: &[FitStrip]) -> Vec<u32> {
    let of_strip = |strip: &FitStrip| {
        let blocks = wants.get(strip.first..strip.first + strip.count).unwrap_or(&[]);
        let rows = strip.rows;
        blocks.iter().map(move |want| want.cells.div_ceil(rows))
    };
    strips.iter().flat_map(of_strip).collect()
}

/// How many pairs of a block and a number of rows are looked at in one trial.
const PAIRS: usize = 8_000;

/// The numbers of rows that are tried: all small ones, then in steps, so that their number times that of the blocks is bounded.
fn row_choices(wants: &[Want], measure: &Measure) -> Vec<u32> {
    let most = wants.iter().map(|want| want.cells).max().unwrap_or(1);
    let total: f32 = wants.iter().map(|want| want.cells as f32).sum();
    let all_in_one = (total * measure.width / measure.room * 1.5).ceil() as u32 + 1;
    let most = most.min(all_in_one).max(1);
    let budget = (PAIRS / wants.len()).clamp(14, 150) as f32;
    let dense = budget * 0.6;
    let growth = if (most as f32) > budget {
        (most as f32 / dense).powf(1.0 / (budget - dense)).max(1.01)
    } else {
        1.0
    };
    let mut choices = Vec::new();
    let mut rows = 1.0_f32;
    while rows as u32 <= most && choices.len() < 400 {
        choices.push(rows as u32);
        rows = (rows * growth).max(rows.floor() + 1.0).floor();
    }
    choices
}

/// The number of rows with which a block of middle size is half as wide again as high, or as wide as its name.
fn usual_rows(wants: &[Want], measure: &Measure) -> f32 {
    let mut cells: Vec<u32> = wants.iter().map(|want| want.cells).collect();
    let middle = cells.len() / 2;
    let (_, median, _) = cells.select_nth_unstable(middle);
    let count = wants.len() as f32;
    let mean = wants.iter().map(|want| want.cells as f32).sum::<f32>() / count;
    let name = wants.iter().map(|want| measure.named_width(want)).sum::<f32>() / count;
    let length = (*median as f32 * mean).sqrt() * measure.width;
    (length / (1.5 * measure.height))
        .sqrt()
        .min(length / name.max(1.0))
        .max(1.0)
}

/// The longest strip that begins at the present first block, for one number of rows.
struct Reach {
    rows: u32,
    /// One behind its last block.
    end: usize,
    /// Parts of its blocks.
    taken: u32,
    /// Its height.
    height: f32,
}

/// The strips that are least high together. With the blocks that follow a strip given, more blocks in the strip never make
/// the rest higher; so for each first block and each number of rows only the longest strip is looked at.
pub(super) fn partition(wants: &[Want], measure: &Measure) -> Vec<FitStrip> {
    let count = wants.len();
    let named: Vec<u32> = wants.iter().map(|want| measure.named_parts(want)).collect();
    // The parts of a strip by the number of its blocks, as long as there are any.
    let room: Vec<u32> = (0..=count)
        .map(|blocks| measure.parts(blocks))
        .take_while(|&parts| parts > 0)
        .collect();
    let weight: Vec<f32> = room.iter().map(|&parts| UNUSED / parts as f32).collect();
    let room_for = |blocks: usize| room.get(blocks).copied().unwrap_or(0);
    let usual = usual_rows(wants, measure);
    let height = |rows: u32| {
        let unlike = (rows as f32 / usual).ln();
        (rows as f32 * measure.height + measure.strip) * (1.0 + (UNLIKE * unlike * unlike).min(MOST_UNLIKE))
    };
    let mut reach: Vec<Reach> = row_choices(wants, measure)
        .into_iter()
        .map(|rows| Reach {
            rows,
            end: count,
            taken: 0,
            height: height(rows),
        })
        .collect();
    let alone = room_for(1).max(PARTS);
    let mut cost = vec![0.0_f32; count + 1];
    let mut next = vec![(0_u32, count); count + 1];
    for first in (0..count).rev() {
        let (want, least) = (&wants[first], named[first]);
        // A block that is alone fits in some number of rows.
        let rows = want.cells.div_ceil(alone / PARTS);
        let unused = 1.0 - (parts(want, rows, least) as f32 / alone as f32).min(1.0);
        let high = height(rows) * (1.0 + UNUSED * unused);
        let mut best = (high + cost[first + 1], rows, first + 1);
        for strip in &mut reach {
            strip.taken += parts(want, strip.rows, least);
            while strip.end > first && strip.taken > room_for(strip.end - first) {
                strip.end -= 1;
                strip.taken -= parts(&wants[strip.end], strip.rows, named[strip.end]);
            }
            let blocks = strip.end - first;
            if blocks > 0 {
                // Unused length counts as some more height.
                let unused = (room[blocks] - strip.taken) as f32 * weight[blocks];
                let high = strip.height * (1.0 + unused) + cost[strip.end];
                if high < best.0 {
                    best = (high, strip.rows, strip.end);
                }
            }
        }
        cost[first] = best.0;
        next[first] = (best.1, best.2);
    }
    let mut strips = Vec::new();
    let mut first = 0;
    while first < count {
        let (rows, end) = next[first];
        strips.push(FitStrip {
            rows,
            first,
            count: end - first,
        });
        first = end;
    }
    strips
}
