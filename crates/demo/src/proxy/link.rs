//! One connection through the proxy: two pumps, each of which passes bytes on as its flow says.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::super::Cut;

/// How bytes pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// As they come.
    #[default]
    Pass,
    /// Not at all, and neither side is told: both are read, and answer themselves to nobody.
    Swallow,
    /// Not at all, and nothing is read either: it comes late, once the flow changes.
    Stall,
    /// So many bytes a second, each way.
    Throttle(u32),
    /// In pieces of so many bytes at most, each in a packet of its own where the system lets it.
    Split(usize),
    /// Held for so long and then all at once.
    Merge(Duration),
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

/// An open connection, as seen from outside.
#[derive(Debug)]
pub struct Link {
    flow: watch::Sender<Flow>,
    cut: watch::Sender<Option<Cut>>,
    ways: [Lane; 2],
}

/// One direction of it.
#[derive(Debug, Default)]
struct Lane {
    /// Bytes to be put between those that pass.
    injected: Mutex<Vec<u8>>,
    rung: Notify,
    /// Bytes still to be spoilt.
    spoil: AtomicUsize,
    passed: AtomicU64,
}

/// Bytes that a direction holds at most; with more it reads no further.
const MOST_HELD: usize = 1 << 20;
const MOST_READ: usize = 64 << 10;
/// Pieces of a throttled flow, a second.
const THROTTLE_STEPS: u32 = 20;

impl Link {
    pub fn new(flow: Flow) -> Self {
        Self {
            flow: watch::Sender::new(flow),
            cut: watch::Sender::new(None),
            ways: Default::default(),
        }
    }

    fn lane(&self, way: Way) -> &Lane {
        match way {
            Way::ToServer => &self.ways[0],
            Way::ToClient => &self.ways[1],
        }
    }

    pub fn set_flow(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }

    pub fn cut(&self, how: Cut) {
        self.cut.send_replace(Some(how));
    }

    /// Puts bytes between those that pass.
    pub fn inject(&self, way: Way, bytes: &[u8]) {
        let lane = self.lane(way);
        let mut injected = lane.injected.lock().unwrap_or_else(PoisonError::into_inner);
        if injected.len() + bytes.len() <= MOST_HELD {
            injected.extend_from_slice(bytes);
            lane.rung.notify_one();
        }
    }

    /// Turns every bit of the next so many bytes over.
    pub fn spoil(&self, way: Way, bytes: usize) {
        self.lane(way).spoil.store(bytes, Ordering::Relaxed);
    }

    /// Bytes that have gone that way.
    pub fn passed(&self, way: Way) -> u64 {
        self.lane(way).passed.load(Ordering::Relaxed)
    }

    /// Serves the connection until either side ends it, or it is cut.
    pub async fn serve(&self, mut client: TcpStream, mut server: TcpStream) {
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let mut cut = self.cut.subscribe();
        let resets = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            let both = async {
                tokio::try_join!(
                    self.pump(Way::ToServer, from_client, to_server),
                    self.pump(Way::ToClient, from_server, to_client),
                )
            };
            tokio::select! {
                // A reset on one side is one on the other.
                ended = both => ended.is_err(),
                how = cut.wait_for(Option::is_some) => how.is_ok_and(|how| *how == Some(Cut::Rst)),
            }
        };
        if resets {
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
    }

    async fn pump(&self, way: Way, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
        let lane = self.lane(way);
        let mut flow = self.flow.subscribe();
        let mut held: VecDeque<u8> = VecDeque::new();
        let mut buffer = vec![0; MOST_READ];
        let (mut is_open, mut due) = (true, Instant::now());
        loop {
            let how = *flow.borrow_and_update();
            if how == Flow::Swallow {
                held.clear();
            }
            let piece = match how {
                Flow::Stall | Flow::Swallow => 0,
                Flow::Pass | Flow::Merge(_) => held.len(),
                Flow::Split(most) => held.len().min(most.max(1)),
                Flow::Throttle(rate) => held.len().min((rate / THROTTLE_STEPS).max(1) as usize),
            };
            if piece > 0 && due <= Instant::now() {
                let part: Vec<u8> = held.drain(..piece).collect();
                to.write_all(&part).await?;
                lane.passed.fetch_add(part.len() as u64, Ordering::Relaxed);
                due = Instant::now();
                if let Flow::Throttle(rate) = how {
                    due += Duration::from_secs_f64(piece as f64 / f64::from(rate.max(1)));
                }
                // The reader may take each piece for itself, and the other direction has its turn.
                tokio::task::yield_now().await;
                continue;
            }
            if !is_open && held.is_empty() && how != Flow::Swallow && how != Flow::Stall {
                return to.shutdown().await;
            }
            tokio::select! {
                changed = flow.changed() => {
                    due = Instant::now();
                    if changed.is_err() {
                        return Ok(());
                    }
                }
                () = lane.rung.notified() => {
                    let mut injected = lane.injected.lock().unwrap_or_else(PoisonError::into_inner);
                    held.extend(injected.drain(..));
                }
                () = sleep_until(due), if piece > 0 => {}
                read = from.read(&mut buffer), if is_open && how != Flow::Stall && held.len() < MOST_HELD => {
                    let count = match read {
                        Ok(count) => count,
                        // Who is cut off is not told of the other's end.
                        Err(_) if how == Flow::Swallow => 0,
                        Err(error) => return Err(error),
                    };
                    is_open = count > 0;
                    if let (true, Flow::Merge(span)) = (held.is_empty(), how) {
                        due = Instant::now() + span;
                    }
                    let read = buffer.get_mut(..count).unwrap_or_default();
                    spoil(&lane.spoil, read);
                    held.extend(read.iter());
                }
            }
        }
    }
}

fn spoil(left: &AtomicUsize, bytes: &mut [u8]) {
    let count = left.load(Ordering::Relaxed).min(bytes.len());
    if count > 0 {
        for byte in bytes.iter_mut().take(count) {
            *byte = !*byte;
        }
        left.fetch_sub(count, Ordering::Relaxed);
    }
}
