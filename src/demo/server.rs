//! The server: one port, one thread with its own runtime, every path to its face.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue, ORIGIN},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
};

use super::{Control, DemoError, Faults, Options, hub::Hub, rest, socket};

/// Connections at a time; the next ones wait.
const MOST_CONNECTIONS: usize = 1_024;
/// Largest control call.
const MOST_CONTROL: usize = 4 << 20;
/// How long a client may take over its request's head.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);
/// How long tasks may take to stop.
const STOP_DEADLINE: Duration = Duration::from_millis(300);

/// A running demo feed. Stops when dropped, within a second.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    control: Control,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Makes the world, listens (port 0: any free one) and serves from a thread of its own.
    ///
    /// # Errors
    /// When the address cannot be listened on, the options are out of bounds, or there is no thread to be had.
    pub fn start(listen: SocketAddr, options: Options) -> Result<Self, DemoError> {
        options.check()?;
        let failed = |error| DemoError::listen(listen, error);
        let listener = StdListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(DemoError::Thread)?;
        let hub = Arc::new(Hub::new(options));
        let control = Control::new(hub.clone());
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, hub) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(STOP_DEADLINE);
        };
        let thread = std::thread::Builder::new()
            .name("demo-feed".into())
            .spawn(run)
            .map_err(DemoError::Thread)?;
        Ok(Self {
            addr,
            control,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What to give a client as its project's URL.
    pub fn url(&self) -> String {
        let mut addr = self.addr;
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

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: StdListener, hub: Arc<Hub>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    tokio::spawn(hub.clone().drive());
    misbehave(&hub);
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
        async move { Ok::<_, Infallible>(route(hub, request, peer).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
    let _ = server
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn route(hub: Arc<Hub>, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/realtime/v1/websocket" | "/socket/websocket" => {
            hub.until_unstalled(None).await;
            socket::upgrade(hub, request).await
        }
        "/demo/control" | "/demo/state" => control(hub, request, peer).await,
        path => match path.strip_prefix("/rest/v1/") {
            Some(table) => {
                let table = table.to_owned();
                rest::read(hub, request, &table).await
            }
            None => json(
                StatusCode::NOT_FOUND,
                r#"{"message":"no Route matched with those values"}"#.into(),
            ),
        },
    }
}

/// For this machine's user only: not for other machines, and not for web pages in this machine's browser.
async fn control(hub: Arc<Hub>, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
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
        (&Method::POST, "/demo/control") => match Limited::new(request.into_body(), MOST_CONTROL).collect().await {
            Ok(body) => match control.call(&body.to_bytes()) {
                Ok(done) => json(StatusCode::OK, done.to_string()),
                Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
            },
            Err(_) => problem(StatusCode::PAYLOAD_TOO_LARGE, "a control call has at most 4 MiB"),
        },
        _ => problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "POST /demo/control and GET /demo/state are what there is",
        ),
    }
}

fn problem(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    json(status, serde_json::json!({ "error": text }).to_string())
}

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// Sets the faults of the timetable going.
fn misbehave(hub: &Arc<Hub>) {
    let Faults {
        drop_every,
        drop_how,
        refuse_for,
        stall_every,
        stall_for,
        lose_every,
        lose,
    } = hub.options.faults;
    let control = Control::new(hub.clone());
    let plan = |every: Option<Duration>, act: Box<dyn Fn(&Control) + Send>| {
        let Some(every) = every else { return };
        let control = control.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                act(&control);
            }
        });
    };
    plan(
        drop_every,
        Box::new(move |control| {
            if let Some(span) = refuse_for {
                control.refuse(super::Refusal::default(), Some(span));
            }
            control.cut(drop_how);
        }),
    );
    let stall_for = stall_for.unwrap_or(Duration::from_secs(10));
    plan(stall_every, Box::new(move |control| control.stall(stall_for)));
    plan(lose_every, Box::new(move |control| control.lose(lose.unwrap_or(1))));
}
