//! One proxied connection: a pump for each direction, which passes bytes on as the flow says.

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

use demo::Cut;

/// How bytes pass through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// At once and unchanged.
    #[default]
    Pass,
    /// Not at all: both sides are read and what they send is discarded, and neither side sees an end (half open).
    Swallow,
    /// Not at all, and nothing is read: what is sent meanwhile arrives once the flow changes.
    Stall,
    /// At most this many bytes a second in each direction.
    Throttle(u32),
    /// In writes of at most this many bytes, each in a packet of its own where the system allows it.
    Split(usize),
    /// Held for this long and then written at once.
    Merge(Duration),
}

/// The direction of bytes through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// The controls of an open connection.
#[derive(Debug)]
pub(crate) struct ProxiedConnection {
    flow: watch::Sender<Flow>,
    cut: watch::Sender<Option<Cut>>,
    lanes: [Lane; 2],
}

/// The state of one direction.
#[derive(Debug, Default)]
struct Lane {
    /// Bytes to insert into the stream.
    injected: Mutex<Vec<u8>>,
    has_injected: Notify,
    /// Number of bytes still to be inverted.
    to_corrupt: AtomicUsize,
    /// Number of bytes written so far.
    passed: AtomicU64,
}

/// Most bytes held in one direction; while it is full, nothing more is read.
const MAX_HELD: usize = 1 << 20;
/// Most bytes taken by one read.
const MAX_READ: usize = 64 << 10;
/// Writes per second of a throttled flow.
const THROTTLE_WRITES_PER_S: u32 = 20;

impl ProxiedConnection {
    pub(crate) fn new(flow: Flow) -> Self {
        Self {
            flow: watch::Sender::new(flow),
            cut: watch::Sender::new(None),
            lanes: Default::default(),
        }
    }

    fn lane(&self, way: Way) -> &Lane {
        match way {
            Way::ToServer => &self.lanes[0],
            Way::ToClient => &self.lanes[1],
        }
    }

    pub(crate) fn set_flow(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }

    pub(crate) fn cut(&self, how: Cut) {
        self.cut.send_replace(Some(how));
    }

    /// Inserts bytes into one direction. They are discarded when that direction holds its most already.
    pub(crate) fn inject(&self, way: Way, bytes: &[u8]) {
        let lane = self.lane(way);
        let mut injected = lane.injected.lock().unwrap_or_else(PoisonError::into_inner);
        if injected.len() + bytes.len() <= MAX_HELD {
            injected.extend_from_slice(bytes);
            lane.has_injected.notify_one();
        }
    }

    /// Inverts every bit of the next `bytes` bytes.
    pub(crate) fn corrupt(&self, way: Way, bytes: usize) {
        self.lane(way).to_corrupt.store(bytes, Ordering::Relaxed);
    }

    /// Number of bytes written in one direction.
    pub(crate) fn passed(&self, way: Way) -> u64 {
        self.lane(way).passed.load(Ordering::Relaxed)
    }

    /// Forwards bytes until either side ends the connection, or it is cut.
    pub(crate) async fn serve(&self, mut client: TcpStream, mut server: TcpStream) {
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
                // An error on one side is passed on to the other as a reset.
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
        let mut buffer = vec![0; MAX_READ];
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
                Flow::Throttle(rate) => held.len().min((rate / THROTTLE_WRITES_PER_S).max(1) as usize),
            };
            if piece > 0 && due <= Instant::now() {
                let part: Vec<u8> = held.drain(..piece).collect();
                to.write_all(&part).await?;
                lane.passed.fetch_add(part.len() as u64, Ordering::Relaxed);
                due = Instant::now();
                if let Flow::Throttle(rate) = how {
                    due += Duration::from_secs_f64(piece as f64 / f64::from(rate.max(1)));
                }
                // The reader can take each piece by itself, and the other direction gets to run.
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
                () = lane.has_injected.notified() => {
                    let mut injected = lane.injected.lock().unwrap_or_else(PoisonError::into_inner);
                    held.extend(injected.drain(..));
                }
                () = sleep_until(due), if piece > 0 => {}
                read = from.read(&mut buffer), if is_open && how != Flow::Stall && held.len() < MAX_HELD => {
                    let count = match read {
                        Ok(count) => count,
                        // A half-open connection does not pass on the end of the other side.
                        Err(_) if how == Flow::Swallow => 0,
                        Err(error) => return Err(error),
                    };
                    is_open = count > 0;
                    if let (true, Flow::Merge(span)) = (held.is_empty(), how) {
                        due = Instant::now() + span;
                    }
                    let read = buffer.get_mut(..count).unwrap_or_default();
                    invert(&lane.to_corrupt, read);
                    held.extend(read.iter());
                }
            }
        }
    }
}

/// Inverts as many of these bytes as are still to be corrupted.
fn invert(left: &AtomicUsize, bytes: &mut [u8]) {
    let count = left.load(Ordering::Relaxed).min(bytes.len());
    if count > 0 {
        for byte in bytes.iter_mut().take(count) {
            *byte = !*byte;
        }
        left.fetch_sub(count, Ordering::Relaxed);
    }
}
