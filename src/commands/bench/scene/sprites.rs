//! The reference: as many of Bevy's own sprites, each moved in every frame, drawn as the wall is.

use bevy::{
    camera::RenderTarget,
    log::LogPlugin,
    prelude::*,
    render::{RenderPlugin, render_resource::TextureFormat},
    window::ExitCondition,
    winit::WinitPlugin,
};

use crate::scene::palette;

pub(super) const NAME: &str = "sprites";

/// World units between two sprites.
const PITCH: f32 = 1.0;

#[derive(Resource)]
struct Count(usize);

/// The application; `size` is its picture's in pixels.
pub(super) fn app(count: usize, size: UVec2) -> App {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin {
                primary_window: None,
                exit_condition: ExitCondition::DontExit,
                ..default()
            })
            .set(RenderPlugin {
                synchronous_pipeline_compilation: true,
                ..default()
            })
            .disable::<WinitPlugin>()
            .disable::<LogPlugin>(),
    )
    .insert_resource(Count(count))
    .add_systems(
        Startup,
        move |commands: Commands, images: ResMut<Assets<Image>>, count: Res<Count>| {
            spawn(commands, images, count.0, size);
        },
    )
    .add_systems(Update, sway);
    app
}

fn spawn(mut commands: Commands, mut images: ResMut<Assets<Image>>, count: usize, size: UVec2) {
    let target = images.add(Image::new_target_texture(
        size.x,
        size.y,
        TextureFormat::Rgba8UnormSrgb,
        None,
    ));
    let columns = (count as f32).sqrt().ceil().max(1.0);
    commands.spawn((
        Camera2d,
        Msaa::Off,
        RenderTarget::Image(target.into()),
        Transform::from_scale(Vec2::splat(columns * PITCH / size.y as f32).extend(1.0)),
    ));
    let sprites: Vec<_> = (0..count)
        .map(|index| {
            let at = Vec2::new(index as f32 % columns, (index as f32 / columns).floor()) - columns * 0.5;
            let sprite = Sprite {
                color: palette::palette(default()).text,
                custom_size: Some(Vec2::splat(PITCH * 0.7)),
                ..default()
            };
            (sprite, Transform::from_translation((at * PITCH).extend(0.0)))
        })
        .collect();
    commands.spawn_batch(sprites);
}

fn sway(time: Res<Time>, mut sprites: Query<&mut Transform, With<Sprite>>) {
    let step = time.elapsed_secs().sin() * 0.01;
    for mut sprite in &mut sprites {
        sprite.translation.x += step;
    }
}
