"""Orders to meters, through their collectors: open, close, restore, settings, prices."""
