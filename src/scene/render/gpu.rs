//! The storage buffers of the scene and the bind groups over them.

use std::ops::Range;

use bevy::{
    prelude::*,
    render::{
        render_resource::{
            BindGroup, BindGroupEntries, Buffer, BufferDescriptor, BufferInitDescriptor, BufferUsages, PipelineCache,
            UniformBuffer,
        },
        renderer::{RenderDevice, RenderQueue},
        view::ViewUniforms,
    },
};

use super::{
    mirror::{Mirror, Replica},
    pipeline::ScenePipeline,
    uniform::SceneUniform,
};
use crate::scene::{
    links::LINK_WORDS,
    marks::{Layer, WORDS},
    ties::TIE_WORDS,
};

/// The capacity of a new buffer, in instances. It doubles as it grows.
const LEAST_CAPACITY: usize = 1024;

/// Quads that one index buffer covers, with corners numbered by 16 bits. Larger tables take several draws with the same
/// buffer.
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
        // The limit of one binding: two million marks in the 128 MiB that every adapter offers. The rest is not drawn.
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

/// The scene's buffers on the GPU. Created empty with every device.
#[derive(Resource, Default)]
pub(super) struct SceneBuffers {
    uniform: UniformBuffer<SceneUniform>,
    /// The indices of the two triangles that each instance is drawn with.
    pub(super) quad_indices: Option<Buffer>,
    marks: [GpuTable; Layer::ALL.len()],
    /// The ranges of tasks' marks that changed recently.
    pub(super) recent_tasks: Vec<Range<u32>>,
    links: GpuTable,
    ties: GpuTable,
    /// The bind group of Bevy's view uniform; absent before the first frame with a view.
    pub(super) view_group: Option<BindGroup>,
    mark_groups: [Option<BindGroup>; Layer::ALL.len()],
    /// The bind group of the links; absent while there are none.
    pub(super) link_group: Option<BindGroup>,
    /// The bind group of the ties; absent while there are none.
    pub(super) tie_group: Option<BindGroup>,
    /// The bind group of the values that all shaders share.
    pub(super) uniform_group: Option<BindGroup>,
}

impl SceneBuffers {
    /// The bind group and the number of instances of a layer of marks.
    pub(super) fn layer(&self, layer: Layer) -> (Option<&BindGroup>, u32) {
        (
            self.mark_groups[layer.index()].as_ref(),
            instances(&self.marks[layer.index()]),
        )
    }

    /// The bind group and the number of instances of the links.
    pub(super) fn links(&self) -> (Option<&BindGroup>, u32) {
        (self.link_group.as_ref(), instances(&self.links))
    }

    /// The bind group and the number of instances of the ties.
    pub(super) fn ties(&self) -> (Option<&BindGroup>, u32) {
        (self.tie_group.as_ref(), instances(&self.ties))
    }
}

fn instances(table: &GpuTable) -> u32 {
    u32::try_from(table.len).unwrap_or(u32::MAX)
}

/// Writes what changed in this frame to the GPU.
pub(super) fn upload(
    mut mirror: ResMut<Mirror>,
    mut buffers: ResMut<SceneBuffers>,
    device: Res<RenderDevice>,
    queue: Res<RenderQueue>,
) {
    let (mirror, buffers) = (&mut *mirror, &mut *buffers);
    buffers.quad_indices.get_or_insert_with(|| {
        device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("scene_quads"),
            contents: bytemuck::cast_slice(&quad_indices()),
            usage: BufferUsages::INDEX,
        })
    });
    buffers.uniform.set(mirror.uniform.clone());
    buffers.uniform.write_buffer(&device, &queue);
    for (table, replica) in buffers.marks.iter_mut().zip(&mut mirror.marks) {
        table.follow::<WORDS>(replica, &device, &queue);
    }
    let tasks = Layer::Tasks.index();
    buffers.recent_tasks = mirror.marks[tasks].recent(buffers.marks[tasks].len);
    buffers.links.follow::<LINK_WORDS>(&mut mirror.links, &device, &queue);
    buffers.ties.follow::<TIE_WORDS>(&mut mirror.ties, &device, &queue);
}

/// Creates the bind groups in every frame, which is cheaper than tracking which buffer was replaced.
pub(super) fn bind(
    mut buffers: ResMut<SceneBuffers>,
    device: Res<RenderDevice>,
    cache: Res<PipelineCache>,
    pipeline: Res<ScenePipeline>,
    views: Res<ViewUniforms>,
) {
    let buffers = &mut *buffers;
    let (Some(view), Some(uniform)) = (views.uniforms.binding(), buffers.uniform.binding()) else {
        return;
    };
    buffers.view_group = Some(device.create_bind_group(
        "scene_view",
        &cache.get_bind_group_layout(&pipeline.view_layout),
        &BindGroupEntries::single(view),
    ));
    buffers.uniform_group = Some(device.create_bind_group(
        "scene_uniform",
        &cache.get_bind_group_layout(&pipeline.uniform_layout),
        &BindGroupEntries::single(uniform.clone()),
    ));
    for (table, group) in buffers.marks.iter().zip(&mut buffers.mark_groups) {
        *group = table.buffer.as_ref().map(|buffer| {
            device.create_bind_group(
                "scene_marks",
                &cache.get_bind_group_layout(&pipeline.marks_layout),
                &BindGroupEntries::sequential((uniform.clone(), buffer.as_entire_binding())),
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
                uniform.clone(),
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
    fn the_indices_contain_every_corner_of_every_quad() {
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
