#include "inspector/page_files.hpp"

#include <algorithm>

namespace tunnel::inspector {

const page_file* find_page_file(std::string_view path) noexcept {
    if (path == "/") path = "/index.html";
    const auto files = page_files();
    const auto found = std::ranges::lower_bound(files, path, {}, &page_file::path);
    return found != files.end() && found->path == path ? &*found : nullptr;
}

}  // namespace tunnel::inspector
