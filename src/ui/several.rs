//! The inspector of several selected rows: how many of which state, what they have in common, and the sums of their numbers.

use bevy::prelude::Entity;
use egui::{Align, Layout, RichText, ScrollArea, Sense, Ui, Vec2};
use query::{Field, Row};
use sheet::{Column, ColumnSet, Common, Sum};

use super::{
    Action, format,
    related::{RelatedRow, Relation, related_ui},
    status_icon, theme,
    theme::Tier,
    widgets,
};
use crate::{actions::Command, messages::Intent};
use model::{Record, Status};

/// Rows that are read between two looks at the clock.
const PIECE: usize = 16;
/// Rows that are read for the names of columns.
const MOST_READ: usize = 500;
/// Shortest interval between two readings of the same rows while they change, seconds.
const AGAIN_SECS: f64 = 1.0;
/// Letters of a value.
const MOST_VALUE: usize = 120;
/// Values and sums that are listed.
const MOST_LISTED: usize = 60;
/// The fields that rows may have in common, beside their columns.
const FIELDS: [Field; 4] = [Field::Table, Field::Agent, Field::Workflow, Field::Error];

/// What the selected rows have in common, read over several frames.
#[derive(Debug, Default)]
pub(crate) struct Several {
    rows: Vec<Entity>,
    left: Vec<Entity>,
    reading: Option<Common>,
    complete: Option<Common>,
    read_at: f64,
}

impl Several {
    /// Reads some of these rows, until the time is over. `now`: seconds. `read` calls a function with a row, if it is there.
    pub(crate) fn follow<'r>(
        &mut self,
        rows: impl Iterator<Item = Entity>,
        now: f64,
        record: &dyn Fn(Entity) -> Option<&'r Record>,
        read: &dyn Fn(Entity, &mut dyn FnMut(&dyn Row)),
        is_over: &dyn Fn() -> bool,
    ) {
        let rows: Vec<Entity> = rows.collect();
        if rows.len() < 2 {
            *self = Self::default();
            return;
        }
        let is_other = rows != self.rows;
        if is_other || self.reading.is_none() && now - self.read_at >= AGAIN_SECS {
            if is_other {
                self.complete = None;
            }
            let mut columns = ColumnSet::default();
            for record in rows.iter().take(MOST_READ).filter_map(|row| record(*row)) {
                columns.add(record);
            }
            self.reading = Some(Common::new(columns.choice(&FIELDS, usize::MAX)));
            (self.left, self.rows, self.read_at) = (rows.clone(), rows, now);
        }
        let Some(common) = self.reading.as_mut() else { return };
        while let Some(row) = self.left.pop() {
            read(row, &mut |row| common.add(&row));
            if self.left.len().is_multiple_of(PIECE) && is_over() {
                break;
            }
        }
        if self.left.is_empty() {
            self.complete = self.reading.take();
        }
    }

    /// What is known of all rows; `None` while they are read for the first time.
    pub(crate) fn common(&self) -> Option<&Common> {
        self.complete.as_ref()
    }
}

/// Draws what several rows have in common.
pub(super) fn several_ui(
    ui: &mut Ui,
    count: usize,
    common: Option<&Common>,
    rows: Vec<RelatedRow>,
    growth: f32,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        let title = format!("{} rows", format::grouped(count as u64));
        ui.label(RichText::new(title).font(Tier::Name.font(ui)).color(theme::of(ui).text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "End the selection").clicked() {
                actions.push(Action::Intent(Intent::Select(None)));
            }
            for (text, command) in [("JSON", Command::CopyJson), ("Copy ids", Command::CopyId)] {
                if ui.button(text).on_hover_text(widgets::hint(command)).clicked() {
                    actions.push(Action::Run(command));
                }
            }
        });
    });
    let Some(common) = common else {
        ui.label(RichText::new("Reading …").color(theme::of(ui).muted));
        return;
    };
    ui.horizontal_wrapped(|ui| {
        for (kind, count) in common.kinds() {
            let word = if count == 1 { kind.singular() } else { kind.plural() };
            let text = format!("{} {word}", format::grouped(count as u64));
            ui.label(RichText::new(text).color(theme::of(ui).muted));
        }
    });
    statuses_ui(ui, &common.statuses(), growth);
    ui.separator();
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        let muted = |ui: &mut Ui, text: &str| {
            ui.label(
                RichText::new(text)
                    .font(Tier::Small.font(ui))
                    .color(theme::of(ui).muted),
            );
        };
        let same: Vec<(&Column, &str)> = common.same().take(MOST_LISTED).collect();
        if same.is_empty() {
            muted(ui, "No column has the same value in all of them.");
        } else {
            muted(ui, "the same in all");
        }
        for (column, value) in same {
            widgets::named(ui, growth, &format::clean(column.name(), 60), |ui| {
                let value = RichText::new(format::clean(value, MOST_VALUE)).font(Tier::Mono.font(ui));
                ui.add(egui::Label::new(value.color(theme::of(ui).text)).wrap());
            });
        }
        let sums: Vec<(&Column, Sum)> = common
            .sums()
            .filter(|(_, sum)| sum.count > 1)
            .take(MOST_LISTED)
            .collect();
        if !sums.is_empty() {
            ui.add_space(4.0);
            muted(ui, "sum, from the smallest to the largest");
        }
        for (column, sum) in sums {
            widgets::named(ui, growth, &format::clean(column.name(), 60), |ui| {
                let text = format!("{}, {} to {}", number(sum.sum), number(sum.min), number(sum.max));
                let text = RichText::new(text).font(Tier::Mono.font(ui));
                ui.add(egui::Label::new(text.color(theme::of(ui).text)).wrap());
            });
        }
        ui.add_space(4.0);
        let more = count.saturating_sub(rows.len());
        related_ui(
            ui,
            &[Relation {
                how: "rows",
                rows,
                more,
            }],
            growth,
            actions,
        );
    });
}

fn statuses_ui(ui: &mut Ui, statuses: &[(Status, usize)], growth: f32) {
    ui.horizontal_wrapped(|ui| {
        for (status, count) in statuses {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(14.0 * growth), Sense::hover());
            status_icon::paint(ui.painter(), rect, *status, theme::of(ui).status(*status));
            let text = format!("{} {}", format::grouped(*count as u64), status.word());
            ui.label(RichText::new(text).color(theme::of(ui).text));
        }
    });
}

/// A sum with at most two decimals.
fn number(number: f64) -> String {
    if !number.is_finite() {
        "too large".to_owned()
    } else if number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}")
    } else {
        format!("{number:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [3.0, 0.125, 1e300 * 1e10, -2.0].map(number),
            ["3", "0.12", "too large", "-2"]
        );
    }

    #[test]
    fn rows_are_read_over_several_frames_and_again_when_they_are_others() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let record = Record::from_json(r#"{"queue": "mail", "cost": 2, "id": 1}"#).expect("a row");
        let read_count = std::cell::Cell::new(0);
        let mapping = model::Mapping::default();
        let key = model::RowKey::new(
            model::Kind::Task,
            model::SourceId::usual(model::Kind::Task),
            model::RowId::from("1"),
        );
        let read = |_: Entity, with: &mut dyn FnMut(&dyn Row)| {
            read_count.set(read_count.get() + 1);
            with(&query::ReadRow::new(&mapping, &key, &record, 0));
        };
        let mut several = Several::default();
        let all: Vec<Entity> = (1..=40).map(row).collect();
        let follow = |several: &mut Several, rows: &[Entity], now: f64, is_over: bool| {
            several.follow(rows.iter().copied(), now, &|_| Some(&record), &read, &|| is_over);
        };
        follow(&mut several, &all, 0.0, true);
        assert!(
            several.common().is_none() && read_count.get() < 40,
            "the first frame is over"
        );
        while several.common().is_none() {
            follow(&mut several, &all, 0.1, true);
        }
        let common = several.common().expect("read");
        assert_eq!((common.rows(), read_count.get()), (40, 40));
        assert!(
            common
                .same()
                .any(|(column, value)| column.name() == "queue" && value == "mail")
        );
        follow(&mut several, &all, 0.5, false);
        assert_eq!(read_count.get(), 40, "not so soon again");
        follow(&mut several, &all, 1.5, false);
        assert_eq!(read_count.get(), 80);
        follow(&mut several, &all[..1], 1.6, false);
        assert!(several.common().is_none(), "one row has nothing in common");
    }
}
