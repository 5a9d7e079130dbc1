//! The shaders, in the binary: it runs from any folder.

use bevy::{prelude::*, shader::Shader};

macro_rules! shader {
    ($name:literal) => {
        concat!(
            include_str!("../../../assets/shaders/common.wgsl"),
            include_str!(concat!("../../../assets/shaders/", $name, ".wgsl"))
        )
    };
}

/// What a draw runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Program {
    Floors,
    Rings,
    Links,
    Marks,
    /// The hexagons of the agents.
    Bodies,
    /// What stands for all tasks in trouble of a district.
    Badges,
    Bubbles,
    Pointed,
    Veil,
}

impl Program {
    pub(super) const ALL: [Self; 9] = [
        Self::Floors,
        Self::Rings,
        Self::Links,
        Self::Marks,
        Self::Bodies,
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
            Self::Marks | Self::Bodies | Self::Badges => shader!("marks"),
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
            _ => "vertex",
        }
    }

    /// Vertices of one instance, a triangle strip. As the shaders count: `CORNERS`, twice `SEGMENTS` + 1, a quad.
    pub(super) fn vertices(self) -> u32 {
        match self {
            Self::Floors => 32,
            Self::Rings => 98,
            _ => 4,
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
        assert!(
            Program::Floors
                .source()
                .contains(&format!("const CORNERS: u32 = {}u;", Program::Floors.vertices()))
        );
        let segments = Program::Rings.vertices() / 2 - 1;
        assert!(
            Program::Rings
                .source()
                .contains(&format!("const SEGMENTS: u32 = {segments}u;"))
        );
        for program in Program::ALL {
            assert!(
                program
                    .source()
                    .contains(&format!("@vertex\nfn {}(", program.vertex_entry()))
            );
        }
    }

    #[test]
    fn shaders_number_kinds_and_statuses_as_we_do() {
        use crate::{domain::Status, scene::marks::MarkKind};
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
