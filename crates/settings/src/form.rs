//! The forms a value can have: how it is read, what an error asks for, how it is shown.

use std::{marker::PhantomData, ops::RangeInclusive, path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    Env, SettingsError, ValueKind, key,
    layers::{Found, Raw, Set},
    origin::Origin,
};

/// What the table of settings needs of every form.
pub(crate) trait Form: Sync {
    /// What to give, to follow "give" in an error: "a whole number from 0 to 1000".
    fn want(&self) -> String;
    /// Placeholder of the value in the help.
    fn placeholder(&self) -> String;
    /// The default as TOML; `None` when nothing is set by default.
    fn default_text(&self) -> Option<String>;
    /// Whether a written value can be used.
    fn accepts(&self, raw: &Raw) -> bool;
    /// What a window needs to offer it; `None` for forms that no window changes.
    fn kind(&self) -> Option<ValueKind> {
        None
    }
    /// Whether the flag alone means `true`.
    fn is_switch(&self) -> bool {
        false
    }
    /// The error about a written value that cannot be used.
    fn error(&self, subject: String, raw: &Raw) -> SettingsError {
        SettingsError::value(subject, &raw.shown(), self.want())
    }
}

/// A form whose values are of type `V`.
pub(crate) trait FormOf<V>: Form {
    /// `None` when the written value cannot be used.
    fn read(&self, found: &Found, env: &Env) -> Option<V>;
    /// The value when nothing is written.
    fn default(&self, kiosk: bool) -> Set<V>;
    /// As `config` shows it; null when nothing is set.
    fn shown(&self, value: &V) -> Value;
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    Milliseconds,
    Seconds,
    Hours,
    Share,
    Percent,
    Inches,
    Metres,
}

impl Unit {
    fn placeholder(self) -> &'static str {
        match self {
            Self::Count => "N",
            Self::Milliseconds => "MS",
            Self::Seconds => "S",
            Self::Hours => "H",
            Self::Share => "SHARE",
            Self::Percent => "PERCENT",
            Self::Inches => "INCHES",
            Self::Metres => "METRES",
        }
    }

    /// Follows the range in an error, where the setting's name does not contain the unit.
    fn note(self) -> &'static str {
        match self {
            Self::Percent => " (percent)",
            Self::Inches => " (inches)",
            Self::Metres => " (metres)",
            _ => "",
        }
    }

    /// The sign of the unit.
    fn sign(self) -> &'static str {
        match self {
            Self::Count | Self::Share => "",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Hours => "h",
            Self::Percent => "%",
            Self::Inches => "in",
            Self::Metres => "m",
        }
    }

    /// The step of a control: what makes a difference that a person notices.
    fn step(self) -> f64 {
        match self {
            Self::Count | Self::Hours | Self::Inches => 1.0,
            Self::Milliseconds => 100.0,
            Self::Seconds => 60.0,
            Self::Share => 0.05,
            Self::Percent => 5.0,
            Self::Metres => 0.1,
        }
    }

    /// Length of one unit of time in milliseconds.
    fn millis(self) -> u32 {
        match self {
            Self::Seconds => 1_000,
            Self::Hours => 3_600_000,
            _ => 1,
        }
    }
}

/// A whole number in a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    usual: u32,
    in_kiosk: Option<u32>,
    least: u32,
    most: u32,
    unit: Unit,
    zero: Option<&'static str>,
}

impl Whole {
    pub(crate) const fn new(default: u32, range: RangeInclusive<u32>) -> Self {
        Self {
            usual: default,
            in_kiosk: None,
            least: *range.start(),
            most: *range.end(),
            unit: Unit::Count,
            zero: None,
        }
    }

    pub(crate) const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// What 0 stands for.
    pub(crate) const fn zero(mut self, meaning: &'static str) -> Self {
        self.zero = Some(meaning);
        self
    }

    /// The default of an unattended display.
    pub(crate) const fn in_kiosk(mut self, default: u32) -> Self {
        self.in_kiosk = Some(default);
        self
    }

    fn number(&self, raw: &Raw) -> Option<u32> {
        let number = match raw {
            Raw::Integer(number) => u32::try_from(*number).ok(),
            Raw::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| (self.least..=self.most).contains(number))
    }
}

impl Form for Whole {
    fn want(&self) -> String {
        let zero = self.zero.map(|meaning| format!(" (0 = {meaning})")).unwrap_or_default();
        format!(
            "a whole number from {} to {}{}{zero}",
            self.least,
            self.most,
            self.unit.note()
        )
    }

    fn placeholder(&self) -> String {
        self.unit.placeholder().to_owned()
    }

    fn default_text(&self) -> Option<String> {
        Some(self.usual.to_string())
    }

    fn accepts(&self, raw: &Raw) -> bool {
        self.number(raw).is_some()
    }

    fn kind(&self) -> Option<ValueKind> {
        Some(ValueKind::Number {
            least: self.least.into(),
            most: self.most.into(),
            step: self.unit.step(),
            is_whole: true,
            unit: self.unit.sign(),
            zero: self.zero,
        })
    }
}

impl<V: FromWhole> FormOf<V> for Whole {
    fn read(&self, found: &Found, _: &Env) -> Option<V> {
        self.number(&found.raw).map(|number| V::of(number, self.unit))
    }

    fn default(&self, kiosk: bool) -> Set<V> {
        unset(self.usual, self.in_kiosk, kiosk).map(|number| V::of(number, self.unit))
    }

    fn shown(&self, value: &V) -> Value {
        json!(value.whole(self.unit))
    }
}

/// What a whole number becomes. Of an `Option`, 0 is `None`.
pub(crate) trait FromWhole {
    fn of(number: u32, unit: Unit) -> Self;
    fn whole(&self, unit: Unit) -> u128;
}

impl FromWhole for u32 {
    fn of(number: u32, _: Unit) -> Self {
        number
    }

    fn whole(&self, _: Unit) -> u128 {
        (*self).into()
    }
}

impl FromWhole for Duration {
    fn of(number: u32, unit: Unit) -> Self {
        Self::from_millis(u64::from(number) * u64::from(unit.millis()))
    }

    fn whole(&self, unit: Unit) -> u128 {
        self.as_millis() / u128::from(unit.millis())
    }
}

impl<T: FromWhole> FromWhole for Option<T> {
    fn of(number: u32, unit: Unit) -> Self {
        (number != 0).then(|| T::of(number, unit))
    }

    fn whole(&self, unit: Unit) -> u128 {
        self.as_ref().map_or(0, |value| value.whole(unit))
    }
}

/// A number in a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    usual: Option<f64>,
    in_kiosk: Option<f64>,
    least: f64,
    most: f64,
    unit: Unit,
}

impl Number {
    pub(crate) const fn new(default: Option<f64>, range: RangeInclusive<f64>, unit: Unit) -> Self {
        Self {
            usual: default,
            in_kiosk: None,
            least: *range.start(),
            most: *range.end(),
            unit,
        }
    }

    /// The default of an unattended display.
    pub(crate) const fn in_kiosk(mut self, default: f64) -> Self {
        self.in_kiosk = Some(default);
        self
    }

    fn number(&self, raw: &Raw) -> Option<f64> {
        let number = match raw {
            Raw::Integer(number) => Some(*number as f64),
            Raw::Float(number) => Some(*number),
            Raw::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| (self.least..=self.most).contains(number))
    }
}

impl Form for Number {
    fn want(&self) -> String {
        format!("a number from {} to {}{}", self.least, self.most, self.unit.note())
    }

    fn placeholder(&self) -> String {
        self.unit.placeholder().to_owned()
    }

    fn default_text(&self) -> Option<String> {
        self.usual.map(|number| format!("{number:?}"))
    }

    fn accepts(&self, raw: &Raw) -> bool {
        self.number(raw).is_some()
    }

    fn kind(&self) -> Option<ValueKind> {
        Some(ValueKind::Number {
            least: self.least,
            most: self.most,
            step: self.unit.step(),
            is_whole: false,
            unit: self.unit.sign(),
            zero: None,
        })
    }
}

impl FormOf<Option<f64>> for Number {
    fn read(&self, found: &Found, _: &Env) -> Option<Option<f64>> {
        self.number(&found.raw).map(Some)
    }

    fn default(&self, kiosk: bool) -> Set<Option<f64>> {
        unset(self.usual, self.in_kiosk.map(Some), kiosk)
    }

    fn shown(&self, value: &Option<f64>) -> Value {
        json!(value)
    }
}

impl FormOf<f64> for Number {
    fn read(&self, found: &Found, _: &Env) -> Option<f64> {
        self.number(&found.raw)
    }

    fn default(&self, kiosk: bool) -> Set<f64> {
        unset(self.usual.unwrap_or(self.least), self.in_kiosk, kiosk)
    }

    fn shown(&self, value: &f64) -> Value {
        json!(value)
    }
}

/// True or false; false by default.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Switch;

impl Switch {
    fn flag(raw: &Raw) -> Option<bool> {
        match raw {
            Raw::Bool(flag) => Some(*flag),
            Raw::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true),
                "false" | "no" | "off" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Form for Switch {
    fn want(&self) -> String {
        "true or false".to_owned()
    }

    fn placeholder(&self) -> String {
        "BOOL".to_owned()
    }

    fn default_text(&self) -> Option<String> {
        Some("false".to_owned())
    }

    fn accepts(&self, raw: &Raw) -> bool {
        Self::flag(raw).is_some()
    }

    fn kind(&self) -> Option<ValueKind> {
        Some(ValueKind::Flag)
    }

    fn is_switch(&self) -> bool {
        true
    }
}

impl FormOf<bool> for Switch {
    fn read(&self, found: &Found, _: &Env) -> Option<bool> {
        Self::flag(&found.raw)
    }

    fn default(&self, _: bool) -> Set<bool> {
        Set::new(false, Origin::Default)
    }

    fn shown(&self, value: &bool) -> Value {
        json!(value)
    }
}

/// A type whose values are written as one word each.
pub(crate) trait Words: Copy + Default + 'static {
    const ALL: &'static [Self];
    fn word(self) -> &'static str;
    fn of_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|value| value.word().eq_ignore_ascii_case(word)).copied()
    }
}

/// One of a few words; the type's default when nothing is written.
pub(crate) struct Choice<T>(PhantomData<fn() -> T>);

impl<T: Words> Choice<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }

    fn words() -> Vec<&'static str> {
        T::ALL.iter().map(|value| value.word()).collect()
    }
}

impl<T: Words> Form for Choice<T> {
    fn want(&self) -> String {
        match Self::words().as_slice() {
            [others @ .., before, last] => {
                let others: String = others.iter().map(|word| format!("{word}, ")).collect();
                format!("{others}{before} or {last}")
            }
            words => words.concat(),
        }
    }

    fn placeholder(&self) -> String {
        Self::words().join("|")
    }

    fn default_text(&self) -> Option<String> {
        Some(format!("{:?}", T::default().word()))
    }

    fn accepts(&self, raw: &Raw) -> bool {
        raw.text().and_then(T::of_word).is_some()
    }

    fn kind(&self) -> Option<ValueKind> {
        Some(ValueKind::Choice(Self::words()))
    }
}

impl<T: Words> FormOf<T> for Choice<T> {
    fn read(&self, found: &Found, _: &Env) -> Option<T> {
        found.raw.text().and_then(T::of_word)
    }

    fn default(&self, _: bool) -> Set<T> {
        Set::new(T::default(), Origin::Default)
    }

    fn shown(&self, value: &T) -> Value {
        json!(value.word())
    }
}

/// A text that is not empty. What else it must be is decided where it is used. It is also the form of the repeatable
/// settings, each of whose values `mapping` reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// Placeholder in the help.
    pub(crate) placeholder: &'static str,
    /// What to give.
    pub(crate) want: &'static str,
}

impl Form for Text {
    fn want(&self) -> String {
        self.want.to_owned()
    }

    fn placeholder(&self) -> String {
        self.placeholder.to_owned()
    }

    fn default_text(&self) -> Option<String> {
        None
    }

    fn accepts(&self, raw: &Raw) -> bool {
        raw.text().is_some()
    }
}

impl FormOf<Option<String>> for Text {
    fn read(&self, found: &Found, _: &Env) -> Option<Option<String>> {
        found.raw.text().map(|text| Some(text.to_owned()))
    }

    fn default(&self, _: bool) -> Set<Option<String>> {
        Set::new(None, Origin::Default)
    }

    fn shown(&self, value: &Option<String>) -> Value {
        json!(value)
    }
}

/// The name of a table or schema, which `mapping` checks. An empty one switches off a table that need not exist.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableName {
    /// The default as the help shows it.
    pub(crate) usual: &'static str,
}

impl Form for TableName {
    fn want(&self) -> String {
        "one name in quotes".to_owned()
    }

    fn placeholder(&self) -> String {
        "NAME".to_owned()
    }

    fn default_text(&self) -> Option<String> {
        Some(format!("{:?}", self.usual))
    }

    fn accepts(&self, raw: &Raw) -> bool {
        matches!(raw, Raw::Text(_))
    }
}

impl FormOf<Option<String>> for TableName {
    fn read(&self, found: &Found, _: &Env) -> Option<Option<String>> {
        match &found.raw {
            Raw::Text(text) => Some(Some(text.trim().to_owned())),
            _ => None,
        }
    }

    fn default(&self, _: bool) -> Set<Option<String>> {
        Set::new(None, Origin::Default)
    }

    fn shown(&self, value: &Option<String>) -> Value {
        json!(value)
    }
}

/// The path of a file. A relative path in a settings file starts at that file's folder, elsewhere at the working
/// directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilePath;

impl Form for FilePath {
    fn want(&self) -> String {
        "the path of a file".to_owned()
    }

    fn placeholder(&self) -> String {
        "FILE".to_owned()
    }

    fn default_text(&self) -> Option<String> {
        None
    }

    fn accepts(&self, raw: &Raw) -> bool {
        raw.text().is_some()
    }
}

impl FormOf<Option<PathBuf>> for FilePath {
    fn read(&self, found: &Found, env: &Env) -> Option<Option<PathBuf>> {
        let start = match &found.origin {
            Origin::File { path, .. } => path.parent(),
            _ => None,
        };
        // Joining an absolute path replaces the folder.
        let path = start.unwrap_or(&env.working_dir).join(found.raw.text()?);
        Some(Some(path))
    }

    fn default(&self, _: bool) -> Set<Option<PathBuf>> {
        Set::new(None, Origin::Default)
    }

    fn shown(&self, value: &Option<PathBuf>) -> Value {
        json!(value.as_ref().map(|path| path.to_string_lossy()))
    }
}

/// A secret text; no error and no list shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Secret;

impl Form for Secret {
    fn want(&self) -> String {
        "the project's publishable key".to_owned()
    }

    fn placeholder(&self) -> String {
        "KEY".to_owned()
    }

    fn default_text(&self) -> Option<String> {
        None
    }

    fn accepts(&self, raw: &Raw) -> bool {
        raw.text().is_some()
    }

    fn error(&self, subject: String, _: &Raw) -> SettingsError {
        SettingsError::refused(subject, format!("is not a text: give {}", self.want()))
    }
}

impl FormOf<Option<SecretString>> for Secret {
    fn read(&self, found: &Found, _: &Env) -> Option<Option<SecretString>> {
        found.raw.text().map(|text| Some(text.into()))
    }

    fn default(&self, _: bool) -> Set<Option<SecretString>> {
        Set::new(None, Origin::Default)
    }

    fn shown(&self, value: &Option<SecretString>) -> Value {
        json!(value.as_ref().map(key::masked))
    }
}

fn unset<T>(usual: T, in_kiosk: Option<T>, kiosk: bool) -> Set<T> {
    match in_kiosk.filter(|_| kiosk) {
        Some(value) => Set::new(value, Origin::Kiosk),
        None => Set::new(usual, Origin::Default),
    }
}
