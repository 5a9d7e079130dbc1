//! An axis-parallel rectangle.

use glam::Vec2;

/// An axis-parallel rectangle, from its least to its greatest corner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// The corner with the least coordinates.
    pub min: Vec2,
    /// The corner with the greatest coordinates.
    pub max: Vec2,
}

impl Rect {
    /// The rectangle between two corners.
    pub const fn new(min: Vec2, max: Vec2) -> Self {
        Self { min, max }
    }

    /// The rectangle of this size around a point.
    pub fn centered(center: Vec2, size: Vec2) -> Self {
        Self::new(center - size / 2.0, center + size / 2.0)
    }

    /// Its width and height.
    pub fn size(&self) -> Vec2 {
        self.max - self.min
    }

    /// Its middle.
    pub fn center(&self) -> Vec2 {
        (self.min + self.max) / 2.0
    }

    /// Its area.
    pub fn area(&self) -> f32 {
        let size = self.size().max(Vec2::ZERO);
        size.x * size.y
    }

    /// Whether a point lies in it; its upper edges are outside.
    pub fn contains(&self, point: Vec2) -> bool {
        point.cmpge(self.min).all() && point.cmplt(self.max).all()
    }

    /// Whether two rectangles have some area in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min.cmplt(other.max).all() && other.min.cmplt(self.max).all()
    }
}
