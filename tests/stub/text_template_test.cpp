#include "stub/text_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stub/limits.hpp"
#include "stub/request_values.hpp"

namespace tunnel::stub {

namespace {

inspector::record request() {
    inspector::record r;
    r.request.method = "POST";
    r.request.target = "/orders/7?from=a%20b&from=second&empty=";
    r.request.fields = {{"Host", "example.com"}, {"X-Kind", "express"}};
    r.request.body.bytes =
        R"({"id": 42, "name": "Ann \"A\"", "items": [{"n": 1.5}, {"n": 2}], "none": null, "yes": true})";
    r.request.body.length = r.request.body.bytes.size();
    return r;
}

request_values values_of(const inspector::record& r) {
    using namespace std::chrono_literals;
    return {r, {inspector::time_point(1780149721s + 250ms), 3, "the-uuid"}};
}

std::string filled(std::string_view text, const inspector::record& r = request()) {
    const auto made = text_template::parse(text);
    if (const auto* wrong = std::get_if<std::string>(&made)) return "refused: " + *wrong;
    return values_of(r).fill(std::get<text_template>(made));
}

TEST(StubTemplate, EachPlaceholderIsFilledIn) {
    struct row {
        const char* text;
        const char* expected;
    };
    for (const auto& [text, expected] : std::vector<row>{
             {"", ""},
             {"as it is, } and { and }}", "as it is, } and { and }}"},
             {"{{method}} {{path}}", "POST /orders/7"},
             {"{{ method }}", "POST"},
             {"<{{query.from}}|{{query.empty}}|{{query.missing}}>", "<a b||>"},
             {"{{field.x-kind}}{{field.Missing}}", "express"},
             {"{{json.id}} {{json.name}} {{json.items[1].n}} {{json.items.0.n}}", "42 Ann \"A\" 2 1.5"},
             {"<{{json.none}}{{json.missing}}> {{json.yes}} {{json.items[0]}}", "<> true {\"n\":1.5}"},
             {"{{time}} {{unix_time}}", "2026-05-30T14:02:01.250000Z 1780149721"},
             {"{{counter}} {{uuid}}", "3 the-uuid"},
             {"{{{{method}}", "{{method}}"},
             {"{{method}}{{{{{{path}}", "POST{{/orders/7"},
         }) {
        EXPECT_EQ(filled(text), expected) << text;
    }
}

TEST(StubTemplate, AFormIsReadFromTheBody) {
    auto r = request();
    r.request.body.bytes = "command=%2Fdeploy&text=now+please";
    EXPECT_EQ(filled("{{form.command}} {{form.text}} {{form.other}}{{json.text}}", r), "/deploy now please ");
}

TEST(StubTemplate, AMistakeIsNamedWithItsPlace) {
    struct row {
        const char* text;
        const char* part;
    };
    for (const auto& [text, part] : std::vector<row>{
             {"{{verb}}", "{{verb}}: a placeholder is method, path, query.NAME"},
             {"{{}}", "{{}}: a placeholder is"},
             {"{{query}}", "{{query}}: a name stands behind query, as in {{query.id}}"},
             {"{{json.}}", "{{json.}}: a name stands behind json"},
             {"{{time.unix}}", "{{time.unix}}: nothing stands behind time"},
             {"{{json.a..b}}", "{{json.a..b}}: this is not a path such as json.data.items[0].id"},
             {"a {{method", "{{method: the placeholder is not closed by }}"},
         }) {
        EXPECT_THAT(filled(text), testing::StartsWith(std::string("refused: ") + part)) << text;
    }
    std::string many;
    for (std::size_t i = 0; i <= limits::placeholders; ++i) many += "{{path}}";
    EXPECT_EQ(filled(many), "refused: there are more than 64 placeholders");
}

TEST(StubTemplate, JsonKeepsTheTypesOfWhatIsFilledIn) {
    const auto r = request();
    const auto value = nlohmann::ordered_json::parse(
        R"({"b": "{{json.id}}", "a": ["{{json.items}}", "{{json.none}}", "{{json.missing}}", "{{counter}}"],
            "text": "{{json.id}} of {{json.name}}", "{{path}}": true, "n": 5})");
    EXPECT_EQ(values_of(r).fill(value).dump(),
              R"({"b":42,"a":[[{"n":1.5},{"n":2}],null,null,3],"text":"42 of Ann \"A\"","{{path}}":true,"n":5})");
}

}  // namespace

}  // namespace tunnel::stub
