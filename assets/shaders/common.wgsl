// What all shaders of the scene share: the view, the frame, the packed mark (src/scene/marks/instance.rs), the curves
// of motion and what distance leaves out. Put before each of them at build time; no imports, so that every shader is plain WGSL.

const MOVE_SECS: f32 = 0.6;
const FLIGHT_ARC: f32 = 0.1;
const APPEAR_SECS: f32 = 0.25;
const PULSE_SECS: f32 = 0.4;
const GONE_SECS: f32 = 0.5;
// All sizes here are in pixels of a screen on a desk: `scene.unit` has how many physical ones each is.
// Pixels of a slot: the far view below the first, the middle and near ones above the second; quiet marks are gone below
// the last (src/scene/detail.rs).
const FAR_PX: f32 = 4.5;
const NEAR_PX: f32 = 8.0;
const QUIET_PX: f32 = 2.5;
// How much of a slot's pixels a mark that must be found takes, and the covered shares between which a crowd gives way to
// its badge; above the last sizes of a slot nothing is in its neighbour's way (src/scene/detail.rs).
const LOUD_AREA_PX: f32 = 40.0;
const CROWD_FROM: f32 = 0.14;
const CROWD_TO: f32 = 0.17;
const ROOMY_FROM_PX: f32 = 7.0;
const ROOMY_TO_PX: f32 = 9.0;
// A district's badge: its size and its height above the middle as shares of the district's radius, and the radius from
// which on it is lifted for a number to stand below it, in units of the text's size (src/scene/detail.rs).
const BADGE_SIZE: f32 = 0.21;
const BADGE_LIFT: f32 = 0.34;
const BADGE_COUNT_PX: f32 = 18.0;
// The light on what is selected: in so many seconds it goes over, and so far towards the ground goes what it does not
// shine on (src/scene/spotlight.rs).
const LIGHT_SECS: f32 = 0.2;
const STEPPED_BACK: f32 = 0.62;
const TAU: f32 = 6.2831853;

// Kinds.
const TASK: u32 = 1u;
const AGENT: u32 = 2u;
const DISTRICT: u32 = 3u;
const UNASSIGNED: u32 = 4u;
const DOCK: u32 = 5u;

// Statuses, in the order of `Status::ALL`.
const IDLE: u32 = 0u;
const QUEUED: u32 = 1u;
const RUNNING: u32 = 2u;
const WAITING: u32 = 3u;
const BLOCKED: u32 = 4u;
const DONE: u32 = 5u;
const FAILED: u32 = 6u;
const CANCELLED: u32 = 7u;
const OFFLINE: u32 = 8u;
const UNMAPPED: u32 = 9u;

// Colours after those of the statuses.
const GROUND: u32 = 10u;
const SURFACE: u32 = 11u;
const LINE: u32 = 12u;
const TEXT: u32 = 13u;
const MUTED: u32 = 14u;
const SELECTION: u32 = 15u;

// Flags.
const HUMAN: u32 = 1u;
const GONE: u32 = 2u;
const HOVER_RING: u32 = 4u;
const SELECTION_RING: u32 = 8u;
const RUN: u32 = 16u;
const LIT: u32 = 32u;
const WAS_LIT: u32 = 64u;
const LEFT: u32 = 128u;

// The beginning of Bevy's own view uniform.
struct View {
    clip_from_world: mat4x4<f32>,
    unjittered_clip_from_world: mat4x4<f32>,
    world_from_clip: mat4x4<f32>,
    world_from_view: mat4x4<f32>,
    view_from_world: mat4x4<f32>,
    clip_from_view: mat4x4<f32>,
    view_from_clip: mat4x4<f32>,
    world_position: vec3<f32>,
    exposure: f32,
    viewport: vec4<f32>,
}

struct Scene {
    colours: array<vec4<f32>, 16>,
    now_ms: u32,
    now_rest: f32,
    ambient: f32,
    stale: f32,
    // Physical pixels: top, bottom, left, right.
    insets: vec4<f32>,
    reduced: u32,
    // Nothing pulses: motion is reduced, or the machine is too slow for it.
    plain: u32,
    // Physical pixels of what is one pixel of a screen on a desk: more where pixels are finer, and on a wall read from far.
    unit: f32,
    // Stamp of when the light went from where it was before: middle and radius of what is wholly lit (< 0: nothing), 1 while
    // it is on.
    light_stamp: u32,
    light: vec4<f32>,
    light_before: vec4<f32>,
}

struct Mark {
    from_to: vec4<f32>,
    // Set out, appeared, changed, gone.
    stamps: vec4<u32>,
    radius: f32,
    word: u32,
    extra: u32,
    status_stamp: u32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(1) @binding(0) var<uniform> scene: Scene;

fn kind_of(mark: Mark) -> u32 { return mark.word & 0xfu; }
fn status_of(mark: Mark) -> u32 { return (mark.word >> 4u) & 0xfu; }
fn status_before(mark: Mark) -> u32 { return (mark.word >> 8u) & 0xfu; }
fn has(mark: Mark, flag: u32) -> bool { return ((mark.word >> 12u) & flag) != 0u; }

// Progress, or less than 0.
fn progress_of(mark: Mark) -> f32 {
    let share = mark.extra & 0xffffu;
    return select(f32(share) / 65534.0, -1.0, share == 0xffffu);
}

// Seconds since a stamp. Wrapping: exact however long the wall runs.
fn age(stamp: u32) -> f32 {
    return f32(scene.now_ms - stamp) * 0.001 + scene.now_rest;
}

// Where a mark is now.
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

// How much of a mark is there, 0 to 1: it grows in, and shrinks and fades out.
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

// The same in pixels of a screen on a desk: what distance decides is decided by it.
fn slot_px() -> f32 {
    return pixels_per_unit() / scene.unit;
}

// 1 in the far view, 0 in the middle and near ones, and between the two while they change over.
fn far() -> f32 {
    return 1.0 - smoothstep(FAR_PX, NEAR_PX, slot_px());
}

// How much a district with this share of its tasks in trouble is shown by one badge and not by their marks.
fn crowding(share: f32) -> f32 {
    let slot = slot_px();
    let covered = share * LOUD_AREA_PX / (slot * slot);
    return smoothstep(CROWD_FROM, CROWD_TO, covered) * (1.0 - smoothstep(ROOMY_FROM_PX, ROOMY_TO_PX, slot));
}

// A state that asks for somebody.
fn is_trouble(status: u32) -> bool {
    return status == FAILED || status == BLOCKED || status == WAITING;
}

fn has_tally(mark: Mark) -> bool {
    let kind = kind_of(mark);
    return kind == DISTRICT || kind == UNASSIGNED;
}

// A district's shares: failed, blocked, waiting, crowd.
fn trouble_of(mark: Mark) -> vec4<f32> {
    let first = vec2<u32>(mark.extra >> 24u, mark.extra >> 16u) & vec2(0xffu);
    let second = vec2<u32>(mark.stamps.z >> 8u, mark.stamps.z >> 24u) & vec2(0xffu);
    return vec4<f32>(vec4(first, second)) / 255.0;
}

// The one mark that stands for all marks in trouble of a district: gravest state, radius and height above the middle in
// pixels, how much of it is there.
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
    // The more, the larger.
    let share = select(select(trouble.z, trouble.y, trouble.y > 0.0), trouble.x, trouble.x > 0.0);
    badge.radius = clamp(BADGE_SIZE * radius * mix(0.72, 1.25, saturate(4.0 * share)), 3.6 * scene.unit, 18.0 * scene.unit);
    badge.lift = select(0.0, BADGE_LIFT * radius, radius >= BADGE_COUNT_PX * scene.unit);
    badge.there = crowding(trouble.w) * presence_of(mark);
    return badge;
}

fn missed(mark: Mark, at: vec2<f32>, light: vec4<f32>, flag: u32) -> f32 {
    return select(light.w, 0.0, has(mark, flag) || distance(at, light.xy) <= light.z);
}

// How far a mark steps back behind what is selected, 0 to 1.
fn stepped_back(mark: Mark) -> f32 {
    if scene.light.w + scene.light_before.w == 0.0 {
        return 0.0;
    }
    let at = position_of(mark);
    let turned = smoothstep(0.0, 1.0, saturate(age(scene.light_stamp) / LIGHT_SECS));
    return mix(missed(mark, at, scene.light_before, WAS_LIT), missed(mark, at, scene.light, LIT), turned);
}

// A colour of what steps back so far.
fn dimmed(colour: vec3<f32>, back: f32) -> vec3<f32> {
    // Between their roots, as the eye has it: light adds up otherwise.
    let mixed = mix(sqrt(colour), sqrt(scene.colours[GROUND].rgb), STEPPED_BACK * back);
    return mixed * mixed;
}

// A corner of a quad as clip coordinates: a centre in the world and an offset in physical pixels.
fn clip_at(world: vec2<f32>, offset_px: vec2<f32>) -> vec4<f32> {
    let clip = view.clip_from_world * vec4(world, 0.0, 1.0);
    return clip + vec4(offset_px * 2.0 / view.viewport.zw * clip.w, 0.0, 0.0);
}

// Nothing is drawn of a quad all of whose corners are here.
fn nowhere() -> vec4<f32> {
    return vec4(2.0, 2.0, 0.0, 1.0);
}

// Corner 0 to 3 of a quad, from -1 to 1.
fn corner_of(index: u32) -> vec2<f32> {
    return vec2(f32(index & 1u), f32(index >> 1u)) * 2.0 - 1.0;
}

// A colour as a scene shows it that may be stale: down to a quarter of its saturation, and a little nearer the ground.
fn aged(colour: vec3<f32>) -> vec3<f32> {
    let grey = vec3(dot(colour, vec3(0.2126, 0.7152, 0.0722)));
    return mix(mix(colour, grey, 0.75 * scene.stale), scene.colours[GROUND].rgb, 0.25 * scene.stale);
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

// The outline of a ground at a turn, clockwise from the top.
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
        // A rectangle with round corners; half its size is where others have their origin.
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
