//! What kind of value a setting has, for a window in which it is changed.

/// The kind of a setting's value: what a control needs to offer it.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// On or off; its text is `true` or `false`.
    Flag,
    /// One of these words.
    Choice(Vec<&'static str>),
    /// A number within bounds.
    Number {
        /// The smallest number.
        least: f64,
        /// The greatest number.
        most: f64,
        /// The step of a control, in the number's unit. Numbers between two steps are accepted as well.
        step: f64,
        /// Whether the number has no fraction.
        is_whole: bool,
        /// The unit's sign, like `ms`; empty where the number counts something or is a share.
        unit: &'static str,
        /// What 0 stands for, where that is not the number itself: "never".
        zero: Option<&'static str>,
    },
}
