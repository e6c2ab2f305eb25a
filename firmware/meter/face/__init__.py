"""Key entry, the display's texts and the short codes."""
