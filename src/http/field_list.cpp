#include "tunnel/http/field_list.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "base/copy_bytes.hpp"

namespace tunnel::http {

namespace {

constexpr std::size_t longest = std::numeric_limits<std::uint32_t>::max();

}  // namespace

field_list& field_list::operator=(const field_list& other) {
    if (this == &other) return *this;
    clear();
    append_lines(other);
    size_ = other.size_;
    all_valid_ = other.all_valid_;
    return *this;
}

field_list& field_list::operator=(field_list&& other) noexcept {
    lines_ = std::move(other.lines_);
    size_ = std::exchange(other.size_, 0);
    all_valid_ = std::exchange(other.all_valid_, true);
    return *this;
}

void field_list::append_lines(const field_list& other) {
    if (other.empty()) return;
    lines_.prepare(other.lines_.size() + readable_behind);
    lines_.append(other.lines_.view());
}

void field_list::append(std::string_view name, std::string_view value) {
    if (name.size() > longest || value.size() > longest) throw std::length_error("field_list: more than 4 GiB");
    const line_sizes sizes{static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())};
    const std::size_t bytes = around_a_field + name.size() + value.size();
    char* const line = lines_.prepare(bytes + readable_behind);
    std::memcpy(line, &sizes, sizeof sizes);
    char* const behind_name = copy_bytes(line + sizeof sizes, name);
    std::memcpy(behind_name, colon.data(), colon.size());
    char* const behind_value = copy_bytes(behind_name + colon.size(), value);
    std::memcpy(behind_value, line_end.data(), line_end.size());
    lines_.commit(bytes);
    ++size_;
}

void field_list::add_valid_in_blocks(std::string_view name, std::string_view value) {
    if (name.size() > longest || value.size() > longest) throw std::length_error("field_list: more than 4 GiB");
    const line_sizes sizes{static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())};
    const std::size_t bytes = around_a_field + name.size() + value.size();
    char* at = lines_.prepare(bytes + readable_behind);
    std::memcpy(at, &sizes, sizeof sizes);
    at = copy_in_blocks<readable_behind>(at + sizeof sizes, name);
    std::memcpy(at, colon.data(), colon.size());
    at = copy_in_blocks<readable_behind>(at + colon.size(), value);
    std::memcpy(at, line_end.data(), line_end.size());
    lines_.commit(bytes);
    ++size_;
}

void field_list::add_valid_line(std::string_view line, std::size_t name_size) {
    const std::size_t value_size = line.size() - name_size - colon.size() - line_end.size();
    if (line.size() > longest) throw std::length_error("field_list: more than 4 GiB");
    const line_sizes sizes{static_cast<std::uint32_t>(name_size), static_cast<std::uint32_t>(value_size)};
    char* const at = lines_.prepare(sizeof sizes + line.size() + readable_behind);
    std::memcpy(at, &sizes, sizeof sizes);
    copy_bytes(at + sizeof sizes, line);
    lines_.commit(sizeof sizes + line.size());
    ++size_;
}

field_list::iterator field_list::locate(std::string_view name) const noexcept {
    return std::find_if(begin(), end(), [name](const field& f) { return iequals(f.name, name); });
}

std::string_view field_list::find(std::string_view name) const noexcept {
    const auto line = locate(name);
    return line == end() ? std::string_view{} : (*line).value;
}

void field_list::set_value(iterator line, std::string_view value) {
    if (value.size() > longest) throw std::length_error("field_list: more than 4 GiB");
    const auto begin = static_cast<std::size_t>(line.at_ - lines_.data());
    line_sizes sizes = sizes_at(line.at_);
    const std::size_t value_begin = begin + sizeof sizes + sizes.name + colon.size();
    const std::size_t rest_begin = value_begin + sizes.value;
    const std::size_t rest = lines_.size() - rest_begin;
    lines_.prepare(value.size() + readable_behind);
    char* const data = lines_.data();
    if (rest != 0) std::memmove(data + value_begin + value.size(), data + rest_begin, rest);
    if (!value.empty()) std::memcpy(data + value_begin, value.data(), value.size());
    sizes.value = static_cast<std::uint32_t>(value.size());
    std::memcpy(data + begin, &sizes, sizeof sizes);
    lines_.truncate(value_begin + value.size() + rest);
    all_valid_ = false;
}

void field_list::clear() noexcept {
    lines_.clear();
    size_ = 0;
    all_valid_ = true;
}

bool field_list::operator==(const field_list& other) const noexcept { return lines_ == other.lines_; }

}  // namespace tunnel::http
