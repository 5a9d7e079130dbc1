//! What a district's name says: above its ring, or from far within its tally.

use bevy::prelude::*;

use super::{
    candidates::{Candidate, Class},
    compose::Composer,
    label::{LINE, Label, LabelTier, Owner, Side},
    text,
};
use crate::scene::{detail, marks::Tally, text_scale::TextScale};
use model::{Status, theme::Token};

/// A name may be wider than its district by this share: the ground around a circle's top is free.
const OVERHANG: f32 = 1.15;
/// Greatest width of a name where there is free ground, in letter sizes.
const WIDEST_EM: f32 = 26.0;

/// Share of a district's radius within its tally that letters may use.
const FREE_WITHIN: f32 = 0.84;
/// How far from the middle a name begins that stands in the lower or the upper third, as a share of the radius.
const THIRD: f32 = 0.12;
/// Least width of a row between marks, in letter sizes: a shorter piece of a name cannot be read as one.
const ROW_LEAST_EM: f32 = 5.0;
/// From this radius in logical pixels on a district has its name within its tally, alone and below a number, at a text
/// scale of 1: less of a name says nothing.
const NAMED_PX: f32 = 38.0;
const NAMED_BELOW_PX: f32 = 62.0;

/// A number of four characters at most.
fn compact(count: u32) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

/// What the label of a district shows.
pub(super) struct Named<'a> {
    name: &'a str,
    color: Color,
    is_calm: bool,
    radius: f32,
    counts: Tally,
}

impl Composer<'_, '_, '_> {
    /// Whether a candidate is a district with its name above it, as wide as there is room (`above`).
    pub(super) fn is_above(&self, candidate: &Candidate) -> bool {
        self.district_of(candidate.owner).is_some() && !self.is_inside(candidate)
    }

    pub(super) fn is_inside(&self, candidate: &Candidate) -> bool {
        detail::far(self.slot_px) > 0.5 && matches!(candidate.class, Class::Crowd | Class::District)
    }

    pub(super) fn district_of(&self, owner: Owner) -> Option<Named<'_>> {
        let Owner::Row(row) = owner else {
            let radius = self.rows.unassigned.0?.radius;
            return Some(Named {
                name: "Unassigned",
                color: self.palette.text,
                is_calm: true,
                radius,
                counts: (self.tally)(None),
            });
        };
        let (_, label, state, district, _) = self.rows.workflows.get(row).ok()?;
        let status = state.0.status;
        let color = if status.is_trouble() {
            self.palette.status_ink(status)
        } else if status.color() == Token::Away {
            self.palette.muted
        } else {
            self.palette.text
        };
        let is_calm = !status.is_trouble();
        Some(Named {
            name: &label.0,
            color,
            is_calm,
            radius: district.radius,
            counts: (self.tally)(Some(row)),
        })
    }

    /// Widths that a district's name may have above it, in logical pixels: whatever is around it, and where the ground
    /// is free.
    pub(super) fn widths_above(&self, owner: Owner) -> Option<[f32; 2]> {
        let radius_px = self.district_of(owner)?.radius * self.px_per_slot;
        let font_px = self.above_tier(radius_px).base_px() * self.scale;
        let usual = 2.0 * radius_px * OVERHANG;
        Some([usual, usual.max(WIDEST_EM * font_px)])
    }

    fn above_tier(&self, radius_px: f32) -> LabelTier {
        match radius_px / self.scale {
            large if large >= 150.0 => LabelTier::Title,
            large if large >= 80.0 => LabelTier::Name,
            large if large >= 40.0 => LabelTier::Body,
            _ => LabelTier::Small,
        }
    }

    /// A district's name for above it or below it, at most `most_px` wide.
    pub(super) fn above(&self, owner: Owner, most_px: f32) -> Option<Label> {
        let Named {
            name,
            color,
            is_calm,
            radius,
            counts,
        } = self.district_of(owner)?;
        let tier = self.above_tier(radius * self.px_per_slot);
        let font_px = tier.base_px() * self.scale;
        // What was called off is neither done nor to do.
        let all = counts.total() - counts.of(Status::Cancelled);
        let tail = if all > 0 {
            format!("  {}/{all}", counts.of(Status::Done))
        } else {
            String::new()
        };
        let tail_px = text::width(&tail, font_px);
        let name_px = text::width(name, font_px);
        let (text, tail) = if name_px + tail_px <= most_px {
            (name.to_owned(), tail)
        } else {
            // The name matters more than the tally.
            (text::fit(name, font_px, most_px)?, String::new())
        };
        Some(Label {
            owner,
            text,
            tail,
            color,
            tail_color: self.palette.muted,
            tier,
            tail_tier: tier,
            plate: false,
            is_calm,
            sides: &[Side::Above, Side::Below],
            reach: radius,
            free_px: 3.0 * self.scale,
            steady_px: 0.0,
            lasts: f64::INFINITY,
        })
    }

    /// From far a district's label stands inside its tally: the number of its badge, its name where there is room.
    pub(super) fn inside(&self, district: &Named, candidate: &Candidate) -> Vec<Label> {
        let Named {
            name,
            color,
            is_calm,
            radius,
            counts,
        } = *district;
        let radius_px = radius * self.px_per_slot;
        let (tier, name_tier) = match radius_px / self.scale {
            large if large >= 130.0 => (LabelTier::Title, LabelTier::Name),
            large if large >= 70.0 => (LabelTier::Name, LabelTier::Body),
            large if large >= 44.0 => (LabelTier::Body, LabelTier::Small),
            _ => (LabelTier::Small, LabelTier::Small),
        };
        let (font_px, name_px) = (tier.base_px() * self.scale, name_tier.base_px() * self.scale);
        let free_px = radius_px * FREE_WITHIN;
        let chord = |away_px: f32| 2.0 * (free_px * free_px - away_px * away_px).max(0.0).sqrt();
        let crowd = (detail::crowding(counts.crowd(), self.slot_px) > 0.5)
            .then(|| counts.most_severe())
            .flatten();
        let is_named = radius_px >= NAMED_PX * self.scale;
        let label = |text: String, color: Color, tier: LabelTier, sides: &'static [Side]| Label {
            owner: candidate.owner,
            text,
            tail: String::new(),
            color,
            tail_color: self.palette.text,
            tier,
            tail_tier: name_tier,
            plate: false,
            is_calm: is_calm && crowd.is_none(),
            sides,
            reach: 0.0,
            free_px: 0.0,
            steady_px: 0.0,
            lasts: f64::INFINITY,
        };
        let Some((status, count)) = crowd.filter(|_| detail::is_counted(radius_px, TextScale(self.scale))) else {
            if !is_named {
                return Vec::new();
            }
            // In the middle in two rows; a row alone finds room between the marks of those in trouble.
            let line_px = name_px * LINE;
            let two = text::fit_rows(name, name_px, [chord(line_px); 2]);
            let row_px = chord(THIRD * radius_px + line_px);
            let one = (row_px >= ROW_LEAST_EM * name_px)
                .then(|| text::fit(name, name_px, row_px))
                .flatten();
            let middle = two.map(|text| label(text, color, name_tier, &[Side::Middle]));
            let third = one.map(|text| Label {
                reach: THIRD * radius,
                ..label(text, color, name_tier, &[Side::Below, Side::Above, Side::Middle])
            });
            return middle.into_iter().chain(third).collect();
        };
        let count = compact(count);
        if text::width(&count, font_px) > chord(font_px) {
            return Vec::new();
        }
        let end = |row: f32| chord(font_px * LINE + name_px * LINE * row);
        let rows = (radius_px >= NAMED_BELOW_PX * self.scale)
            .then(|| text::fit_rows(name, name_px, [end(1.0), end(2.0)]))
            .flatten();
        vec![Label {
            tail: rows.map_or_else(String::new, |rows| format!("\n{rows}")),
            ..label(count, self.palette.status_ink(status), tier, &[Side::Below])
        }]
    }
}
