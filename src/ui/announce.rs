//! What a screen reader says by itself: that the connection is lost, at once; that more rows need somebody, when it has said
//! what it is saying.

use egui::{Context, Id, Rect, Sense, Ui, WidgetInfo, WidgetType, accesskit::Live, vec2};

use super::link_look::Tone;
use model::{Kind, RowCounts, Status};

/// Rows that get into trouble within this time are announced together, seconds.
const TOGETHER_SECS: f64 = 2.0;

/// What was announced, and what is to be announced.
#[derive(Debug, Default)]
pub struct Announcer {
    was_live: bool,
    /// Rows in each state of trouble when that was last announced.
    known: Vec<usize>,
    /// When more rows got into trouble, seconds.
    since: Option<f64>,
    /// What interrupts.
    urgent: String,
    /// What waits until the reader is silent.
    polite: String,
}

impl Announcer {
    /// Takes in how the wall stands. `now`: seconds.
    pub fn follow(&mut self, tone: Tone, reason: Option<&str>, counts: &RowCounts, now: f64) {
        match (self.was_live, tone) {
            (true, Tone::Offline | Tone::Waiting) => {
                self.was_live = false;
                self.urgent = match reason {
                    Some(reason) => format!("Connection lost: {reason}"),
                    None => "Connection lost".to_owned(),
                };
            }
            (false, Tone::Live) => {
                self.was_live = true;
                // The first time it is no news.
                if !self.urgent.is_empty() {
                    self.urgent = "Connected again".to_owned();
                }
            }
            _ => {}
        }
        let present: Vec<usize> = Status::troubles()
            .map(|status| Kind::ALL.into_iter().map(|kind| counts.of(kind, status)).sum())
            .collect();
        if tone != Tone::Live || self.known.len() != present.len() {
            // Rows that a connection brings are no news.
            (self.known, self.since) = (present, None);
            return;
        }
        let is_more = present.iter().zip(&self.known).any(|(now, before)| now > before);
        if !is_more {
            // Fewer are no news, and are not counted as new when they come back later.
            for (known, now) in self.known.iter_mut().zip(&present) {
                *known = (*known).min(*now);
            }
            self.since = None;
            return;
        }
        if now - *self.since.get_or_insert(now) < TOGETHER_SECS {
            return;
        }
        let more = Status::troubles().zip(present.iter().zip(&self.known));
        let more = more.filter(|(_, (now, before))| now > before);
        let said: Vec<String> = more
            .map(|(status, (now, before))| format!("{} more {}, {now} in all", now - before, status.word()))
            .collect();
        self.polite = said.join("; ");
        (self.known, self.since) = (present, None);
    }
}

/// The announcements, as nodes without a place on the screen.
pub(super) fn announce(ctx: &Context, ui: &Ui, announcer: &Announcer) {
    for (name, text, live) in [
        ("announced at once", &announcer.urgent, Live::Assertive),
        ("announced", &announcer.polite, Live::Polite),
    ] {
        let id = Id::new(name);
        let place = Rect::from_min_size(ui.max_rect().left_top(), vec2(0.0, 0.0));
        let node = ui.interact(place, id, Sense::empty());
        node.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, text));
        ctx.accesskit_node_builder(id, |node| node.set_live(live));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(failed: usize, waiting: usize) -> RowCounts {
        let mut counts = RowCounts::default();
        for (status, count) in [(Status::Failed, failed), (Status::Waiting, waiting)] {
            for _ in 0..count {
                counts.add(Kind::Task, status);
            }
        }
        counts
    }

    #[test]
    fn a_lost_connection_is_said_at_once_and_that_it_works_again() {
        let mut announcer = Announcer::default();
        announcer.follow(Tone::Waiting, None, &counts(0, 0), 0.0);
        announcer.follow(Tone::Live, None, &counts(2, 0), 1.0);
        assert_eq!(announcer.urgent, "", "the first connection is no news");
        announcer.follow(Tone::Offline, Some("the server closed it"), &counts(2, 0), 2.0);
        assert_eq!(announcer.urgent, "Connection lost: the server closed it");
        announcer.follow(Tone::Waiting, None, &counts(2, 0), 3.0);
        announcer.follow(Tone::Live, None, &counts(9, 0), 4.0);
        assert_eq!(announcer.urgent, "Connected again");
        assert_eq!(announcer.polite, "", "what the connection brought is no news");
    }

    #[test]
    fn new_trouble_is_said_together_and_once() {
        let mut announcer = Announcer::default();
        announcer.follow(Tone::Live, None, &counts(1, 0), 0.0);
        announcer.follow(Tone::Live, None, &counts(1, 0), 1.0);
        announcer.follow(Tone::Live, None, &counts(2, 0), 2.0);
        announcer.follow(Tone::Live, None, &counts(3, 1), 3.0);
        assert_eq!(announcer.polite, "", "more may follow");
        announcer.follow(Tone::Live, None, &counts(3, 1), 4.1);
        assert_eq!(announcer.polite, "2 more failed, 3 in all; 1 more waiting, 1 in all");
        announcer.follow(Tone::Live, None, &counts(2, 1), 9.0);
        announcer.follow(Tone::Live, None, &counts(3, 1), 10.0);
        announcer.follow(Tone::Live, None, &counts(3, 1), 13.0);
        assert_eq!(announcer.polite, "1 more failed, 3 in all");
    }
}
