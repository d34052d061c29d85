//! From the artifacts of an ingest to drawings: bars of the classes, histograms, waveforms, spectrograms or thumbnails.

use crate::base::npy::Array;
use crate::data::split::NAMES;
use crate::report::plot::{self, Bar, Histogram, Picture, Shades, Wave};
use crate::spec::model::Dataset;

/// Values of a channel that a histogram counts.
const COUNTED: usize = 100_000;
const BINS: usize = 40;
/// Recordings of a class that a waveform is the mean of.
const AVERAGED: usize = 200;
/// Samples of a waveform.
const SAMPLES: usize = 2000;
/// Pictures of a class.
const PICTURES: usize = 8;
/// Channels that have a histogram.
const CHANNELS: usize = 64;
/// Above this rate, in Hz, one channel is sound.
const SOUND: f64 = 3000.0;

/// Recordings with what they are.
pub(super) struct Recordings {
    name: String,
    classes: Vec<String>,
    channels: Vec<String>,
    x: Vec<f32>,
    y: Vec<usize>,
    part: Vec<usize>,
    /// First value of each recording, and behind the last one.
    starts: Vec<usize>,
    /// Height, width and depth, where recordings are images.
    image: Option<[usize; 3]>,
    sound: bool,
}

impl Recordings {
    /// None when the arrays aren't what an ingest makes.
    pub(super) fn new(dataset: &Dataset, x: &Array, y: &Array, part: &Array, lengths: Option<&Array>) -> Option<Self> {
        let dims = x.dims.clone();
        let values = x.as_f32()?.to_vec();
        let count = part.as_u8()?.len();
        let depth = dims.last().copied().unwrap_or(1).max(1);
        let row = dims.iter().skip(1).product::<usize>().max(1);
        let starts: Vec<usize> = match lengths {
            None => (0..=count).map(|index| index * row).collect(),
            Some(lengths) => std::iter::once(0)
                .chain(lengths.as_i32()?.iter().scan(0, |end, length| {
                    *end += (*length).max(0) as usize * depth;
                    Some(*end)
                }))
                .collect(),
        };
        if starts.len() != count + 1 || starts.last().is_some_and(|end| *end > values.len()) {
            return None;
        }
        // Without classes, all recordings are of one kind.
        let classes = if dataset.classes.is_empty() { vec!["all".to_string()] } else { dataset.classes.clone() };
        let y = match y.as_i32() {
            Some(y) if !dataset.classes.is_empty() => y.iter().map(|class| (*class).max(0) as usize).collect(),
            _ => vec![0; count],
        };
        let named = dataset.channels.iter().map(|channel| channel.name.clone());
        let mut channels: Vec<String> = named.collect();
        if channels.len() != depth {
            channels = (0..depth).map(|channel| format!("channel {channel}")).collect();
        }
        let rate = dataset.rate.as_ref().map_or(0.0, |rate| rate.base as f64 / 1000.0);
        Some(Self {
            name: dataset.name.clone(),
            classes,
            sound: depth == 1 && rate >= SOUND && (dims.len() == 3 || lengths.is_some()),
            image: if dims.len() == 4 { Some([dims[1], dims[2], dims[3]]) } else { None },
            channels,
            x: values,
            y,
            part: part.as_u8()?.iter().map(|part| usize::from(*part)).collect(),
            starts,
        })
    }

    /// File names and drawings.
    pub(super) fn draw(&self) -> Vec<(&'static str, String)> {
        let mut drawings = vec![("classes.svg", self.bars()), ("histograms.svg", self.histograms())];
        if let Some(image) = self.image {
            drawings.push(("thumbnails.svg", self.thumbnails(image)));
        } else if self.sound {
            drawings.push(("spectrograms.svg", self.spectrograms()));
        } else if self.starts.windows(2).any(|pair| pair[1] - pair[0] > self.channels.len()) {
            drawings.push(("waveforms.svg", self.waves()));
        }
        drawings
    }

    /// Recordings of a class.
    fn of(&self, class: usize) -> impl Iterator<Item = &[f32]> {
        let here = self.y.iter().enumerate().filter(move |(_, of)| **of == class);
        here.map(|(index, _)| &self.x[self.starts[index]..self.starts[index + 1]])
    }

    fn bars(&self) -> String {
        let mut bars: Vec<Bar> = self.classes.iter().map(|name| Bar { name: name.clone(), parts: [0; 3] }).collect();
        for (class, part) in self.y.iter().zip(&self.part) {
            if let Some(bar) = bars.get_mut(*class) {
                bar.parts[(*part).min(2)] += 1;
            }
        }
        plot::bars(&format!("{}: recordings of each class", self.name), &NAMES.map(String::from), &bars)
    }

    fn histograms(&self) -> String {
        let width = self.channels.len();
        let samples = self.x.len() / width;
        let every = samples.div_ceil(COUNTED).max(1);
        let mut classes = Vec::with_capacity(samples / every + 1);
        let mut recording = 0;
        for sample in (0..samples).step_by(every) {
            while recording + 1 < self.y.len() && self.starts[recording + 1] <= sample * width {
                recording += 1;
            }
            classes.push(self.y.get(recording).copied().unwrap_or(0) as u32);
        }
        let all: Vec<Histogram> = (0..width.min(CHANNELS))
            .map(|channel| {
                let values = self.x.iter().skip(channel).step_by(width * every).copied();
                let values: Vec<(f32, u32)> = values.zip(classes.iter().copied()).collect();
                Histogram::new(&self.channels[channel], &values, self.classes.len(), BINS)
            })
            .collect();
        plot::histograms(&format!("{}: values of each channel by class", self.name), &self.classes, &all)
    }

    fn waves(&self) -> String {
        let all: Vec<Vec<Wave>> = (0..self.classes.len())
            .map(|class| (0..self.channels.len().min(8)).map(|channel| self.wave(class, channel)).collect())
            .collect();
        plot::waves(&format!("{}: mean ± deviation over time", self.name), &self.classes, &self.channels, &all)
    }

    fn wave(&self, class: usize, channel: usize) -> Wave {
        let width = self.channels.len();
        let (mut sum, mut squares, mut count): (Vec<f64>, Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new(), Vec::new());
        for recording in self.of(class).take(AVERAGED) {
            for (at, value) in recording.iter().skip(channel).step_by(width).take(SAMPLES).enumerate() {
                if at == sum.len() {
                    sum.push(0.0);
                    squares.push(0.0);
                    count.push(0.0);
                }
                sum[at] += f64::from(*value);
                squares[at] += f64::from(*value) * f64::from(*value);
                count[at] += 1.0;
            }
        }
        let mean: Vec<f64> = sum.iter().zip(&count).map(|(sum, count)| sum / count).collect();
        let std = squares.iter().zip(&count).zip(&mean);
        let std = std.map(|((squares, count), mean)| (squares / count - mean * mean).max(0.0).sqrt()).collect();
        Wave { mean, std }
    }

    fn thumbnails(&self, [rows, columns, depth]: [usize; 3]) -> String {
        let picture = |values: &[f32]| Picture { rows, columns, depth, values: values.to_vec() };
        let all: Vec<Vec<Picture>> =
            (0..self.classes.len()).map(|class| self.of(class).take(PICTURES).map(picture).collect()).collect();
        plot::pictures(&format!("{}: images of each class", self.name), &self.classes, &all, Shades::Grey)
    }

    fn spectrograms(&self) -> String {
        let all: Vec<Vec<Picture>> = (0..self.classes.len())
            .map(|class| self.of(class).filter_map(plot::spectrogram).take(PICTURES).collect())
            .collect();
        let title = format!("{}: spectrograms, low frequencies below, 80 dB from dark to bright", self.name);
        plot::pictures(&title, &self.classes, &all, Shades::Heat)
    }
}
