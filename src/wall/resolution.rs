//! Draws the scene at half resolution where the governor lowers it; labels and panels keep the full resolution.
//!
//! A second camera then draws the scene into a smaller image. The camera of the screen, which keeps the panels, shows that
//! image enlarged and the labels over it. In logical pixels nothing changes, so picking, labels and insets need no
//! adjustment.

use bevy::{
    camera::{ImageRenderTarget, RenderTarget, visibility::RenderLayers},
    prelude::*,
};

use super::canvas::target_image;
use crate::{
    frame::FrameSystems,
    messages::{Quality, QualityFeature},
    scene::{
        camera::{SceneCamera, View},
        layers,
    },
};

/// Pixels of the screen for one pixel of the scene, in each direction.
const COARSENESS: f32 = 2.0;
/// The render layer of the enlarged image.
const LAYER: usize = 1;

/// The entities that exist while the resolution is lowered.
#[derive(Resource, Debug)]
struct Lowered {
    /// The camera that draws the scene.
    scene: Entity,
    /// The camera of the screen: it draws the enlarged image, the labels and the panels.
    screen: Entity,
    sprite: Entity,
    image: Handle<Image>,
    /// The screen, in its own pixels.
    size: UVec2,
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(First, follow)
        .add_systems(Update, keep_together.in_set(FrameSystems::Draw));
}

/// The screen's camera and the enlarged image follow the pose of the scene's camera.
fn keep_together(
    lowered: Option<Res<Lowered>>,
    view: Res<View>,
    mut poses: Query<(&mut Transform, Option<&mut Projection>), Or<(With<Camera>, With<Sprite>)>>,
) {
    let Some(lowered) = lowered else { return };
    let pose = Transform::from_translation(view.center.extend(0.0));
    if let Ok((mut transform, Some(mut projection))) = poses.get_mut(lowered.screen) {
        transform.set_if_neq(pose);
        if let Projection::Orthographic(shown) = projection.bypass_change_detection()
            && shown.scale != view.world_per_px
        {
            shown.scale = view.world_per_px;
            projection.set_changed();
        }
    }
    if let Ok((mut transform, _)) = poses.get_mut(lowered.sprite) {
        let scale = Vec2::splat(view.world_per_px).extend(1.0);
        transform.set_if_neq(pose.with_scale(scale));
    }
}

fn follow(world: &mut World) {
    let wanted = world
        .get_resource::<Quality>()
        .is_some_and(|quality| !quality.has(QualityFeature::Resolution));
    let lowered = world.remove_resource::<Lowered>();
    match (wanted, lowered) {
        (true, None) => lower(world),
        (false, Some(lowered)) => restore(world, &lowered),
        (true, Some(lowered)) => {
            if screen_of(world, lowered.screen).is_some_and(|(size, _)| size != lowered.size) {
                // The window was resized: the image is created again.
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
            Name::new("low-resolution scene camera"),
            SceneCamera,
            Camera2d,
            Msaa::Off,
            RenderLayers::default(),
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
            Name::new("enlarged scene"),
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
        entity.insert(RenderLayers::from_layers(&[LAYER, layers::LABELS]));
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
        entity.insert((SceneCamera, layers::marks_and_labels(), pose));
        if let Some(mut camera) = entity.get_mut::<Camera>() {
            camera.order = 0;
        }
    }
    if let Some(mut images) = world.get_resource_mut::<Assets<Image>>() {
        images.remove(&lowered.image);
    }
}
