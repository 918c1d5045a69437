# tunnel_warnings: what our own code is compiled with. -Werror comes from the presets, so that a packager with
# another compiler gets a plain build.
option(TUNNEL_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)

add_library(tunnel_warnings INTERFACE)
target_compile_options(
    tunnel_warnings
    INTERFACE -Wall
              -Wextra
              -Wpedantic
              -Wshadow
              -Wconversion
              -Wsign-conversion
              -Wold-style-cast
              -Woverloaded-virtual
              -Wnon-virtual-dtor
              -Wcast-align
              -Wformat=2
              -Wimplicit-fallthrough
              $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
              $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op>
              # False alarm of GCC 12 on `"text" + std::string` (PR 105651).
              $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
              $<$<BOOL:${TUNNEL_WARNINGS_AS_ERRORS}>:-Werror>)
