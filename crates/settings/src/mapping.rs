//! Sources, columns and status words: the ways they are written, and the mapping that all layers give together.

use std::collections::BTreeMap;

use model::{Kind, Mapping, SourceMapping, Status};

use crate::{
    SettingsError,
    definition::nearest,
    layers::{Column, Found, Raw, SettingsLayer, Target, Word, WrittenSource},
    origin::Origin,
    saved::SavedWord,
};

/// What can be set for a source beside the columns of its roles ([`SourceMapping::ROLES`]), as one value each.
const SINGLE: &[&str] = &[
    "table",
    "schema",
    "lifecycle",
    "gone",
    "link",
    "priority_one_is_most_urgent",
];

/// What can be set for a source by a name and a list of values.
pub(crate) fn roles() -> Vec<&'static str> {
    SINGLE.iter().chain(SourceMapping::ROLES).copied().collect()
}

/// Longest name of a table or column with a path into JSON. PostgreSQL's names have at most 63 bytes.
const MAX_NAME_BYTES: usize = 256;
/// Longest template of a link; the model's own bound.
const MAX_LINK_BYTES: usize = 512;
/// Most columns of one role.
const MAX_NAMES: usize = 64;
/// Most columns of a key, as in PostgreSQL.
const MAX_KEY_COLUMNS: usize = 32;
/// Most status words of a layer or of a source.
const MAX_WORDS: usize = 4_096;
/// Most sources.
pub(crate) const MAX_SOURCES: usize = 64;

/// The origin of each part of the mapping that is not a default, by a name like `sources.agents.status`.
pub(crate) type Origins = BTreeMap<String, Origin>;

/// Reads a column as flags and variables write it: `agent.status=phase,state` or `my_jobs.status=phase`.
pub(crate) fn column_text(layer: &mut SettingsLayer, text: &str, origin: Origin) -> Result<(), SettingsError> {
    let wrong = || {
        let want = "KIND.ROLE=COLUMN or TABLE.ROLE=COLUMN, like agent.status=phase or task.label=title,name";
        SettingsError::value(origin.subject("map"), text, want)
    };
    let (place, names) = text.split_once('=').ok_or_else(wrong)?;
    let (target, role) = place.trim().rsplit_once('.').ok_or_else(wrong)?;
    let target = match kind_of(target) {
        Some(kind) => Target::Kind(kind),
        None => Target::Table(target.trim().to_owned()),
    };
    let names = match names.trim() {
        "" => Vec::new(),
        names => names.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    let (role, names) = entry("map", role, names, &origin)?;
    layer.columns.push(Column {
        target,
        role,
        names,
        origin,
    });
    Ok(())
}

/// Checks one role and its values. All layers check their names here. `place` names the setting in errors.
pub(crate) fn entry(
    place: &str,
    role: &str,
    names: Vec<String>,
    origin: &Origin,
) -> Result<(&'static str, Vec<String>), SettingsError> {
    let spelled = role.trim().replace('-', "_");
    let roles = roles();
    let role = *roles
        .iter()
        .find(|known| **known == spelled)
        .ok_or_else(|| unknown("role", role, &roles, origin, place))?;
    let is_list = !SINGLE.contains(&role);
    let most = match role {
        "id" => MAX_KEY_COLUMNS,
        _ if is_list => MAX_NAMES,
        _ => 1,
    };
    // A server refuses to read or order by one column twice.
    let is_repeated = role == "id"
        && names
            .iter()
            .enumerate()
            .any(|(at, name)| names.iter().take(at).any(|earlier| earlier == name));
    // An empty list means that no column has the role.
    let may_be_none = is_list && role != "id";
    let most_bytes = if role == "link" { MAX_LINK_BYTES } else { MAX_NAME_BYTES };
    let fits = |name: &String| !name.is_empty() && name.len() <= most_bytes && !name.contains(char::is_control);
    let is_flag = matches!(role, "lifecycle" | "priority_one_is_most_urgent");
    let is_of_form = |name: &String| match role {
        "gone" => state_of(name).is_some(),
        "link" => model::mapping::is_link_template(name),
        _ if is_flag => name == "true" || name == "false",
        _ => true,
    };
    let is_wrong = (names.is_empty() && !may_be_none)
        || names.len() > most
        || is_repeated
        || !names.iter().all(fits)
        || !names.iter().all(is_of_form);
    if is_wrong {
        let subject = match place {
            "map" => origin.subject("map"),
            place => origin.subject(&format!("{place}.{role}")),
        };
        let want = match role {
            "id" => "the name of the key column, or several different ones".to_owned(),
            "link" => "an https address with columns in braces, like https://example.com/tasks/{id}".to_owned(),
            "gone" => format!("one of {}", states().map(Status::word).collect::<Vec<_>>().join(", ")),
            _ if is_flag => "true or false".to_owned(),
            _ if is_list => "one or several names".to_owned(),
            _ => "one name".to_owned(),
        };
        return Err(SettingsError::value(subject, &names.join(","), want));
    }
    Ok((role, names))
}

/// Reads a status word as flags and variables write it: `erledigt=done`, or `done=erledigt,fertig`.
pub(crate) fn word_text(layer: &mut SettingsLayer, text: &str, origin: Origin) -> Result<(), SettingsError> {
    let (left, right) = text
        .split_once('=')
        .ok_or_else(|| SettingsError::value(origin.subject("status"), text, "WORD=STATE, like erledigt=done"))?;
    if right.contains(',') {
        let words = right.split(',').map(|word| word.trim().to_owned()).collect();
        return words_of_state(&mut layer.words, left.trim(), words, origin);
    }
    word(&mut layer.words, left.trim(), right.trim(), origin)
}

/// Adds a word and its state. If only the left one is a state, the right one is the word.
pub(crate) fn word(words: &mut Vec<Word>, left: &str, right: &str, origin: Origin) -> Result<(), SettingsError> {
    match (state_of(right), state_of(left)) {
        (Some(status), _) => push_word(words, left, status, origin),
        (None, Some(status)) => push_word(words, right, status, origin),
        (None, None) => Err(no_state(right, &origin, left)),
    }
}

/// Adds several words for one state.
pub(crate) fn words_of_state(
    words: &mut Vec<Word>,
    state: &str,
    list: Vec<String>,
    origin: Origin,
) -> Result<(), SettingsError> {
    let status = state_of(state).ok_or_else(|| no_state(state, &origin, state))?;
    for word in list {
        push_word(words, &word, status, origin.clone())?;
    }
    Ok(())
}

fn push_word(words: &mut Vec<Word>, word: &str, status: Status, origin: Origin) -> Result<(), SettingsError> {
    // The mapping refuses words that it could never find.
    if !Mapping::default().add_word(word, status) || words.len() >= MAX_WORDS {
        let want = "short words of letters or digits, at most 4096 of them";
        return Err(SettingsError::value(origin.subject("status"), word, want));
    }
    words.push(Word {
        word: word.to_owned(),
        status,
        origin,
    });
    Ok(())
}

fn no_state(got: &str, origin: &Origin, word: &str) -> SettingsError {
    let states: Vec<&str> = states().map(Status::word).collect();
    SettingsError::value(
        origin.subject(&format!("status.{word}")),
        got,
        format!("one of {}", states.join(", ")),
    )
}

fn states() -> impl Iterator<Item = Status> {
    Status::ALL.into_iter().filter(|status| *status != Status::Unmapped)
}

pub(crate) fn state_of(word: &str) -> Option<Status> {
    states().find(|status| status.word().eq_ignore_ascii_case(word.trim()))
}

/// The kind that `agent` or `agents` names.
pub(crate) fn kind_of(word: &str) -> Option<Kind> {
    let word = word.trim();
    Kind::ALL
        .into_iter()
        .find(|kind| word.eq_ignore_ascii_case(kind.singular()) || word.eq_ignore_ascii_case(kind.plural()))
}

pub(crate) fn unknown(what: &str, got: &str, known: &[&str], origin: &Origin, name: &str) -> SettingsError {
    let remedy = match nearest(got, known.iter().copied()) {
        Some(nearest) => format!("a known {what}: did you mean '{nearest}'?"),
        None => format!("a known {what}: one of {}", known.join(", ")),
    };
    SettingsError::value(origin.subject(name), got, remedy)
}

/// The key of the setting that names a kind's table.
const fn table_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => "agents_table",
        Kind::Task => "tasks_table",
        Kind::Workflow => "workflows_table",
        Kind::Run => "runs_table",
    }
}

/// What the layers say about the sources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    /// The sources of the strongest layer that lists any, or those of `*_table`; `None`: nothing names a table.
    sources: Option<Vec<SourceMapping>>,
    changes: Vec<Change>,
    words: Vec<(String, Status)>,
    /// Words of single tables, decided on the wall.
    saved_words: Vec<(SavedWord, Origin)>,
    pub(crate) origins: Origins,
}

/// A change of one role, of all sources or of some.
#[derive(Debug, Clone)]
struct Change {
    target: Target,
    role: &'static str,
    names: Vec<String>,
    origin: Origin,
}

impl Written {
    /// Whether a table is named anywhere. If not, the tables have to be found.
    pub(crate) fn names_tables(&self) -> bool {
        self.sources.is_some()
    }

    /// The schema that the settings give all tables.
    pub(crate) fn schema(&self) -> Option<&str> {
        let of_all =
            (self.changes.iter().rev()).find(|change| change.role == "schema" && change.target == Target::All)?;
        of_all.names.first().map(String::as_str)
    }

    /// The mapping of these sources, or of the ones that the settings name, with all changes and words.
    ///
    /// # Errors
    /// A change names a table that is none of the sources, or two sources are one table and kind.
    pub(crate) fn mapping(&self, found: Option<Vec<SourceMapping>>) -> Result<(Mapping, Origins), SettingsError> {
        let mut origins = self.origins.clone();
        let is_found = found.is_some();
        let mut sources = match (found, &self.sources) {
            (Some(found), _) => found,
            (None, Some(sources)) => sources.clone(),
            (None, None) => Mapping::default().sources().to_vec(),
        };
        for change in &self.changes {
            let mut is_used = false;
            for source in sources.iter_mut().filter(|source| change.target.is(source)) {
                is_used = true;
                set(source, change.role, &change.names);
                origins.insert(
                    format!("sources.{}.{}", source.name(), change.role),
                    change.origin.clone(),
                );
            }
            // A kind without a source needs no change. A table that is misspelt would change nothing silently.
            if let Target::Table(table) = &change.target
                && !is_used
                && (is_found || self.names_tables())
            {
                let names: Vec<String> = sources.iter().map(SourceMapping::name).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(unknown("source", table, &names, &change.origin, "map"));
            }
        }
        for (saved, origin) in &self.saved_words {
            let target = Target::Table(saved.table.clone());
            for source in sources.iter_mut().filter(|source| target.is(source)) {
                source.add_word(&saved.word, saved.status);
                origins.insert(
                    format!("sources.{}.words.{}", source.name(), saved.word),
                    origin.clone(),
                );
            }
        }
        let mut mapping = Mapping::new(sources);
        for (word, status) in &self.words {
            mapping.add_word(word, *status);
        }
        Ok((mapping, origins))
    }
}

impl Target {
    fn is(&self, source: &SourceMapping) -> bool {
        match self {
            Self::All => true,
            Self::Kind(kind) => source.kind == *kind,
            Self::Table(table) => source.table == *table || source.name() == *table,
        }
    }
}

/// Reads what the layers say, weakest first. `feed`: the address of the project, whose saved words count.
pub(crate) fn gather<'l>(
    layers: impl IntoIterator<Item = &'l SettingsLayer>,
    feed: Option<&str>,
) -> Result<Written, SettingsError> {
    let mut written = Written::default();
    for layer in layers {
        if !layer.sources.is_empty() {
            written.sources = Some(listed(&layer.sources, &mut written.origins)?);
        }
        tables(layer, &mut written)?;
        if let Some(Found {
            raw: Raw::Text(text),
            origin,
        }) = layer.values.get("schema")
        {
            // The schema of all tables first, so that what one table sets overrides it.
            let (role, names) = entry("sources", "schema", vec![text.trim().to_owned()], origin)?;
            let is_listed = |source: &WrittenSource| source.entries.iter().any(|(role, ..)| *role == "schema");
            for source in written.sources.iter_mut().flatten() {
                let own = layer
                    .sources
                    .iter()
                    .any(|listed| listed.table == source.table && is_listed(listed));
                if !own {
                    set(source, role, &names);
                }
            }
            if layer.sources.is_empty() {
                written.changes.push(Change {
                    target: Target::All,
                    role,
                    names,
                    origin: origin.clone(),
                });
            }
        }
        written.changes.extend(layer.columns.iter().map(|column| Change {
            target: column.target.clone(),
            role: column.role,
            names: column.names.clone(),
            origin: column.origin.clone(),
        }));
        let saved = layer.saved_words.iter();
        let saved = saved.filter(|(saved, _)| Some(saved.feed.as_str()) == feed);
        written.saved_words.extend(saved.cloned());
        for Word { word, status, origin } in &layer.words {
            // A word of a table counts before a word of all tables; but a flag counts before what was saved.
            let normalised = model::mapping::normalised(word);
            written
                .saved_words
                .retain(|(saved, _)| Some(&saved.word) != normalised.as_ref());
            written.words.push((word.clone(), *status));
            if let Some(word) = model::mapping::normalised(word) {
                written.origins.insert(format!("status.{word}"), origin.clone());
            }
        }
    }
    Ok(written)
}

/// The sources of a list. Two of one table and kind would show every row twice.
pub(crate) fn listed(list: &[WrittenSource], origins: &mut Origins) -> Result<Vec<SourceMapping>, SettingsError> {
    let mut sources: Vec<SourceMapping> = Vec::new();
    for written in list {
        let mut source = SourceMapping::of(written.kind);
        source.table.clone_from(&written.table);
        for (role, names, _) in &written.entries {
            set(&mut source, role, names);
        }
        for Word { word, status, .. } in &written.words {
            source.add_word(word, *status);
        }
        source.companions.clone_from(&written.companions);
        let is_same = |other: &SourceMapping| other.name() == source.name() && other.kind == source.kind;
        if sources.iter().any(is_same) {
            return Err(SettingsError::refused(
                written.origin.subject("sources.table"),
                format!(
                    "is {} for {} a second time: remove one of the two",
                    source.name(),
                    source.kind.plural()
                ),
            ));
        }
        let name = source.name();
        origins.insert(format!("sources.{name}.table"), written.origin.clone());
        for Word { word, origin, .. } in &written.words {
            if let Some(word) = model::mapping::normalised(word) {
                origins.insert(format!("sources.{name}.words.{word}"), origin.clone());
            }
        }
        for (role, _, origin) in &written.entries {
            origins.insert(format!("sources.{name}.{role}"), origin.clone());
        }
        sources.push(source);
    }
    Ok(sources)
}

/// The settings that name the table of a kind (`tasks_table`): they change the first source of the kind, or add one; an
/// empty name removes the kind.
fn tables(layer: &SettingsLayer, written: &mut Written) -> Result<(), SettingsError> {
    for kind in Kind::ALL {
        let Some(Found {
            raw: Raw::Text(text),
            origin,
        }) = layer.values.get(table_key(kind))
        else {
            continue;
        };
        let table = text.trim();
        let sources = written
            .sources
            .get_or_insert_with(|| Mapping::default().sources().to_vec());
        if table.is_empty() {
            sources.retain(|source| source.kind != kind);
            continue;
        }
        let (_, names) = entry(table_key(kind), "table", vec![table.to_owned()], origin)?;
        match sources.iter_mut().find(|source| source.kind == kind) {
            Some(source) => set(source, "table", &names),
            None => {
                let mut source = SourceMapping::of(kind);
                set(&mut source, "table", &names);
                sources.push(source);
            }
        }
        written.origins.insert(format!("sources.{table}.table"), origin.clone());
    }
    Ok(())
}

/// Sets one role of a source; the values were checked by [`entry`].
fn set(source: &mut SourceMapping, role: &str, names: &[String]) {
    let first = || names.first().cloned().unwrap_or_default();
    match role {
        "table" => source.table = first(),
        "schema" => source.schema = first(),
        "lifecycle" => source.lifecycle = first() == "true",
        "gone" => source.gone = state_of(&first()),
        "link" => source.link = Some(first()),
        "priority_one_is_most_urgent" => source.one_is_most_urgent = first() == "true",
        role => {
            if let Some(columns) = source.columns_mut(role) {
                columns.clone_from(&names.to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::definitions;

    #[test]
    fn every_setting_that_names_a_table_is_read() {
        let named: Vec<&str> = definitions()
            .map(|definition| definition.key)
            .filter(|key| key.ends_with("_table"))
            .collect();
        assert_eq!(named, Kind::ALL.map(table_key));
    }
}
