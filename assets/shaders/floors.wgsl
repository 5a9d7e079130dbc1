// The floors of the districts and of the dock: large and many pixels, so a polygon of one opaque colour and nothing to
// compute. Its edge lies under the ring.

@group(1) @binding(1) var<storage, read> grounds: array<Mark>;

const CORNERS: u32 = 48u;
// Its corners lie so much further out that its sides are as far within the circle as they are without: under the ring
// that is drawn over it, up to a radius of some thousand pixels.
const OUT: f32 = 1.00107;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) colour: vec4<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let mark = grounds[instance];
    let there = presence_of(mark);
    if kind_of(mark) == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    // A strip that zigzags over the polygon: 0, 47, 1, 46, 2 …
    let turn = select(CORNERS - (index + 1u) / 2u, index / 2u, (index & 1u) == 0u);
    let outline = outline_of(mark, f32(turn) / f32(CORNERS), pixels_per_unit());
    out.clip = clip_at(outline.middle, outline.edge * select(OUT, 1.0, kind_of(mark) == DOCK));
    let status = status_of(mark);
    let loud = kind_of(mark) == DISTRICT && is_trouble(status);
    let floor_colour = mix(colour(SURFACE), colour(status), select(0.0, 0.012, loud));
    // On the ground as it is: no need to blend.
    out.colour = vec4(mix(scene.colours[GROUND].rgb, floor_colour, 0.6 * there * (1.0 - STEPPED_BACK * stepped_back(mark))), 1.0);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    return in.colour;
}
