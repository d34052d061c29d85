//! Decoded pixels: to grey, to colour, to the size that is asked for.

/// Pixels of 8 bits.
pub struct Pixels {
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// 1 grey, 2 with alpha, 3 red, green and blue, 4 with alpha.
    pub channels: usize,
    /// Row by row, channels innermost.
    pub values: Vec<u8>,
}

/// What becomes of an image of another size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// It is refused.
    Refuse,
    /// It is scaled, by the mean of the area that a pixel covers.
    Resize,
    /// Its middle of the right proportions is scaled.
    Crop,
}

impl Pixels {
    /// One channel: ITU-R BT.601 luma. What is transparent shows black.
    #[must_use]
    pub fn grey(self) -> Self {
        let grey = |pixel: &[u8]| match pixel {
            [grey] => *grey,
            [grey, alpha] => over(*grey, *alpha),
            [red, green, blue, rest @ ..] => {
                let luma = (299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue) + 500) / 1000;
                over(luma as u8, rest.first().copied().unwrap_or(255))
            }
            [] => 0,
        };
        let values = self.values.chunks_exact(self.channels).map(grey).collect();
        Self { channels: 1, values, ..self }
    }

    /// Three channels. What is transparent shows black.
    #[must_use]
    pub fn colour(self) -> Self {
        let colour = |pixel: &[u8]| match pixel {
            [grey] => [*grey; 3],
            [grey, alpha] => [over(*grey, *alpha); 3],
            [red, green, blue, rest @ ..] => {
                let alpha = rest.first().copied().unwrap_or(255);
                [red, green, blue].map(|value| over(*value, alpha))
            }
            [] => [0; 3],
        };
        let values = self.values.chunks_exact(self.channels).flat_map(colour).collect();
        Self { channels: 3, values, ..self }
    }

    /// The values at another size; the error completes the sentence "`file` …".
    pub fn fit(&self, (height, width): (usize, usize), fit: Fit) -> Result<Vec<f32>, String> {
        if (self.height, self.width) == (height, width) {
            return Ok(self.values.iter().map(|value| f32::from(*value)).collect());
        }
        let all = (self.height as f64, self.width as f64);
        let (tall, wide) = match fit {
            Fit::Refuse => {
                let (has, wanted) = ((self.height, self.width), (height, width));
                return Err(format!(
                    "has {} rows of {} pixels, not {} of {}; `fit = resize` scales it",
                    has.0, has.1, wanted.0, wanted.1
                ));
            }
            Fit::Resize => all,
            Fit::Crop => {
                let scale = f64::min(all.0 / height as f64, all.1 / width as f64);
                (height as f64 * scale, width as f64 * scale)
            }
        };
        let rows = spans((all.0 - tall) / 2.0, tall, height, self.height);
        let columns = spans((all.1 - wide) / 2.0, wide, width, self.width);
        let mut out = Vec::with_capacity(height * width * self.channels);
        for row in &rows {
            for column in &columns {
                for channel in 0..self.channels {
                    out.push(self.mean(row, column, channel));
                }
            }
        }
        Ok(out)
    }

    /// The weighted mean of an area.
    fn mean(&self, rows: &[(usize, f64)], columns: &[(usize, f64)], channel: usize) -> f32 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (row, down) in rows {
            for (column, across) in columns {
                let value = self.values[(row * self.width + column) * self.channels + channel];
                sum += down * across * f64::from(value);
                weights += down * across;
            }
        }
        (sum / weights) as f32
    }
}

fn over(value: u8, alpha: u8) -> u8 {
    ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8
}

/// For each of `count` pixels that share `length` pixels from `start`: the pixels it covers (of `limit`), with weights.
/// Enlarged, a pixel is linear between the two nearest ones.
fn spans(start: f64, length: f64, count: usize, limit: usize) -> Vec<Vec<(usize, f64)>> {
    let step = length / count as f64;
    let last = limit - 1;
    let span = |index: usize| {
        if step <= 1.0 {
            let centre = (start + (index as f64 + 0.5) * step - 0.5).clamp(0.0, last as f64);
            let below = centre.floor();
            let share = centre - below;
            let below = below as usize;
            return vec![(below, 1.0 - share), ((below + 1).min(last), share)];
        }
        let (from, to) = (start + index as f64 * step, start + (index as f64 + 1.0) * step);
        let covered = |at: usize| (f64::min(to, at as f64 + 1.0) - f64::max(from, at as f64)).max(0.0);
        let mut cover: Vec<(usize, f64)> = (from as usize..=(to as usize).min(last))
            .map(|at| (at, covered(at)))
            .filter(|cover| cover.1 > 1e-9)
            .collect();
        if cover.is_empty() {
            cover.push(((from as usize).min(last), 1.0));
        }
        cover
    };
    (0..count).map(span).collect()
}
