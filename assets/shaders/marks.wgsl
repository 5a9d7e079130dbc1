// Tasks, agents, and the rings of what is hovered or selected. The vertex stage finds place, size and motion from start
// times; the fragment stage draws one shape by signed distances in pixels, which are smooth at any zoom without
// multisampling.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// Below this radius in pixels a shape is only its silhouette, below the second it is a dot.
const SILHOUETTE_PX: f32 = 7.0;
// From this radius on a running task shows its progress.
const PROGRESS_PX: f32 = 9.0;
const DOT_PX: f32 = 2.6;
// Failed and blocked: five pixels across, however far one zooms out.
const LOUD_PX: f32 = 2.6;
const AGENT_PX: f32 = 2.2;
const LEAST_PX: f32 = 0.9;
// The three pulses of a failure, one a second.
const FAILURE_SECS: f32 = 3.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Pixels from the middle of the mark.
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) colour: vec4<f32>,
    // Radius in pixels, progress (< 0: none), radius and strength of the pulse.
    @location(2) @interpolate(flat) shape: vec4<f32>,
    // Direction of the inner motion, size of the breath, brightness of the bubble.
    @location(3) @interpolate(flat) motion: vec4<f32>,
    @location(4) @interpolate(flat) word: u32,
}

// How far out a shape reaches, in radii.
fn reach_of(status: u32, kind: u32, progress: f32, bubble: bool) -> f32 {
    if bubble { return 1.62; }
    if kind == AGENT || status == FAILED || status == BLOCKED || progress >= 0.0 { return 1.06; }
    if status == DONE { return 0.62; }
    return 0.94;
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let mark = marks[instance];
    let kind = kind_of(mark);
    let there = presence_of(mark);
    let ring_only = has(mark, HOVER_RING | SELECTION_RING);
    if kind == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    let status = status_of(mark);
    let loud = status == FAILED || status == BLOCKED;
    let human = has(mark, HUMAN);
    var least = select(LEAST_PX, AGENT_PX, kind == AGENT);
    least = select(least, LOUD_PX, loud || human);
    let radius = max(mark.radius * pixels_per_unit(), least) * there;

    // The colour changes over from what it was.
    let since_status = age(mark.status_stamp);
    let turn = smoothstep(0.0, 1.0, saturate(since_status / PULSE_SECS));
    let rgb = mix(colour(status_before(mark)), colour(status), turn);

    // One pulse when something changed; three, a second apart, when it failed.
    var pulse = 1.0;
    let since_change = age(mark.stamps.z);
    if mark.stamps.z != mark.stamps.y && since_change < PULSE_SECS {
        pulse = since_change / PULSE_SECS;
    }
    if status == FAILED && status_before(mark) != FAILED && since_status < FAILURE_SECS {
        pulse = saturate(fract(since_status) / 0.7);
    }
    let pulse_radius = radius * 0.9 + pulse * (radius * 0.8 + 5.0);
    let pulse_strength = select((1.0 - pulse) * (1.0 - pulse), 0.0, pulse >= 1.0 || scene.reduced != 0u);

    let progress = select(-1.0, progress_of(mark), status == RUNNING && kind == TASK);
    let phase = f32((mark.extra >> 16u) & 0xffu) / 256.0;
    let alive = select(1.0, 0.0, scene.reduced != 0u);
    let inner = TAU * fract(scene.ambient * 0.2 + phase);
    // A disc within its ring of progress is smaller.
    let disc = select(0.78, 0.66, progress >= 0.0 && radius >= PROGRESS_PX);
    let breath = disc * (1.0 + 0.05 * alive * sin(TAU * (scene.ambient * 0.25 + phase)));
    let blink = 0.78 + 0.22 * mix(1.0, cos(TAU * scene.ambient * 0.5), alive);

    var extent = radius * reach_of(status, kind, progress, human) + 1.0;
    if pulse_strength > 0.0 { extent = max(extent, pulse_radius + 2.5); }
    if ring_only { extent = select(radius, mark.radius * pixels_per_unit(), kind == DISTRICT) + 9.0; }
    let corner = corner_of(index) * extent;
    out.clip = clip_at(position_of(mark), corner);
    out.at = corner;
    out.colour = vec4(rgb, there);
    out.shape = vec4(radius, progress, pulse_radius, pulse_strength);
    out.motion = vec4(cos(inner), sin(inner), breath, blink);
    out.word = mark.word;
    return out;
}

fn box(at: vec2<f32>, half_size: vec2<f32>, corner: f32) -> f32 {
    let q = abs(at) - half_size + corner;
    return length(max(q, vec2(0.0))) + min(max(q.x, q.y), 0.0) - corner;
}

fn segment(at: vec2<f32>, a: vec2<f32>, b: vec2<f32>) -> f32 {
    let ap = at - a;
    let ab = b - a;
    return length(ap - ab * saturate(dot(ap, ab) / dot(ab, ab)));
}

// An equilateral triangle, point up, around its centre of gravity; `r` to its corners.
fn triangle(at: vec2<f32>, r: f32) -> f32 {
    let side = dot(vec2(abs(at.x), at.y), vec2(0.8660254, 0.5)) - 0.5 * r;
    return max(side, -at.y - 0.5 * r);
}

// A hexagon, point up; `r` to its sides.
fn hexagon(at: vec2<f32>, r: f32) -> f32 {
    let q = abs(at);
    return max(q.x, dot(q, vec2(0.5, 0.8660254))) - r;
}

// Two dashes on each side of a hexagon of `r`.
fn dashes(at: vec2<f32>, r: f32) -> f32 {
    let q = abs(at);
    let upright = q.x >= dot(q, vec2(0.5, 0.8660254));
    let along = abs(select(dot(q, vec2(-0.8660254, 0.5)), q.y, upright));
    let half_side = 0.5773503 * r;
    return saturate(0.36 * half_side - abs(along - 0.5 * half_side) + 0.5);
}

// Folds the plane into an eighth: what is drawn around 0 degrees is there eight times.
fn eighth(at: vec2<f32>) -> vec2<f32> {
    let q = abs(at);
    let p = select(q.yx, q, q.x >= q.y);
    // Beyond 22.5 degrees, mirror at that line.
    let over_line = max(dot(p, vec2(-0.3826834, 0.9238795)), 0.0);
    return p - 2.0 * over_line * vec2(-0.3826834, 0.9238795);
}

// A state's shape of radius `r`: coverage, and how bright it is there (0 is cut out of it).
fn glyph(status: u32, at: vec2<f32>, r: f32, motion: vec4<f32>) -> vec2<f32> {
    let detailed = r >= SILHOUETTE_PX;
    let line = max(0.17 * r, 1.3);
    switch status {
        case IDLE: {
            return vec2(stroke(length(at) - 0.62 * r, line), 1.0);
        }
        case QUEUED: {
            if !detailed {
                return vec2(fill(length(at) - 0.42 * r) * 0.85, 1.0);
            }
            return vec2(fill(length(eighth(at) - vec2(0.64 * r, 0.0)) - 0.135 * r), 1.0);
        }
        case RUNNING: {
            let disc = r * motion.z;
            let toward = dot(at, motion.xy) / disc;
            let shade = select(1.0, mix(0.62, 1.22, smoothstep(-0.9, 1.0, toward)), r >= 4.0);
            return vec2(fill(length(at) - disc), shade);
        }
        case WAITING: {
            return vec2(stroke(length(at) - 0.58 * r, max(0.22 * r, 1.6)), 1.0);
        }
        case BLOCKED: {
            let shifted = at + vec2(0.0, 0.14 * r);
            let body = fill(triangle(shifted, 1.0 * r) - 0.06 * r);
            if !detailed { return vec2(body, 1.0); }
            let mark_line = segment(at, vec2(0.0, 0.30 * r), vec2(0.0, -0.10 * r)) - 0.085 * r;
            let dot_part = length(at - vec2(0.0, -0.38 * r)) - 0.10 * r;
            return vec2(body, 1.0 - fill(min(mark_line, dot_part)));
        }
        case DONE: {
            let disc = fill(length(at) - 0.50 * r);
            if r < 10.0 { return vec2(disc, 1.0); }
            let check = min(
                segment(at, vec2(-0.22, 0.0) * r, vec2(-0.05, -0.18) * r),
                segment(at, vec2(-0.05, -0.18) * r, vec2(0.25, 0.18) * r),
            );
            return vec2(disc, 1.0 - 0.9 * fill(check - 0.065 * r));
        }
        case FAILED: {
            let body = fill(box(at, vec2(0.76 * r), 0.12 * r));
            let bar = fill(box(at, vec2(0.46 * r, max(0.12 * r, 0.6)), 0.0));
            return vec2(body, 1.0 - 0.92 * bar * step(3.5, r));
        }
        case CANCELLED, OFFLINE: {
            let ring = stroke(length(at) - 0.52 * r, line);
            // Called off is struck upward, away is struck downward.
            let slope = vec2(select(-0.7071068, 0.7071068, status == OFFLINE), 0.7071068);
            let strike = stroke(dot(at, slope), max(0.16 * r, 1.2)) * fill(length(at) - 0.88 * r);
            if status == OFFLINE && detailed {
                let gap = saturate(abs(eighth(at).y) - 0.07 * r + 0.5);
                return vec2(max(ring * gap, strike), 1.0);
            }
            return vec2(max(ring, strike), 1.0);
        }
        default: {
            // Unmapped: a hollow diamond.
            return vec2(stroke((abs(at.x) + abs(at.y)) * 0.7071068 - 0.56 * r, line), 1.0);
        }
    }
}

// A speech bubble above a mark of radius `r`, premultiplied.
fn bubble(at: vec2<f32>, r: f32, bright: f32) -> vec4<f32> {
    let white = colour(WAITING) * bright;
    if r < SILHOUETTE_PX {
        let dot_part = fill(length(at - vec2(0.72, 0.86) * r) - max(0.5 * r, 1.5));
        return vec4(white, 1.0) * dot_part;
    }
    let middle = at - vec2(0.34, 1.12) * r;
    let body = box(middle, vec2(0.60, 0.36) * r, 0.16 * r);
    // The tail points down to who asks.
    let tail_at = middle + vec2(0.20, 0.40) * r;
    let tail = max(abs(tail_at.x) * 0.9 - 0.5 * (tail_at.y + 0.16 * r), tail_at.y - 0.10 * r);
    let part = fill(min(body, tail));
    let dots = min(length(middle), min(length(middle - vec2(0.28 * r, 0.0)), length(middle + vec2(0.28 * r, 0.0))));
    let ink = fill(dots - 0.085 * r);
    return vec4(mix(white, colour(GROUND), ink), 1.0) * part;
}

// The ring around what is hovered or selected.
fn pointed_ring(in: Corner, kind: u32, selected: bool) -> vec4<f32> {
    let r = in.shape.x;
    var distance = length(in.at) - (r + 4.5);
    if kind == AGENT { distance = hexagon(in.at, r * 0.9 + 5.0); }
    if kind == DISTRICT { distance = length(in.at) - (r + 5.0); }
    let part = stroke(distance, select(1.4, 2.4, selected)) * in.colour.a;
    let tint = select(colour(TEXT) * 0.9, scene.colours[SELECTION].rgb, selected);
    return vec4(tint, 1.0) * part;
}

fn agent(in: Corner, status: u32) -> vec4<f32> {
    let r = in.shape.x;
    let rgb = in.colour.rgb;
    let side = hexagon(in.at, 0.88 * r);
    if r < SILHOUETTE_PX {
        // A point in the colour of its state; those that rest are hollow.
        let hollow = status == IDLE || status == OFFLINE || status == CANCELLED;
        let part = select(fill(side), stroke(side + 0.8, 1.6), hollow && r >= 3.5);
        return vec4(rgb, 1.0) * part;
    }
    let width = max(0.10 * r, 1.5);
    var border = stroke(side + 0.5 * width, width);
    var out = vec4(0.0);
    if status == OFFLINE || status == CANCELLED {
        border *= dashes(in.at, 0.88 * r);
    } else {
        let body = fill(side);
        let calm = status == IDLE || status == QUEUED || status == WAITING || status == UNMAPPED;
        out = vec4(mix(colour(SURFACE), rgb, select(0.16, 0.035, calm)), 1.0) * body * 0.96;
    }
    out = over(vec4(rgb, 1.0) * border, out);
    let inner = glyph(status, in.at, 0.52 * r, in.motion);
    return over(vec4(rgb * inner.y, 1.0) * inner.x, out);
}

fn task(in: Corner, status: u32) -> vec4<f32> {
    let r = in.shape.x;
    let rgb = in.colour.rgb;
    if r < DOT_PX && status != FAILED && status != BLOCKED {
        return vec4(rgb, 1.0) * fill(length(in.at) - max(0.8 * r, 0.6)) * select(1.0, 0.7, status == QUEUED);
    }
    let shape = glyph(status, in.at, r, in.motion);
    var out = vec4(rgb * shape.y, 1.0) * shape.x;
    if in.shape.y >= 0.0 && r >= PROGRESS_PX {
        let ring = stroke(length(in.at) - 0.97 * r, max(0.10 * r, 1.3));
        let turn = fract(atan2(in.at.x, in.at.y) / TAU + 1.0);
        let done = saturate((in.shape.y - turn) * TAU * r + 0.5);
        out = over(vec4(rgb, 1.0) * ring * mix(0.22, 1.0, done), out);
    }
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let kind = in.word & 0xfu;
    let status = (in.word >> 4u) & 0xfu;
    let flags = in.word >> 12u;
    if (flags & (HOVER_RING | SELECTION_RING)) != 0u {
        return pointed_ring(in, kind, (flags & SELECTION_RING) != 0u);
    }
    var out = vec4(0.0);
    if kind == AGENT { out = agent(in, status); } else { out = task(in, status); }
    if (flags & HUMAN) != 0u {
        out = over(bubble(in.at, in.shape.x, in.motion.w), out);
    }
    if in.shape.w > 0.0 {
        let wave = stroke(length(in.at) - in.shape.z, 2.0) * in.shape.w;
        let glow = in.shape.w * 0.35 * out.a;
        out = over(out, vec4(in.colour.rgb, 1.0) * wave) + vec4(in.colour.rgb * glow, 0.0);
    }
    return out * in.colour.a;
}
