//! What a panel asks for when it is used. Panels only push these; the shell carries them out.

use crate::messages::Intent;
use model::Backoff;

/// One use of a panel.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Passed on as it is.
    Intent(Intent),
    /// The backoff as it stands in the panel; passed on as `Intent::Tune`, at most every `TuneDraft::PACE_SECS`.
    Tuned(Backoff),
    TogglePopover,
    ClosePopover,
    ToggleLegend,
    ToggleKeys,
    /// The toast with this number.
    Dismiss(u64),
}
