"""Over a long path: 100 ms there and back, 100 Mbit/s."""

import functools

from contenders import YARDSTICK, End, Place
from delay_link import CONGESTION_CONTROLS, DelayLink, Unavailable, why_not_there
from load import transfer
from origin import start_app
from results import Line, Target, missing

RATE = 100  # Mbit/s
BASE64 = 0.75
WARM_UP = 5  # seconds until TCP and the tunnel's credit have found the speed
MEASURED = 10  # seconds: BBR slows down once in ten to see how long the path is
SHARE = Target("at least", 95, alone=True)


def link(run):
    """The speed of a download once it runs, with each congestion control: server and caller at one end, client and app
    at the other; and all at one end but the caller."""
    lines = []
    try:
        with DelayLink(delay_ms=50, rate_mbit=RATE) as path, start_app(run.folder, path.right) as app:
            left, right = End(path.left_address, path.left), End(path.right_address, path.right)
            halves_apart = Place(run.folder, run.programs, app.port, left, right)
            far_caller = Place(run.folder, run.programs, app.port, right, right, door=right.address)
            for algorithm in CONGESTION_CONTROLS:
                what = f"download over 100 ms x 100 Mbit/s, {algorithm}"
                if why := why_not_there(algorithm):
                    lines.append(missing("link", f"{what}, share of what base64 leaves", "%", SHARE, why))
                    continue
                path.congestion_control(algorithm)
                speeds = in_turn(run, what, halves_apart, path.left)
                share = {name: [value and 100 * value / (RATE * BASE64) for value in values]
                         for name, values in speeds.items() if name != YARDSTICK}
                lines += [Line("link", what, "Mbit/s", speeds, less_is_better=False,
                               note="bytes of the body; the relays send it plain"),
                          Line("link", f"{what}, share of what base64 leaves", "%", share, SHARE,
                               note=f"of {RATE * BASE64:g} Mbit/s, headers of TCP and IP counted")]
                what = f"download by a caller at 100 ms x 100 Mbit/s, {algorithm}"
                lines.append(Line("link", what, "Mbit/s", in_turn(run, what, far_caller, path.left),
                                  less_is_better=False))
    except Unavailable as why:
        return [missing("link", "download over 100 ms x 100 Mbit/s, share of what base64 leaves", "%", SHARE, why)]
    return lines


def in_turn(run, what, place, caller):
    both = {c.name: c for c in run.both()}
    return run.in_turn(what, both, functools.partial(once, both, place, caller), rounds=min(run.rounds, 2))


def once(contenders, place, caller, name):
    """Mbit/s."""
    with contenders[name].running(place) as processes:
        return 8 * transfer(processes.port, "download", "--host", place.door, "--skip", WARM_UP, "--seconds", MEASURED,
                            prefix=caller)
