//! Draws a plan as a picture: `cargo run -p plan --example draw -- ROWS WORKFLOWS AGENTS skewed|even|giant WIDTH HEIGHT QUIET OUT.ppm`;
//! QUIET is how many of the workflows finished, one every three minutes.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{fs, io::Write};

use glam::Vec2;
use plan::{AgentPlace, BlockKey, City, Pace, Rect};
use support::{Spread, fleet, scene};

struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// Fills a rectangle of the world; what covers a pixel in part is mixed in.
    fn fill(&mut self, rect: Rect, [red, green, blue]: [u8; 3]) {
        let half = Vec2::new(self.width as f32, self.height as f32) / 2.0;
        let (left, right) = (rect.min.x + half.x, rect.max.x + half.x);
        let (top, bottom) = (half.y - rect.max.y, half.y - rect.min.y);
        for y in top.max(0.0) as usize..(bottom.ceil().max(0.0) as usize).min(self.height) {
            for x in left.max(0.0) as usize..(right.ceil().max(0.0) as usize).min(self.width) {
                let covered =
                    |low: f32, high: f32, at: usize| (high.min(at as f32 + 1.0) - low.max(at as f32)).max(0.0);
                let share = covered(left, right, x) * covered(top, bottom, y);
                let pixel = &mut self.pixels[y * self.width + x];
                for (value, new) in pixel.iter_mut().zip([red, green, blue]) {
                    *value = (f32::from(*value) * (1.0 - share) + f32::from(new) * share) as u8;
                }
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [rows, workflows, agents, spread, width, height, quiet, out] = args.as_slice() else {
        return Err("eight arguments are needed".into());
    };
    let (rows, workflows, agents) = (rows.parse()?, workflows.parse()?, agents.parse()?);
    let spread = match spread.as_str() {
        "even" => Spread::Even,
        "giant" => Spread::Giant,
        _ => Spread::Skewed,
    };
    let (width, height): (u32, u32) = (width.parse()?, height.parse()?);
    let mut city = City::new(scene(width as f32, height as f32), Pace::default());
    let mut batch = fleet(rows, workflows, agents, spread, 7);
    let quiet: u32 = quiet.parse()?;
    for workflow in batch
        .workflows
        .iter_mut()
        .filter(|workflow| workflow.row % 2 == 0)
        .take(quiet as usize)
    {
        workflow.finished = Some(-90.0 * f64::from(workflow.row));
    }
    let changes = city.apply(batch, 0.0);
    let mut picture = Picture {
        width: width as usize,
        height: height as usize,
        pixels: vec![[14, 17, 22]; (width * height) as usize],
    };
    for block in &changes.blocks {
        let ground = if block.key == BlockKey::Finished {
            [30, 50, 45]
        } else {
            [30, 37, 46]
        };
        picture.fill(block.rect, ground);
        if block.header.size().y > 6.0 {
            let size = block.header.size();
            let low = block.header.min + size * Vec2::new(0.0, 0.0) + Vec2::new(6.0, size.y * 0.3);
            let name = match block.key {
                BlockKey::Workflow(row) => support::workflow(row, None).name.alone,
                _ => 80.0,
            };
            let wide = name.min(size.x - 12.0);
            picture.fill(Rect::new(low, low + Vec2::new(wide, size.y * 0.45)), [150, 160, 175]);
        }
    }
    let mut random = fastrand::Rng::with_seed(1);
    for (row, at) in &changes.tasks {
        let Some(at) = at else { continue };
        assert!(
            city.block_at(at.center()).is_some(),
            "the cell of {row} is outside its block"
        );
        let colour = match random.u32(0..40) {
            0 => [232, 67, 46],
            1..3 => [242, 179, 61],
            3..8 => [63, 155, 232],
            8..24 => [47, 117, 96],
            _ => [72, 80, 92],
        };
        picture.fill(*at, colour);
    }
    let (in_street, in_dock) = (city.agent_diameter(), city.dock_diameter());
    for (_, place) in &changes.agents {
        let (colour, size) = match place {
            AgentPlace::Street(_) => ([245, 247, 250], in_street),
            AgentPlace::Counted(_) => ([255, 0, 255], in_street),
            AgentPlace::Dock(_) => ([142, 153, 168], in_dock),
        };
        picture.fill(Rect::centered(place.at(), Vec2::splat(size * 0.8)), colour);
    }
    let mut file = fs::File::create(out)?;
    writeln!(file, "P6 {width} {height} 255")?;
    file.write_all(&picture.pixels.concat())?;
    println!("{:?}", city.report());
    Ok(())
}
