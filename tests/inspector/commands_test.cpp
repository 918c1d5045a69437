#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "inspector/body_capture.hpp"
#include "inspector/export.hpp"
#include "inspector/recording_app.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

struct command_case {
    const char* name;
    std::string method;
    std::string target;
    field_lines fields;
    std::string body;
};

std::string every_byte() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

void PrintTo(const command_case& c, std::ostream* out) { *out << c.name; }

record record_of(const command_case& c) {
    record r;
    r.id = 1;
    r.state = record_state::complete;
    r.request.method = c.method;
    r.request.target = c.target;
    r.request.fields = c.fields;
    r.request.body = copy_body(c.body);
    r.response.status = 200;
    return r;
}

/// What the app saw, without what only a connection needs.
field_lines message_fields(const std::string& head) {
    auto fields = fields_of_head(head);
    std::erase_if(fields, [](const auto& line) {
        return same_name(line.first, "Host") || same_name(line.first, "Content-Length");
    });
    return fields;
}

class Command : public testing::TestWithParam<command_case> {
 protected:
    /// Runs the exported command and gives the app's view of it.
    void run(export_format format, recording_app& app) {
        const auto url = "http://127.0.0.1:" + std::to_string(app.port());
        script_ = export_record(record_of(GetParam()), format, {true, url});
        const auto result = run_bash(script_);
        EXPECT_EQ(result.status, 0) << script_ << result.output;
    }
    std::string script_;
};

TEST_P(Command, OfCurlArrivesByteForByte) {
    const auto& c = GetParam();
    recording_app app;
    run(export_format::curl, app);
    const auto head = app.head();
    EXPECT_EQ(head.substr(0, head.find("\r\n")), c.method + " " + c.target + " HTTP/1.1") << script_;
    EXPECT_EQ(message_fields(head), c.fields) << script_;
    EXPECT_EQ(app.body(), c.body) << script_;
}

TEST_P(Command, OfHttpieArrivesByteForByteOrSaysWhatDoesNot) {
    const auto& c = GetParam();
    const auto text = export_record(record_of(c), export_format::httpie, {true, "http://127.0.0.1:1"});
    const auto says = [&](const std::string& note) { return text.find("# HTTPie " + note) != std::string::npos; };
    if (says("cannot send this method or target")) {
        EXPECT_EQ(text.find("\nhttp "), std::string::npos);
        return;
    }
    recording_app app;
    run(export_format::httpie, app);
    const auto head = app.head();
    EXPECT_EQ(app.body(), c.body) << script_;
    if (!says("may write this target differently")) {
        EXPECT_EQ(head.substr(0, head.find("\r\n")), c.method + " " + c.target + " HTTP/1.1") << script_;
    }
    // HTTPie sends the fields of one name together.
    const auto values_by_name = [&](const field_lines& fields) {
        std::map<std::string, std::vector<std::string>> values;
        for (const auto& [name, value] : fields) {
            if (says("adds its own " + name) || says("cannot send the field " + name)) continue;
            values[name].push_back(value);
        }
        return values;
    };
    EXPECT_EQ(values_by_name(message_fields(head)), values_by_name(c.fields)) << script_ << head;
}

class Fetch : public testing::TestWithParam<command_case> {};

/// Node joins fields of one name, writes names in lower case and adds its own, as a browser does.
TEST_P(Fetch, SendsFieldsAndBodyByteForByte) {
    const auto& c = GetParam();
    recording_app app;
    const auto url = "http://127.0.0.1:" + std::to_string(app.port());
    const auto script = export_record(record_of(c), export_format::fetch, {true, url});
    const auto result = run_bash("node --input-type=module <<'END_OF_SCRIPT'\n" + script + "END_OF_SCRIPT\n");
    EXPECT_EQ(result.status, 0) << script << result.output;
    const auto head = app.head();
    EXPECT_EQ(head.substr(0, head.find("\r\n")), c.method + " " + c.target + " HTTP/1.1") << script;
    for (const auto& [name, value] : c.fields) {
        const auto fields = fields_of_head(head);
        const auto* sent = find_field(fields, name);
        EXPECT_EQ(sent ? *sent : "(missing)", value) << name << "\n" << script << head;
    }
    EXPECT_EQ(app.body(), c.body) << script;
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Fetch,
    testing::Values(command_case{"Get", "GET", "/a?b=c&d=%20", {{"X-A", "b"}}, ""},
                    command_case{"Quotes",
                                 "POST",
                                 "/q",
                                 {{"X-Q", "it's \"quoted\" ${HOME} `id` \\ !"}},
                                 R"({"a":"it's \"x\" ${HOME} `id` \\ !"})"},
                    command_case{"Newlines", "POST", "/", {{"Content-Type", "text/plain"}}, "line 1\r\nline 2\n\n"},
                    command_case{"EveryByte", "PUT", "/", {{"Content-Type", "a/b"}}, every_byte()},
                    command_case{"Utf8", "POST", "/", {{"X-U", "caf\xC3\xA9"}}, "caf\xC3\xA9 \xF0\x9F\x98\x80"},
                    command_case{"EightBitField", "DELETE", "/", {{"X-L", "caf\xE9"}}, "x"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Requests, Command,
    testing::Values(
        command_case{"Get", "GET", "/a?b=c&d=%20", {{"X-A", "b"}}, ""},
        command_case{
            "OrderAndDuplicates", "POST", "/", {{"X-B", "1"}, {"X-A", "2"}, {"X-B", "3"}, {"Accept", "*/*"}}, "x"},
        command_case{"EmptyField", "GET", "/", {{"X-Empty", ""}, {"X-A", "b"}}, ""},
        command_case{"Quotes",
                     "POST",
                     "/q",
                     {{"X-Q", "it's \"quoted\" $HOME `id` \\ !"}},
                     R"({"a":"it's \"x\" $HOME `id` \\ !"})"},
        command_case{"Newlines", "POST", "/", {{"Content-Type", "text/plain"}}, "line 1\nline 2\n\n"},
        command_case{"CarriageReturns", "POST", "/", {}, "line 1\r\nline 2\r\n"},
        command_case{"AtSign", "POST", "/", {}, "@/etc/passwd"}, command_case{"Dash", "POST", "/", {}, "-d x"},
        command_case{"Nul", "POST", "/", {{"Content-Type", "application/octet-stream"}}, std::string("a\0b\0", 4)},
        command_case{"EveryByte", "PUT", "/", {}, every_byte()},
        command_case{"EightBitBody", "POST", "/", {}, "caf\xE9"},
        command_case{"Utf8", "POST", "/", {{"X-U", "caf\xC3\xA9"}}, "caf\xC3\xA9 \xF0\x9F\x98\x80"},
        command_case{"EightBitField", "POST", "/", {{"X-L", "caf\xE9"}}, "x"},
        command_case{"TabInField", "GET", "/", {{"X-T", "a\tb"}}, ""},
        command_case{"LooksLikeJsonToHttpie", "POST", "/", {{"X-J", "=5"}, {"X-F", "@file"}, {"X-C", ":x"}}, "x"},
        command_case{"BackslashBeforeSeparator", "POST", "/", {{"X-W", "C:\\x\\=y"}}, "x"},
        command_case{"Backslashes", "POST", "/", {{"X-W", "C:\\temp\\new"}}, "x"},
        command_case{"LargeText", "POST", "/", {{"Content-Type", "text/plain"}}, std::string(300'000, 't')},
        command_case{"Head", "HEAD", "/", {}, ""}, command_case{"GetWithBody", "GET", "/", {}, "body"},
        command_case{"Delete", "DELETE", "/x", {}, ""},
        command_case{"Patch", "PATCH", "/x", {{"Content-Type", "application/merge-patch+json"}}, "{}"},
        command_case{"OddMethod", "M-SEARCH", "/x", {}, ""},
        command_case{"Globs", "GET", "/a[1-3]/{x,y}?z=[1]", {}, ""},
        command_case{"DotSegments", "GET", "/a/../b/./c", {}, ""},
        command_case{"EightBitTarget", "GET", "/caf\xC3\xA9?x='\"", {}, ""},
        command_case{"Asterisk", "OPTIONS", "*", {}, ""},
        command_case{"Agent", "GET", "/", {{"User-Agent", "a/1"}, {"Accept", "x/y"}, {"Accept-Encoding", "br"}}, ""}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace tunnel::inspector
