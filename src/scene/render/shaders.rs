//! The shaders, embedded in the binary so that it runs in any folder.

use bevy::{prelude::*, shader::Shader};

use super::constants;
use crate::{
    layout::CellSizes,
    scene::{detail, marks::Layer},
};

macro_rules! shader {
    ($name:literal) => {
        include_str!(concat!("../../../assets/shaders/", $name, ".wgsl"))
    };
}

/// Marks of this radius in pixels and larger have detail.
pub(super) const SILHOUETTE_PX: f32 = 7.0;
/// The least radius of a mark in trouble, in desk pixels: it must be found at any zoom.
pub(super) const LOUD_PX: f32 = 3.4;

/// How the items of a draw become triangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One instance per item, a triangle strip of this many vertices.
    Strip(u32),
    /// Four vertices per item of one long list: an instance of four vertices costs a software driver more than its vertices
    /// do, and leaves most lanes of a GPU empty.
    Quad,
}

/// A pair of vertex and fragment stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Program {
    /// The grounds of blocks and of the dock.
    Floors,
    /// Their outlines.
    Borders,
    /// The line below each header.
    Headers,
    /// The bands that stand for cells too small to be seen.
    Bands,
    Links,
    /// The ties of the hovered and the selected row.
    Ties,
    /// The plates of cells that are tiles.
    Tiles,
    /// Their bars of progress, and the strips of those in trouble.
    TileBars,
    /// Cells that are filled with their colour.
    Cells,
    /// The filled cells of rows that changed recently, where all others are in bands.
    RecentCells,
    Marks,
    /// Marks that are all too small for detail.
    SmallMarks,
    /// The hexagons of the agents.
    Bodies,
    SmallBodies,
    Bubbles,
    Pointed,
    Veil,
}

impl Program {
    pub(super) const ALL: [Self; 17] = [
        Self::Floors,
        Self::Borders,
        Self::Headers,
        Self::Bands,
        Self::Links,
        Self::Ties,
        Self::Tiles,
        Self::TileBars,
        Self::Cells,
        Self::RecentCells,
        Self::Marks,
        Self::SmallMarks,
        Self::Bodies,
        Self::SmallBodies,
        Self::Bubbles,
        Self::Pointed,
        Self::Veil,
    ];

    /// Corners of the outline of a block: a quarter of them for each round corner.
    pub(super) const OUTLINE_CORNERS: u32 = 24;
    /// Pieces of a tie's line.
    pub(super) const TIE_PIECES: u32 = 16;

    /// Its whole WGSL, with imports that Bevy resolves.
    pub(super) fn source(self) -> String {
        let flies = format!("const FLIES: bool = {};\n", self.flies());
        [&constants::wgsl(), &flies, shader!("common"), self.own_source()].concat()
    }

    /// Whether it draws agents in the streets, which alone fly along them. The others are compiled without that code: a
    /// software renderer runs both sides of every branch, and these draw a hundred thousand rows.
    fn flies(self) -> bool {
        !matches!(self, Self::Cells | Self::RecentCells | Self::Tiles | Self::TileBars)
    }

    fn own_source(self) -> &'static str {
        match self {
            Self::Floors | Self::Borders => shader!("floors"),
            Self::Headers | Self::Bands => shader!("headers"),
            Self::Links => shader!("links"),
            Self::Ties => shader!("ties"),
            Self::Tiles | Self::TileBars => shader!("tiles"),
            Self::Cells | Self::RecentCells => shader!("cells"),
            Self::Marks | Self::SmallMarks | Self::Bodies | Self::SmallBodies => shader!("marks"),
            Self::Bubbles => shader!("bubbles"),
            Self::Pointed => shader!("pointed"),
            Self::Veil => shader!("veil"),
        }
    }

    /// Its vertex stage.
    pub(super) fn vertex_entry(self) -> &'static str {
        match self {
            Self::Borders => "border",
            Self::Bands => "band",
            Self::TileBars => "bar",
            Self::Bodies => "body",
            Self::SmallMarks => "small",
            Self::SmallBodies => "small_body",
            _ => "vertex",
        }
    }

    /// Its fragment stage.
    pub(super) fn fragment_entry(self) -> &'static str {
        match self {
            Self::Borders => "border_fragment",
            Self::Bands => "band_fragment",
            Self::TileBars => "bar_fragment",
            Self::SmallMarks | Self::SmallBodies => "small_fragment",
            _ => "fragment",
        }
    }

    /// The program that draws the same with cells of these sizes: the one for small marks while all marks are small, and `None`
    /// where nothing would be visible.
    pub(super) fn at_sizes(self, layer: Option<Layer>, sizes: DrawnSizes) -> Option<Self> {
        let DrawnSizes {
            least,
            most,
            agent,
            levels,
        } = sizes;
        let is_agent = layer == Some(Layer::Agents);
        let is_small = if is_agent {
            agent / 2.0 < SILHOUETTE_PX
        } else {
            detail::MARK_SHARE * MOST_PRIORITY * most < SILHOUETTE_PX
        };
        let [filled, marked, _, tiled] = levels;
        match self {
            Self::Tiles | Self::TileBars => (most >= tiled).then_some(self),
            // Cells in trouble are never in bands.
            Self::Cells if layer == Some(Layer::Tasks) && most < filled => None,
            Self::Cells => (least < marked).then_some(self),
            Self::RecentCells => (most < filled).then_some(self),
            Self::Bands => (least < filled).then_some(self),
            Self::Marks if is_agent && is_small => None,
            Self::Marks if !is_agent && most < marked => None,
            Self::Marks if is_small => Some(Self::SmallMarks),
            Self::Bodies if is_small => Some(Self::SmallBodies),
            _ => Some(self),
        }
    }

    /// How one item becomes triangles.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Floors | Self::Tiles => Form::Strip(Self::OUTLINE_CORNERS),
            // Two vertices at each corner; the first and the last coincide.
            Self::Borders => Form::Strip(2 * (Self::OUTLINE_CORNERS + 1)),
            // Two vertices at each end of a piece, and at the base and the tip of the head.
            Self::Ties => Form::Strip(2 * (Self::TIE_PIECES + 3)),
            Self::Veil => Form::Strip(4),
            _ => Form::Quad,
        }
    }

    /// Whether it is blended with what is behind it.
    pub(super) fn blends(self) -> bool {
        !matches!(
            self,
            Self::Floors | Self::Headers | Self::Bands | Self::Cells | Self::RecentCells | Self::Tiles | Self::TileBars
        )
    }
}

/// The largest mark of a task, as a multiple of one without a priority (`PRIORITY` in common.wgsl).
const MOST_PRIORITY: f32 = 1.4;

/// The sizes in which things are drawn at a zoom, in desk pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DrawnSizes {
    /// The shorter side of the smallest and of the largest cell; for tiles the latter counts by its width too.
    least: f32,
    most: f32,
    /// The diameter of the largest agent.
    agent: f32,
    /// The sizes from which on cells are filled, marks, titled and tiles.
    levels: [f32; 4],
}

impl DrawnSizes {
    /// `px_per_unit` and `unit` are the physical pixels of a world unit and of a desk pixel.
    pub(super) fn new(cells: CellSizes, levels: Vec4, px_per_unit: f32, unit: f32) -> Self {
        let zoom = px_per_unit / unit;
        let tile = cells.most.x.min(cells.most.y * plan::TILE_ASPECT);
        Self {
            least: cells.least.min_element() * zoom,
            most: cells.most.min_element().max(tile) * zoom,
            agent: cells.agent * zoom,
            levels: levels.to_array(),
        }
    }
}

/// The programs as assets, by `Program`.
#[derive(Resource, Debug, Clone)]
pub(super) struct SceneShaders([Handle<Shader>; Program::ALL.len()]);

impl SceneShaders {
    pub(super) fn add_to(assets: &mut Assets<Shader>) -> Self {
        Self(Program::ALL.map(|program| {
            assets.add(Shader::from_wgsl(
                program.source(),
                format!("opswall/{program:?}.wgsl").to_lowercase(),
            ))
        }))
    }

    pub(super) fn get(&self, program: Program) -> Handle<Shader> {
        self.0[program as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use bevy::render::render_resource::ShaderType;
    use model::Status;
    use naga::{
        Module, TypeInner,
        front::wgsl,
        valid::{Capabilities, ValidationFlags, Validator},
    };

    use super::*;
    use crate::scene::render::uniform::SceneUniform;

    /// The part of Bevy's view that the shaders use. Bevy resolves the import at run time.
    const VIEW: &str = "struct View { clip_from_world: mat4x4<f32>, viewport: vec4<f32> }\n";
    const VIEW_IMPORT: &str = "#import bevy_render::view::View\n";

    /// A program as naga understands it: without imports.
    fn module(program: Program) -> Module {
        let source = program.source();
        assert_eq!(source.matches("#import").count(), 1, "{program:?} has one import");
        let source = source.replace(VIEW_IMPORT, VIEW);
        let module =
            wgsl::parse_str(&source).unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(&source)));
        if let Err(error) = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module) {
            panic!("{program:?}: {}", error.emit_to_string(&source));
        }
        module
    }

    #[test]
    fn every_shader_is_valid_and_has_the_entry_points_of_its_program() {
        for program in Program::ALL {
            let module = module(program);
            let entries: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
            for entry in [program.vertex_entry(), program.fragment_entry()] {
                assert!(entries.contains(&entry), "{program:?} lacks {entry}");
            }
        }
    }

    #[test]
    fn the_shaders_uniform_is_laid_out_as_ours() {
        let module = module(Program::Marks);
        let (_, scene) = module
            .types
            .iter()
            .find(|(_, ty)| ty.name.as_deref() == Some("Scene"))
            .expect("the shaders have a scene");
        let TypeInner::Struct { members, span } = &scene.inner else {
            panic!("the scene is a struct");
        };
        assert_eq!(u64::from(*span), SceneUniform::min_size().get());
        assert_eq!(members.len(), 17, "as many fields as `SceneUniform`");
        for (number, member) in members.iter().enumerate() {
            let name = member.name.as_deref().unwrap_or_default();
            let offset = SceneUniform::METADATA.offset(number);
            assert_eq!(u64::from(member.offset), offset, "{name}");
        }
    }

    #[test]
    fn every_shape_is_drawn() {
        let source = Program::Marks.own_source();
        let (before, body) = source.split_once("fn draw_shape(").expect("marks.wgsl has draw_shape");
        let (before_switch, switch) = body.split_once("switch look.shape {").expect("which chooses by shape");
        let line = before.lines().count() + before_switch.lines().count();
        let (switch, _) = switch.split_once("\n}").expect("draw_shape has an end");
        let drawn: Vec<&str> = switch
            .lines()
            .filter(|line| line.trim_start().starts_with("case "))
            .flat_map(|line| line.split([' ', ',', ':']))
            .collect();
        for status in Status::ALL {
            let name = constants::shape_name(status.shape());
            assert!(
                drawn.contains(&name.as_str()),
                "assets/shaders/marks.wgsl:{line}: draw_shape has no case for {name}, the shape of {status:?}; \
                 `reach_of` above it has the shape's extent"
            );
        }
    }

    #[test]
    fn only_what_is_visible_is_drawn() {
        let sizes = |least: f32, most: f32, agent: f32| DrawnSizes {
            least,
            most,
            agent,
            levels: [3.0, 10.0, 28.0, 110.0],
        };
        let drawn = |program: Program, layer, sizes| program.at_sizes(Some(layer), sizes);
        let (tasks, alarms, agents) = (Layer::Tasks, Layer::Alarms, Layer::Agents);
        let (tiny, small, near, tiles) = (
            sizes(2.0, 2.5, 2.0),
            sizes(5.0, 6.0, 5.0),
            sizes(12.0, 40.0, 30.0),
            sizes(100.0, 120.0, 40.0),
        );
        assert_eq!(drawn(Program::Cells, tasks, tiny), None);
        assert_eq!(drawn(Program::RecentCells, tasks, tiny), Some(Program::RecentCells));
        assert_eq!(drawn(Program::Cells, alarms, tiny), Some(Program::Cells));
        assert_eq!(drawn(Program::Bands, Layer::Grounds, tiny), Some(Program::Bands));
        assert_eq!(drawn(Program::Bands, Layer::Grounds, small), None);
        assert_eq!(drawn(Program::Cells, tasks, small), Some(Program::Cells));
        assert_eq!(drawn(Program::Marks, tasks, small), None);
        assert_eq!(
            drawn(Program::Marks, tasks, sizes(11.0, 12.0, 5.0)),
            Some(Program::SmallMarks)
        );
        assert_eq!(drawn(Program::Marks, tasks, near), Some(Program::Marks));
        assert_eq!(drawn(Program::Cells, tasks, near), None);
        assert_eq!(drawn(Program::Tiles, tasks, near), None);
        assert_eq!(drawn(Program::Tiles, alarms, tiles), Some(Program::Tiles));
        assert_eq!(drawn(Program::Bodies, agents, near), Some(Program::Bodies));
        assert_eq!(drawn(Program::Bodies, agents, small), Some(Program::SmallBodies));
        assert_eq!(drawn(Program::Marks, agents, small), None);
        assert_eq!(Program::Links.at_sizes(None, tiny), Some(Program::Links));
    }
}
