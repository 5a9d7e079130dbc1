// What all shaders of the scene share: the view, the scene's uniform, the packed mark (src/scene/marks/mark.rs), the curves
// of motion and the level of detail. It is put before each shader, after the constants that src/scene/render/constants.rs
// generates from Rust.
//
// All sizes are in desk pixels: `scene.unit` is the number of physical pixels of one.

#import bevy_render::view::View

const APPEAR_SECS: f32 = 0.25;
const PULSE_SECS: f32 = 0.4;
// The three pulses of a failure, one a second.
const FAILURE_SECS: f32 = 3.0;
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
    // The least and greatest corner of the ground that is not dimmed (no area: none), now and before the last change.
    highlight: vec4<f32>,
    highlight_before: vec4<f32>,
    // How grey rows are because their source is lost, 0 to 1: agents, tasks, runs, workflows.
    lost: vec4<f32>,
    // The sizes from which on cells are filled, marks, titled and tiles, in desk pixels.
    levels: vec4<f32>,
    // How far the rest is dimmed, 0 to 1, or more where it is hidden: now, and before the last change.
    dims: vec2<f32>,
    // The least size of a cell in trouble, in desk pixels.
    loud: f32,
    // The states whose rows are dimmed, as bits.
    filtered: u32,
}

struct Mark {
    from_to: vec4<f32>,
    // Stamps: departed, appeared, changed, gone.
    stamps: vec4<u32>,
    // Half width and half height in steps.
    size: u32,
    word: u32,
    extra: u32,
    status_stamp: u32,
    // The turns of a flight along streets, two a word.
    turns: vec4<u32>,
}

// A block or the dock (src/scene/marks/ground.rs).
struct Ground {
    // Least and greatest corner.
    rect: vec4<f32>,
    departed: u32,
    // When it appeared, or went.
    stamp: u32,
    // Shares of its rows that run and are done; the height of its header.
    shares: u32,
    // Where its corners were when its last move began.
    least_before: u32,
    greatest_before: u32,
    word: u32,
    // Progress, size of a cell, shares that are blocked and failed.
    extra: u32,
    status_stamp: u32,
    unused: vec4<u32>,
}

@group(0) @binding(0) var<uniform> view: View;
@group(1) @binding(0) var<uniform> scene: Scene;

// How grey the mark is that this invocation draws, because its source is lost. Set first by every stage that draws rows.
var<private> greyness: f32 = 0.0;

fn kind_in(word: u32) -> u32 { return word & FIELD_MASK; }
fn kind_of(mark: Mark) -> u32 { return kind_in(mark.word); }
fn status_of(mark: Mark) -> u32 { return (mark.word >> STATUS_SHIFT) & FIELD_MASK; }
fn status_before(mark: Mark) -> u32 { return (mark.word >> STATUS_BEFORE_SHIFT) & FIELD_MASK; }
fn has_in(word: u32, flag: u32) -> bool { return ((word >> FLAGS_SHIFT) & flag) != 0u; }
fn has(mark: Mark, flag: u32) -> bool { return has_in(mark.word, flag); }

// How grey something is because the source of what it shows is lost, by its word. A block shows a workflow and the tally of its
// tasks.
fn lost_in(word: u32) -> f32 {
    let work = max(scene.lost.y, scene.lost.z);
    switch kind_in(word) {
        case TASK: { return select(scene.lost.y, scene.lost.z, has_in(word, RUN)); }
        case AGENT, DOCK: { return scene.lost.x; }
        case BLOCK: { return max(work, scene.lost.w); }
        case GROUND: { return work; }
        default: { return 0.0; }
    }
}

fn lost_of(mark: Mark) -> f32 { return lost_in(mark.word); }

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

// The corners of a flight along streets, with both ends (src/scene/motion.rs).
const CORNERS: u32 = TURNS + 3u;

// The point of a flight at a distance from its beginning.
fn along(corners: ptr<function, array<vec2<f32>, CORNERS>>, distance_there: f32) -> vec2<f32> {
    var left = distance_there;
    for (var leg = 1u; leg < CORNERS; leg++) {
        let from_at = (*corners)[leg - 1u];
        let path = (*corners)[leg] - from_at;
        let long = length(path);
        if left < long {
            return from_at + path * (left / long);
        }
        left -= long;
    }
    return (*corners)[CORNERS - 1u];
}

// The position of an agent after a share of the length of its flight along streets.
fn routed(mark: Mark, share: f32) -> vec2<f32> {
    let to = mark.from_to.zw;
    var turns = mark.turns;
    var at = mark.from_to.xy;
    var is_upright = has(mark, BEGINS_UPRIGHT);
    var corners: array<vec2<f32>, CORNERS>;
    corners[0] = at;
    var long = 0.0;
    for (var leg = 1u; leg < CORNERS; leg++) {
        var offset = 0.0;
        if leg <= TURNS {
            let pair = signed_pair(turns[(leg - 1u) >> 1u]);
            offset = select(pair.y, pair.x, (leg & 1u) == 1u) / TURN_STEPS;
        }
        if is_upright { at.y = to.y + offset; } else { at.x = to.x + offset; }
        is_upright = !is_upright;
        long += distance(corners[leg - 1u], at);
        corners[leg] = at;
    }
    // The middle between a point ahead and one behind cuts the corners.
    let gone = long * share;
    let round = min(2.0 * half_of(mark).x, min(gone, long - gone));
    return 0.5 * (along(&corners, gone - round) + along(&corners, gone + round));
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
    if FLIES && has(mark, ROUTED) {
        return routed(mark, eased);
    }
    return mix(from_at, to, eased);
}

// The presence of a mark, 0 to 1: it grows in, and shrinks and fades out.
fn arrival_of(mark: Mark) -> f32 {
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

// Half the width and height of a mark's cell, in world units.
fn half_of(mark: Mark) -> vec2<f32> {
    return vec2(f32(mark.size & 0xffffu), f32(mark.size >> 16u)) / SIZE_STEPS;
}

// Whether a row is in trouble, or asks for a person.
fn is_loud(mark: Mark) -> bool {
    return is_trouble(status_of(mark)) || has(mark, HUMAN);
}

// Whether a mark is that of a cell: a task, or an agent on a wall of agents alone.
fn is_cell(mark: Mark) -> bool {
    return kind_of(mark) == TASK || has(mark, CELL);
}

// The shorter side of a mark's cell, in desk pixels.
fn cell_px(mark: Mark) -> f32 {
    let size = size_px(mark);
    return min(size.x, size.y);
}

// Width and height of a mark's cell, in desk pixels.
fn size_px(mark: Mark) -> vec2<f32> {
    return half_of(mark) * (2.0 * pixels_per_unit() / scene.unit);
}

// Whether a mark is a tile.
fn is_tile(mark: Mark) -> bool {
    let size = size_px(mark);
    return is_cell(mark) && min(size.x, size.y * TILE_ASPECT) >= scene.levels.w;
}

// Where the shape of a mark is drawn: in the middle of its cell, or in the upper left corner of a tile.
fn middle_of(mark: Mark) -> vec2<f32> {
    let at = position_of(mark);
    if !is_tile(mark) {
        return at;
    }
    let inward = tile_mark(size_px(mark)).xy * (scene.unit / pixels_per_unit());
    let half_size = half_of(mark);
    return at + vec2(inward.x - half_size.x, half_size.y - inward.y);
}

// The size of a mark by its priority.
fn priority_of(mark: Mark) -> f32 {
    switch mark.extra >> 24u {
        case 3u: { return 1.2; }
        case 4u: { return 1.4; }
        default: { return 1.0; }
    }
}

// The radius of the shape of a mark, in pixels.
fn radius_of(mark: Mark) -> f32 {
    let half_size = half_of(mark) * pixels_per_unit();
    let least = min(half_size.x, half_size.y);
    if !is_cell(mark) {
        return least;
    }
    if is_tile(mark) {
        return tile_mark(size_px(mark)).z * scene.unit;
    }
    let radius = min(2.0 * MARK_SHARE * least, MARK_MOST_PX * scene.unit) * priority_of(mark);
    return min(radius * select(1.0, 1.2, is_loud(mark)), 0.94 * least);
}

// How far a highlight dims a place: 0 where it does not, more than 1 where it hides.
fn dims(word: u32, at: vec2<f32>, ground: vec4<f32>, dims_rest: f32, flag: u32) -> f32 {
    let is_within = all(at > ground.xy) && all(at < ground.zw);
    return select(dims_rest, 0.0, has_in(word, flag) || is_within);
}

// Whether the state of a mark is not among those that the user has chosen.
fn is_filtered(mark: Mark) -> bool {
    return ((scene.filtered >> status_of(mark)) & 1u) != 0u;
}

// How far what is at a place is dimmed because something else is selected, 0 to 1, or more where it is hidden.
fn dimming_at(word: u32, at: vec2<f32>) -> f32 {
    if scene.dims.x + scene.dims.y == 0.0 {
        return 0.0;
    }
    let turned = smoothstep(0.0, 1.0, saturate(age(scene.dim_stamp) / DIM_SECS));
    let before = dims(word, at, scene.highlight_before, scene.dims.y, WAS_HIGHLIGHTED);
    return mix(before, dims(word, at, scene.highlight, scene.dims.x, HIGHLIGHTED), turned);
}

// How far a mark is dimmed: by the filter, or by a selection, which leaves what is in trouble as it is. A search that hides the
// rest hides trouble, too.
fn dimming_of(mark: Mark) -> f32 {
    let dimming = dimming_at(mark.word, position_of(mark));
    if dimming > 1.0 {
        return dimming;
    }
    if is_filtered(mark) {
        return 1.0;
    }
    return select(dimming, 0.0, is_loud(mark));
}

// How much of a mark is there: as much as has arrived, and nothing where a search hides it.
fn presence_of(mark: Mark) -> f32 {
    let hidden = saturate((dimming_at(mark.word, position_of(mark)) - 1.0) / (1.0 / DIMMED_SHARE - 1.0));
    return arrival_of(mark) * (1.0 - hidden);
}

// A colour that is dimmed so far.
fn dimmed(colour: vec3<f32>, dimming: f32) -> vec3<f32> {
    // Mixed in roots, which are near to what is perceived; linear light would darken too little.
    let share = min(DIMMED_SHARE * dimming, 1.0);
    let mixed = mix(sqrt(colour), sqrt(scene.colours[COLOUR_GROUND].rgb), share);
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

// How far the pulse of a change is over, 0 to 1.
fn change_pulse(mark: Mark) -> f32 {
    return select(1.0, saturate(age(mark.stamps.z) / PULSE_SECS), mark.stamps.z != mark.stamps.y);
}

// How far the pulse of a mark is over, 0 to 1: one after a change; three, a second apart, after a failure.
fn pulse_of(mark: Mark) -> f32 {
    let since = age(mark.status_stamp);
    if status_of(mark) == FAILED && status_before(mark) != FAILED && since < FAILURE_SECS {
        return saturate(fract(since) / 0.7);
    }
    return change_pulse(mark);
}

// The colour of what is in trouble: white where a person is asked for. Of a lost source it is the ink of plain words.
fn ink_of(mark: Mark) -> vec3<f32> {
    let status = status_of(mark);
    let asks = has(mark, HUMAN) && !is_fault(status);
    return mix(colour(select(status, WAITING, asks)), scene.colours[COLOUR_MUTED].rgb, select(0.0, greyness, is_loud(mark)));
}

// The colour of a calm cell that is filled: the less it matters, the nearer to the background.
fn filled_colour(status: u32) -> vec3<f32> {
    var strength = 0.34;
    switch status {
        case RUNNING: { strength = 0.92; }
        case DONE: { strength = 0.62; }
        case CANCELLED, OFFLINE: { strength = 0.45; }
        default: {}
    }
    let mixed = mix(sqrt(scene.colours[COLOUR_GROUND].rgb), sqrt(colour(status)), strength);
    return mixed * mixed;
}

// Two signed numbers in a word.
fn signed_pair(word: u32) -> vec2<f32> {
    return vec2(f32(bitcast<i32>(word << 16u) >> 16u), f32(bitcast<i32>(word) >> 16u));
}

// The presence of a block, 0 to 1: it fades in and out.
fn ground_presence(ground: Ground) -> f32 {
    if has_in(ground.word, GONE) {
        return 1.0 - smoothstep(0.0, 1.0, saturate(age(ground.stamp) / GONE_SECS));
    }
    return smoothstep(0.0, 1.0, saturate(age(ground.stamp) / APPEAR_SECS));
}

// The least and greatest corner of a block now: it grows while its neighbours make room.
fn ground_rect(ground: Ground) -> vec4<f32> {
    let share = saturate(age(ground.departed) / MOVE_SECS);
    if scene.reduced != 0u || share >= 1.0 {
        return ground.rect;
    }
    let before = vec4(signed_pair(ground.least_before), signed_pair(ground.greatest_before)) / 4.0;
    return ground.rect + before * (1.0 - smoothstep(0.0, 1.0, share));
}

fn header_of(ground: Ground) -> f32 { return f32(ground.shares >> 16u) / 2.0; }

// The shares of a block's rows that are blocked and failed.
fn trouble_of(ground: Ground) -> vec2<f32> {
    return vec2(f32((ground.extra >> 16u) & 0xffu), f32(ground.extra >> 24u)) / 255.0;
}

// The outline of a rectangle with round corners, clockwise: a point in pixels from its middle, and the direction outward there.
struct Outline {
    edge: vec2<f32>,
    outward: vec2<f32>,
}

fn outline_at(half_px: vec2<f32>, radius_px: f32, corner: u32) -> Outline {
    let a_corner = OUTLINE_CORNERS / 4u;
    let number = corner % OUTLINE_CORNERS;
    let quarter = number / a_corner;
    let turn = (f32(quarter) + f32(number % a_corner) / f32(a_corner - 1u)) * TAU / 4.0;
    let radius = min(radius_px, min(half_px.x, half_px.y));
    var out: Outline;
    out.outward = vec2(sin(turn), cos(turn));
    var side = vec2(1.0, 1.0);
    switch quarter {
        case 1u: { side = vec2(1.0, -1.0); }
        case 2u: { side = vec2(-1.0, -1.0); }
        case 3u: { side = vec2(-1.0, 1.0); }
        default: {}
    }
    out.edge = side * (half_px - radius) + out.outward * radius;
    return out;
}

// The corner of a strip that zigzags over a polygon: 0, 23, 1, 22, 2 …
fn zigzag(index: u32) -> u32 {
    return select(OUTLINE_CORNERS - (index + 1u) / 2u, index / 2u, (index & 1u) == 0u);
}
