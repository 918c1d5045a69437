"""Makes the man pages, completions and the list of variables again from the programs' one table of settings (--print-settings).

usage: settings.py [--check] TUNNEL-SERVER TUNNEL-CLIENT

With --check nothing is written: it fails, and names the files, if one differs, or if a table of README.md or a page of
docs/ lacks a setting or has another default.
"""

import json
import pathlib
import re
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
TEXTS = REPOSITORY / "packaging/man"
# What a value can be, where that is a list of words. Each word stands in the setting's help too.
CHOICES = {"--log-level": ["trace", "debug", "info", "warn", "error", "off"], "--log-format": ["text", "json"],
           "--host-header": ["preserve", "rewrite"]}
OTHERS = [
    {"flag": "--config", "other_names": [], "value": "FILE", "help": "settings file; also TUNNEL_CONFIG"},
    {"flag": "--check-config", "other_names": [], "value": "", "help": "check all settings and exit"},
    {"flag": "--help", "other_names": ["-h"], "value": "", "help": "print all settings and exit"},
    {"flag": "--version", "other_names": [], "value": "", "help": "print program and version and exit"}]


def settings_of(program):
    table = json.loads(subprocess.run([program, "--print-settings"], check=True, capture_output=True, text=True).stdout)
    for setting in table["settings"]:
        for word in CHOICES.get(setting["flag"], []):
            assert word in setting["help"], f"{setting['flag']}: the help does not name {word}"
    return table


def names_of(setting):
    return [name for name in setting["other_names"] if name.startswith("-")] + [setting["flag"]]


# --- Man pages ---

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.splitlines())


def man_option(setting):
    names = ", ".join(f"\\fB{roff(name)}\\fR" for name in names_of(setting))
    value = f" \\fI{roff(setting['value'])}\\fR" if setting["value"] else ""
    lines = [".TP", names + value, roff(setting["help"][0].upper() + setting["help"][1:]) + "."]
    if "variable" in setting:
        lines += [".br", f"Variable \\fB{setting['variable']}\\fR, default {roff(setting['default'])}."]
    return lines


def man_page(table):
    program = table["program"]
    text = (TEXTS / f"{program}.roff").read_text()
    description, rest = text.split(".\\\" settings\n")
    positional = [n for s in table["settings"] for n in s["other_names"] if not n.startswith("-")]
    usage = f"\\fB{roff(program)}\\fR [\\fIsettings\\fR]" + "".join(f" [\\fI{n}\\fR]" for n in positional)
    lines = [f'.\\" Made by packaging/settings.py: change {program}.roff there, or the settings in the program.',
             f'.TH {program.upper()} 1 "" "tunnel {table["version"]}" "User Commands"',
             ".SH NAME", f"{roff(program)} \\- {roff(table['purpose'])}", ".SH SYNOPSIS", usage, description.strip(),
             ".SH SETTINGS",
             "Each setting is a flag, an environment variable, and a line \\fIname\\fR = \\fIvalue\\fR of the settings",
             "file, with the flag's name without its dashes. A flag wins over the environment, the environment over",
             "the file. Times are written as 500ms, 30s, 5m or 2h; a bare number is seconds. Sizes are written as",
             "4096, 60KiB or 1MiB. Switches take no value on the command line; elsewhere they are on or off."]
    group = None
    for setting in table["settings"]:
        if setting["group"] != group:
            group = setting["group"]
            lines.append(f".SS {group}")
        lines += man_option(setting)
    lines += [".SS Other flags"] + [line for other in OTHERS for line in man_option(other)] + [rest.strip(), ""]
    return "\n".join(lines)


# --- Completions ---

def bash(table):
    program = table["program"]
    flags, with_value, cases = [], [], []
    for setting in table["settings"] + OTHERS:
        names = names_of(setting)
        flags += names
        if not setting["value"]:
            continue
        choices = CHOICES.get(setting["flag"])
        if choices:
            cases.append(f"        {'|'.join(names)})\n            mapfile -t COMPREPLY < <(compgen -W "
                         f"\"{' '.join(choices)}\" -- \"$word\")\n            return ;;")
        elif setting["value"] == "FILE":
            cases.append(f"        {'|'.join(names)})\n            mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
                         "            compopt -o filenames 2>/dev/null\n            return ;;")
        else:
            with_value += names
    function = "_" + program.replace("-", "_")
    return f"""# bash completion of {program}. Made by packaging/settings.py.
{function}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
    # --flag=value is three words to bash.
    if [[ $word == "=" ]]; then word=; fi
    if [[ $before == "=" ]]; then before=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
    case $before in
{chr(10).join(cases)}
        {'|'.join(with_value)}) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "{' '.join(flags)}" -- "$word")
}}
complete -F {function} {program}
"""


def zsh(table):
    def quoted(text):
        for c in "\\'":
            text = text.replace(c, "'\\''" if c == "'" else "\\\\")
        return re.sub(r"([\[\]:])", r"\\\1", text)

    lines = []
    for setting in table["settings"] + OTHERS:
        names = names_of(setting)
        action = ""
        if setting["value"]:
            choices = CHOICES.get(setting["flag"])
            action = f":{quoted(setting['value'])}:" + (f"({' '.join(choices)})" if choices else "_files" if
                                                        setting["value"] == "FILE" else " ")
        for name in names:
            equals = "=" if action and name.startswith("--") else ""
            lines.append(f"    '{name}{equals}[{quoted(setting['help'])}]{action}'")
    joined = " \\\n".join(lines)
    return f"#compdef {table['program']}\n# Made by packaging/settings.py.\n_arguments \\\n{joined}\n"


def fish(table):
    lines = [f"# fish completion of {table['program']}. Made by packaging/settings.py.",
             f"complete -c {table['program']} -f"]
    for setting in table["settings"] + OTHERS:
        line = f"complete -c {table['program']} -l {setting['flag'][2:]}"
        for short in names_of(setting)[:-1]:
            line += f" -s {short[1:]}"
        if setting["value"]:
            choices = CHOICES.get(setting["flag"])
            line += " -r -F" if setting["value"] == "FILE" else " -x"
            if choices:
                line += f" -a '{' '.join(choices)}'"
        text = setting["help"].replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"{line} -d '{text}'")
    return "\n".join(lines) + "\n"


# --- Tables of the pages ---

def rows_of_pages(program):
    """Flag to variable and default, from the tables of settings that follow a line `PROGRAM:`."""
    rows = {}
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        here = False
        for line in page.read_text().splitlines():
            if re.fullmatch(r"tunnel-(server|client):", line):
                here = line == program + ":"
            row = re.match(r"\| (?:`-\w`, )?`(--[\w-]+)[^`]*` \| `(\w+)` \| (.*?) \|", line)
            if here and row:
                rows[row[1]] = (row[2], row[3].strip("`"))
    return rows


def wrong_rows(table):
    rows = rows_of_pages(table["program"])
    expected = {s["flag"]: (s["variable"], s["default"]) for s in table["settings"]}
    for flag in sorted(rows.keys() | expected.keys()):
        if rows.get(flag) != expected.get(flag):
            yield f"{table['program']} {flag}: the pages say {rows.get(flag)}, the program {expected.get(flag)}"


def files_of(table):
    program = table["program"]
    folder = REPOSITORY / "packaging/completions"
    return {REPOSITORY / f"packaging/man/{program}.1": man_page(table), folder / f"{program}.bash": bash(table),
            folder / f"_{program}": zsh(table), folder / f"{program}.fish": fish(table)}


def variables_header(tables):
    """For the programs, which warn of misspelt variables: those of the other program are not misspelt."""
    names = sorted({setting["variable"] for table in tables for setting in table["settings"]})
    lines = "".join(f'    "{name}",\n' for name in names)
    return f"""#pragma once

#include <array>
#include <string_view>

namespace tunnel::app {{

/// Variables of all settings of tunnel-server and tunnel-client: one environment may serve both. Made by
/// packaging/settings.py.
// clang-format off
inline constexpr std::array<std::string_view, {len(names)}> setting_variables{{
{lines}}};
// clang-format on

}}  // namespace tunnel::app
"""


def main():
    arguments = sys.argv[1:]
    check = arguments[:1] == ["--check"]
    if check:
        arguments = arguments[1:]
    if len(arguments) != 2:
        raise SystemExit(__doc__)
    tables = [settings_of(program) for program in arguments]
    mistakes = [mistake for table in tables for mistake in wrong_rows(table)]
    files = {REPOSITORY / "src/app/setting_variables.hpp": variables_header(tables)}
    for table in tables:
        files.update(files_of(table))
    for path, text in files.items():
        if path.exists() and path.read_text() == text:
            continue
        if check:
            mistakes.append(f"{path.relative_to(REPOSITORY)} is not made from these settings: ./dev settings")
        else:
            path.write_text(text)
            print(f"wrote {path.relative_to(REPOSITORY)}")
    if mistakes:
        raise SystemExit("\n".join(mistakes))
    if check:
        print("man pages, completions, variables and tables have the programs' settings")


main()
