#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {

/// One header or trailer field line (RFC 9110 section 5): bytes as received, name in its original case.
struct field {
    std::string_view name;
    std::string_view value;
    bool operator==(const field&) const = default;
};

/// Field lines in order, duplicates and case kept. All lie one behind the other in one buffer, as they stand in a head
/// (`Name: value` CRLF) and each behind its sizes: a list costs one allocation whatever its length, is read from front
/// to back, and a line is copied from one head to another at once.
/// Views and iterators stay valid until the list is changed; lines for which room was reserved may be added.
class field_list {
 public:
    field_list() noexcept = default;
    field_list(const field_list& other) : size_(other.size_), all_valid_(other.all_valid_) { append_lines(other); }
    field_list(field_list&& other) noexcept
        : lines_(std::move(other.lines_)),
          size_(std::exchange(other.size_, 0)),
          all_valid_(std::exchange(other.all_valid_, true)) {}
    field_list& operator=(const field_list& other);
    field_list& operator=(field_list&& other) noexcept;
    ~field_list() = default;

    void add(std::string_view name, std::string_view value) {
        append(name, value);
        all_valid_ = false;
    }
    /// For a line that was checked already: its name is a token, its value has no control characters but HTAB, and it
    /// is not a field of a single connection (field_rules.hpp).
    void add_valid(std::string_view name, std::string_view value) { append(name, value); }
    /// The same where `readable_behind` bytes behind either can be read.
    void add_valid_in_blocks(std::string_view name, std::string_view value);
    /// The same for `Name: value` CRLF, contiguous.
    void add_valid_line(std::string_view line, std::size_t name_size);
    /// Whether every line was checked when it was added. If not, some may be invalid.
    [[nodiscard]] bool all_valid() const noexcept { return all_valid_; }

    /// So many bytes behind any line can be read, whatever they are, so that lines can be copied in blocks.
    static constexpr std::size_t readable_behind = 16;

    /// Room for `n` lines of `bytes` in all.
    void reserve(std::size_t n, std::size_t bytes) { lines_.prepare(n * around_a_field + bytes + readable_behind); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Of all names and values.
    [[nodiscard]] std::size_t bytes() const noexcept { return lines_.size() - size_ * around_a_field; }
    /// Of all lines as they stand in a head.
    [[nodiscard]] std::size_t head_bytes() const noexcept { return lines_.size() - size_ * sizeof(line_sizes); }
    void clear() noexcept;
    [[nodiscard]] bool operator==(const field_list& other) const noexcept;

    class iterator {
     public:
        using iterator_category = std::input_iterator_tag;
        using value_type = field;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = field;

        iterator() = default;
        field operator*() const noexcept {
            const line_sizes sizes = sizes_at(at_);
            const char* const name = at_ + sizeof sizes;
            return {{name, sizes.name}, {name + sizes.name + colon.size(), sizes.value}};
        }
        /// As it stands in a head, CRLF included.
        [[nodiscard]] std::string_view line() const noexcept {
            return {at_ + sizeof(line_sizes), bytes_at(at_) - sizeof(line_sizes)};
        }
        iterator& operator++() noexcept {
            at_ += bytes_at(at_);
            return *this;
        }
        iterator operator++(int) noexcept {
            auto was = *this;
            ++*this;
            return was;
        }
        bool operator==(const iterator&) const = default;

     private:
        friend class field_list;
        explicit iterator(const char* at) noexcept : at_(at) {}

        const char* at_ = nullptr;
    };
    [[nodiscard]] iterator begin() const noexcept { return iterator(lines_.data()); }
    [[nodiscard]] iterator end() const noexcept { return iterator(lines_.data() + lines_.size()); }
    /// Walks there from the first line.
    [[nodiscard]] field operator[](std::size_t i) const noexcept {
        return *std::next(begin(), static_cast<std::ptrdiff_t>(i));
    }

    /// The first line of that name, or `end()`; names compare without case.
    [[nodiscard]] iterator locate(std::string_view name) const noexcept;
    [[nodiscard]] bool contains(std::string_view name) const noexcept { return locate(name) != end(); }
    /// The value of that line; empty if there is none.
    [[nodiscard]] std::string_view find(std::string_view name) const noexcept;

    /// Changes one line in place. `value` must not lie in this list.
    void set_value(iterator line, std::string_view value);

    /// Removes the lines for which `unwanted(field)` is true; the order of the rest is kept.
    template <class Predicate>
    void remove_if(Predicate unwanted) {
        std::size_t kept = 0;
        for (std::size_t at = 0; at < lines_.size();) {
            char* const line = lines_.data() + at;
            const std::size_t bytes = bytes_at(line);
            at += bytes;
            if (unwanted(*iterator(line))) {
                --size_;
            } else {
                std::memmove(lines_.data() + kept, line, bytes);
                kept += bytes;
            }
        }
        lines_.truncate(kept);
    }

 private:
    /// Stands ahead of the line.
    struct line_sizes {
        std::uint32_t name;
        std::uint32_t value;
    };
    static constexpr std::string_view colon = ": ";
    static constexpr std::string_view line_end = "\r\n";
    static constexpr std::size_t around_a_field = sizeof(line_sizes) + colon.size() + line_end.size();

    [[nodiscard]] static line_sizes sizes_at(const char* line) noexcept {
        line_sizes sizes;
        std::memcpy(&sizes, line, sizeof sizes);
        return sizes;
    }
    [[nodiscard]] static std::size_t bytes_at(const char* line) noexcept {
        const line_sizes sizes = sizes_at(line);
        return around_a_field + sizes.name + sizes.value;
    }
    void append(std::string_view name, std::string_view value);
    void append_lines(const field_list& other);

    byte_buffer lines_;
    std::size_t size_ = 0;
    bool all_valid_ = true;
};

}  // namespace tunnel::http
