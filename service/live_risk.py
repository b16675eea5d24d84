"""The risk text of live trading: versioned, accepted by a person, known by its hash.

A changed text is another text: whoever accepted an older one is asked again.
"""

from __future__ import annotations

import hashlib
from typing import Final

VERSION: Final = 2
TEXT: Final = """\
Ballast will place orders with real money on your account at Kraken.

You can lose money, up to all that lies on the account. Nothing here is advice, and there is no
promise of profit: the models may be wrong, the market may move against every rule, and software,
network and venue may fail, also while orders rest.

This version was tested with a simulated Kraken and with recordings of the real one. Nobody has
traded with it at Kraken itself yet: begin with an amount that is nothing to you, and watch it.

The dead man's switch of the venue cancels every open order of the account, also those that are not
Ballast's. Use an account of its own that holds only what you can lose.

It is for your own account only. Which pairs you may trade depends on where you live; taxes and the
law of your place are yours to keep.

You can stop at any time: `ballast kill 3`, or on the venue's own page. What has been filled by then
stays filled.
"""
DIGEST: Final = hashlib.sha256(f"{VERSION}\n{TEXT}".encode()).hexdigest()
