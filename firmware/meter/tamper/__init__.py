"""Tampering: inputs, and what was detected until a token clears it."""
