//! Named views: what an operator looks at (camera, states, search, table), saved under a number for the next time.

use std::{collections::BTreeMap, path::PathBuf};

use bevy::{
    prelude::*,
    tasks::{IoTaskPool, Task, block_on, futures_lite::future},
};
use settings::{
    saved_view::{self, Camera},
    saved_views::{self, NamedView, TableLook},
};

use crate::{
    actions::Command,
    frame::FrameSystems,
    layout::Extent,
    messages::{Noticed, Searched, StateFilter, Switched, Synced},
    scene::camera::{FlyToView, HeldView, HomeView, ViewMemory},
    search::Search,
    table::{Table, TableChange},
};
use model::{Notice, NoticeKind};

/// A change of the list of views.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub enum ViewChange {
    /// A view gets another name.
    Rename(u8, String),
    /// A view is removed.
    Remove(u8),
}

/// The views of the feed by their number.
#[derive(Resource, Debug, Default)]
pub struct NamedViews {
    /// The views.
    pub(crate) all: BTreeMap<u8, NamedView>,
    /// The file in which they are saved; `None` where none is.
    path: Option<PathBuf>,
    feed: u64,
    saving: Vec<Task<Option<Notice>>>,
}

/// Reads and saves views.
#[derive(Debug, Clone)]
pub struct ViewsPlugin {
    /// The user's state file, if there is one.
    pub path: Option<PathBuf>,
    /// Identifies the feed: its URL without a query, or that it is the demo.
    pub feed: String,
    /// The view to begin with, by its name or number.
    pub first: Option<String>,
}

/// The view to begin with, until the first snapshot is there.
#[derive(Resource, Debug)]
struct FirstView(String);

impl Plugin for ViewsPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<ViewChange>()
            .insert_resource(NamedViews::of_feed(self.path.clone(), &self.feed))
            .add_systems(Update, (run, report).in_set(FrameSystems::Animate));
        if let Some(first) = &self.first {
            app.insert_resource(FirstView(first.clone()));
        }
    }
}

impl NamedViews {
    fn of_feed(path: Option<PathBuf>, feed: &str) -> Self {
        let feed = saved_view::fingerprint(feed);
        Self {
            all: path
                .as_deref()
                .map(|path| saved_views::load(path, feed))
                .unwrap_or_default(),
            path,
            feed,
            saving: Vec::new(),
        }
    }

    /// The number of the view of this name or number.
    fn find(&self, name: &str) -> Option<u8> {
        let by_name = self
            .all
            .iter()
            .find(|(_, view)| view.name.eq_ignore_ascii_case(name.trim()));
        let by_number = || name.trim().parse().ok().filter(|number| self.all.contains_key(number));
        by_name.map(|(number, _)| *number).or_else(by_number)
    }

    /// Keeps a view under a number, or removes the one there, and saves that. `said` is told once it is saved.
    fn put(&mut self, number: u8, view: Option<NamedView>, said: Option<String>) {
        match &view {
            Some(view) => self.all.insert(number, view.clone()),
            None => self.all.remove(&number),
        };
        let (path, feed) = (self.path.clone(), self.feed);
        let task = IoTaskPool::get().spawn(async move {
            let Some(path) = path else {
                let text = "The view is kept until opswall ends: there is no folder for the user's state; set XDG_STATE_HOME to one.";
                return Some(Notice::new(NoticeKind::NotSaved, text.to_owned()));
            };
            match saved_views::save(&path, feed, number, view.as_ref()) {
                Ok(()) => said.map(|said| Notice::new(NoticeKind::Saved, said)),
                Err(error) => Some(Notice::new(NoticeKind::NotSaved, format!("The view is not saved: {error}."))),
            }
        });
        self.saving.push(task);
    }
}

/// What a view is saved from and restored to.
#[derive(bevy::ecs::system::SystemParam)]
struct Looks<'w> {
    memory: Res<'w, ViewMemory>,
    extent: Res<'w, Extent>,
    filter: ResMut<'w, StateFilter>,
    search: ResMut<'w, Search>,
    table: Res<'w, Table>,
    home: ResMut<'w, HomeView>,
    fly: MessageWriter<'w, FlyToView>,
    searched: MessageWriter<'w, Searched>,
    tables: MessageWriter<'w, TableChange>,
}

impl Looks<'_> {
    /// What is looked at now.
    fn present(&self) -> NamedView {
        let camera = self.memory.held.map(saved);
        let (order, is_descending) = self.table.order();
        let table = self.table.is_open().then(|| TableLook {
            columns: self.table.columns().iter().map(ToString::to_string).collect(),
            order: order.to_string(),
            is_descending,
        });
        NamedView {
            name: String::new(),
            camera,
            states: self.filter.chosen().collect(),
            query: self.search.text().to_owned(),
            hides_others: self.search.hides_others(),
            table,
        }
    }

    /// Shows a view.
    fn show(&mut self, view: &NamedView) {
        let camera = view.camera.map(|camera| placed(&camera, self.extent.0));
        self.fly.write(FlyToView(camera));
        let mut filter = StateFilter::default();
        for status in &view.states {
            filter.toggle(*status);
        }
        self.filter.set_if_neq(filter);
        self.searched.write(Searched(view.query.clone()));
        self.search.hide_others(view.hides_others && !view.query.is_empty());
        self.tables.write(TableChange::Open(view.table.is_some()));
        if let Some(look) = &view.table {
            let columns: Vec<_> = look.columns.iter().filter_map(|column| column.parse().ok()).collect();
            if !columns.is_empty() {
                self.tables.write(TableChange::Show(columns));
            }
            if let Ok(order) = look.order.parse() {
                self.tables.write(TableChange::Order(order, look.is_descending));
            }
        }
    }
}

/// A view as it is saved.
pub(crate) fn saved(view: HeldView) -> Camera {
    let HeldView {
        center,
        world_per_px,
        fleet,
    } = view;
    Camera {
        center: [center.x, center.y].map(f64::from),
        world_per_px: world_per_px.into(),
        fleet: [fleet.min.x, fleet.min.y, fleet.max.x, fleet.max.y].map(f64::from),
    }
}

/// A view that was saved.
pub(crate) fn held(camera: &Camera) -> HeldView {
    let [low_x, low_y, high_x, high_y] = camera.fleet.map(|number| number as f32);
    let [x, y] = camera.center.map(|number| number as f32);
    HeldView {
        center: Vec2::new(x, y),
        world_per_px: camera.world_per_px as f32,
        fleet: Rect::new(low_x, low_y, high_x, high_y),
    }
}

/// A camera of a plan that had another size, on the present one: the same part of the fleet.
fn placed(camera: &Camera, fleet: Rect) -> HeldView {
    let before = held(camera);
    let share = (before.center - before.fleet.min) / before.fleet.size();
    let grown = (fleet.size() / before.fleet.size()).max_element();
    let grown = if grown.is_finite() && grown > 0.0 { grown } else { 1.0 };
    HeldView {
        center: fleet.min + share * fleet.size(),
        world_per_px: before.world_per_px * grown,
        fleet,
    }
}

/// What to call a view that has no name: what it shows.
pub(crate) fn described(view: &NamedView) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !view.query.is_empty() {
        parts.push(view.query.clone());
    }
    if !view.states.is_empty() {
        let states: Vec<&str> = view.states.iter().map(|status| status.word()).collect();
        parts.push(states.join(", "));
    }
    if view.table.is_some() {
        parts.push("table".to_owned());
    }
    if parts.is_empty() {
        let whole = view.camera.is_none();
        parts.push(
            if whole {
                "the whole fleet"
            } else {
                "a part of the fleet"
            }
            .to_owned(),
        );
    }
    parts.join(" · ")
}

fn run(
    mut views: ResMut<NamedViews>,
    mut commands: MessageReader<Command>,
    mut changes: MessageReader<ViewChange>,
    mut switched: MessageReader<Switched>,
    mut synced: MessageReader<Synced>,
    mut notices: MessageWriter<Noticed>,
    first: Option<Res<FirstView>>,
    mut looks: Looks,
    mut world: bevy::ecs::system::Commands,
) {
    if let Some(latest) = switched.read().last() {
        *views = NamedViews::of_feed(views.path.take(), &latest.feed);
    }
    if synced.read().count() > 0
        && let Some(first) = first
    {
        match views.find(&first.0).and_then(|number| views.all.get(&number)).cloned() {
            Some(view) => {
                looks.show(&view);
                looks.home.0 = view.camera.map(|camera| placed(&camera, looks.extent.0));
            }
            None => {
                let text = format!(
                    "There is no view “{}”: save one with Ctrl and its number, and name it in the list of views (V).",
                    model::text::clean(&first.0, 60)
                );
                notices.write(Noticed(Notice::new(NoticeKind::NoSuchView, text)));
            }
        }
        world.remove_resource::<FirstView>();
    }
    for command in commands.read() {
        match command {
            Command::SaveView(number) => {
                let mut view = looks.present();
                // It keeps the name that its number had.
                if let Some(before) = views.all.get(number) {
                    view.name.clone_from(&before.name);
                }
                let said = format!("Saved view {number}: {}. Press {number} to show it.", described(&view));
                views.put(*number, Some(view), Some(said));
            }
            Command::ShowView(number) => match views.all.get(number).cloned() {
                Some(view) => looks.show(&view),
                None => {
                    let text = format!("There is no view {number} yet: Ctrl+{number} saves what is shown now.");
                    notices.write(Noticed(Notice::new(NoticeKind::NoSuchView, text)));
                }
            },
            _ => {}
        }
    }
    for change in changes.read() {
        match change {
            ViewChange::Rename(number, name) => {
                if let Some(view) = views.all.get(number).cloned() {
                    let name = model::text::clean(name, saved_views::MOST_NAME).into_owned();
                    views.put(*number, Some(NamedView { name, ..view }), None);
                }
            }
            ViewChange::Remove(number) => views.put(*number, None, None),
        }
    }
}

/// Reports views that were saved.
fn report(mut views: ResMut<NamedViews>, mut notices: MessageWriter<Noticed>) {
    if views.saving.is_empty() {
        return;
    }
    views.saving.retain_mut(|task| match block_on(future::poll_once(task)) {
        Some(notice) => {
            notices.write_batch(notice.map(Noticed));
            false
        }
        None => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Status;

    #[test]
    fn a_camera_shows_the_same_part_of_a_plan_of_another_size() {
        let camera = Camera {
            center: [50.0, 0.0],
            world_per_px: 0.1,
            fleet: [-100.0, -50.0, 100.0, 50.0],
        };
        let same = placed(&camera, Rect::new(-100.0, -50.0, 100.0, 50.0));
        assert_eq!((same.center, same.world_per_px), (Vec2::new(50.0, 0.0), 0.1));
        let grown = placed(&camera, Rect::new(0.0, 0.0, 400.0, 100.0));
        assert_eq!(grown.center, Vec2::new(300.0, 50.0));
        assert!((grown.world_per_px - 0.2).abs() < 1e-6);
    }

    #[test]
    fn a_view_without_a_name_is_called_after_what_it_shows() {
        let view = NamedView::default();
        assert_eq!(described(&view), "the whole fleet");
        let view = NamedView {
            query: "label:invoice".into(),
            states: vec![Status::Failed],
            table: Some(TableLook::default()),
            ..view
        };
        assert_eq!(described(&view), "label:invoice · failed · table");
    }

    #[test]
    fn views_are_found_by_name_and_by_number() {
        let mut views = NamedViews::default();
        let named = |name: &str| NamedView {
            name: name.into(),
            ..NamedView::default()
        };
        views.all.insert(2, named("Billing"));
        views.all.insert(3, named("2"));
        assert_eq!(views.find(" billing "), Some(2));
        assert_eq!(views.find("2"), Some(3), "a name comes before a number");
        assert_eq!(views.find("3"), Some(3));
        assert_eq!(views.find("4"), None);
    }
}
