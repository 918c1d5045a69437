#include "inspector/page_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace tunnel::inspector {

namespace {

/// FNV-1a over the entity tags, which are hashes of the files.
std::string prefix_of_all_files() {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const auto& file : page_files()) {
        for (const char c : file.etag) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    return fmt::format("/v-{:016x}", hash);
}

std::string index_below(const std::string& prefix) {
    constexpr std::string_view reference = "=\"/";  // of href and src
    std::string index;
    auto rest = find_page_file("/")->bytes;
    for (auto at = rest.find(reference); at != std::string_view::npos; at = rest.find(reference)) {
        index.append(rest.substr(0, at)).append("=\"").append(prefix).append("/");
        rest.remove_prefix(at + reference.size());
    }
    return index.append(rest);
}

}  // namespace

const std::string& page_prefix() {
    static const std::string prefix = prefix_of_all_files();
    return prefix;
}

const std::string& versioned_index() {
    static const std::string index = index_below(page_prefix());
    return index;
}

const page_file* find_page_file(std::string_view path) noexcept {
    if (path == "/") path = "/index.html";
    const auto files = page_files();
    const auto found = std::ranges::lower_bound(files, path, {}, &page_file::path);
    return found != files.end() && found->path == path ? &*found : nullptr;
}

}  // namespace tunnel::inspector
