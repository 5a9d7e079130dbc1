//! Where a district's name goes: above its ring or below it, whole or cut, off rings and marks wherever there is room.

use std::ops::Range;

use bevy::prelude::*;

use super::{
    board::Board,
    candidates::Candidate,
    compose::Composer,
    crossing,
    label::{Label, Owner, Side},
};
use crate::scene::camera::View;

/// Shares of its width to which a name is cut beside agents: few, so that it is not cut anew whenever one comes or goes.
const SHARES: [f32; 5] = [1.0, 0.9, 0.8, 0.7, crossing::LEAST_SHARE];

/// Free space under a name that stands below its district, in heights of the name: nearer to another district it would be
/// taken for the name of that one.
const CLEAR_BELOW: f32 = 2.5;

/// The screen, as far as districts' names are concerned.
pub(super) struct Naming<'a, 'b, 'w, 's> {
    pub(super) composer: &'a Composer<'b, 'w, 's>,
    pub(super) view: &'a View,
    /// The districts: owner, middle and radius.
    pub(super) discs: &'a [(Owner, Vec2, f32)],
    /// Where agents stand, and half the size of one.
    pub(super) agents: Vec<Vec2>,
    pub(super) agent_half: f32,
    /// Half the size of a task in trouble in world units.
    pub(super) alarm_half: f32,
    /// The ground that the names of all districts usually take.
    pub(super) usual: Vec<(Owner, Rect)>,
}

/// The width that a name has on one side before it lies over something.
struct Room {
    rings: f32,
    agents: f32,
    alarms: f32,
}

impl<'a, 'b, 'w, 's> Naming<'a, 'b, 'w, 's> {
    /// Where the candidates' names usually go.
    pub(super) fn usual(composer: &Composer, view: &View, candidates: &[Candidate]) -> Vec<(Owner, Rect)> {
        let names = candidates.iter().filter(|candidate| composer.is_above(candidate));
        names
            .filter_map(|candidate| {
                let [usual_px, _] = composer.widths_above(candidate.owner)?;
                let label = composer.above(candidate.owner, usual_px)?;
                let at = view.screen_from_world(candidate.at);
                Some((candidate.owner, rect_at(&label, Side::Above, at, composer, view)))
            })
            .collect()
    }

    /// Takes room for a district's name. The side that it has is tried first.
    pub(super) fn name(&self, candidate: &Candidate, has: Option<Side>, board: &mut Board) -> Option<(Label, Side)> {
        let owner = candidate.owner;
        let [usual_px, most_px] = self.composer.widths_above(owner)?;
        let at = self.view.screen_from_world(candidate.at);
        let wide_px = usual_px.max(most_px.min(self.free_above(owner, at)?));
        let usual = self.composer.above(owner, usual_px)?;
        let wide = self.composer.above(owner, wide_px)?;
        let wordings = [Some(&wide), (wide != usual).then_some(&usual)];
        let first = has.filter(|side| *side == Side::Below).unwrap_or(Side::Above);
        let second = if first == Side::Above { Side::Below } else { Side::Above };
        for side in [first, second] {
            for label in wordings.into_iter().flatten() {
                let width = self.rect(label, side, at).width();
                let room = self.room(label, side, at, owner);
                let beside = room.agents.min(room.alarms);
                let share = SHARES.into_iter().find(|share| width * share <= beside);
                // Off everything; else over a neighbour's ring, where a name needs a ground of its own.
                let clear = share
                    .map(|share| (width * share).min(room.rings))
                    .filter(|clear_px| *clear_px >= width * crossing::LEAST_SHARE);
                // Below it, a name would be taken for a neighbour's.
                let over = share.filter(|_| side == Side::Above);
                let ways = [
                    clear.map(|most_px| (most_px, false)),
                    over.map(|share| (width * share, true)),
                ];
                for (most_px, is_over) in ways.into_iter().flatten() {
                    if let Some(label) = self.take(label, most_px, is_over && room.rings < most_px, side, at, board) {
                        return Some((label, side));
                    }
                }
            }
        }
        // A name cut in half cannot be assigned to its district. Then it rather covers an agent, and never a task in trouble.
        let alarms_px = self.room(&usual, Side::Above, at, owner).alarms;
        let label = self.take(&usual, alarms_px, true, Side::Above, at, board)?;
        Some((label, Side::Above))
    }

    /// The label, cut to a width, if its ground can be had.
    fn take(&self, label: &Label, most_px: f32, plate: bool, side: Side, at: Vec2, board: &mut Board) -> Option<Label> {
        let fits = self.rect(label, side, at).width() <= most_px;
        let cut = if fits {
            Some(label.clone())
        } else {
            self.composer.above(label.owner, most_px)
        };
        let label = Label { plate, ..cut? };
        board.take(self.rect(&label, side, at)).then_some(label)
    }

    fn rect(&self, label: &Label, side: Side, at: Vec2) -> Rect {
        rect_at(label, side, at, self.composer, self.view)
    }

    fn room(&self, label: &Label, side: Side, at: Vec2, owner: Owner) -> Room {
        let rect = self.rect(label, side, at);
        let rows = || rect.min.y..rect.max.y;
        let below = if side == Side::Below {
            CLEAR_BELOW * rect.height()
        } else {
            0.0
        };
        let [a, b] = [rect.min, rect.max].map(|corner| self.view.world_from_screen(corner));
        let alarms = self
            .composer
            .rows
            .alarms_in(Rect::from_corners(a, b), self.alarm_half)
            .map(|at| self.view.screen_from_world(at));
        let alarm_half = self.alarm_half / self.view.world_per_px;
        Room {
            rings: crossing::free_px(at.x, rect.min.y..rect.max.y + below, self.discs, owner),
            agents: crossing::open_px(at.x, rows(), self.agents.iter().copied(), self.agent_half),
            alarms: crossing::open_px(at.x, rows(), alarms, alarm_half),
        }
    }

    /// How wide a name above its district may be before it reaches a neighbour's ring or name.
    fn free_above(&self, owner: Owner, at: Vec2) -> Option<f32> {
        let rect = self.usual.iter().find(|(other, _)| *other == owner)?.1;
        let rows: Range<f32> = rect.min.y..rect.max.y;
        let names = self
            .usual
            .iter()
            .filter(|(other, name)| *other != owner && name.min.y < rows.end && name.max.y > rows.start);
        let beside = names.map(|(_, name)| {
            let away = (name.min.x - at.x).max(at.x - name.max.x);
            2.0 * (away - crossing::GAP_PX).max(0.0)
        });
        Some(beside.fold(crossing::free_px(at.x, rows.clone(), self.discs, owner), f32::min))
    }
}

fn rect_at(label: &Label, side: Side, at: Vec2, composer: &Composer, view: &View) -> Rect {
    let size = label.size_px(composer.scale);
    let corner = side.corner(at, label.reach_px(view.world_per_px), size);
    Rect::from_corners(corner, corner + size)
}
