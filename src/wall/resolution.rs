//! The scene at half its pixels, where the governor says so; the panels keep all of theirs.
//!
//! The scene's camera then draws into a smaller picture, and the camera that drew it before, whose panels stay with it,
//! shows that picture enlarged. In logical pixels nothing changes: pointing, labels and insets go on as they are.

use bevy::{
    camera::{ImageRenderTarget, RenderTarget, visibility::RenderLayers},
    prelude::*,
};

use super::canvas::target_image;
use crate::{
    messages::{Luxury, Quality},
    scene::camera::SceneCamera,
};

/// Pixels of the screen for one of the scene's, on each side.
const COARSENESS: f32 = 2.0;
/// Where the enlarged picture is alone.
const LAYER: usize = 1;

/// The scene as it is drawn at less than all pixels.
#[derive(Resource, Debug)]
struct Lowered {
    /// Draws the scene.
    scene: Entity,
    /// Shows it, and the panels.
    screen: Entity,
    sprite: Entity,
    image: Handle<Image>,
    /// The screen, in its own pixels.
    size: UVec2,
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(First, follow);
}

fn follow(world: &mut World) {
    let wanted = world
        .get_resource::<Quality>()
        .is_some_and(|quality| !quality.has(Luxury::Resolution));
    let lowered = world.remove_resource::<Lowered>();
    match (wanted, lowered) {
        (true, None) => lower(world),
        (false, Some(lowered)) => restore(world, &lowered),
        (true, Some(lowered)) => {
            if screen_of(world, lowered.screen).is_some_and(|(size, _)| size != lowered.size) {
                // The window was resized: begun anew at the new size.
                restore(world, &lowered);
                lower(world);
            } else {
                world.insert_resource(lowered);
            }
        }
        (false, None) => {}
    }
}

/// Physical size and scale of what a camera draws on.
fn screen_of(world: &World, camera: Entity) -> Option<(UVec2, f32)> {
    let camera = world.get::<Camera>(camera)?;
    let size = camera.physical_target_size().filter(|size| size.min_element() > 1)?;
    Some((size, camera.target_scaling_factor()?))
}

fn lower(world: &mut World) {
    let Ok(screen) = world.query_filtered::<Entity, With<SceneCamera>>().single(world) else {
        return;
    };
    let Some((size, scale)) = screen_of(world, screen) else {
        return;
    };
    let (Some(transform), Some(projection)) = (
        world.get::<Transform>(screen).copied(),
        world.get::<Projection>(screen).cloned(),
    ) else {
        return;
    };
    let small = (size.as_vec2() / COARSENESS).ceil().as_uvec2();
    let Some(image) = world
        .get_resource_mut::<Assets<Image>>()
        .map(|mut images| images.add(target_image(small)))
    else {
        return;
    };
    let scene = world
        .spawn((
            SceneCamera,
            Camera2d,
            Msaa::Off,
            transform,
            projection,
            RenderTarget::Image(ImageRenderTarget {
                handle: image.clone(),
                scale_factor: scale * small.x as f32 / size.x as f32,
            }),
        ))
        .id();
    let sprite = world
        .spawn((
            Sprite {
                image: image.clone(),
                custom_size: Some(size.as_vec2() / scale),
                ..default()
            },
            RenderLayers::layer(LAYER),
        ))
        .id();
    if let Ok(mut entity) = world.get_entity_mut(screen) {
        entity.remove::<SceneCamera>();
        entity.insert((
            RenderLayers::layer(LAYER),
            Transform::default(),
            Projection::Orthographic(OrthographicProjection::default_2d()),
        ));
        if let Some(mut camera) = entity.get_mut::<Camera>() {
            camera.order = 1;
        }
    }
    world.insert_resource(Lowered {
        scene,
        screen,
        sprite,
        image,
        size,
    });
}

fn restore(world: &mut World, lowered: &Lowered) {
    let pose = (
        world.get::<Transform>(lowered.scene).copied().unwrap_or_default(),
        world
            .get::<Projection>(lowered.scene)
            .cloned()
            .unwrap_or_else(|| Projection::Orthographic(OrthographicProjection::default_2d())),
    );
    for entity in [lowered.scene, lowered.sprite] {
        if let Ok(entity) = world.get_entity_mut(entity) {
            entity.despawn();
        }
    }
    if let Ok(mut entity) = world.get_entity_mut(lowered.screen) {
        entity.remove::<RenderLayers>();
        entity.insert((SceneCamera, pose));
        if let Some(mut camera) = entity.get_mut::<Camera>() {
            camera.order = 0;
        }
    }
    if let Some(mut images) = world.get_resource_mut::<Assets<Image>>() {
        images.remove(&lowered.image);
    }
}
