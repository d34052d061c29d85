//! Dividing work among threads. Who does an item never changes what it gives.

/// Calls `work` once for every item, on at most `threads` threads.
pub(super) fn each<T: Send>(threads: usize, items: &mut [T], work: impl Fn(usize, &mut T) + Sync) {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    let run = |first: usize, items: &mut [T]| {
        for (at, item) in items.iter_mut().enumerate() {
            work(first + at, item);
        }
    };
    if share >= items.len() {
        return run(0, items);
    }
    std::thread::scope(|scope| {
        let (own, others) = items.split_at_mut(share);
        for (at, items) in others.chunks_mut(share).enumerate() {
            let run = &run;
            scope.spawn(move || run((at + 1) * share, items));
        }
        run(0, own);
    });
}
