//! How alike two pictures are to a person: squares of them are compared, each with what is there in the other picture or
//! a pixel beside it. So another driver's soft edges pass, and what is missing, of another colour or elsewhere does not.

use image::{Rgb, RgbImage};

/// Edge of a square, and from square to square, pixels.
const SQUARE: u32 = 8;
const STEP: u32 = 4;
/// Pixels by which a square may have moved.
const SLACK: i64 = 1;
/// From here on a square differs, levels of 255.
const DIFFERS: f32 = 5.0;

/// Limits of pictures that are alike: mean difference of the squares, share of squares that differ, the worst square.
const MOST_MEAN: f32 = 0.4;
const MOST_SHARE: f32 = 0.005;
const MOST_WORST: f32 = 26.0;

/// How two pictures of the same size differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Likeness {
    pub(crate) mean: f32,
    pub(crate) share: f32,
    pub(crate) worst: f32,
    columns: u32,
    squares: Vec<f32>,
}

impl Likeness {
    /// `None` where the pictures have different sizes, or none.
    pub(crate) fn of(one: &RgbImage, other: &RgbImage) -> Option<Self> {
        let size = one.dimensions();
        if size != other.dimensions() || size.0 < SQUARE || size.1 < SQUARE {
            return None;
        }
        let sums = [Sums::of(one), Sums::of(other)];
        let corners = |length: u32| (0..=(length - SQUARE)).step_by(STEP as usize);
        let squares: Vec<f32> = corners(size.1)
            .flat_map(|y| corners(size.0).map(move |x| (i64::from(x), i64::from(y))))
            .map(|at| off(&sums[0], &sums[1], at).max(off(&sums[1], &sums[0], at)))
            .collect();
        let count = squares.len() as f32;
        Some(Self {
            mean: squares.iter().sum::<f32>() / count,
            share: squares.iter().filter(|off| **off > DIFFERS).count() as f32 / count,
            worst: squares.iter().copied().fold(0.0, f32::max),
            columns: corners(size.0).count() as u32,
            squares,
        })
    }

    pub(crate) fn is_alike(&self) -> bool {
        self.mean <= MOST_MEAN && self.share <= MOST_SHARE && self.worst <= MOST_WORST
    }

    /// A picture dimmed, with red where it differs.
    pub(crate) fn shown_on(&self, picture: &RgbImage) -> RgbImage {
        let mut shown = picture.clone();
        for pixel in shown.pixels_mut() {
            *pixel = Rgb(pixel.0.map(|part| part / 3));
        }
        for (index, off) in self.squares.iter().enumerate().filter(|(_, off)| **off > DIFFERS) {
            let (column, row) = (index as u32 % self.columns, index as u32 / self.columns);
            for (x, y) in (0..SQUARE * SQUARE).map(|at| (column * STEP + at % SQUARE, row * STEP + at / SQUARE)) {
                if let Some(pixel) = shown.get_pixel_mut_checked(x, y) {
                    let loud = (90.0 + off * 4.0).min(255.0) as u8;
                    pixel.0[0] = pixel.0[0].max(loud);
                }
            }
        }
        shown
    }
}

/// How far a square is from the most similar one around the same place, levels of the channel that differs most.
fn off(one: &Sums, other: &Sums, (x, y): (i64, i64)) -> f32 {
    let Some(wanted) = one.mean(x, y) else { return 0.0 };
    let around = (-SLACK..=SLACK).flat_map(|dy| (-SLACK..=SLACK).map(move |dx| (x + dx, y + dy)));
    around
        .filter_map(|(x, y)| other.mean(x, y))
        .map(|found| {
            let apart = wanted.iter().zip(found).map(|(wanted, found)| (wanted - found).abs());
            apart.fold(0.0, f32::max)
        })
        .fold(f32::INFINITY, f32::min)
}

/// Sums of all pixels above and left of a corner, so that any square's mean is four look-ups.
struct Sums {
    width: i64,
    height: i64,
    sums: Vec<[u64; 3]>,
}

impl Sums {
    fn of(picture: &RgbImage) -> Self {
        let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
        let mut sums = vec![[0_u64; 3]; ((width + 1) * (height + 1)) as usize];
        for (x, y, pixel) in picture.enumerate_pixels() {
            let at = |x: u32, y: u32| (i64::from(y) * (width + 1) + i64::from(x)) as usize;
            let (before, above, left) = (sums[at(x, y)], sums[at(x + 1, y)], sums[at(x, y + 1)]);
            let sum = |part: usize| u64::from(pixel.0[part]) + left[part] + above[part] - before[part];
            sums[at(x + 1, y + 1)] = [sum(0), sum(1), sum(2)];
        }
        Self { width, height, sums }
    }

    /// The mean colour of a square by its corner; `None` where it leaves the picture.
    fn mean(&self, x: i64, y: i64) -> Option<[f32; 3]> {
        let edge = i64::from(SQUARE);
        if x < 0 || y < 0 || x + edge > self.width || y + edge > self.height {
            return None;
        }
        let at = |x: i64, y: i64| self.sums[(y * (self.width + 1) + x) as usize];
        let corners = [at(x + edge, y + edge), at(x, y), at(x, y + edge), at(x + edge, y)];
        Some([0, 1, 2].map(|channel| {
            let [all, before, left, above] = corners.map(|corner| corner[channel]);
            (all + before - left - above) as f32 / (edge * edge) as f32
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: Rgb<u8> = Rgb([14, 17, 22]);
    const LINE: Rgb<u8> = Rgb([42, 50, 61]);
    const BLUE: Rgb<u8> = Rgb([63, 155, 232]);
    const AMBER: Rgb<u8> = Rgb([242, 179, 61]);

    /// What is painted: a ring, marks, a "name" of strokes. Edges are softened over `soft` pixels.
    struct Scene {
        ring: Option<(f32, f32)>,
        mark: Rgb<u8>,
        name_x: f32,
        soft: f32,
        shift: f32,
    }

    impl Scene {
        const USUAL: Self = Self {
            ring: Some((150.0, 100.0)),
            mark: BLUE,
            name_x: 120.0,
            soft: 1.0,
            shift: 0.0,
        };

        fn paint(&self) -> RgbImage {
            RgbImage::from_fn(320, 200, |x, y| {
                let (x, y) = (x as f32 + 0.5 - self.shift, y as f32 + 0.5);
                let cover = |off: f32| (0.5 - off / self.soft).clamp(0.0, 1.0);
                let ring = self
                    .ring
                    .map_or(0.0, |(cx, cy)| cover(((x - cx).hypot(y - cy) - 60.0).abs() - 1.0));
                let mark = cover((x - 140.0).hypot(y - 96.0) - 3.0);
                let in_name = (0.0..70.0).contains(&(x - self.name_x)) && (20.0..30.0).contains(&y);
                let name = if in_name {
                    cover(((x - self.name_x) % 4.0 - 2.0).abs() - 0.6)
                } else {
                    0.0
                };
                let mix = |low: Rgb<u8>, high: Rgb<u8>, share: f32| {
                    let part =
                        |at: usize| f32::from(low.0[at]) + (f32::from(high.0[at]) - f32::from(low.0[at])) * share;
                    Rgb([0, 1, 2].map(|at| part(at).round() as u8))
                };
                let seen = mix(mix(GROUND, LINE, ring), self.mark, mark);
                mix(seen, Rgb([217, 223, 231]), name)
            })
        }
    }

    fn likeness(scene: &Scene) -> Likeness {
        Likeness::of(&Scene::USUAL.paint(), &scene.paint()).expect("one size")
    }

    #[test]
    fn soft_edges_and_part_of_a_pixel_pass() {
        for (soft, shift) in [(1.0, 0.0), (1.6, 0.0), (0.6, 0.0), (1.0, 0.5), (1.3, -0.7)] {
            let scene = Scene {
                soft,
                shift,
                ..Scene::USUAL
            };
            let likeness = likeness(&scene);
            assert!(
                likeness.is_alike(),
                "{soft} {shift}: {likeness:.3?}",
                likeness = (likeness.mean, likeness.share, likeness.worst)
            );
        }
    }

    #[test]
    fn what_is_missing_of_another_colour_or_elsewhere_does_not() {
        let scenes = [
            (
                "no ring",
                Scene {
                    ring: None,
                    ..Scene::USUAL
                },
            ),
            (
                "a ring elsewhere",
                Scene {
                    ring: Some((156.0, 100.0)),
                    ..Scene::USUAL
                },
            ),
            (
                "another colour",
                Scene {
                    mark: AMBER,
                    ..Scene::USUAL
                },
            ),
            (
                "no mark",
                Scene {
                    mark: GROUND,
                    ..Scene::USUAL
                },
            ),
            (
                "a name elsewhere",
                Scene {
                    name_x: 126.0,
                    ..Scene::USUAL
                },
            ),
        ];
        for (what, scene) in scenes {
            let likeness = likeness(&scene);
            assert!(
                !likeness.is_alike(),
                "{what}: {} {} {}",
                likeness.mean,
                likeness.share,
                likeness.worst
            );
        }
    }

    #[test]
    fn a_picture_is_like_itself_and_never_like_one_of_another_size() {
        let picture = Scene::USUAL.paint();
        let likeness = Likeness::of(&picture, &picture).expect("one size");
        assert_eq!((likeness.mean, likeness.share, likeness.worst), (0.0, 0.0, 0.0));
        assert_eq!(Likeness::of(&picture, &RgbImage::new(320, 201)), None);
        assert_eq!(Likeness::of(&RgbImage::new(3, 3), &RgbImage::new(3, 3)), None);
    }

    #[test]
    fn the_difference_is_shown_where_it_is() {
        let picture = Scene::USUAL.paint();
        let other = Scene {
            mark: AMBER,
            ..Scene::USUAL
        }
        .paint();
        let shown = Likeness::of(&picture, &other).expect("one size").shown_on(&picture);
        assert!(shown.get_pixel(140, 96).0[0] > 120, "red at the mark");
        assert!(shown.get_pixel(20, 20).0[0] < 20, "and nowhere else");
    }
}
