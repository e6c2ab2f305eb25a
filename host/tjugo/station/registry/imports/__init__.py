"""Import of the registry from files of spreadsheets: read, map, parse, check, write."""
