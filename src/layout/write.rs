//! Writes places from the floor plan into components, only where they changed.

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{District, DockGround, Extent, Place, Unassigned, floor::Outcome};
use crate::fleet::Touched;

/// The margin around all districts: no ring touches the edge of the screen, and the topmost names have room.
const MARGIN: f32 = 1.5;

/// Writes what the layout computed.
#[derive(SystemParam)]
pub(super) struct PlaceWriter<'w, 's> {
    commands: Commands<'w, 's>,
    touched: ResMut<'w, Touched>,
    places: Query<'w, 's, &'static mut Place>,
    districts: Query<'w, 's, &'static mut District>,
    unassigned: ResMut<'w, Unassigned>,
    extent: ResMut<'w, Extent>,
    dock: ResMut<'w, DockGround>,
}

impl PlaceWriter<'_, '_> {
    /// Begins the moves to new places at `now`, seconds of `FleetClock`.
    pub(super) fn write(&mut self, outcome: &Outcome<Entity>, now: f64) {
        self.write_districts(outcome, now);
        self.write_rows(outcome, now);
        let around = outcome
            .extent
            .map_or_else(Extent::default, |rect| Extent(rect.inflate(MARGIN)));
        self.extent.set_if_neq(around);
        self.dock.set_if_neq(DockGround(outcome.dock));
    }

    fn write_rows(&mut self, outcome: &Outcome<Entity>, now: f64) {
        let mut newcomers: Vec<(Entity, Place)> = Vec::new();
        for &(row, at) in outcome.tasks.iter().chain(&outcome.agents) {
            match self.places.get_mut(row) {
                Ok(mut place) if place.at != at => {
                    self.touched.note(row);
                    let from = place.drawn_at(now);
                    *place = Place { at, from, moved: now };
                }
                Ok(_) => {}
                Err(_) => {
                    self.touched.note(row);
                    let (from, moved) = (at, now);
                    newcomers.push((row, Place { at, from, moved }));
                }
            }
        }
        // A row may be despawned in the same frame.
        self.commands.try_insert_batch(newcomers);
    }

    fn write_districts(&mut self, outcome: &Outcome<Entity>, now: f64) {
        if !outcome.unassigned {
            self.unassigned.set_if_neq(Unassigned(None));
        }
        for standing in &outcome.districts {
            let (center, radius) = (standing.center, standing.radius);
            let moved_on = |old: &District| {
                let (from, from_radius, moved) = if (old.center, old.radius) == (center, radius) {
                    (old.from, old.from_radius, old.moved)
                } else {
                    (old.drawn_at(now), old.radius_at(now), now)
                };
                District {
                    center,
                    radius,
                    from,
                    from_radius,
                    moved,
                }
            };
            let appeared = District {
                center,
                radius,
                from: center,
                from_radius: radius,
                moved: now,
            };
            match standing.workflow {
                None => {
                    let next = self.unassigned.0.as_ref().map_or(appeared, moved_on);
                    self.unassigned.set_if_neq(Unassigned(Some(next)));
                }
                Some(workflow) => match self.districts.get_mut(workflow) {
                    Ok(mut district) => {
                        let next = moved_on(&district);
                        if district.set_if_neq(next) {
                            self.touched.note(workflow);
                        }
                    }
                    Err(_) => {
                        self.touched.note(workflow);
                        self.commands.entity(workflow).try_insert(appeared);
                    }
                },
            }
        }
    }
}
