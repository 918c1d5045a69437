#include "http/connection_options.hpp"

#include <algorithm>

#include "http/field_rules.hpp"
#include "http/grammar.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct less_without_case {
    bool operator()(std::string_view a, std::string_view b) const noexcept {
        return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
    }
};

}  // namespace

void connection_options::clear() noexcept {
    values_.clear();
    names_.clear();
    close_ = keep_alive_ = upgrade_ = malformed_ = false;
}

void connection_options::add(std::string_view value) {
    // What nearly all lines say is not kept.
    if (iequals(value, "keep-alive")) {
        keep_alive_ = true;
    } else if (iequals(value, "close")) {
        close_ = true;
    } else {
        if (!values_.empty()) values_ += ',';
        values_ += value;
    }
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
        } else if (!grammar::is_token(option)) {
            malformed_ = true;
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
