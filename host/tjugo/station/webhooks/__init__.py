"""Webhooks: addresses that are notified of events by signed messages, which are repeated until
they are taken."""
