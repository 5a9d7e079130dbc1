// The hatched frame of a stale scene: four strips along the edges of the area that no panel covers.

// The width of the frame in desk pixels: no more than the plan and the padding of blocks keep free at the edges of the screen,
// so that no name is under it.
const WIDTH_PX: f32 = 9.0;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Pixels from the top left of the view.
    @location(0) at: vec2<f32>,
}

fn width_px() -> f32 {
    return WIDTH_PX * scene.unit;
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, @builtin(instance_index) strip: u32) -> Corner {
    var out: Corner;
    let width = width_px();
    let size = view.viewport.zw;
    let first = vec2(scene.insets.z, scene.insets.x);
    let last = size - vec2(scene.insets.w, scene.insets.y);
    if scene.stale <= 0.0 || any(last - first < vec2(4.0 * width)) {
        out.clip = nowhere();
        return out;
    }
    var low = first;
    var high = last;
    switch strip {
        case 0u: { high.y = first.y + width; }
        case 1u: { low.y = last.y - width; }
        case 2u: { low.y = first.y + width; high = vec2(first.x + width, last.y - width); }
        default: { low = vec2(last.x - width, first.y + width); high.y = last.y - width; }
    }
    let at = mix(low, high, corner_of(index) * 0.5 + 0.5);
    out.at = at;
    out.clip = vec4(at / size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let width = width_px();
    let period = width * 2.2;
    let across = abs(fract((in.at.x + in.at.y) / period) - 0.5) * period;
    let hatch = saturate((across - 0.25 * period) * 0.7071068 + 0.5);
    let bright = vec4(colour(COLOUR_MUTED), 1.0) * 0.75;
    let dark = vec4(colour(COLOUR_GROUND), 1.0) * 0.75;
    return mix(dark, bright, hatch) * smoothstep(0.0, 1.0, scene.stale);
}
