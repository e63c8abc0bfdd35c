class UserScore(
    def invoke
