//! The server: one port, every path to its face.

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
    http::{self, Answer, json},
    hub::Hub,
    rest, socket,
};

/// Connections at a time; the next ones wait.
const MOST_CONNECTIONS: usize = 1_024;
/// Largest control call.
const MOST_CONTROL: usize = 4 << 20;
/// How long a client may take over its request's head.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);

/// A running demo feed. Stops when dropped, within a second.
#[derive(Debug)]
pub struct Server {
    host: Host,
    control: Control,
}

impl Server {
    /// Makes the world, listens (port 0: any free one) and serves from a thread of its own.
    ///
    /// # Errors
    /// When the address cannot be listened on, the options are out of bounds, or there is no thread to be had.
    pub fn start(listen: SocketAddr, options: Options) -> Result<Self, DemoError> {
        options.check()?;
        let hub = Arc::new(Hub::new(options)?);
        let control = Control::new(hub.clone());
        let host = Host::start(listen, "demo-feed", move |listener| serve(listener, hub))?;
        Ok(Self { host, control })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.host.addr()
    }

    /// What to give a client as its project's URL.
    pub fn url(&self) -> String {
        let mut addr = self.host.addr();
        if addr.ip().is_unspecified() {
            addr.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{addr}")
    }

    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Stops it and waits until it has stopped. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    tokio::spawn(hub.clone().drive());
    tokio::spawn(hub.clone().poll());
    let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(seat) = seats.clone().acquire_owned().await else {
            return;
        };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Out of file descriptors, most likely: others may go meanwhile.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let hub = hub.clone();
        tokio::spawn(async move {
            connection(hub, stream, peer).await;
            drop(seat);
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

/// For this machine's user only: not for other machines, and not for web pages in this machine's browser.
async fn control(hub: Arc<Hub>, request: Request<Incoming>, peer: SocketAddr) -> Answer {
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
        (&Method::POST, "/demo/control") => match http::body(request, MOST_CONTROL).await {
            Some(body) => match control.call(&body) {
                Ok(done) => json(StatusCode::OK, done.to_string()),
                Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
            },
            None => problem(StatusCode::PAYLOAD_TOO_LARGE, "a control call has at most 4 MiB"),
        },
        _ => problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "POST /demo/control and GET /demo/state are what there is",
        ),
    }
}

fn problem(status: StatusCode, text: &str) -> Answer {
    json(status, serde_json::json!({ "error": text }).to_string())
}
