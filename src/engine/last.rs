//! Which key each step of a spec had when it last ran, and before that: what `explain` compares with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::Digest;
use crate::world::World;

use super::key::Key;
use super::store::Store;

/// The last keys of the steps of one spec. Losing them loses an explanation, nothing else.
#[derive(Default)]
pub(super) struct Last {
    text: String,
    keys: BTreeMap<String, (Key, Option<Key>)>,
}

impl Last {
    /// What the last build of the spec `scope` left.
    pub(super) fn load(world: &World, store: &Store, scope: &str) -> Self {
        let bytes = world.files().read(&path(store, scope)).unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        let keys = text.lines().filter_map(|line| {
            let mut words = line.rsplitn(3, ' ').collect::<Vec<_>>().into_iter().rev();
            let (step, key, before) = (words.next()?, words.next()?, words.next()?);
            Some((step.to_string(), (key.parse().ok()?, before.parse().ok())))
        });
        Self { keys: keys.collect(), text }
    }

    /// The key of the step's last run, and of the one before it that was another.
    pub(super) fn get(&self, step: &str) -> Option<(Key, Option<Key>)> {
        self.keys.get(step).copied()
    }

    /// Remembers that `step` is done with `key`.
    pub(super) fn set(&mut self, step: &str, key: Key) {
        let before = match self.get(step) {
            Some((last, before)) if last == key => before,
            Some((last, _)) => Some(last),
            None => None,
        };
        self.keys.insert(step.to_string(), (key, before));
    }

    /// Writes the keys if they have changed.
    pub(super) fn save(&self, store: &Store, scope: &str) {
        let line = |(step, (key, before)): (&String, &(Key, Option<Key>))| {
            let before = before.map_or_else(|| "-".to_string(), |key| key.hex());
            format!("{step} {key} {before}\n")
        };
        let text: String = self.keys.iter().map(line).collect();
        if text != self.text {
            store.write(&path(store, scope), text.as_bytes());
        }
    }
}

/// A scope is any text: only its plain letters are safe in a file name.
fn path(store: &Store, scope: &str) -> PathBuf {
    let plain: String = scope.chars().filter(char::is_ascii_alphanumeric).collect();
    store.path("last").join(format!("{plain}-{}", Digest::of(scope.as_bytes()).short()))
}
