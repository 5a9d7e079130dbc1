//! What is joined onto what, made from the mapping once.

use crate::{Column, Kind, Mapping, RowId, SourceId, SourceMapping, mapping::Take};

/// The joins of all sources.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The kind of each source.
    pub(super) kinds: Vec<Kind>,
    /// The joins of each source, in the order in which they are made: a later one can use columns of an earlier one.
    pub(super) joins: Vec<Vec<Join>>,
    /// The ways in which rows of the tables are found.
    pub(super) indexes: Vec<IndexPlan>,
    /// The indexes of each table.
    pub(super) of_table: Vec<Vec<usize>>,
    /// The names of the tables, as their columns begin with.
    pub(super) names: Vec<String>,
}

/// A join of a source.
#[derive(Debug)]
pub(super) struct Join {
    /// Which rows are found.
    pub(super) index: usize,
    /// With what.
    pub(super) ours: Ours,
    /// What they give.
    pub(super) give: Give,
    /// The column that shows that there is such a row; it holds the key.
    pub(super) marker: Option<Column>,
}

/// What a row of a source finds others with.
#[derive(Debug)]
pub(super) enum Ours {
    /// Its own id.
    Id,
    /// The values of one column, or the composite one of several.
    Columns(Vec<String>),
}

/// What is laid over the row of a source.
#[derive(Debug)]
pub(super) enum Give {
    /// All columns of the last row found.
    Row,
    /// Some columns of the last row found, and their joined names. One row that completes many gives only what is read.
    Columns(Vec<(String, Column)>),
    /// A column of all rows found, as a list.
    List(String, Column),
    /// The ids of the first row found for each key: a list if the keys were one.
    Id(Column),
}

/// Rows of a table, found by the values of columns.
#[derive(Debug, PartialEq)]
pub(super) struct IndexPlan {
    pub(super) table: usize,
    pub(super) theirs: Vec<String>,
    pub(super) order: Order,
    /// Only the keys matter, not what else the rows hold.
    pub(super) keys_only: bool,
    /// Only the last row of each key matters.
    pub(super) last_only: bool,
    /// The joins that use it: source, and position among its joins.
    pub(super) users: Vec<(usize, usize)>,
}

/// The order of the rows of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    /// By their ids.
    Id,
    /// By when they changed.
    Changed,
    /// By a column: times, numbers or texts.
    Column(String),
}

impl Plan {
    pub(super) fn of(mapping: &Mapping) -> Self {
        let sources = mapping.sources();
        let companions = mapping.companion_tables();
        let mut plan = Self {
            kinds: sources.iter().map(|source| source.kind).collect(),
            of_table: vec![Vec::new(); sources.len() + companions.len()],
            names: (sources.iter().map(|source| source.table.clone()))
                .chain(companions.iter().map(|companion| companion.table().to_owned()))
                .collect(),
            ..Self::default()
        };
        for (at, source) in sources.iter().enumerate() {
            let mut joins: Vec<Join> = Vec::new();
            for companion in &source.companions {
                let same_table = |of: &SourceMapping| companion.is_of(&of.schema, &of.table);
                let table = (sources.iter().position(same_table)).or_else(|| {
                    let known = companions
                        .iter()
                        .position(|known| companion.is_of(&known.schema, known.table()));
                    known.map(|position| sources.len() + position)
                });
                let Some(table) = table else { continue };
                let theirs = split(companion.theirs());
                let (order, give) = match &companion.take {
                    Take::All(column) => (
                        Order::Id,
                        Give::List(column.clone(), companion.column(column).as_str().into()),
                    ),
                    Take::Latest(by) => {
                        let order = by.clone().map_or(Order::Changed, Order::Column);
                        let give = match companion.ours.is_empty() {
                            true => Give::Row,
                            false => Give::Columns(mentioned(source, companion.table())),
                        };
                        (order, give)
                    }
                };
                joins.push(Join {
                    index: plan.index(table, theirs, order, &give, (at, joins.len())),
                    ours: match companion.ours.as_str() {
                        "" => Ours::Id,
                        ours => Ours::Columns(split(ours)),
                    },
                    give,
                    marker: companion.state.map(|_| companion.marker().into()),
                });
            }
            for alias in mapping.aliases(SourceId::new(at)) {
                let give = Give::Id(alias.name.as_str().into());
                let theirs = vec![alias.theirs.clone()];
                joins.push(Join {
                    index: plan.index(alias.target.index(), theirs, Order::Id, &give, (at, joins.len())),
                    ours: Ours::Columns(alias.ours.clone()),
                    give,
                    marker: None,
                });
            }
            plan.joins.push(joins);
        }
        plan
    }

    /// The index for a join, shared with others of the same rows in the same order.
    fn index(&mut self, table: usize, theirs: Vec<String>, order: Order, give: &Give, user: (usize, usize)) -> usize {
        let keys_only = matches!(give, Give::Id(_));
        let last_only = matches!(give, Give::Row | Give::Columns(_));
        let is_same = |known: &IndexPlan| known.table == table && known.theirs == theirs && known.order == order;
        let at = self.indexes.iter().position(is_same).unwrap_or_else(|| {
            let at = self.indexes.len();
            if let Some(indexes) = self.of_table.get_mut(table) {
                indexes.push(at);
            }
            self.indexes.push(IndexPlan {
                table,
                theirs,
                order,
                keys_only,
                last_only,
                users: Vec::new(),
            });
            at
        });
        if let Some(index) = self.indexes.get_mut(at) {
            index.keys_only &= keys_only;
            index.last_only &= last_only;
            index.users.push(user);
        }
        at
    }

    /// Whether nothing is joined.
    pub(super) fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }

    /// The joins of a source; none of a table that is none.
    pub(super) fn joins_of(&self, source: usize) -> &[Join] {
        self.joins.get(source).map_or(&[], Vec::as_slice)
    }

    /// The indexes of a table.
    pub(super) fn indexes_of(&self, table: usize) -> &[usize] {
        self.of_table.get(table).map_or(&[], Vec::as_slice)
    }
}

/// The columns of `A+B`.
fn split(columns: &str) -> Vec<String> {
    columns.split('+').map(|column| column.trim().to_owned()).collect()
}

/// The columns of a table that the roles of a source, or what its companions are found with, name.
fn mentioned(source: &SourceMapping, table: &str) -> Vec<(String, Column)> {
    let roles = SourceMapping::ROLES
        .iter()
        .filter_map(|role| source.columns(role))
        .flatten();
    let ours = source.companions.iter().map(|companion| &companion.ours);
    let mut columns: Vec<(String, Column)> = Vec::new();
    for text in roles.chain(ours) {
        let own = text.split("->").next().unwrap_or_default();
        for part in own.split(['/', '+']) {
            let Some(path) = part.trim().strip_prefix(table).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            // What is behind a further dot is a path into a JSON column, unless the column has that name.
            for column in [Some(path), path.split('.').next()].into_iter().flatten() {
                if !columns.iter().any(|(known, _)| known == column) {
                    columns.push((column.to_owned(), format!("{table}.{column}").into()));
                }
            }
        }
    }
    columns
}

/// The ids of the rows that a join needs, of one of its two sides: what is in the one column, or all values of several.
/// Says also whether the column holds a list.
pub(super) fn keys<'r>(columns: &[String], cell: impl Fn(&str) -> Option<crate::Cell<'r>>) -> (Vec<RowId>, bool) {
    use crate::{Cell, mapping::links};

    /// Most keys of one row.
    const MOST: usize = 128;
    let [column] = columns else {
        return (RowId::of_key(columns, cell).into_iter().collect(), false);
    };
    match cell(column) {
        None => (Vec::new(), false),
        Some(Cell::List(items)) => (items.iter().take(MOST).filter_map(links::id).collect(), true),
        Some(Cell::Text(text)) if links::is_array_text(&text) => {
            (links::array_text(&text).take(MOST).map(RowId::from).collect(), true)
        }
        Some(value) => (links::id(value).into_iter().collect(), false),
    }
}
