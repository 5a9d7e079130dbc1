//! Connections to PostgreSQL: a bounded number of them, made when they are needed and used again.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, Error, NoTls, types::Type};

use super::process::SUPERUSER;
use crate::auth::Caller;

/// Most connections that read at the same time; further reads wait.
const MAX_READERS: usize = 8;
/// The statement timeout of a hosted project's API.
const STATEMENT_TIMEOUT: &str = "8s";

/// A database as the server's APIs use it.
#[derive(Debug)]
pub(crate) struct Database {
    config: Config,
    idle: Mutex<Vec<Client>>,
    permits: Arc<Semaphore>,
}

/// A connection inside a read-only transaction of one caller. Dropped without [`Database::finish`] it is closed.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The connection.
    pub(crate) client: Client,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Database {
    /// A database behind the Unix socket of this port in this folder. It connects later.
    pub(crate) fn new(host: &Path, port: u16) -> Self {
        let mut config = Config::new();
        config.host_path(host).port(port).user(SUPERUSER).dbname(SUPERUSER);
        config.application_name("opswall");
        Self {
            config,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_READERS)),
        }
    }

    /// A new connection as the superuser.
    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        let (client, connection) = self.config.connect(NoTls).await?;
        tokio::spawn(async move {
            // Its end is seen by the next query.
            let _ = connection.await;
        });
        Ok(client)
    }

    /// A connection as the superuser, which is kept for the next user with [`Database::keep`].
    pub(super) async fn take(&self) -> Result<Client, Error> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(kept) = idle() {
            if !kept.is_closed() {
                return Ok(kept);
            }
        }
        self.connect().await
    }

    /// Keeps a connection that is in no transaction.
    pub(super) fn keep(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_READERS {
            idle.push(client);
        }
    }

    /// Begins a transaction in which the rights of a caller hold.
    pub(crate) async fn read_as(&self, caller: &Caller) -> Result<Reader, Error> {
        let permit = self.permits.clone().acquire_owned().await.ok();
        let client = self.take().await?;
        client.batch_execute("begin read only").await?;
        client
            .query_typed(
                "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true), \
                 set_config('statement_timeout', $3, true)",
                &[
                    (&caller.role, Type::TEXT),
                    (&caller.claims, Type::TEXT),
                    (&STATEMENT_TIMEOUT, Type::TEXT),
                ],
            )
            .await?;
        Ok(Reader {
            client,
            _permit: permit,
        })
    }

    /// Ends the transaction and keeps the connection for the next read.
    pub(crate) async fn finish(&self, reader: Reader) {
        if reader.client.batch_execute("rollback").await.is_ok() {
            self.keep(reader.client);
        }
    }
}
