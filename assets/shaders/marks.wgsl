// Tasks and agents. The vertex stage computes position, size and motion from start times and describes the shape by the
// parameters of one formula; the fragment stage evaluates that formula by signed distances in pixels, which is smooth at
// any zoom without multisampling. It has no branches: a software renderer runs both sides of every branch for every pixel.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// Below this radius in pixels a shape is a dot; below SILHOUETTE_PX it has no detail.
const DOT_PX: f32 = 2.6;
// From these radii on a failed mark has its bar, a running task its progress, and a done one its check mark.
const BAR_PX: f32 = 3.4;
const PROGRESS_PX: f32 = 9.0;
const CHECK_PX: f32 = 10.0;
// Detail fades in over this many further pixels.
const FADE_PX: f32 = 2.0;
// The least radius of a mark in desk pixels; marks in trouble have LOUD_PX.
const AGENT_PX: f32 = 2.2;
const LEAST_PX: f32 = 0.9;
// The size of the shape within an agent, and of the hexagon around it (to its sides), in radii.
const INNER: f32 = 0.52;
const HEXAGON: f32 = 0.88;
// A run's ring, in radii of its shape: with a gap between them, unlike a task's ring of progress.
const RUN_RING: f32 = 1.24;
// The half width of a stroke that is not drawn.
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
    // The distance of the outline; the width of the rim; the distance of a repeated disc; 0 for a circle, 1 for a polygon
    // mirrored horizontally, 2 for one that is also mirrored vertically.
    @location(4) @interpolate(flat) outline: vec4<f32>,
    // Two mirrors that fold the plane into equal parts, for dots and for the gaps of a dashed rim.
    @location(5) @interpolate(flat) mirrors: vec4<f32>,
    // Two strokes.
    @location(6) @interpolate(flat) stroke_a: vec4<f32>,
    @location(7) @interpolate(flat) stroke_b: vec4<f32>,
    // The half widths of the strokes, how much they take away, how much they add.
    @location(8) @interpolate(flat) pen: vec4<f32>,
    // The direction and strength of the shading; half the width of the gaps; 1 when more than half is done.
    @location(9) @interpolate(flat) light: vec4<f32>,
    // The ring of progress: radius, width, direction of its end.
    @location(10) @interpolate(flat) ring: vec4<f32>,
    // The pulse: radius, strength.
    @location(11) @interpolate(flat) wave: vec2<f32>,
}

// What all parts of a mark have in common.
struct Look {
    status: u32,
    shape: u32,
    kind: u32,
    there: f32,
    radius: f32,
    // 0 where the level of detail draws it otherwise.
    shown: f32,
    rgb: vec3<f32>,
    pulse_radius: f32,
    pulse_strength: f32,
    phase: f32,
    alive: f32,
    // How far a shape in trouble is open because its source is lost.
    open: f32,
}

fn look_at(mark: Mark) -> Look {
    var look: Look;
    greyness = lost_of(mark);
    look.kind = kind_of(mark);
    look.there = presence_of(mark);
    look.status = status_of(mark);
    look.shape = shape_of(look.status);
    let loud = is_fault(look.status) || has(mark, HUMAN);
    let least = select(select(LEAST_PX, AGENT_PX, look.kind == AGENT), LOUD_PX, loud);
    look.radius = max(radius_of(mark), least * scene.unit) * look.there;
    // The colour changes gradually after a change of status.
    let since_status = age(mark.status_stamp);
    let turn = smoothstep(0.0, 1.0, saturate(since_status / PULSE_SECS));
    look.rgb = mix(colour(status_before(mark)), colour(look.status), turn);
    // Trouble of a lost source is neither the present nor calm: its shape stays and is open, in the ink of plain words.
    look.open = select(0.0, greyness, loud);
    look.rgb = mix(look.rgb, scene.colours[COLOUR_MUTED].rgb, look.open);
    look.rgb = dimmed(look.rgb, dimming_of(mark));
    let pulse = pulse_of(mark);
    look.pulse_radius = look.radius * 0.9 + pulse * (look.radius * 0.8 + 5.0 * scene.unit);
    look.pulse_strength = select((1.0 - pulse) * (1.0 - pulse), 0.0, scene.plain != 0u || greyness > 0.5);
    // Smaller cells are filled.
    look.shown = select(1.0, 0.0, look.kind == TASK && cell_px(mark) < scene.levels.y);
    look.phase = f32((mark.extra >> 16u) & 0xffu) / 256.0;
    look.alive = select(1.0, 0.0, scene.reduced != 0u || greyness > 0.5);
    return look;
}

// An empty quad that reaches `extent` pixels to each side.
fn blank(mark: Mark, extent: f32, index: u32) -> Corner {
    var out: Corner;
    out.at = corner_of(index) * extent;
    out.clip = clip_at(middle_of(mark), out.at);
    out.sides = vec4(1.0, 0.0, 0.0, 1.0);
    // The mirrors fold the plane into eighths.
    out.mirrors = vec4(-0.7071068, 0.7071068, -0.3826834, 0.9238795);
    out.pen = vec4(NO_PEN, NO_PEN, 0.0, 0.0);
    out.light = vec4(0.0, 0.0, NO_PEN, 0.0);
    out.ring = vec4(0.0, -10.0, 0.0, 1.0);
    return out;
}

// The reach of a shape in radii.
fn reach_of(shape: u32) -> f32 {
    switch shape {
        case SHAPE_BARREDSQUARE, SHAPE_TRIANGLE, SHAPE_STRUCKRING, SHAPE_DASHEDRING: { return 1.02; }
        case SHAPE_CHECKEDDISC: { return 0.52; }
        case SHAPE_RING, SHAPE_BUBBLERING: { return 0.74; }
        default: { return 0.84; }
    }
}

// The strength of detail that is drawn from a radius on.
fn faded_in(r: f32, least: f32) -> f32 {
    return smoothstep(least, least + FADE_PX, r);
}

// Describes the shape of a mark with radius `r`.
fn draw_shape(out: ptr<function, Corner>, look: Look, r: f32, breath: f32) {
    let detailed = r >= SILHOUETTE_PX;
    let detail = faded_in(r, SILHOUETTE_PX);
    let line = max(0.17 * r, 1.3);
    let full = vec4(look.rgb, 1.0);
    (*out).rim = full;
    switch look.shape {
        case SHAPE_RING: {
            (*out).outline = vec4(0.70 * r, line, 0.0, 0.0);
        }
        case SHAPE_DOTTEDRING: {
            (*out).inside = full * 0.85;
            // The disc becomes a ring of dots within half a pixel of radius: the shapes between look like neither.
            let open = smoothstep(SILHOUETTE_PX + 0.5, SILHOUETTE_PX + 1.0, r);
            (*out).outline = vec4(mix(0.42, 0.135, open) * r, 0.0, 0.64 * r * open, 0.0);
        }
        case SHAPE_DISC: {
            let disc = breath * r;
            let inner = TAU * fract(ambient() * 0.2 + look.phase);
            (*out).inside = full * vec4(vec3(0.92), 1.0);
            (*out).outline = vec4(disc, 0.0, 0.0, 0.0);
            (*out).light = vec4(vec2(cos(inner), sin(inner)) * (0.30 * detail / disc), NO_PEN, 0.0);
        }
        case SHAPE_BUBBLERING: {
            (*out).outline = vec4(0.70 * r, max(0.22 * r, 1.6), 0.0, 0.0);
        }
        case SHAPE_TRIANGLE: {
            (*out).inside = full;
            (*out).sides = vec4(0.8660254, 0.5, 0.0, -1.0);
            (*out).outline = vec4(0.54 * r, 0.0, 0.0, 1.0);
            let width = select(NO_PEN, 0.085 * r, detailed);
            (*out).stroke_a = vec4(0.0, 0.30, 0.0, -0.08) * r;
            (*out).stroke_b = vec4(0.0, -0.34, 0.001, -0.34) * r;
            (*out).pen = vec4(width, width * 1.2, 0.95 * detail, 0.0);
        }
        case SHAPE_CHECKEDDISC: {
            (*out).inside = full;
            (*out).outline = vec4(0.50 * r, 0.0, 0.0, 0.0);
            let width = select(NO_PEN, 0.065 * r, r >= CHECK_PX);
            (*out).stroke_a = vec4(-0.22, 0.0, -0.05, -0.18) * r;
            (*out).stroke_b = vec4(-0.05, -0.18, 0.25, 0.18) * r;
            (*out).pen = vec4(width, width, 0.9 * faded_in(r, CHECK_PX), 0.0);
        }
        case SHAPE_BARREDSQUARE: {
            (*out).inside = full;
            (*out).outline = vec4(0.76 * r, 0.0, 0.0, 2.0);
            (*out).stroke_a = vec4(-0.38, 0.0, 0.38, 0.0) * r;
            (*out).pen = vec4(select(NO_PEN, max(0.12 * r, 0.7), r >= BAR_PX), NO_PEN, 0.92 * faded_in(r, BAR_PX), 0.0);
        }
        case SHAPE_STRUCKRING, SHAPE_DASHEDRING: {
            let dashed = look.shape == SHAPE_DASHEDRING;
            let end = vec2(select(0.6, -0.6, dashed), 0.6) * r;
            (*out).outline = vec4(0.60 * r, line, 0.0, 0.0);
            (*out).stroke_a = vec4(-end, end);
            (*out).pen = vec4(0.5 * max(0.15 * r, 1.2), NO_PEN, 0.0, 1.0);
            (*out).light.z = select(NO_PEN, 0.07 * r, dashed && detailed);
        }
        case SHAPE_DIAMOND, default: {
            (*out).sides = vec4(0.7071068, 0.7071068, 0.7071068, 0.7071068);
            (*out).outline = vec4(0.60 * r, line, 0.0, 2.0);
        }
    }
    if look.open > 0.0 && (look.shape == SHAPE_TRIANGLE || look.shape == SHAPE_BARREDSQUARE) {
        (*out).inside *= 1.0 - look.open;
        (*out).outline.y = line;
        // Strokes are drawn, where a filled shape has them cut out.
        (*out).pen = vec4((*out).pen.xy, (*out).pen.z * (1.0 - look.open), (*out).pen.z * look.open);
    }
}

fn breath_of(look: Look, disc: f32) -> f32 {
    return disc * (1.0 + 0.05 * look.alive * sin(TAU * (ambient() * 0.25 + look.phase)));
}

// A task, or the shape in the middle of an agent.
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
    // The shape within an agent appears as its hexagon opens; an agent with a fault is that shape alone until then.
    let opened = select(1.0, faded_in(look.radius, SILHOUETTE_PX), agent);
    let r = look.radius * select(1.0, select(INNER, mix(1.0, INNER, opened), is_fault(look.status)), agent);
    look.there *= select(opened, 1.0, is_fault(look.status));
    // A tile has a bar instead.
    let ringed = r >= PROGRESS_PX && !is_tile(mark);
    let run = has(mark, RUN) && ringed;
    var progress = select(-1.0, progress_of(mark), look.shape == SHAPE_DISC && !agent && ringed);
    if run { progress = max(progress_of(mark), 0.0); }
    let ring = select(0.97, RUN_RING, run);
    let waves = look.pulse_strength > 0.0 && !agent;
    var extent = r * select(reach_of(look.shape), ring + 0.09, progress >= 0.0) + 1.0;
    extent = select(extent, max(extent, look.pulse_radius + 2.5), waves);
    var out = blank(mark, extent, index);
    if r < DOT_PX && !is_fault(look.status) {
        out.rim = vec4(look.rgb, 1.0);
        out.inside = out.rim * select(1.0, 0.7, look.shape == SHAPE_DOTTEDRING);
        out.outline = vec4(max(0.8 * r, 0.6), 0.0, 0.0, 0.0);
    } else {
        // A disc within its ring of progress is smaller.
        draw_shape(&out, look, r, breath_of(look, mix(0.78, 0.66, select(0.0, faded_in(r, PROGRESS_PX), progress >= 0.0 && !run))));
    }
    // A triangle's centre of gravity lies below the middle of its box.
    if look.shape == SHAPE_TRIANGLE { out.at.y += 0.14 * r; }
    if progress >= 0.0 {
        // A width of -1 makes the line vanish.
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
    let away = look.shape == SHAPE_DASHEDRING || look.shape == SHAPE_STRUCKRING;
    let calm = is_hollow(look.status);
    let running = look.shape == SHAPE_DISC;
    out.sides = vec4(1.0, 0.0, 0.5, 0.8660254);
    out.rim = vec4(look.rgb, 1.0);
    // An agent with a fault that is too small for a hexagon has the shape of a task with that fault: colour alone would not
    // be enough to find it.
    let fault = is_fault(look.status);
    // A point becomes a hexagon with a shape in it.
    let opened = faded_in(r, SILHOUETTE_PX);
    if r < SILHOUETTE_PX && fault {
        out.sides = vec4(1.0, 0.0, 0.0, 1.0);
        draw_shape(&out, look, r, 1.0);
        if look.shape == SHAPE_TRIANGLE { out.at.y += 0.14 * r; }
    } else if r < SILHOUETTE_PX {
        // A point in the colour of its status; idle and absent agents are hollow.
        let hollow = (away || look.shape == SHAPE_RING) && r >= 3.5;
        let shrunk = select(mix(0.62, 1.0, smoothstep(2.5, SILHOUETTE_PX, r)), 1.0, has(mark, HUMAN));
        out.outline = vec4(HEXAGON * max(r * shrunk, AGENT_PX * scene.unit * look.there), select(0.0, 1.5, hollow), 0.0, 2.0);
        // Running agents are a little darker than those that need attention.
        out.inside = vec4(look.rgb * select(1.0, 0.75, running), 1.0) * select(1.0, 0.0, hollow);
    } else {
        out.outline = vec4(HEXAGON * r, max(0.09 * r, 1.5), 0.0, 2.0);
        let tint = mix(colour(COLOUR_SURFACE), look.rgb, select(0.16, 0.035, calm));
        let point = look.rgb * select(1.0, 0.75, running);
        let hollow = look.shape == SHAPE_RING || fault;
        let filled = 0.96 * select(1.0, opened, hollow);
        out.inside = vec4(mix(select(point, tint, hollow), tint, opened), 1.0) * select(filled, 0.0, away);
        out.rim *= select(1.0, opened, fault);
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

// A corner while every mark is smaller than SILHOUETTE_PX: without the parameters of detail, because each costs time in
// every one of a hundred thousand marks.
struct SmallCorner {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) rim: vec4<f32>,
    @location(2) @interpolate(flat) inside: vec4<f32>,
    @location(3) @interpolate(flat) sides: vec4<f32>,
    // The distance of the outline; the width of the rim; half the width of the stroke; circle or polygon.
    @location(4) @interpolate(flat) outline: vec4<f32>,
    @location(5) @interpolate(flat) pen_stroke: vec4<f32>,
    // How much the stroke takes away (> 0) or adds (< 0); the pulse: radius, strength.
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

// Mirrors what lies beyond a line through the middle, given by its normal.
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
