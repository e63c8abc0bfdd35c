def winner(poll):
    best = sorted(poll.votes.items(), key=lambda kv: (-kv[1], kv[0]))
    return best[0][0]
