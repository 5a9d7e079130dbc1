//! The shaders, in the binary: it runs from any folder.

use bevy::{prelude::*, shader::Shader};

use crate::scene::{
    detail,
    marks::{AGENT_RADIUS, LARGEST_TASK_RADIUS, Layer},
};

macro_rules! shader {
    ($name:literal) => {
        concat!(
            include_str!("../../../assets/shaders/common.wgsl"),
            include_str!(concat!("../../../assets/shaders/", $name, ".wgsl"))
        )
    };
}

/// Marks of this radius in pixels and larger show detail (marks.wgsl has the same).
const SILHOUETTE_PX: f32 = 7.0;
/// The least radius of a mark that must be found, in pixels of a screen on a desk (marks.wgsl and bubbles.wgsl have the same).
const LOUD_PX: f32 = 3.4;

/// How the items of a draw become triangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An instance each, a triangle strip of so many vertices.
    Strip(u32),
    /// Four vertices each of one long list: an instance of four vertices would cost a driver in software more than its
    /// vertices do, and would leave most lanes of a GPU empty.
    Quad,
}

/// What a draw runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Program {
    Floors,
    Rings,
    Links,
    /// The ties of what is pointed at.
    Ties,
    Marks,
    /// Marks of which only those show that changed a moment ago.
    RecentMarks,
    /// Marks that are all too small for detail.
    SmallMarks,
    /// The hexagons of the agents.
    Bodies,
    SmallBodies,
    /// What stands for all tasks in trouble of a district.
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

    /// Its WGSL, whole.
    pub(super) fn source(self) -> &'static str {
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

    /// What draws the same where one world unit is so many physical pixels and `unit` of them are one on a desk: the
    /// program for small marks while all of them are small, and nothing where there would be nothing to see.
    pub(super) fn at_scale(self, layer: Option<Layer>, px_per_unit: f32, unit: f32) -> Option<Self> {
        let largest = match layer {
            Some(Layer::Agents) => AGENT_RADIUS,
            _ => LARGEST_TASK_RADIUS,
        };
        // What must be found is never smaller than so.
        let is_small = (largest * px_per_unit).max(LOUD_PX * unit) < SILHOUETTE_PX;
        // From far quiet marks are gone: of a hundred thousand only those cost anything that have changed.
        let is_quiet = layer == Some(Layer::Tasks) && px_per_unit / unit <= detail::QUIET_PX;
        match (self, layer) {
            (Self::Marks, _) if is_quiet => None,
            (Self::RecentMarks, _) => is_quiet.then_some(self),
            // An agent too small for a shape in its middle.
            (Self::Marks, Some(Layer::Agents)) if is_small => None,
            (Self::Marks, _) if is_small => Some(Self::SmallMarks),
            (Self::Bodies, _) if is_small => Some(Self::SmallBodies),
            _ => Some(self),
        }
    }

    /// What one item is made of.
    pub(super) fn form(self) -> Form {
        match self {
            // As the shaders count: `CORNERS`, twice `SEGMENTS` + 1, twice `PIECES` + 3.
            Self::Floors => Form::Strip(48),
            Self::Rings => Form::Strip(98),
            Self::Ties => Form::Strip(38),
            Self::Veil => Form::Strip(4),
            _ => Form::Quad,
        }
    }

    /// Whether what lies under it shows through.
    pub(super) fn blends(self) -> bool {
        self != Self::Floors
    }
}

/// The programs as assets.
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
    use naga::{
        front::wgsl,
        valid::{Capabilities, ValidationFlags, Validator},
    };

    use super::*;

    #[test]
    fn every_shader_is_valid() {
        for program in Program::ALL {
            let module = wgsl::parse_str(program.source())
                .unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(program.source())));
            if let Err(error) = Validator::new(ValidationFlags::all(), Capabilities::empty()).validate(&module) {
                panic!("{program:?}: {}", error.emit_to_string(program.source()));
            }
        }
    }

    #[test]
    fn strips_are_as_long_as_the_shaders_count() {
        for program in [Program::Floors, Program::Rings, Program::Ties] {
            let Form::Strip(vertices) = program.form() else {
                panic!("{program:?} is a strip");
            };
            let line = match program {
                Program::Floors => format!("const CORNERS: u32 = {vertices}u;"),
                Program::Ties => format!("const PIECES: u32 = {}u;", vertices / 2 - 3),
                _ => format!("const SEGMENTS: u32 = {}u;", vertices / 2 - 1),
            };
            assert!(program.source().contains(&line), "{program:?}: {line}");
        }
        for program in Program::ALL {
            assert!(
                program
                    .source()
                    .contains(&format!("@vertex\nfn {}(", program.vertex_entry()))
            );
            let fragment = format!("@fragment\nfn {}(", program.fragment_entry());
            assert!(program.source().contains(&fragment), "{program:?}");
        }
    }

    #[test]
    fn only_marks_that_are_all_small_are_drawn_without_detail() {
        let silhouette = format!("const SILHOUETTE_PX: f32 = {SILHOUETTE_PX:?};");
        assert!(Program::Marks.source().contains(&silhouette));
        let loud = format!("const LOUD_PX: f32 = {LOUD_PX:?};");
        assert!(
            [Program::Marks, Program::Bubbles]
                .iter()
                .all(|program| program.source().contains(&loud))
        );
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
            "read from far, what must be found is large enough for detail"
        );
        assert_eq!(
            Program::Marks.at_scale(tasks, quiet * 2.0, 2.5),
            None,
            "and what is quiet is gone sooner"
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

    #[test]
    fn shaders_number_kinds_and_statuses_as_we_do() {
        use crate::scene::marks::MarkKind;
        use model::Status;
        let common = include_str!("../../../assets/shaders/common.wgsl");
        let names = Status::ALL.map(|status| (status.word().to_uppercase(), status.index() as u32));
        let kinds = [
            MarkKind::Task,
            MarkKind::Agent,
            MarkKind::District,
            MarkKind::Unassigned,
            MarkKind::Dock,
        ]
        .map(|kind| (format!("{kind:?}").to_uppercase(), kind as u32));
        for (name, number) in names.into_iter().chain(kinds) {
            let line = format!("const {name}: u32 = {number}u;");
            assert!(common.contains(&line), "common.wgsl lacks `{line}`");
        }
    }
}
