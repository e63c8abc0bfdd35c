//! The socket to the peer, which is this process's standard input.

use std::collections::VecDeque;
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use wire::runner::{Order, Report, ServiceCall, ServiceReply, read_frame, write_frame};

/// Orders that may wait while the peer is asked something.
const WAITING_MAX: usize = 4096;

/// The peer's end is gone or speaks nonsense.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    #[error("the socket to the peer: {0}")]
    Socket(#[from] io::Error),
    #[error("the peer closed the socket while it was asked something")]
    Closed,
    #[error("{WAITING_MAX} orders wait, but not the answer to what was asked")]
    NoAnswer,
    #[error("an answer came that nobody asked for")]
    Unasked,
    #[error("the answer is not to what was asked")]
    OtherAnswer,
}

/// Reads orders and writes reports.
pub struct Conversation {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
    waiting: VecDeque<Order>,
}

impl Conversation {
    /// Takes standard input for the socket.
    ///
    /// # Errors
    /// It is not a socket.
    pub fn from_standard_input() -> io::Result<Conversation> {
        let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
        let writer = UnixStream::from(descriptor);
        // Fails for anything but a socket.
        writer.local_addr()?;
        let reader = BufReader::with_capacity(1 << 16, writer.try_clone()?);
        Ok(Conversation { reader, writer, waiting: VecDeque::new() })
    }

    /// The next order; none when the peer closed the socket.
    pub fn next_order(&mut self) -> Result<Option<Order>, ConversationError> {
        let order = match self.waiting.pop_front() {
            Some(order) => Some(order),
            None => read_frame(&mut self.reader)?,
        };
        match order {
            Some(Order::ServiceReply(_)) => Err(ConversationError::Unasked),
            order => Ok(order),
        }
    }

    pub fn report(&mut self, report: &Report) -> Result<(), ConversationError> {
        Ok(write_frame(&mut self.writer, report)?)
    }

    /// Asks the peer and waits. Orders that come meanwhile wait their turn.
    pub fn ask(&mut self, call: ServiceCall) -> Result<ServiceReply, ConversationError> {
        self.report(&Report::ServiceCall(call))?;
        loop {
            match read_frame(&mut self.reader)? {
                Some(Order::ServiceReply(reply)) => return Ok(reply),
                Some(_) if self.waiting.len() == WAITING_MAX => {
                    return Err(ConversationError::NoAnswer);
                }
                Some(order) => self.waiting.push_back(order),
                None => return Err(ConversationError::Closed),
            }
        }
    }
}
