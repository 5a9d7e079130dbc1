// The rings around the hovered and the selected mark: each shrinks onto its mark, and fades when the mark is left.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// Seconds of a ring's appearance and disappearance, and the pixels by which it shrinks as it appears.
const COME_SECS: f32 = 0.16;
const LEAVE_SECS: f32 = 0.12;
const DROP_PX: f32 = 7.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    // Half width and height (of a hexagon: its radius, and -1), the width of the line, the radius of round corners.
    @location(1) @interpolate(flat) shape: vec4<f32>,
    @location(2) @interpolate(flat) colour: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Corner {
    let instance = number >> 2u;
    let index = number & 3u;
    var out: Corner;
    let mark = marks[instance];
    let kind = kind_of(mark);
    let present = presence_of(mark);
    // The stamps of these marks: when the ring appeared, and when its mark was left.
    let come = smoothstep(0.0, 1.0, saturate(age(mark.stamps.z) / COME_SECS));
    let left = select(0.0, smoothstep(0.0, 1.0, saturate(age(mark.status_stamp) / LEAVE_SECS)), has(mark, FADING));
    let there = present * come * (1.0 - left);
    if kind == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    let selected = has(mark, SELECTION_RING);
    let above = select(DROP_PX * scene.unit * (1.0 - come), 0.0, scene.reduced != 0u);
    let line = select(1.4, 2.4, selected) * scene.unit;
    let hexagon = kind == AGENT && !has(mark, CELL);
    let half_px = half_of(mark) * pixels_per_unit() * present;
    let free = (2.0 * scene.unit + above) * vec2(1.0);
    var off = max(half_px, vec2(4.0 * scene.unit)) + select(free, vec2(above), kind == BLOCK || kind == GROUND);
    if hexagon { off = vec2(max(half_px.x * 0.88, 2.5 * scene.unit) + 5.0 * scene.unit + above); }
    out.at = corner_of(index) * (off * select(1.0, 1.16, hexagon) + line + 1.0);
    out.clip = clip_at(position_of(mark), out.at);
    out.shape = vec4(off.x, select(off.y, -1.0, hexagon), line, 5.0 * scene.unit);
    // The selection keeps its colour in a stale scene.
    out.colour = vec4(select(colour(COLOUR_TEXT), scene.colours[COLOUR_SELECTION].rgb, selected), 1.0) * there;
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let q = abs(in.at);
    let hexagon = max(q.x, dot(q, vec2(0.5, 0.8660254))) - in.shape.x;
    let corner = q - in.shape.xy + in.shape.w;
    let rectangle = length(max(corner, vec2(0.0))) + min(max(corner.x, corner.y), 0.0) - in.shape.w;
    return in.colour * stroke(select(rectangle, hexagon, in.shape.y < 0.0), in.shape.z);
}
