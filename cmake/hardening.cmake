# TUNNEL_HARDENED: what makes a mistake with memory harder to exploit, as distributions build their packages. For the
# folder that includes this. Relocations are read-only on Linux in any case (src/CMakeLists.txt).
option(TUNNEL_HARDENED "Stack protector, _FORTIFY_SOURCE and position-independent programs" OFF)

if(TUNNEL_HARDENED)
    # Some compilers define _FORTIFY_SOURCE by themselves, and warn where it is defined again.
    add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE)
    if(NOT TUNNEL_STATIC)
        add_link_options(-pie)
    endif()
endif()

# The same sources give the same bytes in whatever folder they are built.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-ffile-prefix-map=${PROJECT_BINARY_DIR}/= -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()
