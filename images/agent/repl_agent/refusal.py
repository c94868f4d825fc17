"""A request that the agent understands and does not do; the code is one of the agent protocol."""


class Refusal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
