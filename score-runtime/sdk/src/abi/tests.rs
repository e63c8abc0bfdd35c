#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;

/// The runner's side, in memory.
#[derive(Default)]
struct Memory {
    entries: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
    finished: RefCell<Vec<(i64, String)>>,
}

impl Memory {
    fn of<'a>(context: *const c_void) -> &'a Memory {
        // SAFETY: `called` makes the context of a `Memory` that outlives the call.
        unsafe { &*context.cast() }
    }

    fn called(&self, call: impl FnOnce(&Host)) -> (i64, String) {
        let context = (&raw const *self).cast();
        call(&Host { context, get, write, scan, finish });
        let mut finished = self.finished.borrow_mut();
        assert_eq!(finished.len(), 1, "finish is called once");
        finished.pop().unwrap()
    }
}

extern "C" fn get(c: *const c_void, _: Bytes, key: Bytes, take: Take, taker: *mut c_void) {
    // SAFETY: within the call that lends it.
    let key = unsafe { key.borrow() };
    if let Some(value) = Memory::of(c).entries.borrow().get(key) {
        take(taker, Bytes::lend(&[]), Bytes::lend(value));
    }
}

extern "C" fn write(context: *const c_void, _: Bytes, key: Bytes, value: *const Bytes) {
    // SAFETY: within the call that lends them.
    let (key, value) = unsafe { (key.borrow().to_vec(), value.as_ref().map(|v| v.borrow())) };
    let mut entries = Memory::of(context).entries.borrow_mut();
    match value {
        Some(value) => entries.insert(key, value.to_vec()),
        None => entries.remove(&key),
    };
}

extern "C" fn scan(
    context: *const c_void,
    _: Bytes,
    from: Bytes,
    to: *const Bytes,
    count_max: usize,
    take: Take,
    taker: *mut c_void,
) {
    // SAFETY: within the call that lends them.
    let (from, to) = unsafe { (from.borrow(), to.as_ref().map(|to| to.borrow())) };
    let entries = Memory::of(context).entries.borrow();
    let range = entries
        .iter()
        .filter(|(key, _)| key.as_slice() >= from && to.is_none_or(|to| key.as_slice() < to));
    for (key, value) in range.take(count_max) {
        take(taker, Bytes::lend(key), Bytes::lend(value));
    }
}

extern "C" fn finish(context: *const c_void, code: i64, text: Bytes) {
    // SAFETY: within the call that lends it.
    let text = unsafe { text.text() }.to_owned();
    Memory::of(context).finished.borrow_mut().push((code, text));
}

/// Does what the transaction's data says.
#[derive(Default)]
struct Obedient;

impl Score for Obedient {
    fn invoke(
        &self,
        transaction: &Transaction<'_>,
        block: &Block<'_>,
        state: &mut State<'_>,
    ) -> Result<(), Failure> {
        match transaction.data.split(' ').collect::<Vec<_>>()[..] {
            ["put", key, value] => state.put("db", key.as_bytes(), value.as_bytes()),
            ["delete", key] => state.delete("db", key.as_bytes()),
            ["fail", code] => return Err(Failure::new(code.parse().unwrap(), "as told")),
            ["panic"] => panic!("as told in {}", block.height),
            _ => return Err(Failure::new(1, format!("{transaction:?} {block:?}"))),
        }
        Ok(())
    }

    fn query(&self, request: &str, state: &View<'_>) -> Result<String, String> {
        match request.split(' ').collect::<Vec<_>>()[..] {
            ["get", key] => state
                .get("db", key.as_bytes())
                .map(|value| String::from_utf8(value).unwrap())
                .ok_or_else(|| "nothing".to_owned()),
            ["prefix", prefix, after] => {
                let after = (!after.is_empty()).then_some(after.as_bytes());
                Ok(format!("{:?}", state.scan_prefix("db", prefix.as_bytes(), after, 2)))
            }
            _ => panic!("{}", String::from("no such query")),
        }
    }
}

fn invoke_with(memory: &Memory, data: &str) -> (i64, String) {
    let transaction = RawTransaction {
        hash: Bytes::lend(b"aa"),
        timestamp_us: 1,
        data: Bytes::lend(data.as_bytes()),
        peer_id: Bytes::lend(b"p"),
        signature: Bytes::lend(&[]),
        public_key: Bytes::lend(&[7]),
    };
    let block = RawBlock {
        height: 5,
        hash: Bytes::lend(b"bb"),
        previous_hash: Bytes::lend(b"cc"),
        timestamp_us: 2,
        peer_id: Bytes::lend(b"q"),
        channel: Bytes::lend(b"ch"),
        transaction_count: 1,
    };
    let table = table::<Obedient>();
    memory.called(|host| (table.invoke)(host, &raw const transaction, &raw const block))
}

fn query_with(memory: &Memory, request: &str) -> (i64, String) {
    let table = table::<Obedient>();
    memory.called(|host| (table.query)(host, Bytes::lend(request.as_bytes())))
}

#[test]
fn calls_cross_the_interface() {
    let memory = Memory::default();
    for (data, expected) in [
        ("put a 1", (0, "")),
        ("put b 2", (0, "")),
        ("put b3 3", (0, "")),
        ("put b4 4", (0, "")),
        ("put c 5", (0, "")),
        ("delete a", (0, "")),
        ("fail 7", (7, "as told")),
        ("fail 0", (9000, "as told")),
        ("panic", (9000, "panicked: as told in 5")),
    ] {
        assert_eq!(invoke_with(&memory, data), (expected.0, expected.1.to_owned()), "{data}");
    }
    let (_, seen) = invoke_with(&memory, "큰");
    for part in ["\"큰\"", "hash: \"aa\"", "public_key: [7]", "height: 5", "channel: \"ch\""] {
        assert!(seen.contains(part), "{part} not in {seen}");
    }
    for (request, expected) in [
        ("get b", (0, "2")),
        ("get a", (9000, "nothing")),
        ("prefix b ", (0, "[([98], [50]), ([98, 51], [51])]")),
        ("prefix b b3", (0, "[([98, 52], [52])]")),
        ("else", (9000, "panicked: no such query")),
    ] {
        assert_eq!(query_with(&memory, request), (expected.0, expected.1.to_owned()), "{request}");
    }
}
