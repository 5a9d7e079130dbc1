// The ties of the hovered and the selected row, from what comes first to what comes after it: an arc, or a strand between
// blocks, that grows stronger towards its head. Both ends are read from the marks, so a tie follows every flight without
// being written again.

// Sideways reach of an arc at half way, to its left, as a share of its length.
const SWING: f32 = 0.16;
// In desk pixels: half the width of the line, the casing beside it, the length and half the width of the head.
const HALF_WIDTH: f32 = 0.95;
const CASING: f32 = 1.4;
const HEAD_LENGTH: f32 = 10.0;
const HEAD_HALF: f32 = 4.6;
// Seconds of a tie's appearance.
const COME_SECS: f32 = 0.15;

struct Tie {
    // The layer (0 tasks, 1 alarms, 2 agents) above `TIE_SLOT_BITS` bits of slot.
    from_slot: u32,
    to_slot: u32,
    // The stamp of when it was first shown.
    since: u32,
    // `TIE_LIVE`, the kind, `TIE_BUNDLED`, the strength.
    word: u32,
    // The control points of a strand.
    via: vec4<f32>,
}

@group(1) @binding(1) var<storage, read> ties: array<Tie>;
@group(1) @binding(2) var<storage, read> tasks: array<Mark>;
@group(1) @binding(3) var<storage, read> alarms: array<Mark>;
@group(1) @binding(4) var<storage, read> agents: array<Mark>;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // In physical pixels: along from the beginning, to the side, half the width here.
    @location(0) at: vec3<f32>,
    // The share of the way, the strength.
    @location(1) way: vec2<f32>,
    @location(2) @interpolate(flat) colour: vec3<f32>,
    @location(3) @interpolate(flat) kind: u32,
}

fn mark_at(end: u32) -> Mark {
    let slot = end & ((1u << TIE_SLOT_BITS) - 1u);
    switch end >> TIE_SLOT_BITS {
        case 0u: { return tasks[slot]; }
        case 1u: { return alarms[slot]; }
        default: { return agents[slot]; }
    }
}

fn curve(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>, d: vec2<f32>, t: f32) -> vec2<f32> {
    let s = 1.0 - t;
    return a * (s * s * s) + b * (3.0 * s * s * t) + c * (3.0 * s * t * t) + d * (t * t * t);
}

fn heading(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>, d: vec2<f32>, t: f32) -> vec2<f32> {
    let s = 1.0 - t;
    return (b - a) * (s * s) + (c - b) * (2.0 * s * t) + (d - c) * (t * t);
}

// The distance between a mark's middle and the end of its ties, in world units.
fn trim(mark: Mark, scale: f32) -> f32 {
    return (max(radius_of(mark), 2.5 * scene.unit) + 6.0 * scene.unit) / scale;
}

@vertex
fn vertex(@builtin(vertex_index) number: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let tie = ties[instance];
    if (tie.word & TIE_LIVE) == 0u {
        return out;
    }
    let from_mark = mark_at(tie.from_slot);
    let to_mark = mark_at(tie.to_slot);
    let strength = presence_of(from_mark) * presence_of(to_mark) * smoothstep(0.0, COME_SECS, age(tie.since))
        * f32((tie.word >> TIE_STRENGTH_SHIFT) & 0xffu) / 255.0;
    let first = position_of(from_mark);
    let last = position_of(to_mark);
    let path = last - first;
    let scale = pixels_per_unit();
    if kind_of(from_mark) == 0u || kind_of(to_mark) == 0u || strength < 0.01 || length(path) * scale < 3.0 {
        return out;
    }
    let swing = vec2(-path.y, path.x) * SWING * 4.0 / 3.0;
    var second = first + path * 0.25 + swing;
    var third = last - path * 0.25 + swing;
    if (tie.word & TIE_BUNDLED) != 0u {
        second = tie.via.xy;
        third = tie.via.zw;
    }
    // From rim to rim, outside the rings around the hovered and the selected mark.
    let kind = (tie.word >> TIE_KIND_SHIFT) & 3u;
    let leave = normalize(second - first);
    let arrive = normalize(last - third);
    let room = length(path) * scale;
    let head = min(HEAD_LENGTH * scene.unit, room * 0.5);
    let a = first + leave * min(trim(from_mark, scale), length(path) * 0.3);
    let tip = last - arrive * min(trim(to_mark, scale), length(path) * 0.3);
    let d = tip - arrive * head / scale;
    let pair = number >> 1u;
    let side = f32(number & 1u) * 2.0 - 1.0;
    let t = min(f32(pair) / f32(TIE_PIECES), 1.0);
    var at = curve(a, second, third, d, t);
    var direction = heading(a, second, third, d, t);
    direction = select(arrive, direction / max(length(direction), 1e-6), dot(direction, direction) > 1e-12);
    var half_width = HALF_WIDTH * scene.unit;
    if pair > TIE_PIECES {
        direction = arrive;
        half_width = HEAD_HALF * head / HEAD_LENGTH;
        if pair > TIE_PIECES + 1u {
            at = tip;
            half_width = 0.0;
        }
    }
    let offset = side * (half_width + CASING * scene.unit + 1.0);
    out.clip = clip_at(at, vec2(-direction.y, direction.x) * offset);
    // About the length of the arc.
    let long = (length(second - a) + length(third - second) + length(d - third) + length(d - a)) * 0.5 * scale;
    out.at = vec3(select(t * long, long + head, pair > TIE_PIECES + 1u), offset, half_width);
    out.way = vec2(t, strength);
    let status = status_of(from_mark);
    var ink = COLOUR_TEXT;
    if kind == TIE_DEPENDENCY {
        // A fault holds up what depends on it; what is done holds up nothing.
        if is_fault(status) { ink = status; }
        if status == DONE { ink = COLOUR_MUTED; }
    } else {
        ink = COLOUR_MUTED;
    }
    out.colour = colour(ink);
    out.kind = kind;
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let line = fill(abs(in.at.y) - in.at.z);
    let casing = fill(abs(in.at.y) - in.at.z - CASING * scene.unit);
    let along = in.at.x / scene.unit;
    // Parts are dashed up to the head.
    let is_body = in.way.x < 0.999;
    var there = 1.0;
    if in.kind == TIE_PART && is_body {
        there = saturate(4.5 - abs(fract(along / 7.0) * 7.0 - 3.5) * 2.0);
    }
    // Bright drops move towards the head, 26 pixels apart, 1.5 a second, which divides the ambient hour.
    let drop_at = fract(along / 26.0 - scene.ambient * 1.5);
    let drops = smoothstep(0.0, 1.0, 1.0 - abs(drop_at * 2.0 - 1.0) * 1.8);
    var light = mix(0.4, 0.8, in.way.x) + 0.2 * drops;
    if !is_body { light = 1.0; }
    let ink = vec4(in.colour, 1.0) * (line * light * there);
    let ground = vec4(colour(COLOUR_GROUND), 1.0) * (casing * 0.6 * there);
    return over(ink, ground) * in.way.y;
}
