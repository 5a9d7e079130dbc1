// Beams from agents to their tasks in hand, flowing toward the task. Both ends are read from the marks, so a beam follows
// every flight without being written again.

struct Link {
    agent: u32,
    // `LINK_TO_ALARM`: the task is in the layer of the alarms.
    task: u32,
    // The stamp of when the agent took the task in hand.
    since: u32,
    // `LINK_LIVE`, `LINK_CROSSES`; 0 in an empty slot.
    word: u32,
}

// Beams of these lengths in desk pixels fade from full strength to `FAINTEST`: many long beams would cover the whole wall like
// a net.
const SHORT: f32 = 120.0;
const LONG: f32 = 500.0;
// The distance of the drops in desk pixels, and the diameters of agents between which beams appear.
const DROP_PX: f32 = 12.0;
const SEEN_PX: vec2<f32> = vec2(5.0, 9.0);
const FAINTEST: f32 = 0.35;

@group(1) @binding(1) var<storage, read> links: array<Link>;
@group(1) @binding(2) var<storage, read> tasks: array<Mark>;
@group(1) @binding(3) var<storage, read> alarms: array<Mark>;
@group(1) @binding(4) var<storage, read> agents: array<Mark>;

struct Corner {
    @builtin(position) clip: vec4<f32>,
    // Pixels from the agent, and to the side.
    @location(0) at: vec2<f32>,
    // Half width in pixels, strength, the phase of the drops, their distance in pixels.
    @location(1) @interpolate(flat) shape: vec4<f32>,
    @location(2) @interpolate(flat) colour: vec3<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) number: u32) -> Corner {
    let instance = number >> 2u;
    let index = number & 3u;
    var out: Corner;
    out.clip = nowhere();
    let link = links[instance];
    if (link.word & LINK_LIVE) == 0u {
        return out;
    }
    let slot = link.task & ~LINK_TO_ALARM;
    var task: Mark;
    if (link.task & LINK_TO_ALARM) != 0u { task = alarms[slot]; } else { task = tasks[slot]; }
    let agent = agents[link.agent];
    if kind_of(task) != TASK || kind_of(agent) != AGENT {
        return out;
    }
    let scale = pixels_per_unit();
    let from_at = position_of(agent);
    let cell = position_of(task);
    // From the rim of the hexagon to the rim of the task: the nearest point of a cell with text, else the rim of the shape.
    let has_text = cell_px(task) >= scene.levels.z;
    let reach = select(vec2(0.0), half_of(task), has_text);
    let to_at = clamp(from_at, cell - reach, cell + reach);
    let path = (to_at - from_at) * scale;
    let distance = length(path);
    let start = radius_of(agent) * 0.8;
    let end = distance - select(radius_of(task) * 0.8, 0.0, has_text);
    if end - start < 1.0 {
        return out;
    }
    let along = path / distance;
    let side = vec2(-along.y, along.x);
    var half_width = clamp(0.06 * radius_of(agent), 0.6 * scene.unit, 2.0 * scene.unit);
    var faint = mix(1.0, FAINTEST, smoothstep(SHORT, LONG, distance / scene.unit));
    // It lies over the cells of other tasks.
    if (link.word & LINK_CROSSES) != 0u {
        half_width = 0.6 * scene.unit;
        faint = FAINTEST;
    }
    let corner = corner_of(index);
    let at = mix(start, end, corner.x * 0.5 + 0.5);
    // It appears as the agent arrives, and disappears with the end that goes first.
    let arrived = smoothstep(0.35, 1.0, saturate(age(agent.stamps.x) / MOVE_SECS));
    let taken = smoothstep(0.0, 0.4, age(link.since));
    // Between small marks it would be a hairline.
    let there = arrived * taken * presence_of(agent) * presence_of(task)
        * smoothstep(SEEN_PX.x, SEEN_PX.y, 2.0 * radius_of(agent) / scene.unit);
    // It is dimmed if one of its ends is.
    let dimming = max(dimming_of(agent), dimming_of(task));
    let strength = there * faint * (1.0 - min(DIMMED_SHARE * dimming, 1.0));
    if strength < 0.01 {
        return out;
    }
    let offset = corner.y * (half_width + 1.0);
    out.clip = clip_at(from_at, along * at + side * offset);
    out.at = vec2(at, offset);
    greyness = max(lost_of(agent), lost_of(task));
    out.shape = vec4(half_width, strength, ambient() * 1.5, DROP_PX * scene.unit);
    out.colour = colour(status_of(agent));
    return out;
}

@fragment
fn fragment(in: Corner) -> @location(0) vec4<f32> {
    let across = fill(abs(in.at.y) - in.shape.x);
    // Bright drops move 1.5 times their distance a second, which divides the ambient hour.
    let drop_at = fract(in.at.x / in.shape.w - in.shape.z);
    let drops = smoothstep(0.0, 1.0, 1.0 - abs(drop_at * 2.0 - 1.0) * 1.6);
    // On a bright background the same share of colour is fainter.
    let least = mix(0.28, 0.55, step(0.5, scene.colours[COLOUR_GROUND].g));
    let light = least + (0.9 - least) * drops;
    return vec4(in.colour, 1.0) * (across * light * in.shape.y);
}
