// The rings of the districts: track, arc of progress (clockwise from the top), failed and blocked shares (backwards from
// the top). From far they are the tally of the tasks: done and running clockwise, failed, blocked and waiting backwards,
// the rest is the track; the arcs grow into it as one zooms out. Drawn as a band of triangles, so that the floor's pixels are not asked.

@group(1) @binding(1) var<storage, read> grounds: array<Mark>;

const SWEEP_SECS: f32 = 0.9;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Pixels from the middle.
    @location(0) at: vec2<f32>,
    // Pixels outward from the line; turns clockwise from the top.
    @location(1) band: vec2<f32>,
    // Radius (< 0: not a circle), width of the line, of the arc; dashes.
    @location(2) @interpolate(flat) shape: vec4<f32>,
    // Progress, failed, blocked, place of the sweep (< 0: none).
    @location(3) @interpolate(flat) shares: vec4<f32>,
    @location(4) @interpolate(flat) line_colour: vec4<f32>,
    @location(5) @interpolate(flat) arc_colour: vec4<f32>,
    // Running, waiting; how grey it is because a source is lost.
    @location(6) @interpolate(flat) more: vec3<f32>,
    @location(7) @interpolate(flat) runs_colour: vec3<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) instance: u32) -> Corner {
    var out: Corner;
    let mark = grounds[instance];
    let kind = kind_of(mark);
    greyness = lost_of(mark);
    out.more.z = greyness;
    let there = presence_of(mark);
    if kind == 0u || there <= 0.0 {
        out.clip = nowhere();
        return out;
    }
    let turn = f32(index / 2u) / f32(RING_SEGMENTS);
    let outline = outline_of(mark, turn, pixels_per_unit());
    let tally = select(0.0, far(), has_tally(mark));
    let thin = clamp(outline.radius * 0.045, 1.8 * scene.unit, 7.0 * scene.unit);
    let arc = mix(thin, clamp(outline.radius * 0.14, 2.4 * scene.unit, 22.0 * scene.unit), tally);
    // It grows inward: neighbours stay apart.
    let inset = 0.5 * (arc - thin);
    // Wide enough for the line, its soft edge, and what a chord cuts off its circle.
    let half_band = 0.5 * arc + 1.0 + 0.0022 * outline.radius;
    let side = select(-half_band, half_band, (index & 1u) == 1u);
    out.at = outline.edge + outline.outward * (side - inset);
    out.band = vec2(side, turn);
    out.clip = clip_at(outline.middle, out.at);

    let status = status_of(mark);
    let since = age(mark.status_stamp);
    let round = kind != DOCK;
    let dashes = max(round_to(TAU * outline.radius / (arc * 5.0)), 12.0);
    out.shape = vec4(select(-1.0, outline.radius - inset, round), max(arc * mix(select(0.5, 0.6, kind == UNASSIGNED), 1.0, tally), 1.2), arc, 0.0);
    // A district in trouble keeps its colour, and so do the shares of its tasks that are.
    let dimming = dimming_of(mark);
    out.line_colour = vec4(dimmed(colour(COLOUR_LINE), dimming), 1.0) * there;
    out.arc_colour = vec4(dimmed(colour(status), select(dimming, 0.0, is_trouble(status))), 1.0) * there;
    out.runs_colour = dimmed(colour(RUNNING), dimming);
    out.shares = vec4(progress_of(mark), 0.0, 0.0, -1.0);
    if kind == UNASSIGNED && tally < 0.5 {
        out.shape.w = dashes;
        out.line_colour = vec4(dimmed(colour(COLOUR_MUTED), dimming), 1.0) * (0.9 * there);
    }
    if !has_tally(mark) {
        out.shares.x = -1.0;
        return out;
    }
    // Never shorter than can be seen.
    let least = 9.0 * scene.unit / (TAU * outline.radius);
    let trouble = trouble_of(mark);
    let shown = select(vec3(0.0), max(trouble.xyz, vec3(least)), trouble.xyz > vec3(0.0));
    let done = f32((mark.stamps.z >> 16u) & 0xffu) / 255.0;
    let all = kind == DISTRICT;
    out.shares.x = select(done * tally, mix(max(out.shares.x, 0.0), done, tally), all);
    // The trouble of tasks of no workflow is shown by their marks until it is a tally.
    out.shares.y = shown.x * select(tally, 1.0, all);
    out.shares.z = shown.y * select(tally, 1.0, all);
    out.more = vec3(vec2(f32(mark.stamps.z & 0xffu) / 255.0, shown.z) * tally, greyness);
    out.arc_colour = vec4(mix(out.arc_colour.rgb, dimmed(colour(DONE), dimming), smoothstep(0.3, 0.6, tally)), there);
    if kind == DISTRICT && status != status_before(mark) && scene.plain == 0u && greyness < 0.5 {
        // The arc lights up with a change; a sweep runs round once when the workflow completes.
        out.arc_colour = vec4(out.arc_colour.rgb * (1.0 + 0.8 * (1.0 - saturate(since / PULSE_SECS))), there);
        out.shares.w = select(-1.0, since / SWEEP_SECS, status == DONE && since < SWEEP_SECS);
    }
    return out;
}

fn round_to(value: f32) -> f32 {
    return floor(value + 0.5);
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    greyness = in.more.z;
    let off = select(in.band.x, length(in.at) - in.shape.x, in.shape.x > 0.0);
    let turn = in.band.y;
    let length_px = TAU * max(in.shape.x, 1.0);
    let arc = stroke(off, in.shape.z);
    // Coverage along the arc: of what lies before `turn`, soft over a pixel.
    let done = saturate((in.shares.x - turn) * length_px + 0.5);
    let failed = saturate((in.shares.y - (1.0 - turn)) * length_px + 0.5) * step(1e-6, in.shares.y);
    let hung = saturate((in.shares.y + in.shares.z - (1.0 - turn)) * length_px + 0.5) * step(1e-6, in.shares.z);
    let dash = select(1.0, saturate((0.30 - abs(fract(turn * in.shape.w) - 0.5)) * length_px / max(in.shape.w, 1.0) + 0.5), in.shape.w > 0.0);
    let runs = saturate((max(in.shares.x, 0.0) + in.more.x - turn) * length_px + 0.5) * step(1e-6, in.more.x);
    let asked = saturate((in.shares.y + in.shares.z + in.more.y - (1.0 - turn)) * length_px + 0.5) * step(1e-6, in.more.y);
    var out = in.line_colour * (stroke(off, in.shape.y) * dash);
    out = over(vec4(in.runs_colour, 1.0) * (arc * runs * in.arc_colour.a), out);
    out = over(in.arc_colour * (arc * done * step(1e-6, in.shares.x)), out);
    out = over(vec4(colour(WAITING), 1.0) * (arc * asked * in.arc_colour.a), out);
    out = over(vec4(colour(BLOCKED), 1.0) * (arc * hung * in.arc_colour.a), out);
    out = over(vec4(colour(FAILED), 1.0) * (arc * failed * in.arc_colour.a), out);
    let behind = fract(in.shares.w - turn + 1.0);
    let sweep = arc * smoothstep(0.25, 0.0, behind) * (1.0 - in.shares.w * in.shares.w) * step(0.0, in.shares.w);
    return over(vec4(colour(COLOUR_TEXT), 1.0) * sweep, out);
}
