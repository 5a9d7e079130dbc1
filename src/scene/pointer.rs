//! The pointer on the scene: its position, drags, clicks and pinches. Panels take precedence.

use bevy::{
    input::{
        gestures::PinchGesture,
        mouse::{MouseScrollUnit, MouseWheel},
        touch::Touches,
    },
    prelude::*,
    window::PrimaryWindow,
};

use super::pinch::{Fingers, Pinch};
use crate::{frame::PointerSystems, messages::PointerOverPanels};

/// A press that moves further than this many logical pixels is a drag instead of a click.
const CLICK_SLOP_PX: f32 = 5.0;
/// The same for a finger, which is broad and rolls.
const TAP_SLOP_PX: f32 = 14.0;
/// Two clicks within this time and distance are a double click.
const DOUBLE_CLICK_SECS: f64 = 0.4;
/// Touchpads report pixels: this many equal one notch of a wheel.
const PX_PER_NOTCH: f32 = 50.0;

/// The pointer in this frame, in logical pixels from the top left of the window.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct Pointer {
    /// Its position while it is over the scene and not over a panel.
    pub over: Option<Vec2>,
    /// The motion of a drag.
    pub(crate) dragged: Vec2,
    /// Notches of the wheel, positive away from the user.
    pub notches: f32,
    /// The position of a click.
    pub clicked: Option<Vec2>,
    /// The position of the second click of a double click.
    pub double_clicked: Option<Vec2>,
    /// Whether a drag ended.
    pub(crate) released: bool,
    /// Whether the click selects beside what is selected already.
    pub adds: bool,
    /// The rectangle that is being drawn around rows.
    pub(crate) lasso: Option<Rect>,
    /// The rectangle that was finished.
    pub lassoed: Option<Rect>,
    /// The motion of two fingers.
    pub(crate) pinch: Option<Pinch>,
    fingers: Fingers,
    touch: Touch,
    press: Option<Press>,
    last: Option<Vec2>,
    last_click: Option<(f64, Vec2)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Press {
    at: Vec2,
    dragging: bool,
    left: bool,
    /// It began with Shift: a click adds, and a drag draws a rectangle.
    adds: bool,
    slop_px: f32,
}

/// What one finger acts on. Panels report a touch one frame after it began.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Touch {
    #[default]
    None,
    /// It has just come down here; it is not known yet on what.
    Fresh(Vec2),
    /// It acts on the scene,
    Scene,
    /// or on a panel, until it is lifted.
    Panel,
}

/// The state of the mouse in one frame.
#[derive(Debug, Default, Clone, Copy)]
struct Mouse {
    at: Option<Vec2>,
    over_panels: bool,
    left_pressed: bool,
    middle_pressed: bool,
    any_held: bool,
    adds: bool,
    notches: f32,
}

impl Pointer {
    /// Whether a drag is in progress.
    pub(crate) fn is_dragging(&self) -> bool {
        self.press.is_some_and(|press| press.dragging)
    }

    fn update(&mut self, mouse: Mouse, now: f64) {
        (self.dragged, self.notches, self.clicked, self.double_clicked) = (Vec2::ZERO, 0.0, None, None);
        self.released = false;
        (self.adds, self.lasso, self.lassoed) = (false, None, None);
        // A drag that began on the scene goes on over panels; a press on a panel never begins a drag.
        if (mouse.left_pressed || mouse.middle_pressed) && !mouse.over_panels && self.press.is_none() {
            self.press = mouse.at.map(|at| Press {
                at,
                dragging: false,
                left: mouse.left_pressed,
                adds: mouse.adds && mouse.left_pressed,
                slop_px: CLICK_SLOP_PX,
            });
        }
        if let (Some(press), Some(at)) = (&mut self.press, mouse.at) {
            if press.adds {
                press.dragging |= at.distance(press.at) > press.slop_px;
                self.lasso = press.dragging.then(|| Rect::from_corners(press.at, at));
            } else if press.dragging {
                self.dragged = at - self.last.unwrap_or(at);
            } else if at.distance(press.at) > press.slop_px {
                press.dragging = true;
                self.dragged = at - press.at;
            }
        }
        if !mouse.any_held
            && let Some(press) = self.press.take()
        {
            self.released = press.dragging && !press.adds;
            self.lassoed = self.lasso.take();
            if press.left && !press.dragging {
                self.adds = press.adds;
                self.click(press.at, press.slop_px, now);
            }
        }
        if !mouse.over_panels {
            self.notches = mouse.notches;
        }
        self.over = mouse.at.filter(|_| !mouse.over_panels);
        self.last = mouse.at;
    }

    /// Reads the fingers. Two fingers end the press that one of them began, without a click.
    fn pinch(&mut self, mouse: &mut Mouse, fingers: &[(u64, Vec2)]) {
        self.pinch = self.fingers.follow(fingers).filter(|_| !mouse.over_panels);
        let touch = std::mem::take(&mut self.touch);
        match fingers {
            [] => match touch {
                Touch::Fresh(at) if !mouse.over_panels => {
                    // The tap lasted one frame.
                    self.begin(at);
                    mouse.at = Some(at);
                }
                Touch::None => {}
                // A lifted finger has no position, and what was under it is not clicked.
                Touch::Fresh(_) | Touch::Panel => mouse.over_panels = true,
                Touch::Scene => mouse.at = mouse.at.filter(|_| self.press.is_none()),
            },
            [(_, at)] if !self.fingers.were_two() => {
                (mouse.at, mouse.any_held) = (Some(*at), true);
                self.touch = match touch {
                    Touch::None => Touch::Fresh(*at),
                    Touch::Fresh(_) if mouse.over_panels => Touch::Panel,
                    Touch::Fresh(at) => {
                        self.begin(at);
                        Touch::Scene
                    }
                    Touch::Scene | Touch::Panel => touch,
                };
                mouse.over_panels = self.touch == Touch::Panel || mouse.over_panels && self.touch != Touch::Scene;
            }
            _ => {
                (self.press, self.last) = (None, None);
                self.touch = Touch::Scene;
            }
        }
    }

    /// Begins the press of a finger.
    fn begin(&mut self, at: Vec2) {
        self.last = Some(at);
        self.press = Some(Press {
            at,
            dragging: false,
            left: true,
            adds: false,
            slop_px: TAP_SLOP_PX,
        });
    }

    fn click(&mut self, at: Vec2, slop_px: f32, now: f64) {
        let repeats = |(then, there): (f64, Vec2)| now - then < DOUBLE_CLICK_SECS && there.distance(at) < slop_px;
        self.clicked = Some(at);
        if self.last_click.is_some_and(repeats) {
            self.double_clicked = Some(at);
            self.last_click = None;
        } else {
            self.last_click = Some((now, at));
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Pointer>().add_systems(
        Update,
        read.run_if(resource_exists::<ButtonInput<MouseButton>>)
            .in_set(PointerSystems::Read),
    );
}

fn read(
    mut pointer: ResMut<Pointer>,
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    mut wheel: MessageReader<MouseWheel>,
    mut pinches: MessageReader<PinchGesture>,
    touches: Option<Res<Touches>>,
    windows: Query<&Window, With<PrimaryWindow>>,
    panels: Res<PointerOverPanels>,
    time: Res<Time<Real>>,
) {
    let notches = wheel
        .read()
        .map(|turn| match turn.unit {
            MouseScrollUnit::Line => turn.y,
            MouseScrollUnit::Pixel => turn.y / PX_PER_NOTCH,
        })
        .sum();
    let mut mouse = Mouse {
        at: windows.iter().next().and_then(Window::cursor_position),
        over_panels: panels.0,
        left_pressed: buttons.just_pressed(MouseButton::Left),
        middle_pressed: buttons.just_pressed(MouseButton::Middle),
        any_held: buttons.any_pressed([MouseButton::Left, MouseButton::Middle]),
        adds: keys.is_some_and(|keys| {
            [KeyCode::ShiftLeft, KeyCode::ShiftRight]
                .iter()
                .any(|key| keys.pressed(*key) || keys.just_pressed(*key))
        }),
        notches,
    };
    let mut fingers: Vec<(u64, Vec2)> = touches
        .iter()
        .flat_map(|touches| touches.iter())
        .map(|touch| (touch.id(), touch.position()))
        .collect();
    // A finger that came down and was lifted since the last frame counts for one frame.
    for touch in touches.iter().flat_map(|touches| touches.iter_just_pressed()) {
        if fingers.iter().all(|(id, _)| *id != touch.id()) {
            fingers.push((touch.id(), touch.position()));
        }
    }
    let pointer = pointer.bypass_change_detection();
    pointer.pinch(&mut mouse, &fingers);
    pointer.update(mouse, time.elapsed_secs_f64());
    // A touchpad's pinch reports a growth, which applies at the pointer.
    let spread: f32 = pinches.read().map(|pinch| 1.0 + pinch.0.clamp(-0.5, 0.5)).product();
    if let (Some(about), true) = (pointer.over, spread != 1.0) {
        pointer.pinch = Some(Pinch {
            moved: Vec2::ZERO,
            factor: spread,
            about,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32) -> Mouse {
        Mouse {
            at: Some(Vec2::new(x, 10.0)),
            ..Mouse::default()
        }
    }

    fn press(pointer: &mut Pointer, x: f32, now: f64) {
        pointer.update(
            Mouse {
                left_pressed: true,
                any_held: true,
                ..at(x)
            },
            now,
        );
    }

    #[test]
    fn a_press_that_stays_is_a_click_and_two_are_a_double_click() {
        let mut pointer = Pointer::default();
        press(&mut pointer, 10.0, 0.0);
        pointer.update(at(12.0), 0.1);
        assert_eq!(
            (pointer.clicked, pointer.double_clicked),
            (Some(Vec2::splat(10.0)), None)
        );
        press(&mut pointer, 11.0, 0.2);
        pointer.update(at(11.0), 0.3);
        assert!(pointer.double_clicked.is_some());
        pointer.update(at(11.0), 0.4);
        assert_eq!(pointer.clicked, None);
    }

    #[test]
    fn a_press_that_moves_is_a_drag_and_no_click() {
        let mut pointer = Pointer::default();
        press(&mut pointer, 10.0, 0.0);
        pointer.update(
            Mouse {
                any_held: true,
                ..at(30.0)
            },
            0.1,
        );
        assert_eq!(pointer.dragged, Vec2::new(20.0, 0.0));
        pointer.update(
            Mouse {
                any_held: true,
                over_panels: true,
                ..at(37.0)
            },
            0.2,
        );
        assert_eq!(pointer.dragged, Vec2::new(7.0, 0.0));
        pointer.update(at(37.0), 0.3);
        assert!(pointer.clicked.is_none() && !pointer.is_dragging());
    }

    #[test]
    fn presses_and_the_wheel_on_panels_do_not_reach_the_scene() {
        let mut pointer = Pointer::default();
        pointer.update(
            Mouse {
                left_pressed: true,
                any_held: true,
                over_panels: true,
                notches: 2.0,
                ..at(10.0)
            },
            0.0,
        );
        assert_eq!((pointer.over, pointer.notches), (None, 0.0));
        pointer.update(at(10.0), 0.1);
        assert_eq!(pointer.clicked, None);
    }

    #[test]
    fn with_shift_a_click_adds_and_a_drag_draws_a_rectangle() {
        let mut pointer = Pointer::default();
        let shifted = |x: f32| Mouse {
            adds: true,
            any_held: true,
            ..at(x)
        };
        pointer.update(
            Mouse {
                left_pressed: true,
                ..shifted(10.0)
            },
            0.0,
        );
        pointer.update(at(11.0), 0.1);
        assert!(pointer.clicked.is_some() && pointer.adds);
        pointer.update(
            Mouse {
                left_pressed: true,
                ..shifted(10.0)
            },
            1.0,
        );
        assert!(!pointer.adds);
        // Shift may be released meanwhile.
        let end = Mouse {
            at: Some(Vec2::new(40.0, 30.0)),
            any_held: true,
            ..Mouse::default()
        };
        pointer.update(end, 1.1);
        let drawn = Rect::new(10.0, 10.0, 40.0, 30.0);
        assert_eq!((pointer.lasso, pointer.dragged), (Some(drawn), Vec2::ZERO));
        pointer.update(Mouse { any_held: false, ..end }, 1.2);
        assert_eq!((pointer.lassoed, pointer.lasso), (Some(drawn), None));
        assert!(pointer.clicked.is_none() && !pointer.released);
        pointer.update(at(40.0), 1.3);
        assert_eq!(pointer.lassoed, None);
    }

    /// One frame with these fingers down; `over_panels` is what the panels reported in the frame before.
    fn touch(pointer: &mut Pointer, fingers: &[(u64, Vec2)], over_panels: bool, now: f64) {
        let mut mouse = Mouse {
            over_panels,
            ..Mouse::default()
        };
        pointer.pinch(&mut mouse, fingers);
        pointer.update(mouse, now);
    }

    #[test]
    fn a_tap_is_a_click_of_any_duration_even_if_the_finger_rolls() {
        let finger = |x: f32| vec![(1, Vec2::new(x, 10.0))];
        for frames in 1..6 {
            let mut pointer = Pointer::default();
            for frame in 0..frames {
                touch(&mut pointer, &finger(100.0 + frame as f32 * 2.0), false, 0.0);
                assert_eq!(pointer.clicked, None);
            }
            touch(&mut pointer, &[], false, 0.1);
            assert_eq!(pointer.clicked, Some(Vec2::new(100.0, 10.0)), "{frames} frames");
            touch(&mut pointer, &finger(108.0), false, 0.2);
            touch(&mut pointer, &[], false, 0.3);
            assert!(pointer.double_clicked.is_some(), "{frames} frames");
            touch(&mut pointer, &[], false, 0.4);
            assert_eq!((pointer.clicked, pointer.over), (None, None));
        }
    }

    #[test]
    fn a_finger_that_came_down_on_a_panel_acts_on_it_until_it_is_lifted() {
        let finger = |x: f32| vec![(1, Vec2::new(x, 10.0))];
        let mut pointer = Pointer::default();
        touch(&mut pointer, &finger(10.0), false, 0.0);
        touch(&mut pointer, &finger(40.0), true, 0.1);
        // Off the panel, and lifted there.
        touch(&mut pointer, &finger(90.0), false, 0.2);
        assert_eq!((pointer.dragged, pointer.over), (Vec2::ZERO, None));
        touch(&mut pointer, &[], false, 0.3);
        assert!(pointer.clicked.is_none() && !pointer.is_dragging());
        touch(&mut pointer, &finger(10.0), false, 1.0);
        touch(&mut pointer, &[], true, 1.1);
        assert_eq!(pointer.clicked, None, "a tap on a panel");
    }

    #[test]
    fn a_finger_drags_the_scene_also_under_panels() {
        let finger = |x: f32| vec![(1, Vec2::new(x, 10.0))];
        let mut pointer = Pointer::default();
        touch(&mut pointer, &finger(10.0), false, 0.0);
        touch(&mut pointer, &finger(60.0), false, 0.1);
        assert_eq!(pointer.dragged, Vec2::new(50.0, 0.0));
        touch(&mut pointer, &finger(70.0), true, 0.2);
        assert_eq!(pointer.dragged, Vec2::new(10.0, 0.0));
        touch(&mut pointer, &[], true, 0.3);
        assert!(pointer.released && pointer.clicked.is_none());
    }
}
