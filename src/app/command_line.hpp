#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/log.hpp"

namespace tunnel::app {

/// "30s", "500ms", "1.5m", "2h"; a bare number is seconds. At least a millisecond, at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "4096", "60KiB", "1MiB".
[[nodiscard]] std::optional<std::size_t> parse_bytes(std::string_view text);
/// 1, true, yes, on and their opposites.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

struct common_options {
    unsigned threads = 1;
    std::string log_level = "info";
    log_format format = log_format::text;
};

/// Options, or the exit code of a program that ends here (0 after --help and --version, 2 after a bad value;
/// the text was printed already).
template <class Options>
struct parsed {
    Options options;
    std::optional<int> exit_code;
};

/// The settings of a program: each is a flag `--some-name` and an environment variable `TUNNEL_SOME_NAME`.
/// The flag wins; an empty variable counts as unset; the last of several equal flags counts.
class command_line {
 public:
    command_line(std::string_view program, std::string_view purpose);

    /// Heading in --help over the settings that follow.
    void group(std::string_view title);

    /// Each adds one setting whose default is what `target` holds now. `target` outlives `parse`.
    void add(std::string_view flag, address& target, std::uint16_t lowest_port, std::string_view help);
    void add(std::string_view flag, std::chrono::milliseconds& target, std::string_view help);
    void add(std::string_view flag, bool& target, std::string_view help);
    void add_bytes(std::string_view flag, std::size_t& target, std::size_t lowest, std::size_t highest,
                   std::string_view help);
    template <class Number>
    void add_number(std::string_view flag, std::string_view value_name, Number& target, Number lowest, Number highest,
                    std::string_view help) {
        add_number(flag, value_name, target, lowest, highest, help,
                   [&target](std::uint64_t n) { target = static_cast<Number>(n); });
    }

    /// A setting of another kind: `read` stores a value or says that it is bad, `expects` is what to give instead.
    struct setting {
        std::string flag;
        std::string value_name;  ///< as --help shows it; empty: a switch
        std::string default_text;
        std::string help;
        std::string expects;
        std::function<bool(std::string_view)> read;
        std::string group;
    };
    void add(setting s);

    void add(common_options& target);

    /// Reads flags and environment. The exit code if the program ends here; the text was printed already.
    [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);

 private:
    void add_number(std::string_view flag, std::string_view value_name, std::uint64_t initial, std::uint64_t lowest,
                    std::uint64_t highest, std::string_view help, std::function<void(std::uint64_t)> store);
    [[nodiscard]] std::string help_text() const;
    [[nodiscard]] int refuse(std::string_view text) const;
    [[nodiscard]] bool apply(const setting& s, std::string_view value, std::string_view source) const;

    std::string program_;
    std::string purpose_;
    std::string group_;
    std::vector<setting> settings_;
};

}  // namespace tunnel::app
