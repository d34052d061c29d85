//! Dividing work among threads. Who does an item never changes what it gives.

/// Calls `work` once for every item, on as many threads as there are workspaces: each thread has one of them for itself.
pub(super) fn each<W: Send, T: Send>(spaces: &mut [W], items: &mut [T], work: impl Fn(&mut W, usize, &mut T) + Sync) {
    let share = items.len().div_ceil(spaces.len().max(1)).max(1);
    let run = |space: &mut W, first: usize, items: &mut [T]| {
        for (at, item) in items.iter_mut().enumerate() {
            work(space, first + at, item);
        }
    };
    let Some((first, others)) = spaces.split_first_mut() else { return };
    if share >= items.len() {
        return run(first, 0, items);
    }
    std::thread::scope(|scope| {
        let (own, rest) = items.split_at_mut(share);
        for ((at, items), space) in rest.chunks_mut(share).enumerate().zip(others) {
            let run = &run;
            scope.spawn(move || run(space, (at + 1) * share, items));
        }
        run(first, 0, own);
    });
}
