//! Reports that the wall is full: rows must not be left out silently.

use bevy::prelude::*;

use super::FleetIndex;
use crate::messages::Noticed;
use model::{Notice, NoticeKind};

/// Reports the first row that was left out, and again only when twice as many were: otherwise every change of a table that is
/// too large would be reported.
pub(super) fn report(index: Res<FleetIndex>, mut reported: Local<u64>, mut notices: MessageWriter<Noticed>) {
    if index.refused == 0 || index.refused < reported.saturating_mul(2) {
        return;
    }
    *reported = index.refused;
    notices.write(Noticed(Notice {
        kind: NoticeKind::WallFull,
        text: format!(
            "The tables have more than {} rows together; the rest is not shown: point the settings at views or smaller \
             tables.",
            model::format::grouped(index.most as u64)
        ),
    }));
}
