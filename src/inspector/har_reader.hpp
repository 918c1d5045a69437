#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tunnel::inspector {

/// Finds the entries of a HAR file in its text, which has to be JSON, one after the other: parsed as a whole, a file
/// takes many times its size.
class har_reader {
 public:
    /// `text` outlives this.
    explicit har_reader(std::string_view text) noexcept : text_(text) {}

    /// The JSON of the next entry; nothing behind the last one.
    [[nodiscard]] std::optional<std::string_view> next() noexcept;
    /// Once next() returned nothing: whether the file is an object with "log", and that an object with a list
    /// "entries".
    [[nodiscard]] bool has_log() const noexcept { return has_log_; }
    [[nodiscard]] bool has_list() const noexcept { return has_list_; }

 private:
    /// Depth of brackets around the members of the file, those of its log, and the entries.
    static constexpr std::size_t in_file = 1;
    static constexpr std::size_t in_log = 2;
    static constexpr std::size_t in_list = 3;
    /// What the value that comes next is, or what it is in.
    enum class place : std::uint8_t { elsewhere, log, entries };

    void string() noexcept;
    void key(std::string_view name) noexcept;
    void open(char bracket) noexcept;
    [[nodiscard]] bool is_in_list() const noexcept { return depth_ == in_list && listed_; }
    [[nodiscard]] std::optional<std::string_view> entry_before(std::size_t end) noexcept;

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t entry_ = 0;  // where it begins
    std::size_t depth_ = 0;
    place place_ = place::elsewhere;
    bool listed_ = false;  // the list is open
    bool has_log_ = false;
    bool has_list_ = false;
};

}  // namespace tunnel::inspector
