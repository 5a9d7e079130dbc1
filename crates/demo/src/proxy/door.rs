//! The proxy itself: a port, and the links that are open.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use tokio::net::{TcpListener, TcpStream};

use super::{
    super::{Cut, DemoError, host::Host},
    Flow, Way,
    link::Link,
};

/// A proxy on a loopback port. Stops when dropped, within a second.
#[derive(Debug)]
pub struct Proxy {
    host: Host,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared(Mutex<State>);

#[derive(Debug)]
struct State {
    upstream: SocketAddr,
    /// What new links begin with; `None` = they are reset at once.
    flow: Option<Flow>,
    links: BTreeMap<u64, Arc<Link>>,
    last: u64,
}

/// Links at a time; more are reset.
const MOST_LINKS: usize = 256;
/// Largest piece of garbage.
const MOST_GARBAGE: usize = 64 << 10;
/// How long the server behind may take to be reached.
const DIAL_DEADLINE: Duration = Duration::from_secs(5);

impl Proxy {
    /// Listens on a free loopback port, and passes everything on to `upstream` until told otherwise.
    ///
    /// # Errors
    /// When there is no port or no thread to be had.
    pub fn start(upstream: SocketAddr) -> Result<Self, DemoError> {
        let shared = Arc::new(Shared(Mutex::new(State {
            upstream,
            flow: Some(Flow::Pass),
            links: BTreeMap::new(),
            last: 0,
        })));
        let served = shared.clone();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let host = Host::start(listen, "demo-proxy", move |listener| accept(listener, served))?;
        Ok(Self { host, shared })
    }

    pub fn addr(&self) -> SocketAddr {
        self.host.addr()
    }

    /// What to give a client as its project's URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.host.addr())
    }

    /// New links go there.
    pub fn point_at(&self, upstream: SocketAddr) {
        self.shared.lock().upstream = upstream;
    }

    /// How bytes pass from now on, on links that are open and on those to come.
    pub fn set_flow(&self, flow: Flow) {
        self.set_flow_of_open(flow);
        self.shared.lock().flow = Some(flow);
    }

    /// How bytes pass on the links that are open; new ones are as they were. Answers how many there were.
    pub fn set_flow_of_open(&self, flow: Flow) -> usize {
        self.for_links(|link| link.set_flow(flow))
    }

    /// New links are reset at once, until [`Proxy::set_flow`].
    pub fn refuse_new(&self) {
        self.shared.lock().flow = None;
    }

    /// Ends every open link with a FIN or, for [`Cut::Rst`], a reset; answers how many there were.
    pub fn cut(&self, how: Cut) -> usize {
        self.for_links(|link| link.cut(how))
    }

    /// Puts bytes between those that pass, on every open link.
    pub fn inject(&self, way: Way, bytes: &[u8]) -> usize {
        self.for_links(|link| link.inject(way, bytes))
    }

    /// Puts garbage, the same for the same seed, between the bytes that pass.
    pub fn garbage(&self, way: Way, bytes: usize, seed: u64) -> usize {
        let mut rng = Rng::with_seed(seed);
        let garbage: Vec<u8> = (0..bytes.min(MOST_GARBAGE)).map(|_| rng.u8(..)).collect();
        self.inject(way, &garbage)
    }

    /// Turns every bit of the next `bytes` bytes over, on every open link.
    pub fn spoil(&self, way: Way, bytes: usize) -> usize {
        self.for_links(|link| link.spoil(way, bytes))
    }

    /// Open links.
    pub fn links(&self) -> usize {
        self.shared.lock().links.len()
    }

    /// Bytes that have gone that way on the links that are open.
    pub fn passed(&self, way: Way) -> u64 {
        self.shared.lock().links.values().map(|link| link.passed(way)).sum()
    }

    fn for_links(&self, act: impl Fn(&Link)) -> usize {
        self.shared.lock().links.values().map(|link| act(link)).count()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link for a new connection, and where it goes; `None` when it is to be reset.
    fn open(&self) -> Option<(u64, Arc<Link>, SocketAddr)> {
        let mut state = self.lock();
        let flow = state.flow.filter(|_| state.links.len() < MOST_LINKS)?;
        state.last += 1;
        let (number, link) = (state.last, Arc::new(Link::new(flow)));
        state.links.insert(number, link.clone());
        Some((number, link, state.upstream))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some((number, link, upstream)) = shared.open() else {
            let _ = client.set_zero_linger();
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(DIAL_DEADLINE, TcpStream::connect(upstream)).await {
                Ok(Ok(server)) => link.serve(client, server).await,
                // Nobody is there: the client is told as if by the server's machine.
                _ => {
                    let _ = client.set_zero_linger();
                }
            }
            shared.lock().links.remove(&number);
        });
    }
}
