//! The fields of a query. One table: a field is added by one entry.

/// What the values of a field are, and so how they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A state, or the row's own word for it.
    State,
    /// One of the four kinds.
    Kind,
    /// A text.
    Text,
    /// A number.
    Number,
    /// A share of 1.
    Share,
    /// A span of time.
    Span,
    /// True or false.
    Flag,
}

/// Defines `Field` and everything that depends on it from one entry per field.
macro_rules! fields {
    ($($Field:ident $word:literal $Sort:ident $about:literal)*) => {
        /// What a query may ask for beside the columns of a row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field {
            $(#[doc = concat!("`", $word, "`: ", $about, ".")] $Field,)*
        }

        impl Field {
            /// Every field, in the order of the README.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$Field),*];

            /// Its name in a query.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$Field => $word,)*
                }
            }

            /// What it is, for a list of fields.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$Field => $about,)*
                }
            }

            pub(crate) const fn sort(self) -> Sort {
                match self {
                    $(Self::$Field => Sort::$Sort,)*
                }
            }
        }
    };
}

fields! {
    State "state" State "the state; also trouble, open, over, or the row's own word"
    Kind "kind" Kind "agent, task, workflow or run"
    Label "label" Text "the name on the screen"
    Id "id" Text "the primary key"
    Activity "activity" Text "what it is doing"
    Agent "agent" Text "name or id of one of its agents"
    Workflow "workflow" Text "name or id of its workflow"
    Error "error" Text "the error message"
    Table "table" Text "the name of the table"
    Age "age" Span "how long ago it changed"
    Cost "cost" Number "what it cost"
    Tokens "tokens" Number "the tokens it took"
    Attempt "attempt" Number "the number of the attempt"
    Progress "progress" Share "the share that is done"
    NeedsPerson "needs_person" Flag "whether it waits for a person's decision"
}

/// Other names of fields.
const ALIASES: [(&str, Field); 1] = [("title", Field::Label)];

/// Shorter names are too similar to those of usual columns to be taken for a slip.
const MIN_SLIP_BYTES: usize = 5;

impl Field {
    /// The field of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::names()
            .find(|(word, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, field)| field)
    }

    /// Every name of a field.
    pub(crate) fn names() -> impl Iterator<Item = (&'static str, Self)> {
        Self::ALL.into_iter().map(|field| (field.word(), field)).chain(ALIASES)
    }

    /// The name of a field that was most probably meant by `name`, which is none: one letter is missing, too many, or
    /// exchanged with its neighbour. The plural is a usual name of a column.
    pub(crate) fn slip(name: &str) -> Option<&'static str> {
        let name = name.to_lowercase();
        let is_slip = |word: &&str| {
            word.len() >= MIN_SLIP_BYTES
                && word.as_bytes().first() == name.as_bytes().first()
                && name.strip_suffix('s') != Some(word)
                && is_slip_of(&name, word)
        };
        Self::names().map(|(word, _)| word).find(is_slip)
    }
}

/// Whether the word becomes the other by one letter less, one more, or two neighbours exchanged.
pub(crate) fn is_slip_of(word: &str, other: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    // A letter in the place of another makes a different word too often: `stage`, `state`.
    word.len().abs_diff(other.len()) <= 4
        && strsim::osa_distance(word, other) == 1
        && (word.chars().count() != other.chars().count() || sorted(word) == sorted(other))
}

/// The most similar of some names, if one is similar at all.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    let most = (name.chars().count() / 3).clamp(1, 2);
    names
        .map(|other| (strsim::osa_distance(&name, &other.to_lowercase()), other))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_usual_columns_are_none() {
        for (slip, word) in [
            ("stat", "state"),
            ("staet", "state"),
            ("lable", "label"),
            ("titel", "title"),
            ("Workflw", "workflow"),
            ("agentt", "agent"),
        ] {
            assert_eq!(Field::slip(slip), Some(word), "{slip}");
        }
        for column in [
            "stage", "states", "labels", "host", "status", "agents", "page", "rate", "stable", "payload", "",
        ] {
            assert_eq!(Field::slip(column), None, "{column}");
        }
    }
}
