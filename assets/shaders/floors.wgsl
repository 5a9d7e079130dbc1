// The grounds of the blocks and of the dock, and their outlines. The grounds cover most of the screen, so each is a polygon of
// one opaque colour without anything to compute per pixel; the outline covers its edge.

@group(1) @binding(1) var<storage, read> grounds: array<Ground>;

// In desk pixels.
const CORNER_PX: f32 = 5.0;
const LINE_PX: f32 = 1.0;
// How far a block with a failed, a blocked task takes their colour.
const FAILED_TINT: f32 = 0.014;
const BLOCKED_TINT: f32 = 0.006;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) colour: vec4<f32>,
    // Pixels outward from the middle of the line; half its width.
    @location(1) band: vec2<f32>,
}

// The colour of a block's trouble, and how strong it is.
fn tint_of(ground: Ground) -> vec4<f32> {
    let trouble = trouble_of(ground);
    let status = (ground.word >> STATUS_SHIFT) & FIELD_MASK;
    if kind_in(ground.word) == DOCK { return vec4(0.0); }
    if trouble.y > 0.0 || status == FAILED { return vec4(colour(FAILED), FAILED_TINT); }
    if trouble.x > 0.0 || status == BLOCKED { return vec4(colour(BLOCKED), BLOCKED_TINT); }
    return vec4(0.0);
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let ground = grounds[instance];
    greyness = lost_in(ground.word);
    let there = ground_presence(ground);
    if kind_in(ground.word) == 0u || there <= 0.0 || kind_in(ground.word) == DOCK {
        out.clip = nowhere();
        return out;
    }
    let rect = ground_rect(ground);
    let middle = (rect.xy + rect.zw) / 2.0;
    let half_px = (rect.zw - rect.xy) / 2.0 * pixels_per_unit();
    out.clip = clip_at(middle, outline_at(half_px, CORNER_PX * scene.unit, zigzag(index)).edge);
    let tint = tint_of(ground);
    let floor_colour = mix(colour(COLOUR_SURFACE), tint.rgb, tint.a * (1.0 - greyness));
    let base = scene.colours[COLOUR_GROUND].rgb;
    // Mixed with the background here, so that it need not be blended.
    out.colour = vec4(mix(base, floor_colour, there * (1.0 - min(DIMMED_SHARE * dimming_at(ground.word, middle), 1.0))), 1.0);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    return in.colour;
}

@vertex
fn border(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let ground = grounds[instance];
    greyness = lost_in(ground.word);
    let there = ground_presence(ground);
    if kind_in(ground.word) == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    let rect = ground_rect(ground);
    let middle = (rect.xy + rect.zw) / 2.0;
    let half_px = (rect.zw - rect.xy) / 2.0 * pixels_per_unit();
    let outline = outline_at(half_px, CORNER_PX * scene.unit, index / 2u);
    let line = max(LINE_PX * scene.unit, 1.0);
    let half_band = line / 2.0 + 1.0;
    let side = select(-half_band, half_band, (index & 1u) == 1u);
    out.clip = clip_at(middle, outline.edge + outline.outward * (side - line / 2.0));
    out.band = vec2(side, line / 2.0);
    let tint = tint_of(ground);
    let ink = mix(colour(COLOUR_LINE), tint.rgb, select(0.0, 0.55, tint.a > 0.0) * (1.0 - greyness));
    out.colour = vec4(dimmed(ink, dimming_at(ground.word, middle)), 1.0) * there;
    return out;
}

@fragment
fn border_fragment(in: Corner) -> @location(0) vec4<f32> {
    return in.colour * stroke(in.band.x, 2.0 * in.band.y);
}
