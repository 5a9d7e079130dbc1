//! The links of a row to other rows: how they are written, which table each of them names rows of, and how they are read.

use crate::{Cell, Kind, RowId, RowKey, SourceId};

use super::{
    SourceMapping,
    cell::{self, Cells},
};

/// Most agents taken from one task's assignment columns.
pub const MAX_AGENTS_PER_TASK: usize = 16;

/// Most tasks taken from one task's dependency columns.
pub const MAX_DEPENDENCIES_PER_TASK: usize = 32;

/// Longer texts are not parsed as arrays of ids.
const MAX_ARRAY_BYTES: usize = 16 * 1_024;

/// The id in a link column. A boolean is not an id; of an embedded row it is its `id`.
pub(crate) fn id(value: Cell<'_>) -> Option<RowId> {
    match value {
        Cell::Bool(_) => None,
        Cell::Object(fields) => fields
            .get("id")
            .filter(|inner| !matches!(inner, Cell::Object(_)))
            .and_then(id),
        Cell::Text(text) if cell::is_blank(&text) => None,
        value => RowId::from_value(value),
    }
}

/// A link as it is written in the settings: `COLUMN`, `COLUMN -> TABLE`, `COLUMN -> TABLE.COLUMN`, `COLUMN -> COLUMN`,
/// `COLUMN+COLUMN -> TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkText<'t> {
    /// The columns of the row, several where the key of the other table has several.
    pub columns: Vec<&'t str>,
    /// Behind the arrow: a table, a table and its column, or a column.
    pub target: Option<&'t str>,
}

impl<'t> LinkText<'t> {
    /// Takes a text apart.
    pub fn of(text: &'t str) -> Self {
        let (columns, target) = match text.split_once("->") {
            Some((columns, target)) => (columns, Some(target.trim()).filter(|target| !target.is_empty())),
            None => (text, None),
        };
        Self {
            columns: columns.split('+').map(str::trim).collect(),
            target,
        }
    }

    /// The table and the column there that the target means.
    pub fn resolve<'s>(
        &self,
        sources: &'s [SourceMapping],
    ) -> (Option<(SourceId, &'s SourceMapping)>, Option<&'t str>) {
        let Some(target) = self.target else {
            return (None, None);
        };
        let named = |name: &str| {
            let mut sources = sources.iter().enumerate();
            let found = sources.find(|(_, source)| source.table == name || source.name() == name);
            found.map(|(at, source)| (SourceId::new(at), source))
        };
        if let Some(table) = named(target) {
            return (Some(table), None);
        }
        match target.rsplit_once('.') {
            Some((table, column)) => match named(table) {
                Some(table) => (Some(table), Some(column)),
                None => (None, Some(target)),
            },
            None => (None, Some(target)),
        }
    }
}

/// The roles whose columns name other rows, and the kinds of those.
pub const LINKS: &[(&str, &[Kind])] = &[
    ("agent", &[Kind::Agent]),
    ("workflow", &[Kind::Workflow]),
    ("run", &[Kind::Run]),
    ("depends_on", &[Kind::Task, Kind::Run]),
    ("parent", &[Kind::Task, Kind::Run]),
    ("current_task", &[Kind::Task, Kind::Run]),
];

/// The kinds of the rows that a role's columns name; none for a role that names no rows.
pub fn links_to(role: &str) -> &'static [Kind] {
    let found = LINKS.iter().find(|(link, _)| *link == role);
    found.map_or(&[], |(_, kinds)| kinds)
}

/// A column, or several of a composite key, and the source whose rows they name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    columns: Vec<String>,
    pub(super) kind: Kind,
    pub(super) source: SourceId,
    alias: Option<Alias>,
}

/// A link by another column than the key: what [`crate::Joiner`] finds the id of the row with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alias {
    /// The text of the link, which is the name of the joined column that holds the id.
    pub(crate) name: String,
    /// The columns of the row.
    pub(crate) ours: Vec<String>,
    /// The source whose row is meant.
    pub(crate) target: SourceId,
    /// The column there that holds the same text.
    pub(crate) theirs: String,
}

/// The links of a source, by role.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Links {
    pub(super) agent: Vec<Link>,
    pub(super) workflow: Vec<Link>,
    pub(super) run: Vec<Link>,
    pub(super) depends_on: Vec<Link>,
    pub(super) parent: Vec<Link>,
    pub(super) current_task: Vec<Link>,
}

impl Links {
    /// The links by another column than the key, each text once.
    pub(super) fn aliases(&self) -> Vec<&Alias> {
        let Self {
            agent,
            workflow,
            run,
            depends_on,
            parent,
            current_task,
        } = self;
        let mut aliases: Vec<&Alias> = Vec::new();
        for alias in [agent, workflow, run, depends_on, parent, current_task]
            .into_iter()
            .flatten()
            .filter_map(|link| link.alias.as_ref())
        {
            if !aliases.iter().any(|other| other.name == alias.name) {
                aliases.push(alias);
            }
        }
        aliases
    }
}

/// Finds the source that each link of a source names rows of. A link of which there is none is left out.
pub(super) fn connect(sources: &[SourceMapping], own: SourceId) -> Links {
    let Some(of) = sources.get(own.index()) else {
        return Links::default();
    };
    let all = |texts: &[String], kinds: &[Kind]| -> Vec<Link> {
        texts
            .iter()
            .filter_map(|text| link(sources, own, text, kinds))
            .collect()
    };
    let usual = SourceMapping::of(of.kind);
    // With numeric keys, run 5 would be read as workflow 5. A list that the user set stays unchanged.
    let has_runs = sources.iter().any(|source| source.kind == Kind::Run);
    let workflow: Vec<String> = match of.workflow == usual.workflow && has_runs {
        true => (of.workflow.iter().filter(|column| !of.run.contains(column)).cloned()).collect(),
        false => of.workflow.clone(),
    };
    Links {
        agent: all(&of.agent, links_to("agent")),
        workflow: all(&workflow, links_to("workflow")),
        // A run is never part of another run, so that chains of runs cannot form a cycle.
        run: match of.kind {
            Kind::Run => Vec::new(),
            _ => all(&of.run, links_to("run")),
        },
        depends_on: all(&of.depends_on, links_to("depends_on")),
        parent: all(&of.parent, links_to("parent")),
        current_task: all(&of.current_task, links_to("current_task")),
    }
}

fn link(sources: &[SourceMapping], own: SourceId, text: &str, kinds: &[Kind]) -> Option<Link> {
    let written = LinkText::of(text);
    let (table, column) = written.resolve(sources);
    let target = match table {
        Some((id, source)) => Some((id, source)).filter(|(_, source)| kinds.contains(&source.kind)),
        None => likely(sources, own, &written, kinds),
    };
    let (source, target) = target?;
    // What is named by another column than its key is joined onto the row under the link's own text.
    let other = column.filter(|column| !matches!(target.id.as_slice(), [key] if key == column));
    let own_columns = || written.columns.iter().map(|column| (*column).to_owned()).collect();
    Some(Link {
        columns: match other {
            None => own_columns(),
            Some(_) => vec![text.to_owned()],
        },
        kind: target.kind,
        source,
        alias: other.map(|column| Alias {
            name: text.to_owned(),
            ours: own_columns(),
            target: source,
            theirs: column.to_owned(),
        }),
    })
}

/// The source that a link without a table most likely names rows of: the only one of its kinds, the row's own, or the one
/// whose name resembles the column's.
fn likely<'s>(
    sources: &'s [SourceMapping],
    own: SourceId,
    written: &LinkText<'_>,
    kinds: &[Kind],
) -> Option<(SourceId, &'s SourceMapping)> {
    let candidates = || {
        kinds.iter().flat_map(|kind| {
            (sources.iter().enumerate())
                .filter(|(_, source)| source.kind == *kind)
                .map(|(at, source)| (SourceId::new(at), source))
        })
    };
    let column = written.columns.first().copied().unwrap_or_default();
    let stem = stem_of(column);
    let resembles = |source: &SourceMapping| {
        let table = singular(&source.table);
        table == stem || table.ends_with(&format!("_{stem}"))
    };
    candidates()
        .find(|(_, source)| singular(&source.table) == stem)
        .or_else(|| candidates().find(|(id, _)| *id == own))
        .or_else(|| candidates().find(|(_, source)| resembles(source)))
        .or_else(|| candidates().next())
}

/// `agent` of `assigned_agent_id`, `agentId` and `agent_ids`.
fn stem_of(column: &str) -> String {
    let snake = super::normalised(column).unwrap_or_default();
    let stem = snake
        .trim_end_matches("_ids")
        .trim_end_matches("_id")
        .trim_end_matches("_name")
        .trim_end_matches("_slug");
    let prefixes = [
        "current_",
        "assigned_",
        "owner_",
        "target_",
        "parent_",
        "claimed_by_",
        "last_",
    ];
    let stem = prefixes
        .iter()
        .find_map(|prefix| stem.strip_prefix(prefix))
        .unwrap_or(stem);
    stem.to_owned()
}

/// `task` of `tasks`, `agent_activity` of `agent_activities`.
fn singular(table: &str) -> String {
    let snake = super::normalised(table).unwrap_or_default();
    match snake.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => snake.strip_suffix('s').unwrap_or(&snake).to_owned(),
    }
}

/// The cell of a link, or the id that several columns make.
enum Linked<'r> {
    Cell(Cell<'r>),
    Key(RowId),
}

impl Link {
    fn get<'r>(&self, cells: &Cells<'r>) -> Option<Linked<'r>> {
        if let [column] = self.columns.as_slice() {
            return cells.get(column).map(Linked::Cell);
        }
        RowId::of_key(&self.columns, |column| cells.get(column)).map(Linked::Key)
    }

    fn key(&self, id: RowId) -> RowKey {
        RowKey::new(self.kind, self.source, id)
    }
}

/// The row that the first link with an id names.
pub(super) fn one(cells: &Cells<'_>, links: &[Link]) -> Option<RowKey> {
    links.iter().find_map(|link| match link.get(cells)? {
        Linked::Cell(value) => id(value).map(|id| link.key(id)),
        Linked::Key(id) => Some(link.key(id)),
    })
}

/// As [`one`], for columns that hold prose in some projects ("reviewing the pull request"): a text with spaces is not an
/// id.
pub(super) fn one_unless_prose(cells: &Cells<'_>, links: &[Link]) -> Option<RowKey> {
    links.iter().find_map(|link| {
        let found = one(cells, std::slice::from_ref(link))?;
        (!found.id.as_str().contains(char::is_whitespace)).then_some(found)
    })
}

/// The agents of a task: first the id of the first column that holds a single one, then those of the first column that
/// holds several. Some projects have both an `assignee` and `assignees`.
pub(super) fn agents(cells: &Cells<'_>, links: &[Link]) -> Vec<RowKey> {
    let mut agents = Vec::new();
    let mut has_single = false;
    let mut has_several = false;
    for link in links {
        let Some(value) = link.get(cells) else {
            continue;
        };
        let single = match value {
            Linked::Cell(Cell::List(items)) if !has_several => {
                // Hostile arrays are long, so reading is bounded too.
                for item in items.iter().take(MAX_AGENTS_PER_TASK * 4) {
                    push(&mut agents, id(item).map(|id| link.key(id)), MAX_AGENTS_PER_TASK);
                }
                has_several = !agents.is_empty();
                None
            }
            Linked::Cell(Cell::Text(text)) if !has_several && is_array_text(&text) => {
                for item in array_text(&text).take(MAX_AGENTS_PER_TASK * 4) {
                    push(&mut agents, Some(link.key(item.into())), MAX_AGENTS_PER_TASK);
                }
                has_several = !agents.is_empty();
                None
            }
            Linked::Cell(Cell::List(_)) => None,
            Linked::Cell(value) => id(value),
            Linked::Key(id) => Some(id),
        };
        if !has_single && let Some(id) = single {
            let key = link.key(id);
            agents.retain(|other| *other != key);
            agents.insert(0, key);
            agents.truncate(MAX_AGENTS_PER_TASK);
            has_single = true;
        }
        if has_single && has_several {
            break;
        }
    }
    agents
}

/// The rows that a task waits for, from the first column that holds any. The task itself and texts with spaces ("the
/// design review") are left out.
pub(super) fn tasks(cells: &Cells<'_>, links: &[Link], own: &RowKey) -> Vec<RowKey> {
    let mut tasks = Vec::new();
    for link in links {
        let mut take = |found: Option<RowId>| {
            let key = found.map(|id| link.key(id));
            let is_id = |key: &RowKey| key != own && !key.id.as_str().contains(char::is_whitespace);
            push(&mut tasks, key.filter(is_id), MAX_DEPENDENCIES_PER_TASK);
        };
        match link.get(cells) {
            None => {}
            Some(Linked::Key(id)) => take(Some(id)),
            Some(Linked::Cell(Cell::List(items))) => {
                items
                    .iter()
                    .take(MAX_DEPENDENCIES_PER_TASK * 4)
                    .for_each(|item| take(id(item)));
            }
            Some(Linked::Cell(Cell::Text(text))) if is_array_text(&text) => array_text(&text)
                .take(MAX_DEPENDENCIES_PER_TASK * 4)
                .for_each(|item| take(Some(item.into()))),
            Some(Linked::Cell(value)) => take(id(value)),
        }
        if !tasks.is_empty() {
            break;
        }
    }
    tasks
}

fn push(keys: &mut Vec<RowKey>, key: Option<RowKey>, most: usize) {
    if let Some(key) = key
        && keys.len() < most
        && !keys.contains(&key)
    {
        keys.push(key);
    }
}

/// Whether a text looks like an array: PostgreSQL's `{a,b}`, or a JSON array in a text column.
pub(crate) fn is_array_text(text: &str) -> bool {
    text.len() <= MAX_ARRAY_BYTES
        && ((text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']')))
}

/// The items of such a text. Ids contain neither commas nor quotes, so splitting is enough.
pub(crate) fn array_text(text: &str) -> impl Iterator<Item = &str> {
    text.get(1..text.len().saturating_sub(1))
        .unwrap_or_default()
        .split(',')
        .map(|item| item.trim().trim_matches('"'))
        .filter(|item| !item.is_empty() && item.len() <= 256 && *item != "NULL" && *item != "null")
}
