//! The storage buffers of the scene and the bind groups over them.

use std::ops::Range;

use bevy::{
    prelude::*,
    render::{
        render_resource::{
            BindGroup, BindGroupEntries, Buffer, BufferDescriptor, BufferInitDescriptor, BufferUsages, PipelineCache,
        },
        renderer::{RenderDevice, RenderQueue},
        view::ViewUniforms,
    },
};

use super::{
    mirror::{Mirror, Replica},
    pipeline::ScenePipeline,
};
use crate::scene::{
    links::LINK_WORDS,
    marks::{FRAME_WORDS, Layer, WORDS},
    ties::TIE_WORDS,
};

/// Room of a fresh buffer, instances. It doubles as it grows.
const LEAST_CAPACITY: usize = 1024;

/// Quads that one list of indices covers: as many corners as 16 bits count. Larger tables are drawn in several draws
/// with the same list.
pub(super) const QUADS_A_DRAW: u32 = 1 << 14;

/// Two triangles for each quad, whose corners 0 to 3 are numbered row by row.
fn quad_indices() -> Vec<u16> {
    (0..=u16::MAX)
        .step_by(4)
        .flat_map(|first| [0, 1, 2, 2, 1, 3].map(|corner| first + corner))
        .collect()
}

/// One table on the GPU.
#[derive(Debug, Default)]
struct GpuTable {
    buffer: Option<Buffer>,
    capacity: usize,
    /// Instances to draw.
    len: usize,
}

impl GpuTable {
    fn follow<const N: usize>(&mut self, replica: &mut Replica<N>, device: &RenderDevice, queue: &RenderQueue) {
        let stride = size_of::<[u32; N]>();
        // What one binding may hold: 2.7 million marks with the 128 MiB that every adapter gives. The rest is not drawn.
        let most = usize::try_from(device.limits().max_storage_buffer_binding_size).unwrap_or(usize::MAX) / stride;
        self.len = replica.items.len().min(most);
        if self.buffer.is_none() || self.len > self.capacity {
            self.capacity = self.len.next_power_of_two().clamp(LEAST_CAPACITY, most.max(1));
            self.buffer = Some(device.create_buffer(&BufferDescriptor {
                label: Some("scene_table"),
                size: (self.capacity * stride) as u64,
                usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }));
            replica.pending.mark_range(0..self.len);
        }
        let Some(buffer) = &self.buffer else { return };
        for run in replica.pending.drain(self.len) {
            if let Some(items) = replica.items.get(run.clone()) {
                queue.write_buffer(buffer, (run.start * stride) as u64, bytemuck::cast_slice(items));
            }
        }
    }
}

/// Everything of the scene that lives on the GPU. Made anew, empty, with every device.
#[derive(Resource, Debug, Default)]
pub(super) struct SceneBuffers {
    frame: Option<Buffer>,
    pub(super) quad_indices: Option<Buffer>,
    marks: [GpuTable; Layer::ALL.len()],
    /// The tasks' marks that changed a moment ago.
    pub(super) recent_tasks: Vec<Range<u32>>,
    links: GpuTable,
    ties: GpuTable,
    pub(super) view_group: Option<BindGroup>,
    mark_groups: [Option<BindGroup>; Layer::ALL.len()],
    pub(super) link_group: Option<BindGroup>,
    pub(super) tie_group: Option<BindGroup>,
    pub(super) frame_group: Option<BindGroup>,
}

impl SceneBuffers {
    /// What to bind and how many instances to draw for a layer of marks.
    pub(super) fn layer(&self, layer: Layer) -> (Option<&BindGroup>, u32) {
        (
            self.mark_groups[layer.index()].as_ref(),
            instances(&self.marks[layer.index()]),
        )
    }

    pub(super) fn links(&self) -> (Option<&BindGroup>, u32) {
        (self.link_group.as_ref(), instances(&self.links))
    }

    pub(super) fn ties(&self) -> (Option<&BindGroup>, u32) {
        (self.tie_group.as_ref(), instances(&self.ties))
    }
}

fn instances(table: &GpuTable) -> u32 {
    u32::try_from(table.len).unwrap_or(u32::MAX)
}

pub(super) fn upload(
    mut mirror: ResMut<Mirror>,
    mut buffers: ResMut<SceneBuffers>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    let (mirror, buffers) = (&mut *mirror, &mut *buffers);
    let frame = buffers.frame.get_or_insert_with(|| {
        device.create_buffer(&BufferDescriptor {
            label: Some("scene_frame"),
            size: size_of::<[u32; FRAME_WORDS]>() as u64,
            usage: BufferUsages::UNIFORM | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    });
    buffers.quad_indices.get_or_insert_with(|| {
        device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("scene_quads"),
            contents: bytemuck::cast_slice(&quad_indices()),
            usage: BufferUsages::INDEX,
        })
    });
    queue.write_buffer(frame, 0, bytemuck::cast_slice(&mirror.frame.0));
    for (table, replica) in buffers.marks.iter_mut().zip(&mut mirror.marks) {
        table.follow::<WORDS>(replica, &device, &queue);
    }
    let tasks = Layer::Tasks.index();
    buffers.recent_tasks = mirror.marks[tasks].recent(buffers.marks[tasks].len);
    buffers.links.follow::<LINK_WORDS>(&mut mirror.links, &device, &queue);
    buffers.ties.follow::<TIE_WORDS>(&mut mirror.ties, &device, &queue);
}

/// A few small groups a frame: cheaper than knowing which buffer was replaced.
pub(super) fn bind(
    mut buffers: ResMut<SceneBuffers>,
    device: Res<RenderDevice>,
    cache: Res<PipelineCache>,
    pipeline: Res<ScenePipeline>,
    views: Res<ViewUniforms>,
) {
    let buffers = &mut *buffers;
    let (Some(view), Some(frame)) = (views.uniforms.binding(), &buffers.frame) else {
        return;
    };
    let frame = frame.as_entire_binding();
    buffers.view_group = Some(device.create_bind_group(
        "scene_view",
        &cache.get_bind_group_layout(&pipeline.view_layout),
        &BindGroupEntries::single(view),
    ));
    buffers.frame_group = Some(device.create_bind_group(
        "scene_frame",
        &cache.get_bind_group_layout(&pipeline.frame_layout),
        &BindGroupEntries::single(frame.clone()),
    ));
    for (table, group) in buffers.marks.iter().zip(&mut buffers.mark_groups) {
        *group = table.buffer.as_ref().map(|buffer| {
            device.create_bind_group(
                "scene_marks",
                &cache.get_bind_group_layout(&pipeline.marks_layout),
                &BindGroupEntries::sequential((frame.clone(), buffer.as_entire_binding())),
            )
        });
    }
    let buffer_of = |layer: Layer| buffers.marks[layer.index()].buffer.as_ref();
    let between_marks = |lines: &GpuTable| {
        let (lines, tasks) = (lines.buffer.as_ref()?, buffer_of(Layer::Tasks)?);
        let (alarms, agents) = (buffer_of(Layer::Alarms)?, buffer_of(Layer::Agents)?);
        Some(device.create_bind_group(
            "scene_links",
            &cache.get_bind_group_layout(&pipeline.links_layout),
            &BindGroupEntries::sequential((
                frame.clone(),
                lines.as_entire_binding(),
                tasks.as_entire_binding(),
                alarms.as_entire_binding(),
                agents.as_entire_binding(),
            )),
        ))
    };
    (buffers.link_group, buffers.tie_group) = (between_marks(&buffers.links), between_marks(&buffers.ties));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_corner_of_every_quad_is_drawn() {
        let indices = quad_indices();
        assert_eq!(indices.len(), QUADS_A_DRAW as usize * 6);
        for (quad, corners) in indices.chunks(6).enumerate() {
            let mut seen: Vec<usize> = corners.iter().map(|corner| usize::from(*corner)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen, [0, 1, 2, 3].map(|corner| quad * 4 + corner));
        }
    }
}
