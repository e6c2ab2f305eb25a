"""The `tjugo` command: one file a group, no logic."""
