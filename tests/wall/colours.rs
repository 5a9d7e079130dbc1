//! The colours of every theme: panels and scene have the same, the status colours are distinguishable for every sight,
//! and text has enough contrast.

use bevy::prelude::*;
use model::Status;
use model::theme::ThemeName;
use opswall::{scene::palette::palette, ui::theme};

/// The least distance between two status colours (docs/visual-language.md).
const LEAST_DISTANCE: f64 = 12.0;

/// Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
const SIGHTS: [(&str, [[f64; 3]; 3]); 4] = [
    ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

fn linear(color: Color) -> [f64; 3] {
    let LinearRgba { red, green, blue, .. } = color.to_linear();
    [red, green, blue].map(f64::from)
}

fn simulate(matrix: [[f64; 3]; 3], color: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(color).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
}

/// CIE L*a*b*, D65.
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047;
    let y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b;
    let z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883;
    let f = |t: f64| {
        if t > 216.0 / 24_389.0 {
            t.cbrt()
        } else {
            (24_389.0 / 27.0 * t + 16.0) / 116.0
        }
    };
    let (x, y, z) = (f(x), f(y), f(z));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// CIEDE2000 after Sharma, Wu and Dalal 2005.
fn ciede2000([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh((a1.hypot(b1) + a2.hypot(b2)) / 2.0));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| {
        if a == 0.0 && b == 0.0 {
            0.0
        } else {
            b.atan2(a).to_degrees().rem_euclid(360.0)
        }
    };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => (sum + 360.0) / 2.0,
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0) - 0.20 * cos(4.0 * h - 63.0);
    let around = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let light = (l - 50.0).powi(2);
    let (sl, sc, sh) = (
        1.0 + 0.015 * light / (20.0 + light).sqrt(),
        1.0 + 0.045 * c,
        1.0 + 0.015 * c * t,
    );
    let rotate = -(2.0 * around).to_radians().sin() * 2.0 * seventh(c);
    let (dl, dc, dh) = (dl / sl, dc / sc, dh / sh);
    (dl * dl + dc * dc + dh * dh + rotate * dc * dh).sqrt()
}

/// WCAG contrast ratio.
fn contrast(a: Color, b: Color) -> f64 {
    let luminance = |color| {
        let [r, g, b] = linear(color);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

#[test]
fn ciede2000_agrees_with_the_published_test_data() {
    // Pairs 1, 7 and 17 of Sharma, Wu and Dalal's test data.
    for (a, b, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
    ] {
        let got = ciede2000(a, b);
        assert!((got - expected).abs() < 1e-4, "{got} for {expected}");
    }
}

#[test]
fn any_two_status_colours_are_distinguishable_in_every_theme_and_for_every_sight() {
    use Status::{Blocked, Cancelled, Done, Failed, Queued, Running, Waiting};
    let states = [Queued, Running, Waiting, Blocked, Failed, Done, Cancelled];
    for name in ThemeName::ALL {
        let palette = palette(name);
        for (sight, matrix) in SIGHTS {
            for (at, a) in states.into_iter().enumerate() {
                for b in states.into_iter().skip(at + 1) {
                    let [from, to] = [a, b].map(|state| lab(simulate(matrix, linear(palette.status(state)))));
                    let distance = ciede2000(from, to);
                    assert!(
                        distance >= LEAST_DISTANCE,
                        "{name:?}, {sight}: {a:?} and {b:?} are {distance:.1} apart"
                    );
                }
            }
        }
    }
}

#[test]
fn text_has_enough_contrast_on_the_background_and_on_panels() {
    // The least contrast of text, of secondary text, of coloured words, and of the marks of what is in trouble.
    for (name, text, muted, words, marks) in [
        (ThemeName::Dark, 12.0, 5.0, 4.0, 4.0),
        (ThemeName::Light, 12.0, 5.0, 4.5, 2.6),
        (ThemeName::HighContrast, 18.0, 10.0, 6.0, 5.5),
    ] {
        let (palette, inks) = (palette(name), theme::inks(name));
        for ground in [palette.ground, palette.surface] {
            let stands_out = |what: &str, color: Color, least: f64| {
                let ratio = contrast(color, ground);
                assert!(ratio >= least, "{name:?}: {what} has {ratio:.1} of {least}");
            };
            stands_out("text", palette.text, text);
            stands_out("muted", palette.muted, muted);
            for color in [inks.live, inks.offline, inks.warn] {
                stands_out("a word", scene(color), words);
            }
            for status in Status::ALL {
                stands_out(status.word(), palette.status_ink(status), words);
            }
            for status in [Status::Failed, Status::Blocked, Status::Waiting] {
                stands_out(status.word(), palette.status(status), marks);
            }
            stands_out("the selection", palette.selection, 4.5);
        }
        let least = if name == ThemeName::HighContrast { 3.0 } else { 1.6 };
        for status in Status::ALL {
            assert!(
                contrast(palette.status(status), palette.ground) >= least,
                "{name:?}: {status:?}"
            );
        }
    }
}

fn scene(color: egui::Color32) -> Color {
    Color::srgb_u8(color.r(), color.g(), color.b())
}

#[test]
fn panels_and_scene_have_the_same_colours() {
    for name in ThemeName::ALL {
        let (panels, palette) = (theme::inks(name), palette(name));
        for status in Status::ALL {
            assert_eq!(scene(panels.status(status)), palette.status(status));
            assert_eq!(scene(panels.status_ink(status)), palette.status_ink(status));
        }
        for (panel, there) in [
            (panels.ground, palette.ground),
            (panels.surface, palette.surface),
            (panels.line, palette.line),
            (panels.text, palette.text),
            (panels.muted, palette.muted),
            (panels.selection, palette.selection),
        ] {
            assert_eq!(scene(panel), there);
        }
    }
}
