//! A listening socket with a thread that serves it.

use std::{
    net::{SocketAddr, TcpListener as StdListener},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot};

use crate::DemoError;

/// How long the tasks have to stop.
const STOP_DEADLINE: Duration = Duration::from_millis(300);

/// A port and a thread with a runtime of its own. Dropping it stops the thread and waits for its end.
#[derive(Debug)]
pub struct Host {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Listens (on a free port for port 0) and runs the future of `serve` on a thread of this name.
    ///
    /// # Errors
    /// When the address cannot be bound or no thread can be started.
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
