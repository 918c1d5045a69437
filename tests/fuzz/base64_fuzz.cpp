#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base64_paths.hpp"
#include "tunnel/protocol/base64.hpp"

namespace {

using namespace tunnel::protocol;

/// In storage of exactly the promised size, so that a sanitizer sees every step beyond.
std::string encode(const detail::base64_path& path, std::string_view bytes) {
    std::vector<char> out(base64_encoded_size(bytes.size()));
    path.encode(bytes, out.data());
    return {out.begin(), out.end()};
}

std::optional<std::string> decode(const detail::base64_path& path, std::string_view text) {
    std::vector<char> out(base64_decoded_room(text.size()));
    const auto size = path.decode(text, out.data());
    if (!size) return std::nullopt;
    if (*size > out.size()) std::abort();
    return std::string(out.data(), *size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto& portable = detail::base64_paths().front();
    const std::string text = encode(portable, input);
    const auto bytes = decode(portable, input);
    for (const auto& path : detail::base64_paths()) {
        if (encode(path, input) != text || decode(path, text) != input) std::abort();
        if (decode(path, input) != bytes) std::abort();
    }
    // One text for each byte string: whatever is accepted is what encoding gives.
    if (bytes && encode(portable, *bytes) != input) std::abort();
    return 0;
}
