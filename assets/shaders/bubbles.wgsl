// The speech bubbles above tasks and agents that wait for a person.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// Below this radius of its mark a bubble is a dot.
const BUBBLE_PX: f32 = 7.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Pixels from the middle of the bubble.
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) paper: vec4<f32>,
    @location(2) @interpolate(flat) ink: vec3<f32>,
    // The half size of the bubble, the radius of its corners, the half width of its dots (< 0: none).
    @location(3) @interpolate(flat) shape: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Corner {
    let instance = number >> 2u;
    let index = number & 3u;
    var out: Corner;
    let mark = marks[instance];
    greyness = lost_of(mark);
    let there = presence_of(mark);
    let r = max(radius_of(mark), LOUD_PX * scene.unit) * there;
    // A tile has the word, and a filled cell the colour.
    let hidden = is_cell(mark) && (is_tile(mark) || cell_px(mark) < scene.levels.y);
    if kind_of(mark) == 0u || there <= 0.0 || !has(mark, HUMAN) || hidden {
        out.clip = nowhere();
        return out;
    }
    let alive = select(1.0, 0.0, scene.reduced != 0u);
    let blink = 0.78 + 0.22 * mix(1.0, cos(TAU * ambient() * 0.5), alive);
    // An agent's hexagon leaves less room below.
    let above = select(1.12, 1.02, kind_of(mark) == AGENT);
    var middle = vec2(0.36, above) * r;
    out.shape = vec4(0.60 * r, 0.36 * r, 0.16 * r, 0.085 * r);
    if r < BUBBLE_PX {
        let dot_radius = max(0.5 * r, 1.5 * scene.unit);
        middle = vec2(0.72, 0.86) * r;
        out.shape = vec4(dot_radius, dot_radius, dot_radius, -100.0);
    }
    // The tail hangs lower than the body.
    let corner = corner_of(index) * (out.shape.xy + vec2(1.0, 0.30 * r + 1.0));
    out.at = corner;
    out.clip = clip_at(position_of(mark), middle + corner);
    out.paper = vec4(dimmed(colour(WAITING) * blink, dimming_of(mark)), 1.0) * there;
    out.ink = colour(COLOUR_GROUND);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let q = abs(in.at) - in.shape.xy + in.shape.z;
    let body = length(max(q, vec2(0.0))) + min(max(q.x, q.y), 0.0) - in.shape.z;
    // The tail points down to the mark.
    let high = in.shape.y;
    let tail_at = in.at + vec2(0.55 * high, 1.1 * high);
    let tail = max(abs(tail_at.x) * 0.9 - 0.5 * (tail_at.y + 0.45 * high), tail_at.y - 0.3 * high);
    let part = fill(min(body, select(tail, 100.0, in.shape.w < 0.0)));
    let apart = vec2(abs(in.at.x), in.at.y);
    let dots = min(length(apart), length(apart - vec2(0.47 * in.shape.x, 0.0))) - in.shape.w;
    return vec4(mix(in.paper.rgb, in.ink * in.paper.a, fill(dots)), in.paper.a) * part;
}
