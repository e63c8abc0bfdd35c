//! A SCORE's databases: ordered maps of bytes, each with a name.

use crate::abi::Host;

/// For reading. In a query: the committed state.
pub struct View<'a> {
    host: &'a Host,
}

impl<'a> View<'a> {
    pub(crate) fn new(host: &'a Host) -> View<'a> {
        View { host }
    }

    /// The value at `key`.
    pub fn get(&self, database: &str, key: &[u8]) -> Option<Vec<u8>> {
        self.host.get(database, key)
    }

    /// At most `count_max` entries whose keys are at least `from` and, if given, below `to`, in
    /// the order of their keys.
    pub fn scan(
        &self,
        database: &str,
        from: &[u8],
        to: Option<&[u8]>,
        count_max: usize,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.host.scan(database, from, to, count_max)
    }

    /// At most `count_max` entries whose keys begin with `prefix` and come after `after`.
    pub fn scan_prefix(
        &self,
        database: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        count_max: usize,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut from = after.unwrap_or(prefix).to_vec();
        if after.is_some() {
            from.push(0);
        }
        self.scan(database, &from, successor(prefix).as_deref(), count_max)
    }
}

/// For reading and writing, in `invoke`. Reads see what this transaction and those before it wrote.
pub struct State<'a> {
    view: View<'a>,
}

impl<'a> State<'a> {
    pub(crate) fn new(host: &'a Host) -> State<'a> {
        State { view: View::new(host) }
    }

    /// Stores `value` at `key`.
    pub fn put(&mut self, database: &str, key: &[u8], value: &[u8]) {
        self.view.host.write(database, key, Some(value));
    }

    /// Removes what is at `key`, if anything.
    pub fn delete(&mut self, database: &str, key: &[u8]) {
        self.view.host.write(database, key, None);
    }
}

impl<'a> std::ops::Deref for State<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

/// The first key after all that begin with `prefix`; none when the prefix is only 0xff.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}
