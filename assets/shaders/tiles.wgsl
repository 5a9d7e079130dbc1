// The plates of cells that are tiles. They cover most of the screen, so each is a polygon of one opaque colour. A bar at the lower
// edge of a tile is its progress; a tile in trouble has a strip of its colour at its left edge instead.

@group(1) @binding(1) var<storage, read> marks: array<Mark>;

// In desk pixels: the corners; the bar's height and its distance from the edges; the width of the strip.
const CORNER_PX: f32 = 4.0;
const BAR_PX: f32 = 3.0;
const ASIDE_PX: f32 = 6.0;
const BELOW_PX: f32 = 4.0;
const STRIP_PX: f32 = 3.0;
// How far a plate takes the colour of text; of its trouble.
const PLATE_TINT: f32 = 0.010;
const TROUBLE_TINT: f32 = 0.05;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) colour: vec4<f32>,
    // The share of the way from the left; the share that is done.
    @location(1) at: vec2<f32>,
    @location(2) @interpolate(flat) track: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let mark = marks[instance];
    let there = presence_of(mark);
    if kind_of(mark) == 0u || there <= 0.02 || !is_tile(mark) {
        return out;
    }
    greyness = lost_of(mark);
    let half_px = half_of(mark) * pixels_per_unit() * there;
    let at = position_of(mark);
    out.clip = clip_at(at, outline_at(half_px, CORNER_PX * scene.unit, zigzag(index)).edge);
    let status = status_of(mark);
    var plate = mix(colour(COLOUR_SURFACE), colour(COLOUR_TEXT), PLATE_TINT);
    if is_loud(mark) {
        // White is so bright that a little of it does.
        plate = mix(plate, ink_of(mark), select(TROUBLE_TINT, 0.012, !is_fault(status)) * (1.0 - greyness));
    }
    plate = mix(plate, ink_of(mark), select(0.12 * (1.0 - change_pulse(mark)), 0.0, scene.plain != 0u || greyness > 0.5));
    out.colour = vec4(dimmed(plate, dimming_of(mark) * 0.8), 1.0);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    return in.colour;
}

@vertex
fn bar(@builtin(vertex_index) number: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let mark = marks[number >> 2u];
    let there = presence_of(mark);
    if kind_of(mark) == 0u || there < 0.5 || !is_tile(mark) {
        return out;
    }
    greyness = lost_of(mark);
    let half_px = half_of(mark) * pixels_per_unit();
    let corner = corner_of(number & 3u);
    let progress = progress_of(mark);
    let loud = is_loud(mark);
    if !loud && progress < 0.0 {
        return out;
    }
    var low = vec2(ASIDE_PX * scene.unit - half_px.x, BELOW_PX * scene.unit - half_px.y);
    var high = vec2(half_px.x - ASIDE_PX * scene.unit, low.y + BAR_PX * scene.unit);
    if loud {
        low = -half_px + vec2(0.0, CORNER_PX * 0.5 * scene.unit);
        high = vec2(low.x + STRIP_PX * scene.unit, -low.y);
    }
    out.clip = clip_at(position_of(mark), mix(low, high, corner * 0.5 + 0.5));
    out.at = vec2(corner.x * 0.5 + 0.5, select(progress, 2.0, loud));
    let dimming = dimming_of(mark);
    out.colour = vec4(dimmed(ink_of(mark), dimming), 1.0);
    out.track = vec4(dimmed(colour(COLOUR_LINE), dimming), 1.0);
    return out;
}

@fragment
fn bar_fragment(in: Corner) -> @location(0) vec4<f32> {
    return select(in.track, in.colour, in.at.x < in.at.y);
}
