// The rings around the hovered and the selected mark: each shrinks onto its mark, and fades when the mark is left.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// Seconds of a ring's appearance and disappearance, and the pixels by which it shrinks as it appears.
const COME_SECS: f32 = 0.16;
const LEAVE_SECS: f32 = 0.12;
const DROP_PX: f32 = 7.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    // The radius of the ring (< 0: of a hexagon) and its width.
    @location(1) @interpolate(flat) shape: vec2<f32>,
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
    let r = max(mark.radius * pixels_per_unit(), 2.5 * scene.unit) * present;
    let selected = has(mark, SELECTION_RING);
    let above = select(DROP_PX * scene.unit * (1.0 - come), 0.0, scene.reduced != 0u);
    let off = select(r + 4.5 * scene.unit, r * 0.88 + 5.0 * scene.unit, kind == AGENT) + above;
    out.at = corner_of(index) * (off * select(1.0, 1.16, kind == AGENT) + 3.0 * scene.unit);
    out.clip = clip_at(position_of(mark), out.at);
    out.shape = vec2(select(off, -off, kind == AGENT), select(1.4, 2.4, selected) * scene.unit);
    // The selection keeps its colour in a stale scene.
    out.colour = vec4(select(colour(COLOUR_TEXT), scene.colours[COLOUR_SELECTION].rgb, selected), 1.0) * there;
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let q = abs(in.at);
    let hexagon = max(q.x, dot(q, vec2(0.5, 0.8660254)));
    let distance = select(length(in.at), hexagon, in.shape.x < 0.0) - abs(in.shape.x);
    return in.colour * stroke(distance, in.shape.y);
}
