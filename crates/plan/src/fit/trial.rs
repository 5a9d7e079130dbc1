//! One trial: the strips, streets and pitch for cells of about one width, and how good they are.

use glam::{Vec2, Vec3};

use super::{
    Fit, FitStrip, Ground, LEAST_PART, NameRoom, SMALLEST_HEADER, STREET_PER_AGENT, WIDEST_NAME, Want, aspect, gap,
    strips::{Measure, all_columns, partition, widest},
    worth,
};
use crate::{NameWidth, scene::DESK_TEXT};

/// How often streets are made narrower.
const TRIES: usize = 3;
/// How much rows of cells count as higher than they are, in turn: the more, the less of the bodies is without a cell.
const ROW_WEIGHTS: [f32; 2] = [1.0, 2.0];
/// A ground of which less than this share is block, and bodies of which less than this share is cells, are badly filled.
const WELL_BUILT: f32 = 0.905;
const WELL_FILLED: f32 = 0.68;
/// Bodies are to be filled at least so much.
const LEAST_FILLED: f32 = 0.615;

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) ground: Ground,
    /// Height of headers.
    pub(super) header: f32,
    /// The side of a block of middle size, were it square.
    pub(super) side: f32,
    /// What blocks are made wide enough for.
    pub(super) names: NameRoom,
    /// Width of a cell.
    pub(super) width: f32,
}

/// Streets, and the strips between them.
struct Built {
    measure: Measure,
    street: Vec2,
    agent: f32,
    strips: Vec<FitStrip>,
}

impl Trial {
    /// The best fit with cells of about this width, which is returned too.
    pub(super) fn fit(self, wants: &[Want]) -> (f32, Fit) {
        let [first, second] = ROW_WEIGHTS;
        let (fit, filled) = self.judged(wants, self.built(wants, first));
        if filled >= WELL_FILLED {
            return (self.width, fit);
        }
        let (other, _) = self.judged(wants, self.built(wants, second));
        (self.width, if other.score > fit.score { other } else { fit })
    }

    fn factor(&self) -> f32 {
        self.ground.text / DESK_TEXT
    }

    /// The most that a street or the room around cells takes where there is little room: also in a scene of a few pixels,
    /// something is left for blocks.
    fn most(&self) -> f32 {
        0.02 * self.ground.size.min_element()
    }

    /// Room around the cells of a block.
    fn pad(&self) -> f32 {
        (0.02 * self.side).clamp(0.25, 7.0 * self.factor()).min(self.most())
    }

    /// Width of a street without agents.
    fn least_street(&self) -> f32 {
        let share = self.side * 0.02;
        share.clamp(0.75, 6.0 * self.factor()).min(2.2 * share).min(self.most())
    }

    fn name_scale(&self) -> f32 {
        self.header / (SMALLEST_HEADER * self.ground.text)
    }

    fn room(&self) -> Vec2 {
        self.ground.size - self.least_street()
    }

    fn built(&self, wants: &[Want], row_weight: f32) -> Built {
        let (room, factor) = (self.room(), self.factor());
        // Widths are tried for which cells of the best aspect just fit.
        let height = (self.width / aspect(self.width * self.width, factor)).min(room.y);
        let (least, pad, scale) = (self.least_street(), self.pad(), self.name_scale());
        let measure = |street: Vec2| Measure {
            room: room.x,
            width: self.width.min(room.x - street.x - 2.0 * pad),
            height: height * row_weight,
            lot: street.x + 2.0 * pad,
            strip: self.header + 2.0 * pad + street.y,
            name_scale: scale,
            widest_name: (WIDEST_NAME * room.x).min(self.names.longest * scale),
            with_counts: self.names.with_counts,
        };
        let mut agent = 0.0;
        if self.ground.has_agents {
            let side = 0.4 * self.width.min(height);
            agent = side.clamp(4.0, 24.0 * factor).min(5.0 * self.most());
        }
        let mut street = Vec2::splat(least.max(STREET_PER_AGENT * agent));
        let mut strips = partition(wants, &measure(street));
        // Streets within their budget: all as wide, or only the horizontal ones wide enough for agents. Narrower streets may
        // lead to more strips.
        let wanted = street.y;
        let shares = |strips: &[FitStrip]| {
            let count = strips.len() as f32;
            Vec2::new(wants.len() as f32 / count, count) / room
        };
        let wide = |share: Vec2| ((self.ground.streets - least * share.x) / share.y).clamp(least, wanted);
        for _ in 0..TRIES {
            let share = shares(&strips);
            if street.max_element() <= least || street.dot(share) <= self.ground.streets * 1.01 {
                break;
            }
            street = Vec2::new(least, wide(share).min(street.y));
            strips = partition(wants, &measure(street));
        }
        if street.y < wanted {
            // There may be fewer strips than were expected, and more room between them.
            street.y = wide(shares(&strips)).max(street.y);
            agent = street.y / STREET_PER_AGENT;
        }
        Built {
            measure: measure(street),
            street,
            agent,
            strips,
        }
    }

    /// The pitch that strips leave room for, and how good the result is; and the share of the bodies that is cells.
    fn judged(&self, wants: &[Want], built: Built) -> (Fit, f32) {
        let (room, pad) = (self.room(), self.pad());
        let Built {
            measure,
            street,
            agent,
            strips,
        } = built;
        let rows: u32 = strips.iter().map(|strip| strip.rows).sum();
        let height = ((room.y - strips.len() as f32 * measure.strip) / rows as f32).max(room.y * 1e-6);
        let width = strips.iter().map(|strip| widest(wants, strip, &measure));
        let pitch = Vec2::new(width.fold(f32::INFINITY, f32::min), height);
        let (mut body, mut blocks) = (0.0, 0.0);
        for strip in &strips {
            let length = room.x - strip.count as f32 * street.x;
            let cells = strip.rows as f32 * height + 2.0 * pad;
            body += length * cells;
            blocks += length * (cells + self.header);
        }
        let cells: f32 = wants.iter().map(|want| want.cells as f32).sum();
        let cell = (pitch - gap(pitch)).max(Vec2::ZERO);
        let filled = cells * cell.x * cell.y / body.max(1e-6);
        let built = blocks / (self.ground.size.x * self.ground.size.y);
        let columns = all_columns(wants, &strips);
        let named: Vec<f32> = wants.iter().map(|want| measure.named_width(want)).collect();
        let fit = Fit {
            names: self.names(wants, &columns, &named, pitch.x),
            columns,
            named,
            pitch,
            header: self.header,
            pad,
            edge: self.least_street(),
            street,
            agent,
            score: worth(pitch, self.factor())
                * (filled / WELL_FILLED).min(1.0).powi(2)
                * (filled / LEAST_FILLED).min(1.0).powi(8)
                * (built / WELL_BUILT).min(1.0).powi(3),
            strips,
        };
        (fit, filled)
    }

    /// The share of names that are whole, that can be read at least in part, and that have room for their counts.
    fn names(&self, wants: &[Want], columns: &[u32], named: &[f32], width: f32) -> Vec3 {
        if self.header <= 0.0 {
            return Vec3::ZERO;
        }
        let scale = self.name_scale();
        let mut count = Vec3::ZERO;
        for (want, (columns, named)) in wants.iter().zip(columns.iter().zip(named)) {
            let room = named.max(*columns as f32 * width) / scale;
            let has_room = |needed: f32| f32::from(room >= needed);
            let NameWidth { alone, with_counts } = want.name;
            count += Vec3::new(has_room(alone), has_room(LEAST_PART * alone), has_room(with_counts));
        }
        count / wants.len() as f32
    }
}
