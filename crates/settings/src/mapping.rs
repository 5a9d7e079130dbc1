//! Tables, columns and status words: the ways they are written, and the mapping that all layers give together.

use std::collections::BTreeMap;

use model::{Kind, KindMapping, Mapping, Status};

use crate::{
    SettingsError,
    definition::nearest,
    layers::{Column, Found, Raw, SettingsLayer, Word},
    origin::Origin,
};

/// What can be set for a table beside the columns of its roles ([`KindMapping::ROLES`]).
const TABLE_SETTINGS: &[&str] = &["table", "schema", "priority_one_is_most_urgent"];

/// What can be set for a table.
pub(crate) fn roles() -> Vec<&'static str> {
    TABLE_SETTINGS.iter().chain(KindMapping::ROLES).copied().collect()
}

/// Longest name of a table or column with a path into JSON. PostgreSQL's names have at most 63 bytes.
const MAX_NAME_BYTES: usize = 256;
/// Most columns of one role, and most status words.
const MAX_NAMES: usize = 64;
/// Most columns of a key, as in PostgreSQL.
const MAX_KEY_COLUMNS: usize = 32;
const MAX_WORDS: usize = 4_096;

/// The origin of each part of the mapping that is not a default, by a name like `tables.agents.status`.
pub(crate) type Origins = BTreeMap<String, Origin>;

/// Reads a column as flags and variables write it: `agent.status=phase,state`.
pub(crate) fn column_text(layer: &mut SettingsLayer, text: &str, origin: Origin) -> Result<(), SettingsError> {
    let wrong = || {
        let want = "KIND.ROLE=COLUMN, like agent.status=phase or task.label=title,name";
        SettingsError::value(origin.subject("map"), text, want)
    };
    let (place, names) = text.split_once('=').ok_or_else(wrong)?;
    let (kind, role) = place.trim().split_once('.').ok_or_else(wrong)?;
    let kind = kind_of(kind).ok_or_else(|| unknown("kind", kind, &Kind::ALL.map(Kind::singular), &origin, "map"))?;
    let names = names.split(',').map(|name| name.trim().to_owned()).collect();
    column(layer, kind, role, names, origin)
}

/// Adds one role of one kind. All layers check their names here.
pub(crate) fn column(
    layer: &mut SettingsLayer,
    kind: Kind,
    role: &str,
    names: Vec<String>,
    origin: Origin,
) -> Result<(), SettingsError> {
    let place = format!("tables.{}.{role}", kind.plural());
    let spelled = role.trim().replace('-', "_");
    let roles = roles();
    let role = *roles
        .iter()
        .find(|known| **known == spelled)
        .ok_or_else(|| unknown("role", role, &roles, &origin, "map"))?;
    let is_list = !TABLE_SETTINGS.contains(&role);
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
    // An empty name means that runs are not followed.
    let may_be_none = kind == Kind::Run && role == "table";
    let fits = |name: &String| {
        (may_be_none || !name.is_empty()) && name.len() <= MAX_NAME_BYTES && !name.contains(char::is_control)
    };
    if names.is_empty() || names.len() > most || is_repeated || !names.iter().all(fits) {
        let want = match role {
            "id" => "the name of the key column, or several different ones",
            "priority_one_is_most_urgent" => "true or false",
            _ if is_list => "one or several names",
            _ => "one name",
        };
        return Err(SettingsError::value(origin.subject(&place), &names.join(","), want));
    }
    if role == "priority_one_is_most_urgent" && !names.iter().all(|flag| flag == "true" || flag == "false") {
        return Err(SettingsError::value(
            origin.subject(&place),
            &names.join(","),
            "true or false",
        ));
    }
    layer.columns.push(Column {
        kind,
        role,
        names,
        origin,
    });
    Ok(())
}

/// Reads a status word as flags and variables write it: `erledigt=done`, or `done=erledigt,fertig`.
pub(crate) fn word_text(layer: &mut SettingsLayer, text: &str, origin: Origin) -> Result<(), SettingsError> {
    let (left, right) = text
        .split_once('=')
        .ok_or_else(|| SettingsError::value(origin.subject("status"), text, "WORD=STATE, like erledigt=done"))?;
    if right.contains(',') {
        let words = right.split(',').map(|word| word.trim().to_owned()).collect();
        return words_of_state(layer, left.trim(), words, origin);
    }
    word(layer, left.trim(), right.trim(), origin)
}

/// Adds a word and its state. If only the left one is a state, the right one is the word.
pub(crate) fn word(layer: &mut SettingsLayer, left: &str, right: &str, origin: Origin) -> Result<(), SettingsError> {
    match (state_of(right), state_of(left)) {
        (Some(status), _) => push_word(layer, left, status, origin),
        (None, Some(status)) => push_word(layer, right, status, origin),
        (None, None) => Err(no_state(right, &origin, left)),
    }
}

/// Adds several words for one state.
pub(crate) fn words_of_state(
    layer: &mut SettingsLayer,
    state: &str,
    words: Vec<String>,
    origin: Origin,
) -> Result<(), SettingsError> {
    let status = state_of(state).ok_or_else(|| no_state(state, &origin, state))?;
    for word in words {
        push_word(layer, &word, status, origin.clone())?;
    }
    Ok(())
}

fn push_word(layer: &mut SettingsLayer, word: &str, status: Status, origin: Origin) -> Result<(), SettingsError> {
    // The mapping refuses words that it could never find.
    if !Mapping::default().add_word(word, status) || layer.words.len() >= MAX_WORDS {
        let want = "short words of letters or digits, at most 4096 of them";
        return Err(SettingsError::value(origin.subject("status"), word, want));
    }
    layer.words.push(Word {
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

fn state_of(word: &str) -> Option<Status> {
    states().find(|status| status.word().eq_ignore_ascii_case(word.trim()))
}

/// `agent`, `agents`, …
pub(crate) fn kind_of(word: &str) -> Option<Kind> {
    let word = word.trim();
    Kind::ALL
        .into_iter()
        .find(|kind| word.eq_ignore_ascii_case(kind.singular()) || word.eq_ignore_ascii_case(kind.plural()))
}

fn unknown(what: &str, got: &str, known: &[&str], origin: &Origin, name: &str) -> SettingsError {
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

/// The default mapping with the layers over it, weakest first.
pub(crate) fn assemble<'l>(
    layers: impl IntoIterator<Item = &'l SettingsLayer>,
) -> Result<(Mapping, Origins), SettingsError> {
    let mut mapping = Mapping::default();
    let mut origins = Origins::new();
    for layer in layers {
        // Settings of all tables first, so that those of one table override them.
        let mut checked = SettingsLayer::default();
        for kind in Kind::ALL {
            for (key, role) in [("schema", "schema"), (table_key(kind), "table")] {
                if let Some(Found {
                    raw: Raw::Text(text),
                    origin,
                }) = layer.values.get(key)
                {
                    column(&mut checked, kind, role, vec![text.trim().to_owned()], origin.clone())?;
                }
            }
        }
        apply(&mut mapping, &mut origins, &checked.columns);
        apply(&mut mapping, &mut origins, &layer.columns);
        for Word { word, status, origin } in &layer.words {
            mapping.add_word(word, *status);
            if let Some(word) = model::mapping::normalised(word) {
                origins.insert(format!("status.{word}"), origin.clone());
            }
        }
    }
    if mapping.follows(Kind::Run) {
        mapping.separate_runs_from_workflows();
    }
    Ok((mapping, origins))
}

fn apply(mapping: &mut Mapping, origins: &mut Origins, columns: &[Column]) {
    for Column {
        kind,
        role,
        names,
        origin,
    } in columns
    {
        let of = &mut mapping.kinds[*kind];
        let first = || names.first().cloned().unwrap_or_default();
        match *role {
            "table" => of.table = first(),
            "schema" => of.schema = first(),
            "priority_one_is_most_urgent" => of.one_is_most_urgent = first() == "true",
            role => match of.columns_mut(role) {
                Some(columns) => columns.clone_from(names),
                None => continue,
            },
        }
        origins.insert(format!("tables.{}.{role}", kind.plural()), origin.clone());
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
