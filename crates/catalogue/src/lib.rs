//! What the catalogue of a project's database says about its tables: keys, types, rights, policies, the publication. It is
//! read in one read-only transaction of a few seconds, and nothing is guessed.

mod address;
mod connect;
mod facts;
mod tls;

use std::time::Duration;

use model::{
    Record,
    discover::{MAX_SAMPLE, TableFacts},
    schema::quoted,
};
use secrecy::SecretString;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, Transaction, error::SqlState};

use facts::Described;

/// Time limit of the whole.
const DEADLINE: Duration = Duration::from_secs(5);
/// Time after which no further rows are read.
const ROWS_DEADLINE: Duration = Duration::from_secs(4);
/// Tables with more rows are read in any order: sorting them could take long.
const MAX_SORTED_ROWS: i64 = 200_000;
/// Longer rows are left out.
const MAX_ROW_BYTES: usize = 64 * 1024;

/// Why the catalogue could not be read. Texts contain no password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogueError {
    /// It is no address of a database.
    #[error(
        "the address of the database cannot be read; copy it from the project's Connect dialog: \
         postgresql://USER:PASSWORD@HOST:5432/postgres"
    )]
    Address,
    /// Its `sslmode` is none of libpq's.
    #[error("the sslmode of the database's address is unknown; use disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// No connection.
    #[error("the database cannot be reached ({0}); check host and port of the address")]
    Connect(String),
    /// No way to the host: the direct addresses of projects have IPv6 only.
    #[error(
        "the database cannot be reached ({0}); where the network has no IPv6, copy the address of the session pooler \
         from the project's Connect dialog"
    )]
    NoRoute(String),
    /// User or password are wrong.
    #[error("the database refuses the sign-in ({0}); check user and password of the address")]
    SignIn(String),
    /// There is no database of that name.
    #[error("the server has no such database ({0}); correct the name at the end of the address, usually postgres")]
    NoDatabase(String),
    /// The server accepts no connection now.
    #[error("the database accepts no connection ({0}); try again in a minute")]
    Refused(String),
    /// The server has no TLS, and the address requires it.
    #[error(
        "the database offers no TLS, which the sslmode of its address requires; set sslmode=disable if you trust the network"
    )]
    NoTls,
    /// The issuer of the server's certificate is not trusted.
    #[error(
        "the database's certificate is not trusted; download it from the project's database settings and name the file \
         with sslrootcert in the address, or with PGSSLROOTCERT"
    )]
    Certificate,
    /// The certificate is of another host.
    #[error("the database's certificate is of another host; use the host name it was issued for, or sslmode=verify-ca")]
    CertificateHost,
    /// The certificate has expired, or is not valid yet.
    #[error("the database's certificate is not valid today; renew it, or correct this machine's date")]
    CertificateDate,
    /// The file of authorities holds no certificate.
    #[error("sslrootcert (or PGSSLROOTCERT) names no file with a certificate; correct the path")]
    RootCertificate,
    /// The role is not known.
    #[error(
        "the database has no role {0}, so it is not the project's; copy the address from the project's Connect dialog"
    )]
    NoRole(String),
    /// A query failed.
    #[error("the catalogue cannot be read ({0}); connect as the owner of the tables")]
    Query(String),
    /// It took too long.
    #[error("the database gave no answer in 5 s; check that it is not paused")]
    Slow,
}

/// A table as the catalogue describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueTable {
    /// What discovery needs of it.
    pub facts: TableFacts,
    /// Row-level security hides every row from the role: it is on, and no policy lets the role select.
    pub is_hidden: bool,
    /// An update or delete carries no old columns beside the key, or nothing at all: `d`, `n`, `f` or `i` as in `pg_class`.
    pub replica_identity: String,
    /// The names of its partitions.
    pub partitions: Vec<String>,
}

/// Reads the catalogue and some rows of each table, as `role` where the user of the address may become it.
///
/// # Errors
/// When the database cannot be reached in time or refuses.
pub async fn read(address: &SecretString, role: &str) -> Result<Vec<CatalogueTable>, CatalogueError> {
    let started = Instant::now();
    let reading = async {
        let (client, connection) = connect::connect(address).await?;
        let result = tables(client, role, started).await;
        connection.abort();
        result
    };
    timeout(DEADLINE, reading).await.unwrap_or(Err(CatalogueError::Slow))
}

async fn tables(mut client: Client, role: &str, started: Instant) -> Result<Vec<CatalogueTable>, CatalogueError> {
    let transaction = client
        .build_transaction()
        .read_only(true)
        .start()
        .await
        .map_err(query)?;
    transaction
        .batch_execute("set local statement_timeout = '3s'; set local lock_timeout = '1s'")
        .await
        .map_err(query)?;
    let row = transaction
        .query_one(include_str!("tables.sql"), &[&role])
        .await
        .map_err(|error| match error.code() == Some(&SqlState::UNDEFINED_OBJECT) {
            true => CatalogueError::NoRole(role.to_owned()),
            false => query(error),
        })?;
    let text: &str = row.try_get(0).map_err(query)?;
    let described: Vec<Described> =
        serde_json::from_str(text).map_err(|error| CatalogueError::Query(error.to_string()))?;
    // A user who may not become the role reads as himself.
    let mut transaction = transaction;
    let step = transaction.savepoint("role").await.map_err(query)?;
    match step.batch_execute(&format!("set local role {}", quoted(role))).await {
        Ok(()) => step.commit().await.map_err(query)?,
        Err(_) => step.rollback().await.map_err(query)?,
    }
    let mut tables = Vec::new();
    for described in described {
        let is_late = started.elapsed() > ROWS_DEADLINE;
        let rows = match described.granted && !is_late {
            true => sample(&mut transaction, &described).await?,
            false => None,
        };
        tables.push(described.table(role, rows, is_late));
    }
    Ok(tables)
}

/// Some rows, the latest first where that costs little; `None`: they cannot be read.
async fn sample(transaction: &mut Transaction<'_>, of: &Described) -> Result<Option<Vec<Record>>, CatalogueError> {
    let name = format!("{}.{}", quoted(&of.schema), quoted(&of.table));
    let order = of.changed_at().filter(|_| of.estimate <= MAX_SORTED_ROWS);
    let order = order.map_or_else(String::new, |column| {
        format!(" order by {} desc nulls last", quoted(column))
    });
    let sql = format!("select row_to_json(t)::text from (select * from {name}{order} limit {MAX_SAMPLE}) t");
    let step = transaction.savepoint("sample").await.map_err(query)?;
    match step.query(&sql, &[]).await {
        Ok(rows) => {
            step.commit().await.map_err(query)?;
            let texts = rows.iter().filter_map(|row| row.try_get::<_, &str>(0).ok());
            let texts = texts.filter(|text| text.len() <= MAX_ROW_BYTES);
            Ok(Some(texts.filter_map(Record::from_json).collect()))
        }
        Err(error) if error.is_closed() => Err(query(error)),
        Err(_) => {
            step.rollback().await.map_err(query)?;
            Ok(None)
        }
    }
}

fn query(error: tokio_postgres::Error) -> CatalogueError {
    CatalogueError::Query(connect::words(&error))
}
