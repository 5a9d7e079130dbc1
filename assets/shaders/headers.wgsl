// The line below the header of a block: its progress, and from the other end what failed and what is blocked. And the bands that
// stand for its calm cells where these are too small to be seen.

@group(1) @binding(1) var<storage, read> grounds: array<Ground>;

const SWEEP_SECS: f32 = 0.9;
// In desk pixels: the room at both ends and below a line, its height; the room around bands.
const ASIDE_PX: f32 = 6.0;
const LINE_PX: f32 = 2.0;
const BAND_GAP_PX: f32 = 1.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // The share of the way from the left.
    @location(0) at: f32,
    // Done, failed, blocked; of bands: done and running, and where the sweep is (< 0: nowhere).
    @location(1) @interpolate(flat) shares: vec4<f32>,
    @location(2) @interpolate(flat) ground_colour: vec3<f32>,
    @location(3) @interpolate(flat) done_colour: vec3<f32>,
    // How grey it is; how far it is dimmed.
    @location(4) @interpolate(flat) grey: vec2<f32>,
}

// A corner of a quad between two corners of the world, inset by pixels.
fn corner_between(low: vec2<f32>, high: vec2<f32>, inset_px: vec2<f32>, index: u32) -> vec4<f32> {
    let corner = corner_of(index);
    return clip_at(mix(low, high, corner * 0.5 + 0.5), -corner * inset_px);
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let ground = grounds[number >> 2u];
    let index = number & 3u;
    greyness = lost_in(ground.word);
    let there = ground_presence(ground);
    let header = header_of(ground);
    let kind = kind_in(ground.word);
    let scale = pixels_per_unit();
    if kind == 0u || kind == DOCK || there < 0.5 || header * scale < 6.0 * scene.unit {
        return out;
    }
    let rect = ground_rect(ground);
    let line = max(LINE_PX * scene.unit, 1.0);
    // The line is at the header's lower edge and has a fixed height on the screen.
    let corner = corner_of(index);
    let at = vec2(select(rect.x, rect.z, corner.x > 0.0), rect.w - header);
    let offset = vec2(-corner.x * ASIDE_PX * scene.unit, select(0.0, line, corner.y > 0.0));
    out.clip = clip_at(at, offset);
    out.at = corner.x * 0.5 + 0.5;
    let middle = (rect.xy + rect.zw) / 2.0;
    let dimming = dimming_at(ground.word, middle);
    let progress = ground.extra & 0xffu;
    let done = select(f32(progress) / 254.0, -1.0, progress == NO_GROUND_PROGRESS);
    let trouble = trouble_of(ground);
    // Never shorter than can be seen.
    let least = 6.0 * scene.unit / max((rect.z - rect.x) * scale, 1.0);
    let shown = select(vec2(0.0), max(trouble, vec2(least)), trouble > vec2(0.0));
    let status = (ground.word >> STATUS_SHIFT) & FIELD_MASK;
    let since = age(ground.status_stamp);
    let turned = status == DONE && status != ((ground.word >> STATUS_BEFORE_SHIFT) & FIELD_MASK);
    let sweep = select(-1.0, since / SWEEP_SECS, turned && since < SWEEP_SECS && scene.plain == 0u && greyness < 0.5);
    out.shares = vec4(done, shown.y, shown.x, sweep);
    out.ground_colour = dimmed(colour(COLOUR_LINE), dimming);
    out.done_colour = dimmed(colour(DONE), dimming);
    out.grey = vec2(greyness, dimming);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    greyness = in.grey.x;
    var out = in.ground_colour;
    out = select(out, in.done_colour, in.at < in.shares.x);
    out = select(out, colour(BLOCKED), 1.0 - in.at < in.shares.y + in.shares.z && in.shares.z > 0.0);
    out = select(out, colour(FAILED), 1.0 - in.at < in.shares.y);
    let behind = in.shares.w * 1.3 - in.at;
    let light = select(0.0, smoothstep(0.3, 0.0, behind), in.shares.w >= 0.0 && behind > 0.0);
    return vec4(mix(out, colour(COLOUR_TEXT), light), 1.0);
}

@vertex
fn band(@builtin(vertex_index) number: u32) -> Corner {
    var out: Corner;
    out.clip = nowhere();
    let ground = grounds[number >> 2u];
    let index = number & 3u;
    greyness = lost_in(ground.word);
    let kind = kind_in(ground.word);
    let scale = pixels_per_unit();
    let cell = f32((ground.extra >> 8u) & 0xffu) / 16.0 * scale / scene.unit;
    if kind == 0u || kind == DOCK || ground_presence(ground) < 0.5 || cell <= 0.0 || cell >= scene.levels.x {
        return out;
    }
    let rect = ground_rect(ground);
    let high = vec2(rect.z, rect.w - header_of(ground));
    out.clip = corner_between(rect.xy, high, vec2(BAND_GAP_PX * scene.unit), index);
    out.at = corner_of(index).x * 0.5 + 0.5;
    let middle = (rect.xy + rect.zw) / 2.0;
    let dimming = dimming_at(ground.word, middle);
    let shares = vec2(f32((ground.shares >> 8u) & 0xffu), f32(ground.shares & 0xffu)) / 255.0;
    let trouble = trouble_of(ground);
    let calm = max(1.0 - trouble.x - trouble.y, 0.01);
    out.shares = vec4(shares.x / calm, (shares.x + shares.y) / calm, 0.0, -1.0);
    out.ground_colour = dimmed(filled_colour(QUEUED), dimming);
    out.done_colour = dimmed(filled_colour(DONE), dimming);
    out.grey = vec2(greyness, dimming);
    return out;
}

@fragment
fn band_fragment(in: Corner) -> @location(0) vec4<f32> {
    greyness = in.grey.x;
    var out = in.ground_colour;
    out = select(out, dimmed(filled_colour(RUNNING), in.grey.y), in.at < in.shares.y);
    out = select(out, in.done_colour, in.at < in.shares.x);
    return vec4(out, 1.0);
}
