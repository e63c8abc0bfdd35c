//! Keys, validators, and every message that can be said, with its signatures. Nothing is signed for
//! an honest peer here but what it has said.

use std::collections::{BTreeSet, HashMap};

use chain::certificate::{Certificate, Stage, ballot_digest};
use chain::count::{Height, Round, Sequence, Weight};
use chain::hash::{Hash, Kind, digest};
use chain::keys::{self, PeerId, SecretKey, Verified};
use chain::lft::Rules;
use chain::lft::message::{
    Ballot, Complaint, ComplaintCertificate, Justification, Known, Message, Proposal, Statement,
    complaint_digest,
};
use chain::membership::{Change, Entry, Member, Membership, Role};
use chain::validators::ValidatorSet;

use super::mutant;
use super::plan::Plan;
use super::said::{self, Said};
use super::scene::Scene;
use super::told::Told;

/// A round and the block certified in it.
pub type High = Option<(u8, u8)>;

/// A proposal of an honest leader, in words of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposed {
    pub round: usize,
    pub block: usize,
    reported: Option<Round>,
    certificate: Option<(Round, Hash)>,
}

pub struct Universe {
    pub plan: Plan,
    pub channel: Hash,
    keys: Vec<SecretKey>,
    pub validators: ValidatorSet,
    /// Places of the honest validators; peers are numbers in this list.
    pub honest: Vec<usize>,
    /// The smallest sets of honest peers that are a quorum, the dishonest validator helping.
    pub quorums: Vec<Vec<usize>>,
    pub scenes: Vec<Scene>,
    successors: HashMap<(usize, usize), usize>,
    certificates: HashMap<(usize, u8, u8), Certificate>,
    complaints: HashMap<(usize, u8, High), ComplaintCertificate>,
    // By scene, peer, bit, and the block of the certificate in a complaint.
    spoken: HashMap<(usize, usize, u64, Option<Hash>), Verified<Message>>,
    proposals: HashMap<(usize, usize), Vec<Proposed>>,
}

fn members(plan: &Plan, keys: &[SecretKey]) -> Membership {
    let member = |(at, (weight, group)): (usize, &(u64, &str))| Member {
        key: keys[at].public_key(),
        order: at as u32 + 1,
        weight: Weight(*weight),
        group: (*group).to_string(),
        role: Role::Validator,
        target: String::new(),
    };
    let mut members = plan.members.iter().enumerate().map(member);
    let mut membership = Membership::new(members.next().expect("a plan has validators"));
    for (at, member) in members.enumerate() {
        let (channel, sequence) = (Hash::ZERO, Sequence(at as u64 + 1));
        membership.apply(&Entry { channel, sequence, change: Change::Join(member) });
    }
    membership
}

impl Universe {
    pub fn new(plan: &Plan) -> Universe {
        let key = |at| SecretKey::from_bytes([at as u8 + 1; 32]).expect("not zero, not too large");
        let keys: Vec<SecretKey> = (0..plan.members.len()).map(key).collect();
        let validators = ValidatorSet::of(&members(plan, &keys), None);
        let honest = (0..keys.len()).filter(|at| plan.dishonest != *at).collect();
        let channel = digest(Kind::Genesis, &[plan.name.as_bytes()]);
        assert!(plan.rounds <= said::ROUNDS_MAX, "at most {} rounds", said::ROUNDS_MAX);
        assert!(plan.heights <= said::HEIGHTS_MAX, "at most {} heights", said::HEIGHTS_MAX);
        let start = (Height(1), channel, validators.all()[0].order);
        let first = Scene::new(plan, &validators, channel, start);
        let mut universe = Universe {
            plan: plan.clone(),
            channel,
            keys,
            validators,
            honest,
            quorums: Vec::new(),
            scenes: vec![first],
            successors: HashMap::new(),
            certificates: HashMap::new(),
            complaints: HashMap::new(),
            spoken: HashMap::new(),
            proposals: HashMap::new(),
        };
        universe.quorums = universe.smallest_quorums();
        universe
    }

    // As `ValidatorSet` judges, or a mutant.
    fn smallest_quorums(&self) -> Vec<Vec<usize>> {
        let count = self.honest.len();
        let mut found: Vec<u32> = Vec::new();
        for set in 0..1_u32 << count {
            let peers = (0..count).filter(|peer| set & (1 << peer) != 0);
            let places = peers.map(|peer| self.honest[peer]).chain([self.plan.dishonest]);
            let names: BTreeSet<PeerId> = places.map(|place| self.name(place)).collect();
            let enough = self.validators.is_quorum(&names)
                || mutant::is_weak_quorum(self.plan.mutant, &self.validators, &names);
            // Smaller numbers come first, so every subset of `set` was looked at before.
            if enough && !found.iter().any(|smaller| smaller & set == *smaller) {
                found.push(set);
            }
        }
        let peers = |set: &u32| (0..count).filter(|peer| set & (1 << peer) != 0).collect();
        found.iter().map(peers).collect()
    }

    fn name(&self, place: usize) -> PeerId {
        self.validators.all()[place].peer
    }

    /// The name of an honest peer.
    pub fn peer(&self, peer: usize) -> PeerId {
        self.name(self.honest[peer])
    }

    pub fn rules(&self, peer: usize) -> Rules {
        let (me, channel) = (self.peer(peer), self.channel);
        Rules { me, channel, timeout_ms: 1_000, timeout_ms_max: 60_000 }
    }

    /// The height after `block` of `scene`. How it begins follows from the block's maker: after
    /// another block of the same, all goes on in the same way under other names.
    pub fn scene_after(&mut self, scene: usize, block: usize) -> usize {
        if let Some(next) = self.successors.get(&(scene, block)) {
            return *next;
        }
        let (height, hash) = (self.scenes[scene].height.next(), self.scenes[scene].hash(block));
        let maker = self.scenes[scene].blocks[block].header.maker;
        let order = self.validators.get(&maker).expect("the maker is a validator").order;
        let next = Scene::new(&self.plan, &self.validators, self.channel, (height, hash, order));
        self.scenes.push(next);
        self.successors.insert((scene, block), self.scenes.len() - 1);
        self.scenes.len() - 1
    }

    /// Place of the scene's height in what a peer has said.
    pub fn row(&self, scene: usize) -> usize {
        let height = self.scenes[scene].height.0 as usize - 1;
        if self.plan.interleaved { height } else { 0 }
    }

    /// Whether the search goes no further than this scene.
    pub fn is_last(&self, scene: usize) -> bool {
        !self.plan.interleaved || self.scenes[scene].height.0 as usize == self.plan.heights
    }

    fn known(&self, scene: usize) -> Known {
        let (channel, height) = (self.channel, self.scenes[scene].height);
        Known { channel, height, validators: self.validators.clone() }
    }

    /// Checks every signature, as shipped.
    pub fn verify(&self, scene: usize, message: Message) -> Verified<Message> {
        let known = self.known(scene);
        let verdict = keys::verify(message.clone(), &known);
        verdict
            .or_else(|error| {
                let dishonest = self.name(self.plan.dishonest);
                let known = mutant::known(self.plan.mutant, known, dishonest).ok_or(error)?;
                keys::verify(message, &known)
            })
            .expect("only genuine messages are told")
    }

    /// Signs what an honest peer says.
    pub fn sign(&self, peer: usize, statement: Statement) -> Message {
        statement.sign(&self.channel, &self.keys[self.honest[peer]])
    }

    /// Remembers what an honest peer said under a bit.
    pub fn remember(&mut self, scene: usize, peer: usize, bit: u64, message: &Verified<Message>) {
        let certified = match &**message {
            Message::Complaint { high, .. } => high.as_ref().map(|high| high.block),
            _ => None,
        };
        let key = (scene, peer, bit, certified);
        self.spoken.entry(key).or_insert_with(|| message.clone());
    }

    /// Whether an honest peer has ever complained with that certificate.
    pub fn complained(&self, scene: usize, peer: usize, round: usize, high: High) -> bool {
        self.spoken.contains_key(&self.complaint_key(scene, peer, round, high))
    }

    fn complaint_key(
        &self,
        scene: usize,
        peer: usize,
        round: usize,
        high: High,
    ) -> (usize, usize, u64, Option<Hash>) {
        let bit = said::complaint(round, high.map(|(high, _)| usize::from(high)));
        let certified = high.map(|(_, block)| self.scenes[scene].hash(usize::from(block)));
        (scene, peer, bit, certified)
    }

    /// The bit of a proposal of an honest leader.
    pub fn slot(&mut self, scene: usize, peer: usize, proposal: &Proposal) -> Option<u64> {
        let justification = proposal.justification.as_ref();
        let found = Proposed {
            round: proposal.round.0 as usize,
            block: self.scenes[scene].find(&proposal.block.hash())?,
            reported: justification.and_then(|j| j.complaints.high()),
            certificate: justification.and_then(|j| j.high.as_ref()).map(|c| (c.round, c.block)),
        };
        let list = self.proposals.entry((scene, peer)).or_default();
        let slot = list.iter().position(|known| *known == found).unwrap_or_else(|| {
            list.push(found);
            list.len() - 1
        });
        Some(said::proposal(slot))
    }

    /// An honest leader's proposal by its place in the list.
    pub fn proposed(&self, scene: usize, peer: usize, slot: usize) -> Proposed {
        self.proposals[&(scene, peer)][slot]
    }

    /// The messages that `told` stands for, in the order of telling, where honest peers have said
    /// `pool` at this height.
    pub fn messages(&mut self, scene: usize, told: Told, pool: &[Said]) -> Vec<Verified<Message>> {
        match told {
            Told::Votes { round, block } => self.ballots(scene, Stage::Vote, (round, block), pool),
            Told::Confirms { round, block } => {
                self.ballots(scene, Stage::Confirm, (round, block), pool)
            }
            Told::Complaint { from, round, high } => {
                let key = self.complaint_key(scene, from.into(), round.into(), high);
                vec![self.spoken[&key].clone()]
            }
            Told::Proposal { from, slot } => {
                let key = (scene, usize::from(from), said::proposal(slot.into()), None);
                vec![self.spoken[&key].clone()]
            }
            Told::Complaints { round, high } => {
                let justification = self.justification(scene, round, (high, high), pool);
                vec![self.verify(scene, Message::Justification(justification))]
            }
            Told::Crafted { round, block, reported, certificate } => {
                let justification = round
                    .checked_sub(1)
                    .map(|before| self.justification(scene, before, (reported, certificate), pool));
                let body = self.scenes[scene].blocks[usize::from(block)].clone();
                let (height, round) = (self.scenes[scene].height, Round(round.into()));
                let proposal = Proposal { height, round, block: body, justification };
                vec![self.craft(scene, Statement::Propose(proposal))]
            }
            Told::Grumble { round } => {
                let (height, round) = (self.scenes[scene].height, Round(round.into()));
                let complaint = Complaint { height, round, high: None };
                vec![self.craft(scene, Statement::Complain(complaint, None))]
            }
            Told::TimedOut | Told::Crashed | Told::Recovered => Vec::new(),
        }
    }

    fn craft(&self, scene: usize, statement: Statement) -> Verified<Message> {
        self.verify(scene, statement.sign(&self.channel, &self.keys[self.plan.dishonest]))
    }

    // Honest peers that have the bit, and the dishonest validator.
    fn signers(&self, pool: &[Said], bit: u64) -> Vec<usize> {
        let honest = (0..pool.len()).filter(|peer| pool[*peer].has(bit));
        honest.map(|peer| self.honest[peer]).chain([self.plan.dishonest]).collect()
    }

    /// Who signs a certificate of `bit`.
    pub fn signer_names(&self, pool: &[Said], bit: u64) -> BTreeSet<PeerId> {
        self.signers(pool, bit).into_iter().map(|place| self.name(place)).collect()
    }

    fn ballots(
        &self,
        scene: usize,
        stage: Stage,
        (round, block): (u8, u8),
        pool: &[Said],
    ) -> Vec<Verified<Message>> {
        let (at, of) = (usize::from(round), usize::from(block));
        let bit = match stage {
            Stage::Vote => said::vote(at, of),
            Stage::Confirm => said::confirm(at, of),
        };
        let (height, block) = (self.scenes[scene].height, self.scenes[scene].hash(of));
        let ballot = Ballot { stage, height, round: Round(round.into()), block };
        let signed =
            |place: usize| Statement::Ballot(ballot).sign(&self.channel, &self.keys[place]);
        let signers = self.signers(pool, bit).into_iter();
        signers.map(|place| self.verify(scene, signed(place))).collect()
    }

    // The certificate of (round, block). Who signed it is nothing to the rules, so the one that
    // could be made first stands for all.
    fn certificate(&mut self, scene: usize, high: (u8, u8), pool: &[Said]) -> Certificate {
        if let Some(certificate) = self.certificates.get(&(scene, high.0, high.1)) {
            return certificate.clone();
        }
        let (height, block) =
            (self.scenes[scene].height, self.scenes[scene].hash(usize::from(high.1)));
        let (stage, round) = (Stage::Vote, Round(high.0.into()));
        let digest = ballot_digest(&self.channel, stage, height, round, &block);
        let signers = self.signers(pool, said::vote(high.0.into(), high.1.into())).into_iter();
        let mut signatures: Vec<_> =
            signers.map(|place| (self.name(place), self.keys[place].sign(&digest))).collect();
        signatures.sort_by_key(|(name, _)| *name);
        let certificate = Certificate { stage, height, round, block, signatures };
        self.certificates.insert((scene, high.0, high.1), certificate.clone());
        certificate
    }

    // Complaints of all who reported no more than `reported`, each with the most it has said so;
    // the dishonest validator reports exactly that.
    fn justification(
        &mut self,
        scene: usize,
        round: u8,
        (reported, certificate): (High, High),
        pool: &[Said],
    ) -> Justification {
        let high = certificate.map(|high| self.certificate(scene, high, pool));
        if let Some(complaints) = self.complaints.get(&(scene, round, reported)) {
            return Justification { complaints: complaints.clone(), high };
        }
        let height = self.scenes[scene].height;
        let highs = (0..=reported.map_or(0, |(high, _)| usize::from(high) + 1)).rev();
        let highs: Vec<Option<usize>> = highs.map(|high| high.checked_sub(1)).collect();
        let of = |peer: usize| {
            let said =
                |high: &&Option<usize>| pool[peer].has(said::complaint(round.into(), **high));
            highs.iter().find(said).map(|high| (self.honest[peer], *high))
        };
        let dishonest = [(self.plan.dishonest, highs[0])];
        let signers = (0..pool.len()).filter_map(of).chain(dishonest);
        let mut complaints: Vec<_> = signers
            .map(|(place, high)| {
                let high = high.map(|high| Round(high as u64));
                let digest = complaint_digest(&self.channel, height, Round(round.into()), high);
                (self.name(place), high, self.keys[place].sign(&digest))
            })
            .collect();
        complaints.sort_by_key(|(name, ..)| *name);
        let complaints = ComplaintCertificate { height, round: Round(round.into()), complaints };
        self.complaints.insert((scene, round, reported), complaints.clone());
        Justification { complaints, high }
    }
}
