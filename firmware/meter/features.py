"""The features of a meter: core.py has what a feature is. Needed at the start only."""

# (attribute of the meter, module, when). The class has the attribute's name with a capital letter,
# and is called with the meter, whose settings are there; a module that is left out takes no heap.
# when: "" always, "full" with the setting "features": "full", else only if there is a setting that
# begins so. The second account takes the place of the first one.
FEATURES = (
    ("account", "meter.credit.account", ""),
    ("account", "meter.credit.currency", "currency"),
    ("events", "meter.events", ""),
    ("tokens", "meter.credit.tokens", ""),
    ("answer", "meter.credit.answer", ""),
    ("lockout", "meter.credit.lockout", ""),
    ("supply", "meter.supply.control", ""),
    ("metering", "meter.metering", ""),
    ("tamper", "meter.tamper.inputs", ""),
    ("limiter", "meter.supply.limiter", ""),
    ("history", "meter.credit.history", "full"),
    ("flags", "meter.credit.flags", "full"),
    ("tests", "meter.face.tests", "full"),
    ("alarms", "meter.credit.alarms", ""),
    ("orders", "meter.orders", "full"),
    ("emergency", "meter.credit.emergency", "emergency_"),
    ("friendly", "meter.credit.friendly", "friendly_"),
    ("forecast", "meter.credit.forecast", "full"),
    ("voltage", "meter.supply.voltage", "full"),
    ("unmeasured", "meter.supply.unmeasured", "metering"),
    ("malignant", "meter.malignant.feature", "malignant"),
    ("profile", "meter.profile", "profile"),
    ("export", "meter.energy.export", "export"),
    ("tariffs", "meter.energy.tariffs", "tariff"),
    ("demand", "meter.energy.demand", "demand_"),
    ("words", "meter.face.words", ""),
    ("entry", "meter.face.entry", ""),
    ("panel", "meter.face.panel", ""),
    ("signals", "meter.face.signals", ""),
    ("keys", "meter.face.keys", ""),
)


def add(meter):
    """Add the features that a meter's settings ask for."""
    for row in FEATURES:
        if _wanted(row[2], meter.settings):
            feature = _load(row)(meter)
            setattr(meter, row[0], feature)
            meter.features.append(feature)


def _load(row):
    """Return the class of a row of FEATURES."""
    name = row[0][0].upper() + row[0][1:]
    return getattr(__import__(row[1], None, None, (name,)), name)


def _wanted(when, settings):
    """Return whether a feature is part of a meter with these settings."""
    if when in ("", "full"):
        return not when or settings.preset == when
    return any(name.startswith(when) for name in settings.given)
