//! Reads `[[sources]]` of `opswall.toml`.

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use model::{
    Kind,
    mapping::{Companion, Take},
};

use crate::{
    SettingsError,
    file::{Place, in_order, texts, word_entries},
    layers::{SettingsLayer, WrittenSource},
    mapping::{self, MAX_SOURCES},
};

/// Most companions of one source.
const MAX_COMPANIONS: usize = 16;

type Key<'k> = Spanned<DeString<'k>>;

/// `[[sources]]`: a list of tables.
pub(crate) fn sources(
    place: &Place<'_>,
    layer: &mut SettingsLayer,
    key: &Key<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(), SettingsError> {
    let wrong = |got: &DeValue<'_>| place.wrong(key, "sources", got, "sections like [[sources]], at most 64");
    let DeValue::Array(items) = value.get_ref() else {
        return Err(wrong(value.get_ref()));
    };
    if items.len() > MAX_SOURCES {
        return Err(wrong(value.get_ref()));
    }
    for item in items {
        let DeValue::Table(entries) = item.get_ref() else {
            return Err(wrong(item.get_ref()));
        };
        layer.sources.push(source(place, item, entries)?);
    }
    Ok(())
}

fn source(
    place: &Place<'_>,
    item: &Spanned<DeValue<'_>>,
    entries: &DeTable<'_>,
) -> Result<WrittenSource, SettingsError> {
    let origin = place.origin(item);
    let missing = |what: &str, example: &str| {
        SettingsError::refused(origin.subject("sources"), format!("has no {what}: add {example}"))
    };
    let mut written = WrittenSource {
        kind: Kind::Task,
        table: String::new(),
        entries: Vec::new(),
        words: Vec::new(),
        companions: Vec::new(),
        origin: origin.clone(),
    };
    let mut kind = None;
    for (key, value) in in_order(entries) {
        let name = format!("sources.{}", key.get_ref());
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("kind", DeValue::String(word)) => {
                let known = mapping::kind_of(word);
                let kinds = Kind::ALL.map(Kind::singular);
                let unknown = || mapping::unknown("kind", word, &kinds, &place.origin(key), "sources.kind");
                kind = Some(known.ok_or_else(unknown)?);
            }
            ("words", DeValue::Table(words)) => word_entries(place, &name, words, &mut written.words)?,
            ("companions", DeValue::Array(items)) if items.len() <= MAX_COMPANIONS => {
                for item in items {
                    let DeValue::Table(entries) = item.get_ref() else {
                        return Err(place.wrong(key, &name, item.get_ref(), "sections like [[sources.companions]]"));
                    };
                    written.companions.push(companion(place, item, entries)?);
                }
            }
            ("kind", other) => return Err(place.wrong(key, &name, other, "a kind in quotes")),
            ("words", other) => return Err(place.wrong(key, &name, other, "a table like { parked = \"waiting\" }")),
            ("companions", other) => {
                return Err(place.wrong(key, &name, other, "sections like [[sources.companions]], at most 16"));
            }
            (role, value) => {
                let known = mapping::roles();
                if !known.contains(&role) {
                    let more = ["kind", "words", "companions"];
                    let known: Vec<&str> = known.into_iter().chain(more).collect();
                    return Err(place.unknown(key, "sources", &known));
                }
                let names = match value {
                    DeValue::Boolean(flag) => vec![flag.to_string()],
                    value => texts(value)
                        .ok_or_else(|| place.wrong(key, &name, value, "a name in quotes, or a list of them"))?,
                };
                let origin = place.origin(key);
                let (role, names) = mapping::entry("sources", role, names, &origin)?;
                match role {
                    "table" => written.table = names.into_iter().next().unwrap_or_default(),
                    role => written.entries.push((role, names, origin)),
                }
            }
        }
    }
    if written.table.is_empty() {
        return Err(missing("table", "table = \"the name of the table\""));
    }
    written.kind = kind.ok_or_else(|| missing("kind", "kind = \"agent\", \"task\", \"workflow\" or \"run\""))?;
    Ok(written)
}

/// What can be set of a companion.
const COMPANION: &[&str] = &["table", "schema", "id", "key", "of", "latest_by", "collect", "state"];

fn companion(
    place: &Place<'_>,
    item: &Spanned<DeValue<'_>>,
    entries: &DeTable<'_>,
) -> Result<Companion, SettingsError> {
    let section = "sources.companions";
    let text = |wanted: &str| -> Result<Option<Vec<String>>, SettingsError> {
        let Some((key, value)) = in_order(entries).into_iter().find(|(key, _)| key.get_ref() == wanted) else {
            return Ok(None);
        };
        let name = format!("{section}.{wanted}");
        let names = texts(value.get_ref())
            .filter(|names| !names.is_empty() && !names.iter().any(String::is_empty))
            .filter(|names| wanted == "id" || names.len() == 1);
        match names {
            Some(names) => Ok(Some(names)),
            None => Err(place.wrong(key, &name, value.get_ref(), "a name in quotes")),
        }
    };
    if let Some((key, _)) = in_order(entries)
        .into_iter()
        .find(|(key, _)| !COMPANION.contains(&key.get_ref().as_ref()))
    {
        return Err(place.unknown(key, section, COMPANION));
    }
    let one = |wanted: &str| Ok(text(wanted)?.and_then(|names| names.into_iter().next()));
    let missing = |what: &str, example: &str| {
        let subject = place.origin(item).subject(section);
        SettingsError::refused(subject, format!("has no {what}: add {example}"))
    };
    let table = one("table")?.ok_or_else(|| missing("table", "table = \"the name of the table\""))?;
    let theirs = one("key")?.ok_or_else(|| missing("key", "key = \"its column that names the row\""))?;
    let mut companion = Companion::new(&table, &theirs);
    if let Some(schema) = one("schema")? {
        companion.schema = schema;
    }
    if let Some(id) = text("id")? {
        companion.id = id;
    }
    companion.ours = one("of")?.unwrap_or_default();
    companion.take = match (one("collect")?, one("latest_by")?) {
        (Some(column), _) => Take::All(column),
        (None, by) => Take::Latest(by),
    };
    if let Some(word) = one("state")? {
        let state = mapping::state_of(&word);
        let origin = place.origin(item);
        let unknown = || {
            let states: Vec<&str> = model::Status::ALL.map(model::Status::word).to_vec();
            mapping::unknown("state", &word, &states, &origin, "sources.companions.state")
        };
        companion.state = Some(state.ok_or_else(unknown)?);
    }
    Ok(companion)
}
