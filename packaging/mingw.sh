#!/usr/bin/env bash
# Looks whether the rooms without sockets compile for Windows with mingw-w64: http and protocol, and of base what they
# use. Called by ./dev portability mingw. Nothing is linked: Debian has no such libraries of what the rooms use.
#
# usage: mingw.sh WORK
set -euo pipefail
cd "$(dirname "$(dirname "$(readlink -f "$0")")")"

work=$1
start=$SECONDS
rm -rf "$work"
mkdir -p "$work/include"
# Headers that are the same on every system, without those of this C library beside them.
for header in boost fmt spdlog zstd.h zstd_errors.h; do ln -s "/usr/include/$header" "$work/include"; done

files=0
for source in src/base/*.cpp src/http/*.cpp src/protocol/*.cpp; do
    case $source in
        # What is asked of the system: written for POSIX.
        src/base/platform.cpp | src/base/log.cpp) continue ;;
    esac
    x86_64-w64-mingw32-g++-posix -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -DFMT_HEADER_ONLY \
        -DSPDLOG_FMT_EXTERNAL -isystem "$work/include" -Iinclude -Isrc "$source"
    files=$((files + 1))
done
printf '%-10s %s: %d files in %d s\n' mingw "$(x86_64-w64-mingw32-g++-posix --version | head -n 1)" "$files" $((SECONDS - start))
