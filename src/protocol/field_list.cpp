#include "tunnel/protocol/field_list.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace tunnel::protocol {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void field_list::add(std::string_view name, std::string_view value) {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    const std::size_t offset = bytes_.size();
    if (name.size() > most - offset || value.size() > most - offset - name.size()) {
        throw std::length_error("field_list: more than 4 GiB");
    }
    entries_.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(name.size()),
                        static_cast<std::uint32_t>(value.size())});
    try {
        bytes_.append(name).append(value);
    } catch (...) {
        bytes_.resize(offset);
        entries_.pop_back();
        throw;
    }
}

void field_list::reserve(std::size_t n, std::size_t bytes) {
    entries_.reserve(n);
    bytes_.reserve(bytes);
}

bool field_list::contains(std::string_view name) const noexcept {
    return std::any_of(begin(), end(), [name](const field& f) { return iequals(f.name, name); });
}

std::string_view field_list::find(std::string_view name) const noexcept {
    for (const field f : *this) {
        if (iequals(f.name, name)) return f.value;
    }
    return {};
}

void field_list::clear() noexcept {
    entries_.clear();
    bytes_.clear();
}

bool field_list::operator==(const field_list& other) const noexcept {
    return size() == other.size() && std::equal(begin(), end(), other.begin());
}

}  // namespace tunnel::protocol
