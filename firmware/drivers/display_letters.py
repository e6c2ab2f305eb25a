"""Letters beyond ASCII and those that displays without them show instead."""

# A letter and the one that is displayed instead.
_PLAIN = (
    "áaàaâaãaäaåaæaçcéeèeêeëeíiîiïiñnóoôoõoöoøoœoúuùuûuüuÿy"
    "ÁAÀAÂAÃAÄAÅAÆAÇCÉEÈEÊEËEÍIÎIÏIÑNÓOÔOÕOÖOØOŒOÚUÙUÛUÜUŸYºo°o"
)


def replaced(text):
    """Return the text in ASCII, with `?` for what has no letter of its own."""
    made = ""
    for c in text:
        if not " " <= c <= "~":
            at = _PLAIN.find(c)
            c = "?" if at < 0 or at & 1 else _PLAIN[at + 1]
        made += c
    return made
