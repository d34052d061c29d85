//! The numbers of a table, column by column in the order of the rows, and how smoothly they follow each other.

use crate::data::cell::{self, Cell};
use crate::data::formats::csv::Table;

/// Rows that are looked at.
const ROWS: usize = 50_000;

/// Columns of numbers, NaN where a cell has none.
pub(super) struct Matrix {
    pub(super) columns: Vec<Vec<f32>>,
    /// Rows of the whole table.
    pub(super) rows: usize,
}

impl Matrix {
    pub(super) fn of(table: &Table, decimal_comma: bool) -> Self {
        let mut columns: Vec<Vec<f32>> = vec![Vec::new(); table.width];
        let mut rows = 0;
        table.rows(&mut |_, record| {
            rows += 1;
            if rows <= ROWS {
                for (at, column) in columns.iter_mut().enumerate() {
                    column.push(match cell::number(record.get(at).unwrap_or("").trim(), decimal_comma) {
                        Cell::Number(value) => value,
                        Cell::Missing | Cell::Text => f32::NAN,
                    });
                }
            }
        });
        Self { columns, rows }
    }
}

/// Correlation of each value with the next one, -1 to 1; 0 for a column that doesn't change.
pub(super) fn smoothness(column: &[f32]) -> f64 {
    let values: Vec<f64> = column.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)).collect();
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let all: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let next: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if all > 0.0 { next / all } else { 0.0 }
}
