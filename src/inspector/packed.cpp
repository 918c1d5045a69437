#include "inspector/packed.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

namespace tunnel::inspector {

namespace {

constexpr std::size_t size_bytes = 4;

void add(std::string& packed, std::string_view bytes) {
    auto size = static_cast<std::uint32_t>(bytes.size());
    for (std::size_t i = 0; i < size_bytes; ++i, size >>= 8) packed += static_cast<char>(size & 0xFF);
    packed += bytes;
}

std::optional<std::string_view> next(std::string_view& packed) {
    if (packed.size() < size_bytes) return std::nullopt;
    std::uint32_t size = 0;
    for (std::size_t i = size_bytes; i-- > 0;) size = size << 8 | static_cast<unsigned char>(packed[i]);
    packed.remove_prefix(size_bytes);
    if (size > packed.size()) return std::nullopt;
    const auto bytes = packed.substr(0, size);
    packed.remove_prefix(size);
    return bytes;
}

}  // namespace

std::string pack(const field_lines& fields) {
    std::string packed;
    for (const auto& [name, value] : fields) {
        add(packed, name);
        add(packed, value);
    }
    return packed;
}

std::string pack(const std::vector<interim_head>& heads) {
    std::string packed;
    for (const auto& head : heads) {
        add(packed, std::to_string(head.status));
        add(packed, head.raw);
    }
    return packed;
}

field_lines unpack_fields(std::string_view packed) {
    field_lines fields;
    while (!packed.empty()) {
        const auto name = next(packed);
        const auto value = next(packed);
        if (!name || !value) break;
        fields.emplace_back(*name, *value);
    }
    return fields;
}

std::vector<interim_head> unpack_heads(std::string_view packed) {
    std::vector<interim_head> heads;
    while (!packed.empty()) {
        const auto status = next(packed);
        const auto raw = next(packed);
        if (!status || !raw) break;
        interim_head head{0, std::string{*raw}};
        std::from_chars(status->data(), status->data() + status->size(), head.status);
        heads.push_back(std::move(head));
    }
    return heads;
}

}  // namespace tunnel::inspector
