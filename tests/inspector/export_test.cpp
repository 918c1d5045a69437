#include "inspector/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "inspector/body_capture.hpp"
#include "inspector/export_parts.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::array all_formats{export_format::curl,      export_format::httpie,      export_format::fetch,
                                 export_format::http_file, export_format::raw_request, export_format::raw_response,
                                 export_format::har,       export_format::ndjson};

TEST(Export, NamesReadBack) {
    for (const auto format : all_formats) EXPECT_EQ(parse_export_format(to_string(format)), format);
    EXPECT_EQ(parse_export_format("powershell"), std::nullopt);
}

TEST(Export, SecretsAreInNoFormatUnlessIncluded) {
    auto r = sample_record();
    r.response.fields = {{"Set-Cookie", "s3cr3t"}, {"X-Csrf-Token", "s3cr3t"}};
    r.response.raw_head =
        "HTTP/1.1 200 OK\r\nSet-Cookie: s3cr3t\r\n folded s3cr3t\r\nX-CSRF-Token:s3cr3t\r\nX-A: b\r\n\r\n";
    r.request.raw_received = r.request.raw_sent;
    for (const auto format : all_formats) {
        EXPECT_THAT(export_record(r, format, {}), Not(HasSubstr("s3cr3t"))) << to_string(format);
        EXPECT_THAT(export_record(r, format, {true, {}}), HasSubstr("s3cr3t")) << to_string(format);
    }
    EXPECT_EQ(export_record(r, export_format::raw_response, {}),
              "HTTP/1.1 200 OK\r\nSet-Cookie: REDACTED\r\nX-CSRF-Token: REDACTED\r\nX-A: b\r\n\r\n{\"ok\":true}");
}

TEST(Export, CurlNamesOnlyWhatCurlWouldNotDo) {
    auto r = sample_record();
    r.request.method = "GET";
    r.request.target = "/a";
    r.request.fields = {
        {"Host", "app.example.dev"}, {"Accept", "*/*"}, {"User-Agent", "x"}, {"Connection", "X-Hop"}, {"X-Hop", "1"}};
    r.request.body = copy_body("");
    r.request.trailers.clear();
    r.messages.clear();
    EXPECT_EQ(export_record(r, export_format::curl, {}),
              "curl --globoff --http1.1 \\\n"
              "  https://App.example.dev/a \\\n"
              "  -H 'Accept: */*' \\\n"
              "  -H 'User-Agent: x'\n");
}

TEST(Export, ShellWordsAreQuotedForWhatTheyHold) {
    EXPECT_EQ(shell_word("plain/word-1"), "plain/word-1");
    EXPECT_EQ(shell_word(""), "''");
    EXPECT_EQ(shell_word("a b"), "'a b'");
    EXPECT_EQ(shell_word("it's $HOME `x` !"), "'it'\\''s $HOME `x` !'");
    EXPECT_EQ(shell_word("caf\xC3\xA9"), "'caf\xC3\xA9'");
    EXPECT_EQ(shell_word("caf\xE9's\\"), "$'caf\\xe9\\'s\\\\'");
    EXPECT_EQ(shell_word("a\rb"), "$'a\\x0db'");
}

TEST(Export, AnImportedUrlMayBeAnyText) {
    using enum export_format;
    for (const std::string url : {"", "#", "x", "://", "http:", "/path"}) {
        auto r = sample_record(1);
        r.public_url = url;
        for (const auto format : {curl, httpie, fetch, http_file, raw_request, har, ndjson})
            EXPECT_FALSE(export_record(r, format, {}).empty()) << '"' << url << '"';
    }
}

TEST(Export, ACutBodyIsSaid) {
    auto r = sample_record();
    r.request.body = copy_body("0123456789", 4);
    EXPECT_THAT(export_record(r, export_format::curl, {}), StartsWith("# The body is cut: 4 of 10 bytes were kept.\n"));
    EXPECT_THAT(export_record(r, export_format::fetch, {}), StartsWith("// The body is cut"));
}

TEST(Export, FetchHasForbiddenFieldsAsComments) {
    auto r = sample_record();
    r.request.fields = {{"Host", "a"}, {"Cookie", "c=1"}, {"X-Name", "caf\xE9"}};
    r.request.body = copy_body("\xFF\x00");
    r.request.trailers.clear();
    r.messages.clear();
    EXPECT_EQ(export_record(r, export_format::fetch, {true, "http://127.0.0.1:3000/"}),
              "const response = await fetch(\"http://127.0.0.1:3000/hooks/stripe?x=1&y=a%20b\", {\n"
              "  method: \"POST\",\n"
              "  redirect: \"manual\",\n"
              "  headers: [\n"
              "    // not in a browser: [\"Cookie\", \"c=1\"],\n"
              "    [\"X-Name\", \"caf\\u00e9\"],\n"
              "  ],\n"
              "  body: Uint8Array.from(atob(\"/w==\"), (c) => c.charCodeAt(0)),\n"
              "});\n");
}

TEST(Export, AnHttpFileHasTextInlineAndBytesAsideAsAFile) {
    auto r = sample_record();
    r.request.fields = {{"Host", "app.example.dev"}, {"Content-Type", "text/plain"}};
    r.request.trailers.clear();
    r.messages.clear();
    r.request.body = copy_body("hello");
    EXPECT_EQ(export_record(r, export_format::http_file, {}),
              "### POST /hooks/stripe\n"
              "POST https://App.example.dev/hooks/stripe?x=1&y=a%20b HTTP/1.1\n"
              "Content-Type: text/plain\n\nhello\n");
    r.request.body = copy_body(std::string("\0", 1));
    EXPECT_THAT(export_record(r, export_format::http_file, {}), HasSubstr("\n< ./0000000000001.request.bin\n"));
}

TEST(Export, ARawRequestIsWhatWasSentWithChunksTakenOff) {
    auto r = sample_record();
    EXPECT_EQ(export_record(r, export_format::raw_request, {true, {}}), r.request.raw_sent + r.request.body.bytes);
    r.request.raw_sent = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n";
    r.request.body = copy_body("12345");
    EXPECT_EQ(export_record(r, export_format::raw_request, {true, {}}),
              "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 5\r\n\r\n12345");
}

TEST(Export, ManyRecordsMakeOneDocument) {
    exporter lines(export_format::ndjson, {});
    const auto text = lines.begin() + lines.next(sample_record(1)) + lines.next(sample_record(2)) + lines.end();
    EXPECT_EQ(std::ranges::count(text, '\n'), 2);
    std::vector<record_id> ids;
    EXPECT_EQ(import_records(text, [&](const record& r) { ids.push_back(r.id); }).error, "");
    EXPECT_THAT(ids, testing::ElementsAre(1, 2));
}

}  // namespace
}  // namespace tunnel::inspector
