#include "app/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/options_run.hpp"

namespace tunnel::app {
namespace {

using namespace std::chrono_literals;
using test::environment;
using testing::ElementsAre;
using testing::HasSubstr;

struct sample_options {
    std::chrono::milliseconds wait = 30s;
    std::size_t size = 4096;
    unsigned count = 3;
    unsigned port = 80;
    bool quiet = false;
    common_options common;
};

parsed<sample_options> parse_sample(int argc, const char* const* argv) {
    parsed<sample_options> result;
    auto& o = result.options;
    command_line line("sample", "tries the settings");
    line.group("Sample");
    line.add("--wait-time", o.wait, "how long it waits");
    line.add_bytes("--size", o.size, 1, 1024 * 1024, "how much it takes");
    line.add_number("--count", "N", o.count, 1U, 9U, "how many there are");
    auto port = command_line::number("--port", "PORT", o.port, 1, 65535, "where it is",
                                     [&o](std::size_t n) { o.port = static_cast<unsigned>(n); });
    port.other_names = "-p,PORT";
    line.add(port);
    line.add("--quiet", o.quiet, "says nothing");
    line.group("Program");
    line.add(o.common);
    result.exit_code = line.parse(argc, argv);
    return result;
}

auto run(const std::vector<std::string>& arguments) { return test::run_options(parse_sample, arguments); }

void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
    const auto r = run(arguments);
    EXPECT_EQ(r.parsed.exit_code, 2) << line;
    EXPECT_EQ(r.err, "sample: " + line + "\n");
    EXPECT_EQ(r.out, "");
}

/// A settings file that is removed with the object.
class settings_text {
 public:
    explicit settings_text(const std::string& text) {
        const auto file = mkstemp(path_.data());
        EXPECT_GE(file, 0);
        close(file);
        std::ofstream(path_) << text;
    }
    ~settings_text() { unlink(path_.c_str()); }
    settings_text(const settings_text&) = delete;
    settings_text& operator=(const settings_text&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
    std::string path_ = testing::TempDir() + "settings-XXXXXX";
};

TEST(CommandLine, AFileIsReadWithCommentsQuotesAndSwitches) {
    const settings_text file(R"(# a comment
; another

count = 5   # five
wait-time="1.5s"
size = '60KiB'
  port=8000
quiet
log-level = debug
)");
    const auto r = run({"--config", file.path()});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    const auto& o = r.parsed.options;
    EXPECT_EQ(o.count, 5U);
    EXPECT_EQ(o.wait, 1500ms);
    EXPECT_EQ(o.size, 60U * 1024);
    EXPECT_EQ(o.port, 8000U);
    EXPECT_TRUE(o.quiet);
    EXPECT_EQ(o.common.log_level, "debug");
}

TEST(CommandLine, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
    const settings_text file("count = 4\nsize = 1\nport = 81\nquiet = on\n");
    const environment e{{"TUNNEL_COUNT", "5"}, {"TUNNEL_SIZE", "2"}, {"TUNNEL_QUIET", ""}};
    const auto r = run({"--config=" + file.path(), "--count", "6"});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.parsed.options.count, 6U);
    EXPECT_EQ(r.parsed.options.size, 2U);
    EXPECT_EQ(r.parsed.options.port, 81U);
    EXPECT_TRUE(r.parsed.options.quiet) << "an empty variable is unset";
}

TEST(CommandLine, TheEnvironmentMayNameTheFile) {
    const settings_text file("count = 4\n");
    const environment e{{"TUNNEL_CONFIG", file.path()}};
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.parsed.options.count, 4U);
    EXPECT_THAT(r.parsed.options.common.warnings, ElementsAre());
}

TEST(CommandLine, AByteOrderMarkIsNotPartOfTheFirstName) {
    const settings_text file(
        "\xEF\xBB\xBF"
        "count = 4\n");
    const auto r = run({"--config", file.path()});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.parsed.options.count, 4U);
}

TEST(CommandLine, AMistakeInTheFileIsNamedWithItsLine) {
    const auto refused = [](const std::string& text, const std::string& what) {
        const settings_text file(text);
        expect_refused({"--config", file.path()}, file.path() + " " + what);
    };
    refused("\n# x\ncuont = 1\n", R"(line 3: unknown setting "cuont": did you mean count?)");
    refused("altogether = 1\n", R"(line 1: unknown setting "altogether")");
    refused("--count = 1\n", R"(line 1: unknown setting "--count": did you mean count?)");
    refused("config = x\n", R"(line 1: unknown setting "config")");
    refused("count = 1\ncount = 2\n", "line 2: count stands on line 1 already");
    refused("[sample]\ncount = 1\n", R"(line 1: no sections are used: leave out "[sample]")");
    refused("=\n", R"(line 1: "=" is not a setting: write NAME = VALUE)");
    refused("count = [1, 2]\n", R"(line 1: "count = [1, 2]" is not a setting: write NAME = VALUE)");
    refused(std::string("count = 4\0 0\n", 13), "line 1: it has a null character: save the file as UTF-8 text");
    refused(std::string(100'000, '#'), "line 1: it is longer than 64KiB");
}

TEST(CommandLine, ABadValueInTheFileIsNamedWithItsLine) {
    const settings_text file("\ncount = 10\n");
    expect_refused({"--config", file.path()},
                   "bad value \"10\" for count on line 2 of " + file.path() + ": give a number from 1 to 9");
    const settings_text without("port =\n");
    expect_refused({"--config", without.path()},
                   "bad value \"\" for port on line 1 of " + without.path() + ": give a number from 1 to 65535");
}

TEST(CommandLine, AFileThatIsNotThereIsRefused) {
    expect_refused({"--config", "/no/such/file"},
                   "cannot read the settings file /no/such/file: it is not there, or may not be read");
    const environment e{{"TUNNEL_CONFIG", "/no/such/file"}};
    expect_refused({}, "cannot read the settings file /no/such/file: it is not there, or may not be read");
}

TEST(CommandLine, CheckConfigNamesAllMistakesAtOnce) {
    const settings_text file("cuont = 1\nport = x\n");
    const auto r = run({"--check-config", "--config", file.path(), "--wait-time", "soon"});
    EXPECT_EQ(r.parsed.exit_code, 2);
    EXPECT_EQ(std::ranges::count(r.err, '\n'), 3) << r.err;
    EXPECT_THAT(r.err, HasSubstr("did you mean count?"));
    EXPECT_THAT(r.err, HasSubstr("bad value \"x\" for port on line 2 of"));
    EXPECT_THAT(r.err, HasSubstr("bad value \"soon\" for --wait-time"));
}

TEST(CommandLine, CheckConfigEndsWith0WhereAllIsWell) {
    const settings_text file("count = 4\n");
    const environment e{{"TUNNEL_CUONT", "1"}};
    const auto r = run({"--check-config", "--config", file.path()});
    EXPECT_EQ(r.parsed.exit_code, 0);
    EXPECT_EQ(r.out, "sample: the settings are valid\n");
    EXPECT_EQ(r.err, "sample: warning: sample has no setting \"TUNNEL_CUONT\": did you mean TUNNEL_COUNT?\n");
}

TEST(CommandLine, AnUnknownVariableIsAWarningThatNamesTheNearest) {
    const environment e{{"TUNNEL_SIZZE", "1"}, {"TUNNELS", "1"}};
    const auto r = run({});
    ASSERT_FALSE(r.parsed.exit_code) << r.err;
    EXPECT_EQ(r.err, "") << "a log in JSON is not to be disturbed";
    EXPECT_THAT(r.parsed.options.common.warnings,
                ElementsAre("sample has no setting \"TUNNEL_SIZZE\": did you mean TUNNEL_SIZE?"));
}

TEST(CommandLine, AVariableOfTheOtherProgramIsNotAMistake) {
    const environment e{{"TUNNEL_INSPECT_ADDR", "off"}, {"TUNNEL_HTTP_ADDR", "8080"}, {"TUNNEL_INSPECT_ADR", "off"}};
    EXPECT_THAT(run({}).parsed.options.common.warnings, ElementsAre("sample has no setting \"TUNNEL_INSPECT_ADR\""));
}

TEST(CommandLine, AnUnknownFlagNamesTheNearest) {
    expect_refused({"--cuont", "5"}, R"(unknown flag "--cuont": did you mean --count? Otherwise see sample --help)");
    expect_refused({"--cuont=5"}, R"(unknown flag "--cuont=5": did you mean --count? Otherwise see sample --help)");
    expect_refused({"--something"}, R"(unknown flag "--something": see sample --help)");
    expect_refused({"-x"}, R"(unknown flag "-x": see sample --help)");
    expect_refused({"80", "run"}, R"(unexpected argument "run": see sample --help)");
    // The value of the unknown flag would be the port.
    expect_refused({"--cuont", "x"}, R"(unknown flag "--cuont": did you mean --count? Otherwise see sample --help)");
}

TEST(CommandLine, ANumberHasItsOtherNames) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"3000"}, {"-p", "3000"}, {"-p3000"}, {"--port", "3000"}, {"--port=3000"}, {"--count", "1", "3000"}}) {
        const auto r = run(arguments);
        ASSERT_FALSE(r.parsed.exit_code) << r.err;
        EXPECT_EQ(r.parsed.options.port, 3000U) << arguments.front();
    }
    expect_refused({"0"}, R"(bad value "0" for PORT: give a number from 1 to 65535)");
    expect_refused({"-p", "0"}, R"(bad value "0" for --port: give a number from 1 to 65535)");
}

TEST(CommandLine, ADecimalSizeIsRefusedWithTheBinaryOne) {
    expect_refused({"--size", "1MB"},
                   R"(bad value "1MB" for --size: give a size from 1 to 1MiB; units are KiB and MiB, as in 1MiB)");
    expect_refused({"--size", "2MiB"}, R"(bad value "2MiB" for --size: give a size from 1 to 1MiB)");
}

TEST(CommandLine, HelpWorksWhateverElseIsWrong) {
    const environment e{{"TUNNEL_COUNT", "many"}};
    const auto r = run({"--wait-time", "soon", "--help"});
    EXPECT_EQ(r.parsed.exit_code, 0);
    EXPECT_EQ(r.err, "");
    EXPECT_THAT(r.out, HasSubstr("usage: sample [settings] [PORT]\n"));
    EXPECT_THAT(r.out, HasSubstr("  -p, --port PORT                 where it is\n"));
    EXPECT_THAT(r.out, HasSubstr("TUNNEL_QUIET (default: off)\n"));
}

TEST(CommandLine, PrintSettingsIsTheTableAsJson) {
    const auto r = run({"--print-settings", "json"});
    EXPECT_EQ(r.parsed.exit_code, 0);
    const auto table = nlohmann::json::parse(r.out);
    EXPECT_EQ(table.at("program"), "sample");
    EXPECT_EQ(table.at("purpose"), "tries the settings");
    ASSERT_EQ(table.at("settings").size(), 9U);
    const nlohmann::json port{{"flag", "--port"},          {"other_names", {"-p", "PORT"}},
                              {"variable", "TUNNEL_PORT"}, {"key", "port"},
                              {"value", "PORT"},           {"default", "80"},
                              {"group", "Sample"},         {"help", "where it is"}};
    EXPECT_EQ(table.at("settings").at(3), port);
    EXPECT_EQ(table.at("settings").at(4).at("value"), "");
}

}  // namespace
}  // namespace tunnel::app
