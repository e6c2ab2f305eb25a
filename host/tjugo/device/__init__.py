"""Boards, real or emulated: compilation, deployment, provisioning and measurements."""
