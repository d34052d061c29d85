//! Steps, keys, store.
//!
//! Knows: readiness, keys, blobs, threads, locks.
//! Never: names a stage; trusts an mtime for correctness; trusts a damaged entry; lets a step see an undeclared input.
//! Add here: nothing about machine learning.
