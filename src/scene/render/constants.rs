//! The constants that Rust and the shaders share, as WGSL. They are defined once, in Rust, and put before every shader.

use std::fmt::Write;

use model::{Shape, Status, theme::Token};

use super::{
    shaders::{LOUD_PX, Program, SILHOUETTE_PX},
    uniform::COLOURS,
};
use crate::{
    layout::MOVE_SECS,
    scene::{
        detail,
        highlight::{DIM_SECS, DIMMED_SHARE},
        labels::tile,
        links,
        marks::{self, Flags, MarkKind},
        motion::{TURN_STEPS, TURNS},
        ties::{self, TieKind},
    },
};

/// The constants and the tables by status, as WGSL source.
pub(super) fn wgsl() -> String {
    let mut source = String::new();
    for (name, value) in [
        ("MOVE_SECS", MOVE_SECS as f32),
        ("TURN_STEPS", TURN_STEPS),
        ("DIM_SECS", DIM_SECS as f32),
        ("DIMMED_SHARE", DIMMED_SHARE),
        ("SILHOUETTE_PX", SILHOUETTE_PX),
        ("LOUD_PX", LOUD_PX),
        ("MARK_SHARE", detail::MARK_SHARE),
        ("MARK_MOST_PX", detail::MARK_MOST_PX),
        ("TILE_ASPECT", plan::TILE_ASPECT),
        ("SIZE_STEPS", marks::SIZE_STEPS),
    ] {
        constant(&mut source, name, "f32", format_args!("{value:?}"));
    }
    for (name, value) in [
        ("COLOURS", COLOURS as u32),
        ("OUTLINE_CORNERS", Program::OUTLINE_CORNERS),
        ("NO_GROUND_PROGRESS", marks::NO_GROUND_PROGRESS),
        ("TIE_PIECES", Program::TIE_PIECES),
        ("STATUS_SHIFT", marks::STATUS_SHIFT),
        ("STATUS_BEFORE_SHIFT", marks::STATUS_BEFORE_SHIFT),
        ("FLAGS_SHIFT", marks::FLAGS_SHIFT),
        ("FIELD_MASK", marks::FIELD_MASK),
        ("NO_PROGRESS", marks::NO_PROGRESS),
        ("TURNS", TURNS as u32),
        ("LINK_TO_ALARM", links::TO_ALARM),
        ("LINK_LIVE", links::LIVE),
        ("LINK_CROSSES", links::CROSSES),
        ("TIE_LIVE", ties::LIVE),
        ("TIE_KIND_SHIFT", ties::KIND_SHIFT),
        ("TIE_FROM_POINT", ties::FROM_POINT),
        ("TIE_TO_POINT", ties::TO_POINT),
        ("TIE_BENT", ties::BENT),
        ("TIE_STRENGTH_SHIFT", ties::STRENGTH_SHIFT),
        ("TIE_SLOT_BITS", ties::SLOT_BITS),
    ] {
        number(&mut source, name, value);
    }
    for kind in MarkKind::ALL {
        number(&mut source, &upper(kind), kind as u32);
    }
    for kind in TieKind::ALL {
        number(&mut source, &format!("TIE_{}", upper(kind)), kind as u32);
    }
    for (name, flag) in Flags::all().iter_names() {
        number(&mut source, name, flag.bits());
    }
    for status in Status::ALL {
        number(&mut source, &upper(status), status.index() as u32);
        number(&mut source, &shape_name(status.shape()), status.shape() as u32);
    }
    for (number_of_token, token) in Token::ALL.into_iter().enumerate() {
        let name = format!("COLOUR_{}", token.name().to_uppercase());
        number(&mut source, &name, (Status::ALL.len() + number_of_token) as u32);
    }
    predicate(&mut source, "is_trouble", Status::is_trouble);
    predicate(&mut source, "is_fault", Status::is_fault);
    predicate(&mut source, "is_hollow", |status| status.shape().is_hollow());
    shapes(&mut source);
    tile_marks(&mut source);
    source
}

/// How a shape is named in the shaders: `SHAPE_DOTTEDRING`.
pub(super) fn shape_name(shape: Shape) -> String {
    format!("SHAPE_{}", upper(shape))
}

fn upper(name: impl std::fmt::Debug) -> String {
    format!("{name:?}").to_uppercase()
}

fn number(source: &mut String, name: &str, value: u32) {
    constant(source, name, "u32", format_args!("{value}u"));
}

fn constant(source: &mut String, name: &str, kind: &str, value: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(source, "const {name}: {kind} = {value};");
}

/// A WGSL function of a status's number.
fn predicate(source: &mut String, name: &str, holds: impl Fn(Status) -> bool) {
    let cases: Vec<String> = Status::ALL
        .into_iter()
        .filter(|status| holds(*status))
        .map(|status| format!("status == {}u", status.index()))
        .collect();
    let condition = if cases.is_empty() {
        "false".to_owned()
    } else {
        cases.join(" || ")
    };
    let _ = writeln!(source, "fn {name}(status: u32) -> bool {{ return {condition}; }}");
}

/// Where the mark of a tile of a size is, from its upper left corner to the right and down, and its radius; in desk pixels.
fn tile_marks(source: &mut String) {
    let _ = writeln!(source, "fn tile_mark(size: vec2<f32>) -> vec3<f32> {{");
    for (least, middle, radius) in tile::tile_marks() {
        let _ = writeln!(
            source,
            "    if size.x >= {:?} && size.y >= {:?} {{ return vec3({:?}, {:?}, {radius:?}); }}",
            least.x, least.y, middle.x, middle.y
        );
    }
    let _ = writeln!(source, "    return vec3(0.0);\n}}");
}

/// The shape of each status.
fn shapes(source: &mut String) {
    let _ = writeln!(source, "fn shape_of(status: u32) -> u32 {{\n    switch status {{");
    for status in Status::ALL {
        let (number, shape) = (status.index(), status.shape() as u32);
        let _ = writeln!(source, "        case {number}u: {{ return {shape}u; }}");
    }
    let _ = writeln!(
        source,
        "        default: {{ return {}u; }}\n    }}\n}}",
        Status::default().shape() as u32
    );
}
