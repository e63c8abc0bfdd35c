#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::{OPENAPI, PREFIX, ROUTES, Route};

#[test]
fn the_document_describes_every_route_and_no_other() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut described: Vec<(String, Vec<String>)> = paths
        .iter()
        .map(|(path, verbs)| (path.clone(), verbs.as_object().unwrap().keys().cloned().collect()))
        .collect();
    let mut served: Vec<(String, Vec<String>)> = ROUTES
        .iter()
        .map(|(path, _, verbs)| {
            let verbs = verbs.iter().map(|verb| verb.name().to_lowercase()).collect();
            (format!("{PREFIX}{path}"), verbs)
        })
        .collect();
    described.sort();
    served.sort();
    assert_eq!(described, served);
}

#[test]
fn paths_find_their_routes() {
    let cases = [
        ("/api/v1/peer/list", Ok(Route::PeerList)),
        ("/api/v1/peer/status-list", Ok(Route::PeerStatusList)),
        ("/api/v1/conf", Ok(Route::Conf)),
        ("/api/v1/cert/issue/peer", Ok(Route::Certificate)),
        ("/api/v1/peer/nobody", Err("The resource doesn't exist")),
        ("/api/v1/cert/list/all", Err("The resource doesn't exist")),
        ("/api/v1/peer/list/", Err("The resource doesn't exist")),
        ("/api/v1/peer", Err("there is no route")),
        ("/api/v2/peer/list", Err("there is no route")),
        ("/", Err("there is no route")),
    ];
    for (path, expected) in cases {
        match (Route::find(path), expected) {
            (Ok(found), Ok(route)) => assert_eq!(found, route, "{path}"),
            (Err(answer), Err(text)) => {
                assert_eq!(answer.status, 404, "{path}");
                assert!(answer.body["message"].as_str().unwrap().starts_with(text), "{path}");
                assert_eq!(answer.body["response_code"], -1, "{path}");
            }
            (found, _) => panic!("{path}: {found:?}"),
        }
    }
}
