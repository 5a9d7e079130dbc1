// The ties of the hovered and the selected row, from what comes first to what comes after it. Within a block a tie is an arc.
// Between blocks it is a leg to a strand along the streets, which all ties between these blocks share, and a leg from there;
// each line here is one of these. Marks are read from their tables, so a line follows every flight without being written again.

// Sideways reach of an arc at half way, to its left, as a share of its length.
const SWING: f32 = 0.16;
// In desk pixels: half the width of the line, the casing beside it, the length and half the width of the head.
const HALF_WIDTH: f32 = 0.95;
const CASING: f32 = 1.4;
const HEAD_LENGTH: f32 = 10.0;
const HEAD_HALF: f32 = 4.6;
// The width of a leg, as a multiple of an arc's.
const LEG: f32 = 0.75;
// From the middle of a street to the edge of a strand, which keeps to its right: strands in opposite directions are apart.
const ASIDE: f32 = 1.2;
// Seconds of a tie's appearance.
const COME_SECS: f32 = 0.15;

struct Tie {
    // The layer (0 tasks, 1 alarms, 2 agents) above `TIE_SLOT_BITS` bits of slot.
    from_slot: u32,
    to_slot: u32,
    // The stamp of when it was first shown.
    since: u32,
    // `TIE_LIVE`, the kind, which ends are points, `TIE_BENT`, the strength.
    word: u32,
    // The points that it begins and ends at, where these are not its marks.
    ends: vec4<f32>,
    // Of a strand the control point of a corner, of a leg the direction of its strand where they join; the length of the
    // strand before it; the width of its strand, as a multiple of a line's.
    shape: vec4<f32>,
}

@group(1) @binding(1) var<storage, read> ties: array<Tie>;
@group(1) @binding(2) var<storage, read> tasks: array<Mark>;
@group(1) @binding(3) var<storage, read> alarms: array<Mark>;
@group(1) @binding(4) var<storage, read> agents: array<Mark>;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // In physical pixels: along from the beginning, to the side, half the width here.
    @location(0) at: vec3<f32>,
    // The share of the way, the strength, 1 in the head.
    @location(1) way: vec3<f32>,
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

// A vector as a direction of length 1; that of another one where it has no length.
fn direction_of(path: vec2<f32>, otherwise: vec2<f32>) -> vec2<f32> {
    let clear = select(otherwise, path, dot(path, path) > 1e-10);
    return clear / max(length(clear), 1e-6);
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
    let from_point = (tie.word & TIE_FROM_POINT) != 0u;
    let to_point = (tie.word & TIE_TO_POINT) != 0u;
    let is_strand = from_point && to_point;
    var first = tie.ends.xy;
    if !from_point { first = middle_of(from_mark); }
    var last = tie.ends.zw;
    if !to_point { last = middle_of(to_mark); }
    let path = last - first;
    let reach = length(path);
    let scale = pixels_per_unit();
    if kind_of(from_mark) == 0u || kind_of(to_mark) == 0u || strength < 0.01 || reach * scale < select(3.0, 0.01, is_strand) {
        return out;
    }
    // The control points, the width, and how far along the whole tie this line is.
    let swing = vec2(-path.y, path.x) * SWING * 4.0 / 3.0;
    var second = first + path * 0.25 + swing;
    var third = last - path * 0.25 + swing;
    var half_width = HALF_WIDTH * scene.unit;
    var span = vec2(0.0, 1.0);
    let bend = tie.shape.xy;
    if is_strand {
        half_width *= tie.shape.w;
        span = vec2(0.4, 0.4);
        second = mix(first, last, 1.0 / 3.0);
        third = mix(first, last, 2.0 / 3.0);
        if (tie.word & TIE_BENT) != 0u {
            second = mix(first, bend, 2.0 / 3.0);
            third = mix(last, bend, 2.0 / 3.0);
        }
    } else if from_point || to_point {
        half_width *= LEG;
        let ahead = bend * 0.6 * max(dot(path, bend), 0.15 * reach);
        if to_point {
            span = vec2(0.0, 0.3);
            third = last - ahead;
            second = mix(first, third, 0.5);
        } else {
            span = vec2(0.5, 1.0);
            second = first + ahead;
            third = mix(last, second, 0.5);
        }
    }
    // Marks are left and reached at their rims, outside the rings around the hovered and the selected one.
    let kind = (tie.word >> TIE_KIND_SHIFT) & 3u;
    let leave = direction_of(second - first, path);
    let arrive = direction_of(last - third, path);
    let head = select(min(HEAD_LENGTH * scene.unit, reach * scale * 0.5), 0.0, to_point);
    let a = first + leave * select(min(trim(from_mark, scale), reach * 0.3), 0.0, from_point);
    let tip = last - arrive * select(min(trim(to_mark, scale), reach * 0.3), 0.0, to_point);
    let d = tip - arrive * head / scale;
    let pair = number >> 1u;
    let side = f32(number & 1u) * 2.0 - 1.0;
    let t = min(f32(pair) / f32(TIE_PIECES), 1.0);
    var at = curve(a, second, third, d, t);
    var direction = direction_of(heading(a, second, third, d, t), arrive);
    let in_head = pair > TIE_PIECES && !to_point;
    // A leg joins its strand beside the middle of the street.
    var aside = (HALF_WIDTH * tie.shape.w + ASIDE) * scene.unit;
    if !from_point { aside *= t; }
    if !to_point { aside *= 1.0 - t; }
    if in_head {
        direction = arrive;
        half_width = HEAD_HALF * head / HEAD_LENGTH;
        if pair > TIE_PIECES + 1u {
            at = tip;
            half_width = 0.0;
        }
    }
    if !from_point && !to_point { aside = 0.0; }
    let offset = side * (half_width + CASING * scene.unit + 1.0);
    out.clip = clip_at(at, vec2(-direction.y, direction.x) * (offset - aside));
    // About the length of the curve.
    let long = (length(second - a) + length(third - second) + length(d - third) + length(d - a)) * 0.5 * scale;
    let before = select(0.0, tie.shape.z * scale, is_strand);
    out.at = vec3(before + select(t * long, long + head, in_head && pair > TIE_PIECES + 1u), offset, half_width);
    out.way = vec3(mix(span.x, span.y, t), strength, select(0.0, 1.0, in_head));
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
    let is_body = in.way.z < 0.5;
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
