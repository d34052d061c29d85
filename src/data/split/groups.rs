//! Which rows must stay together: equal rows, and rows that agree in the `by` column.

use crate::base::Digest;
use crate::base::digest::Hasher;
use crate::data::rows::Rows;

/// Sets of rows that stay together (union-find).
pub(super) struct Groups(Vec<u32>);

/// One set of rows, with what `assign` needs to know of it.
pub(super) struct Group {
    /// Row indices, ascending.
    pub(super) rows: Vec<u32>,
    /// Rows of each class in it, classes ascending.
    pub(super) classes: Vec<(u32, usize)>,
    /// Position in the seeded order; a function of the content alone.
    pub(super) key: Digest,
}

impl Groups {
    /// Every row by itself, then rows of one `by` value joined.
    pub(super) fn new(rows: &Rows) -> Self {
        let mut groups = Self((0..rows.len() as u32).collect());
        let mut first = vec![u32::MAX; rows.groups.len()];
        for (row, group) in rows.group.iter().enumerate() {
            let first = &mut first[*group as usize];
            if *first == u32::MAX {
                *first = row as u32;
            }
            groups.join(*first, row as u32);
        }
        groups
    }

    /// Joins rows whose values are equal. Returns how many sets that made fewer.
    pub(super) fn join_equal(&mut self, rows: &Rows) -> usize {
        let mut joined = 0;
        for pair in rows.neighbours().windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if rows.compare(a as usize, b as usize).is_eq() {
                joined += usize::from(self.join(a, b));
            }
        }
        joined
    }

    /// The sets, in an order that depends on the seed and the rows' content, not on the rows' order.
    /// `strata` says what each row is stratified by; only rows for which `open` is true are among them.
    pub(super) fn collect(&mut self, rows: &Rows, strata: &[u32], seed: u64, open: &dyn Fn(u32) -> bool) -> Vec<Group> {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); rows.len()];
        for row in (0..rows.len() as u32).filter(|row| open(*row)) {
            members[self.find(row) as usize].push(row);
        }
        let mut groups: Vec<Group> = members
            .into_iter()
            .filter(|members| !members.is_empty())
            .map(|members| Group { classes: classes(strata, &members), key: key(rows, &members, seed), rows: members })
            .collect();
        // Large sets first, while there is room for them; rows by themselves fill up to the exact shares.
        groups.sort_by_key(|group| (group.rows.len() == 1, group.key, group.rows[0]));
        groups
    }

    fn find(&mut self, mut row: u32) -> u32 {
        while self.0[row as usize] != row {
            let parent = self.0[row as usize];
            self.0[row as usize] = self.0[parent as usize];
            row = self.0[row as usize];
        }
        row
    }

    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        // The least row is the root, so that the outcome doesn't depend on the order of joins.
        self.0[a.max(b) as usize] = a.min(b);
        a != b
    }
}

fn classes(strata: &[u32], members: &[u32]) -> Vec<(u32, usize)> {
    let mut all: Vec<u32> = members.iter().map(|row| strata[*row as usize]).collect();
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect()
}

fn key(rows: &Rows, members: &[u32], seed: u64) -> Digest {
    let least = members.iter().min_by(|a, b| rows.compare(**a as usize, **b as usize));
    let mut hasher = Hasher::new("cargo-tinyml 2026 split");
    hasher.field(&seed.to_le_bytes());
    let bytes: Vec<u8> =
        least.into_iter().flat_map(|row| rows.row(*row as usize)).flat_map(|value| value.to_le_bytes()).collect();
    hasher.field(&bytes);
    // Rows of two groups may be equal: their names tell them apart.
    let group = members.first().and_then(|row| rows.group.get(*row as usize));
    hasher.field(group.map_or("", |group| &rows.groups[*group as usize]).as_bytes());
    hasher.finish()
}
