// What all shaders of the scene share: the view, the scene's uniform, the packed mark (src/scene/marks/mark.rs), the curves
// of motion and the level of detail. It is put before each shader, after the constants that src/scene/render/constants.rs
// generates from Rust.
//
// All sizes are in desk pixels: `scene.unit` is the number of physical pixels of one.

#import bevy_render::view::View

const APPEAR_SECS: f32 = 0.25;
const PULSE_SECS: f32 = 0.4;
const GONE_SECS: f32 = 0.5;
const TAU: f32 = 6.2831853;

// The fields of `SceneUniform` (src/scene/render/uniform.rs).
struct Scene {
    // By status, then by token.
    colours: array<vec4<f32>, COLOURS>,
    // The time in milliseconds, modulo 2^32, and the rest of a millisecond in seconds.
    now_ms: u32,
    now_rest: f32,
    // The clock of animations without an end, seconds.
    ambient: f32,
    // 0 (live) to 1.
    stale: f32,
    // Parts of the screen that panels cover, in physical pixels: top, bottom, left, right.
    insets: vec4<f32>,
    // Whether motion is reduced.
    reduced: u32,
    // Whether nothing pulses: motion is reduced, or the machine is too slow for it.
    plain: u32,
    // Physical pixels of one desk pixel.
    unit: f32,
    // The stamp of the last change of the selection.
    dim_stamp: u32,
    // The middle and radius of the circle that is not dimmed (radius < 0: none), and 1 while a selection dims the rest:
    // now, and before the last change.
    highlight: vec4<f32>,
    highlight_before: vec4<f32>,
    // How grey rows are because their source is lost, 0 to 1: agents, tasks, runs, workflows.
    lost: vec4<f32>,
}

struct Mark {
    from_to: vec4<f32>,
    // Stamps: departed, appeared, changed, gone.
    stamps: vec4<u32>,
    radius: f32,
    word: u32,
    extra: u32,
    status_stamp: u32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(1) @binding(0) var<uniform> scene: Scene;

// How grey the mark is that this invocation draws, because its source is lost. Set first by every stage that draws rows.
var<private> greyness: f32 = 0.0;

fn kind_of(mark: Mark) -> u32 { return mark.word & FIELD_MASK; }
fn status_of(mark: Mark) -> u32 { return (mark.word >> STATUS_SHIFT) & FIELD_MASK; }
fn status_before(mark: Mark) -> u32 { return (mark.word >> STATUS_BEFORE_SHIFT) & FIELD_MASK; }
fn has(mark: Mark, flag: u32) -> bool { return ((mark.word >> FLAGS_SHIFT) & flag) != 0u; }

// How grey a mark is because the source of what it shows is lost. A district shows a workflow and the tally of its tasks.
fn lost_of(mark: Mark) -> f32 {
    let work = max(scene.lost.y, scene.lost.z);
    switch kind_of(mark) {
        case TASK: { return select(scene.lost.y, scene.lost.z, has(mark, RUN)); }
        case AGENT, DOCK: { return scene.lost.x; }
        case DISTRICT: { return max(work, scene.lost.w); }
        case UNASSIGNED: { return work; }
        default: { return 0.0; }
    }
}

// The clock of animations without an end. For rows of a lost source it stands still.
fn ambient() -> f32 {
    return select(scene.ambient, 0.0, greyness > 0.5);
}

// The progress, 0 to 1; -1 where there is none.
fn progress_of(mark: Mark) -> f32 {
    let share = mark.extra & NO_PROGRESS;
    return select(f32(share) / f32(NO_PROGRESS - 1u), -1.0, share == NO_PROGRESS);
}

// Seconds since a stamp. The subtraction wraps, so that it stays exact however long the wall runs.
fn age(stamp: u32) -> f32 {
    return f32(scene.now_ms - stamp) * 0.001 + scene.now_rest;
}

// The position of a mark now.
fn position_of(mark: Mark) -> vec2<f32> {
    let from_at = mark.from_to.xy;
    let to = mark.from_to.zw;
    let share = saturate(age(mark.stamps.x) / MOVE_SECS);
    if scene.reduced != 0u || share >= 1.0 {
        return to;
    }
    let eased = smoothstep(0.0, 1.0, share);
    let path = to - from_at;
    let swing = select(0.0, FLIGHT_ARC * 4.0 * eased * (1.0 - eased), kind_of(mark) == AGENT);
    return mix(from_at, to, eased) + vec2(-path.y, path.x) * swing;
}

// The presence of a mark, 0 to 1: it grows in, and shrinks and fades out.
fn presence_of(mark: Mark) -> f32 {
    var there = smoothstep(0.0, 1.0, saturate(age(mark.stamps.y) / APPEAR_SECS));
    if has(mark, GONE) {
        there *= 1.0 - smoothstep(0.0, 1.0, saturate(age(mark.stamps.w) / GONE_SECS));
    }
    if scene.reduced != 0u && any(mark.from_to.xy != mark.from_to.zw) {
        there *= saturate(age(mark.stamps.x) / MOVE_SECS);
    }
    return there;
}

// Physical pixels of one world unit.
fn pixels_per_unit() -> f32 {
    return length(view.clip_from_world[0].xy) * view.viewport.z * 0.5;
}

// Desk pixels of one world unit, which is the width of a slot: the measure for the level of detail.
fn slot_px() -> f32 {
    return pixels_per_unit() / scene.unit;
}

// 1 in the far view, 0 in the middle and near views, and between them in the transition.
fn far() -> f32 {
    return 1.0 - smoothstep(FAR_PX, NEAR_PX, slot_px());
}

// How far a district's badge has replaced the marks of its tasks in trouble, by their share, 0 to 1.
fn crowding(share: f32) -> f32 {
    let slot = slot_px();
    let covered = share * LOUD_AREA_PX / (slot * slot);
    return smoothstep(CROWD_FROM, CROWD_TO, covered) * (1.0 - smoothstep(ROOMY_FROM_PX, ROOMY_TO_PX, slot));
}

fn has_tally(mark: Mark) -> bool {
    let kind = kind_of(mark);
    return kind == DISTRICT || kind == UNASSIGNED;
}

// The shares of a district's tasks that are failed, blocked and waiting, and its crowd.
fn trouble_of(mark: Mark) -> vec4<f32> {
    let first = vec2<u32>(mark.extra >> 24u, mark.extra >> 16u) & vec2(0xffu);
    let second = vec2<u32>(mark.stamps.z >> 8u, mark.stamps.z >> 24u) & vec2(0xffu);
    return vec4<f32>(vec4(first, second)) / 255.0;
}

// The one mark that replaces all marks in trouble of a district: their most severe status, its radius and its height above
// the middle in pixels, and its presence.
struct Badge {
    status: u32,
    radius: f32,
    lift: f32,
    there: f32,
}

fn badge_of(mark: Mark) -> Badge {
    var badge: Badge;
    let trouble = trouble_of(mark);
    badge.status = select(select(WAITING, BLOCKED, trouble.y > 0.0), FAILED, trouble.x > 0.0);
    let radius = mark.radius * pixels_per_unit();
    let share = select(select(trouble.z, trouble.y, trouble.y > 0.0), trouble.x, trouble.x > 0.0);
    badge.radius = clamp(BADGE_SIZE * radius * mix(0.72, 1.25, saturate(4.0 * share)), 3.6 * scene.unit, 18.0 * scene.unit);
    badge.lift = select(0.0, BADGE_LIFT * radius, radius >= BADGE_COUNT_PX * scene.unit);
    badge.there = crowding(trouble.w) * presence_of(mark);
    return badge;
}

// 1 where a highlight dims a mark, 0 where it does not.
fn dims(mark: Mark, at: vec2<f32>, highlight: vec4<f32>, flag: u32) -> f32 {
    return select(highlight.w, 0.0, has(mark, flag) || distance(at, highlight.xy) <= highlight.z);
}

// How far a mark is dimmed because something else is selected, 0 to 1.
fn dimming_of(mark: Mark) -> f32 {
    if scene.highlight.w + scene.highlight_before.w == 0.0 {
        return 0.0;
    }
    let at = position_of(mark);
    let turned = smoothstep(0.0, 1.0, saturate(age(scene.dim_stamp) / DIM_SECS));
    let before = dims(mark, at, scene.highlight_before, WAS_HIGHLIGHTED);
    return mix(before, dims(mark, at, scene.highlight, HIGHLIGHTED), turned);
}

// A colour that is dimmed so far.
fn dimmed(colour: vec3<f32>, dimming: f32) -> vec3<f32> {
    // Mixed in roots, which are near to what is perceived; linear light would darken too little.
    let mixed = mix(sqrt(colour), sqrt(scene.colours[COLOUR_GROUND].rgb), DIMMED_SHARE * dimming);
    return mixed * mixed;
}

// A corner of a quad as clip coordinates: a centre in the world and an offset in physical pixels.
fn clip_at(world: vec2<f32>, offset_px: vec2<f32>) -> vec4<f32> {
    let clip = view.clip_from_world * vec4(world, 0.0, 1.0);
    return clip + vec4(offset_px * 2.0 / view.viewport.zw * clip.w, 0.0, 0.0);
}

// A clip position for the corners of quads that are not drawn.
fn nowhere() -> vec4<f32> {
    return vec4(2.0, 2.0, 0.0, 1.0);
}

// Corner 0 to 3 of a quad, from -1 to 1.
fn corner_of(index: u32) -> vec2<f32> {
    return vec2(f32(index & 1u), f32(index >> 1u)) * 2.0 - 1.0;
}

// A colour in a scene that may be stale, or of a row whose source is lost: down to a quarter of its saturation, and a little nearer to the background.
fn aged(colour: vec3<f32>) -> vec3<f32> {
    let grey = vec3(dot(colour, vec3(0.2126, 0.7152, 0.0722)));
    let stale = max(scene.stale, greyness);
    let faded = mix(mix(colour, grey, 0.75 * stale), scene.colours[COLOUR_GROUND].rgb, 0.25 * stale);
    // White asks for a person, which a lost row does not.
    return mix(faded, min(faded, scene.colours[COLOUR_MUTED].rgb), greyness);
}

fn colour(index: u32) -> vec3<f32> {
    return aged(scene.colours[index].rgb);
}

// Coverage of a pixel from a signed distance in pixels.
fn fill(distance: f32) -> f32 {
    return saturate(0.5 - distance);
}

// Coverage of a line of a width around distance 0.
fn stroke(distance: f32, width: f32) -> f32 {
    return saturate(0.5 + 0.5 * width - abs(distance));
}

// `top` over `under`, both premultiplied.
fn over(top: vec4<f32>, under: vec4<f32>) -> vec4<f32> {
    return top + under * (1.0 - top.a);
}

// The outline of a district or of the dock at a turn, clockwise from the top.
struct Outline {
    middle: vec2<f32>,
    // Pixels from the middle.
    edge: vec2<f32>,
    outward: vec2<f32>,
    radius: f32,
}

fn outline_of(mark: Mark, turn: f32, scale: f32) -> Outline {
    var out: Outline;
    out.outward = vec2(sin(turn * TAU), cos(turn * TAU));
    if kind_of(mark) == DOCK {
        // A rectangle with round corners; its half size is packed in the place of the origin.
        out.middle = mark.from_to.zw;
        let half_size = mark.from_to.xy * scale;
        let corner = min(min(half_size.x, half_size.y), max(scale, 3.0));
        out.edge = sign(out.outward) * (half_size - corner) + out.outward * corner;
        out.radius = corner;
        return out;
    }
    out.middle = position_of(mark);
    out.radius = max(mark.radius * scale * mix(0.85, 1.0, presence_of(mark)), 2.0);
    out.edge = out.outward * out.radius;
    return out;
}
