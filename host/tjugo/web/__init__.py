"""The station's web server: pages for people, the JSON interface for programs."""
