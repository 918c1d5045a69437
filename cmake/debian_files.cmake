# Run by the installation of a Debian package's component: copyright, changelog and manual page as Debian wants them.
# The same sources give the same bytes: times come from SOURCE_DATE_EPOCH.
set(root $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX})

function(compress from to)
    execute_process(COMMAND gzip -9nc ${from} OUTPUT_FILE ${to} COMMAND_ERROR_IS_FATAL ANY)
    file(CHMOD ${to} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

set(doc ${root}/share/doc/${program})
file(MAKE_DIRECTORY ${doc} ${root}/share/man/man1)
compress(${source}/packaging/man/${program}.1 ${root}/share/man/man1/${program}.1.gz)
include(${source}/cmake/protocol_manual.cmake)
if(LOWDOWN AND program STREQUAL "tunnel-server")
    set(page ${root}/share/man/man7/tunnel-protocol.7)
    file(MAKE_DIRECTORY ${root}/share/man/man7)
    write_protocol_manual(${source}/docs/protocol.md ${page})
    compress(${page} ${page}.gz)
    file(REMOVE ${page})
endif()

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog
     "${program} (${version}) unstable; urgency=medium\n\n  * Version ${version}; CHANGELOG.md of the sources says what changed.\n\n"
     " -- ${maintainer}  ${date}\n")
compress(${doc}/changelog ${doc}/changelog.gz)
file(REMOVE ${doc}/changelog)

file(STRINGS ${source}/LICENSE license)
file(WRITE ${doc}/copyright
     "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: ")
string(REGEX MATCH "Copyright[^;]*" holder "${license}")
string(REGEX REPLACE "^Copyright (\\([cC]\\) )?" "" holder "${holder}")
file(APPEND ${doc}/copyright "${holder}\nLicense: Expat\n")
file(READ ${source}/LICENSE text)
string(REGEX REPLACE "^.*(Permission is hereby.*)$" "\\1" text "${text}")
string(REGEX REPLACE "\n\n" "\n.\n" text "${text}")
string(REGEX REPLACE "\n+$" "" text "${text}")
string(REPLACE "\n" "\n " text "${text}")
file(APPEND ${doc}/copyright " ${text}\n")
