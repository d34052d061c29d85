//! File formats: bytes to tables and to numbers.
//!
//! Knows: encodings, separators, headers, containers, sample formats.
//! Never: knows a class or a channel beyond the columns that are asked for; trusts a size in a header.
//! Add here: a format: one file, one word in `words`, one arm in `data::decode`.

pub mod bmp;
pub mod csv;
pub mod gzip;
pub mod idx;
pub mod image;
pub mod json;
pub mod jsonl;
pub mod npy;
pub mod npz;
pub mod numbers;
pub mod pixels;
pub mod pnm;
pub mod raw;
pub mod resample;
pub mod svmlight;
pub mod text;
pub mod wav;
