#include "http/host_rewriting.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "head_feeding.hpp"

namespace tunnel::http {
namespace {

using test::fields_of;
using test::lines;
using test::lines_of;

/// What a request with these fields becomes for an app at `app`.
lines rewritten(const lines& fields, std::string_view app = "127.0.0.1:3000") {
    request_head head;
    head.fields = fields_of(fields);
    host_rewriting(fields_of(fields), app).rewrite(head);
    return lines_of(head.fields);
}

std::string rewritten_request_url(const lines& request, std::string_view name, std::string_view url,
                                  std::string_view app = "127.0.0.1:3000") {
    auto fields = request;
    fields.emplace_back(name, url);
    return rewritten(fields, app).back().second;
}

std::string rewritten_response_url(const lines& request, std::string_view name, std::string_view url,
                                   std::string_view app = "127.0.0.1:3000") {
    response_head head;
    head.fields = fields_of({{std::string{name}, std::string{url}}});
    host_rewriting(fields_of(request), app).rewrite(head);
    return lines_of(head.fields).back().second;
}

const lines direct{{"Host", "app.example"}, {"X-Forwarded-Proto", "http"}, {"X-Forwarded-Host", "app.example"}};
const lines behind_tls{
    {"Host", "10.0.0.1:8080"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "app.example, 10.0.0.1:8080"}};

TEST(HostRewriting, SetsHostAndKeepsEverythingElse) {
    EXPECT_EQ(rewritten({{"A", "b"}, {"Host", "app.example"}, {"Cookie", "http://app.example/"}}),
              (lines{{"A", "b"}, {"Host", "127.0.0.1:3000"}, {"Cookie", "http://app.example/"}}));
}

TEST(HostRewriting, OriginAndRefererThatNameThePublicHostNameTheApp) {
    struct row {
        lines request;
        std::string url, expected;
    };
    const std::string app = "http://127.0.0.1:3000";
    for (const auto& [request, url, expected] : std::vector<row>{
             {direct, "http://app.example", app},
             {direct, "https://app.example", app},  // TLS ends in front of the tunnel, which knows nothing of it
             {direct, "http://APP.example", app},
             {direct, "http://app.example:80/a?b#c", app + "/a?b#c"},
             {direct, "https://app.example:443/", app + "/"},
             {direct, "http://app.example:81", "http://app.example:81"},
             {direct, "http://other.example", "http://other.example"},
             {direct, "http://app.example.evil", "http://app.example.evil"},
             {direct, "http://evil.example/http://app.example", "http://evil.example/http://app.example"},
             {direct, "http://user@app.example/", "http://user@app.example/"},
             {direct, "ftp://app.example/", "ftp://app.example/"},
             {direct, "//app.example/", "//app.example/"},
             {direct, "app.example", "app.example"},
             {direct, "null", "null"},
             {direct, "", ""},
             {behind_tls, "https://app.example", app},
             {behind_tls, "http://10.0.0.1:8080/x", app + "/x"},
             {{{"Host", "[2001:db8::1]:8080"}}, "http://[2001:db8::1]:8080/x", app + "/x"},
             {{{"Host", "app.example:8080"}}, "http://app.example:8080/x", app + "/x"},
             {{{"Host", "app.example:8080"}}, "http://app.example/x", "http://app.example/x"},
             {{{"A", "b"}}, "http://app.example", "http://app.example"}}) {
        EXPECT_EQ(rewritten_request_url(request, "Origin", url), expected) << url;
        EXPECT_EQ(rewritten_request_url(request, "referer", url), expected) << url;
        EXPECT_EQ(rewritten_request_url(request, "X-Origin", url), url);
    }
}

TEST(HostRewriting, RedirectsToTheAppGoToThePublicHost) {
    struct row {
        lines request;
        std::string url, expected;
    };
    for (const auto& [request, url, expected] :
         std::vector<row>{{direct, "http://127.0.0.1:3000/a?b#c", "http://app.example/a?b#c"},
                          {direct, "http://127.0.0.1:3000", "http://app.example"},
                          {direct, "https://127.0.0.1:3000/", "http://app.example/"},
                          {direct, "//127.0.0.1:3000/x", "//app.example/x"},
                          {direct, "http://localhost:3000/x", "http://app.example/x"},
                          {direct, "http://LOCALHOST:3000/x", "http://app.example/x"},
                          {direct, "http://[::1]:3000/x", "http://app.example/x"},
                          {direct, "http://127.0.0.1:3001/x", "http://127.0.0.1:3001/x"},
                          {direct, "http://127.0.0.1/x", "http://127.0.0.1/x"},
                          {direct, "http://other.example/x", "http://other.example/x"},
                          {direct, "http://user@127.0.0.1:3000/", "http://user@127.0.0.1:3000/"},
                          {direct, "/relative//127.0.0.1:3000", "/relative//127.0.0.1:3000"},
                          {direct, "relative", "relative"},
                          {behind_tls, "http://127.0.0.1:3000/x", "https://app.example/x"},
                          {{{"Host", "app.example:8080"}}, "http://127.0.0.1:3000/x", "http://app.example:8080/x"},
                          {{{"Host", "app.example"}, {"X-Forwarded-Host", "a b"}},
                           "http://127.0.0.1:3000/x",
                           "http://app.example/x"},
                          {{{"A", "b"}}, "http://127.0.0.1:3000/x", "http://127.0.0.1:3000/x"}}) {
        for (const auto* name : {"Location", "content-location"}) {
            EXPECT_EQ(rewritten_response_url(request, name, url), expected) << url;
        }
        EXPECT_EQ(rewritten_response_url(request, "Link", url), url);
    }
}

TEST(HostRewriting, AnAppOnAnotherMachineHasOneName) {
    const std::string_view app = "box.lan:80";
    EXPECT_EQ(rewritten_response_url(direct, "Location", "http://box.lan/x", app), "http://app.example/x");
    EXPECT_EQ(rewritten_response_url(direct, "Location", "http://box.lan:80/x", app), "http://app.example/x");
    EXPECT_EQ(rewritten_response_url(direct, "Location", "http://localhost/x", app), "http://localhost/x");
    EXPECT_EQ(rewritten_response_url(direct, "Location", "https://box.lan/x", app), "https://box.lan/x");
    EXPECT_EQ(rewritten_response_url(direct, "Location", "http://[::1]:3000/x", "[::1]:3000"), "http://app.example/x");
}

TEST(HostRewriting, TheUrlOfRefreshIsRewritten) {
    struct row {
        std::string value, expected;
    };
    for (const auto& [value, expected] :
         std::vector<row>{{"5; url=http://127.0.0.1:3000/x", "5; url=http://app.example/x"},
                          {"0;URL='http://localhost:3000/x'", "0;URL='http://app.example/x'"},
                          {"0,url = \"http://localhost:3000/x\" ", "0,url = \"http://app.example/x\" "},
                          {"1; http://localhost:3000/", "1; http://app.example/"},
                          {"1; url=/x", "1; url=/x"},
                          {"1; url=http://other.example/", "1; url=http://other.example/"},
                          {"1; url=", "1; url="},
                          {"1;", "1;"},
                          {"1", "1"},
                          {"", ""}}) {
        EXPECT_EQ(rewritten_response_url(direct, "Refresh", value), expected) << value;
    }
}

TEST(HostRewriting, EveryLineIsRewrittenAndTheOrderKept) {
    response_head head;
    head.fields = fields_of({{"A", "b"},
                             {"Location", "http://localhost:3000/1"},
                             {"C", "d"},
                             {"location", "http://localhost:3000/a/longer/path"},
                             {"E", "f"}});
    host_rewriting(fields_of(behind_tls), "localhost:3000").rewrite(head);
    EXPECT_EQ(lines_of(head.fields), (lines{{"A", "b"},
                                            {"Location", "https://app.example/1"},
                                            {"C", "d"},
                                            {"location", "https://app.example/a/longer/path"},
                                            {"E", "f"}}));
}

}  // namespace
}  // namespace tunnel::http
