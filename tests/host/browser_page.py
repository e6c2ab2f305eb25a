"""Steps of the browser tests that wait for what they cause."""

WIDTHS = (390, 1280)
HEIGHT = 844


def press(page, name):
    """Press a button that leads to another page, and wait until that page is shown."""
    go_by(page, page.get_by_role("button", name=name, exact=True))


def follow(page, name):
    """Follow a link, and wait until its page is shown."""
    go_by(page, page.get_by_role("link", name=name, exact=True))


def go_by(page, control):
    """Click a control that leads to another page, and wait until that page is shown.

    A click returns before the browser has the answer: what is read at once can be the old page.
    Between two pages there is for a moment a document without an element.
    """
    page.evaluate("document.documentElement.dataset.old = ''")
    control.click()
    page.wait_for_function(
        "() => document.documentElement?.dataset.old === undefined"
        " && document.readyState === 'complete' && document.body !== null"
    )


def fits(page, widths=WIDTHS):
    """Check that the page has no more than the width of the window, in a hand and on a desk."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.wait_for_function(
            "width => innerWidth === width && document.documentElement.scrollWidth <= width",
            arg=width,
        )
