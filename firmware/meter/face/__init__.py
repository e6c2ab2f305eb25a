"""Key entry, short codes and the texts of the display."""
