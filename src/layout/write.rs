//! Writes places from the plan into components, only where they changed.

use bevy::{ecs::system::SystemParam, prelude::*};
use plan::{AgentPlace, BlockKey, BlockPlace, Changes, City};

use super::{Block, CellSizes, DockGround, Extent, Place, homes::Grounds, rank::Rank, rect};
use crate::fleet::Touched;

/// Writes what the plan computed.
#[derive(SystemParam)]
pub(super) struct PlaceWriter<'w, 's> {
    pub(super) commands: Commands<'w, 's>,
    pub(super) touched: ResMut<'w, Touched>,
    places: Query<'w, 's, &'static mut Place>,
    blocks: Query<'w, 's, &'static mut Block>,
    extent: ResMut<'w, Extent>,
    dock: ResMut<'w, DockGround>,
    cells: ResMut<'w, CellSizes>,
}

impl PlaceWriter<'_, '_> {
    /// Begins the moves to new places at `now`, seconds of `FleetClock`.
    pub(super) fn write(
        &mut self,
        changes: &Changes<Entity>,
        city: &City<Entity, Rank>,
        grounds: &mut Grounds,
        now: f64,
    ) {
        for place in &changes.blocks {
            self.write_block(place, grounds, now);
        }
        for key in &changes.gone_blocks {
            self.remove_block(*key, grounds);
        }
        if changes.replanned || !changes.blocks.is_empty() || !changes.gone_blocks.is_empty() {
            if city.place_of(BlockKey::Finished).is_none() {
                grounds.remove_finished(&mut self.commands);
            }
            self.cells.set_if_neq(sizes(city));
        }
        let cells = changes
            .tasks
            .iter()
            .map(|(row, cell)| (*row, cell.map(|cell| (cell.center(), cell.size()))));
        let (street, dock) = (city.agent_diameter(), city.dock_diameter());
        let agents = changes.agents.iter().map(|(row, place)| {
            let place = match *place {
                AgentPlace::Street(at) => Some((at, Vec2::splat(street))),
                AgentPlace::Dock(at) => Some((at, Vec2::splat(dock))),
                AgentPlace::Counted(_) => None,
            };
            (*row, place)
        });
        self.write_rows(cells.chain(agents), now);
        self.extent.set_if_neq(Extent(rect(changes.extent)));
        self.dock.set_if_neq(DockGround(changes.dock.map(rect)));
    }

    fn write_rows(&mut self, rows: impl Iterator<Item = (Entity, Option<(Vec2, Vec2)>)>, now: f64) {
        let mut newcomers: Vec<(Entity, Place)> = Vec::new();
        for (row, place) in rows {
            match (self.places.get_mut(row), place) {
                (Ok(mut place), Some((at, size))) => {
                    if (place.at, place.size) != (at, size) {
                        self.touched.note(row);
                        let from = place.drawn_at(now);
                        *place = Place {
                            at,
                            size,
                            from,
                            moved: now,
                        };
                    }
                }
                (Ok(_), None) => {
                    self.commands.entity(row).try_remove::<Place>();
                }
                (Err(_), Some((at, size))) => {
                    self.touched.note(row);
                    let (from, moved) = (at, now);
                    newcomers.push((row, Place { at, size, from, moved }));
                }
                (Err(_), None) => {}
            }
        }
        // A row may be despawned in the same frame.
        self.commands.try_insert_batch(newcomers);
    }

    fn write_block(&mut self, place: &BlockPlace<Entity>, grounds: &mut Grounds, now: f64) {
        let block = match place.key {
            BlockKey::Workflow(row) => row,
            BlockKey::Unassigned => grounds.unassigned(&mut self.commands),
            BlockKey::Finished => grounds.finished(&mut self.commands),
        };
        self.touched.note(block);
        match self.blocks.get_mut(block) {
            Ok(mut old) => {
                let moves = old.place.rect != place.rect;
                let (from, moved) = if moves {
                    (old.drawn_at(now), now)
                } else {
                    (old.from, old.moved)
                };
                old.set_if_neq(Block {
                    place: *place,
                    from,
                    moved,
                });
            }
            Err(_) => {
                let appeared = Block {
                    place: *place,
                    from: rect(place.rect),
                    moved: now,
                };
                self.commands.entity(block).try_insert(appeared);
            }
        }
    }

    fn remove_block(&mut self, key: BlockKey<Entity>, grounds: &mut Grounds) {
        match key {
            BlockKey::Workflow(row) => {
                self.commands.entity(row).try_remove::<Block>();
            }
            BlockKey::Unassigned => grounds.remove_unassigned(&mut self.commands),
            BlockKey::Finished => grounds.remove_finished(&mut self.commands),
        }
    }
}

fn sizes(city: &City<Entity, Rank>) -> CellSizes {
    let mut found: Option<CellSizes> = None;
    for place in city.places().filter(|place| place.grid[0] > 0) {
        let cell = place.cell;
        let sizes = found.get_or_insert(CellSizes {
            least: cell,
            most: cell,
            agent: f32::MAX,
        });
        if cell.min_element() < sizes.least.min_element() {
            sizes.least = cell;
        }
        if cell.min_element() > sizes.most.min_element() {
            sizes.most = cell;
        }
    }
    let agent = city.agent_diameter().max(city.dock_diameter());
    CellSizes {
        agent: if agent > 0.0 { agent } else { f32::MAX },
        ..found.unwrap_or_default()
    }
}
