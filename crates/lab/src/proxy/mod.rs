//! A TCP proxy for faults below the protocol: resets, silence, slow, split and merged writes, garbage.

mod connection;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use demo::{Cut, DemoError, Host};
use fastrand::Rng;
use tokio::net::{TcpListener, TcpStream};

use connection::ProxiedConnection;
pub use connection::{Flow, Way};

/// A proxy on a loopback port. It stops when dropped, within a second.
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
    /// Initial flow of new connections; `None` = they are reset at once.
    flow: Option<Flow>,
    connections: BTreeMap<u64, Arc<ProxiedConnection>>,
    last_number: u64,
}

/// Most connections at a time; further ones are reset.
const MAX_CONNECTIONS: usize = 256;
/// Most bytes of garbage injected by one call.
const MAX_GARBAGE: usize = 64 << 10;
/// Deadline for connecting to the upstream server.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

impl Proxy {
    /// Listens on a free loopback port and forwards every connection to `upstream`.
    ///
    /// # Errors
    /// When no port can be bound or no thread can be started.
    pub fn start(upstream: SocketAddr) -> Result<Self, DemoError> {
        let shared = Arc::new(Shared(Mutex::new(State {
            upstream,
            flow: Some(Flow::Pass),
            connections: BTreeMap::new(),
            last_number: 0,
        })));
        let served = shared.clone();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let host = Host::start(listen, "lab-proxy", move |listener| accept(listener, served))?;
        Ok(Self { host, shared })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.host.addr()
    }

    /// The project URL for a client that is to connect through the proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.host.addr())
    }

    /// Forwards new connections to another server; open ones stay where they are.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        self.shared.lock().upstream = upstream;
    }

    /// Sets how bytes pass on open connections and on new ones.
    pub fn set_flow(&self, flow: Flow) {
        self.set_flow_of_open(flow);
        self.shared.lock().flow = Some(flow);
    }

    /// Sets how bytes pass on open connections only. Returns their number.
    pub fn set_flow_of_open(&self, flow: Flow) -> usize {
        self.for_each(|connection| connection.set_flow(flow))
    }

    /// Resets every new connection at once, until the next [`Proxy::set_flow`].
    pub fn refuse_new(&self) {
        self.shared.lock().flow = None;
    }

    /// Ends every open connection: with a reset for [`Cut::Rst`], else with a FIN. Returns their number.
    pub fn cut(&self, how: Cut) -> usize {
        self.for_each(|connection| connection.cut(how))
    }

    /// Inserts bytes into the stream of every open connection. Returns their number.
    pub fn inject(&self, way: Way, bytes: &[u8]) -> usize {
        self.for_each(|connection| connection.inject(way, bytes))
    }

    /// Inserts random bytes, the same for the same seed. Returns the number of open connections.
    pub fn inject_garbage(&self, way: Way, bytes: usize, seed: u64) -> usize {
        let mut rng = Rng::with_seed(seed);
        let garbage: Vec<u8> = (0..bytes.min(MAX_GARBAGE)).map(|_| rng.u8(..)).collect();
        self.inject(way, &garbage)
    }

    /// Inverts every bit of the next `bytes` bytes on every open connection. Returns their number.
    pub fn corrupt(&self, way: Way, bytes: usize) -> usize {
        self.for_each(|connection| connection.corrupt(way, bytes))
    }

    /// Number of open connections.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// Bytes passed in one direction on the connections that are open.
    pub fn passed(&self, way: Way) -> u64 {
        let state = self.shared.lock();
        state
            .connections
            .values()
            .map(|connection| connection.passed(way))
            .sum()
    }

    fn for_each(&self, act: impl Fn(&ProxiedConnection)) -> usize {
        let state = self.shared.lock();
        state.connections.values().map(|connection| act(connection)).count()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a new connection: its number, its state and where it goes. `None` when it is to be reset.
    fn open(&self) -> Option<(u64, Arc<ProxiedConnection>, SocketAddr)> {
        let mut state = self.lock();
        let flow = state.flow.filter(|_| state.connections.len() < MAX_CONNECTIONS)?;
        state.last_number += 1;
        let (number, connection) = (state.last_number, Arc::new(ProxiedConnection::new(flow)));
        state.connections.insert(number, connection.clone());
        Some((number, connection, state.upstream))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Most likely the process is out of file descriptors; some may be freed meanwhile.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some((number, connection, upstream)) = shared.open() else {
            let _ = client.set_zero_linger();
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(CONNECT_DEADLINE, TcpStream::connect(upstream)).await {
                Ok(Ok(server)) => connection.serve(client, server).await,
                // A refused connection looks to the client like one refused by the server's machine.
                _ => {
                    let _ = client.set_zero_linger();
                }
            }
            shared.lock().connections.remove(&number);
        });
    }
}
