"""What has been waited for while everything else ran."""

from cases import TCP, case
from cases_tcp import WAITING
from talk import expect


@case("MP19 P8", TCP)
def idle_by_default_ended(t, w):
    waiting = WAITING[t.name]
    waiting.join(70)
    expect(waiting.took and 9.5 < waiting.took < 40, "10 s", waiting.took)
