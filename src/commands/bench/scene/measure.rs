//! Runs in turn, and what came of them.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use bevy::math::UVec2;

use super::{
    crowd::Crowd,
    figures::Millis,
    player::{Player, Run},
    report::{Burst, Full, Report, Worlds},
    sprites, wall,
};
use crate::commands::{
    Failure,
    bench::ingest::{cannot_print, report_progress},
    usage,
};

/// What is measured when no size is named.
const SERIES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// A picture that costs nothing to fill.
const SMALL: UVec2 = UVec2::new(64, 36);
const FULL: UVec2 = UVec2::new(1920, 1080);
/// Frames of a run that is paced as a display does.
const RUN_FRAMES: usize = 120;
/// Length of a run that is not.
const RUN_SPAN: Duration = Duration::from_secs(4);
/// After a pause what was on its way has come.
const CALM: Duration = Duration::from_millis(1_500);
/// Transactions of the burst: a bulk update of 5,000 rows is the common one.
const BURST: usize = 5_000;
/// How long the frames after it are watched.
const BURST_SPAN: Duration = Duration::from_secs(4);

/// What is measured, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Rows; `None`: 1,000, 10,000, 100,000 and 1,000,000, each in a process of its own.
    pub(crate) entities: Option<usize>,
    /// Changes per second of the feed.
    pub(crate) changes_per_s: u32,
    /// 1920×1080, frames per second.
    pub(crate) full: bool,
    /// Compare with as many of Bevy's sprites.
    pub(crate) sprites: bool,
    /// How many runs are measured.
    pub(crate) runs: usize,
    /// Print JSON instead of text.
    pub(crate) json: bool,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let Some(entities) = options.entities else {
        return series(options);
    };
    let crowd = Crowd::start(entities, options.changes_per_s)?;
    let report = if options.full {
        full(options, entities, &crowd)?
    } else {
        worlds(options, entities, &crowd)?
    };
    report.print(options.json).map_err(cannot_print)
}

/// The same bench once a size: memory, caches and threads of one leave the next alone.
fn series(options: &Options) -> Result<(), Failure> {
    for entities in SERIES {
        let mut command = Command::new(env::current_exe().map_err(cannot_start)?);
        command
            .args(["bench", "scene", "--entities", &entities.to_string()])
            .args(["--changes", &options.changes_per_s.to_string()])
            .args(["--runs", &options.runs.to_string()]);
        for (is_wanted, flag) in [(options.full, "--full"), (options.json, "--json")] {
            if is_wanted {
                command.arg(flag);
            }
        }
        if options.sprites {
            command.args(["--reference", sprites::NAME]);
        }
        if !command.status().map_err(cannot_start)?.success() {
            return Err(Failure::Running(format!(
                "the measurement of {entities} rows failed, as said above"
            )));
        }
    }
    Ok(())
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::Running(format!(
        "cannot start this program once more: {error}; free some memory"
    ))
}

/// Processor time of both worlds, 64×36.
fn worlds(options: &Options, entities: usize, crowd: &Crowd) -> Result<Report, Failure> {
    let mut wall = wall::open(crowd, entities, SMALL)?;
    let mut sprites = match options.sprites {
        true => Some(Player::new(sprites::app(entities, SMALL))?),
        false => None,
    };
    if let Some(sprites) = &mut sprites {
        sprites.flat_out(CALM)?;
    }
    let (mut rest, mut changing, mut moving, mut theirs) =
        (Runs::default(), Runs::default(), Runs::default(), Runs::default());
    for number in 0..options.runs {
        crowd.pause()?;
        wall::until_rest(&mut wall)?;
        wall.flat_out(CALM)?;
        rest.take(wall.paced(RUN_FRAMES)?);
        crowd.resume()?;
        changing.take(wall.paced(RUN_FRAMES)?);
        wall::set_stirring(&mut wall, true);
        moving.take(wall.paced(RUN_FRAMES)?);
        wall::set_stirring(&mut wall, false);
        if let Some(sprites) = &mut sprites {
            theirs.take(sprites.paced(RUN_FRAMES)?);
        }
        report_progress(&format!("{entities} rows: run {} of {} done", number + 1, options.runs));
    }
    // Taken side by side, so that what else the machine does in a run weighs on both.
    let ratios = moving.cpu.iter().zip(&theirs.cpu).map(|(ours, theirs)| ours / theirs);
    let ratio = Millis::of(ratios.collect());
    Ok(Report {
        entities,
        changes_per_s: options.changes_per_s,
        worlds: Some(Worlds {
            ratio: sprites.as_ref().map(|_| ratio),
            rest: rest.phase(),
            changing: changing.phase(),
            moving: moving.phase(),
            sprites: sprites.map(|_| theirs.phase()),
        }),
        full: None,
    })
}

/// How long after the last commit of a burst the wall shows what the feed has, in milliseconds; at least as long as it takes
/// to ask the feed for all rows.
fn until_equal(wall: &mut Player, crowd: &Crowd) -> Result<f64, Failure> {
    let (_, (committed, source)) = beside(wall, Duration::ZERO, || {
        crowd.burst(BURST)?;
        crowd.pause()?;
        Ok((Instant::now(), crowd.states()?))
    })?;
    wall::until_equal(wall, &source)?;
    let after = committed.elapsed();
    crowd.resume()?;
    Ok(after.as_secs_f64() * 1e3)
}

/// Plays for a while, and again for as long until `work` is done beside it: what is asked for so comes as it would from anybody.
/// Answers the frames, in milliseconds, and what came of the work.
fn beside<T: Send>(
    wall: &mut Player,
    span: Duration,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<(Vec<f64>, T), Failure> {
    std::thread::scope(|scope| {
        let work = scope.spawn(work);
        let (mut frames, mut began) = (Vec::new(), Instant::now());
        loop {
            frames.push(wall.timed()?);
            if began.elapsed() >= span {
                if work.is_finished() {
                    break;
                }
                began = Instant::now();
            }
        }
        let failed = |_| Err(Failure::Running("the burst failed; run the bench again".into()));
        Ok((frames, work.join().unwrap_or_else(failed)?))
    })
}

#[derive(Debug, Default)]
struct Runs {
    cpu: Vec<f64>,
    frames: Vec<f64>,
}

impl Runs {
    fn take(&mut self, run: Run) {
        self.cpu.push(run.cpu);
        self.frames.extend(run.frames);
    }

    fn phase(self) -> super::report::ConditionCost {
        super::report::ConditionCost {
            frame_cpu_ms: Millis::of(self.cpu),
            frame_ms: Millis::of(self.frames),
        }
    }
}

/// Frames per second of the whole picture.
fn full(options: &Options, entities: usize, crowd: &Crowd) -> Result<Report, Failure> {
    let mut wall = wall::open(crowd, entities, FULL)?;
    let (mut rates, mut frames, mut processor) = (Vec::new(), Vec::new(), Vec::new());
    let (mut worst, mut over, mut equal) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..options.runs {
        let before = usage::cpu_time();
        let run = wall.flat_out(RUN_SPAN)?;
        let used = usage::cpu_time()
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before));
        processor.push(used.map_or(f64::NAN, |used| used.as_secs_f64() * 1e3 / run.len() as f64));
        rates.push(1e3 * run.len() as f64 / run.iter().sum::<f64>());
        let median = Millis::of(run.clone()).median;
        frames.extend(run);
        let (after, ()) = beside(&mut wall, BURST_SPAN, || crowd.burst(BURST))?;
        let longest = Millis::of(after).max;
        worst.push(longest);
        over.push(longest / median);
        equal.push(until_equal(&mut wall, crowd)?);
        report_progress(&format!("{entities} rows: run {} of {} done", number + 1, options.runs));
    }
    Ok(Report {
        entities,
        changes_per_s: options.changes_per_s,
        worlds: None,
        full: Some(Full {
            frames_per_s: Millis::of(rates),
            frame_ms: Millis::of(frames),
            frame_process_cpu_ms: Millis::of(processor),
            burst: Burst {
                transactions: BURST,
                longest_ms: Millis::of(worst),
                times_median: Millis::of(over),
                equal_after_ms: Millis::of(equal),
            },
        }),
    })
}
