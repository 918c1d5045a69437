#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::protocol {

/// One header or trailer field line (RFC 9110 section 5): bytes as received, name in its original case.
struct field {
    std::string_view name;
    std::string_view value;
    bool operator==(const field&) const = default;
};

/// Field lines in order, duplicates and case kept. All bytes live in one string, so a list costs two
/// allocations whatever its length.
/// Views returned stay valid until the next `add` or `clear`.
class field_list {
 public:
    void add(std::string_view name, std::string_view value);
    /// Room for `n` lines of `bytes` octets in all.
    void reserve(std::size_t n, std::size_t bytes);
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    /// Of all names and values, those of removed lines too.
    [[nodiscard]] std::size_t octets() const noexcept { return bytes_.size(); }
    [[nodiscard]] field operator[](std::size_t i) const noexcept { return view(entries_[i]); }
    /// Whether a line of that name exists, and the value of the first (empty if none); names compare without case.
    [[nodiscard]] bool contains(std::string_view name) const noexcept;
    [[nodiscard]] std::string_view find(std::string_view name) const noexcept;
    void clear() noexcept;
    [[nodiscard]] bool operator==(const field_list& other) const noexcept;

    /// Removes the lines for which `unwanted(field)` is true; the order of the rest is kept.
    template <class Predicate>
    void remove_if(Predicate unwanted) {
        std::erase_if(entries_, [&](const entry& e) { return unwanted(view(e)); });
    }

    class iterator {
     public:
        using iterator_category = std::input_iterator_tag;
        using value_type = field;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = field;

        iterator() = default;
        iterator(const field_list* list, std::size_t at) : list_(list), at_(at) {}
        field operator*() const { return (*list_)[at_]; }
        iterator& operator++() {
            ++at_;
            return *this;
        }
        iterator operator++(int) {
            auto was = *this;
            ++at_;
            return was;
        }
        bool operator==(const iterator&) const = default;

     private:
        const field_list* list_ = nullptr;
        std::size_t at_ = 0;
    };
    [[nodiscard]] iterator begin() const noexcept { return {this, 0}; }
    [[nodiscard]] iterator end() const noexcept { return {this, size()}; }

 private:
    struct entry {
        std::uint32_t offset;
        std::uint32_t name_size;
        std::uint32_t value_size;
    };
    [[nodiscard]] field view(const entry& e) const noexcept {
        const char* const name = bytes_.data() + e.offset;
        return {{name, e.name_size}, {name + e.name_size, e.value_size}};
    }

    std::string bytes_;
    std::vector<entry> entries_;
};

/// ASCII case-insensitive equality, as field names and most tokens compare (RFC 9110 section 5.1).
[[nodiscard]] bool iequals(std::string_view a, std::string_view b) noexcept;

}  // namespace tunnel::protocol
