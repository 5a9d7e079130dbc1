//! The text, size and colours of a label.

use bevy::prelude::*;

use super::{
    candidates::{Candidate, Class, LabelRows},
    label::{Label, LabelTier, Owner, Side},
    text::{self, Age},
};
use crate::{
    fleet::Moment,
    scene::{marks::Tally, palette::Palette},
};
use model::{Status, StatusReading};

/// The distance of a label from the middle of a task's mark, in world units.
const TASK_REACH: f32 = 0.42;
/// The distance of a label from the middle of an agent's mark, in world units.
const AGENT_REACH: f32 = 0.8;
/// The maximum width of an agent's name in world units.
const AGENT_ROOM: f32 = 3.4;
/// Agents' names may be shortened in slots of this many logical pixels and larger: many shortened names side by side are not
/// legible.
const AGENT_CUT_PX: f32 = 24.0;
/// The maximum width of a task's title in slots, when every task is named.
const TASK_ROOM: f32 = 0.97;
/// Labels contain an age in slots of this many logical pixels and larger,
const AGE_PX: f32 = 60.0;
/// if it leaves this width for the title, in em.
const TITLE_LEAST_EM: f32 = 6.0;
/// The maximum width of a label with one line, in logical pixels at a text scale of 1.
const MOST_PX: f32 = 230.0;

/// The word for a status: the row's own word where it is not mapped.
fn word(reading: &StatusReading) -> &str {
    match (reading.status, &reading.word) {
        (Status::Unmapped, Some(word)) => word,
        (status, _) => status.word(),
    }
}

/// Composes labels for one view.
pub(super) struct Composer<'a, 'w, 's> {
    /// The rows that labels are made from.
    pub(super) rows: &'a LabelRows<'w, 's>,
    /// The size of a slot in logical pixels.
    pub(super) px_per_slot: f32,
    /// The same in desk pixels (`detail::slot_px`), the measure for the level of detail.
    pub(super) slot_px: f32,
    /// The factor of all font sizes, for the distance from which the wall is read.
    pub(super) scale: f32,
    /// The colours of the present theme.
    pub(super) palette: &'static Palette,
    /// Milliseconds since the Unix epoch.
    pub(super) epoch_ms: i64,
    /// The tally of a district.
    pub(super) tally: &'a dyn Fn(Option<Entity>) -> Tally,
}

impl Composer<'_, '_, '_> {
    /// The labels of a candidate, in the order in which they should be tried; empty where there is not enough room.
    pub(super) fn compose(&self, candidate: &Candidate) -> Vec<Label> {
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
            Class::Selected => LabelTier::Body,
            Class::Trouble(_) if self.slot_px >= 40.0 => LabelTier::Body,
            _ => LabelTier::Small,
        };
        let font_px = tier.base_px() * self.scale;
        let most = MOST_PX * self.scale;
        let is_agent = reach == AGENT_REACH;
        let calm = matches!(candidate.class, Class::Task | Class::Agent);
        let has_status = match candidate.class {
            Class::Selected => true,
            _ => reading.status == Status::Unmapped,
        };
        let status = if has_status {
            format!("  {}", word(reading))
        } else {
            String::new()
        };
        let status = text::fit(&status, font_px, most).unwrap_or_default();
        let room = match candidate.class {
            Class::Agent => AGENT_ROOM * self.px_per_slot,
            Class::Task => (TASK_ROOM * self.px_per_slot).min(most),
            _ => most,
        } - if calm { text::width(&status, font_px) } else { 0.0 };
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
        let (age_text, steady_px, lasts) = match age {
            Some((age_px, age)) => {
                let age_text = format!("  {}", age.text);
                let steady_px = age_px - text::width(&age_text, font_px);
                (age_text, steady_px, age.lasts)
            }
            None => (String::new(), 0.0, f64::INFINITY),
        };
        Some(Label {
            owner: candidate.owner,
            text,
            tail: format!("{status}{age_text}"),
            color,
            tail_color: if has_status {
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

    /// The time since a row changed, in the near view.
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
    fn an_unmapped_status_is_shown_in_its_own_word() {
        let unmapped = StatusReading {
            status: Status::Unmapped,
            word: Some("hibernating".into()),
            ..StatusReading::default()
        };
        assert_eq!(word(&unmapped), "hibernating");
        let running = StatusReading {
            status: Status::Running,
            word: Some("in_flight".into()),
            ..StatusReading::default()
        };
        assert_eq!(word(&running), "running");
    }
}
