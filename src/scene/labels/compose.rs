//! What a label says, how large and in which colours.

use bevy::prelude::*;

use super::{
    arrange::LINE,
    candidates::{Candidate, Class, Rows},
    label::{Label, Owner, Side, Tier},
    text,
};
use crate::{
    domain::{Status, StatusReading},
    scene::{detail, marks::Tally, palette::Palette},
};

/// Half size of a task's and an agent's mark in world units, as far as labels keep clear of them.
const TASK_REACH: f32 = 0.42;
const AGENT_REACH: f32 = 0.8;
/// A name may be wider than its district by this share: the ground around a circle's top is free.
const OVERHANG: f32 = 1.15;
/// An agent's name has this room in world units, if nobody else stands there.
const AGENT_ROOM: f32 = 3.4;
/// From this many logical pixels per slot on an agent's name may be cut; with less room half a name beside half a name
/// reads as noise.
const AGENT_CUT_PX: f32 = 24.0;
/// Share of a slot's width that a task's title may take when every task is named.
const TASK_ROOM: f32 = 0.97;
/// Widest label of a single row in logical pixels at a text scale of 1.
const MOST_PX: f32 = 230.0;

/// Share of a district's radius within its tally that letters may use.
const FREE_WITHIN: f32 = 0.84;
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

/// The word for a state: the row's own where the mapping does not know it.
fn word(reading: &StatusReading) -> &str {
    match (reading.status, &reading.word) {
        (Status::Unmapped, Some(word)) => word,
        (status, _) => status.word(),
    }
}

/// Composes labels for one view.
pub(super) struct Composer<'a, 'w, 's> {
    pub rows: &'a Rows<'w, 's>,
    pub px_per_slot: f32,
    /// The same in physical pixels, which decide what is drawn how.
    pub slot_px: f32,
    pub scale: f32,
    pub palette: Palette,
    /// How the tasks of a district are.
    pub tally: &'a dyn Fn(Option<Entity>) -> Tally,
}

impl Composer<'_, '_, '_> {
    /// The label of a candidate; `None` when there is no room to say anything.
    pub fn compose(&self, candidate: &Candidate) -> Option<Label> {
        self.compose_within(candidate, f32::INFINITY)
    }

    /// The same; a district's name above it is at most `most_px` wide.
    pub fn compose_within(&self, candidate: &Candidate, most_px: f32) -> Option<Label> {
        let Owner::Row(row) = candidate.owner else {
            let district = self.rows.unassigned.0?;
            return self.district("Unassigned", Status::Idle, district.radius, None, candidate, most_px);
        };
        if let Ok((_, label, state, district, _)) = self.rows.workflows.get(row) {
            return self.district(&label.0, state.0.status, district.radius, Some(row), candidate, most_px);
        }
        if let Ok((_, label, state, ..)) = self.rows.agents.get(row) {
            return self.mark(&label.0, &state.0, AGENT_REACH, candidate);
        }
        let (_, label, state, ..) = self.rows.tasks.get(row).ok()?;
        self.mark(&label.0, &state.0, TASK_REACH, candidate)
    }

    fn district(
        &self,
        name: &str,
        status: Status,
        radius: f32,
        workflow: Option<Entity>,
        candidate: &Candidate,
        most_px: f32,
    ) -> Option<Label> {
        let radius_px = radius * self.px_per_slot;
        let counts = (self.tally)(workflow);
        let color = match status {
            Status::Failed | Status::Blocked | Status::Waiting => self.palette.status_ink(status),
            Status::Cancelled | Status::Offline => self.palette.muted,
            _ => self.palette.text,
        };
        if detail::far(self.slot_px) > 0.5 && candidate.class != Class::Selected {
            return self.inside(name, color, radius, counts, candidate);
        }
        let tier = match radius_px / self.scale {
            large if large >= 150.0 => Tier::Title,
            large if large >= 80.0 => Tier::Name,
            large if large >= 40.0 => Tier::Body,
            _ => Tier::Small,
        };
        let font_px = tier.base_px() * self.scale;
        let pointed = candidate.class == Class::Selected;
        let room = if pointed {
            40.0 * font_px
        } else {
            (2.0 * radius_px * OVERHANG).min(most_px)
        };
        // What was called off is neither done nor to do.
        let all = counts.total() - counts.of(Status::Cancelled);
        let tail = if all > 0 {
            format!("  {}/{all}", counts.of(Status::Done))
        } else {
            String::new()
        };
        let tail_px = text::width(&tail, font_px);
        let name_px = text::width(name, font_px);
        let (text, tail) = if name_px + tail_px <= room {
            (name.to_owned(), tail)
        } else {
            // The name matters more than the tally.
            (text::fit(name, font_px, room)?, String::new())
        };
        Some(Label {
            owner: candidate.owner,
            text,
            tail,
            color,
            tail_color: self.palette.muted,
            tier,
            tail_tier: tier,
            plate: false,
            sides: &[Side::Above],
            reach: radius,
            free_px: 3.0 * self.scale,
        })
    }

    /// From far a district's label stands inside its tally: the number of its badge, its name where there is room.
    fn inside(&self, name: &str, color: Color, radius: f32, counts: Tally, candidate: &Candidate) -> Option<Label> {
        let radius_px = radius * self.px_per_slot;
        let (tier, name_tier) = match radius_px / self.scale {
            large if large >= 130.0 => (Tier::Title, Tier::Name),
            large if large >= 70.0 => (Tier::Name, Tier::Body),
            large if large >= 44.0 => (Tier::Body, Tier::Small),
            _ => (Tier::Small, Tier::Small),
        };
        let (font_px, name_px) = (tier.base_px() * self.scale, name_tier.base_px() * self.scale);
        let free_px = radius_px * FREE_WITHIN;
        let chord = |away_px: f32| 2.0 * (free_px * free_px - away_px * away_px).max(0.0).sqrt();
        let crowd = (detail::crowding(counts.crowd(), self.slot_px) > 0.5)
            .then(|| counts.gravest())
            .flatten();
        let is_named = radius_px >= NAMED_PX * self.scale;
        let label = |text: String, tail: String, color: Color, tier: Tier, sides: &'static [Side]| Label {
            owner: candidate.owner,
            text,
            tail,
            color,
            tail_color: self.palette.text,
            tier,
            tail_tier: name_tier,
            plate: false,
            sides,
            reach: 0.0,
            free_px: 0.0,
        };
        let Some((status, count)) = crowd.filter(|_| detail::is_counted(radius_px, self.scale)) else {
            // No name over the marks of those who are in trouble.
            let is_named = is_named && (crowd.is_some() || counts.alarms() == 0);
            let rows = is_named.then(|| text::fit_rows(name, name_px, [chord(name_px * LINE); 2]))??;
            return Some(label(rows, String::new(), color, name_tier, &[Side::Middle]));
        };
        let count = compact(count);
        if text::width(&count, font_px) > chord(font_px) {
            return None;
        }
        let end = |row: f32| chord(font_px * LINE + name_px * LINE * row);
        let rows = (radius_px >= NAMED_BELOW_PX * self.scale)
            .then(|| text::fit_rows(name, name_px, [end(1.0), end(2.0)]))
            .flatten();
        let tail = rows.map_or_else(String::new, |rows| format!("\n{rows}"));
        Some(label(
            count,
            tail,
            self.palette.status_ink(status),
            tier,
            &[Side::Below],
        ))
    }

    fn mark(&self, name: &str, reading: &StatusReading, reach: f32, candidate: &Candidate) -> Option<Label> {
        let tier = match candidate.class {
            Class::Selected => Tier::Body,
            Class::Alarm | Class::Waiting if self.px_per_slot >= 40.0 => Tier::Body,
            _ => Tier::Small,
        };
        let font_px = tier.base_px() * self.scale;
        let most = MOST_PX * self.scale;
        let is_agent = reach == AGENT_REACH;
        let calm = matches!(candidate.class, Class::Task | Class::Agent);
        let says_state = match candidate.class {
            Class::Selected => true,
            _ => reading.status == Status::Unmapped,
        };
        let tail = if says_state {
            format!("  {}", word(reading))
        } else {
            String::new()
        };
        let tail = text::fit(&tail, font_px, most).unwrap_or_default();
        let room = match candidate.class {
            Class::Agent => AGENT_ROOM * self.px_per_slot,
            Class::Task => (TASK_ROOM * self.px_per_slot).min(most),
            _ => most,
        } - if calm { text::width(&tail, font_px) } else { 0.0 };
        let text = text::fit(name, font_px, room)?;
        if candidate.class == Class::Agent && text != name && self.px_per_slot < AGENT_CUT_PX {
            return None;
        }
        let color = match candidate.class {
            Class::Alarm | Class::Waiting => self.palette.status_ink(reading.status),
            Class::Task => self.palette.muted,
            _ => self.palette.text,
        };
        let sides: &[Side] = match candidate.class {
            Class::Task => &[Side::Below],
            _ if is_agent => &[Side::Below, Side::Above, Side::Right, Side::Left],
            _ => &[Side::Above, Side::Below, Side::Right, Side::Left],
        };
        Some(Label {
            owner: candidate.owner,
            text,
            tail,
            color,
            tail_color: self.palette.status_ink(reading.status),
            tier,
            tail_tier: tier,
            plate: !calm,
            sides,
            reach,
            free_px: 2.0 * self.scale,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unmapped_state_is_told_in_its_own_word() {
        let unmapped = StatusReading {
            status: Status::Unmapped,
            word: Some("hibernating".into()),
        };
        assert_eq!(word(&unmapped), "hibernating");
        let running = StatusReading {
            status: Status::Running,
            word: Some("in_flight".into()),
        };
        assert_eq!(word(&running), "running");
    }
}
