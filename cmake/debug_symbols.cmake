# TUNNEL_DEBUG_SYMBOLS: what a debugger reads, for packages that leave it out of the programs and have it beside them.
# The code is the same with and without it. For the folder that includes this.
option(TUNNEL_DEBUG_SYMBOLS "Debug symbols in Release; the Debian packages have them as NAME-dbgsym" OFF)

if(TUNNEL_DEBUG_SYMBOLS)
    # Absolute: a debugger takes other names of sources as relative to the folder of the build. Of two that fit, the
    # last counts.
    set(sources /usr/src/tunnel-${PROJECT_VERSION})
    set(debug_folders -fdebug-prefix-map=${PROJECT_BINARY_DIR}=${sources}/build
                      -fdebug-prefix-map=${PROJECT_SOURCE_DIR}=${sources})
    add_compile_options(-g ${debug_folders})
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
        # With TUNNEL_PROFILE=use the linker writes them anew, and forgets what the compiler was asked about folders.
        add_link_options(-g -ffile-prefix-map=${PROJECT_BINARY_DIR}/= -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
                         ${debug_folders})
    endif()
endif()
