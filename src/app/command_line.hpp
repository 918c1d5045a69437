#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/log.hpp"

namespace tunnel::app {

struct common_options {
    unsigned threads = 1;
    std::string log_level = "info";
    log_format format = log_format::text;
    std::optional<address> admin_addr;  ///< where metrics and health are; nothing: nowhere
    std::vector<std::string> warnings;  ///< for the log, once it is there
};

/// Options, or the exit code of a program that ends here (0 after --help, --version and --check-config, 2 after a bad
/// value; the text was printed already).
template <class Options>
struct parsed {
    Options options;
    std::optional<int> exit_code;
};

/// The settings of a program: each is a flag `--some-name`, an environment variable `TUNNEL_SOME_NAME` and a line
/// `some-name = value` of the file that --config names. A flag wins over the environment, the environment over the
/// file; an empty variable counts as unset; the last of several equal flags counts.
/// This is the one table of settings: --help prints it, and so does --print-settings as JSON, from which man pages,
/// completions and the README's tables are made.
class command_line {
 public:
    command_line(std::string_view program, std::string_view purpose);
    command_line(const command_line&) = delete;
    command_line& operator=(const command_line&) = delete;
    ~command_line();

    /// Stands in --help below the usage.
    void note(std::string_view text);

    /// What to say of an argument that is not a flag and that nothing takes: `explain` returns a hint, or nothing.
    void explain_arguments(std::function<std::string(std::string_view)> explain);

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
        add(number(flag, value_name, target, lowest, highest, help,
                   [&target](std::size_t n) { target = static_cast<Number>(n); }));
    }

    struct setting {
        std::string flag;  ///< "--some-name"
        std::string
            other_names;  ///< a short flag "-s" and the name of a positional argument "NAME", by commas; or empty
        std::string value_name;  ///< as --help shows it; empty: a switch
        std::string default_text;
        std::string help;
        std::string expects;                                ///< what to give instead of a bad value
        std::function<bool(std::string_view)> read;         ///< stores a value, or says that it is bad
        std::function<std::string(std::string_view)> hint;  ///< more about that bad value, or nothing; may be empty
        bool repeats = false;                               ///< each of several equal flags counts, not only the last
    };
    /// A setting of another kind.
    void add(setting s);
    /// For `add`, where a number has other names too.
    [[nodiscard]] static setting number(std::string_view flag, std::string_view value_name, std::size_t initial,
                                        std::size_t lowest, std::size_t highest, std::string_view help,
                                        std::function<void(std::size_t)> store);

    void add(common_options& target);

    /// Reads flags, environment and file. The exit code if the program ends here; the text was printed already.
    [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);

 private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace tunnel::app
