#pragma once

// GCC says by a macro that it compiles for AddressSanitizer or ThreadSanitizer, clang by a feature.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TUNNEL_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define TUNNEL_TEST_SANITIZED 1
#endif
#endif

namespace tunnel::test {

#ifdef TUNNEL_TEST_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace tunnel::test
