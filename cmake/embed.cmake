# tunnel_embed(OUTPUT FOLDER FILE...): writes OUTPUT, a C++ source with the table of the files that
# inspector/page_files.hpp declares, whenever one of them changes. No other tool than CMake is needed.
function(tunnel_embed output folder)
    list(TRANSFORM ARGN PREPEND ${folder}/ OUTPUT_VARIABLE inputs)
    # A list is one argument on a command line only without its semicolons.
    list(JOIN ARGN "|" files)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFOLDER=${folder} "-DFILES=${files}" -P
                ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
        DEPENDS ${inputs} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
        COMMENT "Embedding ${folder}"
        VERBATIM)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
    return()
endif()

set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")

string(REPLACE "|" ";" FILES "${FILES}")
# The table is searched by halves.
list(SORT FILES COMPARE STRING)
list(LENGTH FILES count)

string(REPEAT "." 64 line)
set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
    string(REGEX MATCH "[a-z]+$" extension "${file}")
    if(NOT DEFINED type_${extension})
        message(FATAL_ERROR "cmake/embed.cmake has no content type for ${file}")
    endif()
    file(READ ${FOLDER}/${file} hex HEX)
    file(SHA256 ${FOLDER}/${file} hash)
    string(SUBSTRING ${hash} 0 16 etag)
    string(LENGTH "${hex}" digits)
    math(EXPR length "${digits} / 2")
    # 32 bytes a line of the source.
    string(REGEX REPLACE "(${line})" "\\1\n" literal "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" literal "${literal}")
    string(REGEX REPLACE "([^\n]+)" "    \"\\1\"" literal "${literal}")
    string(APPEND arrays "// ${file}\nconstexpr char file_${index}[] =\n${literal}\n    ;\n\n")
    string(APPEND rows "    page_file{\"/${file}\", \"${type_${extension}}\", {file_${index}, ${length}}, \"\\\"${etag}\\\"\"},\n")
    math(EXPR index "${index} + 1")
endforeach()

file(WRITE ${OUTPUT} "// Made by cmake/embed.cmake.
#include <array>

#include \"inspector/page_files.hpp\"

namespace tunnel::inspector {

namespace {

${arrays}constexpr std::array<page_file, ${count}> table{
${rows}};

}  // namespace

std::span<const page_file> page_files() noexcept { return table; }

}  // namespace tunnel::inspector
")
