//! The model as mathematics.
//!
//! Knows: operators, training, int8.
//! Never: opens a file, reads a clock, uses the platform's `exp`; same seed, same bits on every host and thread count.
//! Add here: an operator: one file in `ops/`, one template in `stdlib/kernels/`, one word in the table.
