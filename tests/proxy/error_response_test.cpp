#include "proxy/error_response.hpp"
#include "http/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "http/writable.hpp"

namespace tunnel::proxy {

using http::http_date;
using http::reason_phrase;
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

std::vector<mux::failure> all_failures() {
    std::vector<mux::failure> all;
    for (int i = 1; i <= static_cast<int>(mux::failure::reset); ++i) all.push_back(static_cast<mux::failure>(i));
    return all;
}

TEST(ErrorAnswer, EachFailureHasItsStatus) {
    EXPECT_EQ(status_of(mux::failure::no_client), 503U);
    EXPECT_EQ(status_of(mux::failure::overloaded), 503U);
    EXPECT_EQ(status_of(mux::failure::shutting_down), 503U);
    EXPECT_EQ(status_of(mux::failure::tunnel_lost), 502U);
    EXPECT_EQ(status_of(mux::failure::replaced), 502U);
    EXPECT_EQ(status_of(mux::failure::bad_response), 502U);
    EXPECT_EQ(status_of(mux::failure::cancelled), 502U);
    EXPECT_EQ(status_of(mux::failure::internal_error), 500U);
    EXPECT_EQ(status_of(mux::failure::local_refused), 502U);
    EXPECT_EQ(status_of(mux::failure::local_unreachable), 502U);
    EXPECT_EQ(status_of(mux::failure::local_timeout), 504U);
    EXPECT_EQ(status_of(mux::failure::local_connect_timeout), 502U);
    EXPECT_EQ(status_of(mux::failure::local_reset), 502U);
    EXPECT_EQ(status_of(mux::failure::local_response_too_large), 502U);
    EXPECT_EQ(status_of(mux::failure::local_bad_response), 502U);
    EXPECT_EQ(status_of(mux::failure::bad_request), 400U);
    EXPECT_EQ(status_of(mux::failure::loop), 508U);
}

TEST(ErrorAnswer, NamesAreTokensAndDistinct) {
    std::set<std::string_view> names;
    for (const auto f : all_failures()) {
        EXPECT_THAT(std::string{to_string(f)}, MatchesRegex("[a-z]+(-[a-z]+)*"));
        EXPECT_TRUE(names.insert(to_string(f)).second) << to_string(f);
    }
    EXPECT_EQ(to_string(mux::failure::no_client), "no-client");
    EXPECT_EQ(to_string(mux::failure::local_connect_timeout), "local-connect-timeout");
}

TEST(ErrorAnswer, EverySentenceNamesTheHopAndWhatToDo) {
    for (const auto f : all_failures()) {
        EXPECT_THAT(std::string{sentence(f)}, MatchesRegex("tunnel(-server|-client)?: [^;\n]+; [^\n]+"))
            << to_string(f);
    }
    EXPECT_EQ(sentence(mux::failure::no_client),
              "tunnel-server: no tunnel-client is connected; start tunnel-client and try again");
}

TEST(ErrorAnswer, TextIsOneLineWithItsFields) {
    for (const auto f : all_failures()) {
        const auto answer = make_error_response(f, prefers_html("*/*"));
        EXPECT_EQ(answer.head.status, status_of(f));
        EXPECT_EQ(answer.head.reason, reason_phrase(status_of(f)));
        EXPECT_FALSE(answer.head.reason.empty());
        EXPECT_EQ(answer.head.fields.find("X-Tunnel-Error"), to_string(f));
        EXPECT_EQ(answer.head.fields.find("Content-Type"), "text/plain; charset=utf-8");
        EXPECT_EQ(answer.head.fields.contains("Retry-After"), answer.head.status == 503);
        EXPECT_EQ(answer.head.content_length, answer.body.size());
        EXPECT_EQ(answer.body, std::string{sentence(f)} + "\n");
        EXPECT_TRUE(is_writable(answer.head));
    }
    EXPECT_EQ(make_error_response(mux::failure::no_client).head.fields.find("Retry-After"), "1");
}

TEST(ErrorAnswer, BrowsersGetAPage) {
    for (const auto* accept :
         {browser, "text/html", "TEXT/HTML;q=0.1", "application/json, text/html ; charset=x; q=0.001"}) {
        const auto answer = make_error_response(mux::failure::no_client, prefers_html(accept));
        EXPECT_EQ(answer.head.fields.find("Content-Type"), "text/html; charset=utf-8") << accept;
        EXPECT_EQ(answer.head.content_length, answer.body.size());
        EXPECT_THAT(answer.body, StartsWith("<!doctype html>"));
        EXPECT_THAT(answer.body, HasSubstr("<h1>503 Service Unavailable</h1>"));
        EXPECT_THAT(answer.body, HasSubstr("<p>no tunnel-client is connected; start tunnel-client and try again</p>"));
        EXPECT_THAT(answer.body, EndsWith("</html>\n"));
    }
    for (const auto* accept :
         {"", "*/*", "application/json", "text/html;q=0", "text/html; q=0.000", "text/*", "text/htmlx"}) {
        EXPECT_THAT(make_error_response(mux::failure::no_client, prefers_html(accept)).body,
                    StartsWith("tunnel-server: "))
            << accept;
    }
}

TEST(ErrorAnswer, StatusAndDetailReplaceTheRow) {
    const auto refused = make_error_response(mux::failure::bad_request, {}, 414, "the request target is too long");
    EXPECT_EQ(refused.head.status, 414U);
    EXPECT_EQ(refused.head.reason, "URI Too Long");
    EXPECT_EQ(refused.body, "tunnel-server: the request was refused: the request target is too long\n");
    const auto local = make_error_response(mux::failure::local_refused, {}, 0, "127.0.0.1:3000 (refused)");
    EXPECT_EQ(local.head.status, 502U);
    EXPECT_EQ(
        local.body,
        "tunnel-client: nothing listens on the local port, tried 127.0.0.1:3000 (refused); start the app or correct "
        "--local-port\n");
    const auto bad =
        make_error_response(mux::failure::local_bad_response, {}, 0, "a carriage return without line feed");
    EXPECT_EQ(
        bad.body,
        "tunnel-client: the local app's response is not valid HTTP: a carriage return without line feed; check that "
        "the port speaks plain HTTP/1.1\n");
    EXPECT_EQ(sentence(mux::failure::local_bad_response, "a carriage return without line feed") + "\n", bad.body);
    EXPECT_EQ(sentence(mux::failure::local_bad_response, ""), sentence(mux::failure::local_bad_response));
    EXPECT_EQ(sentence(mux::failure::no_client, "a cause"), sentence(mux::failure::no_client));
    EXPECT_THAT(sentence(mux::failure::local_response_too_large, "the head is longer than --max-header-bytes (60 KiB)"),
                StartsWith("tunnel-client: the local app's response is too large: the head is longer than"));
    EXPECT_EQ(make_error_response(mux::failure::shutting_down, {}, 0, "a\r\nb\n").body, "a  b \n");
}

TEST(ErrorAnswer, PageEscapesDetails) {
    const auto answer = make_error_response(mux::failure::shutting_down, prefers_html(browser), 0,
                                            "tunnel-client: <script>\"'&</script>");
    EXPECT_THAT(answer.body, HasSubstr("<p>&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;</p>"));
    EXPECT_THAT(answer.body, HasSubstr("<small>tunnel-client</small>"));
    EXPECT_THAT(answer.body, Not(HasSubstr("<script")));
}

TEST(ReasonPhrase, IsEmptyForUnknownCodes) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
    EXPECT_EQ(reason_phrase(471), "");
    EXPECT_EQ(reason_phrase(0), "");
}

TEST(HttpDate, IsNowAsImfFixdate) {
    const auto before = std::time(nullptr);
    const std::string text{http_date()};
    const auto after = std::time(nullptr);
    std::tm parsed{};
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parsed);
    ASSERT_NE(end, nullptr) << text;
    EXPECT_EQ(*end, '\0');
    EXPECT_EQ(text.size(), 29U);
    const auto weekday = parsed.tm_wday;
    const auto time = ::timegm(&parsed);
    EXPECT_GE(time, before);
    EXPECT_LE(time, after);
    EXPECT_EQ(parsed.tm_wday, weekday);
}

}  // namespace
}  // namespace tunnel::proxy
