//! The shaders, embedded in the binary so that it runs in any folder.

use bevy::{prelude::*, shader::Shader};

use super::constants;
use crate::scene::{
    detail,
    marks::{AGENT_RADIUS, LARGEST_TASK_RADIUS, Layer},
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
    Floors,
    Rings,
    Links,
    /// The ties of the hovered and the selected row.
    Ties,
    Marks,
    /// The marks that changed recently, where all others are too small to be drawn.
    RecentMarks,
    /// Marks that are all too small for detail.
    SmallMarks,
    /// The hexagons of the agents.
    Bodies,
    SmallBodies,
    /// The badges that replace the tasks in trouble of districts.
    Badges,
    Bubbles,
    Pointed,
    Veil,
}

impl Program {
    pub(super) const ALL: [Self; 13] = [
        Self::Floors,
        Self::Rings,
        Self::Links,
        Self::Ties,
        Self::Marks,
        Self::RecentMarks,
        Self::SmallMarks,
        Self::Bodies,
        Self::SmallBodies,
        Self::Badges,
        Self::Bubbles,
        Self::Pointed,
        Self::Veil,
    ];

    /// Vertices of a floor.
    pub(super) const FLOOR_CORNERS: u32 = 48;
    /// Segments of a district's ring.
    pub(super) const RING_SEGMENTS: u32 = 48;
    /// Pieces of a tie's line.
    pub(super) const TIE_PIECES: u32 = 16;

    /// Its whole WGSL, with imports that Bevy resolves.
    pub(super) fn source(self) -> String {
        [&constants::wgsl(), shader!("common"), self.own_source()].concat()
    }

    fn own_source(self) -> &'static str {
        match self {
            Self::Floors => shader!("floors"),
            Self::Rings => shader!("rings"),
            Self::Links => shader!("links"),
            Self::Ties => shader!("ties"),
            Self::Marks | Self::RecentMarks | Self::SmallMarks | Self::Bodies | Self::SmallBodies | Self::Badges => {
                shader!("marks")
            }
            Self::Bubbles => shader!("bubbles"),
            Self::Pointed => shader!("pointed"),
            Self::Veil => shader!("veil"),
        }
    }

    /// Its vertex stage.
    pub(super) fn vertex_entry(self) -> &'static str {
        match self {
            Self::Bodies => "body",
            Self::Badges => "badge",
            Self::SmallMarks | Self::RecentMarks => "small",
            Self::SmallBodies => "small_body",
            _ => "vertex",
        }
    }

    /// Its fragment stage.
    pub(super) fn fragment_entry(self) -> &'static str {
        match self {
            Self::SmallMarks | Self::RecentMarks | Self::SmallBodies => "small_fragment",
            _ => "fragment",
        }
    }

    /// The program that draws the same where one world unit is `px_per_unit` physical pixels and a desk pixel is `unit` of
    /// them: the one for small marks while all marks are small, and `None` where nothing would be visible.
    pub(super) fn at_scale(self, layer: Option<Layer>, px_per_unit: f32, unit: f32) -> Option<Self> {
        let largest = match layer {
            Some(Layer::Agents) => AGENT_RADIUS,
            _ => LARGEST_TASK_RADIUS,
        };
        // Marks in trouble are never smaller than `LOUD_PX`.
        let is_small = (largest * px_per_unit).max(LOUD_PX * unit) < SILHOUETTE_PX;
        // In the far view quiet marks are not drawn: of a hundred thousand only those that changed cost anything.
        let is_quiet = layer == Some(Layer::Tasks) && px_per_unit / unit <= detail::QUIET_PX;
        match (self, layer) {
            (Self::Marks, _) if is_quiet => None,
            (Self::RecentMarks, _) => is_quiet.then_some(self),
            // Small agents have no shape in their middle.
            (Self::Marks, Some(Layer::Agents)) if is_small => None,
            (Self::Marks, _) if is_small => Some(Self::SmallMarks),
            (Self::Bodies, _) if is_small => Some(Self::SmallBodies),
            _ => Some(self),
        }
    }

    /// How one item becomes triangles.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Floors => Form::Strip(Self::FLOOR_CORNERS),
            // Two vertices at each end of a segment; the first and the last coincide.
            Self::Rings => Form::Strip(2 * (Self::RING_SEGMENTS + 1)),
            // Two vertices at each end of a piece, and at the base and the tip of the head.
            Self::Ties => Form::Strip(2 * (Self::TIE_PIECES + 3)),
            Self::Veil => Form::Strip(4),
            _ => Form::Quad,
        }
    }

    /// Whether it is blended with what is behind it.
    pub(super) fn blends(self) -> bool {
        self != Self::Floors
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
        assert_eq!(members.len(), 13, "as many fields as `SceneUniform`");
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
    fn only_marks_that_are_all_small_are_drawn_without_detail() {
        let near = SILHOUETTE_PX / LARGEST_TASK_RADIUS;
        let tasks = Some(Layer::Tasks);
        assert_eq!(Program::Marks.at_scale(tasks, near * 1.01, 1.0), Some(Program::Marks));
        assert_eq!(
            Program::Marks.at_scale(tasks, near * 0.99, 1.0),
            Some(Program::SmallMarks)
        );
        let quiet = detail::QUIET_PX;
        assert_eq!(Program::RecentMarks.at_scale(tasks, quiet * 1.01, 1.0), None);
        assert_eq!(Program::Marks.at_scale(tasks, quiet, 1.0), None);
        assert_eq!(
            Program::RecentMarks.at_scale(tasks, quiet, 1.0),
            Some(Program::RecentMarks)
        );
        assert_eq!(
            Program::Marks.at_scale(Some(Layer::Alarms), quiet, 1.0),
            Some(Program::SmallMarks)
        );
        assert_eq!(
            Program::Marks.at_scale(Some(Layer::Alarms), quiet, 2.5),
            Some(Program::Marks),
            "on a wall that is read from a distance marks in trouble are large enough for detail"
        );
        assert_eq!(
            Program::Marks.at_scale(tasks, quiet * 2.0, 2.5),
            None,
            "and quiet marks vanish sooner"
        );
        let agents = Some(Layer::Agents);
        assert_eq!(
            Program::Bodies.at_scale(agents, near * 0.99, 1.0),
            Some(Program::Bodies)
        );
        assert_eq!(Program::Bodies.at_scale(agents, 1.0, 1.0), Some(Program::SmallBodies));
        assert_eq!(Program::Marks.at_scale(agents, 1.0, 1.0), None);
        assert_eq!(Program::Links.at_scale(None, 0.01, 1.0), Some(Program::Links));
    }
}
