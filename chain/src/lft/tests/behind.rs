use super::{Event, Stand, Start, State};
use crate::tests::next_block;

/// Messages of height 1, verified while it was the current one.
fn old_messages(stand: &Stand) -> Vec<Event> {
    let lines = [
        "block 0 A0",
        "vote 0 A0 by 0",
        "vote 0 A0 by 2",
        "vote 0 A0 by 3",
        "confirm 0 A0 by 0",
        "confirm 0 A0 by 2",
        "confirm 0 A0 by 3",
        "complain 0 by 0",
        "complain 0 by 2",
        "pass 0 because 023:-",
    ];
    let message = |line: &str| stand.message(&line.split(' ').collect::<Vec<_>>());
    lines.iter().map(|line| stand.received(message(line))).collect()
}

#[test]
fn what_was_verified_for_an_earlier_height_says_nothing_about_this_one() {
    let mut stand = Stand::new(1);
    let old = old_messages(&stand);
    stand.head = stand.head.apply(&next_block(&stand.head, 1));
    stand.state = State::new(Start::after(&stand.head, None, false));
    stand.disk = stand.state.record.clone();
    for event in old {
        assert_eq!(stand.tell_event(event.clone()), "", "{event:?}");
    }
}

#[test]
fn a_commit_begins_the_next_height() {
    let mut stand = Stand::new(1);
    stand.tell("pass 0 because 023:-");
    let block = next_block(&stand.head, 1);
    stand.head = stand.head.apply(&block);
    // The record of the height before is obsolete.
    let start = Start::after(&stand.head, Some(stand.disk.clone()), false);
    stand.disk = start.record.clone();
    assert_eq!(stand.tell_event(Event::Committed(Box::new(start))), "");
    assert_eq!((stand.state.height.0, stand.state.round.0), (2, 0));
    assert_eq!(stand.tell("timeout 1"), "");
    let work = Start::after(&stand.head, None, true);
    assert_eq!(stand.tell_event(Event::Committed(Box::new(work))), "timer 0 1000");
}
