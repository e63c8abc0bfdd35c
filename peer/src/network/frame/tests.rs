use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::AsyncRead;
use futures::executor::block_on;
use futures::io::Cursor;

use super::{read, write};

const BYTES_MAX: usize = 1000;

fn written(frames: &[&[u8]]) -> Vec<u8> {
    let mut stream = Cursor::new(Vec::new());
    for frame in frames {
        block_on(write(&mut stream, frame)).unwrap();
    }
    stream.into_inner()
}

#[test]
fn frames_come_back_as_they_were_written_and_end_cleanly() {
    let long = [7; BYTES_MAX];
    let cases: [&[&[u8]]; 4] = [&[], &[b""], &[b"a", b"", b"bc"], &[&long, b"d", &long]];
    for frames in cases {
        let mut stream = Cursor::new(written(frames));
        for frame in frames {
            let found = block_on(read(&mut stream, BYTES_MAX)).unwrap();
            assert_eq!(found.as_deref(), Some(*frame));
        }
        assert_eq!(block_on(read(&mut stream, BYTES_MAX)).unwrap(), None, "{frames:?}");
    }
}

#[test]
fn what_is_no_whole_frame_within_the_bound_is_refused() {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    let whole = written(&[b"abcd"]);
    let cases: [(&str, Vec<u8>, io::ErrorKind); 6] = [
        ("one byte over the bound", written(&[&[1; BYTES_MAX + 1]]), InvalidData),
        ("the longest length", u32::MAX.to_le_bytes().to_vec(), InvalidData),
        ("one byte of the length", whole[..1].to_vec(), UnexpectedEof),
        ("three bytes of the length", whole[..3].to_vec(), UnexpectedEof),
        ("the length alone", whole[..4].to_vec(), UnexpectedEof),
        ("all but the last byte", whole[..7].to_vec(), UnexpectedEof),
    ];
    for (what, bytes, kind) in cases {
        let error = block_on(read(&mut Cursor::new(bytes), BYTES_MAX)).unwrap_err();
        assert_eq!(error.kind(), kind, "{what}: {error}");
    }
}

/// Says that a long frame follows, sends a few bytes, and notes how much room it was offered.
struct Liar {
    bytes: Vec<u8>,
    offered_max: usize,
}

impl AsyncRead for Liar {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.offered_max = self.offered_max.max(room.len());
        let count = room.len().min(self.bytes.len());
        room[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes.drain(..count);
        Poll::Ready(Ok(count))
    }
}

#[test]
fn a_length_that_lies_takes_no_memory() {
    let length = 100_u32 << 20;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend([1; 10]);
    let mut liar = Liar { bytes, offered_max: 0 };
    let error = block_on(read(&mut liar, length as usize)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(liar.offered_max <= 64 << 10, "{} bytes were set aside", liar.offered_max);
}
