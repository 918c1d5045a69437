#include "inspector_http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "inspector_http/response.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {
namespace {

using testing::ElementsAre;

unsigned status_of(std::string_view method, std::string_view path) {
    try {
        (void)find_route(method, path);
        return 200;
    } catch (const api_error& error) {
        return error.status();
    }
}

TEST(Router, EveryOperationOfTheContractHasARouteAndNoOther) {
    std::ifstream file(SOURCE_FOLDER "/docs/inspector-api.yaml");
    ASSERT_TRUE(file);
    std::vector<std::string> described;
    std::string path;
    for (std::string line; std::getline(file, line) && line != "components:";) {
        // Without std::regex, of which GCC 12 warns where a sanitizer is on.
        if (line.starts_with("  /")) path = line.substr(2, line.find(':') - 2);
        for (const std::string method : {"GET", "POST", "PATCH", "DELETE", "PUT"}) {
            if (iequals(line, "    " + method + ":")) described.push_back(method + " " + path);
        }
    }
    std::vector<std::string> served;
    for (const auto& one : routes()) served.push_back(std::string(one.method) + " " + std::string(one.path));
    EXPECT_THAT(served, testing::UnorderedElementsAreArray(described));
}

TEST(Router, NamesInPathsAreCaptured) {
    EXPECT_THAT(find_route("GET", "/api/v1/exchanges/abc/request/body").captured, ElementsAre("abc", "request"));
    EXPECT_THAT(find_route("HEAD", "/api/v1/exchanges/abc").captured, ElementsAre("abc"));
    EXPECT_EQ(find_route("POST", "/api/v1/exchanges/abc/replay").what->body, body_kind::replay);
    EXPECT_EQ(find_route("POST", "/api/v1/faults").what->body, body_kind::json);
}

TEST(Router, UnknownPathsAndMethodsAreErrors) {
    for (const auto* path : {"/", "/api", "/api/", "/api/v1/exchanges/", "/api/v1/exchanges/a/b/c/d", "/api/v1//status",
                             "/api/v1/status/", "/api/v2/status", "//api/v1/status", "/API/v1/status",
                             "/api/v1/%65xchanges", "/api/v1/exchanges/../status", "", "api"}) {
        EXPECT_EQ(status_of("GET", path), 404U) << path;
    }
    for (const auto* method : {"OPTIONS", "PUT", "TRACE", "CONNECT", "get", "", "X"}) {
        EXPECT_EQ(status_of(method, "/api/v1/exchanges"), 405U) << method;
    }
    EXPECT_EQ(allowed_methods("/api/v1/exchanges"), "GET, HEAD, DELETE");
}

TEST(Router, NothingChangesByGet) {
    for (const auto* path :
         {"/api/v1/exchanges/abc/replay", "/api/v1/replay", "/api/v1/exchanges/abc/watch", "/api/v1/import"}) {
        EXPECT_EQ(status_of("GET", path), 405U) << path;
        EXPECT_EQ(status_of("HEAD", path), 405U) << path;
    }
}

TEST(Router, BodiesAreJson) {
    const auto code = [](body_kind kind, std::string_view type) {
        request r;
        if (!type.empty()) r.fields.emplace_back("Content-Type", type);
        try {
            check_body_type(r, kind);
            return 0U;
        } catch (const api_error& error) {
            return error.status();
        }
    };
    EXPECT_EQ(code(body_kind::json, "application/json"), 0U);
    EXPECT_EQ(code(body_kind::json, "Application/JSON ; charset=utf-8"), 0U);
    EXPECT_EQ(code(body_kind::import, "application/x-ndjson"), 0U);
    for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                             "application/json-patch+json", "application/jsonx", "text/json", "application/x-ndjson"}) {
        EXPECT_EQ(code(body_kind::json, type), 415U) << type;
    }
}

}  // namespace
}  // namespace tunnel::inspector_http
