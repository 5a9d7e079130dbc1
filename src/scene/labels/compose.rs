//! What a label says, how large and in which colours.

use bevy::prelude::*;

use super::{
    candidates::{Candidate, Class, Rows},
    label::{Label, Owner, Side, Tier},
    text::{self, Age},
};
use crate::{
    fleet::Moment,
    scene::{marks::Tally, palette::Palette},
};
use model::{Status, StatusReading};

/// Half size of a task's and an agent's mark in world units, as far as labels keep clear of them.
const TASK_REACH: f32 = 0.42;
const AGENT_REACH: f32 = 0.8;
/// An agent's name has this room in world units, if nobody else stands there.
const AGENT_ROOM: f32 = 3.4;
/// From this many logical pixels per slot on an agent's name may be cut; with less room half a name beside half a name
/// reads as noise.
const AGENT_CUT_PX: f32 = 24.0;
/// Share of a slot's width that a task's title may take when every task is named.
const TASK_ROOM: f32 = 0.97;
/// From this many logical pixels per slot on, what is named has its age; a task where so many letters' sizes are left for
/// its title.
const AGE_PX: f32 = 60.0;
const TITLE_LEAST_EM: f32 = 6.0;
/// Widest label of a single row in logical pixels at a text scale of 1.
const MOST_PX: f32 = 230.0;

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
    /// Logical pixels of a slot.
    pub px_per_slot: f32,
    /// The same in the pixels that decide what is drawn how (`detail::slot_px`).
    pub slot_px: f32,
    pub scale: f32,
    pub palette: &'static Palette,
    /// Milliseconds since the Unix epoch.
    pub epoch_ms: i64,
    /// How the tasks of a district are.
    pub tally: &'a dyn Fn(Option<Entity>) -> Tally,
}

impl Composer<'_, '_, '_> {
    /// The label of a candidate, in the wordings in which it can be tried; none where there is no room to say anything.
    pub fn compose(&self, candidate: &Candidate) -> Vec<Label> {
        if self.is_inside(candidate) {
            let district = self.district_of(candidate.owner);
            return district
                .map(|district| self.inside(&district, candidate))
                .unwrap_or_default();
        }
        let Owner::Row(row) = candidate.owner else {
            return Vec::new();
        };
        let mark = if let Ok((_, label, state, _, moment)) = self.rows.agents.get(row) {
            self.mark(&label.0, &state.0, AGENT_REACH, candidate, moment)
        } else if let Ok((_, label, state, _, moment, _)) = self.rows.tasks.get(row) {
            self.mark(&label.0, &state.0, TASK_REACH, candidate, moment)
        } else {
            None
        };
        mark.into_iter().collect()
    }

    fn mark(
        &self,
        name: &str,
        reading: &StatusReading,
        reach: f32,
        candidate: &Candidate,
        moment: &Moment,
    ) -> Option<Label> {
        let tier = match candidate.class {
            Class::Selected => Tier::Body,
            Class::Trouble(_) if self.slot_px >= 40.0 => Tier::Body,
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
        let said = if says_state {
            format!("  {}", word(reading))
        } else {
            String::new()
        };
        let said = text::fit(&said, font_px, most).unwrap_or_default();
        let room = match candidate.class {
            Class::Agent => AGENT_ROOM * self.px_per_slot,
            Class::Task => (TASK_ROOM * self.px_per_slot).min(most),
            _ => most,
        } - if calm { text::width(&said, font_px) } else { 0.0 };
        let age = self
            .age(candidate, moment)
            .map(|age| (text::width(&format!("  {}", age.widest), font_px), age))
            .filter(|(age_px, _)| room - age_px >= TITLE_LEAST_EM * font_px);
        let room = room - age.as_ref().map_or(0.0, |(age_px, _)| *age_px);
        let text = text::fit(name, font_px, room)?;
        if candidate.class == Class::Agent && text != name && self.slot_px < AGENT_CUT_PX {
            return None;
        }
        let color = match candidate.class {
            Class::Trouble(_) => self.palette.status_ink(reading.status),
            Class::Task => self.palette.muted,
            _ => self.palette.text,
        };
        let sides: &[Side] = match candidate.class {
            Class::Task => &[Side::Below],
            _ if is_agent => &[Side::Below, Side::Above, Side::Right, Side::Left],
            _ => &[Side::Above, Side::Below, Side::Right, Side::Left],
        };
        let (told, steady_px, lasts) = match age {
            Some((age_px, age)) => {
                let told = format!("  {}", age.text);
                let steady_px = age_px - text::width(&told, font_px);
                (told, steady_px, age.lasts)
            }
            None => (String::new(), 0.0, f64::INFINITY),
        };
        Some(Label {
            owner: candidate.owner,
            text,
            tail: format!("{said}{told}"),
            color,
            tail_color: if says_state {
                self.palette.status_ink(reading.status)
            } else {
                self.palette.muted
            },
            tier,
            tail_tier: tier,
            plate: !calm,
            is_calm: calm,
            sides,
            reach,
            free_px: 2.0 * self.scale,
            steady_px,
            lasts,
        })
    }

    /// For how long a row has been as it is, where somebody is near enough to ask.
    fn age(&self, candidate: &Candidate, moment: &Moment) -> Option<Age> {
        let Owner::Row(row) = candidate.owner else { return None };
        if self.slot_px < AGE_PX {
            return None;
        }
        self.rows.age_secs(row, moment, self.epoch_ms).map(text::age)
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
