#![allow(clippy::unwrap_used)]

use futures::StreamExt;
use wire::v1::ToPeer;

use super::{Overflow, QUEUE_MAX, open};
use crate::registry::Ending;

#[tokio::test]
async fn messages_come_in_order_and_an_end_overtakes_them() {
    let (outbound, messages) = open();
    let mut messages = Box::pin(messages);
    outbound.send(ToPeer::default()).unwrap();
    assert_eq!(messages.next().await, Some(Ok(ToPeer::default())));
    outbound.send(ToPeer::default()).unwrap();
    outbound.end(Ending::Slow);
    outbound.end(Ending::Stopping);
    assert_eq!(messages.next().await, Some(Err(Ending::Slow)));
    assert_eq!(messages.next().await, None);
    outbound.ended().await;
}

#[tokio::test]
async fn a_queue_that_nobody_reads_overflows_and_a_goodbye_is_no_error() {
    let (outbound, messages) = open();
    let mut messages = Box::pin(messages);
    for _ in 0..QUEUE_MAX {
        outbound.send(ToPeer::default()).unwrap();
    }
    assert_eq!(outbound.send(ToPeer::default()), Err(Overflow));
    outbound.end(Ending::Left);
    assert_eq!(messages.next().await, None);
}
