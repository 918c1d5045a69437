#include "base/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/log_text.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

/// stderr is a pipe whose other end the test holds.
class Log : public testing::Test {
 protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        real_stderr_ = dup(STDERR_FILENO);
        std::array<int, 2> ends{};
        ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
        reader_ = ends[0];
        fcntl(reader_, F_SETFL, O_NONBLOCK);
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        start_log("test", "info", log_format::text);
    }

    void TearDown() override {
        on_log({});
        stderr_to("/dev/null");
        flush_log();
        dup2(real_stderr_, STDERR_FILENO);
        close(real_stderr_);
        close(reader_);
    }

    static void stderr_to(const char* path) {
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        ASSERT_GE(fd, 0);
        if (fd == STDERR_FILENO) return;  // it was closed
        dup2(fd, STDERR_FILENO);
        close(fd);
    }

    /// What came through the pipe up to now.
    [[nodiscard]] std::string taken() const {
        std::string text;
        std::array<char, 65536> piece{};
        for (ssize_t n = 0; (n = read(reader_, piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(n));
        return text;
    }

    [[nodiscard]] std::string flushed() const {
        flush_log();
        return taken();
    }

    int real_stderr_ = -1;
    int reader_ = -1;
};

TEST_F(Log, ATextLineHasTimeLevelAndMessage) {
    spdlog::info("client connected");
    EXPECT_THAT(flushed(), MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info  "
                                        "client connected\n"));
}

TEST_F(Log, AJsonLineIsOneObject) {
    start_log("test", "info", log_format::json);
    spdlog::warn("a \"b\" \\ c\nd \xc3\xa9");
    const auto line = json::parse(flushed());
    EXPECT_EQ(line.at("level"), "warn");
    EXPECT_EQ(line.at("msg"), "a \"b\" \\ c\nd \xc3\x83\xc2\xa9");  // one character a byte
    EXPECT_THAT(line.at("time").get<std::string>(), MatchesRegex("[-0-9]{10}T[:0-9]{8}\\.[0-9]{3}Z"));
    EXPECT_EQ(line.size(), 3U);
}

TEST_F(Log, AMessageNeverBecomesTwoLinesOrTerminalCommands) {
    spdlog::info("a\r\nb\x1b[31m\xff");
    EXPECT_THAT(flushed(), HasSubstr("info  a\\x0D\\x0Ab\\x1B[31m\\xFF\n"));
}

TEST_F(Log, InfoWaitsForAFlushAndAWarningDoesNot) {
    spdlog::info("first");
    EXPECT_TRUE(log_waiting());
    EXPECT_EQ(taken(), "");
    spdlog::warn("second");
    EXPECT_FALSE(log_waiting());
    EXPECT_THAT(taken(), MatchesRegex(".*info  first\n.*warn  second\n"));
}

TEST_F(Log, LinesBelowTheLevelAreNotWritten) {
    start_log("test", "warn", log_format::text);
    spdlog::info("no");
    log_request("GET", "/", 200, 1ms, 1);
    EXPECT_FALSE(log_waiting());
    start_log("test", "off", log_format::text);
    spdlog::error("no");
    EXPECT_EQ(flushed(), "");
}

TEST_F(Log, LevelAndStatusHaveColoursWhereTheyAreWanted) {
    start_log("test", "info", log_format::text, log_reader::terminal);
    log_request("GET", "/", 502, 1ms, 1);
    spdlog::warn("careful");
    EXPECT_THAT(taken(), MatchesRegex("[0-9][0-9]:[0-9][0-9]:[0-9.]* info  GET / \x1b\\[31m502\x1b\\[0m 1\\.0ms 1B\n"
                                      ".* \x1b\\[33mwarn\x1b\\[0m  careful\n"));
    start_log("test", "info", log_format::text, log_reader::plain_terminal);
    log_request("GET", "/", 502, 1ms, 1);
    EXPECT_THAT(flushed(), MatchesRegex("[0-9][0-9]:[0-9][0-9]:[0-9.]* info  GET / 502 1\\.0ms 1B\n"));
    start_log("test", "info", log_format::json, log_reader::terminal);
    log_request("GET", "/", 502, 1ms, 1);
    EXPECT_THAT(flushed(), AllOf(HasSubstr("\"time\":\"2"), Not(HasSubstr("\x1b"))));
}

TEST_F(Log, AJournalIsGivenThePriorityOfEachLine) {
    start_log("test", "debug", log_format::text, log_reader::journal);
    log_request("GET", "/", 200, 1ms, 1);
    spdlog::debug("one");
    spdlog::error("two");
    spdlog::warn("three");
    EXPECT_THAT(taken(), MatchesRegex("<6>2[^ ]*Z info  GET / 200 1\\.0ms 1B\n<7>2[^ ]*Z debug one\n"
                                      "<3>2[^ ]*Z error two\n<4>2[^ ]*Z warn  three\n"));
    start_log("test", "info", log_format::json, log_reader::journal);
    spdlog::info("four");
    const auto line = flushed();
    EXPECT_THAT(line, testing::StartsWith("<6>{"));
    EXPECT_EQ(json::parse(line.substr(3))["msg"], "four");
}

TEST_F(Log, TheFirstLineAfterAFlushWakes) {
    int woken = 0;
    on_log([&woken] { ++woken; });
    spdlog::info("one");
    spdlog::info("two");
    EXPECT_EQ(woken, 1);
    flush_log();
    spdlog::info("three");
    EXPECT_EQ(woken, 2);
}

TEST_F(Log, AFullPipeBlocksNobodyAndLostLinesAreCounted) {
    constexpr int lines = 8000;
    const std::string text(100, 'x');
    for (int i = 0; i < lines; ++i) {
        spdlog::info("{} {}", i, text);
        if (i % 100 == 0) flush_log();
    }
    EXPECT_TRUE(log_waiting());

    std::string all;
    while (log_waiting()) all += flushed();
    all += flushed();

    std::istringstream stream(all);
    int whole = 0;
    int lost = 0;
    for (std::string line; std::getline(stream, line);) {
        if (line.ends_with(" dropped"))
            lost += std::stoi(line.substr(line.find("warn  ") + 6));
        else if (line.ends_with(text) && line.find("info  ") == 25)
            ++whole;
        else
            ADD_FAILURE() << line;
    }
    EXPECT_GT(lost, 0);
    EXPECT_EQ(whole + lost, lines);
    EXPECT_LE(static_cast<std::size_t>(whole) * text.size(), limits::log_queue + 128 * limits::kib);
}

TEST_F(Log, ABrokenStderrIsSurvivedAndReportedLater) {
    close(reader_);
    for (int i = 0; i < 10; ++i) spdlog::warn("lost {}", i);
    EXPECT_FALSE(log_waiting());

    stderr_to("/dev/full");
    spdlog::info("lost too");
    flush_log();
    EXPECT_FALSE(log_waiting());

    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reader_ = ends[0];
    fcntl(reader_, F_SETFL, O_NONBLOCK);
    spdlog::info("back");
    EXPECT_THAT(flushed(), MatchesRegex(".*warn  11 log lines dropped\n.*info  back\n"));
}

TEST_F(Log, ACountAgreesWithItsNoun) {
    EXPECT_EQ(counted(0, "log line"), "0 log lines");
    EXPECT_EQ(counted(1, "log line"), "1 log line");
    EXPECT_EQ(counted(2, "log line"), "2 log lines");
}

TEST_F(Log, LostLinesAreCountedInJsonToo) {
    start_log("test", "info", log_format::json);
    stderr_to("/dev/full");
    spdlog::info("lost");
    spdlog::warn("lost too");
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    close(std::exchange(reader_, ends[0]));
    fcntl(reader_, F_SETFL, O_NONBLOCK);
    spdlog::info("back");
    const auto text = flushed();
    const auto report = json::parse(text.substr(0, text.find('\n')));
    EXPECT_EQ(report.at("level"), "warn");
    EXPECT_EQ(report.at("msg"), "2 log lines dropped");
    EXPECT_EQ(report.at("dropped"), 2);
}

TEST_F(Log, AClosedStderrIsSurvived) {
    close(STDERR_FILENO);
    spdlog::error("nobody reads this");
    flush_log();
    EXPECT_FALSE(log_waiting());
    stderr_to("/dev/null");
    spdlog::error("the report of what was lost goes before this, and meets no other test");
}

TEST_F(Log, ManyThreadsWriteWholeLines) {
    constexpr int threads = 4;
    constexpr int each = 100;
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
        writers.emplace_back([] {
            for (int i = 0; i < each; ++i) log_request("GET", "/a", 200, 5ms, 3);
        });
    for (auto& w : writers) w.join();
    const auto text = flushed();
    std::istringstream stream(text);
    int whole = 0;
    for (std::string line; std::getline(stream, line);)
        if (line.ends_with("info  GET /a 200 5.0ms 3B")) ++whole;
    EXPECT_EQ(whole, threads * each);
}

TEST_F(Log, ARequestIsOneLine) {
    log_request("POST", "/hook?x=1", 200, 12ms, 1234);
    EXPECT_THAT(flushed(), HasSubstr(" info  POST /hook?x=1 200 12ms 1.2kB\n"));
    log_request("GET", "/", 503, 100us, 0, "no-client");
    EXPECT_THAT(flushed(), HasSubstr(" info  GET / 503 0.1ms 0B - no-client\n"));
    log_request("GET", "/", 200, 300s, 1'073'741'824);
    EXPECT_THAT(flushed(), HasSubstr(" GET / 200 300.0s 1.0GB\n"));
    log_request("GET", "/", 200, 9999ms, 999'999);
    EXPECT_THAT(flushed(), HasSubstr(" GET / 200 9999ms 999.9kB\n"));
    log_request("GET", "/", 200, 0ms, UINT64_MAX);
    EXPECT_THAT(flushed(), HasSubstr(" GET / 200 0.0ms 18.4EB\n"));
}

TEST_F(Log, ARequestMayHaveACallerAndAnId) {
    request_line request{.method = "POST", .target = "/hook?x=1", .status = 200, .took = 12ms, .body_bytes = 1234};
    request.caller = "203.0.113.9:4711";
    log_request(request);
    EXPECT_THAT(flushed(), HasSubstr(" info  POST /hook?x=1 200 12ms 1.2kB from=203.0.113.9:4711\n"));
    request.id = "7f3a\n";
    request.note = "no-client";
    log_request(request);
    EXPECT_THAT(flushed(), HasSubstr(" 200 12ms 1.2kB from=203.0.113.9:4711 id=7f3a\\x0A - no-client\n"));

    start_log("test", "info", log_format::json);
    log_request(request);
    const auto line = json::parse(flushed());
    EXPECT_EQ(line.at("caller"), "203.0.113.9:4711");
    EXPECT_EQ(line.at("request_id"), "7f3a\n");
    EXPECT_EQ(line.at("note"), "no-client");
}

TEST_F(Log, ARequestWithoutAnIdHasOneOfTwoNumbers) {
    request_line request{.method = "GET", .target = "/", .status = 200, .took = 12ms, .body_bytes = 1};
    request.connection = 17;
    request.number = 35;
    log_request(request);
    EXPECT_THAT(flushed(), HasSubstr(" 200 12ms 1B id=17.35\n"));
    start_log("test", "info", log_format::json);
    log_request(request);
    EXPECT_EQ(json::parse(flushed()).at("request_id"), "17.35");
    request.id = std::string_view("7f3a");
    log_request(request);
    EXPECT_EQ(json::parse(flushed()).at("request_id"), "7f3a");
}

TEST_F(Log, AnIdWithBlanksCannotPassForOtherParts) {
    request_line request{.method = "GET", .target = "/", .status = 200, .took = 12ms, .body_bytes = 1};
    request.id = "1 from=198.51.100.7:1 - no-client";
    log_request(request);
    EXPECT_THAT(flushed(), HasSubstr(" id=1\\x20from=198.51.100.7:1\\x20-\\x20no-client\n"));
}

TEST_F(Log, ALongIdIsCut) {
    const std::string id(limits::log_request_id + 1, 'a');
    request_line request{.method = "GET", .target = "/", .status = 200, .took = 12ms, .body_bytes = 1};
    request.id = id;
    log_request(request);
    EXPECT_THAT(flushed(), HasSubstr(" id=" + id.substr(1) + "\n"));
    start_log("test", "info", log_format::json);
    log_request(request);
    EXPECT_EQ(json::parse(flushed()).at("request_id"), id.substr(1));
}

TEST_F(Log, ACutTargetIsMarkedInJsonToo) {
    start_log("test", "info", log_format::json);
    log_request("GET", "/" + std::string(limits::log_target, 'a'), 200, 1ms, 0);
    EXPECT_EQ(json::parse(flushed()).at("path"), "/" + std::string(limits::log_target - 1, 'a') + "...");
}

TEST_F(Log, ATargetIsEscapedAndCut) {
    log_request("GET", "/\xc3\xa9\x01", 200, 1ms, 0);
    EXPECT_THAT(flushed(), HasSubstr("GET /\\xC3\\xA9\\x01 200 "));
    log_request("GET", "/" + std::string(limits::log_target, 'a'), 200, 1ms, 0);
    EXPECT_THAT(flushed(), HasSubstr("GET /" + std::string(limits::log_target - 1, 'a') + "... 200 "));
}

TEST_F(Log, ATerminalShowsTheBeginningOfALongTarget) {
    start_log("test", "info", log_format::text, log_reader::terminal);
    log_request("GET", "/" + std::string(500, 'a'), 200, 1ms, 0);
    EXPECT_THAT(flushed(), HasSubstr("GET /" + std::string(159, 'a') + "... "));
}

TEST_F(Log, ARequestInJsonHasItsOwnMembers) {
    start_log("test", "info", log_format::json);
    log_request("POST", "/\xe9\"", 502, 12345us, 7, "tunnel-lost");
    const auto line = json::parse(flushed());
    EXPECT_EQ(line.at("level"), "info");
    EXPECT_EQ(line.at("msg"), "request");
    EXPECT_EQ(line.at("method"), "POST");
    EXPECT_EQ(line.at("path"), "/\xc3\xa9\"");
    EXPECT_EQ(line.at("status"), 502);
    EXPECT_EQ(line.at("ms"), 12.345);
    EXPECT_EQ(line.at("bytes"), 7);
    EXPECT_EQ(line.at("note"), "tunnel-lost");
    EXPECT_FALSE(line.contains("caller"));
    EXPECT_FALSE(line.contains("request_id"));
}

}  // namespace

}  // namespace tunnel
