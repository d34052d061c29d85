//! The reference of `hal/decide.c.j2`: the same operations in the same order, so the same bits.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::net::level::Level;
use crate::net::qnet::Quant;

/// What outputs are made into.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A class: the first of the largest scores.
    Class,
    /// The numbers as they are.
    Value,
    /// Whether the input is given badly.
    Anomaly,
}

/// All that a decision depends on besides outputs and inputs: `decide.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// What outputs are made into.
    pub kind: Kind,
    /// Numbers of one output.
    pub outputs: usize,
    /// Step of an int8 output.
    pub scale: f32,
    /// The int8 output of zero.
    pub zero_point: i32,
    /// Least score of a class, or largest of a normal row.
    pub threshold: Option<f32>,
    /// Where the threshold comes from, for people.
    pub chosen: String,
    /// Windows whose scores are averaged; 1: none.
    pub mean: usize,
    /// Windows that vote; 1: none.
    pub vote: usize,
    /// The label below the threshold of a class.
    pub unknown: u8,
    /// What the int8 network's outputs stand for, one an output; none: themselves.
    pub levels: Vec<Level>,
}

impl Rule {
    /// Numbers that an application is given.
    pub fn scores(&self) -> usize {
        if self.kind == Kind::Anomaly { 1 } else { self.outputs }
    }

    /// Windows that a decision depends on.
    pub fn memory(&self) -> usize {
        self.mean.max(self.vote)
    }

    fn quant(&self) -> Quant {
        Quant { scale: self.scale, zero_point: self.zero_point }
    }
}

/// What an application is told.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// The class; the number of classes where it is none of them; 1: an anomaly.
    pub label: u8,
    /// Scores, values, or the reconstruction error.
    pub scores: Vec<f32>,
}

/// Decisions over the windows of one recording, one behind the other.
pub struct Decider<'a> {
    rule: &'a Rule,
    past: VecDeque<Vec<f32>>,
    votes: VecDeque<u8>,
}

/// What a model gives for one window.
#[derive(Clone, Copy, Debug)]
pub enum Answers<'a> {
    /// The int8 network.
    Int8(&'a [i8]),
    /// The float network.
    Float(&'a [f32]),
}

impl<'a> Decider<'a> {
    /// At the beginning of a recording.
    pub fn new(rule: &'a Rule) -> Self {
        Self { rule, past: VecDeque::new(), votes: VecDeque::new() }
    }

    /// The decision after one more window; `input` is what the model was given.
    pub fn push(&mut self, output: Answers<'_>, input: &[f32]) -> Decision {
        let rule = self.rule;
        self.past.push_back(self.raw(output, input));
        if self.past.len() > rule.mean {
            self.past.pop_front();
        }
        let scores = self.smoothed(matches!(output, Answers::Int8(_)));
        self.votes.push_back(label(rule, &scores));
        if self.votes.len() > rule.vote {
            self.votes.pop_front();
        }
        Decision { label: winner(&self.votes), scores }
    }

    /// What is averaged: int8 steps from zero as whole numbers, or reals.
    fn raw(&self, output: Answers<'_>, input: &[f32]) -> Vec<f32> {
        let quant = self.rule.quant();
        match (self.rule.kind, output) {
            (Kind::Anomaly, Answers::Int8(output)) => vec![error(output.iter().map(|q| quant.dequantize(*q)), input)],
            (Kind::Anomaly, Answers::Float(output)) => vec![error(output.iter().copied(), input)],
            (_, Answers::Int8(output)) => output.iter().map(|q| (i32::from(*q) - quant.zero_point) as f32).collect(),
            (_, Answers::Float(output)) => output.to_vec(),
        }
    }

    /// Means over the past. Sums of int8 steps are exact: 64 windows of 8 bits fit into a float's 24.
    fn smoothed(&self, int8: bool) -> Vec<f32> {
        let rule = self.rule;
        let sum = |at: usize| self.past.iter().fold(0.0_f32, |sum, scores| sum + scores[at]);
        let unit = if int8 && rule.kind != Kind::Anomaly { rule.scale } else { 1.0 };
        let count = self.past.len() as f32;
        let score = |at: usize| {
            let score = if rule.mean > 1 { sum(at) * unit / count } else { sum(at) * unit };
            if int8 { rule.levels.get(at).map_or(score, |level| level.value(score)) } else { score }
        };
        (0..rule.scores()).map(score).collect()
    }
}

/// Mean square of what is wrong with a reconstruction: one chain of f32 operations in order.
fn error(output: impl Iterator<Item = f32>, input: &[f32]) -> f32 {
    let mut sum = 0.0_f32;
    for (real, given) in output.zip(input) {
        let difference = given - real;
        sum += difference * difference;
    }
    sum / input.len() as f32
}

fn label(rule: &Rule, scores: &[f32]) -> u8 {
    match rule.kind {
        Kind::Value => 0,
        // What isn't a number isn't normal either.
        Kind::Anomaly => u8::from(rule.threshold.is_some_and(|most| scores[0].is_nan() || scores[0] > most)),
        Kind::Class => {
            let best = (1..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best });
            match rule.threshold {
                Some(least) if scores[best] < least => rule.unknown,
                _ => best as u8,
            }
        }
    }
}

/// The most frequent vote; of equally frequent ones the latest.
fn winner(votes: &VecDeque<u8>) -> u8 {
    let count = |vote: u8| votes.iter().filter(|other| **other == vote).count();
    let latest = votes.back().copied().unwrap_or_default();
    votes.iter().rev().fold(latest, |best, vote| if count(*vote) > count(best) { *vote } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: Kind) -> Rule {
        Rule {
            kind,
            outputs: 2,
            scale: 1.0 / 256.0,
            zero_point: -128,
            threshold: None,
            chosen: String::new(),
            mean: 1,
            vote: 1,
            unknown: 2,
            levels: Vec::new(),
        }
    }

    fn labels(rule: &Rule, rows: &[[i8; 2]]) -> Vec<u8> {
        let mut decider = Decider::new(rule);
        rows.iter().map(|row| decider.push(Answers::Int8(row), &[0.0, 0.0]).label).collect()
    }

    #[test]
    fn below_the_threshold_it_is_unknown() {
        let rule = Rule { threshold: Some(0.7), ..rule(Kind::Class) };
        assert_eq!(labels(&rule, &[[127, -128], [-20, -30], [-128, 60]]), [0, 2, 1]);
        let known = Rule { unknown: 0, ..rule };
        assert_eq!(labels(&known, &[[-30, -20]]), [0]);
    }

    #[test]
    fn means_and_votes_look_back() {
        let rows = [[100, -100], [-10, 10], [-10, 10], [-120, 120], [100, -100]];
        assert_eq!(labels(&rule(Kind::Class), &rows), [0, 1, 1, 1, 0]);
        assert_eq!(labels(&Rule { mean: 3, ..rule(Kind::Class) }, &rows), [0, 0, 0, 1, 1]);
        assert_eq!(labels(&Rule { vote: 3, ..rule(Kind::Class) }, &rows), [0, 1, 1, 1, 1]);
    }

    #[test]
    fn levels_put_values_back() {
        let levels = vec![Level { scale: 10.0, offset: 100.0 }, Level { scale: 1.0, offset: 0.0 }];
        let rule = Rule { scale: 0.5, zero_point: 0, mean: 2, levels, ..rule(Kind::Value) };
        let mut decider = Decider::new(&rule);
        assert_eq!(decider.push(Answers::Int8(&[1, 2]), &[]).scores, [105.0, 1.0]);
        assert_eq!(decider.push(Answers::Int8(&[3, 2]), &[]).scores, [110.0, 1.0]);
        assert_eq!(Decider::new(&rule).push(Answers::Float(&[7.0, 2.0]), &[]).scores, [7.0, 2.0]);
    }

    #[test]
    fn an_anomaly_is_given_badly() {
        let rule = Rule { scale: 0.5, zero_point: 0, threshold: Some(0.5), ..rule(Kind::Anomaly) };
        let mut decider = Decider::new(&rule);
        let good = decider.push(Answers::Int8(&[2, 4]), &[1.0, 1.5]);
        assert_eq!(good, Decision { label: 0, scores: vec![0.125] });
        let bad = decider.push(Answers::Float(&[1.0, 2.0]), &[1.0, 4.0]);
        assert_eq!(bad, Decision { label: 1, scores: vec![2.0] });
        assert_eq!(decider.push(Answers::Float(&[1.0, f32::NAN]), &[1.0, 4.0]).label, 1);
    }
}
