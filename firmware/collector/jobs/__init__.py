"""Token jobs: the table in memory and the files on flash."""
