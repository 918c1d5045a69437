# The wire protocol as a manual page: write_protocol_manual(docs/protocol.md tunnel-protocol.7), where the program lowdown
# is installed.
find_program(LOWDOWN lowdown)

function(write_protocol_manual from to)
    file(READ ${from} text)
    # A manual page has no links to jump to, and starts with the line that `man -k` searches.
    string(REGEX REPLACE "!?\\[([^][]*)\\]\\([^)\n]*\\)" "\\1" text "${text}")
    string(PREPEND text "# NAME\n\ntunnel-protocol - wire protocol between tunnel-client and tunnel-server\n\n")
    file(WRITE ${to} "${text}")
    execute_process(COMMAND ${LOWDOWN} -s -Tman -M title=tunnel-protocol -M section=7 ${to}
                    OUTPUT_VARIABLE page COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "\n\\.SH\nNAME\n\\.LP\ntunnel-protocol - " "\n.nh\n.ad l\n.SH NAME\ntunnel-protocol \\\\- " page "${page}")
    # Columns of tables stand close together, or wide tables would not fit.
    string(REPLACE "\ntab(|) expand allbox;\n" "\ntab(|) allbox;\n" page "${page}")
    string(REGEX MATCHALL "\n(lb )+lb\n(l )+l\\.\n" formats "${page}")
    list(REMOVE_DUPLICATES formats)
    foreach(format IN LISTS formats)
        string(REPLACE " " "1 " close_format "${format}")
        string(REPLACE "${format}" "${close_format}" page "${page}")
    endforeach()
    # The first line says that tbl formats the tables.
    file(WRITE ${to} "'\\\" t\n${page}")
endfunction()
