"""The `tjugo` command: one file per group, no logic."""
