//! What tells two states of a peer apart, as far as the rules go on from them differently.
//!
//! Read from what `State` shows of itself, so that a field added to it counts until it is named
//! here as one that does not. Left out are: who signed a certificate and with which bytes (rules
//! ask no more than that it was a quorum); what the tally holds beside complaints about the current
//! round and later ones (ballots are told as a quorum, and a second one comes to nothing); and the
//! validators, which are the same for all.

/// A state in words: what others can come to see, and what it has only heard.
#[derive(Debug, PartialEq, Eq)]
pub struct Face {
    pub shown: String,
    pub heard: String,
}

/// What of a state can still matter.
#[derive(Clone, Copy, Debug)]
pub struct Matters {
    pub round: usize,
    /// All of it, also what can be had again at once.
    pub all: bool,
    /// What led to the round and the proposal made in it, because the power of its leader may fail.
    pub lead: bool,
    /// The proposal of this round, because the peer may still vote.
    pub open: bool,
}

// A block that is not known is fetched at once; what was voted for is among what was said.
const FORGOTTEN: [&str; 3] = ["blocks: {", "block: Some(", "earlier: ["];
// Of use to the leader of the round alone, who has made use of it unless its power fails.
const OF_LEADER: [&str; 2] = ["proposed: Some(Proposal {", "entered: Some("];

/// Of what `State` or `Record` shows of itself (`{:?}`).
pub fn face(text: &str, matters: Matters) -> Face {
    let mut forgotten: Vec<&str> = Vec::new();
    if !matters.all {
        forgotten.extend(FORGOTTEN);
    }
    if !matters.lead {
        forgotten.extend(OF_LEADER);
    }
    let mut shown = String::with_capacity(text.len() / 2);
    let mut heard = String::new();
    let mut rest = text;
    while let Some(at) = rest.find([' ', '{']) {
        let (before, from) = rest.split_at(at + 1);
        shown.push_str(before);
        rest = from;
        if let Some(inside) = forgotten.iter().find_map(|beginning| opened(rest, beginning)) {
            rest = after(inside);
        } else if let Some(inside) = opened(rest, "validators: ValidatorSet {") {
            rest = after(inside);
        } else if let Some(inside) = opened(rest, "signatures: [") {
            rest = after(inside);
        } else if let Some(inside) = opened(rest, "complaints: [") {
            rest = after(inside);
            let reported = &inside[..inside.len() - rest.len()];
            shown.push_str(&format!("high {:?}", highest(reported)));
        } else if let Some(inside) = opened(rest, "voted: Some((") {
            rest = after(inside);
            let voted = &inside[..inside.len() - rest.len()];
            let round = voted.split_once(',').map_or(voted, |(round, _)| round);
            shown.push_str("voted: ");
            shown.push_str(if matters.all { voted } else { round });
        } else if let Some(inside) = opened(rest, "Proposed { block: ") {
            let (block, _) = inside.split_once(',').unwrap_or((inside, ""));
            shown.push_str(if matters.all || matters.open { block } else { "" });
            rest = after(inside);
        } else if let Some(inside) = opened(rest, "Tally {") {
            rest = after(inside);
            heard = complaints(&inside[..inside.len() - rest.len()], matters.round);
        }
    }
    shown.push_str(rest);
    Face { shown, heard }
}

fn opened<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    text.strip_prefix(beginning)
}

// What follows the bracket that closes one opened before `text`.
fn after(text: &str) -> &str {
    let mut open = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &text[at + 1..];
        }
    }
    panic!("brackets do not match in {text}");
}

fn number(text: &str) -> Option<usize> {
    text.split_once(')')?.0.parse().ok()
}

fn highest(complaints: &str) -> Option<usize> {
    complaints.split("Some(Round(").skip(1).filter_map(number).max()
}

// Who complains about `round` or later ones, about which, and what each reports: a certificate may
// be made of it.
fn complaints(tally: &str, round: usize) -> String {
    let Some((_, list)) = tally.split_once("complaints: {") else {
        panic!("no complaints: {tally}")
    };
    let list = &list[..list.len() - after(list).len()];
    let mut heard = String::new();
    let mut rest = list;
    while let Some((signer, complaint)) = rest.split_once(": (Complaint {") {
        let about = complaint.split_once("round: Round(").and_then(|(_, text)| number(text));
        let about = about.expect("a complaint shows its round");
        if about >= round {
            heard.push_str(signer.trim_start_matches([',', ' ']));
            heard.push_str(&complaint[..complaint.len() - after(complaint).len()]);
        }
        rest = after(after(complaint));
    }
    heard
}
