// Districts and the dock: what the marks stand on. Large and many pixels, so the floor costs one comparison.

@group(1) @binding(1) var<storage, read> grounds: array<Mark>;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    // Radius or half size in pixels (x, y), width of the ring, how much of it is there.
    @location(1) @interpolate(flat) shape: vec4<f32>,
    // Progress, share in trouble, place of the sweep, brightness of the pulse.
    @location(2) @interpolate(flat) shares: vec4<f32>,
    @location(3) @interpolate(flat) word: u32,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let mark = grounds[instance];
    let kind = kind_of(mark);
    let there = presence_of(mark);
    if kind == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    let scale = pixels_per_unit();
    var at = position_of(mark);
    var half_size = vec2(max(mark.radius * scale * mix(0.85, 1.0, there), 2.0));
    if kind == DOCK {
        at = mark.from_to.zw;
        half_size = mark.from_to.xy * scale;
    }
    let ring = clamp(half_size.x * 0.045, 1.6, 7.0);
    let margin = select(ring + 1.5, 1.5, kind == DOCK);
    let corner = corner_of(index) * (half_size + margin);
    let since_status = age(mark.status_stamp);
    out.clip = clip_at(at, corner);
    out.at = corner;
    out.shape = vec4(half_size, ring, there);
    out.shares.x = progress_of(mark);
    out.shares.y = f32(mark.extra >> 24u) / 255.0;
    // A sweep runs once round the ring when the workflow completes.
    let completes = status_of(mark) == DONE && status_before(mark) != DONE && scene.reduced == 0u;
    out.shares.z = select(-1.0, since_status / 0.9, completes && since_status < 0.9);
    out.shares.w = select(0.0, 1.0 - saturate(since_status / PULSE_SECS), status_of(mark) != status_before(mark));
    out.word = mark.word;
    return out;
}

fn rounded_box(at: vec2<f32>, half_size: vec2<f32>, corner: f32) -> f32 {
    let q = abs(at) - half_size + corner;
    return length(max(q, vec2(0.0))) + min(max(q.x, q.y), 0.0) - corner;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let kind = in.word & 0xfu;
    let status = (in.word >> 4u) & 0xfu;
    let there = in.shape.w;
    if kind == DOCK {
        let distance = rounded_box(in.at, in.shape.xy, min(in.shape.y, 14.0));
        let floor_part = fill(distance) * 0.55 * there;
        let edge = stroke(distance + 0.75, 1.5) * there * 0.8;
        return over(vec4(colour(LINE) * edge, edge), vec4(colour(SURFACE) * floor_part, floor_part));
    }
    let distance = length(in.at) - in.shape.x;
    let ring = in.shape.z;
    // Half of what is drawn is floor: nothing more to compute there. It is quiet; only trouble tints it a little.
    let loud = status == FAILED || status == BLOCKED || status == WAITING;
    let floor_colour = mix(colour(SURFACE), colour(status), select(0.0, 0.012, loud));
    if distance < -3.0 * ring - 1.0 {
        return vec4(floor_colour, 1.0) * (0.6 * there);
    }
    if distance > ring + 1.0 {
        discard;
    }
    var out = vec4(floor_colour, 1.0) * (0.6 * there * fill(distance));
    // Clockwise from the top, 0 to 1.
    let turn = fract(atan2(in.at.x, in.at.y) / TAU + 1.0);
    let length_px = TAU * in.shape.x;
    let band = stroke(distance, ring);
    if kind == UNASSIGNED {
        // Dashed: it is no workflow.
        let dashes = max(round(length_px / (ring * 5.0)), 12.0);
        let dash = saturate((0.30 - abs(fract(turn * dashes) - 0.5)) * length_px / dashes + 0.5);
        let line = stroke(distance, max(ring * 0.6, 1.2)) * dash * 0.9 * there;
        return over(vec4(colour(MUTED), 1.0) * line, out);
    }
    let track = stroke(distance, max(ring * 0.5, 1.2)) * there;
    out = over(vec4(colour(LINE), 1.0) * track, out);
    let progress = in.shares.x;
    if progress > 0.0 {
        let end = saturate((progress - turn) * length_px + 0.5);
        let start = select(saturate(turn * length_px + 0.5), 1.0, progress >= 0.9999);
        let arc = band * select(end * start, 1.0, progress >= 0.9999) * there;
        // A workflow that has begun and is not over wears the colour of work; else that of its state.
        let lift = 1.0 + 0.8 * in.shares.w;
        out = over(vec4(colour(status) * lift, 1.0) * arc, out);
    }
    let trouble = in.shares.y;
    if trouble > 0.0 {
        // What failed or hangs, just inside the ring, backwards from the top.
        let inner = stroke(distance + 2.0 * ring, max(ring * 0.6, 1.5));
        // Never shorter than can be seen.
        let share = max(trouble, 10.0 / length_px);
        let arc = inner * saturate((share - (1.0 - turn)) * length_px + 0.5) * there;
        out = over(vec4(colour(select(BLOCKED, FAILED, status == FAILED)), 1.0) * arc, out);
    }
    if in.shares.z >= 0.0 {
        let behind = fract(in.shares.z - turn + 1.0);
        let tail = band * smoothstep(0.25, 0.0, behind) * (1.0 - in.shares.z * in.shares.z);
        out += vec4(colour(TEXT) * tail * there, 0.0);
    }
    return out;
}
