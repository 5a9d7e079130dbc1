//! The server: one port, and which path belongs to which API.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header::ORIGIN, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use super::{
    AnswerFault, Api, Control, DemoError, Options,
    answer_fault::{self, Body},
    auth,
    host::Host,
    http::{self, HttpAnswer, json},
    hub::Hub,
    rest, socket,
};
#[cfg(unix)]
use super::{
    Fixture,
    database::{Stream, follow},
};

/// Most connections at a time; further ones wait.
const MAX_CONNECTIONS: usize = 1_024;
/// Most bytes of a control call.
const MAX_CONTROL: usize = 4 << 20;
/// How long a client may take to send the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);

/// A running demo feed. It stops when dropped, within a second.
#[derive(Debug)]
pub struct Server {
    host: Host,
    control: Control,
    /// Ends after everything that uses it.
    #[cfg(unix)]
    fixture: Option<Fixture>,
}

impl Server {
    /// Creates the simulation, listens (on a free port for port 0) and serves from a thread of its own.
    ///
    /// # Errors
    /// When the options are out of bounds, the address cannot be bound, or no thread can be started.
    pub fn start(listen: SocketAddr, options: Options) -> Result<Self, DemoError> {
        options.check()?;
        let pulse = options.pulse;
        let hub = Arc::new(Hub::new(options)?);
        let control = Control::new(hub.clone());
        let host = Host::start(listen, "demo-feed", move |listener| serve(listener, hub, pulse))?;
        Ok(Self {
            host,
            control,
            #[cfg(unix)]
            fixture: None,
        })
    }

    /// Serves the tables of a script by the same APIs, in the place of a simulation. Of the options, keys, delays and accounts
    /// apply.
    ///
    /// # Errors
    /// When the address cannot be bound or no thread can be started.
    #[cfg(unix)]
    pub fn start_on(listen: SocketAddr, options: Options, fixture: Fixture) -> Result<Self, DemoError> {
        let options = Options {
            agents: 0,
            workflows: 0,
            tasks: 0,
            rate: 0.0,
            runs: false,
            pulse: None,
            broadcast: false,
            ..options
        };
        options.check()?;
        let mut hub = Hub::new(options)?;
        hub.database = Some(fixture.database());
        let hub = Arc::new(hub);
        let control = Control::new(hub.clone());
        let host = Host::start(listen, "demo-feed", move |listener| serve(listener, hub, None))?;
        Ok(Self {
            host,
            control,
            fixture: Some(fixture),
        })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.host.addr()
    }

    /// The project URL for its clients.
    pub fn url(&self) -> String {
        let mut addr = self.host.addr();
        if addr.ip().is_unspecified() {
            addr.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{addr}")
    }

    /// The script whose tables are served; `None` for a simulation.
    #[cfg(unix)]
    pub fn fixture(&self) -> Option<&Fixture> {
        self.fixture.as_ref()
    }

    /// What steers this feed while it runs: faults, pauses, rules and counters. It stays usable for as long as the feed
    /// runs.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Stops it and waits for its end. Dropping it does the same.
    pub fn stop(self) {
        drop(self);
    }
}

async fn serve(listener: TcpListener, hub: Arc<Hub>, pulse: Option<Duration>) {
    tokio::spawn(hub.clone().drive());
    tokio::spawn(hub.clone().poll());
    if let Some(every) = pulse {
        tokio::spawn(hub.clone().pulse(every));
    }
    // Before the first connection, so that no change behind a subscription is missed.
    #[cfg(unix)]
    if let Some(database) = &hub.database {
        let stream = Stream::start(database).await.ok();
        tokio::spawn(follow(hub.clone(), stream));
    }
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Most likely the process is out of file descriptors; some may be freed meanwhile.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let hub = hub.clone();
        tokio::spawn(async move {
            connection(hub, stream, peer).await;
            drop(permit);
        });
    }
}

async fn connection(hub: Arc<Hub>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let hub = hub.clone();
        route(hub, request, peer)
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
    let _ = server
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn route(hub: Arc<Hub>, request: Request<Incoming>, peer: SocketAddr) -> io::Result<Response<Body>> {
    let path = request.uri().path().to_owned();
    if let Some(table) = path.strip_prefix("/rest/v1/") {
        let fault = hub.answer_fault(Api::Rest);
        let repeats = fault == Some(AnswerFault::Repeat);
        return answer_fault::send(fault, rest::read(hub, request, table, repeats)).await;
    }
    if let Some(path) = path.strip_prefix("/auth/v1/") {
        return answer_fault::send(hub.answer_fault(Api::Auth), auth::answer(hub, request, path)).await;
    }
    let answer = match path.as_str() {
        "/realtime/v1/websocket" | "/socket/websocket" => {
            hub.until_unstalled(None).await;
            socket::upgrade(hub, request).await
        }
        "/demo/control" | "/demo/state" => control(hub, request, peer).await,
        _ => json(
            StatusCode::NOT_FOUND,
            r#"{"message":"no Route matched with those values"}"#,
        ),
    };
    Ok(answer_fault::whole(answer))
}

/// Answers a control call. They are for programs on this machine only, not for other machines and not for web pages in a
/// browser on this machine.
async fn control(hub: Arc<Hub>, request: Request<Incoming>, peer: SocketAddr) -> HttpAnswer {
    if !peer.ip().to_canonical().is_loopback() || request.headers().contains_key(ORIGIN) {
        return problem(
            StatusCode::FORBIDDEN,
            "the control call is for programs on this machine only",
        );
    }
    let control = Control::new(hub);
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/demo/state") => json(
            StatusCode::OK,
            serde_json::to_string(&control.state()).unwrap_or_default(),
        ),
        (&Method::POST, "/demo/control") => match http::body(request, MAX_CONTROL).await {
            Some(body) => match control.call(&body) {
                Ok(done) => json(StatusCode::OK, done.to_string()),
                Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
            },
            None => problem(StatusCode::PAYLOAD_TOO_LARGE, "a control call has at most 4 MiB"),
        },
        _ => problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "use POST /demo/control or GET /demo/state",
        ),
    }
}

fn problem(status: StatusCode, text: &str) -> HttpAnswer {
    json(status, serde_json::json!({ "error": text }).to_string())
}
