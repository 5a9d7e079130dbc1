// Cells that are too small for a shape: filled with the colour of their state. Those in trouble are brighter, and never smaller
// than can be seen. Each has whole pixels, so that a hundred thousand of them do not flicker.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// The size of a failed cell as a multiple of another one in trouble, where both are too small.
const FAILED_SIZE: f32 = 1.4;
// The brightness of a cell that waits for a person: white covers what failed.
const WAITING_LIGHT: f32 = 0.55;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) colour: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let mark = marks[number >> 2u];
    if kind_of(mark) == 0u {
        return out;
    }
    let half_size = half_of(mark) * pixels_per_unit();
    let size = 2.0 * min(half_size.x, half_size.y) / scene.unit;
    let there = presence_of(mark);
    if size >= scene.levels.y || there <= 0.02 {
        return out;
    }
    greyness = lost_of(mark);
    let status = status_of(mark);
    let loud = is_loud(mark);
    var reach = half_size;
    // What failed is seen before what waits for a person.
    let failed = status == FAILED;
    if loud { reach = max(reach, vec2(scene.loud * scene.unit * select(0.5, FAILED_SIZE * 0.5, failed))); }
    reach *= there;
    // Whole pixels.
    let middle = view.clip_from_world * vec4(position_of(mark), 0.0, 1.0);
    let pixel = (middle.xy * 0.5 + 0.5) * view.viewport.zw;
    let low = floor(pixel - reach + 0.5);
    let high = max(floor(pixel + reach + 0.5), low + 1.0);
    let corner = mix(low, high, corner_of(number & 3u) * 0.5 + 0.5);
    out.clip = vec4(corner / view.viewport.zw * 2.0 - 1.0, 0.0, 1.0);
    let light = select((1.0 - pulse_of(mark)) * 0.6, 0.0, scene.plain != 0u || greyness > 0.5);
    var ink = filled_colour(status);
    if loud { ink = ink_of(mark); }
    if loud && !is_fault(status) { ink *= WAITING_LIGHT; }
    ink = mix(ink, colour(COLOUR_TEXT), light);
    out.colour = vec4(dimmed(ink, dimming_of(mark)), 1.0);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    return in.colour;
}
