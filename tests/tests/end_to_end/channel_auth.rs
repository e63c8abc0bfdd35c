//! With `ENABLE_CHANNEL_AUTH` a channel is a secret of the peers that it names.

use serde_json::{Value, json};
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::plan::{CERTIFICATES, ChannelPlan, Plan};
use tests::random::seed;
use tonic::Code;
use wire::legacy::{GetChannelInfosRequest, StatusRequest};

const CLOSED: &str = "closed_channel";
const OUTSIDER: usize = 3;

#[test]
fn a_peer_that_a_channel_does_not_name_learns_nothing_of_it() {
    let mut network = Network::start(Plan {
        channel_auth: true,
        channels: vec![
            ChannelPlan::new(CERTIFICATES, "loopchain/default").named(&[0, 1, 2, 3]),
            ChannelPlan::new(CLOSED, "loopchain/default").named(&[0, 1, 2]),
        ],
        ..Plan::default()
    });
    let plan = LoadPlan {
        label: "closed".to_owned(),
        seed: seed(),
        transactions_per_client: Some(40),
        pause: std::time::Duration::ZERO,
    };
    let record = Load::start(&network, &plan).join();
    audit(&network, &record);
    the_outsider_answers_404(&network);
    the_radiostation_names_it_nowhere(&network);
    it_has_kept_nothing(&network);
    restarts_change_nothing(&mut network);
    network.assert_healthy();
}

fn the_outsider_answers_404(network: &Network) {
    let outsider = &network.peers[OUTSIDER];
    let hash = "0".repeat(64);
    let paths = [
        format!("status/peer?channel={CLOSED}"),
        format!("status/score?channel={CLOSED}"),
        format!("blocks?channel={CLOSED}"),
        format!("blocks?channel={CLOSED}&hash={hash}"),
        format!("transactions?channel={CLOSED}&hash={hash}"),
        format!("transactions/result?channel={CLOSED}&hash={hash}"),
    ];
    for path in paths {
        assert_eq!(outsider.rest.get(&path).unwrap().status, 404, "{path}");
    }
    for path in ["transactions", "query"] {
        let answer = outsider.rest.post(path, &json!({ "channel": CLOSED, "method": "echo" }));
        assert_eq!(answer.unwrap().status, 404, "{path}");
    }
    let grpc = outsider.grpc();
    let request = StatusRequest { request: String::new(), channel: Some(CLOSED.to_owned()) };
    let refused = grpc.call(grpc.peer().get_status(request)).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let request = wire::v1::BlocksRequest { channel: CLOSED.to_owned(), from_height: 1 };
    let refused = grpc.call(grpc.gateway().blocks(request)).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

fn the_radiostation_names_it_nowhere(network: &Network) {
    let rest = &network.radiostation.rest;
    let id = network.peer_id(OUTSIDER);
    for path in ["peer/list", "peer/status-list"] {
        let answer = rest.object(&format!("{path}?channel={CLOSED}"));
        assert_eq!(answer["data"]["registered_peer_count"], 3, "{answer}");
        assert!(!answer.to_string().contains(&id), "{path}: {answer}");
    }
    let asked = rest.get(&format!("peer/status?channel={CLOSED}&peer_id={id}&group_id={id}"));
    assert_eq!(asked.unwrap().json()["response_code"], -800);
    let grpc = network.radiostation.grpc();
    for (peer, expected) in [(0, vec![CERTIFICATES, CLOSED]), (OUTSIDER, vec![CERTIFICATES])] {
        let request = GetChannelInfosRequest {
            peer_id: network.peer_id(peer),
            peer_target: network.peers[peer].target(),
            group_id: network.peer_id(peer),
            cert: None,
        };
        let reply = grpc.call(grpc.radiostation().get_channel_infos(request)).unwrap();
        let infos: Value = serde_json::from_str(&reply.channel_infos).unwrap();
        let names: Vec<&String> = infos.as_object().unwrap().keys().collect();
        assert_eq!(names, expected, "channels of peer {peer}");
    }
    // Members know each other on it, and each counts the two others.
    for peer in &network.peers[..OUTSIDER] {
        assert_eq!(peer.rest.status(CLOSED).unwrap()["audience_count"], "2");
    }
}

fn it_has_kept_nothing(network: &Network) {
    let outsider = &network.peers[OUTSIDER];
    for folder in ["channels", "score"] {
        let path = outsider.folder.join("storage").join(folder).join(CLOSED);
        assert!(!path.exists(), "{} is there", path.display());
    }
    // What clients asked for above it may repeat; what it was told stands before that.
    assert!(!outsider.log().contains(CLOSED), "its log names the channel");
}

fn restarts_change_nothing(network: &mut Network) {
    network.radiostation.kill();
    network.peers[OUTSIDER].kill();
    network.radiostation.start();
    network.wait_for_radiostation();
    network.peers[OUTSIDER].start();
    network.wait_ready();
    the_outsider_answers_404(network);
    it_has_kept_nothing(network);
}
