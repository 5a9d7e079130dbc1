//! A listening socket, and the thread that serves it until it is dropped.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot};

use super::DemoError;

/// How long its tasks may take to stop.
const STOP_DEADLINE: Duration = Duration::from_millis(300);

/// One port, one thread with its own runtime. Stops when dropped, and waits until it has.
#[derive(Debug)]
pub struct Host {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Listens (port 0: any free one) and runs what `serve` makes of the listener on a thread of this name.
    ///
    /// # Errors
    /// When the address cannot be listened on, or there is no thread to be had.
    pub fn start<F, S>(listen: SocketAddr, name: &str, serve: S) -> Result<Self, DemoError>
    where
        F: Future<Output = ()>,
        S: FnOnce(TcpListener) -> F + Send + 'static,
    {
        let failed = |error| DemoError::listen(listen, error);
        let listener = StdListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(DemoError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    () = serve(listener) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(STOP_DEADLINE);
        };
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(run)
            .map_err(DemoError::Thread)?;
        Ok(Self {
            addr,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
