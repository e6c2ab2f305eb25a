"""The stored form of receipts."""

import json

import pytest
from receipt_kit import receipt

from tjugo.errors import TjugoError
from tjugo.station.receipts.model import Receipt

# A receipt as version 1 stored it. It must be readable for ever: never change this text.
FIRST_FORM = (
    '{"v":1,"kind":"credit","number":7,"outlet":"A","operator":"op:x",'
    '"at":"2026-11-26T22:30:05+00:00","time_zone":"Africa/Kampala","currency":"UGX",'
    '"language":"en","utility":{"name":"U"},"client":"web","client_id":"1",'
    '"lines":[{"kind":"energy","code":"e","name":"Energy","amount":100,"taxable":true,'
    '"tenths":5,"rate":"200.00"}],"tokens":[{"kind":"credit",'
    '"digits":"12345678901234567890","tenths":5}],"tendered":[{"means":"cash","amount":100}],'
    '"change":0}'
)


def test_a_receipt_is_read_back_whole():
    assert Receipt.from_json(receipt().to_json()) == receipt()
    bare = receipt(customer=None, meter=None, lines=(), tokens=(), tendered=(), text=None)
    assert Receipt.from_json(bare.to_json()) == bare


def test_the_first_form_is_read():
    first = Receipt.from_json(FIRST_FORM)
    assert first.to_json() == FIRST_FORM
    assert (first.paid(), first.tenths()) == (100, 5)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "null", "{}", '{"v":1}', '{"v":1,"kind":"credit"}', FIRST_FORM[:-1]),
        *(FIRST_FORM.replace('"200.00"', '"x"'), FIRST_FORM.replace('"tokens":[', '"tokens":[3,')),
        json.dumps(json.loads(FIRST_FORM) | {"v": 2}),
    ],
)
def test_a_damaged_or_later_form_is_refused_with_a_sentence(text):
    with pytest.raises(TjugoError) as refused:
        Receipt.from_json(text)
    assert refused.value.code == "receipt_damaged"
