//! Says that the wall is full: rows that are left out must not be missing in silence.

use bevy::prelude::*;

use super::FleetIndex;
use crate::messages::Noticed;
use model::{Notice, NoticeKind};

/// Tells of the first row that was left out, and again only when as many more were: a table that is too large would
/// otherwise be told of with every change.
pub(super) fn tell(index: Res<FleetIndex>, mut told: Local<u64>, mut notices: MessageWriter<Noticed>) {
    if index.refused == 0 || index.refused < told.saturating_mul(2) {
        return;
    }
    *told = index.refused;
    notices.write(Noticed(Notice {
        kind: NoticeKind::WallFull,
        text: format!(
            "The tables have more than {} rows together; what is beyond is not shown: point the settings at views or \
             smaller tables.",
            index.most
        ),
    }));
}
