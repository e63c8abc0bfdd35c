use super::{AuditedBlock, Places};
use crate::history::ToldBlock;
use crate::record::{ClientRecord, Outcome, Sent};

/// A chain of one block for each list of (marker, code); a transaction's hash is "#" and its marker.
fn chain(blocks: &[&[(&str, i32)]]) -> Vec<AuditedBlock> {
    let block = |transactions: &&[(&str, i32)]| {
        let told =
            |(marker, _): &(&str, i32)| (format!("#{marker}"), format!("{{\"id\": \"{marker}\"}}"));
        AuditedBlock {
            told: ToldBlock {
                height: 0,
                hash: String::new(),
                previous: String::new(),
                maker: String::new(),
                transactions: transactions.iter().map(told).collect(),
            },
            codes: transactions.iter().map(|(_, code)| *code).collect(),
        }
    };
    blocks.iter().map(block).collect()
}

fn accepted(marker: &str) -> (String, u64, Outcome) {
    (marker.to_owned(), 1, Outcome::Accepted(format!("#{marker}")))
}

/// A client that expects code 0 of everything.
fn client(sent: Vec<(String, u64, Outcome)>) -> ClientRecord {
    let one = |(marker, document, outcome)| Sent { marker, document, outcome, expected_code: 0 };
    ClientRecord {
        client: "client".to_owned(),
        channel: "channel".to_owned(),
        peer: 0,
        sent: sent.into_iter().map(one).collect(),
    }
}

fn verdict(blocks: &[&[(&str, i32)]], sent: Vec<(String, u64, Outcome)>) -> Result<(), String> {
    Places::of(&chain(blocks))?.check(&client(sent))
}

#[test]
fn what_is_as_it_must_be_passes() {
    let unknown = |marker: &str, document| (marker.to_owned(), document, Outcome::Unknown);
    let refused = ("r".to_owned(), 1, Outcome::Refused("busy".to_owned()));
    let blocks: &[&[(&str, i32)]] = &[&[], &[("a", 0), ("other", 7)], &[("u", 0), ("b", 0)]];
    let sent = vec![accepted("a"), unknown("u", 2), unknown("v", 2), accepted("b")];
    assert_eq!(verdict(blocks, sent), Ok(()));
    // A request that nobody waited for any more may be read after later ones.
    let sent = vec![accepted("a"), unknown("u", 2), accepted("b")];
    assert_eq!(verdict(&[&[("a", 0), ("b", 0), ("u", 0)]], sent), Ok(()));
    // After an answer that was lost or a refusal, results about the same document are open.
    let sent = vec![refused, accepted("a"), accepted("b")];
    assert_eq!(verdict(&[&[("a", 0)], &[("b", 1003)]], sent), Ok(()));
}

#[test]
fn every_kind_of_fault_is_found() {
    let refused = || vec![("a".to_owned(), 1, Outcome::Refused("busy".to_owned()))];
    let foreign = vec![("a".to_owned(), 1, Outcome::Accepted("#b".to_owned()))];
    let early = vec![accepted("a"), ("u".to_owned(), 2, Outcome::Unknown)];
    type Case<'a> = (&'a [&'a [(&'a str, i32)]], Vec<(String, u64, Outcome)>, &'a str);
    let cases: Vec<Case> = vec![
        (&[&[("b", 0)]], vec![accepted("a")], "lost"),
        (&[&[("a", 0)], &[("a", 0)]], vec![accepted("a")], "twice"),
        (&[&[("b", 0), ("a", 0)]], vec![accepted("a"), accepted("b")], "before"),
        (&[&[("u", 0), ("a", 0)]], early, "before"),
        (&[&[("a", 2)]], vec![accepted("a")], "not executed"),
        (&[&[("a", 9000)]], vec![accepted("a")], "9000"),
        (&[&[("a", 0)]], refused(), "refused"),
        (&[&[("a", 0), ("b", 0)]], foreign, "another's"),
    ];
    for (blocks, sent, word) in cases {
        let found = verdict(blocks, sent).expect_err(word);
        assert!(found.contains(word), "{found:?} instead of {word:?}");
    }
}
