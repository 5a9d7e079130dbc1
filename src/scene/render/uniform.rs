//! What every shader of the scene reads once a frame: `Scene` in `assets/shaders/common.wgsl`.

use bevy::{math::Vec4, prelude::*, render::render_resource::ShaderType};

use super::clock::{AMBIENT_PERIOD_SECS, AmbientClock};
use crate::{
    fleet::FleetClock,
    frame::DrawSystems,
    messages::{LostKinds, Quality, QualityFeature, SceneInsets, ScreenTheme, Staleness, StateFilter},
    scene::{
        camera::SceneCamera,
        detail::{Detail, loud_px},
        highlight::{Highlight, Selected},
        marks::stamp,
        motion::MotionSettings,
        palette::{Palette, palette},
        text_scale::TextScale,
    },
};
use model::{Kind, Status, theme::Token};

/// The number of colours in the uniform: those of the statuses, then the tokens.
pub(super) const COLOURS: usize = Status::ALL.len() + Token::ALL.len();
/// Longer than every animation takes, seconds.
const LONG_SECS: f64 = 60.0;

/// The uniform of all shaders.
#[derive(Resource, Debug, Clone, PartialEq, ShaderType)]
pub(super) struct SceneUniform {
    pub(super) colours: [Vec4; COLOURS],
    /// The clock in milliseconds, modulo 2^32.
    pub(super) now_ms: u32,
    now_rest: f32,
    ambient: f32,
    /// 0 (live) to 1.
    pub(super) stale: f32,
    insets: Vec4,
    reduced: u32,
    plain: u32,
    /// Physical pixels of one desk pixel.
    pub(super) unit: f32,
    dim_stamp: u32,
    highlight: Vec4,
    highlight_before: Vec4,
    /// How grey the rows of lost sources are: agents, tasks, runs, workflows.
    lost: Vec4,
    /// The sizes from which on cells are filled, marks, titled and tiles, in desk pixels.
    pub(super) levels: Vec4,
    /// How far the rest is dimmed, 0 to 1, or more where it is hidden: now, and before the last change.
    dims: Vec2,
    /// The least size of a cell in trouble, in desk pixels.
    loud: f32,
    /// The states whose rows are dimmed, as bits by `Status::index`.
    filtered: u32,
}

impl Default for SceneUniform {
    fn default() -> Self {
        Self {
            colours: [Vec4::ZERO; COLOURS],
            now_ms: 0,
            now_rest: 0.0,
            ambient: 0.0,
            stale: 0.0,
            insets: Vec4::ZERO,
            reduced: 0,
            plain: 0,
            unit: 1.0,
            dim_stamp: 0,
            highlight: Vec4::ZERO,
            highlight_before: Vec4::ZERO,
            lost: Vec4::ZERO,
            levels: Vec4::ONE,
            dims: Vec2::ZERO,
            loud: 1.0,
            filtered: 0,
        }
    }
}

/// What a frame's uniform is made from.
#[derive(Debug, Clone, Copy)]
struct Inputs {
    /// Seconds of `FleetClock`.
    now: f64,
    ambient: f64,
    staleness: f32,
    lost: LostKinds,
    /// Physical pixels: top, bottom, left, right.
    insets: Vec4,
    is_reduced: bool,
    glows: bool,
    unit: f32,
    /// When the selection changed, seconds of `FleetClock`.
    selected_at: f64,
    /// The highlighted ground now and before that, and how far the rest is dimmed.
    highlights: [(Vec4, f32); 2],
    detail: Detail,
    loud: f32,
    filtered: u32,
}

impl SceneUniform {
    fn new(palette: &Palette, inputs: Inputs) -> Self {
        let millis = inputs.now.max(0.0) * 1000.0;
        let [(highlight, dims), (highlight_before, dims_before)] = inputs.highlights;
        Self {
            colours: colours(palette),
            now_ms: millis as u64 as u32,
            now_rest: (millis.fract() / 1000.0) as f32,
            ambient: (inputs.ambient % AMBIENT_PERIOD_SECS) as f32,
            stale: inputs.staleness.clamp(0.0, 1.0),
            insets: Vec4::select(inputs.insets.is_finite_mask(), inputs.insets, Vec4::ZERO).max(Vec4::ZERO),
            reduced: u32::from(inputs.is_reduced),
            plain: u32::from(inputs.is_reduced || !inputs.glows),
            unit: inputs.unit,
            // A stamp comes round after seven weeks: a change that is long past is moved up.
            dim_stamp: stamp(inputs.selected_at.max(inputs.now - LONG_SECS)),
            highlight,
            highlight_before,
            lost: by_kind(&inputs.lost),
            levels: inputs.detail.thresholds(),
            dims: Vec2::new(dims, dims_before),
            loud: inputs.loud,
            filtered: inputs.filtered,
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<SceneUniform>()
        .add_systems(Update, write.in_set(DrawSystems::Uniform));
}

fn write(
    mut uniform: ResMut<SceneUniform>,
    clock: Res<FleetClock>,
    ambient: Res<AmbientClock>,
    staleness: Res<Staleness>,
    lost: Res<LostKinds>,
    insets: Res<SceneInsets>,
    motion: Res<MotionSettings>,
    theme: Res<ScreenTheme>,
    quality: Res<Quality>,
    highlight: Res<Highlight>,
    text_scale: Res<TextScale>,
    detail: Res<Detail>,
    filter: Res<StateFilter>,
    cameras: Query<&Camera, With<SceneCamera>>,
) {
    let scale = cameras.iter().find_map(Camera::target_scaling_factor).unwrap_or(1.0);
    *uniform = SceneUniform::new(
        palette(theme.0),
        Inputs {
            now: clock.0,
            ambient: ambient.secs,
            staleness: staleness.0,
            lost: *lost,
            insets: Vec4::new(insets.top, insets.bottom, insets.left, insets.right) * scale,
            is_reduced: motion.reduced,
            glows: quality.has(QualityFeature::Glow),
            unit: scale * text_scale.unit(),
            selected_at: highlight.since,
            highlights: highlight.now_and_before(clock.0).map(packed),
            detail: *detail,
            loud: loud_px(*text_scale),
            filtered: filter.dimmed_bits(),
        },
    );
}

/// A highlight as the shaders read it: the least and the greatest corner of the ground that is not dimmed (an empty one: none),
/// and how far the rest is dimmed.
fn packed(selected: &Selected) -> (Vec4, f32) {
    let ground = selected.ground.unwrap_or(Rect::new(1.0, 1.0, 1.0, 1.0));
    (
        ground.min.extend(ground.max.x).extend(ground.max.y),
        selected.dims_others,
    )
}

/// The greyness of the kinds in the order in which the shaders read them.
fn by_kind(lost: &LostKinds) -> Vec4 {
    let kinds = [Kind::Agent, Kind::Task, Kind::Run, Kind::Workflow];
    Vec4::from_array(kinds.map(|kind| lost.0[kind].clamp(0.0, 1.0)))
}

/// By the numbers that the shaders use.
fn colours(palette: &Palette) -> [Vec4; COLOURS] {
    let mut colours = [Vec4::ZERO; COLOURS];
    let statuses = Status::ALL.into_iter().map(|status| palette.status(status));
    let tokens = Token::ALL.into_iter().map(|token| palette.get(token));
    for (colour, source) in colours.iter_mut().zip(statuses.chain(tokens)) {
        *colour = source.to_linear().to_vec4();
    }
    colours
}

#[cfg(test)]
mod tests {
    use model::theme::ThemeName;

    use super::*;

    fn uniform(now: f64) -> SceneUniform {
        SceneUniform::new(
            palette(ThemeName::Dark),
            Inputs {
                now,
                ambient: 1.0,
                staleness: 2.0,
                lost: LostKinds::default(),
                insets: Vec4::new(f32::NAN, -1.0, 3.0, 0.0),
                is_reduced: true,
                glows: true,
                unit: 1.5,
                selected_at: f64::NEG_INFINITY,
                highlights: [(Vec4::new(1.0, 2.0, 3.0, 1.0), 1.0), (Vec4::ZERO, 0.0)],
                detail: Detail::default(),
                loud: 5.0,
                filtered: 0,
            },
        )
    }

    #[test]
    fn the_clock_is_exact_after_weeks() {
        let weeks = 8.0 * 7.0 * 86_400.0;
        let (early, later) = (uniform(weeks), uniform(weeks + 0.1004));
        let elapsed = later.now_ms.wrapping_sub(early.now_ms) as f32 / 1000.0 + later.now_rest - early.now_rest;
        assert!((elapsed - 0.1004).abs() < 1e-5, "{elapsed}");
    }

    #[test]
    fn values_out_of_range_do_not_reach_the_shader() {
        let absurd = uniform(f64::NAN);
        assert_eq!((absurd.now_rest, absurd.ambient, absurd.stale), (0.0, 1.0, 1.0));
        assert_eq!(absurd.insets, Vec4::new(0.0, 0.0, 3.0, 0.0));
        let weeks = uniform(8.0 * 7.0 * 86_400.0);
        assert_eq!(
            weeks.now_ms.wrapping_sub(weeks.dim_stamp),
            (LONG_SECS * 1000.0) as u32,
            "an old change of the selection stays old"
        );
    }

    #[test]
    fn every_status_and_every_token_has_its_colour() {
        let palette = palette(ThemeName::Dark);
        let colours = colours(palette);
        let last = colours.last().expect("there are colours");
        assert_eq!(*last, palette.away.to_linear().to_vec4());
        assert_eq!(colours[Status::Failed.index()], palette.failed.to_linear().to_vec4());
        let selection = Status::ALL.len() + Token::Selection as usize;
        assert_eq!(colours[selection], palette.selection.to_linear().to_vec4());
    }
}
