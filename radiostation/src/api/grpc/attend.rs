//! One stream per peer: challenge, proof, then reports in and announcements out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};
use wire::v1::from_peer::Kind;
use wire::v1::registry_server::Registry;
use wire::v1::{self, FromPeer, ToPeer};

use crate::random::Random;
use crate::registrar::{Desk, Stopped};
use crate::registry::{Ending, NONCE_BYTES, Proven, Refusal, SessionId, check_join, check_reports};
use crate::session::{self, Outbound};

/// Streams that may be without a proven key at a time.
const NEWCOMERS_MAX: usize = 256;
const JOIN_SECONDS_MAX: u64 = 10;
/// After each report the stream rests, so that no peer keeps the registrar busy.
const REPORT_PAUSE: Duration = Duration::from_millis(10);

/// The service of peers.
pub struct Attendance {
    desk: Desk,
    random: Random,
    sessions: AtomicU64,
    newcomers: Arc<Semaphore>,
}

impl Attendance {
    pub fn new(desk: Desk, random: Random) -> Attendance {
        let newcomers = Arc::new(Semaphore::new(NEWCOMERS_MAX));
        Attendance { desk, random, sessions: AtomicU64::new(1), newcomers }
    }
}

#[tonic::async_trait]
impl Registry for Attendance {
    type AttendStream = BoxStream<ToPeer>;

    async fn attend(
        &self,
        request: Request<Streaming<FromPeer>>,
    ) -> Result<Response<BoxStream<ToPeer>>, Status> {
        let newcomer = Arc::clone(&self.newcomers).try_acquire_owned().map_err(|_| {
            let text = format!("{NEWCOMERS_MAX} streams have not joined yet; attend again later");
            Status::resource_exhausted(text)
        })?;
        let nonce: [u8; NONCE_BYTES] = self.random.bytes().map_err(|error| {
            tracing::error!("the system gives no random bytes: {error}");
            Status::internal("the radiostation has no random bytes")
        })?;
        let (outbound, messages) = session::open();
        let challenge = v1::Challenge { nonce: nonce.to_vec() };
        let challenge = ToPeer { kind: Some(v1::to_peer::Kind::Challenge(challenge)) };
        outbound.send(challenge).expect("a new queue has room");
        let id = SessionId(self.sessions.fetch_add(1, Ordering::Relaxed));
        let attended = Attended { id, desk: self.desk.clone(), outbound };
        tokio::spawn(attended.attend(request.into_inner(), nonce, newcomer));
        Ok(Response::new(Box::pin(messages.map(|one| one.map_err(|ending| status(&ending))))))
    }
}

/// The inbound side of one stream.
struct Attended {
    id: SessionId,
    desk: Desk,
    outbound: Outbound,
}

impl Attended {
    async fn attend(
        self,
        mut inbound: Streaming<FromPeer>,
        nonce: [u8; NONCE_BYTES],
        newcomer: OwnedSemaphorePermit,
    ) {
        let join = match proven(&mut inbound, &nonce).await {
            Ok(Some(join)) => join,
            Ok(None) => return,
            Err(ending) => {
                tracing::warn!("a peer is turned away: {ending}");
                return self.outbound.end(ending);
            }
        };
        let joined = self.desk.joined(self.id, self.outbound.clone(), join).await;
        drop(newcomer);
        let ended = match joined {
            Ok(()) => self.listen(&mut inbound).await,
            Err(stopped) => Err(stopped),
        };
        if ended.is_err() {
            self.outbound.end(Ending::Stopping);
        }
    }

    async fn listen(&self, inbound: &mut Streaming<FromPeer>) -> Result<(), Stopped> {
        loop {
            let message = tokio::select! {
                () = self.outbound.ended() => break,
                message = inbound.message() => message,
            };
            match message {
                Ok(Some(FromPeer { kind: Some(Kind::Report(report)) })) => {
                    match check_reports(&report.channels) {
                        Ok(reports) => self.desk.reported(self.id, reports).await?,
                        Err(refusal) => {
                            self.outbound.end(Ending::Refused(refusal));
                            break;
                        }
                    }
                    tokio::time::sleep(REPORT_PAUSE).await;
                }
                Ok(Some(FromPeer { kind: Some(Kind::Leaving(leaving)) })) => {
                    let reason: String = leaving.reason.chars().take(200).collect();
                    tracing::debug!("a peer leaves: {reason:?}");
                    return self.desk.left(self.id).await;
                }
                Ok(Some(_)) => {
                    let text = "expected a Report or Leaving after Join";
                    self.outbound.end(Ending::Refused(Refusal::Malformed(text.to_owned())));
                    break;
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!("a peer's stream ended: {}", error.message());
                    break;
                }
            }
        }
        self.desk.broken(self.id).await
    }
}

/// The peer's answer to the challenge; None when it has gone away.
async fn proven(
    inbound: &mut Streaming<FromPeer>,
    nonce: &[u8; NONCE_BYTES],
) -> Result<Option<Proven>, Ending> {
    let first = tokio::time::timeout(Duration::from_secs(JOIN_SECONDS_MAX), inbound.message());
    match first.await {
        Err(_) => Err(Ending::NoJoin(JOIN_SECONDS_MAX)),
        Ok(Err(_) | Ok(None)) => Ok(None),
        Ok(Ok(Some(FromPeer { kind: Some(Kind::Join(join)) }))) => {
            Ok(Some(check_join(nonce, &join)?))
        }
        Ok(Ok(Some(_))) => {
            let text = "expected a Join as the first message";
            Err(Ending::Refused(Refusal::Malformed(text.to_owned())))
        }
    }
}

fn status(ending: &Ending) -> Status {
    let text = ending.to_string();
    match ending {
        Ending::Refused(refusal) => match refusal {
            Refusal::Malformed(_) => Status::invalid_argument(text),
            Refusal::Proof => Status::unauthenticated(text),
            Refusal::TargetInUse { .. } | Refusal::TargetOfMember { .. } => {
                Status::already_exists(text)
            }
            Refusal::ReconnectForbidden => Status::permission_denied(text),
            Refusal::Full(_) => Status::resource_exhausted(text),
        },
        Ending::NoJoin(_) | Ending::Silent { .. } => Status::deadline_exceeded(text),
        Ending::Replaced => Status::aborted(text),
        Ending::Slow => Status::resource_exhausted(text),
        Ending::Left | Ending::Stopping => Status::unavailable(text),
    }
}
