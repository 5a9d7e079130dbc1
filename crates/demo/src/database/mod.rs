//! Tables of a real PostgreSQL server in the place of the simulated ones: a server of its own with a user's script loaded,
//! and the connections through which the APIs read it.

mod connection;
mod follow;
mod process;
mod published;
mod relation;
mod row;
mod script;
pub(crate) mod sql;
mod wal;

use std::path::Path;

pub(crate) use connection::Database;
pub(crate) use follow::{Stream, follow};
pub use process::Postgres;
pub(crate) use published::Published;
pub(crate) use row::{Operation, RowChange};
pub use script::PREPARATION;

use crate::DemoError;

/// The schemas that are served: `public` and those that the script has made; `n` is one of `pg_namespace`.
pub(crate) const SCHEMAS: &str = "n.nspname !~ '^pg_' and n.nspname <> all('{information_schema,auth,extensions,storage,realtime,\
     vault,graphql_public,cron,net}')";
/// The relations of such a schema that are served; no partitions, which are part of
/// their parents, and nothing of an extension; `c` is one of `pg_class`.
pub(crate) const RELATIONS: &str = "c.relkind in ('r','v','m','f','p') and not c.relispartition and not exists (select from pg_depend d \
     where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')";

/// A PostgreSQL server with the tables of a script.
#[derive(Debug)]
pub struct Fixture {
    postgres: Postgres,
    summary: Summary,
}

/// What a script contains for a client with the public key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Number of tables and views in the schemas that are served.
    pub tables: usize,
    /// Number of those that the role `anon` may read.
    pub readable: usize,
    /// Number of those in the publication `supabase_realtime`.
    pub published: usize,
}

impl Fixture {
    /// Starts PostgreSQL, prepares it as a Supabase project is, and loads the script.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start, or a statement of the script fails: a sentence with its line and
    /// PostgreSQL's message.
    pub fn load(script: &Path) -> Result<Self, DemoError> {
        Self::load_into(Postgres::start, script)
    }

    /// Does the same with a server that is started in another way.
    ///
    /// # Errors
    /// Those of [`Fixture::load`].
    pub fn load_into(start: impl FnOnce() -> Result<Postgres, DemoError>, script: &Path) -> Result<Self, DemoError> {
        if !script.is_file() {
            return Err(DemoError::Database(format!(
                "cannot read {}: give the path of a file with SQL",
                script.display()
            )));
        }
        let postgres = start()?;
        script::load(&postgres, script)?;
        let summary = summary(&postgres);
        Ok(Self { postgres, summary })
    }

    /// What the script contains.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Its PostgreSQL server.
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// The way to its tables.
    pub(crate) fn database(&self) -> Database {
        Database::new(self.postgres.host(), self.postgres.port())
    }
}

fn summary(postgres: &Postgres) -> Summary {
    let sql = format!(
        "select count(*), count(*) filter (where has_table_privilege('anon', c.oid, 'select') \
         and has_schema_privilege('anon', n.oid, 'usage')), count(*) filter (where exists (select from \
         pg_publication_tables p where p.pubname = 'supabase_realtime' and p.schemaname = n.nspname and p.tablename = \
         c.relname)) from pg_class c join pg_namespace n on n.oid = c.relnamespace where {SCHEMAS} and {RELATIONS}"
    );
    // With statistics, as a database in use has them.
    let answer = postgres
        .psql(["-c", "analyze", "-c", &sql])
        .map(|output| output.stdout)
        .unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer);
    let mut counts = answer.trim().split('|').map(|count| count.parse().unwrap_or_default());
    let mut next = || counts.next().unwrap_or_default();
    Summary {
        tables: next(),
        readable: next(),
        published: next(),
    }
}
