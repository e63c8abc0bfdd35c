//! Real peers on bad wires: each in a network namespace of its own, with delay, loss and partitions
//! between them, under load. Who is not enough decides nothing, who is goes on, and in the end
//! everything is there once.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::namespace::{Weather, Wires, inside};
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::random::{Random, seed};
use tests::wait::wait_for;
use tests::{long_tests_wanted, note};

const PEERS: usize = 4;
const CHANNELS: [&str; 2] = [CERTIFICATES, DOCUMENTS];
const ALL: [usize; PEERS] = [0, 1, 2, 3];
const PROGRESS_LIMIT: Duration = Duration::from_secs(120);
/// No height changes for so long: what was under way has arrived.
const CALM: Duration = Duration::from_secs(2);
/// More than a complaint timeout: whoever could decide would have.
const STANDSTILL: Duration = Duration::from_secs(3);
const BAD: Weather = Weather { delay: Duration::from_millis(300), lost_per_thousand: 50 };

struct Spread {
    network: Network,
    load: Load,
    // Last: programs end before their wires.
    wires: Wires,
}

#[test]
fn delay_loss_and_partitions_under_load_lose_nothing_and_no_minority_decides() {
    let name = "delay_loss_and_partitions_under_load_lose_nothing_and_no_minority_decides";
    inside(&format!("namespaces::{name}"), || {
        let mut plan = Plan::default();
        // What an operator of such wires sets: three delays, and one packet sent again.
        for channel in &mut plan.channels {
            channel.settings.insert("TIMEOUT_FOR_LEADER_COMPLAIN".to_owned(), json!(2));
        }
        let spread = Spread::start("wires", plan);
        spread.go_on(&ALL, 5);
        spread.wires.set_weather(BAD);
        spread.go_on(&ALL, 2);

        let leader = spread.network.leader(CERTIFICATES);
        let others: Vec<usize> = ALL.into_iter().filter(|peer| *peer != leader).collect();
        note(&format!("the leader, peer {leader}, is alone"));
        spread.wires.part(&[leader]);
        let still = spread.calm(&[leader]);
        spread.go_on(&others, 1);
        spread.assert_still(&[leader], &still);

        spread.wires.set_weather(Weather::default());
        spread.heal();
        note("two and two");
        spread.wires.part(&[0, 1]);
        let sides = [[0, 1], [2, 3]];
        let still = sides.map(|side| spread.calm(&side));
        std::thread::sleep(STANDSTILL);
        for (side, still) in sides.iter().zip(&still) {
            spread.assert_still(side, still);
        }
        spread.heal();
        spread.finish();
    });
}

#[test]
fn all_kinds_of_weather_and_restarts_lose_nothing() {
    const STEPS: usize = 20;
    let name = "all_kinds_of_weather_and_restarts_lose_nothing";
    if !long_tests_wanted(name) {
        return;
    }
    inside(&format!("namespaces::{name}"), || {
        let mut spread = Spread::start("weather", Plan::default());
        let mut random = Random::new(seed());
        for step in 0..STEPS {
            let weather = Weather {
                delay: Duration::from_millis(random.below(400)),
                lost_per_thousand: random.below(80),
            };
            let part: Vec<usize> = ALL.into_iter().filter(|_| random.below(2) == 0).collect();
            let pause = Duration::from_millis(random.below(8000));
            let victim = random.below(2 * ALL.len() as u64) as usize;
            let killed = ALL.contains(&victim).then_some(victim);
            note(&format!("{step}: {weather:?}, apart: {part:?}, killed: {killed:?}, {pause:?}"));
            spread.wires.set_weather(weather);
            spread.wires.part(&part);
            if let Some(victim) = killed {
                spread.network.peers[victim].kill();
            }
            std::thread::sleep(pause);
            if let Some(victim) = killed {
                spread.network.peers[victim].start();
            }
            spread.wires.part(&[]);
            spread.network.wait_ready();
            spread.go_on(&ALL, 2);
        }
        spread.finish();
    });
}

impl Spread {
    fn start(label: &str, plan: Plan) -> Spread {
        let wires = Wires::lay(PEERS, seed());
        let mut network = Network::prepare(plan);
        network.spread(&wires);
        network.start_planned();
        let plan = LoadPlan {
            label: label.to_owned(),
            seed: seed(),
            transactions_per_client: None,
            // A lossy wire with such a delay carries some ten kilobytes a second.
            pause: Duration::from_secs(1),
        };
        note(&format!("load {label}, seed {}", plan.seed));
        let load = Load::start(&network, &plan);
        Spread { network, load, wires }
    }

    // Commits go on among these peers, on every channel.
    fn go_on(&self, peers: &[usize], blocks: u64) {
        let began = Instant::now();
        for channel in CHANNELS {
            self.network.wait_for_blocks(peers, channel, blocks, PROGRESS_LIMIT);
        }
        note(&format!(
            "{blocks} blocks and more of peers {peers:?} in {:.1?}; {} accepted; {:?}",
            began.elapsed(),
            self.load.accepted(),
            self.wires.figures()
        ));
    }

    fn heal(&self) {
        note("together again");
        self.wires.part(&[]);
        self.go_on(&ALL, 2);
    }

    // The greatest height of each channel among these peers: one that is behind may still get
    // from another what has been decided.
    fn heights(&self, peers: &[usize]) -> Vec<u64> {
        let heights = |channel| peers.iter().map(move |peer| self.network.height(*peer, channel));
        CHANNELS.into_iter().filter_map(|channel| heights(channel).max()).collect()
    }

    // Heights of peers that cannot decide, once they have got what was under way.
    fn calm(&self, peers: &[usize]) -> Vec<u64> {
        let (mut heights, mut since) = (self.heights(peers), Instant::now());
        wait_for(&format!("peers {peers:?} to stand still"), PROGRESS_LIMIT, || {
            let now = self.heights(peers);
            if now != heights {
                (heights, since) = (now, Instant::now());
            }
            if since.elapsed() >= CALM { Ok(heights.clone()) } else { Err(format!("{heights:?}")) }
        })
    }

    fn assert_still(&self, peers: &[usize], still: &[u64]) {
        assert_eq!(self.heights(peers), still, "peers {peers:?} are no quorum and have decided");
    }

    fn finish(self) {
        let Spread { mut network, load, wires } = self;
        let record = load.stop();
        note(&record.summary());
        audit(&network, &record);
        network.assert_healthy();
        let figures = wires.figures();
        note(&format!("{figures:?}"));
        assert!(figures.lost > 0 && figures.cut > 0, "the wires were perfect: {figures:?}");
    }
}
