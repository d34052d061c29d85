//! Thumbnails of images, and spectrograms: a row of pictures a class.

use super::canvas::{Anchor, Canvas};
use super::png;

/// Pixels of one recording: `rows × columns`, one or three numbers each.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Height.
    pub rows: usize,
    /// Width.
    pub columns: usize,
    /// Values of a pixel: 1 or 3.
    pub depth: usize,
    /// Values, row by row from the top.
    pub values: Vec<f32>,
}

/// How values become shades.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shades {
    /// 0 is black, 255 white.
    Grey,
    /// From the smallest value (dark) to the largest (bright) of each picture.
    Heat,
}

const LEFT: f64 = 130.0;
const CELL: f64 = 84.0;
/// Pictures of a class.
const MOST: usize = 8;
/// Pixels along an edge; larger pictures are thinned.
const EDGE: usize = 128;

/// `all[class]` are the pictures of a class.
pub fn pictures(title: &str, classes: &[String], all: &[Vec<Picture>], shades: Shades) -> String {
    let rows = all.len().min(40);
    let mut canvas = Canvas::new(LEFT + CELL * MOST as f64 + 16.0, 46.0 + CELL * rows as f64);
    canvas.text(16.0, 24.0, Anchor::Start, "title", title);
    for (row, class) in all.iter().take(rows).enumerate() {
        let y = 40.0 + CELL * row as f64;
        let name = classes.get(row).map_or("", String::as_str);
        canvas.text(LEFT - 10.0, y + CELL / 2.0, Anchor::End, "", &name.chars().take(16).collect::<String>());
        for (column, picture) in class.iter().take(MOST).enumerate() {
            let x = LEFT + CELL * column as f64;
            let (width, height, pixels) = pixels(picture, shades);
            if width > 0 && height > 0 {
                let largest = width.max(height) as f64;
                let (wide, high) = match shades {
                    Shades::Grey => ((CELL - 6.0) * width as f64 / largest, (CELL - 6.0) * height as f64 / largest),
                    Shades::Heat => (CELL - 6.0, CELL - 6.0),
                };
                canvas.image(x, y, (wide, high), &png::base64(&png::encode(width, height, &pixels)), name);
            }
        }
    }
    canvas.finish()
}

/// Width, height and RGB bytes.
fn pixels(picture: &Picture, shades: Shades) -> (usize, usize, Vec<u8>) {
    let (down, across) = (picture.rows.div_ceil(EDGE).max(1), picture.columns.div_ceil(EDGE).max(1));
    let depth = picture.depth.max(1);
    let finite = || picture.values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let shade = |value: f32| match shades {
        Shades::Grey => [value.clamp(0.0, 255.0) as u8; 3],
        Shades::Heat => heat((value - low) / (high - low).max(1e-12)),
    };
    let mut bytes = Vec::new();
    let (mut width, mut height) = (0, 0);
    for row in (0..picture.rows).step_by(down) {
        height += 1;
        width = 0;
        for column in (0..picture.columns).step_by(across) {
            width += 1;
            let at = (row * picture.columns + column) * depth;
            let value = |index: usize| picture.values.get(at + index).copied().unwrap_or(0.0);
            if depth == 3 {
                bytes.extend([value(0), value(1), value(2)].map(|value| value.clamp(0.0, 255.0) as u8));
            } else {
                bytes.extend(shade(value(0)));
            }
        }
    }
    (width, height, bytes)
}

/// From dark blue over green to yellow: five points of matplotlib's `viridis`, straight lines between.
fn heat(share: f32) -> [u8; 3] {
    const POINTS: [[f32; 3]; 5] =
        [[68.0, 1.0, 84.0], [59.0, 82.0, 139.0], [33.0, 145.0, 140.0], [94.0, 201.0, 98.0], [253.0, 231.0, 37.0]];
    let place = if share.is_finite() { share.clamp(0.0, 1.0) * 4.0 } else { 0.0 };
    let from = (place as usize).min(3);
    let rest = place - from as f32;
    std::array::from_fn(|index| (POINTS[from][index] + rest * (POINTS[from + 1][index] - POINTS[from][index])) as u8)
}
