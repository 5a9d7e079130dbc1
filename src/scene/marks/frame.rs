//! What every shader of the scene reads once a frame: colours, clocks, staleness. Packed here, in the words of
//! `Scene` in `assets/shaders/common.wgsl`.

use bevy::prelude::*;

use super::clock::{AMBIENT_PERIOD_SECS, AmbientClock, stamp};
use crate::{
    fleet::FleetClock,
    frame::FrameSystems,
    messages::{Luxury, Quality, SceneInsets, ScreenTheme, Staleness},
    scene::{
        camera::SceneCamera,
        detail,
        labels::TextScale,
        motion::MotionSettings,
        palette::Palette,
        spotlight::{self, Light, Spotlight},
    },
};
use model::Status;

const COLOURS: usize = 16;
/// Words after the colours.
const REST: usize = 20;
/// Longer ago than anything takes, seconds.
const LONG_SECS: f64 = 60.0;
/// Words of the packed frame.
pub const FRAME_WORDS: usize = COLOURS * 4 + REST;

/// The packed frame.
#[derive(Resource, Debug, Clone, PartialEq)]
pub struct Frame(pub [u32; FRAME_WORDS]);

impl Default for Frame {
    fn default() -> Self {
        Self([0; FRAME_WORDS])
    }
}

impl Frame {
    /// The clock in milliseconds, which comes round.
    pub fn millis(&self) -> u32 {
        self.0[COLOURS * 4]
    }

    /// Physical pixels of what is one pixel of a screen on a desk; 1 before anything has been drawn.
    pub fn unit(&self) -> f32 {
        let unit = f32::from_bits(self.0[COLOURS * 4 + 10]);
        if unit > 0.0 { unit } else { 1.0 }
    }

    /// 0 (live) to 1.
    pub fn staleness(&self) -> f32 {
        f32::from_bits(self.0[COLOURS * 4 + 3])
    }
}

/// What goes into a frame.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Seconds of `FleetClock`.
    now: f64,
    ambient: f64,
    staleness: f32,
    /// Physical pixels: top, bottom, left, right.
    insets: [f32; 4],
    reduced: bool,
    glows: bool,
    /// Physical pixels of what is one pixel of a screen on a desk.
    unit: f32,
    /// Since when the light has been where it is, in seconds of `FleetClock`,
    lit: f64,
    /// where it is now, and where it was before.
    lights: [[f32; 4]; 2],
}

impl Frame {
    fn pack(colours: &[LinearRgba; COLOURS], moment: Moment) -> Self {
        let mut words = [0; FRAME_WORDS];
        let (colour_words, rest) = words.split_at_mut(COLOURS * 4);
        for (word, channel) in colour_words
            .iter_mut()
            .zip(colours.iter().flat_map(|colour| colour.to_f32_array()))
        {
            *word = channel.to_bits();
        }
        let millis = moment.now.max(0.0) * 1000.0;
        let insets = moment
            .insets
            .map(|inset| if inset.is_finite() { inset.max(0.0) } else { 0.0 });
        let [now, before] = moment.lights.map(|light| light.map(f32::to_bits));
        let values: [u32; REST] = [
            millis as u64 as u32,
            ((millis.fract() / 1000.0) as f32).to_bits(),
            ((moment.ambient % AMBIENT_PERIOD_SECS) as f32).to_bits(),
            moment.staleness.clamp(0.0, 1.0).to_bits(),
            insets[0].to_bits(),
            insets[1].to_bits(),
            insets[2].to_bits(),
            insets[3].to_bits(),
            u32::from(moment.reduced),
            u32::from(moment.reduced || !moment.glows),
            moment.unit.to_bits(),
            // Long past it stays past: a stamp comes round after seven weeks.
            stamp(moment.lit.max(moment.now - LONG_SECS)),
            now[0],
            now[1],
            now[2],
            now[3],
            before[0],
            before[1],
            before[2],
            before[3],
        ];
        for (word, value) in rest.iter_mut().zip(values) {
            *word = value;
        }
        Self(words)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Frame>()
        .init_resource::<SceneInsets>()
        .init_resource::<ScreenTheme>()
        .init_resource::<Quality>()
        .init_resource::<TextScale>()
        .init_resource::<Spotlight>()
        .add_systems(Update, write.in_set(FrameSystems::Draw).after(spotlight::shine));
}

pub(super) fn write(
    mut frame: ResMut<Frame>,
    clock: Res<FleetClock>,
    ambient: Res<AmbientClock>,
    staleness: Res<Staleness>,
    insets: Res<SceneInsets>,
    settings: Res<MotionSettings>,
    theme: Res<ScreenTheme>,
    quality: Res<Quality>,
    spotlight: Res<Spotlight>,
    text_scale: Res<TextScale>,
    cameras: Query<&Camera, With<SceneCamera>>,
) {
    let scale = cameras.iter().find_map(Camera::target_scaling_factor).unwrap_or(1.0);
    *frame = Frame::pack(
        &colours(Palette::of(theme.0)),
        Moment {
            now: clock.0,
            ambient: ambient.secs,
            staleness: staleness.0,
            insets: [insets.top, insets.bottom, insets.left, insets.right].map(|inset| inset * scale),
            reduced: settings.reduced,
            glows: quality.has(Luxury::Glow),
            unit: scale * detail::unit(text_scale.0),
            lit: spotlight.since,
            lights: spotlight.lights(clock.0).map(packed),
        },
    );
}

/// A light in the words of `Scene`: middle and radius of what is wholly lit (less than 0: nothing), and whether it is on.
fn packed(light: &Light) -> [f32; 4] {
    let (center, radius) = light
        .circle
        .map_or((Vec2::ZERO, -1.0), |circle| (circle.center, circle.radius));
    [center.x, center.y, radius, if light.is_on { 1.0 } else { 0.0 }]
}

/// By the numbers the shader knows them by: the statuses in the order of `Status::ALL`, then the tokens.
fn colours(palette: Palette) -> [LinearRgba; COLOURS] {
    let mut colours = [LinearRgba::BLACK; COLOURS];
    let tokens = [
        palette.ground,
        palette.surface,
        palette.line,
        palette.text,
        palette.muted,
        palette.selection,
    ];
    for (colour, token) in colours.iter_mut().zip(
        Status::ALL
            .map(|status| palette.status(status))
            .into_iter()
            .chain(tokens),
    ) {
        *colour = token.into();
    }
    colours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(now: f64) -> Moment {
        Moment {
            now,
            ambient: 1.0,
            staleness: 2.0,
            insets: [f32::NAN, -1.0, 3.0, 0.0],
            reduced: true,
            glows: true,
            unit: 1.5,
            lit: f64::NEG_INFINITY,
            lights: [[1.0, 2.0, 3.0, 1.0], [0.0; 4]],
        }
    }

    #[test]
    fn the_clock_is_exact_after_weeks() {
        let weeks = 8.0 * 7.0 * 86_400.0;
        let read = |now: f64| {
            let words = Frame::pack(&colours(Palette::DARK), moment(now)).0;
            (words[COLOURS * 4], f32::from_bits(words[COLOURS * 4 + 1]))
        };
        let (early, later) = (read(weeks), read(weeks + 0.1004));
        let elapsed = later.0.wrapping_sub(early.0) as f32 / 1000.0 + later.1 - early.1;
        assert!((elapsed - 0.1004).abs() < 1e-5, "{elapsed}");
    }

    #[test]
    fn nothing_absurd_reaches_the_shader() {
        let words = Frame::pack(&colours(Palette::DARK), moment(f64::NAN)).0;
        let rest: Vec<f32> = words[COLOURS * 4 + 1..COLOURS * 4 + 8]
            .iter()
            .map(|word| f32::from_bits(*word))
            .collect();
        assert_eq!(rest, [0.0, 1.0, 1.0, 0.0, 0.0, 3.0, 0.0]);
        assert_eq!(f32::from_bits(words[COLOURS * 4 + 10]), 1.5, "where `Scene` has it");
        let light: Vec<f32> = words[COLOURS * 4 + 12..]
            .iter()
            .map(|word| f32::from_bits(*word))
            .collect();
        assert_eq!(
            light,
            [1.0, 2.0, 3.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            "on a boundary of 16 bytes"
        );
        let weeks = moment(8.0 * 7.0 * 86_400.0);
        let words = Frame::pack(&colours(Palette::DARK), weeks).0;
        let age = words[COLOURS * 4].wrapping_sub(words[COLOURS * 4 + 11]);
        assert_eq!(
            age,
            (LONG_SECS * 1000.0) as u32,
            "a light that has stood for long stands still"
        );
    }
}
