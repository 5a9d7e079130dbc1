//! What is defined of every setting, and what the table of settings generates from it.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{
    Env, SettingsError,
    form::{Form, FormOf},
    layers::{Set, Written},
    table::definitions,
};

/// Settings of one subject. The order is that of the help, the example file and the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Which project, and with which key.
    Project,
    /// The user who signs in, and where the password is.
    SignIn,
    /// How the connection is kept.
    Connection,
    /// How the picture is drawn.
    Display,
    /// Tables, columns and status words.
    Tables,
    /// The settings file and the log.
    General,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Project,
        Self::SignIn,
        Self::Connection,
        Self::Display,
        Self::Tables,
        Self::General,
    ];

    /// The heading in the help and in documents.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::SignIn => "Signing in",
            Self::Connection => "Connection",
            Self::Display => "Display",
            Self::Tables => "Tables and status words",
            Self::General => "General",
        }
    }
}

/// One setting. Every flag, variable, key in the file, line of `config` and row of the documents is made from it.
#[derive(Clone, Copy)]
pub(crate) struct Definition {
    /// As in `opswall.toml`. The flag is the same in kebab case, the variable the same in capitals with a prefix.
    pub(crate) key: &'static str,
    /// One line: what it is. Shown in the help, the example file and the README.
    pub(crate) help: &'static str,
    /// Further lines for the example file and the README; empty when there are none.
    #[cfg_attr(not(test), expect(dead_code, reason = "the documents are made by their tests"))]
    pub(crate) details: &'static str,
    /// How its text is read, checked and shown.
    pub(crate) form: &'static dyn Form,
    /// The subject under which help and documents list it.
    pub(crate) group: Group,
    /// The flag's letter.
    pub(crate) short: Option<char>,
    /// Other variables that set it, weakest first.
    pub(crate) customary: &'static [&'static str],
    /// The section of `opswall.toml` in which it is documented.
    pub(crate) section: Option<&'static str>,
    /// A value for the example file, as TOML, where there is no default.
    pub(crate) example: Option<&'static str>,
    /// Whether it is used instead of another setting, so that the example file cannot contain both.
    pub(crate) is_alternative: bool,
    /// Whether the panel can change it, which keeps it in the state file.
    pub(crate) is_saved: bool,
    /// Whether the settings file may set it by this key.
    pub(crate) in_file: bool,
    /// Whether a change of it is put in force while opswall runs.
    pub(crate) is_run_time: bool,
}

impl Definition {
    /// A setting of flag, environment and file. The table fills in the rest.
    pub(crate) const fn of(group: Group) -> Self {
        Self {
            key: "",
            help: "",
            details: "",
            form: &crate::form::Switch,
            group,
            short: None,
            customary: &[],
            section: None,
            example: None,
            is_alternative: false,
            is_saved: false,
            in_file: true,
            is_run_time: false,
        }
    }

    /// Gives the flag a letter.
    pub(crate) const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// Lets other variables set it, weakest first.
    pub(crate) const fn customary(mut self, variables: &'static [&'static str]) -> Self {
        self.customary = variables;
        self
    }

    /// Documents it in a section of `opswall.toml`.
    pub(crate) const fn section(mut self, name: &'static str) -> Self {
        self.section = Some(name);
        self
    }

    /// Shows a value in the example file, as TOML.
    pub(crate) const fn example(mut self, toml: &'static str) -> Self {
        self.example = Some(toml);
        self
    }

    /// Makes it one that is used instead of another setting.
    pub(crate) const fn alternative(mut self) -> Self {
        self.is_alternative = true;
        self
    }

    /// Lets the panel change it, which keeps it in the state file.
    pub(crate) const fn saved(mut self) -> Self {
        self.is_saved = true;
        self
    }

    /// Keeps it out of the settings file.
    pub(crate) const fn not_in_file(mut self) -> Self {
        self.in_file = false;
        self
    }

    /// Puts a change of it in force while opswall runs.
    pub(crate) const fn run_time(mut self) -> Self {
        self.is_run_time = true;
        self
    }

    /// `max_reconnect_attempts`, or `auth.email` where a section is documented.
    pub(crate) fn path(&self) -> String {
        match self.section {
            Some(section) => format!("{section}.{}", self.key),
            None => self.key.to_owned(),
        }
    }

    /// `--max-reconnect-attempts`
    pub(crate) fn flag(&self) -> &'static str {
        self.spelling().flag.as_str()
    }

    /// `OPSWALL_MAX_RECONNECT_ATTEMPTS`
    pub(crate) fn variable(&self) -> &'static str {
        self.spelling().variable.as_str()
    }

    /// The value's placeholder in the help.
    pub(crate) fn placeholder(&self) -> &'static str {
        self.spelling().placeholder.as_str()
    }

    fn spelling(&self) -> &'static Spelling {
        static EMPTY: Spelling = Spelling {
            flag: String::new(),
            variable: String::new(),
            placeholder: String::new(),
        };
        SPELLINGS.get(self.key).unwrap_or(&EMPTY)
    }
}

/// The beginning of the names of environment variables.
pub(crate) const VARIABLE_PREFIX: &str = "OPSWALL_";

/// How a key is spelled elsewhere. Kept for the length of the process, because the parser of flags borrows it.
struct Spelling {
    flag: String,
    variable: String,
    placeholder: String,
}

static SPELLINGS: LazyLock<BTreeMap<&'static str, Spelling>> = LazyLock::new(|| {
    let spell = |definition: &'static Definition| Spelling {
        flag: format!("--{}", definition.key.replace('_', "-")),
        variable: format!("{VARIABLE_PREFIX}{}", definition.key.to_uppercase()),
        placeholder: definition.form.placeholder(),
    };
    definitions()
        .map(|definition| (definition.key, spell(definition)))
        .collect()
});

/// The definition with this key.
pub(crate) fn find(key: &str) -> Option<&'static Definition> {
    definitions().find(|definition| definition.key == key)
}

/// Whether a change of the setting with this key is put in force while opswall runs.
pub(crate) fn is_run_time(key: &str) -> bool {
    find(key).is_some_and(|definition| definition.is_run_time)
}

/// The known name that is most like an unknown one.
pub(crate) fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    /// Names that are less alike than this are not suggested.
    const LIKENESS: f64 = 0.4;
    let unknown = unknown.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&unknown, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// Reads one value, or takes its default.
pub(crate) fn read<V>(
    written: &Written,
    key: &'static str,
    form: &impl FormOf<V>,
    kiosk: bool,
    env: &Env,
) -> Result<Set<V>, SettingsError> {
    let Some(found) = written.get(key) else {
        return Ok(form.default(kiosk));
    };
    match form.read(found, env) {
        Some(value) => Ok(Set::new(value, found.origin.clone())),
        None => Err(form.error(found.origin.subject(key), &found.raw)),
    }
}

/// Makes the table of settings: for each entry a [`Definition`], a typed field of `Values`, a line of `config`, and a
/// setter of `SettingsArgs` for callers that have no command line.
///
/// An entry is `/// Help` (further lines are details), `key: Type = form, definition;`.
macro_rules! settings {
    ($(
        #[doc = $help:literal]
        $(#[doc = $details:literal])*
        $key:ident: $type:ty = $form:expr, $definition:expr;
    )*) => {
        static TABLE: &[$crate::definition::Definition] = &[$(
            $crate::definition::Definition {
                key: stringify!($key),
                help: $help,
                details: concat!($($details),*),
                form: &$form,
                ..$definition
            }
        ),*];

        /// Every setting that has one value, decided: what was written in the strongest layer, or the default.
        #[derive(Clone)]
        pub(crate) struct Values {
            $(pub(crate) $key: $crate::layers::Set<$type>,)*
        }

        impl Values {
            /// Reads all values. The first one that cannot be used is the error.
            pub(crate) fn read(
                written: &$crate::layers::Written,
                env: &$crate::Env,
            ) -> Result<Self, $crate::SettingsError> {
                let kiosk = $crate::definition::read(written, "kiosk", &$crate::form::Switch, false, env)?.value;
                Self::read_as(written, env, kiosk)
            }

            /// As [`Self::read`], with the defaults of an unattended display or with the others, whatever was written of
            /// `kiosk`.
            pub(crate) fn read_as(
                written: &$crate::layers::Written,
                env: &$crate::Env,
                kiosk: bool,
            ) -> Result<Self, $crate::SettingsError> {
                Ok(Self {
                    $($key: $crate::definition::read(written, stringify!($key), &$form, kiosk, env)?,)*
                })
            }

            /// Replaces the values that may change while opswall runs.
            pub(crate) fn take_run_time(&mut self, other: &Self) {
                $(if $crate::definition::is_run_time(stringify!($key)) {
                    self.$key = other.$key.clone();
                })*
            }

            /// Every value as `config` shows it, in the order of the table.
            pub(crate) fn shown(&self) -> Vec<(&'static str, $crate::layers::Set<serde_json::Value>)> {
                vec![$((
                    stringify!($key),
                    $crate::layers::Set::new(
                        $crate::form::FormOf::<$type>::shown(&$form, &self.$key.value),
                        self.$key.origin.clone(),
                    ),
                )),*]
            }
        }

        impl $crate::SettingsArgs {
            $(
                #[doc = $help]
                #[must_use]
                pub fn $key(self, value: impl Into<String>) -> Self {
                    self.with(stringify!($key), value.into())
                }
            )*
        }
    };
}
pub(crate) use settings;
