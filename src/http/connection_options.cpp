#include "http/connection_options.hpp"

#include <algorithm>

#include "http/field_rules.hpp"
#include "http/grammar.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// FNV-1a of the name without case: numbers sort in a fraction of the time that texts take, and a head may name 30,000
/// fields.
std::uint64_t hash_without_case(std::string_view name) noexcept {
    constexpr std::uint64_t basis = 0xcbf29ce484222325;
    constexpr std::uint64_t prime = 0x100000001b3;
    std::uint64_t hash = basis;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(lower(c))) * prime;
    return hash;
}

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
            names_.push_back({hash_without_case(option), option});
        }
    });
    std::ranges::sort(names_, {}, &named::hash);
}

bool connection_options::names(std::string_view field_name) const noexcept {
    const auto same_hash = std::ranges::equal_range(names_, hash_without_case(field_name), {}, &named::hash);
    return std::ranges::any_of(same_hash, [=](const named& n) { return iequals(n.name, field_name); });
}

std::string connection_options::name_list() const {
    std::string list;
    for (const auto& [hash, name] : names_) {
        if (!list.empty()) list += ',';
        list += name;
    }
    return list;
}

}  // namespace tunnel::http
