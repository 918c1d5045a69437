# tunnel_sanitizers: empty unless a preset asks for it.
set(TUNNEL_SANITIZERS "" CACHE STRING "Value for -fsanitize= (address,undefined or thread)")
option(TUNNEL_COVERAGE "Compile for gcov" OFF)

add_library(tunnel_sanitizers INTERFACE)

if(TUNNEL_SANITIZERS)
    target_compile_options(tunnel_sanitizers INTERFACE -fsanitize=${TUNNEL_SANITIZERS} -fno-omit-frame-pointer
                                                       -fno-sanitize-recover=all)
    target_link_options(tunnel_sanitizers INTERFACE -fsanitize=${TUNNEL_SANITIZERS})
    # GCC 12 at -O1 inlines the operator delete of a coroutine's frame but not its operator new, and reports them as not
    # matching (PR 109224).
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(tunnel_sanitizers INTERFACE -Wno-mismatched-new-delete)
    endif()
    # GCC warns of every std::atomic_thread_fence in Asio, which its TSan does not model.
    if(TUNNEL_SANITIZERS MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(tunnel_sanitizers INTERFACE -Wno-tsan)
    endif()
endif()

if(TUNNEL_BUILD_FUZZERS)
    target_compile_options(tunnel_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(tunnel_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(TUNNEL_COVERAGE)
    target_compile_options(tunnel_sanitizers INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(tunnel_sanitizers INTERFACE --coverage)
endif()
