from enum import IntEnum

class Request(IntEnum):
    status = 1
    is_alive = 2
    stop = -9
    score_load = 200
    score_invoke = 201
    score_query = 202
    score_set = 203
    peer_peer_list = 600
    peer_get_leader = 601
    peer_complain_leader = 602

class MetaParams:
    class ScoreLoad:
        repository_path: str
        score_package: str
        base: str
        peer_id: str

    class ScoreInfo:
        score_id: str
        score_version: str

class Response(IntEnum):
    success = 0
    success_validate_block = 1
    success_announce_block = 2
    fail = -1
    fail_validate_block = -2
    fail_announce_block = -3
    fail_wrong_block_hash = -4
    fail_no_leader_peer = -5
    fail_validate_params = -6
    fail_made_block_count_limited = -7
    fail_wrong_subscribe_info = -8
    fail_connect_to_leader = -9
    fail_add_tx_to_leader = -10
    fail_no_peer_info_in_rs = -800
    timeout_exceed = -900
    not_treat_message_code = -999

responseCodeMap: dict[Response, tuple[Response, str]]

def get_response_code(code: int) -> Response: ...
def get_response_msg(code: int) -> str: ...
def get_response(code: int) -> tuple[Response, str]: ...
