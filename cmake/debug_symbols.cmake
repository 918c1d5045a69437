# TUNNEL_DEBUG_SYMBOLS: what a debugger reads, for packages that leave it out of the programs and have it beside them.
# The code is the same with and without it. For the folder that includes this.
option(TUNNEL_DEBUG_SYMBOLS "Debug symbols in Release; the Debian packages have them as NAME-dbgsym" OFF)

if(TUNNEL_DEBUG_SYMBOLS)
    add_compile_options(-g)
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
        # With TUNNEL_PROFILE=use the linker writes them anew, and forgets what the compiler was asked about folders.
        add_link_options(-g -ffile-prefix-map=${PROJECT_BINARY_DIR}/= -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
    endif()
endif()
