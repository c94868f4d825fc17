"""Which runner the agent obeys: one at a time, until it lets go or has been silent. Pure; moments come in."""

SILENCE_SECONDS = 8.0


class Lease:
    def __init__(self, now):
        """A new agent waits for its maker as long as for a holder that is silent, and offers itself to others after that."""
        self.holder = None
        self._released = False
        self._heard_at = now

    def take(self, replica, now):
        """True when the lease is this replica's from now on; False while another one holds it."""
        if self.holder not in (None, replica) and not self.unheld(now):
            return False
        self.holder, self._released, self._heard_at = replica, False, now
        return True

    def hear(self, now):
        self._heard_at = now

    def release(self):
        self._released = True

    def silence(self, now):
        """Seconds since a runner last spoke."""
        return now - self._heard_at

    def left(self, now):
        """Seconds that its holder may still be silent."""
        return SILENCE_SECONDS - self.silence(now)

    def unheld(self, now):
        """Whether any replica may take it."""
        return self._released or self.silence(now) > SILENCE_SECONDS
