// Ties of what is pointed at, from what comes first to what comes after it: an arc or a strand that grows stronger towards
// its head. Both ends are read from the marks, so a tie follows every flight without being touched.

const DEPENDENCY: u32 = 0u;
const PART: u32 = 1u;
// Pieces of the line: two vertices at each end of one, and at the base and the tip of the head.
const PIECES: u32 = 16u;
// How far an arc swings out to its left at half way, as a share of its length.
const SWING: f32 = 0.16;
// Pixels of a screen on a desk: half the line, the ground beside it, the head's length and half its width.
const HALF_WIDTH: f32 = 0.95;
const CASING: f32 = 1.4;
const HEAD_LENGTH: f32 = 10.0;
const HEAD_HALF: f32 = 4.6;
// Seconds in which a tie comes up.
const COME_SECS: f32 = 0.15;

struct Tie {
    // Layer (0 tasks, 1 alarms, 2 agents) above 30 bits of slot.
    from_seat: u32,
    to_seat: u32,
    // Stamp of when it was first shown.
    since: u32,
    // 1 live, 2 and 4 the kind, 8 a strand; strength above 8 bits.
    word: u32,
    // The points that a strand is drawn towards.
    via: vec4<f32>,
}

@group(1) @binding(1) var<storage, read> ties: array<Tie>;
@group(1) @binding(2) var<storage, read> tasks: array<Mark>;
@group(1) @binding(3) var<storage, read> alarms: array<Mark>;
@group(1) @binding(4) var<storage, read> agents: array<Mark>;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Physical pixels: along from the beginning, to the side, half width here.
    @location(0) at: vec3<f32>,
    // Share of the way, strength.
    @location(1) way: vec2<f32>,
    @location(2) @interpolate(flat) colour: vec3<f32>,
    // The kind; 4 more where the head is.
    @location(3) @interpolate(flat) kind: u32,
}

fn mark_at(seat: u32) -> Mark {
    let slot = seat & 0x3fffffffu;
    switch seat >> 30u {
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

// How far from a mark's middle its ties end, in world units.
fn trim(mark: Mark, scale: f32) -> f32 {
    return (max(mark.radius * scale, 2.5 * scene.unit) + 6.0 * scene.unit) / scale;
}

@vertex
fn vertex(@builtin(vertex_index) number: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let tie = ties[instance];
    if (tie.word & 1u) == 0u {
        return out;
    }
    let from_mark = mark_at(tie.from_seat);
    let to_mark = mark_at(tie.to_seat);
    let strength = presence_of(from_mark) * presence_of(to_mark) * smoothstep(0.0, COME_SECS, age(tie.since))
        * f32((tie.word >> 8u) & 0xffu) / 255.0;
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
    if (tie.word & 8u) != 0u {
        second = tie.via.xy;
        third = tie.via.zw;
    }
    // From rim to rim, and clear of the rings around what is pointed at.
    let kind = (tie.word >> 1u) & 3u;
    let leave = normalize(second - first);
    let arrive = normalize(last - third);
    let room = length(path) * scale;
    let head = min(HEAD_LENGTH * scene.unit, room * 0.5);
    let a = first + leave * min(trim(from_mark, scale), length(path) * 0.3);
    let tip = last - arrive * min(trim(to_mark, scale), length(path) * 0.3);
    let d = tip - arrive * head / scale;
    let pair = number >> 1u;
    let side = f32(number & 1u) * 2.0 - 1.0;
    let t = min(f32(pair) / f32(PIECES), 1.0);
    var at = curve(a, second, third, d, t);
    var direction = heading(a, second, third, d, t);
    direction = select(arrive, direction / max(length(direction), 1e-6), dot(direction, direction) > 1e-12);
    var half_width = HALF_WIDTH * scene.unit;
    if pair > PIECES {
        direction = arrive;
        half_width = HEAD_HALF * head / HEAD_LENGTH;
        if pair > PIECES + 1u {
            at = tip;
            half_width = 0.0;
        }
    }
    let offset = side * (half_width + CASING * scene.unit + 1.0);
    out.clip = clip_at(at, vec2(-direction.y, direction.x) * offset);
    // The length of the arc, near enough.
    let long = (length(second - a) + length(third - second) + length(d - third) + length(d - a)) * 0.5 * scale;
    out.at = vec3(select(t * long, long + head, pair > PIECES + 1u), offset, half_width);
    out.way = vec2(t, strength);
    let status = status_of(from_mark);
    var ink = TEXT;
    if kind == DEPENDENCY {
        // What is waited for and in trouble is what holds it up; what is done holds up nothing.
        if status == FAILED || status == BLOCKED { ink = status; }
        if status == DONE { ink = MUTED; }
    } else {
        ink = MUTED;
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
    // Parts are dashed up to the head, four pixels of six.
    let is_body = in.way.x < 0.999;
    var there = 1.0;
    if in.kind == PART && is_body {
        there = saturate(4.5 - abs(fract(along / 7.0) * 7.0 - 3.5) * 2.0);
    }
    // Drops of light towards the head, 26 pixels apart, 1.5 a second, which divides the ambient hour.
    let drop_at = fract(along / 26.0 - scene.ambient * 1.5);
    let drops = smoothstep(0.0, 1.0, 1.0 - abs(drop_at * 2.0 - 1.0) * 1.8);
    var light = mix(0.4, 0.8, in.way.x) + 0.2 * drops;
    if !is_body { light = 1.0; }
    let ink = vec4(in.colour, 1.0) * (line * light * there);
    let ground = vec4(colour(GROUND), 1.0) * (casing * 0.6 * there);
    return over(ink, ground) * in.way.y;
}
