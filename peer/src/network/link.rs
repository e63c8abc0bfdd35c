//! The link to one other peer: kept up for as long as it is in the directory, with a bounded queue
//! for each lane.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chain::encoding::decode;
use chain::keys::PeerId;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{Multiaddr, PeerId as TransportId, Stream, StreamProtocol};
use libp2p_stream::Control;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::packet::RESPONSE_BYTES_MAX;
use super::swarm::{Command, Connected};
use super::{Lane, RequestError, Response, Routes, frame};

/// Frames that may wait on a lane.
const FRAMES_MAX: usize = 4096;
/// Bytes that may wait on all lanes of a link.
const BYTES_MAX: usize = 128 << 20;
/// Requests that may wait.
const REQUESTS_MAX: usize = 64;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(3);
/// After a connection that stood so long the next one is tried at once.
const STEADY: Duration = Duration::from_secs(10);
/// How long connecting and opening the streams may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

type Question = (Vec<u8>, oneshot::Sender<Response>);

/// Sender's side of a link; dropping it ends the link.
pub struct Link {
    consensus: mpsc::Sender<Arc<[u8]>>,
    bulk: mpsc::Sender<Arc<[u8]>>,
    questions: mpsc::Sender<Question>,
    queued: Arc<AtomicUsize>,
    connected: Arc<AtomicBool>,
    address: watch::Sender<String>,
    task: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Queues {
    consensus: mpsc::Receiver<Arc<[u8]>>,
    bulk: mpsc::Receiver<Arc<[u8]>>,
    questions: mpsc::Receiver<Question>,
    queued: Arc<AtomicUsize>,
}

struct Keeper {
    peer: PeerId,
    id: TransportId,
    commands: mpsc::Sender<Command>,
    routes: Routes,
    connected: Arc<AtomicBool>,
    address: watch::Receiver<String>,
}

impl Link {
    /// Begins to keep a link to `peer`.
    pub fn start(
        peer: PeerId,
        id: TransportId,
        commands: mpsc::Sender<Command>,
        routes: Routes,
    ) -> Link {
        let (consensus, consensus_queue) = mpsc::channel(FRAMES_MAX);
        let (bulk, bulk_queue) = mpsc::channel(FRAMES_MAX);
        let (questions, questions_queue) = mpsc::channel(REQUESTS_MAX);
        let (address, address_now) = watch::channel(String::new());
        let queued = Arc::new(AtomicUsize::new(0));
        let connected = Arc::new(AtomicBool::new(false));
        let queues = Queues {
            consensus: consensus_queue,
            bulk: bulk_queue,
            questions: questions_queue,
            queued: queued.clone(),
        };
        let keeper = Keeper {
            peer,
            id,
            commands,
            routes,
            connected: connected.clone(),
            address: address_now,
        };
        let task = tokio::spawn(keeper.run(queues));
        Link { consensus, bulk, questions, queued, connected, address, task }
    }

    /// Where the peer listens, host:port.
    pub fn set_address(&self, address: &str) {
        self.address.send_if_modified(|known| {
            let changed = known != address;
            if changed {
                *known = address.to_string();
            }
            changed
        });
    }

    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Bytes of frames that wait.
    #[cfg(test)]
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Queues a frame; drops it when not connected or when too much waits.
    pub fn send(&self, lane: Lane, bytes: Arc<[u8]>) {
        let length = bytes.len();
        if !self.is_connected() || self.queued.load(Ordering::Relaxed) + length > BYTES_MAX {
            return;
        }
        self.queued.fetch_add(length, Ordering::Relaxed);
        let queue = if lane == Lane::Bulk { &self.bulk } else { &self.consensus };
        if queue.try_send(bytes).is_err() {
            self.queued.fetch_sub(length, Ordering::Relaxed);
        }
    }

    /// Queues a request.
    pub fn ask(
        &self,
        bytes: Vec<u8>,
        answer: oneshot::Sender<Response>,
    ) -> Result<(), RequestError> {
        self.questions.try_send((bytes, answer)).map_err(|_| RequestError::Busy)
    }
}

impl Keeper {
    async fn run(mut self, mut queues: Queues) {
        let mut pause = RETRY_FIRST;
        loop {
            if let Ok(Ok((streams, closed))) = tokio::time::timeout(OPEN_TIMEOUT, self.open()).await
            {
                let began = tokio::time::Instant::now();
                queues.clear();
                self.connected.store(true, Ordering::Relaxed);
                tracing::info!(peer = %self.peer, "connected");
                self.routes.tell(self.peer, true).await;
                let error = tokio::select! {
                    error = serve(&mut queues, streams) => error,
                    () = closed.cancelled() => io::ErrorKind::ConnectionAborted.into(),
                };
                self.connected.store(false, Ordering::Relaxed);
                if error.kind() == io::ErrorKind::InvalidData {
                    let _ = self.commands.send(Command::Disconnect(self.id)).await;
                }
                tracing::info!(peer = %self.peer, %error, "connection lost");
                // One that ends at once will do so again: two processes with one key take each
                // other's place.
                if began.elapsed() >= STEADY {
                    pause = RETRY_FIRST;
                }
                self.routes.tell(self.peer, false).await;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(RETRY_LAST),
                changed = self.address.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    pause = RETRY_FIRST;
                }
            }
        }
    }

    async fn open(&self) -> io::Result<([Stream; 3], CancellationToken)> {
        let address = self.address.borrow().clone();
        let address = resolve(&address).await?;
        let (connected, met) = oneshot::channel();
        let command = Command::Connect { peer: self.id, address, connected };
        self.commands.send(command).await.map_err(|_| io::ErrorKind::NotConnected)?;
        let Connected { mut control, closed } =
            met.await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        let streams = tokio::select! {
            streams = self.streams(&mut control) => streams?,
            () = closed.cancelled() => return Err(io::ErrorKind::ConnectionAborted.into()),
        };
        Ok((streams, closed))
    }

    async fn streams(&self, control: &mut Control) -> io::Result<[Stream; 3]> {
        let consensus = self.stream(control, Lane::Consensus).await?;
        let bulk = self.stream(control, Lane::Bulk).await?;
        let requests = self.stream(control, Lane::Requests).await?;
        Ok([consensus, bulk, requests])
    }

    async fn stream(&self, control: &mut Control, lane: Lane) -> io::Result<Stream> {
        let protocol = StreamProtocol::new(lane.protocol());
        control.open_stream(self.id, protocol).await.map_err(|e| io::Error::other(e.to_string()))
    }
}

async fn resolve(address: &str) -> io::Result<Multiaddr> {
    let mut found = tokio::net::lookup_host(address).await?;
    let socket = found.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(Multiaddr::from(socket.ip()).with(libp2p::multiaddr::Protocol::Tcp(socket.port())))
}

impl Queues {
    // What was meant for an earlier connection is old news.
    fn clear(&mut self) {
        while let Ok(bytes) = self.consensus.try_recv() {
            self.queued.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        while let Ok(bytes) = self.bulk.try_recv() {
            self.queued.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        while self.questions.try_recv().is_ok() {}
    }
}

// Until one of the streams fails.
async fn serve(queues: &mut Queues, [consensus, bulk, requests]: [Stream; 3]) -> io::Error {
    let Queues { consensus: consensus_queue, bulk: bulk_queue, questions, queued } = queues;
    let (closed, consensus) = consensus.split();
    let ended = tokio::select! {
        ended = until_closed(closed) => ended,
        ended = write(consensus_queue, consensus, queued) => ended,
        ended = write(bulk_queue, bulk, queued) => ended,
        ended = ask(questions, requests) => ended,
    };
    ended.err().unwrap_or_else(|| io::ErrorKind::ConnectionAborted.into())
}

// A connection that ends is noticed although nothing is being sent: nobody answers on this stream.
async fn until_closed(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    match stream.read(&mut [0]).await? {
        0 => Err(io::ErrorKind::ConnectionAborted.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "an answer that nobody asked for")),
    }
}

async fn write(
    queue: &mut mpsc::Receiver<Arc<[u8]>>,
    mut stream: impl AsyncWrite + Unpin,
    queued: &AtomicUsize,
) -> io::Result<()> {
    while let Some(first) = queue.recv().await {
        // Frames that wait together share one flush.
        let mut next = Some(first);
        while let Some(bytes) = next {
            queued.fetch_sub(bytes.len(), Ordering::Relaxed);
            frame::write(&mut stream, &bytes).await?;
            next = queue.try_recv().ok();
        }
        stream.flush().await?;
    }
    Ok(())
}

async fn ask(queue: &mut mpsc::Receiver<Question>, mut stream: Stream) -> io::Result<()> {
    while let Some((bytes, answer)) = queue.recv().await {
        frame::write(&mut stream, &bytes).await?;
        stream.flush().await?;
        let bytes = frame::read(&mut stream, RESPONSE_BYTES_MAX).await?;
        let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
        let response = decode(&bytes)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
        let _ = answer.send(response);
    }
    Ok(())
}
