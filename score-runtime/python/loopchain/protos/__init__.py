"""Numbers of the protocol that packages compare with; see message_code."""
