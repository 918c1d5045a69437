"""Over a long path: 100 ms there and back, 100 Mbit/s."""

from contenders import YARDSTICK, End, Place
from delay_link import DelayLink, Unavailable
from load import transfer
from origin import start_app
from results import Line, Target, missing

RATE = 100  # Mbit/s
BASE64 = 0.75
WARM_UP = 5  # seconds until TCP and the tunnel's credit have found the speed
MEASURED = 10  # seconds: BBR slows down once in ten to see how long the path is


def link(run):
    """Server and caller at one end, client and app at the other; the download's speed once it runs."""
    what = "download over 100 ms x 100 Mbit/s, share of what base64 leaves"
    target = Target("at least", 95, alone=True)
    try:
        with DelayLink(delay_ms=50, rate_mbit=RATE) as path, start_app(run.folder, path.right) as app:
            place = Place(run.folder, run.programs, app.port, End(path.left_address, path.left),
                          End(path.right_address, path.right))
            both = {c.name: c for c in run.both()}

            def once(name):
                with both[name].running(place) as processes:
                    speed = transfer(processes.port, "download", "--skip", WARM_UP, "--seconds", MEASURED,
                                     prefix=path.left)
                    return 8 * speed

            speeds = run.in_turn("100 ms x 100 Mbit/s", both, once, rounds=min(run.rounds, 3))
    except Unavailable as why:
        return [missing("link", what, "%", target, why)]
    share = {name: [value and 100 * value / (RATE * BASE64) for value in values] for name, values in speeds.items()
             if name != YARDSTICK}
    return [Line("link", "download over 100 ms x 100 Mbit/s", "Mbit/s", speeds, less_is_better=False,
                 note="octets of the body; the relays send it plain"),
            Line("link", what, "%", share, target, note=f"of {RATE * BASE64:g} Mbit/s, headers of TCP and IP counted")]
