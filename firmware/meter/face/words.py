"""The texts of the display in the customer's language.

The firmware uses the English texts; they are the keys of words.csv, the table of all languages.
A module words_<language>.py per language is generated from it (python -m tjugo.face_docs), and
only that of the setting `language` is imported; English needs none.
"""

LANGUAGES = ("en", "fr", "pt", "sw", "sv", "es")


class Words:
    """A feature: see core.py. language: one of LANGUAGES, English if the setting is none."""

    def __init__(self, meter):
        given = meter.settings.given.get("language")
        self.language = given if given in LANGUAGES else LANGUAGES[0]
        self._table = ""
        if self.language != LANGUAGES[0]:
            name = "meter.face.words_" + self.language
            self._table = __import__(name, None, None, ("TABLE",)).TABLE

    def text(self, english):
        """Return the text in the meter's language, unchanged if the table does not have it."""
        if not self._table:
            return english
        key = "\n" + english + "\t"
        at = self._table.find(key)
        if at < 0:
            return english
        at += len(key)
        return self._table[at : self._table.find("\n", at)]
