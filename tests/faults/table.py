"""All 70 faults: what each is, which scenario shows it, and which tests of ctest do.

As a program, with a build folder, it looks whether all those tests are there.
"""

import pathlib
import re
import subprocess
import sys

from scenario import SCENARIOS

# number: (title, expression of ctest or ""). Every expression, split at its bars, has to match a test.
FAULTS = {
    1: ("a frame of length 0xFFFFFFFF",
         r"ServerBadFrames\.ALengthOfAllOnesEndsTheLink|Frame\.LengthAboveTheLimitIsAnError"),
    2: ("a frame of length 0", r"ServerBadFrames\.ALengthOfZeroEndsTheLink|Frame\.LengthZeroIsAnError"),
    3: ("a frame at a byte a second", r"ServerBadFrames\.AFrameThatIsNotWholeInTimeEndsTheLink"),
    4: ("part of a frame, then FIN", r"ServerBadFrames\.PartOfAFrameThenTheEndFailsItsStreams"),
    5: ("invalid JSON, invalid UTF-8, BOM",
         r"ServerBadFrames\.PayloadsThatAreNotAJsonObjectEndTheLink|Decode\.TextThatIsNoUtf8IsRefused|Decode\.AByteOrderMark"),
    6: ("depth bomb", r"ServerBadFrames\.ADepthBombEndsTheLink|Decode\.ADepthBombIsRefused"),
    7: ("repeated keys", r"ServerBadFrames\.AMemberTwiceEndsTheLink|Decode\.AKnownMemberTwiceIsAnError"),
    8: ('id of -1, 1.9, 2^64, "1"',
         r"ServerBadFrames\.IdsThatAreNotStreamIds|Decode\.StreamIdsAreInRange|Decode\.IntegersAre"),
    9: ("unknown type", r"ServerBadFrames\.UnknownTypesAndMembersAreIgnored|Decode\.UnknownTypesAndMembersAreIgnored"),
    10: ("unknown member", r"ServerBadFrames\.UnknownTypesAndMembersAreIgnored|Decode\.WhatIsIgnoredMustStillBeJson"),
    11: ("bad base64",
         r"ServerResponse\.ABadBodyIs502|ClientLocalRequest\.ABodyThatCannotBeRead|StreamSet\.AFrameThatCannotBeRead"),
    12: ("data over credit",
         r"ServerResponse\.MoreThanItsCredit|ClientLocalRequest\.ABodyBeyondItsCredit|StreamSet\.ABodyBeyondItsCredit"),
    13: ("credit overflow or negative", r"ServerBadFrames\.CreditThatIsNegativeOrOverflows|SendWindow\.CreditOverflow"),
    14: ("answer for an id never opened, or closed",
         r"ServerBadFrames\.FramesForAStreamThatWasNeverOpened|ClientSession\.FramesForAClosedStreamAreIgnored"),
    15: ("second head", r"ServerResponse\.ASecondHeadCutsTheAnswerShort|StreamSet\.ASecondHeadIsCancelled"),
    16: ("id reused", r"ClientSession\.IdsMustRise|StreamTable\.AnIdIsNotUsedAgain|StreamSetOfClient\.IdsMustRise"),
    17: ("data after end", r"ServerResponse\.DataBehindTheEndIsDropped|StreamSet\.FramesBehindTheEndAreIgnored"),
    18: ("end before head", r"ServerResponse\.AnEndBeforeTheHeadIs502"),
    19: ("body other than content_length",
         r"ServerResponse\.AStreamedBodyShorter|ServerResponse\.AStreamedBodyLonger|"
         r"ClientLocalRequest\.ABodyOtherThanItsLength"),
    20: ("CR LF in a string",
         r"ServerResponse\.ALineBreakInAField|ServerResponse\.ALineBreakInTheReason|ServerResponse\.ALineBreakInATrailer|"
         r"IsWritable\.NothingCanEndALineEarly"),
    21: ("100,000 opens and cancels",
         r"StreamTable\.HundredThousandOpensAndCloses|ServerBadFrames\.ThousandsOfCancelledStreams|"
         r"StreamSet\.ManyOpensAndCancels"),
    22: ("ping flood", r"ServerBadFrames\.AFloodOfPingsWithoutReading|ServerBadFrames\.AFloodOfPingsThatIsRead"),
    23: ("an HTTP request to the tunnel port", r"ServerHandshake\.AnHttpRequestToTheTunnelPort"),
    24: ("connect and say nothing",
         r"ServerHandshake\.AConnectionWithoutAHelloInTime|ServerHandshake\.ManyScansDoNotKeepAClientOut"),
    25: ("other protocol version", r"ServerHandshake\.AnotherProtocolVersion|ClientSession\.AnotherVersionIsExitCode4"),
    26: ("blackhole", r"ServerTunnelSession\.ASilentClientIsPinged|ClientSession\.ASilentServerIsPinged"),
    27: ("RST", r"ServerResponse\.TheLinkLostBeforeTheHeadIs502|Link\.StreamsFailWhenTheConnectionEnds"),
    28: ("server killed mid-body", r"Recovery\.AServerThatDiesAbortsUploads|Recovery\.TheClientIsBackWithinASecond"),
    29: ("client killed mid-answer",
         r"Recovery\.AClientThatIsStoppedTwiceCutsAnswersShort|Cli\.AClientThatIsKilledBeforeTheAnswerIs502"),
    30: ("client stopped for 60 s", ""),
    31: ("replaced mid-stream", r"Acceptance\.RequestsOfAReplacedClientFail|ServerActiveClient\.TheNewestClientWins"),
    32: ("replaced while the old one is blackholed",
         r"ServerActiveClient\.AReplacedClientThatDoesNotClose|ServerActiveClientOfNamed"),
    33: ("two clients that reconnect",
         r"ClientSession\.AReplacedClientStandsBy|ClientSession\.AStandbyThatLosesTheServer"),
    34: ("late frames of an old session", r"ServerActiveClient\.ResponsesOfAReplacedClientGoNowhere"),
    35: ("100 reconnects", r"Load\.AThousandReconnects|Load\.AThousandTakeovers"),
    36: ("server down for 5 minutes", r"ClientSession\.AServerThatIsNotThereYet|ClientSession\.EachQuickLoss"),
    37: ("100 ms x 100 Mbit/s", ""),
    38: ("loss and reordering", ""),
    39: ("MTU 576", ""),
    40: ("DNS fails", r"ClientLocalHost\.ANameThatDoesNotResolve"),
    41: ("IPv6 only; localhost as ::1", r"ParseAddress\.TakesBracketedIpv6"),
    42: ("own address changes", ""),
    43: ("app: refused", r"Answers\.NothingOnTheLocalPort|ClientLocalResponse\.AnAppThatDoesNotListen"),
    44: ("app: never answers", r"Answers\.NoAnswerInTimeIs504|ServerCaller\.NoAnswerHeadInTime"),
    45: ("app: closes before the head",
         r"ClientLocalResponse\.AnEndBeforeTheHead|Answers\.AnAppThatClosesBeforeItsAnswer"),
    46: ("app: ends mid-answer", r"ClientLocalResponse\.AnEndInsideTheBody|ClientLocalResponse\.AResetInsideTheBody"),
    47: ("app: full accept queue", r"ClientLocalHost\.AnAppThatDoesNotAccept"),
    48: ("app: never reads the upload", r"Load\.AnAppThatDoesNotRead|ClientLocalRequest\.CreditComesBackOnlyOnce"),
    49: ("app: garbage, endless or 1 MB head",
         r"ClientLocalResponse\.AResponseThatIsNotHttp|ClientLocalResponse\.AHeadTooLarge"),
    50: ("app: endless 1xx", r"ClientLocalResponse\.EndlessInterimResponses|ServerResponse\.EndlessInterimAnswers"),
    51: ("slow reader of 1 GB", r"Load\.AStalledReaderHoldsUpNoOther"),
    52: ("20 stalled readers and a fast one", ""),
    53: ("upload aborted", r"CallerOfAnUploadLeaves\.AndTheAppSees"),
    54: ("SSE caller leaves", r"CallerOfEventsLeaves\.AndTheAppSees"),
    55: ("10,000 idle connections", ""),
    56: ("slowloris, slow body, slow read",
         r"ServerCaller\.AHeadThatTricklesIn|ServerRequest\.AStalledUploadIs408|Connection\.AWriteThatMovesNothing"),
    57: ("EMFILE", ""),
    58: ("connect/RST storm", r"Load\.CallersThatComeAndGo"),
    59: ("huge headers, URI, 100,000 fields",
         r"ServerCaller\.ATargetTooLong|ServerCaller\.AHeadTooLarge|RequestHead\.LargeHeadIsRefused"),
    60: ("more than the limit in flight", r"ServerCaller\.BeyondTheLimitInFlight|Load\.RequestsBeyondTheLimit"),
    61: ("port in use, bad port, no permission", r"Cli\.AnAddressInUse|Cli\.ABadValueIsOneLine"),
    62: ("SIGTERM with requests in flight", r"ServerShutdown\.WhatIsInFlight|Cli\.ASignalTo|Cli\.ASecondSignal"),
    63: ("SIGHUP documented", ""),
    64: ("SIGPIPE ignored", r"Connection\.AWriteToWhoIsGone"),
    65: ("log disk full, stdout closed", r"Log\.ABrokenStderr|Log\.AClosedStderr|Log\.AFullPipe|Cli\.NobodyReading"),
    66: ("clock jump", ""),
    67: ("memory runs out: an exit code of its own; the floods stay within 96 MiB", r"OutOfMemoryDeathTest\.EndsTheProgram"),
    68: ("EINTR, short writes", r"Connection\.AWriteLargerThanTheKernelTakes"),
    69: ("sanitizers over all suites: no report", ""),
    70: ("an hour of mixed soak", ""),
}

# Shown by a command of ./dev of its own, too long for this one.
COMMANDS = {69: ("asan", "tsan"), 70: ("soak",)}
DEV = pathlib.Path(__file__).parents[2] / "dev"


def places(number):
    scenarios = [s.name for s in SCENARIOS.values() if number in s.numbers]
    tests = ["ctest -R '" + FAULTS[number][1] + "'"] if FAULTS[number][1] else []
    return scenarios + tests + [f"./dev {command}" for command in COMMANDS.get(number, ())]


def show():
    for number, (title, _) in FAULTS.items():
        print(f"{number:2} {title}")
        for place in places(number) or ["nowhere"]:
            print(f"     {place}")


def gaps():
    """What the table promises and does not hold."""
    commands = re.findall(r"^cmd_(\w+)\(\)", DEV.read_text(), re.MULTILINE)
    nowhere = [f"fault {number} is shown nowhere" for number in range(1, 71) if not places(number)]
    wanted = [(number, command) for number in COMMANDS for command in COMMANDS[number] if command not in commands]
    return nowhere + [f"fault {number}: there is no ./dev {command}" for number, command in wanted]


def ctest(folder, *options):
    command = ["ctest", "--test-dir", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def find_tests(folder):
    """The names of all tests in the table, and what is wrong with expressions that match none."""
    names = re.findall(r"Test +#\d+: (.*)", ctest(folder, "-N").stdout)
    failures, wanted = [], set()
    for number, (_, expressions) in FAULTS.items():
        for expression in filter(None, expressions.split("|")):
            matching = [name for name in names if re.search(expression, name)]
            if not matching:
                failures.append(f"fault {number}: no test is called {expression}")
            wanted.update(matching)
    return wanted, failures


def run_tests(folder):
    """Runs every test in the table. Returns what failed."""
    wanted, failures = find_tests(folder)
    ran = ctest(folder, "--output-on-failure", "-R", "^(" + "|".join(map(re.escape, sorted(wanted))) + ")$")
    failures += [f"ctest: {name}" for name in re.findall(r"^\s*\d+ - (\S+) \(", ran.stdout, re.MULTILINE)]
    if ran.returncode != 0 and not failures:
        failures.append("ctest: " + ran.stdout[-300:] + ran.stderr[-300:])
    summary = re.search(r"\d+% tests passed.* out of (\d+)", ran.stdout)
    if not summary or int(summary.group(1)) != len(wanted):
        failures.append(f"ctest: not all {len(wanted)} tests of the table were run")
    print(f"ctest: {len(wanted)} tests of the table: {summary.group() if summary else 'not run'}")
    return failures


if __name__ == "__main__":
    sys.exit("\n".join(find_tests(sys.argv[1])[1]) or 0)
