// The floors of the districts and of the dock. They cover many pixels, so each is a polygon of one opaque colour without
// anything to compute per pixel. Its edge lies under the ring.

@group(1) @binding(1) var<storage, read> grounds: array<Mark>;

// The corners lie outside the circle by this factor, so that the sides deviate from it equally to both sides: by less than
// the ring's width up to a radius of some thousand pixels.
const OUT: f32 = 1.00107;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) colour: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let mark = grounds[instance];
    greyness = lost_of(mark);
    let there = presence_of(mark);
    if kind_of(mark) == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    // A strip that zigzags over the polygon: 0, 47, 1, 46, 2 …
    let turn = select(FLOOR_CORNERS - (index + 1u) / 2u, index / 2u, (index & 1u) == 0u);
    let outline = outline_of(mark, f32(turn) / f32(FLOOR_CORNERS), pixels_per_unit());
    out.clip = clip_at(outline.middle, outline.edge * select(OUT, 1.0, kind_of(mark) == DOCK));
    let status = status_of(mark);
    let loud = kind_of(mark) == DISTRICT && is_trouble(status);
    let floor_colour = mix(colour(COLOUR_SURFACE), colour(status), select(0.0, 0.012, loud));
    // Mixed with the background here, so that it need not be blended.
    out.colour = vec4(mix(scene.colours[COLOUR_GROUND].rgb, floor_colour, 0.6 * there * (1.0 - DIMMED_SHARE * dimming_of(mark))), 1.0);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    return in.colour;
}
