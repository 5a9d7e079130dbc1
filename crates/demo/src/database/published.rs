//! The tables whose changes are published, as joins are checked against them.

use tokio_postgres::Error;

use super::Database;

/// The tables of the publication `supabase_realtime`.
#[derive(Debug, Default)]
pub(crate) struct Published(Vec<PublishedTable>);

/// A published table.
#[derive(Debug)]
pub(crate) struct PublishedTable {
    /// Its number in the catalogue.
    pub(crate) oid: u32,
    /// The schema that it is in.
    pub(crate) schema: String,
    /// Its name.
    pub(crate) name: String,
    /// The names of its columns.
    pub(crate) columns: Vec<String>,
}

impl Published {
    /// Reads the publication.
    pub(crate) async fn read(database: &Database) -> Result<Self, Error> {
        let client = database.take().await?;
        let rows = client
            .query_typed(
                "select c.oid, p.schemaname::text, p.tablename::text, array(select a.attname::text from pg_attribute a where \
                 a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) from pg_publication_tables p join pg_namespace \
                 n on n.nspname = p.schemaname join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename where \
                 p.pubname = 'supabase_realtime' order by 2, 3",
                &[],
            )
            .await?;
        database.keep(client);
        let table = |row: &tokio_postgres::Row| PublishedTable {
            oid: row.get(0),
            schema: row.get(1),
            name: row.get(2),
            columns: row.get(3),
        };
        Ok(Self(rows.iter().map(table).collect()))
    }

    /// The tables of which this holds.
    pub(crate) fn matching(&self, is_match: impl Fn(&PublishedTable) -> bool) -> Vec<&PublishedTable> {
        self.0.iter().filter(|table| is_match(table)).collect()
    }
}
