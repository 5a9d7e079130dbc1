//! Strips of blocks that are only a header: workflows without tasks, and those that finished a while ago.

use std::ops::Range;

/// The least and the best width of a header, in heights of readable text.
const BEST_WIDTH: f32 = 13.0;
/// Its height, in heights of readable text.
const BEST_HEIGHT: f32 = 1.6;
/// Width per height of blocks that fill the scene without a cell.
const ALONE_ASPECT: f32 = 2.4;

/// Strips with about the same number of equally wide blocks each.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeaderStrips {
    /// Blocks.
    blocks: usize,
    /// Strips.
    pub(super) count: usize,
    /// Height of a block.
    pub(super) header: f32,
    /// Width of the streets between blocks.
    pub(super) street: f32,
}

/// Strips for so many blocks, on ground of this width and at most this height. `fills` says that they take all of it.
pub(super) fn header_strips(blocks: usize, width: f32, most: f32, fills: bool, text: f32) -> HeaderStrips {
    let street_for = |header: f32| (header * 0.06).clamp(0.4, 6.0);
    if blocks == 0 {
        let street = street_for(text * BEST_HEIGHT);
        return HeaderStrips {
            blocks,
            count: 0,
            header: 0.0,
            street,
        };
    }
    if fills {
        let count = (blocks as f32 * ALONE_ASPECT * most / width)
            .sqrt()
            .round()
            .clamp(1.0, blocks as f32) as usize;
        let share = most / count as f32;
        let street = street_for(share);
        // The ground begins with a street.
        let header = ((most - street) / count as f32 - street).max(share * 0.1);
        return HeaderStrips {
            blocks,
            count,
            header,
            street,
        };
    }
    // Smaller by the same factor in both directions until all fit.
    let mut scale = 1.0_f32;
    loop {
        let in_strip = ((width / (BEST_WIDTH * text * scale)) as usize).max(1);
        let count = blocks.div_ceil(in_strip);
        let header = BEST_HEIGHT * text * scale;
        let street = street_for(header);
        if count as f32 * (header + street) <= most || scale < 1e-3 {
            return HeaderStrips {
                blocks,
                count,
                header,
                street,
            };
        }
        scale *= 0.96;
    }
}

impl HeaderStrips {
    /// Height of all, with the street below each.
    pub(super) fn height(&self) -> f32 {
        self.count as f32 * (self.header + self.street)
    }

    /// The blocks and the upper edge of each strip.
    pub(super) fn strips(&self, top: f32) -> impl Iterator<Item = (Range<usize>, f32)> + use<> {
        let Self {
            blocks,
            count,
            header,
            street,
        } = *self;
        (0..count).map(move |index| {
            let range = blocks * index / count..blocks * (index + 1) / count;
            (range, top + index as f32 * (header + street))
        })
    }
}
