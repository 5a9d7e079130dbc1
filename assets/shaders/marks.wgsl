// Tasks and agents. The vertex stage finds place, size and motion from start times and says what is to be drawn as the
// numbers of one formula; the fragment stage computes that formula by signed distances in pixels, smooth at any zoom
// without multisampling. It has no branches: a software renderer runs both sides of every branch, for every pixel.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// Below this radius in pixels a shape is only its silhouette, below the last it is a dot.
const SILHOUETTE_PX: f32 = 7.0;
const DOT_PX: f32 = 2.6;
// From this radius on a failed mark shows its bar, a running task its progress, and a done one its check.
const BAR_PX: f32 = 3.4;
const PROGRESS_PX: f32 = 9.0;
const CHECK_PX: f32 = 10.0;
// Detail fades in over so many pixels more.
const FADE_PX: f32 = 2.0;
// In pixels of a screen on a desk. Failed and blocked: five across and more, however far one zooms out.
const LOUD_PX: f32 = 3.4;
const AGENT_PX: f32 = 2.2;
const LEAST_PX: f32 = 0.9;
// The three pulses of a failure, one a second.
const FAILURE_SECS: f32 = 3.0;
// Size of the shape in an agent, and of the hexagon around it (to its sides), in radii.
const INNER: f32 = 0.52;
const HEXAGON: f32 = 0.88;
// A run's ring, in radii of its shape: with a gap between, which a task's ring of progress has not.
const RUN_RING: f32 = 1.24;
// No pen: nothing is this near.
const NO_PEN: f32 = -100.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Pixels from the middle of the mark.
    @location(0) at: vec2<f32>,
    // Premultiplied.
    @location(1) @interpolate(flat) rim: vec4<f32>,
    @location(2) @interpolate(flat) inside: vec4<f32>,
    // A polygon: the greater of two linear forms over its folded plane.
    @location(3) @interpolate(flat) sides: vec4<f32>,
    // How far out the outline is; width of the rim; how far out a repeated disc is; 0 circle, 1 polygon mirrored left and
    // right, 2 also up and down.
    @location(4) @interpolate(flat) outline: vec4<f32>,
    // Two mirrors that fold the plane into equal parts; for dots and for the gaps of a dashed rim.
    @location(5) @interpolate(flat) mirrors: vec4<f32>,
    // Two strokes of a pen.
    @location(6) @interpolate(flat) stroke_a: vec4<f32>,
    @location(7) @interpolate(flat) stroke_b: vec4<f32>,
    // Half widths of the strokes, how much they take away, how much they add.
    @location(8) @interpolate(flat) pen: vec4<f32>,
    // Direction and strength of the light on it; half width of the gaps; 1 when more than half is done.
    @location(9) @interpolate(flat) light: vec4<f32>,
    // Ring of progress: radius, width, direction of its end.
    @location(10) @interpolate(flat) ring: vec4<f32>,
    // Pulse: radius, strength.
    @location(11) @interpolate(flat) wave: vec2<f32>,
}

// What all parts of a mark share.
struct Look {
    status: u32,
    kind: u32,
    there: f32,
    radius: f32,
    // How much of it distance leaves: quiet ones go when they are too small to be told apart, loud ones into a badge.
    shown: f32,
    rgb: vec3<f32>,
    pulse_radius: f32,
    pulse_strength: f32,
    phase: f32,
    alive: f32,
}

fn look_at(mark: Mark) -> Look {
    var look: Look;
    look.kind = kind_of(mark);
    look.there = presence_of(mark);
    look.status = status_of(mark);
    let loud = look.status == FAILED || look.status == BLOCKED || has(mark, HUMAN);
    let least = select(select(LEAST_PX, AGENT_PX, look.kind == AGENT), LOUD_PX, loud);
    look.radius = max(mark.radius * pixels_per_unit(), least * scene.unit) * look.there;
    // The colour changes over from what it was.
    let since_status = age(mark.status_stamp);
    let turn = smoothstep(0.0, 1.0, saturate(since_status / PULSE_SECS));
    look.rgb = mix(colour(status_before(mark)), colour(look.status), turn);
    if !loud {
        look.rgb = dimmed(look.rgb, stepped_back(mark));
    }
    // One pulse when something changed; three, a second apart, when it failed.
    var pulse = 1.0;
    let since_change = age(mark.stamps.z);
    if mark.stamps.z != mark.stamps.y {
        pulse = saturate(since_change / PULSE_SECS);
    }
    if look.status == FAILED && status_before(mark) != FAILED && since_status < FAILURE_SECS {
        pulse = saturate(fract(since_status) / 0.7);
    }
    look.pulse_radius = look.radius * 0.9 + pulse * (look.radius * 0.8 + 5.0 * scene.unit);
    look.pulse_strength = select((1.0 - pulse) * (1.0 - pulse), 0.0, scene.plain != 0u);
    look.shown = 1.0;
    if look.kind == TASK {
        let crowded = crowding(f32(mark.extra >> 24u) / 255.0);
        look.shown = select(smoothstep(QUIET_PX, NEAR_PX, slot_px()), 1.0 - crowded, loud);
        // What changes shows all the same, for as long as its pulse.
        look.shown = max(look.shown, 0.7 * look.pulse_strength);
    }
    look.phase = f32((mark.extra >> 16u) & 0xffu) / 256.0;
    look.alive = select(1.0, 0.0, scene.reduced != 0u);
    return look;
}

// A quad of nothing, `extent` pixels to each side.
fn blank(mark: Mark, extent: f32, index: u32) -> Corner {
    var out: Corner;
    out.at = corner_of(index) * extent;
    out.clip = clip_at(position_of(mark), out.at);
    out.sides = vec4(1.0, 0.0, 0.0, 1.0);
    // Eighths.
    out.mirrors = vec4(-0.7071068, 0.7071068, -0.3826834, 0.9238795);
    out.pen = vec4(NO_PEN, NO_PEN, 0.0, 0.0);
    out.light = vec4(0.0, 0.0, NO_PEN, 0.0);
    out.ring = vec4(0.0, -10.0, 0.0, 1.0);
    return out;
}

// How far out a state's shape reaches, in radii.
fn reach_of(status: u32) -> f32 {
    switch status {
        case FAILED, BLOCKED, CANCELLED, OFFLINE: { return 1.02; }
        case DONE: { return 0.52; }
        case IDLE, WAITING: { return 0.74; }
        default: { return 0.84; }
    }
}

// How much is to be seen of detail that there is from a radius on.
fn faded_in(r: f32, least: f32) -> f32 {
    return smoothstep(least, least + FADE_PX, r);
}

// The shape of a state, of radius `r`.
fn draw_status(out: ptr<function, Corner>, look: Look, r: f32, breath: f32) {
    let detailed = r >= SILHOUETTE_PX;
    let detail = faded_in(r, SILHOUETTE_PX);
    let line = max(0.17 * r, 1.3);
    let full = vec4(look.rgb, 1.0);
    (*out).rim = full;
    switch look.status {
        case IDLE: {
            (*out).outline = vec4(0.70 * r, line, 0.0, 0.0);
        }
        case QUEUED: {
            (*out).inside = full * 0.85;
            // A disc opens into a ring of dots, within half a pixel: what is between the two looks like neither.
            let open = smoothstep(SILHOUETTE_PX + 0.5, SILHOUETTE_PX + 1.0, r);
            (*out).outline = vec4(mix(0.42, 0.135, open) * r, 0.0, 0.64 * r * open, 0.0);
        }
        case RUNNING: {
            let disc = breath * r;
            let inner = TAU * fract(scene.ambient * 0.2 + look.phase);
            (*out).inside = full * vec4(vec3(0.92), 1.0);
            (*out).outline = vec4(disc, 0.0, 0.0, 0.0);
            (*out).light = vec4(vec2(cos(inner), sin(inner)) * (0.30 * detail / disc), NO_PEN, 0.0);
        }
        case WAITING: {
            (*out).outline = vec4(0.70 * r, max(0.22 * r, 1.6), 0.0, 0.0);
        }
        case BLOCKED: {
            (*out).inside = full;
            (*out).sides = vec4(0.8660254, 0.5, 0.0, -1.0);
            (*out).outline = vec4(0.54 * r, 0.0, 0.0, 1.0);
            let width = select(NO_PEN, 0.085 * r, detailed);
            (*out).stroke_a = vec4(0.0, 0.30, 0.0, -0.08) * r;
            (*out).stroke_b = vec4(0.0, -0.34, 0.001, -0.34) * r;
            (*out).pen = vec4(width, width * 1.2, 0.95 * detail, 0.0);
        }
        case DONE: {
            (*out).inside = full;
            (*out).outline = vec4(0.50 * r, 0.0, 0.0, 0.0);
            let width = select(NO_PEN, 0.065 * r, r >= CHECK_PX);
            (*out).stroke_a = vec4(-0.22, 0.0, -0.05, -0.18) * r;
            (*out).stroke_b = vec4(-0.05, -0.18, 0.25, 0.18) * r;
            (*out).pen = vec4(width, width, 0.9 * faded_in(r, CHECK_PX), 0.0);
        }
        case FAILED: {
            (*out).inside = full;
            (*out).outline = vec4(0.76 * r, 0.0, 0.0, 2.0);
            (*out).stroke_a = vec4(-0.38, 0.0, 0.38, 0.0) * r;
            (*out).pen = vec4(select(NO_PEN, max(0.12 * r, 0.7), r >= BAR_PX), NO_PEN, 0.92 * faded_in(r, BAR_PX), 0.0);
        }
        case CANCELLED, OFFLINE: {
            // Called off is struck upward, away is struck downward.
            let end = vec2(select(0.6, -0.6, look.status == OFFLINE), 0.6) * r;
            (*out).outline = vec4(0.60 * r, line, 0.0, 0.0);
            (*out).stroke_a = vec4(-end, end);
            (*out).pen = vec4(0.5 * max(0.15 * r, 1.2), NO_PEN, 0.0, 1.0);
            (*out).light.z = select(NO_PEN, 0.07 * r, look.status == OFFLINE && detailed);
        }
        default: {
            // Unmapped: a hollow diamond.
            (*out).sides = vec4(0.7071068, 0.7071068, 0.7071068, 0.7071068);
            (*out).outline = vec4(0.60 * r, line, 0.0, 2.0);
        }
    }
}

fn breath_of(look: Look, disc: f32) -> f32 {
    return disc * (1.0 + 0.05 * look.alive * sin(TAU * (scene.ambient * 0.25 + look.phase)));
}

// A task; or what an agent has in its middle.
fn shape_corner(number: u32) -> Corner {
    let instance = number >> 2u;
    let index = number & 3u;
    let mark = marks[instance];
    var look = look_at(mark);
    let agent = look.kind == AGENT;
    if look.kind == 0u || look.there <= 0.0 || look.shown < 0.01 || (agent && look.radius < SILHOUETTE_PX) {
        var none: Corner;
        none.clip = nowhere();
        return none;
    }
    // What is in an agent comes up as its hexagon opens; one in trouble was its shape alone until then.
    let opened = select(1.0, faded_in(look.radius, SILHOUETTE_PX), agent);
    let r = look.radius * select(1.0, select(INNER, mix(1.0, INNER, opened), is_found_by_shape(look)), agent);
    look.there *= select(opened, 1.0, is_found_by_shape(look));
    let run = has(mark, RUN) && r >= PROGRESS_PX;
    var progress = select(-1.0, progress_of(mark), look.status == RUNNING && !agent && r >= PROGRESS_PX);
    if run { progress = max(progress_of(mark), 0.0); }
    let ring = select(0.97, RUN_RING, run);
    let waves = look.pulse_strength > 0.0 && !agent;
    var extent = r * select(reach_of(look.status), ring + 0.09, progress >= 0.0) + 1.0;
    extent = select(extent, max(extent, look.pulse_radius + 2.5), waves);
    var out = blank(mark, extent, index);
    if r < DOT_PX && look.status != FAILED && look.status != BLOCKED {
        out.rim = vec4(look.rgb, 1.0);
        out.inside = out.rim * select(1.0, 0.7, look.status == QUEUED);
        out.outline = vec4(max(0.8 * r, 0.6), 0.0, 0.0, 0.0);
    } else {
        // A disc within its ring of progress is smaller.
        draw_status(&out, look, r, breath_of(look, mix(0.78, 0.66, select(0.0, faded_in(r, PROGRESS_PX), progress >= 0.0 && !run))));
    }
    // A triangle's centre of gravity lies below the middle of its box.
    if look.status == BLOCKED { out.at.y += 0.14 * r; }
    if progress >= 0.0 {
        // Thinner than a pixel's edge, a line is not there.
        out.ring = vec4(ring * r, mix(-1.0, max(0.10 * r, 1.3), faded_in(r, PROGRESS_PX)), sin(progress * TAU), cos(progress * TAU));
        out.light.w = step(0.5, progress);
    }
    if waves {
        out.wave = vec2(look.pulse_radius, look.pulse_strength);
    }
    out.rim *= look.there * look.shown;
    out.inside *= look.there * look.shown;
    return out;
}

// A district's badge.
@vertex
fn badge(@builtin(vertex_index) number: u32) -> Corner {
    let instance = number >> 2u;
    let index = number & 3u;
    let mark = marks[instance];
    var badge: Badge;
    if has_tally(mark) {
        badge = badge_of(mark);
    }
    if badge.there <= 0.0 {
        var none: Corner;
        none.clip = nowhere();
        return none;
    }
    var look: Look;
    look.status = badge.status;
    look.rgb = colour(badge.status);
    let r = badge.radius * mix(0.6, 1.0, badge.there);
    var out = blank(mark, r * reach_of(badge.status) + 1.0, index);
    out.clip = clip_at(position_of(mark), out.at + vec2(0.0, badge.lift));
    draw_status(&out, look, r, 0.8);
    if badge.status == BLOCKED { out.at.y += 0.14 * r; }
    out.rim *= badge.there;
    out.inside *= badge.there;
    return out;
}

// Agents in trouble too small for a hexagon are drawn as tasks in trouble are: found by shape and size, not by colour.
fn is_found_by_shape(look: Look) -> bool {
    return look.status == FAILED || look.status == BLOCKED;
}

// An agent's hexagon.
fn body_corner(number: u32) -> Corner {
    let instance = number >> 2u;
    let index = number & 3u;
    let mark = marks[instance];
    let look = look_at(mark);
    if look.kind != AGENT || look.there <= 0.0 {
        var none: Corner;
        none.clip = nowhere();
        return none;
    }
    let r = look.radius;
    let waves = look.pulse_strength > 0.0;
    let extent = select(1.03 * r + 1.0, max(1.03 * r, look.pulse_radius) + 2.5, waves);
    var out = blank(mark, extent, index);
    let status = look.status;
    let away = status == OFFLINE || status == CANCELLED;
    let calm = status == IDLE || status == QUEUED || status == WAITING || status == UNMAPPED;
    out.sides = vec4(1.0, 0.0, 0.5, 0.8660254);
    out.rim = vec4(look.rgb, 1.0);
    let found = is_found_by_shape(look);
    // A point becomes a hexagon with something in it.
    let opened = faded_in(r, SILHOUETTE_PX);
    if r < SILHOUETTE_PX && found {
        out.sides = vec4(1.0, 0.0, 0.0, 1.0);
        draw_status(&out, look, r, 1.0);
        if status == BLOCKED { out.at.y += 0.14 * r; }
    } else if r < SILHOUETTE_PX {
        // A point in the colour of its state; those that rest are hollow.
        let hollow = (away || status == IDLE) && r >= 3.5;
        let shrunk = select(mix(0.62, 1.0, smoothstep(2.5, SILHOUETTE_PX, r)), 1.0, has(mark, HUMAN));
        out.outline = vec4(HEXAGON * max(r * shrunk, AGENT_PX * scene.unit * look.there), select(0.0, 1.5, hollow), 0.0, 2.0);
        // Work is calm: it stands back behind what is not.
        out.inside = vec4(look.rgb * select(1.0, 0.75, status == RUNNING), 1.0) * select(1.0, 0.0, hollow);
    } else {
        out.outline = vec4(HEXAGON * r, max(0.09 * r, 1.5), 0.0, 2.0);
        let tint = mix(colour(SURFACE), look.rgb, select(0.16, 0.035, calm));
        let point = look.rgb * select(1.0, 0.75, status == RUNNING);
        let hollow = status == IDLE || found;
        let filled = 0.96 * select(1.0, opened, hollow);
        out.inside = vec4(mix(select(point, tint, hollow), tint, opened), 1.0) * select(filled, 0.0, away);
        out.rim *= select(1.0, opened, found);
        // Dashed: a gap in the middle of each side.
        out.mirrors = vec4(-0.5, 0.8660254, 0.0, 0.0);
        out.light.z = select(NO_PEN, 0.13 * r, away);
    }
    if waves {
        out.wave = vec2(look.pulse_radius, look.pulse_strength);
    }
    out.rim *= look.there;
    out.inside *= look.there;
    return out;
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Corner {
    return shape_corner(number);
}

@vertex
fn body(@builtin(vertex_index) number: u32) -> Corner {
    return body_corner(number);
}

// What is left of a corner while every mark is smaller than SILHOUETTE_PX: no detail is drawn then, and each number less
// and each line of the fragment stage less is felt a hundred thousand times.
struct SmallCorner {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) rim: vec4<f32>,
    @location(2) @interpolate(flat) inside: vec4<f32>,
    @location(3) @interpolate(flat) sides: vec4<f32>,
    // How far out the outline is; width of the rim; half width of the stroke; circle or polygon.
    @location(4) @interpolate(flat) outline: vec4<f32>,
    @location(5) @interpolate(flat) pen_stroke: vec4<f32>,
    // How much the stroke takes away (> 0) or adds (< 0); pulse: radius, strength.
    @location(6) @interpolate(flat) pulse: vec3<f32>,
}

fn small_of(corner: Corner) -> SmallCorner {
    var out: SmallCorner;
    out.clip = corner.clip;
    out.at = corner.at;
    out.rim = corner.rim;
    out.inside = corner.inside;
    out.sides = corner.sides;
    out.outline = vec4(corner.outline.xy, corner.pen.x, corner.outline.w);
    out.pen_stroke = corner.stroke_a;
    out.pulse = vec3(corner.pen.z - corner.pen.w, corner.wave);
    return out;
}

@vertex
fn small(@builtin(vertex_index) number: u32) -> SmallCorner {
    return small_of(shape_corner(number));
}

@vertex
fn small_body(@builtin(vertex_index) number: u32) -> SmallCorner {
    return small_of(body_corner(number));
}

fn segment(at: vec2<f32>, ends: vec4<f32>) -> f32 {
    let ap = at - ends.xy;
    let ab = ends.zw - ends.xy;
    return length(ap - ab * saturate(dot(ap, ab) / max(dot(ab, ab), 1e-6)));
}

// Mirrors what is beyond a line through the middle, given by its normal.
fn mirrored(at: vec2<f32>, normal: vec2<f32>) -> vec2<f32> {
    return at - 2.0 * max(dot(at, normal), 0.0) * normal;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let at = in.at;
    let folded = mirrored(mirrored(abs(at), in.mirrors.xy), in.mirrors.zw);
    let shifted = select(at, folded - vec2(in.outline.z, 0.0), in.outline.z > 0.0);
    let q = vec2(abs(shifted.x), select(shifted.y, abs(shifted.y), in.outline.w > 1.5));
    let polygon = max(dot(q, in.sides.xy), dot(q, in.sides.zw));
    let edge = select(length(shifted), polygon, in.outline.w > 0.5) - in.outline.x;
    let width = in.outline.y;
    let rim = stroke(edge + 0.5 * width, width) * step(0.01, width) * saturate(abs(folded.y) - in.light.z + 0.5);
    let lit = 1.0 + dot(at, in.light.xy);
    var out = in.inside * vec4(vec3(lit), 1.0) * fill(edge);
    out = over(in.rim * rim, out);
    let ink = max(fill(segment(at, in.stroke_a) - in.pen.x), fill(segment(at, in.stroke_b) - in.pen.y));
    out = vec4(out.rgb * (1.0 - in.pen.z * ink), out.a);
    out = over(in.rim * (in.pen.w * ink), out);
    let away = length(at);
    let before_end = in.ring.z * at.y - in.ring.w * at.x;
    let done = select(min(at.x, before_end), max(at.x, before_end), in.light.w > 0.5);
    out = over(in.rim * (stroke(away - in.ring.x, in.ring.y) * mix(0.22, 1.0, saturate(done + 0.5))), out);
    let wave = stroke(away - in.wave.x, 2.0) * in.wave.y;
    return over(out, in.rim * wave) + vec4(in.rim.rgb * (in.wave.y * 0.35 * out.a), 0.0);
}

// The same without detail.
@fragment
fn small_fragment(in: SmallCorner) -> @location(0) vec4<f32> {
    let at = in.at;
    let away = length(at);
    let q = vec2(abs(at.x), select(at.y, abs(at.y), in.outline.w > 1.5));
    let polygon = max(dot(q, in.sides.xy), dot(q, in.sides.zw));
    let edge = select(away, polygon, in.outline.w > 0.5) - in.outline.x;
    let width = in.outline.y;
    let rim = stroke(edge + 0.5 * width, width) * step(0.01, width);
    var out = over(in.rim * rim, in.inside * fill(edge));
    let ink = fill(segment(at, in.pen_stroke) - in.outline.z);
    out = vec4(out.rgb * (1.0 - max(in.pulse.x, 0.0) * ink), out.a);
    out = over(in.rim * (max(-in.pulse.x, 0.0) * ink), out);
    let wave = stroke(away - in.pulse.y, 2.0) * in.pulse.z;
    return over(out, in.rim * wave) + vec4(in.rim.rgb * (in.pulse.z * 0.35 * out.a), 0.0);
}
