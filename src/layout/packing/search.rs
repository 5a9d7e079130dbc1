//! Which circles are at a point or in a rectangle, found with the grid.

use bevy::math::{Rect, Vec2};

use super::{CELL, Circle, Packing, cells, cells_within};

impl Packing {
    /// The circle that a point lies in.
    pub(crate) fn at(&self, point: Vec2) -> Option<(u32, Circle)> {
        let numbers = self.cells.get(&cells(point, 0.0).next()?)?;
        numbers.iter().find_map(|&number| {
            let circle = self.get(number)?;
            (circle.center.distance_squared(point) <= circle.radius * circle.radius).then_some((number, circle))
        })
    }

    /// The circles that reach into a rectangle, by their numbers. Looks at the grid under it, or at all circles where
    /// those are fewer.
    pub(crate) fn within(&self, rect: Rect) -> Vec<(u32, Circle)> {
        let reaches = |circle: Circle| {
            let nearest = circle.center.clamp(rect.min, rect.max);
            nearest.distance_squared(circle.center) <= circle.radius * circle.radius
        };
        if !(rect.min.cmple(rect.max).all() && rect.min.is_finite() && rect.max.is_finite()) {
            return Vec::new();
        }
        let grid = (rect.size() / CELL).ceil() + 1.0;
        if grid.x * grid.y >= self.circles.len() as f32 {
            return self.iter().filter(|(_, circle)| reaches(*circle)).collect();
        }
        let under = cells_within(rect.min, rect.max).filter_map(|cell| self.cells.get(&cell));
        let mut numbers: Vec<u32> = under.flatten().copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let circles = numbers
            .into_iter()
            .filter_map(|number| Some((number, self.get(number)?)));
        circles.filter(|(_, circle)| reaches(*circle)).collect()
    }
}
