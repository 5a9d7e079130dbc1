//! What is drawn and what lives in the ECS: rows as entities, places, marks, labels, panels and whole pictures. One
//! program, so that the wall is linked once.

#![cfg(feature = "wall")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/by_hand.rs"]
mod by_hand;
#[path = "../support/likeness.rs"]
mod likeness;
#[path = "../../crates/client/tests/support/listener.rs"]
mod listener;
#[path = "../support/offscreen.rs"]
mod offscreen;
#[path = "../support/wall.rs"]
mod wall;

mod bench;
mod colours;
mod compared;
mod edges;
mod edges_many;
mod exploring;
mod fleet;
mod flights;
mod gpu_loss;
mod highlight;
mod layout;
mod layout_groups;
mod layout_steady;
mod marks;
mod marks_follow;
mod names;
mod panels_cost;
mod picking;
mod picture;
mod picture_bands;
mod picture_cells;
mod picture_marks;
mod picture_stage;
mod picture_themes;
mod picture_ties;
mod recovery;
mod runs;
mod steering;
mod thrift;
mod ties;
mod ui_connect;
mod ui_gallery;
mod ui_header;
mod ui_panels;
mod ui_popover;
mod ui_settings;
mod view_kept;
mod vitals;
