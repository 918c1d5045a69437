#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "inspector/diff.hpp"
#include "inspector/export.hpp"

// Any bytes as a file to import: what was read is exported in every format, and read again from HAR and NDJSON it is
// the same.

namespace {

using namespace tunnel::inspector;

void require(bool condition) {
    if (!condition) std::abort();
}

std::vector<record> import(std::string_view text, bool must_succeed) {
    std::vector<record> all;
    const auto result = import_records(text, [&](record r) { all.push_back(std::move(r)); });
    require(result.records == all.size());
    require(!must_succeed || result.error.empty());
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto all = import({reinterpret_cast<const char*>(data), size}, false);
    for (const auto& r : all) {
        for (const auto format : {export_format::curl, export_format::httpie, export_format::fetch,
                                  export_format::http_file, export_format::raw_request, export_format::raw_response}) {
            static_cast<void>(export_record(r, format, {}));
        }
        static_cast<void>(to_text(compare(all.front(), r)));
        for (const auto format : {export_format::har, export_format::ndjson}) {
            const auto again = import(export_record(r, format, {true, {}}), true);
            require(again.size() == 1 && again[0] == r);
        }
    }
    return 0;
}
