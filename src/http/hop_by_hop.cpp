#include "http/hop_by_hop.hpp"

#include <algorithm>
#include <array>

#include "http/grammar.hpp"

namespace tunnel::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct less_without_case {
    bool operator()(std::string_view a, std::string_view b) const noexcept {
        return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
    }
};

}  // namespace

bool is_forbidden_trailer(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 13> misleading{"Host",
                                                                 "Trailer",
                                                                 "Expect",
                                                                 "Max-Forwards",
                                                                 "Content-Encoding",
                                                                 "Content-Type",
                                                                 "Content-Range",
                                                                 "Authorization",
                                                                 "Cookie",
                                                                 "Set-Cookie",
                                                                 "Via",
                                                                 "Proxy-Authorization",
                                                                 "Forwarded"};
    static constexpr std::string_view forwarded = "X-Forwarded-";
    return is_connection_field(name) || iequals(name.substr(0, forwarded.size()), forwarded) ||
           std::ranges::any_of(misleading, [name](std::string_view other) { return iequals(name, other); });
}

void connection_options::clear() noexcept {
    values_.clear();
    names_.clear();
    close_ = keep_alive_ = upgrade_ = false;
}

bool connection_options::add_usual(std::string_view value) noexcept {
    const bool keep_alive = iequals(value, "keep-alive");
    const bool close = iequals(value, "close");
    keep_alive_ = keep_alive_ || keep_alive;
    close_ = close_ || close;
    return keep_alive || close;
}

void connection_options::add(std::string_view value) {
    if (!values_.empty()) values_ += ',';
    values_ += value;
}

void connection_options::finish() {
    if (values_.empty()) return;
    grammar::for_each_member(values_, [this](std::string_view option) {
        if (iequals(option, "close")) {
            close_ = true;
        } else if (iequals(option, "keep-alive")) {
            keep_alive_ = true;
        } else if (iequals(option, "upgrade")) {
            upgrade_ = true;
        } else if (!iequals(option, "host") && !is_connection_field(option)) {
            names_.push_back(option);
        }
    });
    std::ranges::sort(names_, less_without_case{});
}

bool connection_options::names(std::string_view field_name) const noexcept {
    return std::ranges::binary_search(names_, field_name, less_without_case{});
}

std::string connection_options::name_list() const {
    std::string list;
    for (std::string_view name : names_) {
        if (!list.empty()) list += ',';
        list += name;
    }
    return list;
}

}  // namespace tunnel::http
